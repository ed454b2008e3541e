#!/usr/bin/env bash
# An operator is one file and two lines: ops.hpp names exactly the files under ops/, each file holds the operator of its
# name, and nothing in the layers that serve all operators names one.
set -euo pipefail
list=axiograd/ops/ops.hpp
bad=0
differ() {  # differ WHAT EXPECTED FOUND
  diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") >build/check/difference && return
  echo "$1:"
  sed -n 's/^</  missing: /p; s/^>/  not a file: /p' build/check/difference
  bad=1
}
mkdir -p build/check

headers=$(cd axiograd/ops && printf '%s\n' */*.hpp | grep -v '\.cpu\.hpp$' | LC_ALL=C sort)
included=$(sed -n 's/^#include <axiograd\/ops\/\(.*\)>/\1/p' $list | LC_ALL=C sort)
differ "includes of $list" "$headers" "$included"

names=$(sed 's/.*\///; s/\.hpp$/_op/' <<<"$headers" | LC_ALL=C sort)
listed=$(sed -n '/all_ops = type_list</,/>;/p' $list | grep -o '[a-z0-9_]*_op\b' | LC_ALL=C sort)
differ "type_list of $list" "$names" "$listed"

for header in $headers; do
  name=$(basename "$header" .hpp)
  if ! grep -q "^struct ${name}_op " "axiograd/ops/$header" || ! grep -q "^AXG_OPERATOR($name)" "axiograd/ops/$header"; then
    echo "ops/$header: no struct ${name}_op or no AXG_OPERATOR($name)"
    bad=1
  fi
  if grep -q "arity in{.tensors = [4-6]" "axiograd/ops/$header" && ! grep -q "^AXG_CALLABLE_OF_MORE($name)" "axiograd/ops/$header"; then
    echo "ops/$header: more than three inputs and no AXG_CALLABLE_OF_MORE($name)"
    bad=1
  fi
done

# nn, io, train and cli compose operators by name; the layers below work for every operator alike.
for folder in core kernels runtime autograd graph typed; do
  [ -d axiograd/$folder ] || continue
  if grep -rnwE "$(paste -sd '|' <<<"$names")" axiograd/$folder --include='*.hpp' --include='*.cpp' | grep -vE '\.test\.cpp:|:[0-9]+: *//'; then
    echo "axiograd/$folder names an operator"
    bad=1
  fi
done
[ $bad -eq 0 ] || exit 1
echo "$(wc -l <<<"$headers") operators, each one file and two lines in ops.hpp"
