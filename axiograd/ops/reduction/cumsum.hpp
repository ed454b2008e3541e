#pragma once

#include <axiograd/core/algorithm.hpp>
#include <axiograd/core/block_sum.hpp>
#include <axiograd/families/custom.hpp>

namespace axiograd {

/// cumsum(x)_i = x_0 + ... + x_i along one axis.
///
/// Attributes: axis, required, negative counted from the end. Errors: invalid_axis.
struct cumsum_op {
  static constexpr op_info info{.name = "cumsum",
                                .formula = "y_i = sum of x_j, j <= i",
                                .derivative = "dx_i = sum of dy_j, j >= i",
                                .edges = "extents of 0 are allowed; NaN propagates to the end",
                                .source = "prefix sum",
                                .torch = "torch.cumsum(dim=axis); same"};
  static constexpr op_facts facts{};
  using kind = family::custom;
  template <class T>
  static constexpr bool runs_on = ring<T>;

  required<int> axis;
  static constexpr auto attributes() {
    return attribute_list{attribute{"axis", &cumsum_op::axis, "axis to sum along", attribute_kind::axis}};
  }

  constexpr shape_result infer_shape(const shape& x) const { return x; }

  template <class T>
  void forward(const view<const T>& x, const view<T>& y) const {
    for_each_group(*x.dims, [&](auto chains, int64_t first, int64_t apart, int64_t n, int64_t step) {
      running_totals<T, decltype(chains)::value> totals;
      totals.run(n, chains, [&](int64_t i, const auto& put) {
        for (int64_t c = 0; c < chains; ++c) {
          const int64_t at = first + c * apart + i * step;
          y.data[at] = put(c, x.data[at]);
        }
      });
    });
  }
  template <class T>
  void vjp(const view<const T>& x, const view<const T>&, const view<const T>& dy, const view<T>& dx) const {
    for_each_group(*x.dims, [&](auto chains, int64_t first, int64_t apart, int64_t n, int64_t step) {
      running_totals<T, decltype(chains)::value> totals;
      totals.run(n, chains, [&](int64_t i, const auto& put) {
        for (int64_t c = 0; c < chains; ++c) {
          const int64_t at = first + c * apart + (n - 1 - i) * step;
          dx.data[at] = dx.data[at] + put(c, dy.data[at]);
        }
      });
    });
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const shape x = draw.any_shape(1);
    return draw.test_case(cumsum_op{.axis = static_cast<int>(draw.whole(0, x.rank - 1))}, x);
  }

 private:
  static constexpr int64_t most_chains = 64, lines_beside = 4, block = 64;

  /// Sums that run side by side. The total before a block of terms is kept as two numbers, the second what rounding takes from
  /// the first: the error does not grow with the length, and terms that are not negative give totals that never fall.
  template <class T, int64_t Most>
  struct running_totals {
    T high[static_cast<std::size_t>(Most)];
    T low[static_cast<std::size_t>(Most)];  ///< and the block's terms so far

    /// Calls line(i, put) for i = 0 .. n-1; put(c, x) adds a term to chain c and gives its total.
    template <class Line>
    void run(int64_t n, int64_t chains, const Line& line) {
      const int64_t first_block = std::floating_point<T> ? std::min(n, block) : n;
      if (n > 0) line(int64_t{0}, [this](int64_t c, const T& x) { return low[c] = x; });
      for (int64_t i = 1; i < first_block; ++i) line(i, [this](int64_t c, const T& x) { return low[c] = low[c] + x; });
      if constexpr (std::floating_point<T>) {
        for (int64_t c = 0; c < chains && n > block; ++c) high[c] = T(0);
        for (int64_t begin = block; begin < n; begin += block) {
          for (int64_t c = 0; c < chains; ++c) carry(c);
          const int64_t end = std::min(n, begin + block);
          for (int64_t i = begin; i < end; ++i)
            line(i, [this](int64_t c, const T& x) {
              low[c] = low[c] + x;
              return high[c] + low[c];
            });
        }
      }
    }

   private:
    void carry(int64_t c) {  // two-sum, Knuth 1969
      const T before = high[c], sum = before + low[c], of_low = sum - before;
      const T lost = (before - (sum - of_low)) + (low[c] - of_low);
      high[c] = sum;
      low[c] = lost - lost == 0 ? lost : T(0);  // nothing is lost of what is not finite
    }
  };

  /// A number of chains that only the run knows, as std::integral_constant is one that the compiler knows.
  struct some_chains {
    static constexpr int64_t value = most_chains;  // at most
    int64_t n;
    constexpr operator int64_t() const { return n; }
  };
  /// Calls body(chains, first, apart, n, step) for groups of chains of sums that run side by side: entry i of chain c lies at
  /// first + c apart + i step. Neighbours make a group, or a few lines where the axis is the last one, of a number that the
  /// compiler knows.
  template <class Body>
  void for_each_group(const shape& dims, const Body& body) const {
    const int64_t n = dims[axis], inner = dims.stride(axis), lines = dims.first(axis).size();
    if (inner == 1) {
      constexpr std::integral_constant<int64_t, lines_beside> several;
      int64_t line = 0;
      for (; line + several <= lines; line += several) body(several, line * n, n, n, int64_t{1});
      for (; line < lines; ++line) body(std::integral_constant<int64_t, 1>(), line * n, n, n, int64_t{1});
      return;
    }
    for (int64_t line = 0; line < lines; ++line)
      for (int64_t k = 0; k < inner; k += most_chains)
        body(some_chains{std::min(inner - k, most_chains)}, line * n * inner + k, int64_t{1}, n, inner);
  }
};
AXG_OPERATOR(cumsum)

}  // namespace axiograd
