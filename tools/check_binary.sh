#!/usr/bin/env bash
# check_binary.sh PROGRAM FOLDER...: how the command was built. Its addresses differ from run to run (PIE), tables that the loader fills
# are written before main and never after (full RELRO), no stack is executable, libraries are looked for where the system has them,
# checks for buffers, containers and the stack are compiled in, code that is jumped to is marked (CET); and none of the folders,
# those of the build, is named in it.
set -euo pipefail
program=$1
shift
bad() { echo "$program: $*"; exit 1; }

dynamic=$(readelf -dW "$program") segments=$(readelf -lW "$program")
grep -q 'Type: *DYN' <(readelf -h "$program") && grep -q 'FLAGS_1.*PIE' <<<"$dynamic" || bad "is not position independent"
grep -q 'GNU_RELRO' <<<"$segments" && grep -q 'FLAGS.*BIND_NOW' <<<"$dynamic" || bad "has no full RELRO"
grep -q 'GNU_STACK.*RW ' <<<"$segments" || bad "has an executable stack"
if grep -E 'RPATH|RUNPATH' <<<"$dynamic"; then bad "looks for libraries in folders of its own"; fi
symbols=$(readelf --dyn-syms -W "$program")
grep -q '__stack_chk_fail' <<<"$symbols" || bad "has no stack protector"
grep -qE '__[a-z]+_chk(@|$)' <<<"$(sed 's/__stack_chk_fail//' <<<"$symbols")" || bad "was built without _FORTIFY_SOURCE"
grep -q '__glibcxx_assert_fail' <<<"$symbols" || bad "was built without _GLIBCXX_ASSERTIONS"
if [ "$(uname -m)" = x86_64 ]; then
  # main itself: built with the command's flags.
  main=$(objdump -d --no-show-raw-insn "$program" | awk '/<main>:$/ && !found { getline; print; found = 1 }')
  [ -z "$main" ] || grep -q endbr64 <<<"$main" || bad "was built without -fcf-protection"
fi
for folder in "$@"; do
  if strings -a "$program" | grep -F -m 3 -e "$folder/"; then bad "names $folder"; fi
done
echo "$program: hardened, and names no folder of its build"
