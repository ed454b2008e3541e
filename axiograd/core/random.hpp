#pragma once
// Counter-based random numbers: every draw is a function of (seed, counter, index), so order and threads do not matter.
// Source: contract 18 (RNG); mix is SplitMix64's finaliser (Steele, Lea & Flood 2014).

#include <axiograd/core/scalar/c_math.hpp>
#include <cstdint>
#include <numbers>

namespace axiograd {

/// Where a stream of random numbers starts: `ag::seed{42}`.
struct seed {
  std::uint64_t value = 0;
  friend constexpr bool operator==(seed, seed) = default;
};

/// A bijection of 64-bit words under which neighbours have nothing in common.
constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

/// The key of one invocation; `counter` sets calls with the same seed apart.
constexpr std::uint64_t key_of(seed s, std::uint64_t counter) { return mix(s.value + counter); }

/// Draw i of a key, uniform over 32-bit words.
constexpr std::uint32_t sample(std::uint64_t key, std::uint64_t i) { return static_cast<std::uint32_t>(mix(key + i)); }

/// Draw i as a multiple of 2^-32 in [0, 1). As a float, the 128 largest draws round to 1.
constexpr double uniform(std::uint64_t key, std::uint64_t i) { return sample(key, i) * 0x1p-32; }

/// Draw i as a coin that is true with probability `keep`.
constexpr bool mask(std::uint64_t key, std::uint64_t i, double keep) { return keep > uniform(key, i); }

/// A standard normal number from draws 2i and 2i + 1; the first is kept away from 0 by `floor`, which bounds the result by
/// sqrt(-2 ln floor) (5.26 for the contract's 1e-6). Source: Box & Muller 1958, cosine branch.
inline double normal(std::uint64_t key, std::uint64_t i, double floor = 1e-6) {
  const double u = uniform(key, 2 * i);
  return sqrt(-2 * log(u > floor ? u : floor)) * cos(2 * std::numbers::pi * uniform(key, 2 * i + 1));
}

/// The seed of a child stream, as the contract has it: next_seed(seed{1}, 1) is next_seed(seed{2}, 0). `spread` sets those
/// apart.
constexpr seed next_seed(seed s, std::uint64_t counter) { return {mix(s.value + counter + 0x9E3779B97F4A7C15)}; }

/// What a seed is used for; each use draws from streams of its own.
enum class seed_use : std::uint64_t { layer, parameter, initial_values, shuffle, split, mask, uniform, normal };

/// The seed of one use of a seed that a user gave, and of one layer, epoch, ... among several. The primitives above only add
/// seed and counter, so with them neighbouring seeds share streams: key_of(seed{1}, 1) is key_of(seed{2}, 0). Here each of the
/// three goes through `mix` by itself: everything that takes a seed from a user spreads it first.
constexpr seed spread(seed s, seed_use use, std::uint64_t number = 0) {
  return {mix(mix(mix(s.value) + static_cast<std::uint64_t>(use)) + number)};
}

}  // namespace axiograd
