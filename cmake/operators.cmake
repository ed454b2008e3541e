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
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/operators)
  set(simd_operators "")
  foreach(header IN LISTS axg_operator_headers)
    get_filename_component(name ${header} NAME_WE)
    set(unit ${PROJECT_BINARY_DIR}/operators/${name}.cpp)
    set(source ${PROJECT_SOURCE_DIR}/axiograd/ops/${header})
    set(script ${PROJECT_SOURCE_DIR}/tools/operator_unit.awk)
    add_custom_command(OUTPUT ${unit} COMMAND awk -v header=${header} -f ${script} ${source} > ${unit} DEPENDS ${source} ${script}
                       COMMENT "" VERBATIM)
    target_sources(${target} PRIVATE ${unit})
    # Only elementwise and rowwise operators are instantiated over SIMD vectors.
    file(STRINGS ${PROJECT_SOURCE_DIR}/axiograd/ops/${header} other_family
         REGEX "kind = family::(contraction|index|convolution|sample)")
    if(NOT other_family)
      list(APPEND simd_operators ${header})
    endif()
  endforeach()

  # All units of operators begin with the same headers.
  target_precompile_headers(${target} PRIVATE ${PROJECT_SOURCE_DIR}/axiograd/runtime/operator_unit.hpp)

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
      set_source_files_properties(${unit} PROPERTIES COMPILE_OPTIONS "-O3;-DHWY_COMPILE_ONLY_STATIC;${axg_flags_${isa}}"
                                                     SKIP_PRECOMPILE_HEADERS ON)
    endwhile()
  endforeach()
  if("avx2" IN_LIST axg_isas)
    target_compile_definitions(axiograd_kernels PRIVATE AXG_BUILT_FOR_X86)
    target_compile_definitions(${target} PRIVATE AXG_BUILT_FOR_X86)
  endif()
endfunction()
