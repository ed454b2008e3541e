#pragma once

namespace axiograd {

/// What a loss makes of its terms.
enum class reduction : unsigned char { mean, sum };
constexpr const char* to_string(reduction r) { return r == reduction::mean ? "mean" : "sum"; }

}  // namespace axiograd
