#!/usr/bin/env bash
# fuzz.sh BUILD SECONDS [NAME...]: runs the fuzz targets BUILD/fuzz_NAME for so many seconds each. Each begins with its corpus in
# tests/fuzz/corpus and with what earlier runs found, which BUILD/fuzz keeps. What breaks a target is left there as crash-NAME-*.
set -euo pipefail
build=$(realpath "$1") seconds=$2
shift 2
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for program in tests/fuzz/*.cpp; do names+=("$(basename "$program" .cpp)"); done
fi

run_one() {  # run_one NAME
  local found=$build/fuzz/$1 log=$build/fuzz/$1.log options=()
  mkdir -p "$found"
  [ ! -e "tests/fuzz/$1.dict" ] || options+=("-dict=tests/fuzz/$1.dict")
  # Deaths by memory count: 1 GB for all, 256 MB for one allocation. An input takes 10 seconds at most.
  if ! "$build/fuzz_$1" "${options[@]}" -max_total_time="$seconds" -rss_limit_mb=1024 -malloc_limit_mb=256 -timeout=10 -max_len=8192 \
    -print_final_stats=1 -artifact_prefix="$build/fuzz/crash-$1-" "$found" "tests/fuzz/corpus/$1" >"$log" 2>&1; then
    tail -n 30 "$log"
    echo "fuzz $1: FAILED (all of it: $log)"
    return 1
  fi
  printf 'fuzz %-12s %9d inputs in %d s, %d kept\n' "$1" "$(sed -n 's/stat::number_of_executed_units: *//p' "$log")" "$seconds" \
    "$(find "$found" -type f | wc -l)"
}
export -f run_one
export build seconds
# LeakSanitizer needs ptrace, which a container may not have.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}
printf '%s\n' "${names[@]}" | xargs -P "$(nproc)" -I{} bash -c 'run_one {}'
echo "${#names[@]} fuzz targets, $seconds s each: nothing found"
