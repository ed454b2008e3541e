# Tests: every X.test.cpp belongs to the executable of its folder. Sources are found by glob; nothing is listed here.

find_package(GTest REQUIRED)
include(GoogleTest)

# axg_tests(FOLDER part...): test_FOLDER from the *.test.cpp files below axiograd/FOLDER, linked with the parts.
function(axg_tests folder)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.test.cpp)
  list(FILTER sources EXCLUDE REGEX "simd\\.test\\.cpp$")
  if(AXIOGRAD_SANITIZE MATCHES "thread") # its operator new cannot be replaced by one that counts
    list(FILTER sources EXCLUDE REGEX "allocation\\.test\\.cpp$")
  endif()
  if(NOT sources)
    return()
  endif()
  string(REGEX REPLACE "^axiograd/" "" name ${folder})
  string(REPLACE "/" "_" name test_${name})
  add_executable(${name} ${sources})
  list(TRANSFORM ARGN PREPEND axiograd_)
  target_link_libraries(${name} PRIVATE ${ARGN} axiograd_options GTest::gtest_main)
  # -Og builds in less than half of the time; g++ 12 warns of string concatenation by mistake (its bug 105651).
  target_compile_options(${name} PRIVATE -Og $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
  target_compile_definitions(${name} PRIVATE AXG_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 600)
endfunction()

axg_tests(axiograd/core exact)
axg_tests(axiograd/kernels kernels)
axg_tests(axiograd/families autograd exact)
axg_tests(axiograd/operators autograd exact)
axg_tests(axiograd/ops nn io exact)
axg_tests(axiograd/autograd autograd exact)
axg_tests(axiograd/functional nn exact)
axg_tests(axiograd/nn nn)
axg_tests(axiograd/io io)
axg_tests(axiograd/train train)
axg_tests(tests/api nn io exact)
axg_tests(tests/zoo nn io exact)

# Programs whose heap fails when it is told to; ThreadSanitizer's cannot be replaced.
if(NOT AXIOGRAD_SANITIZE MATCHES "thread")
  axg_tests(tests/memory train)
  target_sources(test_tests_memory PRIVATE ${PROJECT_SOURCE_DIR}/tests/memory/failing_memory.cpp
                 ${PROJECT_SOURCE_DIR}/tests/memory/script.cpp)
endif()

# The program in docs/from_scratch.md.
set(axg_from_scratch ${PROJECT_BINARY_DIR}/from_scratch.cpp)
add_custom_command(OUTPUT ${axg_from_scratch} DEPENDS ${PROJECT_SOURCE_DIR}/docs/from_scratch.md VERBATIM
                   COMMAND awk -f ${PROJECT_SOURCE_DIR}/tools/code_blocks.awk ${PROJECT_SOURCE_DIR}/docs/from_scratch.md > ${axg_from_scratch})
add_executable(from_scratch ${axg_from_scratch})
target_compile_features(from_scratch PRIVATE cxx_std_20)
target_compile_options(from_scratch PRIVATE -UNDEBUG)
add_test(NAME from_scratch COMMAND from_scratch)

# The SIMD scalar is tested once for each instruction set; a processor that lacks one skips its test.
if(EXISTS ${PROJECT_SOURCE_DIR}/axiograd/core/scalar/simd.test.cpp)
  foreach(isa IN LISTS axg_isas)
    add_executable(test_simd_${isa} ${PROJECT_SOURCE_DIR}/axiograd/core/scalar/simd.test.cpp)
    target_include_directories(test_simd_${isa} PRIVATE ${PROJECT_SOURCE_DIR})
    target_compile_options(test_simd_${isa} PRIVATE -O3 -DHWY_COMPILE_ONLY_STATIC ${axg_flags_${isa}})
    target_link_libraries(test_simd_${isa} PRIVATE axiograd_options GTest::gtest_main)
    add_test(NAME simd.${isa} COMMAND ${PROJECT_SOURCE_DIR}/tests/run_if_supported.sh ${isa} $<TARGET_FILE:test_simd_${isa}>)
    set_tests_properties(simd.${isa} PROPERTIES SKIP_RETURN_CODE 77)
  endforeach()
endif()

# Programs that must not compile, in pairs (tests/must_not_compile/check.sh).
file(GLOB pairs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/must_not_compile/*.cpp)
find_program(axg_clang clang++-19)
set(axg_compilers g++)
if(axg_clang)
  list(APPEND axg_compilers ${axg_clang})
endif()
foreach(pair IN LISTS pairs)
  get_filename_component(name ${pair} NAME_WE)
  foreach(compiler IN LISTS axg_compilers)
    get_filename_component(short ${compiler} NAME)
    add_test(NAME must_not_compile.${name}.${short}
             COMMAND ${PROJECT_SOURCE_DIR}/tests/must_not_compile/check.sh ${pair} ${compiler} -I${PROJECT_SOURCE_DIR})
    set_tests_properties(must_not_compile.${name}.${short} PROPERTIES LABELS compiler) # needs no build: run once, not per preset
  endforeach()
endforeach()

# What -ffast-math does to intervals, and to programs that use none. Labelled like the pairs: once is enough.
foreach(compiler IN LISTS axg_compilers)
  get_filename_component(short ${compiler} NAME)
  add_test(NAME fast_math.${short} COMMAND ${PROJECT_SOURCE_DIR}/tests/fast_math/check.sh ${compiler} ${PROJECT_SOURCE_DIR}
                                           $<TARGET_FILE:axiograd_exact>)
  set_tests_properties(fast_math.${short} PROPERTIES LABELS compiler)
endforeach()

# 20012: a defaulted function needs no AXG_HD.
if(AXIOGRAD_CUDA AND AXIOGRAD_NVCC)
  add_test(NAME cuda.definitions COMMAND ${AXIOGRAD_NVCC} -std=c++20 -arch=sm_90 -Werror all-warnings -diag-suppress 20012
                                         -I${PROJECT_SOURCE_DIR} -c ${PROJECT_SOURCE_DIR}/tests/cuda/definitions.cu
                                         -o ${PROJECT_BINARY_DIR}/definitions.o)
endif()

if(EXISTS ${PROJECT_SOURCE_DIR}/tests/conformance/CMakeLists.txt)
  add_subdirectory(tests/conformance)
endif()
if(AXIOGRAD_SANITIZE MATCHES "address" AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_subdirectory(tests/fuzz)
endif()
if(TARGET axiograd_cli)
  add_test(NAME inventory COMMAND ${PROJECT_SOURCE_DIR}/tests/inventory/inventory_test.sh $<TARGET_FILE:axiograd_cli>)
endif()
if(TARGET axiograd_cli AND EXISTS ${PROJECT_SOURCE_DIR}/tests/cli/cli_test.sh)
  add_test(NAME cli COMMAND ${PROJECT_SOURCE_DIR}/tests/cli/cli_test.sh $<TARGET_FILE:axiograd_cli>)
  set_tests_properties(cli PROPERTIES TIMEOUT 600)
endif()

# Our layers beside PyTorch's: always against what PyTorch wrote, and against PyTorch itself where it is installed.
add_library(axiograd_twins STATIC ${PROJECT_SOURCE_DIR}/tests/pytorch/twins.cpp)
target_link_libraries(axiograd_twins PUBLIC axiograd_nn axiograd_io PRIVATE axiograd_options)
axg_tests(tests/pytorch twins)
add_executable(axiograd_round_trip ${PROJECT_SOURCE_DIR}/tests/pytorch/round_trip.cpp)
target_link_libraries(axiograd_round_trip PRIVATE axiograd_twins axiograd_options)
add_test(NAME pytorch COMMAND ${PROJECT_SOURCE_DIR}/tests/pytorch/run.sh $<TARGET_FILE:axiograd_round_trip>)
set_tests_properties(pytorch PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600)
