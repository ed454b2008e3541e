# The units of the operators: for each header under ops/ one unit with its table and record, and for each instruction set
# units of a few operators with its fast kernels. Nothing else lists operators but ops/ops.hpp; a test compares the two.

file(GLOB axg_operator_headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/axiograd/ops
     ${PROJECT_SOURCE_DIR}/axiograd/ops/*/*.hpp)

set(axg_isas baseline)
set(axg_flags_baseline "")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(APPEND axg_isas avx2 avx512)
  set(axg_flags_avx2 -march=haswell -maes -mpclmul)
  set(axg_flags_avx512 -march=skylake-avx512 -maes -mpclmul)
endif()

function(axg_operators target)
  set(simd_operators "")
  foreach(header IN LISTS axg_operator_headers)
    get_filename_component(name ${header} NAME_WE)
    get_filename_component(folder ${header} DIRECTORY)
    set(unit ${PROJECT_BINARY_DIR}/operators/${name}.cpp)
    file(CONFIGURE OUTPUT ${unit} @ONLY CONTENT [[
#include <axiograd/ops/@header@>
#include <axiograd/runtime/operator_unit.hpp>

template struct axiograd::library<axiograd::@name@_op, float>;
template struct axiograd::library<axiograd::@name@_op, double>;
template <>
const axiograd::op_record& axiograd::record_of<axiograd::@name@_op>::get() {
  static const op_record record = make_record<@name@_op>("@folder@");
  return record;
}
]])
    target_sources(${target} PRIVATE ${unit})
    # Only elementwise and rowwise operators are instantiated over SIMD vectors.
    file(STRINGS ${PROJECT_SOURCE_DIR}/axiograd/ops/${header} other_family
         REGEX "kind = family::(contraction|index|convolution|sample)")
    if(NOT other_family)
      list(APPEND simd_operators ${header})
    endif()
  endforeach()

  foreach(isa IN LISTS axg_isas)
    set(rest ${simd_operators})
    set(number 0)
    while(rest)
      set(includes "")
      set(instances "")
      foreach(slot RANGE 1 4)
        if(rest)
          list(POP_FRONT rest header)
          get_filename_component(name ${header} NAME_WE)
          string(APPEND includes "#include <axiograd/ops/${header}>\n")
          foreach(type float double)
            string(APPEND instances "template struct axiograd::native<axiograd::${name}_op, ${type}, axiograd::isa::${isa}>;\n")
          endforeach()
        endif()
      endforeach()
      math(EXPR number "${number} + 1")
      set(unit ${PROJECT_BINARY_DIR}/operators/simd_${isa}_${number}.cpp)
      file(CONFIGURE OUTPUT ${unit} CONTENT "${includes}#include <axiograd/kernels/cpu/simd_kernels.hpp>\n\n${instances}")
      target_sources(${target} PRIVATE ${unit})
      # Optimised in every configuration: an inline function that is not inlined would be kept for all processors.
      set_source_files_properties(${unit} PROPERTIES COMPILE_OPTIONS "-O3;-DHWY_COMPILE_ONLY_STATIC;${axg_flags_${isa}}")
    endwhile()
  endforeach()
  if("avx2" IN_LIST axg_isas)
    target_compile_definitions(axiograd_kernels PRIVATE AXG_BUILT_FOR_X86)
    target_compile_definitions(${target} PRIVATE AXG_BUILT_FOR_X86)
  endif()
endfunction()
