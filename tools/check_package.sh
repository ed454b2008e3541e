#!/usr/bin/env bash
# check_package.sh BUILD: installs BUILD, moves the result elsewhere, and builds the README's program against it in each way
# that a user can: find_package with g++ and with clang, pkg-config, and add_subdirectory on the source tree, which is built
# without oneDNN.
set -euo pipefail
build=$(realpath "$1")
source=$PWD
work=$build/consumer
rm -rf "$work"
mkdir -p "$work"
say() { printf -- '-- %s\n' "$*"; }

awk '/^```cpp/ { inside = 1; next } /^```/ { if (inside) exit } inside' README.md >"$work/program.cpp"
[ -s "$work/program.cpp" ] || { echo "README.md has no C++ program"; exit 1; }

say "installing"
cmake --install "$build" --prefix "$work/first" >"$work/install.log"
mv "$work/first" "$work/moved"
if grep -rlF -e "$source" -e "$work/first" "$work/moved" --include='*.cmake' --include='*.pc'; then
  echo "the package names a folder of this machine"
  exit 1
fi
say "the command"
tools/check_binary.sh "$work/moved/bin/axiograd" "$source" "$build" "$work/first"
(cd / && "$work/moved/bin/axiograd" train digits --epochs 1 --quiet --out "$work/digits")  # finds the data that came with it
find "$work/moved" -name '*.test.*' | grep . && { echo "the package has tests in it"; exit 1; }
[ -e "$work/moved/share/axiograd/digits/digits.csv.gz" ] || { echo "the package has no digits"; exit 1; }

expect_same() {  # expect_same PROGRAM: it prints what the first one printed
  "$1" >"$work/output"
  if [ -e "$work/expected" ]; then diff "$work/expected" "$work/output"; else cp "$work/output" "$work/expected"; fi
}

for compiler in g++ clang++-19; do
  command -v $compiler >/dev/null || continue
  say "find_package with $compiler"
  cmake -S tests/consumer -B "$work/$compiler" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_COMPILER=$compiler \
    -DCMAKE_PREFIX_PATH="$work/moved" -DPROGRAM="$work/program.cpp" >"$work/$compiler.log"
  cmake --build "$work/$compiler"
  "$work/$compiler/shapes"
  expect_same "$work/$compiler/program"
done
if readelf -d "$work/g++/shapes" | grep -E 'NEEDED.*(gmp|mpfr|png|blas|dnnl)'; then
  echo "axiograd::core needs more than the C++ library"
  exit 1
fi

if command -v pkg-config >/dev/null; then
  say "pkg-config"
  # shellcheck disable=SC2046
  PKG_CONFIG_PATH=$(dirname "$(find "$work/moved" -name axiograd.pc)") \
    sh -c 'g++ "$1/program.cpp" -o "$1/by_pkg_config" $(pkg-config --cflags --libs axiograd)' sh "$work"
  expect_same "$work/by_pkg_config"
fi

# Without oneDNN: the library's users need neither it nor what it brings along, and our own kernels pass the tests.
say "add_subdirectory, without oneDNN"
launcher=()
if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
cmake -S tests/consumer -B "$work/subfolder" -G Ninja -DCMAKE_BUILD_TYPE=Release -DAXIOGRAD_SOURCE="$source" \
  -DPROGRAM="$work/program.cpp" -DCMAKE_CXX_COMPILER=g++ -DAXIOGRAD_STRICT=ON -DAXIOGRAD_ONEDNN=OFF -DAXIOGRAD_TESTS=ON \
  "${launcher[@]}" >"$work/subfolder.log"
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
cmake --build "$work/subfolder" --target program test_kernels test_nn
expect_same "$work/subfolder/program"
for test in test_kernels test_nn; do "$(find "$work/subfolder" -name $test -type f)" --gtest_brief=1; done
if readelf -d "$work/subfolder/program" | grep -E 'NEEDED.*(dnnl|OpenCL|gomp)'; then
  echo "a program built with AXIOGRAD_ONEDNN=OFF needs more than it should"
  exit 1
fi
rm -rf "$work"
echo "the README's program builds and runs against the package: g++, clang++-19, pkg-config, add_subdirectory (without oneDNN)"
