#pragma once
// Random valid calls of an operator. Operators say how in `test_case(draw)`; every number depends on the seed and on how many
// were drawn before it, so a printed seed repeats a failure.

#include <array>
#include <axiograd/core/tensor.hpp>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "probe.hpp"

namespace axiograd::conformance {

/// Attributes, input shapes (`dynamic_shape` for an absent tensor) and side inputs of one call.
struct call {
  static constexpr std::size_t attribute_bytes = 512;
  alignas(16) std::array<std::byte, attribute_bytes> attributes{};
  std::vector<shape> in;
  std::vector<index_tensor> side;
  shape y{};

  const void* op() const { return attributes.data(); }
  /// All shapes in the order of shape rules.
  std::vector<const shape*> shapes() const {
    std::vector<const shape*> all;
    for (const shape& s : in) all.push_back(&s);
    for (const index_tensor& t : side) all.push_back(&t.shape());
    return all;
  }
  int64_t entries() const {
    int64_t n = y.size();
    for (const shape& s : in)
      if (s.rank >= 0) n += s.size();
    return n;
  }
};
inline std::string describe(const call& c) {
  const auto all = c.shapes();
  std::string text = "inputs " + to_string(std::span<const shape* const>(all)) + ", result " + to_string(c.y);
  for (const index_tensor& t : c.side) {
    text += ", indices";
    for (int64_t i = 0; i < std::min<int64_t>(t.size(), 12); ++i) text += ' ' + std::to_string(t[i]);
  }
  return text;
}

/// How large shapes are: at most 7 along an axis; long enough for every remainder of a SIMD vector; for several threads; one to
/// three rows, each long enough for threads to share it; one extent as long as is asked for beside others of at most 3.
enum class size_class : unsigned char { small, vectors, threads, long_rows, one_long };

/// The source of random choices that operators' samples are written against.
class draw {
 public:
  explicit draw(std::uint64_t seed, size_class sizes = size_class::small, bool whole_numbers = false)
      : seed_(seed), sizes_(sizes), whole_numbers_(whole_numbers) {}
  std::uint64_t seed() const { return seed_; }
  size_class sizes() const { return sizes_; }
  bool whole_numbers() const { return whole_numbers_; }
  /// Leaves epsilons at their defaults from now on; otherwise every third is another.
  void keep_epsilons() { varies_epsilons_ = false; }
  bool varies_epsilons() const { return varies_epsilons_; }

  /// A whole number of low .. high, both included.
  int whole(int64_t low, int64_t high) {
    return static_cast<int>(low + static_cast<int64_t>(bits() % static_cast<std::uint64_t>(high - low + 1)));
  }
  /// An attribute: a multiple of 1/64 of low .. high, or a whole number of floor(low) .. ceil(high).
  double number(double low, double high) {
    if (whole_numbers_) return whole(static_cast<int64_t>(std::floor(low)), static_cast<int64_t>(std::ceil(high)));
    return whole(static_cast<int64_t>(std::ceil(low * 64)), static_cast<int64_t>(std::floor(high * 64))) / 64.0;
  }
  bool chance(int one_in) { return whole(1, one_in) == 1; }

  /// An extent that a sum may run along, or a number that one grows with: low .. high, unless it is the one that is to be long.
  int length(int64_t low, int64_t high) {
    const int n = whole(low, sizes_ == size_class::one_long ? std::max(low, std::min<int64_t>(high, 3)) : high);
    return sizes_ == size_class::one_long && lengths_++ == long_one_ ? long_length_ : n;
  }
  /// The length that is drawn after `number` others is `n`.
  void make_long(int number, int n) {
    long_one_ = number;
    long_length_ = n;
  }
  /// How many lengths were drawn.
  int lengths() const { return lengths_; }

  /// 0, 1 and odd numbers more often than others.
  int extent() { return sizes_ != size_class::one_long && chance(10) ? 0 : positive_extent(); }
  int positive_extent() {
    if (sizes_ == size_class::one_long) return length(1, 3);
    if (sizes_ == size_class::threads) return whole(40, 80);
    if (chance(6)) return 1;
    if (sizes_ == size_class::vectors && chance(2)) return whole(1, 41);
    return chance(2) ? 2 * whole(1, 3) + 1 : whole(2, 7);
  }
  shape any_shape() { return random_shape(0, true); }
  shape any_shape(int least_rank) { return random_shape(least_rank, true); }
  /// A shape whose extents are positive.
  shape positive_shape(int least_rank = 0) { return random_shape(least_rank, false); }
  /// The shape, or the mark of a tensor that is left out.
  shape optional(const shape& s) { return chance(4) ? dynamic_shape : s; }
  /// Indices of low .. high, both included.
  index_tensor indices(const shape& dims, int64_t low, int64_t high) {
    index_tensor t(dims);
    for (int64_t& i : t.mutable_values()) i = whole(low, high);
    return t;
  }
  index_tensor indices(int64_t count, int64_t low, int64_t high) { return indices(shape{count}, low, high); }

  /// One call: the operator, then the shapes of its tensors and its side inputs.
  template <class Op, class... In>
  call test_case(const Op& op, const In&... in) {
    static_assert(sizeof(Op) <= call::attribute_bytes && alignof(Op) <= 16 && std::is_trivially_copyable_v<Op>);
    call c;
    std::memcpy(c.attributes.data(), &op, sizeof op);
    [[maybe_unused]] const auto add = [&](const auto& input) {
      if constexpr (std::is_same_v<std::remove_cvref_t<decltype(input)>, index_tensor>)
        c.side.push_back(input);
      else
        c.in.push_back(input);
    };
    (add(in), ...);
    return c;
  }

  std::uint64_t bits() { return mix(seed_ ^ mix(counter_++)); }
  /// Uniform in [0, 1).
  double unit() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * unit(); }
  /// About normal: a sum of uniform numbers.
  double normal() { return (unit() + unit() + unit() + unit() - 2) * 1.7320508075688772; }
  prime_field residue() { return prime_field(static_cast<std::int64_t>(bits() >> 2)); }

 private:
  shape random_shape(int least_rank, bool with_empty) {
    if (sizes_ == size_class::long_rows) {
      shape s;
      while (s.rank + 1 < std::max(least_rank, whole(1, 2))) s.append(whole(1, 3));
      s.append(whole(1 << 18, 3 << 17));
      return s;
    }
    const int rank = sizes_ == size_class::threads   ? std::max(least_rank, 3)
                     : sizes_ == size_class::vectors ? std::max(least_rank, whole(0, 3))
                                                     : whole(least_rank, std::max(least_rank, 4));
    shape s;
    for (int axis = 0; axis < rank; ++axis) {
      const int n = with_empty ? extent() : positive_extent();
      const bool any_size = sizes_ == size_class::threads || sizes_ == size_class::one_long;
      s.append(s.size() * n > 4096 && !any_size ? 1 : n);
    }
    return s;
  }

  std::uint64_t seed_;
  std::uint64_t counter_ = 0;
  size_class sizes_;
  bool whole_numbers_;
  bool varies_epsilons_ = true;
  int lengths_ = 0, long_one_ = -1, long_length_ = 0;
};

}  // namespace axiograd::conformance
