#!/usr/bin/env bash
# clang-tidy on the files that differ from origin/main (or from the commit before, if nothing does); with --all on every file.
# Reads build/release/compile_commands.json. A header is read as a file of its own.
set -euo pipefail
linted() { grep -E '\.(hpp|cpp)$' | grep -vE '^(tests/must_not_compile|tests/fast_math|tests/consumer|tests/mutants|bench)/' | sort -u; }
base=$(git merge-base HEAD origin/main 2>/dev/null || true)
if [ "${1:-}" = --all ] || ! git rev-parse -q --verify HEAD~1 >/dev/null; then
  mapfile -t files < <(tools/sources.sh | linted)
else
  if [ -z "$base" ] || [ "$base" = "$(git rev-parse HEAD)" ]; then base=$(git rev-parse HEAD~1); fi
  mapfile -t files < <({ git diff --name-only --diff-filter=d "$base" && git ls-files --others --exclude-standard; } | linted)
fi
if [ ${#files[@]} -eq 0 ]; then
  echo "no source file changed"
  exit 0
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
outcome=0
printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 2 clang-tidy-19 --quiet -p build/release \
  --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-pragma-once-outside-header >"$log" 2>&1 || outcome=1
grep -vE '^([0-9]+ (warning|error)s? |Suppressed [0-9]+ |Use -header-filter|$)' "$log" | sed "s|$PWD/||" || true
[ $outcome -eq 0 ] || exit 1
echo "${#files[@]} files linted"
