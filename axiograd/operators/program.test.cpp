// Programs against their operators run one by one, and value and slope at once against each alone: bit for bit.

#include <axiograd/axiograd.hpp>
#include <axiograd/families/isa_kernels.hpp>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>

namespace axiograd {
namespace {

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}
/// Different numbers of every size, with the special ones among them.
template <class T>
std::vector<T> numbers_of(int64_t n, double start) {
  using limits = std::numeric_limits<T>;
  const T special[]{T(0), -T(0), limits::infinity(), -limits::infinity(), limits::denorm_min(), limits::max(), T(-0.7518)};
  std::vector<T> x(static_cast<std::size_t>(n));
  double phase = start;
  for (std::size_t i = 0; i < x.size(); ++i) {
    phase = std::fmod(phase + 0.6180339887498949, 1.0);
    x[i] = i % 16 == 9 ? special[i / 16 % std::size(special)]
                       : static_cast<T>(std::ldexp(2 * phase - 1, static_cast<int>(i % 9) - 2));
  }
  return x;
}

// ---- value and slope at once

/// Operators that were compared.
template <class Op, class T>
int compare_together(const span_kernels<T>& spans, const char* set) {
  if (spans.value_and_slope == nullptr) return 0;
  if constexpr (std::default_initializable<Op>) {
    const Op op{};
    for (const int64_t n : {1, 7, 16, 33, 2000}) {
      const auto size = static_cast<std::size_t>(n);
      const std::vector<T> x = numbers_of<T>(n, 0.3), dy = numbers_of<T>(n, 0.7);
      std::vector<T> y(size), y2(size), slope(size);
      const T* const in[]{x.data()};
      spans.forward(&op, in, y.data(), n);
      spans.value_and_slope(&op, x.data(), y2.data(), slope.data(), n);
      const std::string at = std::string(Op::info.name.s) + ", " + set + ", " + std::to_string(n) + " numbers";
      EXPECT_TRUE(same_bits(y, y2)) << "value of " << at;
      for (const unsigned fresh : {0U, 1U}) {
        std::vector<T> dx = numbers_of<T>(n, 0.1), dx2 = dx;
        T* const into[]{dx.data()};
        spans.vjp(&op, in, y.data(), dy.data(), into, fresh, n);
        spans.product(slope.data(), dy.data(), dx2.data(), fresh == 0, n);
        for (std::size_t i = 0; i < size; ++i)
          if (std::isnan(dx[i]) && std::isnan(dx2[i])) dx[i] = dx2[i] = 0;  // signs of NaN mean nothing
        EXPECT_TRUE(same_bits(dx, dx2)) << "gradient of " << at;
      }
    }
    return 1;
  }
  return 0;
}
template <class Op, class T>
int compare_together() {
  if constexpr (elementwise<Op>) {
    int compared = compare_together<Op, T>(plain_kernels<Op, T>::get(), "specification");
    compared += compare_together<Op, T>(isa_kernels<Op, T, isa::baseline>::make(), "baseline");
#ifdef __x86_64__
    if (best_isa() >= isa::avx2) compared += compare_together<Op, T>(isa_kernels<Op, T, isa::avx2>::make(), "AVX2");
    if (best_isa() >= isa::avx512) compared += compare_together<Op, T>(isa_kernels<Op, T, isa::avx512>::make(), "AVX-512");
#endif
    return compared;
  } else {
    return 0;
  }
}

TEST(Program, ValueAndSlopeAtOnceAreThoseOfEachAlone) {
  const int compared = []<class... Op>(type_list<Op...>) {
    return ((compare_together<Op, float>() + compare_together<Op, double>()) + ...);
  }(all_ops{});
  EXPECT_GE(compared, 4 * 20);
}

// ---- programs

template <int Inputs>
struct gradients {
  std::vector<float> y;
  std::array<std::vector<float>, Inputs> dx;
};
/// f's program and its reverse run, by the kernels of its table. Bit k of `wanted`: input k's gradient; of `fresh`: it is
/// written.
template <int Inputs, class F>
gradients<Inputs> run(F, int64_t n, unsigned wanted, unsigned fresh, bool over_cotangent = false) {
  const span_kernels<float>& spans = map_op<F, Inputs>::template table<float>().spans();
  gradients<Inputs> r{std::vector<float>(static_cast<std::size_t>(n)), {}};
  std::array<std::vector<float>, Inputs> x;
  const float* in[Inputs];
  float* dx[Inputs];
  std::vector<float> dy(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < dy.size(); ++i) dy[i] = std::sin(static_cast<float>(i) + 0.5F);
  for (std::size_t k = 0; k < Inputs; ++k) {
    x[k].resize(dy.size());
    for (std::size_t i = 0; i < dy.size(); ++i) x[k][i] = std::cos(static_cast<float>(i * (k + 2)));
    in[k] = x[k].data();
    r.dx[k].assign(dy.size(), 0.25F);
    dx[k] = (wanted >> k & 1U) != 0 ? r.dx[k].data() : nullptr;
  }
  if (over_cotangent) {
    r.dx[0] = dy;
    dx[0] = r.dx[0].data();
  }
  spans.forward(nullptr, in, r.y.data(), n);
  spans.vjp(nullptr, in, r.y.data(), over_cotangent ? dx[0] : dy.data(), dx, fresh, n);
  return r;
}
/// The same operators one by one on a tape.
template <int Inputs, class F>
gradients<Inputs> one_by_one(F f, int64_t n) {
  recording<float> tape;
  std::vector<var<float>> x;
  for (std::size_t k = 0; k < Inputs; ++k) {
    tensor<float> values(shape{n});
    for (int64_t i = 0; auto& v : values.mutable_values())
      v = std::cos(static_cast<float>(static_cast<std::size_t>(i++) * (k + 2)));
    x.push_back(tape.leaf(values));
  }
  tensor<float> dy(shape{n});
  for (int64_t i = 0; auto& v : dy.mutable_values()) v = std::sin(static_cast<float>(i++) + 0.5F);
  const var<float> y = [&]<std::size_t... I>(std::index_sequence<I...>) {
    return f(x[I]...);
  }(std::make_index_sequence<Inputs>{});
  gradient_workspace<float> into;
  ok_or_throw(tape.current_tape().backward_dense_into(into, y.id(), dy, kept_gradients::leaves));
  gradients<Inputs> r{{y.value().begin(), y.value().end()}, {}};
  for (std::size_t k = 0; k < Inputs; ++k) {
    const auto g = into.at(x[k].id());
    r.dx[k] = g ? std::vector<float>(g->begin(), g->end()) : std::vector<float>(static_cast<std::size_t>(n));
  }
  return r;
}

template <int Inputs, class F>
void compare(F f) {
  for (const int64_t n : {1, 100, 511, 512, 513, 1500}) {
    const auto expected = one_by_one<Inputs>(f, n);
    for (unsigned wanted = 0; wanted < 1U << Inputs; ++wanted)
      for (unsigned fresh = 0; fresh < 1U << Inputs; ++fresh) {
        const auto got = run<Inputs>(f, n, wanted, fresh);
        ASSERT_TRUE(same_bits(got.y, expected.y)) << n;
        for (std::size_t k = 0; k < Inputs; ++k)
          for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
            const bool is_wanted = (wanted >> k & 1U) != 0, is_fresh = (fresh >> k & 1U) != 0;
            if (is_wanted && is_fresh)
              ASSERT_EQ(got.dx[k][i], expected.dx[k][i]) << "input " << k << ", entry " << i << " of " << n;
            else
              ASSERT_NEAR(got.dx[k][i], 0.25F + (is_wanted ? expected.dx[k][i] : 0), 1e-6) << "input " << k;
          }
      }
    const auto over = run<Inputs>(f, n, (1U << Inputs) - 1, (1U << Inputs) - 1, true);
    for (std::size_t k = 0; k < Inputs; ++k)
      for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i)
        ASSERT_EQ(over.dx[k][i], expected.dx[k][i]) << "input " << k << " over the cotangent, entry " << i << " of " << n;
  }
}

