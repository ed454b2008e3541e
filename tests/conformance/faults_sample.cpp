#include <axiograd/ops/indexing/concat_dim0.hpp>
#include <axiograd/ops/indexing/slice_dim0.hpp>
#include <axiograd/ops/loss/huber_loss.hpp>
#include <axiograd/ops/pooling/avg_pool2d.hpp>
#include <axiograd/ops/pooling/max_pool2d.hpp>

#include "faults.hpp"
#include "subject_unit.hpp"

namespace axiograd::conformance {
namespace {

/// (a,b,c) -> (b,c,a) of a cube, whose adjoint is the other rotation.
struct rotation_that_rotates_back_the_same_way {
  static constexpr op_info info{.name = "rotation",
                                .formula = "y_jki = x_ijk",
                                .derivative = "dx_ijk = dy_jki",
                                .edges = "none",
                                .source = "planted",
                                .torch = "permute(1, 2, 0)"};
  static constexpr op_facts facts{};
  using kind = axiograd::family::custom;
  static constexpr sample_ranks ranks{3};
  template <class T>
  static constexpr bool runs_on = ring<T>;
  constexpr shape_result infer_shape(const shape& x) const {
    if (x[0] != x[1] || x[1] != x[2]) return {error_kind::shape_mismatch, "{shapes} is not a cube"};
    return x;
  }
  template <class T>
  void forward(const view<const T>& x, const view<T>& y) const {
    each(*x.dims, [&](int64_t from, int64_t to) { y.data[to] = x.data[from]; });
  }
  template <class T>
  void vjp(const view<const T>& x, const view<const T>&, const view<const T>& dy, const view<T>& dx) const {
    if (dx.data != nullptr) each(*x.dims, [&](int64_t from, int64_t to) { dx.data[to] = dx.data[to] + dy.data[from]; });
  }
  template <class Draw>
  static auto test_case(Draw& draw) {
    const int64_t n = draw.extent();
    return draw.test_case(rotation_that_rotates_back_the_same_way{}, shape{n, n, n});
  }

 private:
  template <class F>
  void each(const shape& s, const F& body) const {
    for (int64_t i = 0; i < s[0]; ++i)
      for (int64_t j = 0; j < s[0]; ++j)
        for (int64_t k = 0; k < s[0]; ++k) body((i * s[0] + j) * s[0] + k, (j * s[0] + k) * s[0] + i);
  }
};
struct max_pool_to_the_last_maximum : max_pool2d_op {
  template <class T>
  void vjp(const view<const T>& x, const view<const T>& y, const view<const T>& dy, const view<T>& dx) const {
    general().geometry().for_each_window(*x.dims, *y.dims, [&](int64_t q, const auto& window) {
      int64_t winner = -1;
      window([&](int64_t i) { winner = winner < 0 || x.data[i] == y.data[q] ? i : winner; });
      dx.data[winner] = dx.data[winner] + dy.data[q];
    });
  }
};
struct avg_pool_of_covered_cells : avg_pool2d_op {
  template <class T>
  void vjp(const view<const T>& x, const view<const T>& y, const view<const T>& dy, const view<T>& dx) const {
    general().geometry().for_each_window(*x.dims, *y.dims, [&](int64_t q, const auto& window) {
      int covered = 0;
      window([&](int64_t) { ++covered; });
      window([&](int64_t i) { dx.data[i] = dx.data[i] + dy.data[q] / T(covered); });
    });
  }
};
struct slice_of_negative_length : slice_dim0_op {
  constexpr shape_result infer_shape(const shape& x) const {
    if (x.rank < 1) return {error_kind::shape_mismatch, "a scalar has no first axis"};
    if (start.value < 0 || start.value > x[0] || length.value > x[0] - start.value)
      return {error_kind::index_out_of_range, "{} entries from {} do not fit an axis of {}", length.value, start.value, x[0]};
    shape y = x;
    y[0] = length.value;
    return y;
  }
};
struct concat_with_a_vague_error : concat_dim0_op {
  constexpr shape_result infer_shape(const shape& a, const shape& b) const {
    if (a.rank < 1 || b.rank < 1 || a.from(1) != b.from(1))
      return {error_kind::shape_mismatch, "ranks {0} and {1} differ", a.rank};
    shape y = a;
    y[0] += b[0];
    return y;
  }
};

/// Its sample switches one attribute on or the other; both at once are met by mixing samples only.
struct scaling_wrong_for_a_pair {
  static constexpr op_info info{.name = "twice_negated",
                                .formula = "y = x, twice it, its negative, or both",
                                .derivative = "dx = dy, twice it, its negative, or both",
                                .edges = "none",
                                .source = "planted",
                                .torch = "none"};
  static constexpr op_facts facts{};
  using kind = axiograd::family::custom;
  static constexpr sample_ranks ranks{1};
  template <class T>
  static constexpr bool runs_on = ring<T>;

  bool twice = false, negated = false;
  static constexpr auto attributes() {
    return attribute_list{attribute{"twice", &scaling_wrong_for_a_pair::twice, "two times x"},
                          attribute{"negated", &scaling_wrong_for_a_pair::negated, "the negative"}};
  }
  constexpr shape_result infer_shape(const shape& x) const { return x; }
  template <class T>
  void forward(const view<const T>& x, const view<T>& y) const {
    for (int64_t i = 0; i < x.dims->size(); ++i) y.data[i] = T((twice ? 2 : 1) * (negated ? -1 : 1)) * x.data[i];
  }
  template <class T>
  void vjp(const view<const T>& x, const view<const T>&, const view<const T>& dy, const view<T>& dx) const {
    const T factor = T(negated ? -1 : twice ? 2 : 1);
    if (dx.data != nullptr)
      for (int64_t i = 0; i < x.dims->size(); ++i) dx.data[i] = dx.data[i] + factor * dy.data[i];
  }
  template <class Draw>
  static auto test_case(Draw& draw) {
    const bool first = draw.chance(2);
    return draw.test_case(scaling_wrong_for_a_pair{.twice = first, .negated = !first}, shape{draw.extent()});
  }
};
struct huber_loss_at_its_default_only : huber_loss_op {
  template <class Draw>
  static auto test_case(Draw& draw) {
    const shape x = draw.any_shape();
    return draw.test_case(huber_loss_op{}, x, x);
  }
};

}  // namespace

std::vector<fault> sample_faults() {
  return {
      {"attributes that are right alone and wrong together", "exact_adjoint", make_subject<scaling_wrong_for_a_pair>()},
      {"huber_loss: the sample never changes an attribute", "attribute_pairs", make_subject<huber_loss_at_its_default_only>()},
      {"a rotation of axes whose VJP rotates the same way", "exact_adjoint",
       make_subject<rotation_that_rotates_back_the_same_way>()},
      {"max_pool2d: at a tie the last maximum gets the gradient", "special_points",
       make_subject<max_pool_to_the_last_maximum>()},
      {"avg_pool2d: the VJP does not count padding", "exact_adjoint", make_subject<avg_pool_of_covered_cells>()},
      {"slice_dim0: the shape rule allows negative lengths", "shape_rule", make_subject<slice_of_negative_length>()},
      {"concat_dim0: the error's numbers are not filled in", "shape_rule", make_subject<concat_with_a_vague_error>()}};
}

}  // namespace axiograd::conformance
