# Flags and choices, as targets: nothing global, so that the project works under add_subdirectory and FetchContent.

option(AXIOGRAD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(AXIOGRAD_STRICT "Treat warnings as errors" ${PROJECT_IS_TOP_LEVEL})
option(AXIOGRAD_ONEDNN "Leave large products and convolutions of floats to oneDNN; without it our own kernels do everything" ON)
set(axg_product_libraries "")
if(AXIOGRAD_ONEDNN)
  set(axg_product_libraries dnnl gomp)  # oneDNN runs on libgomp, which is told to stay on one thread
endif()
set(AXIOGRAD_SANITIZE "" CACHE STRING "Sanitizers, as in -fsanitize=")

if(NOT CMAKE_BUILD_TYPE AND PROJECT_IS_TOP_LEVEL)
  set(CMAKE_BUILD_TYPE Release)
endif()

add_library(axiograd_options INTERFACE)
target_compile_features(axiograd_options INTERFACE cxx_std_20)
target_compile_options(
  axiograd_options
  INTERFACE -ffp-contract=off # the specification means what it says
            -Wall -Wextra -Wconversion -Wshadow
            $<$<BOOL:${AXIOGRAD_STRICT}>:-Werror>
            -fstack-protector-strong
            -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)
target_compile_definitions(axiograd_options INTERFACE $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
if(AXIOGRAD_SANITIZE)
  target_compile_options(axiograd_options INTERFACE -fsanitize=${AXIOGRAD_SANITIZE} -fno-sanitize-recover=all
                                                    -fno-omit-frame-pointer -U_FORTIFY_SOURCE)
  target_link_options(axiograd_options INTERFACE -fsanitize=${AXIOGRAD_SANITIZE})
endif()

# For code that reads files and command lines, beside the options above: not for kernels, where a test in a loop costs time.
add_library(axiograd_hardened INTERFACE)
target_compile_definitions(axiograd_hardened INTERFACE _GLIBCXX_ASSERTIONS)
target_compile_options(axiograd_hardened INTERFACE -fstack-clash-protection)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(axiograd_hardened INTERFACE -fcf-protection=full)
endif()

find_package(Threads REQUIRED)

# There are no CUDA kernels yet; what a device would run is compiled as a test (tests/cuda/).
option(AXIOGRAD_CUDA "Compile the operators' definitions for CUDA devices, where nvcc is found" ${PROJECT_IS_TOP_LEVEL})
if(AXIOGRAD_CUDA)
  find_program(AXIOGRAD_NVCC nvcc HINTS /usr/local/cuda/bin)
  if(NOT AXIOGRAD_NVCC)
    message(STATUS "nvcc was not found: nothing is compiled for CUDA")
  endif()
endif()

# Where ccache is installed, what was compiled once is not compiled again. It must follow the dependencies that the compiler writes:
# asked for the preprocessed text instead, a compiler that finds an old precompiled header names that and not what it was made of.
if(PROJECT_IS_TOP_LEVEL AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(AXIOGRAD_CCACHE ccache)
  if(AXIOGRAD_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_DEPEND=1
        CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${AXIOGRAD_CCACHE})
  endif()
endif()
