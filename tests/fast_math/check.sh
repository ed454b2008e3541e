#!/usr/bin/env bash
# check.sh COMPILER SOURCE LIBRARY: with each part of -ffast-math, a program without intervals compiles, and one with intervals is
# refused by the compiler in a sentence or encloses all the same. LIBRARY is libaxiograd_exact.
set -euo pipefail
compiler=$1 source=$2 library=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
bad=0
for flags in -ffast-math -Ofast -funsafe-math-optimizations "-fassociative-math -fno-signed-zeros -fno-trapping-math" \
  -ffinite-math-only -freciprocal-math ""; do
  read -ra words <<<"$flags"
  build=("$compiler" -std=c++20 -O2 -w "${words[@]}" "-I$source")
  if said=$("${build[@]}" -c "$source/tests/fast_math/with_intervals.cpp" -o "$folder/with.o" 2>&1); then
    # Linked without the flags: with them g++ adds code that flushes subnormals, which is another refusal.
    "$compiler" "$folder/with.o" "$library" -lmpfr -lgmp -o "$folder/with"
    if "$folder/with"; then
      echo "$flags: encloses"
    else
      echo "$flags: compiles, and does not enclose"
      bad=1
    fi
  elif [ -n "$flags" ] && grep -q "interval: .*remove the error terms" <<<"$said"; then
    echo "$flags: refused"
  else
    printf '%s: fails otherwise:\n%s\n' "$flags" "$said"
    bad=1
  fi
done
"$compiler" -std=c++20 -O1 -w -ffast-math "-I$source" -c "$source/tests/fast_math/without_intervals.cpp" -o "$folder/without.o" || bad=1
exit $bad
