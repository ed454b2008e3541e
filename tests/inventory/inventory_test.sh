#!/usr/bin/env bash
# inventory_test.sh AXIOGRAD: every name of tests/inventory/ops.tsv, a copy of the operator contract's inventory, can be called in
# its layer.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
printed=$("$1" ops --inventory)
missing=$(tail -n +2 ops.tsv | cut -f 1,3 | LC_ALL=C sort -u | LC_ALL=C comm -23 - <(LC_ALL=C sort -u <<<"$printed"))
if [ -n "$missing" ]; then
  printf 'names that cannot be called:\n%s\n' "$missing"
  exit 1
fi
echo "$(tail -n +2 ops.tsv | wc -l) names of the inventory can be called"
