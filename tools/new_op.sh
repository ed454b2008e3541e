#!/usr/bin/env bash
# new_op.sh NAME FOLDER: begins an elementwise operator of one input: its file, with the places to fill in marked, and its two
# lines in ops.hpp. The file does not compile before they are filled in.
set -euo pipefail
list=axiograd/ops/ops.hpp
fail() { printf './dev new-op: %s\n' "$*" >&2; exit 2; }

[ $# -eq 2 ] || fail "usage: ./dev new-op NAME FOLDER, as in ./dev new-op mish activation"
name=$1 folder=$2 file=axiograd/ops/$2/$1.hpp
[[ $name =~ ^[a-z][a-z0-9_]*$ ]] || fail "'$name' is not a name in lower_case"
[[ $folder =~ ^[a-z]+$ ]] || fail "'$folder' is not a folder in lower case"
[ -z "$(find axiograd/ops -name "$name.hpp")" ] || fail "there is an operator $name: $(find axiograd/ops -name "$name.hpp")"

mkdir -p "axiograd/ops/$folder"
sed "s/NAME/$name/g" >"$file" <<'TEMPLATE'
#pragma once

#include <axiograd/families/op.hpp>

namespace axiograd {

/// NAME(x) = FILL IN, elementwise.
struct NAME_op {
  static constexpr op_info info{.name = "NAME",
                                .formula = FILL_IN,     // "log(1 + exp(x))"
                                .derivative = FILL_IN,  // "1 / (1 + exp(-x))"
                                .edges = FILL_IN,       // "total; NaN propagates"
                                .source = FILL_IN,      // "author year"
                                .torch = FILL_IN};      // "torch.name; same", or what differs
  static constexpr op_facts facts{.max_ulp = 3, .derivative_max_ulp = 4};
  static constexpr double test_points[]{-30, -1, 0, 1, 30};
  static constexpr double known[][3]{{FILL_IN}};  // x, value, derivative: from outside, as PyTorch or a table

  // The concept says what the formula needs: ring (+ - *), ordered_ring (>, max, abs), field (/), analytic (exp, log, ...).
  template <analytic T>
  AXG_HD constexpr T value(const T& x) const {
    return FILL_IN;
  }
  // y is the value at x; leave out the names that the formula does not use.
  template <analytic T>
  AXG_HD constexpr T derivative(const T& x, const T& y) const {
    return FILL_IN;
  }
};
AXG_OPERATOR(NAME)

}  // namespace axiograd
TEMPLATE

# Both lists are in alphabetical order; the list of types ends in `>;`.
LC_ALL=C awk -v include="#include <axiograd/ops/$folder/$name.hpp>" -v type="${name}_op" '
  function flush_includes(  done) { if (!included) { print include; included = 1 } }
  /^#include <axiograd\/ops\// && !included && $0 > include { flush_includes() }
  !/^#include/ && seen && !included { flush_includes() }
  /^#include/ { seen = 1 }
  /all_ops = type_list</ { inside = 1; print; next }
  inside {
    entry = $1; last = sub(/>;$/, "", entry); sub(/,$/, "", entry)
    if (!typed && type < entry) { print "    " type ","; typed = 1 }
    if (last && !typed) { print "    " entry ","; print "    " type ">;"; typed = 1; inside = 0; next }
    if (last) inside = 0
  }
  { print }' $list >$list.changed
mv $list.changed $list

echo "wrote $file and two lines of $list"
echo "next: fill in the places marked FILL_IN, then ./dev test '(conformance|$name)'"