TEST(Program, IsItsOperatorsOneByOne) {
  compare<3>([](auto x, auto a, auto b) { return gelu(x * a + b) * tanh(x); });
  compare<1>([](auto x) { return tanh(x); });             // the result's own step
  compare<1>([](auto x) { return exp(tanh(gelu(x))); });  // one slope after another
  compare<2>([](auto x, auto a) {                         // a step that is used twice
    const auto t = tanh(x);
    return t + t * silu(a);
  });
  compare<2>([](auto x, auto a) { return 2.0 * sigmoid(3.0 * x) - a; });  // constants
}
TEST(Program, ReadsAnInputTwiceInOneStep) {
  compare<1>([](auto x) { return x * x; });
  compare<2>([](auto x, auto a) { return tanh(x * x) * a; });
}

TEST(Program, MayGiveAnInputOrAConstant) {
  const auto input = run<2>([](auto x, auto) { return x; }, 700, 3, 3);
  const auto added = run<2>([](auto x, auto) { return x; }, 700, 3, 0);
  const auto same = run<2>([](auto x, auto) { return x; }, 700, 3, 3, true);
  const auto constant = run<2>([](auto x, auto) { return constant_like(x, 2.5); }, 700, 3, 3);
  for (std::size_t i = 0; i < 700; ++i) {
    ASSERT_EQ(input.dx[0][i], std::sin(static_cast<float>(i) + 0.5F));
    ASSERT_EQ(same.dx[0][i], input.dx[0][i]);
    ASSERT_EQ(added.dx[0][i], 0.25F + input.dx[0][i]);
    ASSERT_EQ(input.y[i], std::cos(static_cast<float>(2 * i)));
    ASSERT_EQ(constant.y[i], 2.5F);
    for (const float g : {input.dx[1][i], same.dx[1][i], constant.dx[0][i], constant.dx[1][i]}) ASSERT_EQ(g, 0);
  }
}

TEST(Program, MayLieWithinAnother) {
  const auto inner = [](auto u) { return tanh(u * 2.0); };
  const auto nested = run<2>([](auto x, auto a) { return gelu(map(decltype(inner){}, x * a)) * x; }, 1300, 3, 3);
  const auto flat = run<2>([](auto x, auto a) { return gelu(tanh(x * a * 2.0)) * x; }, 1300, 3, 3);
  EXPECT_TRUE(same_bits(nested.y, flat.y));
  for (std::size_t k : {0U, 1U}) EXPECT_TRUE(same_bits(nested.dx[k], flat.dx[k]));
}

}  // namespace
}  // namespace axiograd
