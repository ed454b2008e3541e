#!/usr/bin/env bash
# Each folder of axiograd/ includes only from itself and from layers below it. Tests beside the sources may look anywhere.
set -euo pipefail

mapfile -t files < <(find axiograd -mindepth 2 -name '*.[hc]pp' -not -name '*.test.[hc]pp' | sort)
# One line a layer, lowest first; folders of one line do not see each other.
layers=$(awk '/^```layers$/ { inside = 1; next } /^```/ { inside = 0 } inside' docs/architecture.md | paste -sd '|')
awk -v list="$layers" '
  BEGIN {
    n = split(list, layers, "|")
    for (i = 1; i <= n; i++) { m = split(layers[i], folders, " "); for (j = 1; j <= m; j++) layer[folders[j]] = i }
  }
  match($0, /^#include <axiograd\/[a-z_]+\//) {
    to = substr($0, 20, RLENGTH - 20); from = FILENAME; sub(/^axiograd\//, "", from); sub(/\/.*/, "", from); edges++
    if (!(from in layer) || !(to in layer)) { print FILENAME ":" FNR ": folder not in the order: " from " or " to; bad++ }
    else if (to != from && layer[to] >= layer[from]) { print FILENAME ":" FNR ": " from " must not include " to; bad++ }
  }
  END {
    if (bad) { print bad " includes break the order of the layers"; exit 1 }
    print edges " includes keep the order of the layers"
  }' "${files[@]}"
