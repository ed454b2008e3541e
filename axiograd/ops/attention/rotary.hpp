#pragma once

#include <array>
#include <axiograd/families/custom.hpp>
#include <vector>

namespace axiograd {

/// rotary(x): position p turns pair i of the features by p base^(-2i/d).
///
/// Shapes: x (n,d), d even; leading axes before x. Pairs are (i, i + d/2), or (2i, 2i + 1) where `interleaved`.
/// Attributes: base, default 10,000; offset, the position of the first row; interleaved. Errors: invalid_parameter.
struct rotary_op {
  static constexpr op_info info{.name = "rotary",
                                .formula = "(a, b) -> (a cos t - b sin t, a sin t + b cos t), t = p base^(-2i/d)",
                                .derivative = "dy turned back by t",
                                .edges = "angles are computed in double",
                                .source = "Su et al. 2021, section 3.2.2",
                                .torch = "none; torchtune.modules.RotaryPositionalEmbeddings is interleaved"};
  static constexpr op_facts facts{.max_ulp = 4, .derivative_max_ulp = 4};
  using kind = family::custom;
  static constexpr sample_ranks ranks{2};
  template <class T>
  static constexpr bool runs_on = analytic<T>;

  double base = 10'000;
  int64_t offset = 0;
  bool interleaved = false;
  static constexpr auto attributes() {
    return attribute_list{attribute{"base", &rotary_op::base, "of the geometric series of wave lengths"},
                          attribute{"offset", &rotary_op::offset, "position of the first row"},
                          attribute{"interleaved", &rotary_op::interleaved, "pairs are neighbours"}};
  }

  constexpr shape_result infer_shape(const shape& x) const {
    if (x[1] % 2 != 0) return {error_kind::invalid_parameter, "{} features do not make pairs", x[1]};
    if (!(base > 0)) return {error_kind::invalid_parameter, "the base must be positive"};
    return x;
  }

  template <class T>
  void forward(const view<const T>& x, const view<T>& y) const {
    turn<T>(*x.dims, 1, [&](int64_t a, int64_t b, const T& c, const T& s) {
      y.data[a] = x.data[a] * c - x.data[b] * s;
      y.data[b] = x.data[a] * s + x.data[b] * c;
    });
  }
  template <class T>
  void vjp(const view<const T>& x, const view<const T>&, const view<const T>& dy, const view<T>& dx) const {
    turn<T>(*x.dims, -1, [&](int64_t a, int64_t b, const T& c, const T& s) {
      dx.data[a] = dx.data[a] + (dy.data[a] * c - dy.data[b] * s);
      dx.data[b] = dx.data[b] + (dy.data[a] * s + dy.data[b] * c);
    });
  }

  template <class Draw>
  static constexpr auto test_case(Draw& draw) {
    const int64_t n = draw.extent();
    return draw.test_case(
        rotary_op{
            .base = draw.whole(0, 1) == 1 ? 10'000.0 : 0.5, .offset = draw.whole(0, 5), .interleaved = draw.whole(0, 1) == 1},
        shape{n, 2 * draw.extent()});
  }

 private:
  template <class T, class Body>
  void turn(const shape& dims, int sense, const Body& body) const {
    const int64_t d = dims[1], half = d / 2;
    const angle_table& table = angles(dims[0], d);
    for (int64_t p = 0; p < dims[0]; ++p)
      for (int64_t i = 0; i < half; ++i) {
        const int64_t first = p * d + (interleaved ? 2 * i : i);
        const std::array<double, 2>& angle = table.cos_and_sin[static_cast<std::size_t>(p * half + i)];
        body(first, first + (interleaved ? 1 : half), T(angle[0]), T(sense * angle[1]));
      }
  }

  struct angle_set {
    double base;
    int64_t offset, positions, features;
    friend constexpr bool operator==(const angle_set&, const angle_set&) = default;
  };
  struct angle_table {
    angle_set of{};
    std::vector<std::array<double, 2>> cos_and_sin{};
  };
  /// cos and sin for each position and pair of features; a thread keeps its last table, which all samples share.
  const angle_table& angles(int64_t positions, int64_t features) const {
    static thread_local angle_table table;
    const angle_set wanted{base, offset, positions, features};
    if (table.of == wanted) return table;
    const int64_t half = features / 2;
    table.of = {};  // none, should the memory not suffice
    table.cos_and_sin.resize(static_cast<std::size_t>(positions * half));
    for (int64_t i = 0; i < half; ++i) {
      const double speed = axiograd::pow(base, -2.0 * static_cast<double>(i) / static_cast<double>(features));
      for (int64_t p = 0; p < positions; ++p) {
        const double t = static_cast<double>(offset + p) * speed;
        table.cos_and_sin[static_cast<std::size_t>(p * half + i)] = {axiograd::cos(t), axiograd::sin(t)};
      }
    }
    table.of = wanted;
    return table;
  }
};
AXG_OPERATOR(rotary)

}  // namespace axiograd
