// Every operator on inputs without entries whose other extents are huge: no loop runs over those, forwards and backwards.

#include <axiograd/axiograd.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <mutex>
#include <thread>

#include "../conformance/draw.hpp"

namespace axiograd {
namespace {

using conformance::call;
constexpr int64_t huge = int64_t{1} << 40, most_entries = 1 << 20;

/// Ends the program, with the name of the case, if one takes longer than half a minute.
class watchdog {
 public:
  watchdog() : thread_([this] { watch(); }) {}
  ~watchdog() {
    begin("");
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
    }
    thread_.join();
  }
  void begin(std::string name) {
    const std::lock_guard lock(mutex_);
    name_ = std::move(name);
    since_ = std::chrono::steady_clock::now();
  }

 private:
  void watch() {
    for (;; std::this_thread::sleep_for(std::chrono::milliseconds(100))) {
      const std::lock_guard lock(mutex_);
      if (done_) return;
      if (name_.empty() || std::chrono::steady_clock::now() - since_ < std::chrono::seconds(30)) continue;
      std::printf("hangs: %s\n", name_.c_str());
      std::fflush(stdout);
      std::_Exit(1);
    }
  }
  std::mutex mutex_;
  std::string name_;
  std::chrono::steady_clock::time_point since_;
  bool done_ = false;
  std::thread thread_;
};

void replace(shape& s, int64_t from, int64_t to) {
  for (int axis = 0; axis < s.rank; ++axis)
    if (s[axis] == from) s[axis] = to;
}
/// The call with one extent wherever it occurs, also in attributes that are shapes.
template <class Op>
call with_extent(call c, int64_t from, int64_t to) {
  for (shape& s : c.in) replace(s, from, to);
  for (index_tensor& side : c.side) {
    shape s = side.shape();
    replace(s, from, to);
    if (s.size() <= most_entries) side = index_tensor(s);
  }
  if constexpr (requires { Op::attributes(); })
    Op::attributes().for_each([&]<class U>(const attribute<Op, U>& a) {
      if constexpr (std::same_as<U, required<shape>>)
        if (std::string_view(a.name) == "dims")
          replace((reinterpret_cast<Op*>(c.attributes.data())->*a.member).value, from, to);
    });
  return c;
}
/// The call with axes before those of some inputs, a bit for each.
call with_leading(call c, unsigned inputs, const shape& leading) {
  for (std::size_t k = 0; k < c.in.size(); ++k)
    if ((inputs >> k & 1U) != 0 && c.in[k].rank >= 0 && c.in[k].rank + leading.rank <= max_rank)
      c.in[k] = concat(leading, c.in[k]);
  return c;
}

/// Runs the call, if its shapes fit, without and with a tape. Whether it ran and had a result or an input without entries.
template <class T>
bool runs(const operator_table<T>& op, const call& c, watchdog& dog) {
  const auto shapes = c.shapes();
  const shape_result y = op.infer(c.op(), shapes);
  if (!y || y->has_negative_extent() || y->size() > most_entries) return false;
  bool empty = y->size() == 0;
  for (const shape& s : c.in)
    if (s.rank >= 0) {
      if (s.size() > most_entries) return false;
      empty = empty || s.size() == 0;
    }
  if (!empty) return false;
  const std::string what = message({op.name, ": shapes ", to_string(shapes), " to ", *y});
  dog.begin(what);
  std::vector<tensor<T>> in;
  for (const shape& s : c.in)
    if (s.rank >= 0) in.push_back(tensor<T>::full(s, T(0.5)));
  std::vector<const tensor<T>*> pointers;
  for (const tensor<T>& x : in) pointers.push_back(&x);
  const auto plain = evaluate_tensors<T>(op, c.op(), pointers, c.side);
  EXPECT_TRUE(plain) << what << ": " << (plain ? "" : plain.error().message);
  tape<T> t;
  std::vector<node_id> ids;
  for (const tensor<T>& x : in) ids.push_back(*t.leaf(x));
  const auto id = t.append(op, c.op(), ids, c.side);
  EXPECT_TRUE(id) << what << ": " << (id ? "" : id.error().message);
  if (!plain || !id) return false;
  EXPECT_EQ(t.shape_of(*id), *y) << what;
  EXPECT_EQ(plain->shape(), *y) << what;
  const auto gradients = t.backward_dense(*id, tensor<T>::full(*y, T(1)));
  EXPECT_TRUE(gradients) << what;
  for (std::size_t k = 0; gradients && k < ids.size(); ++k) {
    const auto& g = (*gradients)[ids[k]];
    EXPECT_TRUE(g && g->shape() == in[k].shape()) << what;
    if (g && y->size() == 0) {
      EXPECT_EQ(*g, tensor<T>::zeros(g->shape())) << what;
    }
  }
  for (const node_id k : ids) EXPECT_TRUE(t.local_vjp(*id, tensor<T>::full(*y, T(1)))) << what << k;
  return true;
}

template <class Op>
call drawn(conformance::draw& draw) {
  if constexpr (requires { Op::test_case(draw); }) {
    return Op::test_case(draw);
  } else {  // elementwise: all inputs have one shape
    call c = draw.test_case(Op{});
    c.in.assign(static_cast<std::size_t>(arity_of<Op>.tensors), draw.positive_shape(1));
    return c;
  }
}

template <class Op>
int cases_of(std::uint64_t seed, watchdog& dog) {
  conformance::draw draw(seed);
  int ran = 0;
  const auto both = [&](const call& c) {
    ran += runs(table_of<Op, float>(), c, dog);
    ran += runs(table_of<Op, double>(), c, dog);
  };
  for (int round = 0; round < 6; ++round) {
    const call c = drawn<Op>(draw);
    std::vector<int64_t> extents;
    for (const shape& s : c.in)
      if (s.rank > 0) extents.insert(extents.end(), s.begin(), s.end());
    for (const int64_t zero : extents)
      for (const int64_t large : extents) {
        const call empty = with_extent<Op>(c, zero, 0);
        both(empty);
        both(with_extent<Op>(empty, large, huge));
      }
    for (unsigned inputs = 1; inputs < 1U << c.in.size(); ++inputs)
      for (const shape& leading : {shape{huge, 0}, shape{0, huge, huge}, shape{huge, huge, huge, 0}})
        both(with_leading(c, inputs, leading));
    for (const int64_t zero : extents)
      for (const shape& leading : {shape{huge}, shape{huge, huge}})
        both(with_leading(with_extent<Op>(c, zero, 0), (1U << c.in.size()) - 1, leading));
  }
  return ran;
}

TEST(EmptyResults, NoOperatorLoopsOverHugeExtents) {
  watchdog dog;
  int ran = 0, operators = 0;
  [&]<class... Ops>(type_list<Ops...>) {
    const auto one = [&](int n) {
      ran += n;
      operators += n > 0;
    };
    (one(cases_of<Ops>(1, dog)), ...);
  }(all_ops{});
  EXPECT_GT(ran, 1000);
  EXPECT_GT(operators, 80);
  std::printf("%d cases of %d operators\n", ran, operators);
}

/// The issue's own: results without entries that have an extent of 2^40.
TEST(EmptyResults, OfFunctions) {
  watchdog dog;
  dog.begin("functions");
  using numbers = tensor<float>;
  const numbers x = numbers::zeros({huge, 0}), y = numbers::zeros({0, huge});
  EXPECT_EQ(broadcast_to(numbers::scalar(1), {.dims = {huge, 0, 3}}).shape(), (shape{huge, 0, 3}));
  EXPECT_EQ(slice(x, {.axis = 0, .start = 5, .stop = huge}).shape(), (shape{huge - 5, 0}));
  EXPECT_EQ(concat(y, y, {.axis = 1}).shape(), (shape{0, 2 * huge}));
  EXPECT_EQ(cat({x, x}, 1).shape(), (shape{huge, 0}));
  EXPECT_EQ(permute(numbers::zeros({huge, 0, huge}), {.axes = {2, 0, 1}}).shape(), (shape{huge, huge, 0}));
  EXPECT_EQ(transpose(x, 0, 1).shape(), (shape{0, huge}));
  EXPECT_EQ(reshape(x, {.dims = {0, huge, huge}}).shape(), (shape{0, huge, huge}));
  EXPECT_EQ(einsum("ij,jk->ik", y, x).shape(), (shape{0, 0}));
  EXPECT_EQ(einsum("bij,bjk->bik", numbers::zeros({huge, 0, 2}), numbers::zeros({huge, 2, 0})).shape(), (shape{huge, 0, 0}));
  EXPECT_EQ(split_heads(numbers::zeros({0, huge, 4}), 2).shape(), (shape{0, 2, huge, 2}));
  EXPECT_EQ(merge_heads(numbers::zeros({0, 4, huge, huge})).shape(), (shape{0, huge, 4 * huge}));
  EXPECT_EQ(argmax(numbers::zeros({huge, 2, 0}), 1).shape(), (shape{huge, 0}));
  EXPECT_EQ(topk(numbers::zeros({huge, 0}), 3, 0).values.shape(), (shape{3, 0}));
  EXPECT_EQ(sinusoidal_positions(huge, 0).shape(), (shape{huge, 0}));
  EXPECT_EQ(random_normal({huge, 0}, {}).shape(), (shape{huge, 0}));
  EXPECT_EQ(dropout(x, 0.5, {}).shape(), (shape{huge, 0}));
  EXPECT_EQ(chunk(y, INT64_MAX, 0).size(), 1u);
  EXPECT_EQ(split(y, INT64_MAX, 1).size(), 1u);
  EXPECT_EQ(chunk(y, 4, 1)[3].shape(), (shape{0, huge / 4}));
  const auto kind_of = [](const auto& f) {
    try {
      f();
    } catch (const failure& e) {
      return e.kind();
    }
    return error_kind::io;
  };
  EXPECT_EQ(kind_of([&] { split(y, 1, 1); }), error_kind::out_of_memory);
  EXPECT_EQ(kind_of([&] { reduce_sum(numbers::zeros({huge, huge, 0}), over{{0, 1}}); }), error_kind::invalid_axis);
  EXPECT_EQ(kind_of([&] { concat_vectors(numbers::zeros({0, shape::overflow}), numbers::zeros({0, shape::overflow})); }),
            error_kind::out_of_memory);
}

}  // namespace
}  // namespace axiograd
