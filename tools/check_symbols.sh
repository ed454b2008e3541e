#!/usr/bin/env bash
# check_symbols.sh BUILD: in the units compiled for AVX2 or AVX-512, every function that the linker may merge with another
# unit's copy carries the instruction set in its name. Otherwise a processor without that set could be given its code.
set -euo pipefail
shopt -s nullglob
objects=("$1"/CMakeFiles/axiograd_*.dir/operators/simd_avx*.o)
if [ ${#objects[@]} -eq 0 ]; then
  echo "no units for AVX2 or AVX-512 in this build"
  exit 0
fi
offenders=$(nm --print-file-name --defined-only -C "${objects[@]}" |
  awk '{ line = $0; sub(/^[^ ]* /, "") } / [WVuT] / && !/N_AVX|axiograd::isa_kernels<|axiograd::isa/ { sub(/.*\//, "", line); print line }' || true)
if [ -n "$offenders" ]; then
  echo "$offenders" | head -50
  echo "$(wc -l <<<"$offenders") symbols do not say which instruction set they need"
  exit 1
fi
echo "${#objects[@]} units: every shared symbol names its instruction set"
