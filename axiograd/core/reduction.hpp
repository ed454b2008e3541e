#pragma once

#include <span>

namespace axiograd {

/// What a loss makes of its terms.
enum class reduction : unsigned char { mean, sum };
inline constexpr const char* reduction_words[]{"mean", "sum"};
constexpr std::span<const char* const> words(reduction) { return reduction_words; }
constexpr const char* to_string(reduction r) { return reduction_words[static_cast<int>(r)]; }

}  // namespace axiograd
