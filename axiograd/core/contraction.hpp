#pragma once

#include <string_view>

namespace axiograd {

/// A product of two inputs, and an optional third one that is added. A letter names an axis of the sample.
struct contraction {
  int a = 0;                              ///< input that comes first in the subscripts
  int b = 1;                              ///< input that comes second
  std::string_view subscripts;            ///< "mk,kn->mn"
  int bias = -1;                          ///< input that is added to every entry it lines up with; -1: none
  std::string_view bias_subscripts = {};  ///< its axes, a part of the output's

  constexpr std::string_view a_axes() const { return subscripts.substr(0, subscripts.find(',')); }
  constexpr std::string_view b_axes() const {
    const auto comma = subscripts.find(',');
    return subscripts.substr(comma + 1, subscripts.find('-') - comma - 1);
  }
  constexpr std::string_view y_axes() const { return subscripts.substr(subscripts.find('>') + 1); }
};

}  // namespace axiograd
