#pragma once
// Recurrent cells and sequences. Weights are laid out as in PyTorch: w_ih (G H, I), w_hh (G H, H), biases (G H), with G gates.
// Inputs are (N, I), states (N, H); sequences (T, N, I) and (T, N, H).

#include <algorithm>
#include <axiograd/functional/shape.hpp>
#include <axiograd/ops/activation/sigmoid.hpp>
#include <axiograd/ops/activation/tanh.hpp>
#include <axiograd/ops/arithmetic/add.hpp>
#include <axiograd/ops/arithmetic/mul.hpp>
#include <axiograd/ops/arithmetic/sub.hpp>
#include <axiograd/ops/indexing/slice_dim0.hpp>
#include <axiograd/ops/linalg/linear.hpp>

namespace axiograd {

/// The weights of one recurrent layer.
template <class W>
struct recurrent_weights {
  W w_ih, w_hh, b_ih, b_hh;
};

/// The hidden state of an rnn or gru is `h`; an lstm has the cell `c` too.
template <class X>
struct lstm_state {
  X h, c;
};

namespace impl {
// Each cell takes the input's part of its gates, w_ih x + b_ih, so that sequences can compute it for all steps at once.
template <class X, class W>
X rnn_step(const recurrent_weights<W>& w, const X& from_input, const X& h) {
  return tanh(add(from_input, linear(w.w_hh, w.b_hh, h)));
}
template <class X, class W>
X gru_step(const recurrent_weights<W>& w, const X& from_input, const X& h) {
  if (!usable(from_input, "gru")) return from_input;
  const int axis = from_input.shape().rank - 1;
  const auto of_input = chunk(from_input, 3, axis), of_state = chunk(X(linear(w.w_hh, w.b_hh, h)), 3, axis);
  if (of_input.size() != 3 || of_state.size() != 3)
    return refuse(from_input, error_kind::shape_mismatch, "gru: three gates are needed");
  const X r = sigmoid(add(of_input[0], of_state[0])), z = sigmoid(add(of_input[1], of_state[1]));
  const X n = tanh(add(of_input[2], mul(r, of_state[2])));
  return add(n, mul(z, sub(h, n)));
}
template <class X, class W>
lstm_state<X> lstm_step(const recurrent_weights<W>& w, const X& from_input, const lstm_state<X>& state) {
  if (!usable(from_input, "lstm")) return state;
  const X sum = add(from_input, linear(w.w_hh, w.b_hh, state.h));
  if (!usable(sum, "lstm")) return state;
  const auto gates = chunk(sum, 4, sum.shape().rank - 1);
  if (gates.size() != 4) return {refuse(from_input, error_kind::shape_mismatch, "lstm: four gates are needed"), state.c};
  const X c = add(mul(sigmoid(gates[1]), state.c), mul(sigmoid(gates[0]), tanh(gates[2])));
  return {mul(sigmoid(gates[3]), tanh(c)), c};
}

/// Runs `step` over the first axis, from its end if `backwards`; gives the states' outputs along a first axis, each at its
/// step.
template <class X, class State, class Step, class Output>
X over_time(const X& from_inputs, State& state, bool backwards, const Step& step, const Output& output) {
  if (!usable(from_inputs, "a recurrent layer")) return from_inputs;
  const int64_t steps = from_inputs.shape()[0];
  if (steps == 0) return refuse(from_inputs, error_kind::invalid_parameter, "a sequence without steps");
  std::vector<X> outputs;
  for (int64_t i = 0; i < steps; ++i) {
    const int64_t t = backwards ? steps - 1 - i : i;
    state = step(X(squeeze(slice_dim0(from_inputs, {.start = t, .length = 1}), 0)), state);
    outputs.push_back(output(state));
  }
  if (backwards) std::reverse(outputs.begin(), outputs.end());
  return stack(outputs);
}
}  // namespace impl

/// tanh(w_ih x + b_ih + w_hh h + b_hh). Source: Elman 1990. PyTorch: torch.nn.RNNCell.
/// Errors: shape_mismatch.
template <tensor_like X, class W, tensor_like H>
impl::plain<X> rnn_cell(const recurrent_weights<W>& w, const X& x, const H& h) {
  using P = impl::plain<X>;
  return impl::rnn_step<P>(w, linear(w.w_ih, w.b_ih, x), h);
}
/// Gates r, z, n: h' = (1 - z) n + z h, n = tanh(w_in x + b_in + r (w_hn h + b_hn)). Source: Cho et al. 2014. PyTorch:
/// torch.nn.GRUCell. Errors: shape_mismatch.
template <tensor_like X, class W, tensor_like H>
impl::plain<X> gru_cell(const recurrent_weights<W>& w, const X& x, const H& h) {
  using P = impl::plain<X>;
  return impl::gru_step<P>(w, linear(w.w_ih, w.b_ih, x), h);
}
/// Gates i, f, g, o: c' = s(f) c + s(i) tanh(g), h' = s(o) tanh(c'). Source: Hochreiter & Schmidhuber 1997 with forget gates
/// (Gers et al. 2000). PyTorch: torch.nn.LSTMCell. Errors: shape_mismatch.
template <tensor_like X, class W, class H>
lstm_state<impl::plain<X>> lstm_cell(const recurrent_weights<W>& w, const X& x, const lstm_state<H>& state) {
  using P = impl::plain<X>;
  return impl::lstm_step<P>(w, linear(w.w_ih, w.b_ih, x), lstm_state<P>{state.h, state.c});
}

/// The outputs (T, N, H) of a sequence (T, N, I) from the state h, which becomes the last one. At least one step. `backwards`
/// begins at the end of the sequence; outputs stay at their steps.
template <tensor_like X, class W>
impl::plain<X> rnn(const recurrent_weights<W>& w, const X& x, impl::plain<X>& h, bool backwards = false) {
  using P = impl::plain<X>;
  return impl::over_time<P>(
      linear(w.w_ih, w.b_ih, x), h, backwards, [&](const P& in, const P& s) { return impl::rnn_step<P>(w, in, s); },
      [](const P& s) { return s; });
}
template <tensor_like X, class W>
impl::plain<X> gru(const recurrent_weights<W>& w, const X& x, impl::plain<X>& h, bool backwards = false) {
  using P = impl::plain<X>;
  return impl::over_time<P>(
      linear(w.w_ih, w.b_ih, x), h, backwards, [&](const P& in, const P& s) { return impl::gru_step<P>(w, in, s); },
      [](const P& s) { return s; });
}
template <tensor_like X, class W>
impl::plain<X> lstm(const recurrent_weights<W>& w, const X& x, lstm_state<impl::plain<X>>& state, bool backwards = false) {
  using P = impl::plain<X>;
  return impl::over_time<P>(
      linear(w.w_ih, w.b_ih, x), state, backwards,
      [&](const P& in, const lstm_state<P>& s) { return impl::lstm_step<P>(w, in, s); },
      [](const lstm_state<P>& s) { return s.h; });
}

}  // namespace axiograd
