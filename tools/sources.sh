#!/usr/bin/env bash
# The C++ files of the project that git does not ignore; all those in the tree where there is no git.
set -euo pipefail
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
  git ls-files --cached --others --exclude-standard --deduplicate -- '*.hpp' '*.cpp' '*.cu' | while read -r file; do
    if [ -e "$file" ]; then echo "$file"; fi
  done
else
  find axiograd tests bench examples \( -name '*.hpp' -o -name '*.cpp' -o -name '*.cu' \) 2>/dev/null
fi | LC_ALL=C sort
