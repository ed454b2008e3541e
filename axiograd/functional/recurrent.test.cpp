// Recurrent cells beside their formulas in doubles, number by number.

#include <axiograd/functional/random.hpp>
#include <axiograd/functional/recurrent.hpp>
#include <cmath>
#include <gtest/gtest.h>

namespace axiograd {
namespace {

using numbers = tensor<double>;
constexpr int64_t batch = 2, in = 3, hidden = 4;

recurrent_weights<numbers> weights(int64_t gates) {
  const auto some = [](const shape& dims, std::uint64_t number) { return random_normal<double>(dims, {seed{number}, 0}); };
  return {some({gates * hidden, in}, 1), some({gates * hidden, hidden}, 2), some({gates * hidden}, 3),
          some({gates * hidden}, 4)};
}
/// Gate number `gate` of unit `unit` of sample n: the input's part, and the state's.
double part(const numbers& w, const numbers& b, const numbers& x, int64_t gate, int64_t n, int64_t unit) {
  const int64_t row = gate * hidden + unit, width = w.shape()[1];
  double sum = b[row];
  for (int64_t i = 0; i < width; ++i) sum += w[row * width + i] * x[n * width + i];
  return sum;
}
double sigmoid_of(double v) { return 1 / (1 + std::exp(-v)); }

const numbers x = random_normal<double>({batch, in}, {seed{5}, 0}), h = random_normal<double>({batch, hidden}, {seed{6}, 0}),
              c = random_normal<double>({batch, hidden}, {seed{7}, 0});

TEST(recurrent, rnn) {
  const auto w = weights(1);
  const numbers y = rnn_cell(w, x, h);
  for (int64_t n = 0; n < batch; ++n)
    for (int64_t u = 0; u < hidden; ++u)
      EXPECT_NEAR(y(n, u), std::tanh(part(w.w_ih, w.b_ih, x, 0, n, u) + part(w.w_hh, w.b_hh, h, 0, n, u)), 1e-12);
}

TEST(recurrent, gru) {
  const auto w = weights(3);
  const numbers y = gru_cell(w, x, h);
  for (int64_t n = 0; n < batch; ++n)
    for (int64_t u = 0; u < hidden; ++u) {
      const auto of_x = [&](int64_t gate) { return part(w.w_ih, w.b_ih, x, gate, n, u); };
      const auto of_h = [&](int64_t gate) { return part(w.w_hh, w.b_hh, h, gate, n, u); };
      const double r = sigmoid_of(of_x(0) + of_h(0)), z = sigmoid_of(of_x(1) + of_h(1));
      EXPECT_NEAR(y(n, u), (1 - z) * std::tanh(of_x(2) + r * of_h(2)) + z * h(n, u), 1e-12);
    }
}

TEST(recurrent, lstm) {
  const auto w = weights(4);
  const auto y = lstm_cell(w, x, lstm_state<numbers>{h, c});
  for (int64_t n = 0; n < batch; ++n)
    for (int64_t u = 0; u < hidden; ++u) {
      const auto gate = [&](int64_t g) { return part(w.w_ih, w.b_ih, x, g, n, u) + part(w.w_hh, w.b_hh, h, g, n, u); };
      const double cell = sigmoid_of(gate(1)) * c(n, u) + sigmoid_of(gate(0)) * std::tanh(gate(2));
      EXPECT_NEAR(y.c(n, u), cell, 1e-12);
      EXPECT_NEAR(y.h(n, u), sigmoid_of(gate(3)) * std::tanh(cell), 1e-12);
    }
}

TEST(recurrent, a_sequence_is_its_steps_and_leaves_the_last_state) {
  const auto w = weights(3);
  const numbers sequence = random_normal<double>({4, batch, in}, {seed{8}, 0});
  numbers state = h, one = h;
  const numbers y = gru(w, sequence, state);
  ASSERT_EQ(y.shape(), (shape{4, batch, hidden}));
  for (int64_t t = 0; t < 4; ++t) {
    one = gru_cell(w, numbers(select_index(sequence, 0, t)), one);
    for (int64_t i = 0; i < batch * hidden; ++i) EXPECT_NEAR(y[t * batch * hidden + i], one[i], 1e-14);
  }
  for (int64_t i = 0; i < batch * hidden; ++i) EXPECT_NEAR(state[i], one[i], 1e-14);
}

TEST(recurrent, too_few_gates_and_no_steps_are_refused) {
  // 4 units in place of the 12 of three gates: pieces of 2, 2 and nothing.
  EXPECT_THROW(gru_cell(weights(1), x, h), failure);
  EXPECT_THROW(lstm_cell(weights(3), x, lstm_state<numbers>{h, c}), failure);
  numbers state = h;
  EXPECT_THROW(rnn(weights(1), numbers::zeros({0, batch, in}), state), failure);
}

}  // namespace
}  // namespace axiograd
