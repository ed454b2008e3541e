// Rows that threads share: the same numbers as of rows that one thread reads.

#include <axiograd/families/row.hpp>
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

namespace axiograd {
namespace {

/// A float whose rows are read one number at a time, in blocks of 512; `Shared` ones by parts, the last part first.
template <bool Shared>
struct number {
  float of;

  number() = default;
  explicit(false) number(int x) : of(static_cast<float>(x)) {}
  explicit(false) number(double x) : of(static_cast<float>(x)) {}
  friend number operator+(number a, number b) { return number(double(a.of + b.of)); }
  friend number operator-(number a, number b) { return number(double(a.of - b.of)); }
  friend number operator*(number a, number b) { return number(double(a.of * b.of)); }
  friend number operator/(number a, number b) { return number(double(a.of / b.of)); }
  friend number operator-(number a) { return number(double(-a.of)); }
  friend bool operator>(number a, number b) { return a.of > b.of; }
  friend number select(bool condition, number a, number b) { return condition ? a : b; }
  friend number max(number a, number b) { return b > a ? b : a; }
  friend number min(number a, number b) { return a > b ? b : a; }
  friend number abs(number a) { return number(double(std::abs(a.of))); }
};
std::vector<int64_t> parts_taken;

}  // namespace

template <bool Shared>
inline constexpr algebra algebra_of<number<Shared>> = algebra{.ring = true, .ordered = true, .division = true};

template <bool Shared>
struct packet<number<Shared>> {
  using value = number<Shared>;
  using element = value;
  using source = const value*;
  using target = value*;
  static constexpr int64_t size = 1, unroll = 4, block_steps = 128;
  static value load(source p) { return *p; }
  static value load_first(source p, int64_t) { return *p; }
  static void store(const value& x, target p) { *p = x; }
  static void store_first(const value& x, target p, int64_t) { *p = x; }
  static value load_number(source p) { return *p; }
  static void store_number(const value& x, target p) { *p = x; }
  static value same(value x) { return x; }
  static value blend(value a, value, int64_t) { return a; }
  static value broadcast_first(value x) { return x; }
  template <class F>
  static value fold(value x, const F&) {
    return x;
  }
  template <class F>
    requires Shared
  static void share(int64_t parts, const F& body) {
    parts_taken.push_back(parts);
    while (parts > 0) body(--parts);
  }
};

namespace {

// Around multiples of parts, and where parts grow from 2^15 numbers to 2^16 and 2^17.
const std::vector<int64_t> lengths{(1 << 18) - 1,      1 << 18,      (1 << 18) + 513, 3 * (1 << 17) + 77,
                                   (1 << 21) + 70'001, (1 << 22) + 3};

template <bool Shared>
std::vector<number<Shared>> numbers(int64_t n, double step) {
  std::vector<number<Shared>> x(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(1 + step * static_cast<double>(i)) + 0.125;
  return x;
}
template <bool Shared>
std::vector<float> reductions(int64_t n) {
  using S = number<Shared>;
  const auto a = numbers<Shared>(n, 0.37), b = numbers<Shared>(n, 0.61);
  const memory_row<S> x{a.data(), n}, y{b.data(), n};
  const auto both = means(x, y * x);
  return {sum(x).of, max(y).of, mean(x - y).of, corrected_mean(x).of, both[0].of, both[1].of};
}
/// x - 1 and (x - 1) / 2, the second of which is stored while it is summed.
template <bool Shared>
std::vector<float> stores(int64_t n) {
  using S = number<Shared>;
  const auto a = numbers<Shared>(n, 0.37);
  std::vector<S> kept(static_cast<std::size_t>(2 * n + 2), S(-777));
  row_keeper<S> keep(kept.data(), kept.data() + n + 1, nullptr, saving::writes);
  const memory_row<S> first = keep(memory_row<S>{a.data(), n} - S(1));
  kept[static_cast<std::size_t>(n)] = S(-777);
  const auto [second, total] = keep(first / S(2), [](const auto& r) { return sum(r); });
  EXPECT_EQ(second.data, kept.data() + n + 1);
  EXPECT_EQ(total.of, sum(second).of);
  std::vector<float> all;
  for (const S& x : kept) all.push_back(x.of);
  return all;
}

TEST(row, shared_rows_have_the_sums_of_unshared_ones) {
  for (const int64_t n : lengths) {
    parts_taken.clear();
    EXPECT_EQ(reductions<true>(n), reductions<false>(n)) << n << " numbers";
    EXPECT_EQ(parts_taken.empty(), n < 1 << 18);
    for (const int64_t parts : parts_taken) {
      EXPECT_GE(parts, 8);
      EXPECT_LE(parts, 64);
    }
  }
}

TEST(row, every_number_of_a_shared_row_is_stored_and_nothing_beyond) {
  for (const int64_t n : lengths) {
    const auto all = stores<true>(n);
    EXPECT_EQ(all, stores<false>(n)) << n << " numbers";
    EXPECT_EQ(all[static_cast<std::size_t>(2 * n + 1)], -777);
    EXPECT_EQ(std::count(all.begin(), all.end(), -777.0F), 2);
  }
}

}  // namespace
}  // namespace axiograd
