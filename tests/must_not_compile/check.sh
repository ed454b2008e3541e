#!/usr/bin/env bash
# check.sh FILE COMPILER [FLAG...]: FILE compiles as it is, does not with -DMUST_NOT_COMPILE and the flags of the file's line
# "// flags: FLAGS", and the compiler then says what its line "// expect: REGEX" asks for, in at most as many errors as a line
# "// errors: N" allows.
set -euo pipefail
file=$1 compiler=("${@:2}")
of_line() { sed -n "s#^// $1: ##p" "$file"; }
expected=$(of_line expect) most=$(of_line errors)
[ -n "$expected" ] || { echo "$file: no line '// expect: REGEX'"; exit 1; }
"${compiler[@]}" -std=c++20 -fsyntax-only "$file" || { echo "$file: the good variant does not compile"; exit 1; }
read -ra flags <<<"$(of_line flags)"
if output=$("${compiler[@]}" -std=c++20 -fsyntax-only -DMUST_NOT_COMPILE "${flags[@]}" "$file" 2>&1); then
  echo "$file: the bad variant compiles"
  exit 1
fi
# The sentence is printed in pieces of 30 characters.
joined=$(sed -E 's/"\}, (axiograd::impl::)?fixed_text<[0-9]+>\{"//g' <<<"$output")
grep -qE -- "$expected" <<<"$joined" || { echo "$file: no '$expected' in:"; echo "$output"; exit 1; }
errors=$(grep -cE '(error|fatal error):' <<<"$output")
[ -z "$most" ] || [ "$errors" -le "$most" ] || { echo "$file: $errors errors, at most $most are allowed:"; echo "$output"; exit 1; }
