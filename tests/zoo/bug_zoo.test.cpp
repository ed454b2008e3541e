// The bug zoo: what real libraries got wrong, one test for each class. Each states a property as a predicate of an
// implementation; it must hold for the library and fail for the bug planted beside it.

#include <axiograd/axiograd.hpp>
#include <cmath>
#include <gtest/gtest.h>

using namespace axiograd;

namespace {

using numbers = tensor<float>;

numbers sequence(const shape& dims, double step = 0.37) {
  numbers t(dims);
  for (int64_t i = 0; i < t.size(); ++i) t.mutable_data()[i] = static_cast<float>(std::sin(1 + step * static_cast<double>(i)));
  return t;
}
bool all_finite(const numbers& t) {
  return std::all_of(t.begin(), t.end(), [](float x) { return std::isfinite(x); });
}
/// The gradient of the sum of f(x) at x.
template <class F>
numbers gradient_of(const F& f, const numbers& x) {
  recording<float> r;
  const auto v = r.leaf(x);
  return grad(sum(f(v)), {v})[0];
}
numbers row(const numbers& x, int64_t i) { return select_index(x, 0, i); }

/// The property holds for the library and not for the planted bug.
#define EXPECT_CAUGHT(property, library, ...)                  \
  EXPECT_TRUE(property(library)) << "the library has the bug"; \
  EXPECT_FALSE(property(__VA_ARGS__)) << "the test does not notice the bug"

const numbers q = sequence({1, 3, 4}), k = sequence({1, 3, 4}, 0.61), v = sequence({1, 3, 2}, 0.83);

TEST(bug_zoo, attention_mask_sense) {
  // A key that may not be seen has no influence.
  const auto property = [](auto attend) {
    const auto mask = index_tensor::from({3, 3}, {1, 1, 0, 1, 1, 0, 1, 1, 0});
    numbers other = v;
    other.set(100.0F, 0, 2, 0);
    return attend(mask, v) == attend(mask, other);
  };
  EXPECT_CAUGHT(
      property, [](const index_tensor& m, const numbers& x) { return scaled_dot_product_attention(q, k, x, mask_bias(m)); },
      [](index_tensor m, const numbers& x) {
        for (int64_t& i : m.mutable_values()) i = 1 - i;
        return scaled_dot_product_attention(q, k, x, mask_bias(m));
      });
}

TEST(bug_zoo, fully_masked_row) {
  const auto property = [](auto attend) {
    const numbers bias = mask_bias(index_tensor::from({3, 3}, {0, 0, 0, 1, 1, 1, 1, 0, 1}));
    const numbers y = attend(bias);
    return all_finite(y) && y(0, 0, 0) == 0 && y(0, 0, 1) == 0;
  };
  EXPECT_CAUGHT(
      property, [](const numbers& bias) { return scaled_dot_product_attention(q, k, v, bias); },
      [](const numbers& bias) {
        return bmm(softmax(add(scale(bmm(q, transpose(k, 1, 2)), {.factor = 0.5}), unsqueeze(bias, 0))), v);
      });
  const numbers bias = mask_bias(index_tensor::from({3, 3}, {0, 0, 0, 1, 1, 1, 1, 0, 1}));
  EXPECT_TRUE(all_finite(gradient_of(
      [&](const auto& x) {
        return scaled_dot_product_attention(x, impl::constant_beside(x, k), impl::constant_beside(x, v),
                                            impl::constant_beside(x, bias));
      },
      q)));
}

TEST(bug_zoo, causal_flag_ignored) {
  // The first token's result does not see the last token.
  const auto property = [](auto attend) {
    numbers other = v;
    other.set(100.0F, 0, 2, 0);
    return attend(v)(0, 0, 0) == attend(other)(0, 0, 0);
  };
  EXPECT_CAUGHT(
      property, [](const numbers& x) { return scaled_dot_product_attention(q, k, x, {.causal = true}); },
      [](const numbers& x) { return scaled_dot_product_attention(q, k, x); });
}

TEST(bug_zoo, shifted_key_cache) {
  // Decoding one token over cached keys gives the last row of the whole sequence, bit for bit.
  const numbers full = scaled_dot_product_attention(q, k, v, {.causal = true});
  const numbers last = slice(q, {.axis = 1, .start = 2, .stop = 3});
  const auto property = [&](auto cached) {
    const numbers y = scaled_dot_product_attention(last, cached(k), cached(v));
    return y(0, 0, 0) == full(0, 2, 0) && y(0, 0, 1) == full(0, 2, 1);
  };
  EXPECT_CAUGHT(
      property, [](const numbers& x) { return x; },
      [](const numbers& x) {  // one behind: the first token twice, the newest not yet
        return concat(slice(x, {.axis = 1, .start = 0, .stop = 1}), slice(x, {.axis = 1, .start = 0, .stop = 2}), {.axis = 1});
      });
}

TEST(bug_zoo, rotary_position_drift) {
  const numbers x = sequence({5, 4});
  const auto property = [&](auto offset) {
    return rotary(slice_dim0(x, {.start = 3, .length = 2}), {.offset = offset(3)}) ==
           slice_dim0(rotary(x), {.start = 3, .length = 2});
  };
  EXPECT_CAUGHT(property, [](int64_t p) { return p; }, [](int64_t p) { return p - 1; });
}

TEST(bug_zoo, log_of_zero_in_a_loss) {
  const auto property = [](auto loss) {
    const auto p = numbers::from({2}, {0, 1}), t = numbers::from({2}, {1, 0});
    return all_finite(loss(p, t)) &&
           all_finite(gradient_of([&](const auto& x) { return loss(x, impl::constant_beside(x, t)); }, p));
  };
  EXPECT_CAUGHT(
      property, [](const auto& p, const auto& t) { return binary_cross_entropy_loss(p, t); },
      [](const auto& p, const auto& t) {
        const auto one = constant_like(p, 1);
        return neg(
            reduce_mean(add(mul(t, log(maximum(p, constant_like(p, 0)))), mul(sub(one, t), log(sub(one, p)))), {.axis = 0}));
      });
}

TEST(bug_zoo, softmax_then_log) {
  const auto property = [](auto f) { return all_finite(f(numbers::from({2}, {-1000, 0}))); };
  EXPECT_CAUGHT(
      property, [](const numbers& x) { return log_softmax(x); },
      [](const numbers& x) {
        numbers y = softmax(x);
        for (float& p : y.mutable_values()) p = std::log(p);
        return y;
      });
}

TEST(bug_zoo, ignored_labels_in_the_mean) {
  const numbers x = sequence({3, 4});
  const auto labels = index_tensor::from({3}, {1, -100, 2});
  const auto property = [&](auto loss) {
    const numbers kept = cat({slice_dim0(x, {.start = 0, .length = 1}), slice_dim0(x, {.start = 2, .length = 1})});
    const float without = cross_entropy_logits(kept, index_tensor::from({2}, {1, 2})).item();
    return std::abs(loss(x, labels).item() - without) < 1e-6F;
  };
  EXPECT_CAUGHT(
      property, [](const numbers& a, const index_tensor& b) { return cross_entropy_logits(a, b); },
      [](const numbers& a, const index_tensor& b) { return cross_entropy_logits(a, b, {.ignore_index = -1}); });
}

TEST(bug_zoo, all_labels_ignored) {
  const auto property = [](auto loss) { return loss(sequence({2, 3}), index_tensor::from({2}, {-100, -100})).item() == 0; };
  EXPECT_CAUGHT(
      property, [](const numbers& a, const index_tensor& b) { return cross_entropy_logits(a, b); },
      [](const numbers& a, const index_tensor& b) {
        const numbers total = cross_entropy_logits(a, b, {.reduction = reduction::sum});
        return numbers::scalar(total.item() / static_cast<float>(std::count(b.begin(), b.end(), 0)));
      });
}

TEST(bug_zoo, padding_that_is_not_a_number) {
  // What stands in a row that does not count has no part in the loss nor in any gradient.
  numbers x = sequence({2, 3});
  for (int64_t i = 3; i < 6; ++i) x.mutable_data()[i] = std::nanf("");
  const auto labels = index_tensor::from({2}, {1, -100});
  const auto property = [&](auto loss) {
    return all_finite(gradient_of([&](const auto& logits) { return loss(logits, labels); }, x));
  };
  EXPECT_CAUGHT(
      property, [](const auto& a, const index_tensor& b) { return cross_entropy_logits(a, b); },
      [](const auto& a, const index_tensor&) {
        const auto nll = -gather_rows(log_softmax(a), index_tensor::from({1}, {0}));
        return sum(nll) + sum(gather_rows(log_softmax(a), index_tensor::from({1}, {1}))) * 0.0;
      });
}

TEST(bug_zoo, batch_norm_state_in_evaluation) {
  // A result in evaluation depends on the sample alone, and evaluation changes no state.
  nn::batch_norm layer(2);
  layer.init(seed{0});
  const numbers x = sequence({3, 2, 2});
  const auto property = [&](auto evaluate) {
    const numbers together = evaluate(x), again = evaluate(x), alone = evaluate(slice_dim0(x, {.start = 1, .length = 1}));
    return together == again && row(together, 1) == row(alone, 0);
  };
  const nn::evaluation plain;
  EXPECT_CAUGHT(
      property, [&](const numbers& a) { return layer(plain, a); },
      [&](const numbers& a) {
        recording<float> r;
        nn::recorded_parameters<float> training(r);
        return layer(training, r.constant(a)).value();
      });
}

TEST(bug_zoo, batch_norm_forgets_running_statistics) {
  const auto property = [](auto steps) {
    nn::batch_norm layer(1);
    layer.init(seed{0});
    const nn::evaluation plain;
    const auto x = numbers::from({4, 1}, {9, 10, 11, 10});
    steps(layer, x);
    return std::abs(layer(plain, numbers::from({1, 1}, {10})).item()) < 0.1F;
  };
  const auto train = [](auto& layer, const numbers& x, bool training) {
    for (int i = 0; i < 200; ++i) {
      recording<float> r;
      nn::recorded_parameters<float> parameters(r);
      parameters.set_training(training);
      layer(parameters, r.constant(x));
    }
  };
  EXPECT_CAUGHT(
      property, [&](auto& layer, const numbers& x) { train(layer, x, true); },
      [&](auto& layer, const numbers& x) { train(layer, x, false); });
}

TEST(bug_zoo, layer_norm_of_an_axis_of_length_one) {
  const auto beta = numbers::from({1}, {0.7F}), gamma = numbers::from({1}, {3});
  const auto property = [&](auto norm) {
    const numbers x = numbers::from({2, 1}, {1e8F, -3}), y = norm(x);
    return y[0] == 0.7F && y[1] == 0.7F;
  };
  EXPECT_CAUGHT(
      property, [&](const numbers& x) { return layer_norm(x, gamma, beta); },
      [&](const numbers& x) {  // n - 1 under the variance
        numbers y = x;
        for (int64_t i = 0; i < 2; ++i) y.mutable_data()[i] = gamma[0] * (x[i] - x[i]) / std::sqrt(0.0F / 0.0F) + beta[0];
        return y;
      });
  EXPECT_EQ(
      gradient_of([&](const auto& x) { return layer_norm(x, impl::constant_beside(x, gamma), impl::constant_beside(x, beta)); },
                  numbers::from({2, 1}, {1e8F, -3})),
      numbers::zeros({2, 1}));
}

TEST(bug_zoo, constant_slices_of_any_size) {
  const auto gamma = numbers::ones({7}), beta = numbers::full({7}, 0.25F);
  const auto property = [&](auto norm) {
    for (const float size : {1e8F, 1e15F, 1e30F})
      if (norm(numbers::full({1, 7}, size)) != numbers::full({1, 7}, 0.25F)) return false;
    return true;
  };
  EXPECT_CAUGHT(
      property, [&](const numbers& x) { return layer_norm(x, gamma, beta); },
      [&](const numbers& x) {  // the variance as E x^2 - (E x)^2
        float m = 0, s = 0;
        for (const float a : x) m += a / 7, s += a * a / 7;
        numbers y = x;
        for (float& a : y.mutable_values()) a = (a - m) / std::sqrt(s - m * m + 1e-6F) + 0.25F;
        return y;
      });
}

TEST(bug_zoo, epsilon_outside_the_root) {
  const auto property = [](auto norm) {
    const numbers y = norm(numbers::from({1, 2}, {1e-3F, -1e-3F}));  // variance 1e-6 = epsilon
    return std::abs(y[0] - std::sqrt(0.5F)) < 1e-5F;
  };
  EXPECT_CAUGHT(
      property, [](const numbers& x) { return layer_norm(x, numbers::ones({2}), numbers::zeros({2})); },
      [](const numbers& x) { return scale(x, {.factor = 1 / (1e-3 + 1e-6)}); });
}

TEST(bug_zoo, silent_broadcasting) {
  const auto a = sequence({3}), b = sequence({3, 1});
  const auto property = [&](auto subtract) {
    try {
      subtract(a, b);
      return false;
    } catch (const failure& f) {
      return f.kind() == error_kind::shape_mismatch;
    }
  };
  EXPECT_CAUGHT(
      property, [](const numbers& x, const numbers& y) { return sub(x, y); },
      [](const numbers& x, const numbers& y) {
        return sub(broadcast_to(x, {.dims = {3, 3}}), broadcast_to(y, {.dims = {3, 3}}));
      });
}

TEST(bug_zoo, lost_keepdim) {
  const numbers x = sequence({2, 3});
  const auto property = [&](auto total) {
    try {
      return sub(x, broadcast_to(total(x), {.dims = {2, 3}})).shape() == shape{2, 3};
    } catch (const failure&) {
      return false;
    }
  };
  EXPECT_CAUGHT(
      property, [](const numbers& a) { return reduce_sum(a, over{{1}, true}); },
      [](const numbers& a) { return reduce_sum(a, over{{1}, false}); });
}

TEST(bug_zoo, result_depends_on_its_batch) {
  const numbers x = sequence({33, 19});
  const auto property = [&](auto f) {
    const numbers all = f(x);
    for (int64_t i = 0; i < 33; ++i)
      if (row(f(slice_dim0(x, {.start = i, .length = 1})), 0) != row(all, i)) return false;
    return true;
  };
  EXPECT_CAUGHT(
      property, [](const numbers& a) { return layer_norm(softmax(a), numbers::ones({19}), numbers::zeros({19})); },
      [](const numbers& a) { return batch_norm(a, numbers::ones({19}), numbers::zeros({19})); });
}

TEST(bug_zoo, gather_out_of_range) {
  const numbers table = sequence({3, 2});
  const auto property = [&](auto gather) {
    const numbers y = gather(table, index_tensor::from({3}, {-1, 3, 1}));
    return y[0] == 0 && y[1] == 0 && y[2] == 0 && y[3] == 0 && row(y, 2) == row(table, 1);
  };
  EXPECT_CAUGHT(
      property, [](const numbers& t, const index_tensor& i) { return gather_rows(t, i); },
      [](const numbers& t, index_tensor i) {
        for (int64_t& at : i.mutable_values()) at = std::clamp<int64_t>(at, 0, 2);
        return gather_rows(t, i);
      });
}

TEST(bug_zoo, token_beyond_the_vocabulary) {
  const nn::embedding layer(5, 2);
  const nn::evaluation plain;
  const auto property = [&](auto look_up) {
    try {
      look_up(index_tensor::from({2}, {0, 5}));
      return false;
    } catch (const failure& f) {
      return f.kind() == error_kind::index_out_of_range;
    }
  };
  EXPECT_CAUGHT(
      property, [&](const index_tensor& i) { return layer(plain, i); },
      [&](const index_tensor& i) { return gather_rows(sequence({5, 2}), i); });
}

TEST(bug_zoo, ties_in_max_pooling) {
  // One entry of a window gets the gradient, the first.
  const auto property = [](auto gradient) {
    return gradient(numbers::full({1, 2, 2}, 3)) == numbers::from({1, 2, 2}, {1, 0, 0, 0});
  };
  EXPECT_CAUGHT(
      property,
      [](const numbers& x) { return gradient_of([](const auto& a) { return max_pool2d(a, {.kernel = {2, 2}}); }, x); },
      [](const numbers& x) { return numbers::full(x.shape(), 1); });
}

TEST(bug_zoo, masking_after_a_division_by_zero) {
  // The entry that is not taken leaves no NaN in the gradient: mask the divisor, not the quotient.
  const auto mask = numbers::from({2}, {1, 0});
  const auto property = [&](auto divide) {
    const auto g =
        gradient_of([&](const auto& x) { return divide(impl::constant_beside(x, mask), x); }, numbers::from({2}, {2, 0}));
    return g == numbers::from({2}, {-0.25F, 0});
  };
  EXPECT_CAUGHT(
      property,
      [](const auto& m, const auto& x) {
        const auto one = constant_like(x, 1);
        return where(m, div(one, where(m, x, one)), constant_like(x, 0));
      },
      [](const auto& m, const auto& x) { return where(m, div(constant_like(x, 1), x), constant_like(x, 0)); });
}

TEST(bug_zoo, dropout_in_evaluation) {
  nn::dropout layer(0.5);
  layer.init(seed{1});
  const numbers x = numbers::ones({64});
  const auto property = [&](auto evaluate) { return evaluate(x) == x; };
  const nn::evaluation plain;
  EXPECT_CAUGHT(
      property, [&](const numbers& a) { return layer(plain, a); },
      [&](const numbers& a) {
        recording<float> r;
        nn::recorded_parameters<float> training(r);
        return layer(training, r.constant(a)).value();
      });
}

TEST(bug_zoo, dropout_repeats_its_mask) {
  nn::dropout layer(0.5);
  layer.init(seed{1});
  const numbers x = numbers::ones({64});
  const auto property = [&](auto draw) { return draw() != draw(); };
  EXPECT_CAUGHT(
      property,
      [&] {
        recording<float> r;
        nn::recorded_parameters<float> training(r);
        return layer(training, r.constant(x)).value();
      },
      [&] { return dropout(x, 0.5, {seed{1}, 0}); });
}

}  // namespace
