#!/usr/bin/env bash
# check_instructions.sh BUILD [--update]: counts the instructions of the cases of bench_instructions under callgrind and compares
# them with bench/baseline/instructions.json, 2 % either way; --update writes that file instead. Fewer instructions are told of
# too: a baseline that is too high would hide the next loss.
set -euo pipefail
build=$1
baseline=bench/baseline/instructions.json
program=$build/bench_instructions
output=$(mktemp)
trap 'rm -f "$output"' EXIT

# Valgrind 3.19 stops at AVX-512, and the counts must not depend on the processor: kernels are held at AVX2.
export AXIOGRAD_ISA=avx2 ONEDNN_MAX_CPU_ISA=AVX2 OMP_NUM_THREADS=1

count() {  # count NAME: instructions inside measured_region
  if ! valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=measured_region "$program" "$1" \
    >"$output" 2>&1; then
    cat "$output" >&2
    return 1
  fi
  sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$output"
}

if [ "${2:-}" = --update ]; then
  separator=""
  {
    echo "{"
    for name in $("$program"); do
      printf '%b  "%s": %s' "$separator" "$name" "$(count "$name")"
      separator=",\n"
    done
    printf '\n}\n'
  } >"$output.new"
  mv "$output.new" $baseline
  cat $baseline
  exit
fi

bad=0 cases=0
for name in $("$program"); do
  now=$(count "$name")
  before=$(sed -n "s/^ *\"$name\": \([0-9]*\),\?$/\1/p" $baseline)
  if [ -z "$before" ] || [ -z "$now" ]; then
    echo "$name: no count in $baseline or none by callgrind"
    bad=1
    continue
  fi
  cases=$((cases + 1))
  awk -v name="$name" -v now="$now" -v before="$before" 'BEGIN {
    change = now / before - 1
    printf "%-14s %9d instructions, baseline %9d, %+.2f %%\n", name, now, before, 100 * change
    exit change > 0.02 || change < -0.02
  }' || bad=1
done
if [ $bad -ne 0 ] || [ $cases -eq 0 ]; then
  echo "instructions changed by more than 2 %: if that is meant, run ./dev bench --update-baseline"
  exit 1
fi
echo "$cases counts of instructions within 2 % of the baseline"
