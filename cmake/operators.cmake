# The units of the operators: for each header under ops/ one unit with its table and record, and for each instruction set
# units of a few operators with their fast kernels. Nothing else lists operators but ops/ops.hpp; a test compares the two.

file(GLOB axg_operator_headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/axiograd/ops
     ${PROJECT_SOURCE_DIR}/axiograd/ops/*/*.hpp)
set(axg_tuned ${axg_operator_headers})  # NAME.cpu.hpp: kernels written for that operator
list(FILTER axg_tuned INCLUDE REGEX "\\.cpu\\.hpp$")
list(FILTER axg_operator_headers EXCLUDE REGEX "\\.cpu\\.hpp$")

set(axg_isas baseline)
set(axg_flags_baseline "")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(APPEND axg_isas avx2 avx512)
  set(axg_flags_avx2 -march=haswell -maes -mpclmul)
  set(axg_flags_avx512 -march=skylake-avx512 -maes -mpclmul)
endif()
# An expression of rows is a structure that holds vectors inside structures. Left to itself, g++ copies one of this size in memory
# and reads it there for every packet, which cost half of a layer norm; so it takes them apart (docs/decisions/kernels.md).
set(axg_flags_of_expressions "")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(axg_flags_of_expressions --param=sra-max-scalarization-size-Ospeed=4096 --param=early-inlining-insns=200)
endif()

# axg_simd_unit(TARGET NAME ISA TEXT): adds a unit of that text, compiled for one instruction set.
function(axg_simd_unit target name isa text)
  set(unit ${PROJECT_BINARY_DIR}/operators/${name}.cpp)
  file(CONFIGURE OUTPUT ${unit} CONTENT "${text}")
  target_sources(${target} PRIVATE ${unit})
  # Optimised in every configuration: an inline function that is not inlined would be kept for all processors.
  set(flags -O3 -DHWY_COMPILE_ONLY_STATIC ${axg_flags_of_expressions} ${axg_flags_${isa}})
  set_source_files_properties(${unit} PROPERTIES COMPILE_OPTIONS "${flags}" SKIP_PRECOMPILE_HEADERS ON)
endfunction()

# axg_natives(TARGET NAME HEADER): NAME of that header under axiograd/ on floats and doubles, for each instruction set.
function(axg_natives target name header)
  foreach(isa IN LISTS axg_isas)
    set(text "#include <axiograd/${header}>\n\n")
    foreach(type float double)
      string(APPEND text "template struct axiograd::${name}<${type}, axiograd::isa::${isa}>;\n")
    endforeach()
    axg_simd_unit(${target} ${name}_${isa} ${isa} "${text}")
  endforeach()
endfunction()

# axg_updates(TARGET HEADER RULE...): the in-place updates by these rules of the header, for each instruction set.
function(axg_updates target header)
  foreach(isa IN LISTS axg_isas)
    set(text "#include <${header}>\n#include <axiograd/kernels/cpu/simd_update.hpp>\n\n")
    foreach(rule IN LISTS ARGN)
      string(APPEND text "template struct axiograd::native_update<${rule}, axiograd::isa::${isa}>;\n")
    endforeach()
    axg_simd_unit(${target} updates_${isa} ${isa} "${text}")
  endforeach()
endfunction()

# So many units hold the vector kernels of all operators, for each instruction set. An operator's name says which one is its own, so
# that a new operator leaves the others as they are.
set(axg_simd_units 20)
function(axg_operators target)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/operators)
  foreach(header IN LISTS axg_operator_headers)
    get_filename_component(name ${header} NAME_WE)
    set(unit ${PROJECT_BINARY_DIR}/operators/${name}.cpp)
    set(source ${PROJECT_SOURCE_DIR}/axiograd/ops/${header})
    set(script ${PROJECT_SOURCE_DIR}/tools/operator_unit.awk)
    string(REPLACE ".hpp" ".cpu.hpp" tuned ${header})
    if(NOT tuned IN_LIST axg_tuned)
      set(tuned "")
    endif()
    add_custom_command(OUTPUT ${unit} COMMAND awk -v header=${header} -v tuned=${tuned} -f ${script} ${source} > ${unit}
                       DEPENDS ${source} ${script}
                       COMMENT "" VERBATIM)
    target_sources(${target} PRIVATE ${unit})
    string(MD5 number ${name})
    string(SUBSTRING ${number} 0 4 number)
    math(EXPR number "0x${number} % ${axg_simd_units}")
    string(APPEND includes_${number} "#include <axiograd/ops/${header}>\n")
    foreach(type float double)
      foreach(isa IN LISTS axg_isas)
        string(APPEND instances_${number}_${isa} "template struct axiograd::isa_kernels<axiograd::${name}_op, ${type}, axiograd::isa::${isa}>;\n")
      endforeach()
    endforeach()
  endforeach()

  # All units of operators begin with the same headers.
  get_target_property(others ${target} SOURCES)
  list(FILTER others EXCLUDE REGEX "^${PROJECT_BINARY_DIR}")
  set_source_files_properties(${others} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  target_precompile_headers(${target} PRIVATE ${PROJECT_SOURCE_DIR}/axiograd/operators/operator_unit.hpp)

  math(EXPR last "${axg_simd_units} - 1")
  foreach(isa IN LISTS axg_isas)
    foreach(number RANGE ${last})
      axg_simd_unit(${target} simd_${isa}_${number} ${isa}
                    "${includes_${number}}#include <axiograd/families/simd_kernels.hpp>\n\n${instances_${number}_${isa}}")
    endforeach()
  endforeach()
endfunction()
