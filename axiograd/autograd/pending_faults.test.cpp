// Nodes that wait when their computation fails, or while another thread computes them.

#include <atomic>
#include <axiograd/autograd/tape.hpp>
#include <axiograd/ops/arithmetic/add.hpp>
#include <axiograd/ops/linalg/matmul.hpp>
#include <chrono>
#include <future>
#include <gtest/gtest.h>
#include <memory>
#include <stdexcept>
#include <thread>

namespace axiograd {
namespace {

/// A number whose products call a function first.
struct hooked {
  static inline std::function<void()> before_product = [] {};
  double v = 0;

  hooked() = default;
  explicit(false) hooked(int x) : v(x) {}
  explicit(false) hooked(double x) : v(x) {}
  friend hooked operator+(hooked a, hooked b) { return a.v + b.v; }
  [[maybe_unused]] friend hooked operator-(hooked a, hooked b) { return a.v - b.v; }
  [[maybe_unused]] friend hooked operator-(hooked a) { return -a.v; }
  friend hooked operator*(hooked a, hooked b) {
    before_product();
    return a.v * b.v;
  }
  friend bool operator==(hooked, hooked) = default;
};

}  // namespace
template <>
inline constexpr algebra algebra_of<hooked>{.ring = true};
namespace {

using numbers = tensor<hooked>;
const numbers ones = numbers::full({3, 3}, 1), threes = numbers::full({3, 3}, 3);

/// The product of two matrices of ones, not computed yet. No reader has asked for it.
struct waiting_product {
  tape<hooked> t;
  node_id x = *t.leaf(ones), y = *t.apply(matmul_op{}, x, x);
};

/// From now on until the end of its life, the n-th product throws.
struct failing_products {
  explicit failing_products(int n) {
    hooked::before_product = [left = n]() mutable {
      if (left-- == 0) throw std::runtime_error("no product today");
    };
  }
  failing_products(const failing_products&) = delete;
  failing_products& operator=(const failing_products&) = delete;
  ~failing_products() {
    hooked::before_product = [] {};
  }
};

TEST(WaitingFaults, NodesGoOnWaitingAfterAnException) {
  for (const int n : {0, 5, 26}) {
    waiting_product w;
    const auto fails = [&](const auto& call) {
      const failing_products now(n);
      const auto r = call();
      EXPECT_FALSE(r) << n;
      if (r) return;
      EXPECT_NE(r.error().message.find("no product today"), std::string::npos) << r.error().message;
    };
    fails([&] { return w.t.value(w.y); });
    fails([&] { return w.t.value(w.x); });
    fails([&] { return w.t.require_value(w.y, {3, 3}); });
    fails([&] { return w.t.apply(add_op{}, w.y, w.x); });
    fails([&] { return w.t.apply(matmul_op{}, w.y, w.x); });
    fails([&] { return w.t.backward(w.y, ones); });
    EXPECT_EQ(w.t.size(), 2u);
    EXPECT_EQ(*w.t.value(w.y), threes) << "the value is computed when it can be, after failure at product " << n;
    EXPECT_EQ(w.t.backward(w.y, ones)->at(w.x), numbers::full({3, 3}, 6));
  }
}

TEST(WaitingFaults, AnOperatorThatFollowsFailsByItselfAndIsTakenBack) {
  waiting_product w;
  {
    const failing_products now(5);
    EXPECT_FALSE(w.t.apply(add_op{}, w.y, w.x));
  }
  EXPECT_EQ(w.t.size(), 2u);
  ASSERT_TRUE(w.t.leaf(ones));  // has the number that the operator would have had
  const node_id z = *w.t.apply(add_op{}, w.y, w.y);
  EXPECT_EQ(*w.t.value(z), numbers::full({3, 3}, 6));
  EXPECT_EQ(*w.t.value(w.y), threes);
}

/// Readers that come while another one computes sleep, and all of them are woken.
TEST(WaitingFaults, ReadersThatSleptAreWoken) {
  struct shared_state {
    waiting_product w;
    std::promise<void> inside, go_on;
    std::atomic<int> asking{0};
    std::once_flag first;
  };
  const auto s = std::make_shared<shared_state>();  // held by readers that are never woken, should that happen
  hooked::before_product = [s] {
    std::call_once(s->first, [&] {
      s->inside.set_value();
      s->go_on.get_future().wait();
    });
  };
  const auto read = [s](std::promise<bool> answer) {
    ++s->asking;
    const auto value = s->w.t.value(s->w.y);
    answer.set_value(value && *value == threes);
  };
  std::vector<std::future<bool>> answers;
  const auto start = [&] {
    std::promise<bool> answer;
    answers.push_back(answer.get_future());
    std::thread(read, std::move(answer)).detach();
  };
  start();
  s->inside.get_future().wait();
  for (int k = 0; k < 3; ++k) start();
  while (s->asking < 4) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // they fall asleep
  s->go_on.set_value();
  for (std::future<bool>& answer : answers) {
    const bool came = answer.wait_for(std::chrono::seconds(20)) == std::future_status::ready;
    EXPECT_TRUE(came) << "a reader was not woken";
    if (!came) break;
    EXPECT_TRUE(answer.get());
  }
  hooked::before_product = [] {};
}

}  // namespace
}  // namespace axiograd
