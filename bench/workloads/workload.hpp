#pragma once
// What a workload is to the programs that run it, and the data that PyTorch's side makes by the same formulas.

#include <axiograd/autograd/var.hpp>
#include <axiograd/nn/parameter.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace axiograd::bench {

/// Entry i of a series by its number: uniform in [-1, 1), the same on every machine and in torch_peer.py.
double entry(std::uint64_t i, std::uint64_t series);
/// scale * entry(i, series) at every position.
tensor<float> data(const shape& dims, std::uint64_t series, double scale = 1);
/// entry(i, series) as a number of a class: 0 .. classes - 1.
index_tensor labels(const shape& dims, std::uint64_t series, int64_t classes);
/// Parameter k becomes data(shape, 100 + k, 1 / sqrt(entries of a row)); a vector becomes data(shape, 100 + k, 0.1).
void set_parameters(const nn::parameter_list& parameters);

/// Results in a few numbers: of every tensor its product with a fixed pattern and its norm.
class digest {
 public:
  void add(const float* x, int64_t n);
  void add(const tensor<float>& x) { add(x.data(), x.size()); }
  const std::vector<double>& numbers() const { return numbers_; }

 private:
  std::vector<double> numbers_;
};

struct workload {
  std::function<void()> run;             ///< one call
  std::function<void(digest&)> results;  ///< what the last call computed
};

/// A workload's name, what a call does, and what no program can do without: the arithmetic of its products and the bytes that
/// must move when every input is read once and every result written once.
struct workload_entry {
  std::string name;
  std::string what;
  double flops;
  double bytes;
  double operators;  ///< seconds are given for one of so many
  std::function<workload()> make;
};
using workload_list = std::vector<workload_entry>;

// One file each.
void add_small(workload_list& list);
void add_training(workload_list& list);
void add_operators(workload_list& list);
void add_everyday(workload_list& list);
void add_attention(workload_list& list);

// ---- ways to call operators
// --------------------------------------------------------------------------------------------------

/// y = f(inputs) on tensors, without a tape.
template <class F>
workload forward_only(std::vector<tensor<float>> inputs, const F& f) {
  auto y = std::make_shared<tensor<float>>();
  return {[=] { *y = f(inputs); }, [=](digest& d) { d.add(*y); }};
}

/// y = f(leaves) on a tape, then the gradients of all leaves for a cotangent of y: data(shape, 99), or 1 for a scalar.
template <class F>
class recorded {
 public:
  recorded(std::vector<tensor<float>> inputs, F f) : inputs_(std::move(inputs)), f_(std::move(f)) {}

  void forward() {
    tape_.clear();
    leaves_.clear();
    for (const auto& x : inputs_) leaves_.push_back(tape_.leaf(x));
    output_ = f_(leaves_).id();
  }
  void backward() {
    if (!dy_) {
      const shape dims = tape_.current_tape().shape_of(output_);
      dy_ = dims.rank == 0 ? tensor<float>::scalar(1) : data(dims, 99);
    }
    ok_or_throw(tape_.current_tape().backward_dense_into(gradients_, output_, *dy_, kept_gradients::leaves));
  }
  void results(digest& d) const {
    d.add(*tape_.current_tape().get_value(output_));
    for (const auto& x : leaves_)
      if (const auto g = gradients_.at(x.id())) d.add(*g);
  }

 private:
  std::vector<tensor<float>> inputs_;
  F f_;
  recording<float> tape_;
  std::vector<var<float>> leaves_;
  gradient_workspace<float> gradients_;
  std::optional<tensor<float>> dy_;
  node_id output_ = 0;
};

template <class F>
workload forward_and_backward(std::vector<tensor<float>> inputs, const F& f) {
  auto r = std::make_shared<recorded<F>>(std::move(inputs), f);
  return {[=] {
            r->forward();
            r->backward();
          },
          [=](digest& d) { r->results(d); }};
}
/// The reverse pass alone, again and again on one tape.
template <class F>
workload backward_only(std::vector<tensor<float>> inputs, const F& f) {
  auto r = std::make_shared<recorded<F>>(std::move(inputs), f);
  r->forward();
  return {[=] { r->backward(); }, [=](digest& d) { r->results(d); }};
}

}  // namespace axiograd::bench
