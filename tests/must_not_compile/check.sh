#!/usr/bin/env bash
# check.sh FILE COMPILER [FLAG...]: FILE compiles as it is, does not with -DMUST_NOT_COMPILE, and the compiler then says
# what the file's line "// expect: REGEX" asks for.
set -euo pipefail
file=$1 compiler=("${@:2}")
expected=$(sed -n 's#^// expect: ##p' "$file")
[ -n "$expected" ] || { echo "$file: no line '// expect: REGEX'"; exit 1; }
"${compiler[@]}" -std=c++20 -fsyntax-only "$file" || { echo "$file: the good variant does not compile"; exit 1; }
if output=$("${compiler[@]}" -std=c++20 -fsyntax-only -DMUST_NOT_COMPILE "$file" 2>&1); then
  echo "$file: the bad variant compiles"
  exit 1
fi
# The sentence is printed in pieces of 30 characters.
joined=$(sed -E 's/"\}, (axiograd::impl::)?fixed_text<[0-9]+>\{"//g' <<<"$output")
grep -qE -- "$expected" <<<"$joined" || { echo "$file: no '$expected' in:"; echo "$output"; exit 1; }
