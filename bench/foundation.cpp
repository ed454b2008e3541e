// What the foundation promises, measured in one run: a small operator on the tape, and softmax beside a hand-written kernel.
// Prints medians; the two sides of a ratio alternate.

#include <algorithm>
#include <axiograd/autograd/tape.hpp>
#include <axiograd/kernels/cpu/isa.hpp>
#include <axiograd/operators/program.hpp>
#include <axiograd/ops/infix.hpp>
#include <axiograd/ops/ops.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <vector>

void reference_softmax(const float* x, float* y, std::size_t rows, std::size_t n);

namespace {

using namespace axiograd;

double seconds(const auto& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}
double median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + static_cast<long>(v.size() / 2), v.end());
  return v[v.size() / 2];
}
[[noreturn]] void stop(const error& e) {
  std::fprintf(stderr, "%s\n", e.message.c_str());
  std::exit(1);
}
node_id id_of(const result<node_id>& r) { return r ? *r : (stop(r.error()), node_id{0}); }

void chain_of_adds() {
  constexpr int operators = 1000;
  tape<float> t;
  gradient_workspace<float> workspace;
  const auto x = tensor<float>::ones({8}), seed = tensor<float>::ones({8});
  node_id leaf = 0, last = 0;
  std::vector<double> forward, backward;
  for (int round = 0; round < 501; ++round) {
    forward.push_back(seconds([&] {
      t.clear();
      leaf = last = id_of(t.leaf(x));
      for (int i = 0; i < operators; ++i) last = id_of(t.apply(add_op{}, last, leaf));
    }));
    backward.push_back(seconds([&] {
      if (const auto ok = t.backward_dense_into(workspace, last, seed); !ok) stop(ok.error());
    }));
  }
  const double f = median(forward) / operators * 1e9, b = median(backward) / operators * 1e9;
  std::printf("add of 8 floats, chain of %d: forward %.1f ns, backward %.1f ns, together %.1f ns an operator (goal: 100)\n",
              operators, f, b, f + b);
}

void softmax_beside_the_reference() {
  constexpr int64_t rows = 1024, n = 1024;
  tensor<float> x({rows, n}), ours({rows, n}), theirs({rows, n});
  for (int64_t i = 0; i < x.size(); ++i) x.mutable_data()[i] = static_cast<float>(i * 7919 % 1000) / 100;
  const softmax_op op;
  const view<const float> in{x.data(), &x.shape()};
  float* const y = ours.mutable_data();
  float* const z = theirs.mutable_data();
  std::vector<double> a, b;
  for (int round = 0; round < 101; ++round) {
    a.push_back(seconds([&] { table_of<softmax_op, float>().forward(&op, {{&in, 1}, {}, {y, &ours.shape()}}); }));
    b.push_back(seconds([&] { reference_softmax(x.data(), z, rows, n); }));
  }
  float difference = 0;
  for (int64_t i = 0; i < x.size(); ++i) difference = std::max(difference, std::abs(y[i] - z[i]));
  std::printf(
      "softmax 1024x1024 on one thread: %.0f us, reference %.0f us, speed against the reference %.2f (goal: 0.8), largest "
      "difference %.1e\n",
      median(a) * 1e6, median(b) * 1e6, median(b) / median(a), static_cast<double>(difference));
}

void fused_map() {
  constexpr int64_t n = 1 << 22;
  const auto x = tensor<float>::full({n}, 0.7F), a = tensor<float>::full({n}, 1.5F);
  const auto f = [](auto u, auto v) { return gelu(u * v) * tanh(u); };
  using op = map_op<decltype(f), 2>;
  const op attributes;
  tensor<float> y({n});
  const view<const float> in[]{{x.data(), &x.shape()}, {a.data(), &a.shape()}};
  float* const out = y.mutable_data();
  std::vector<double> times;
  for (int round = 0; round < 15; ++round)
    times.push_back(seconds([&] { table_of<op, float>().forward(&attributes, {in, {}, {out, &y.shape()}}); }));
  std::printf("map gelu(x a) tanh(x), 4 M floats on one thread: %.2f ns an element\n", median(times) / n * 1e9);
}

}  // namespace

int main() {
  set_num_threads(1);
  std::printf("instruction set: %s\n", to_string(best_isa()));
  chain_of_adds();
  softmax_beside_the_reference();
  fused_map();
}
