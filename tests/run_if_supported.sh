#!/usr/bin/env bash
# run_if_supported.sh ISA PROGRAM: runs PROGRAM if this processor has the instruction set, else exits with 77 (skipped).
case $1 in
  avx2) flags="avx2 fma bmi2" ;;
  avx512) flags="avx512f avx512bw avx512dq avx512vl avx512cd" ;;
  *) flags="" ;;
esac
for flag in $flags; do
  grep -qm1 -w "$flag" /proc/cpuinfo || { echo "skipped: this processor has no $flag"; exit 77; }
done
exec "${@:2}"
