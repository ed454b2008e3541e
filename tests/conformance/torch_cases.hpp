#pragma once
// PyTorch's cases run by this library on numbers of one type; included by one unit for each.

// First: operator templates of the library are tried on its number types once they are seen.
#include "check.hpp"

#include <axiograd/autograd/call.hpp>
#include <axiograd/axiograd.hpp>
#include <cmath>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

namespace axiograd::conformance {

using nlohmann::json;
template <class T>
double torch_error(const json& c);

template <class T>
using torch_call = std::function<var<T>(const std::vector<var<T>>&, const std::vector<index_tensor>&, const json&)>;

inline axis_list axes_of(const json& j) {
  axis_list l;
  for (const json& x : j) l.append(x.get<int64_t>());
  return l;
}
/// What is composed of operators, by the names in the file.
template <class T>
std::map<std::string, torch_call<T>> composites() {
  std::map<std::string, torch_call<T>> m;
  using X = const std::vector<var<T>>&;
  using I = const std::vector<index_tensor>&;
  const auto whole = [](const json& a, const char* name) { return a.at(name).get<int>(); };
  const auto axes = [](const json& a) { return over{axes_of(a.at("axes")), a.at("keepdim").get<bool>()}; };
  m["sum_over"] = [=](X x, I, const json& a) { return reduce_sum(x[0], axes(a)); };
  m["mean_over"] = [=](X x, I, const json& a) { return reduce_mean(x[0], axes(a)); };
  m["logsumexp_over"] = [=](X x, I, const json& a) { return logsumexp(x[0], axes(a)); };
  m["stack"] = [=](X x, I, const json& a) { return stack(x, whole(a, "axis")); };
  m["chunk"] = [=](X x, I, const json& a) {
    return chunk(x[0], whole(a, "count"), whole(a, "axis")).at(a.at("piece").get<std::size_t>());
  };
  m["einsum"] = [](X x, I, const json& a) {
    const auto equation = a.at("equation").get<std::string>();
    if (x.size() == 1) return einsum(equation, x[0]);
    if (x.size() == 2) return einsum(equation, x[0], x[1]);
    return einsum(equation, x[0], x[1], x[2]);
  };
  const auto zeros = [](X x) {
    return x[0].where().current_tape().size() > 0
               ? axiograd::impl::constant_beside(x[0], tensor<T>::zeros({x[4].shape()[1], x[1].shape()[1]}))
               : x[0];
  };
  const auto weights = [](X x) { return recurrent_weights<var<T>>{x[0], x[1], x[2], x[3]}; };
  m["rnn"] = [=](X x, I, const json&) {
    auto h = zeros(x);
    return rnn(weights(x), x[4], h);
  };
  m["gru"] = [=](X x, I, const json&) {
    auto h = zeros(x);
    return gru(weights(x), x[4], h);
  };
  m["lstm"] = [=](X x, I, const json&) {
    lstm_state<var<T>> state{zeros(x), zeros(x)};
    return lstm(weights(x), x[4], state);
  };
  return m;
}

/// The result of a case: an operator by its record, or a composite.
template <class T>
var<T> torch_result(const std::string& name, const json& attributes, const std::vector<var<T>>& x,
                    const std::vector<index_tensor>& indices) {
  static const auto composed = composites<T>();
  if (const auto at = composed.find(name); at != composed.end()) return at->second(x, indices, attributes);
  const op_record* const op = find_record(name.c_str());
  if (op == nullptr) throw failure({error_kind::invalid_parameter, "there is no operator " + name});
  return axiograd::call<T>(ok_or_throw(attribute_set::from_json(*op, attributes.dump())), x, indices);
}

template <class T>
tensor<T> tensor_of(const json& j) {
  return tensor<T>::from(axes_of(j.at("shape")), j.at("data").get<std::vector<T>>());
}
/// The largest difference, relative to the largest entry or 1.
template <class T>
double error_of(const tensor<T>& ours, const json& theirs) {
  const auto expected = tensor_of<double>(theirs);
  if (ours.shape() != expected.shape()) return std::numeric_limits<double>::infinity();
  double worst = 0, size = 1;
  for (int64_t i = 0; i < ours.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(ours[i]) - expected[i]));
    size = std::max(size, std::abs(expected[i]));
  }
  return worst / size;
}

/// The largest error of value and gradients in one case.
template <class T>
double torch_error(const json& c) {
  recording<T> r;
  std::vector<var<T>> x;
  for (const json& in : c.at("inputs")) x.push_back(r.leaf(tensor_of<T>(in)));
  std::vector<index_tensor> indices;
  for (const json& in : c.at("indices")) indices.push_back(tensor_of<int64_t>(in));
  const var<T> y = torch_result(c.at("op").get<std::string>(), c.at("attributes"), x, indices);
  double error = error_of(y.value(), c.at("y"));
  const auto gradients = grad(sum(mul(y, r.constant(tensor_of<T>(c.at("w"))))), x);
  for (std::size_t k = 0; k < x.size(); ++k) error = std::max(error, error_of(gradients[k], c.at("gradients")[k]));
  return error;
}

}  // namespace axiograd::conformance
