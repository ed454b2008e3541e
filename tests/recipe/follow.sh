#!/usr/bin/env bash
# follow.sh SOURCE FOLDER: does in a copy of the tree what CONTRIBUTING.md says of adding an operator, word for word: its command
# begins the file, its code fills it in, the header it names is included. Leaves in FOLDER what that changed: the operator's file
# and ops.hpp, to be seen before those of the tree.
set -euo pipefail
source=$1 folder=$2 page=$1/CONTRIBUTING.md copy=$2.copy
fail() { printf '%s: %s\n' "$page" "$*" >&2; exit 1; }

read -r name group < <(sed -n 's/^ *\.\/dev new-op \([a-z0-9_]*\) \([a-z]*\)$/\1 \2/p' "$page") || fail "no line './dev new-op NAME FOLDER'"
code=$(awk '/^```cpp$/ { inside = 1; next } /^```$/ { if (inside) exit } inside' "$page")
[ -n "$code" ] || fail "no block of code"
header=$(sed -n 's/.*Include the headers of the operators it calls, here `\([^`]*\)`.*/\1/p' "$page")
[ -n "$header" ] || fail "no sentence on the headers to include"

rm -rf "$folder" "$copy"
mkdir -p "$copy" "$folder"
cp -r "$source/axiograd" "$source/tools" "$copy"
cd "$copy"
tools/new_op.sh "$name" "$group"
file=axiograd/ops/$group/$name.hpp
{
  sed '/^namespace axiograd {$/,$d' "$file" | sed "s|#include <axiograd/families/op.hpp>|&\n#include <axiograd/$header>|"
  printf 'namespace axiograd {\n\n%s\n\n}  // namespace axiograd\n' "$code"
} >"$file.filled"
mv "$file.filled" "$file"
tools/check_operators.sh
if command -v clang-format-19 >/dev/null; then
  clang-format-19 --style="file:$source/.clang-format" --dry-run --Werror "$file" axiograd/ops/ops.hpp
fi
for changed in "$file" axiograd/ops/ops.hpp; do
  mkdir -p "$folder/$(dirname "$changed")"
  cp "$changed" "$folder/$changed"
done
rm -rf "$copy"
