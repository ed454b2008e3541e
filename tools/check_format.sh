#!/usr/bin/env bash
# Every source file is as clang-format leaves it.
set -euo pipefail
mapfile -t files < <(tools/sources.sh)
unformatted=$(clang-format-19 --dry-run "${files[@]}" 2>&1 | sed -n 's/^\([^ :]*\):[0-9].*clang-format-violations.*/\1/p' | sort -u)
if [ -n "$unformatted" ]; then
  echo "$unformatted"
  echo "$(wc -l <<<"$unformatted") files are not formatted: run ./dev format"
  exit 1
fi
echo "${#files[@]} files are formatted"
