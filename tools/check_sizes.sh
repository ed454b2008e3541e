#!/usr/bin/env bash
# Sizes of source files: none over 600 lines; of the operators, half at most 120 lines and nine in ten at most 350.
set -euo pipefail
tools/sources.sh | xargs wc -l | sort -n | awk '
  $2 == "total" { next }
  $1 > 600 { print $2 ": " $1 " lines, more than 600"; bad = 1 }
  $1 > 350 && $1 <= 600 { print "note: " $2 " has " $1 " lines" }
  $2 ~ /^axiograd\/ops\/[a-z]+\/[a-z0-9_]+\.hpp$/ { size[++n] = $1 }
  END {
    median = size[int((n + 1) / 2)]; ninth = size[int((9 * n + 9) / 10)]
    if (median > 120 || ninth > 350) { print "the operators are too long"; bad = 1 }
    print n " operators: median " median " lines, nine in ten at most " ninth ", largest " size[n]
    exit bad
  }'
