// The least and the largest that a training takes, and what it counts.

#include <axiograd/train/classifier.hpp>
#include <gtest/gtest.h>
#include <limits>

using namespace axiograd;
using namespace axiograd::train;

namespace {

classifier_options least() {
  classifier_options o;
  o.epochs = 0;
  o.batch_size = 1;
  o.learning_rate = std::numeric_limits<double>::denorm_min();
  o.decay = std::numeric_limits<double>::denorm_min();
  o.weight_decay = 0;
  return o;
}

TEST(training_options, the_least_is_taken_and_what_is_less_is_not) {
  EXPECT_EQ(checked(least()).batch_size, 1);
  constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  const auto refused = []<class T>(T classifier_options::* member, std::type_identity_t<T> value) {
    classifier_options o = least();
    o.*member = value;
    EXPECT_THROW(checked(o), failure) << value;
  };
  refused(&classifier_options::epochs, -1);
  refused(&classifier_options::batch_size, 0);
  for (const double bad : {0.0, -1.0, inf, nan}) {
    refused(&classifier_options::learning_rate, bad);
    refused(&classifier_options::decay, bad);
  }
  for (const double bad : {-1.0, nan}) refused(&classifier_options::weight_decay, bad);
}

TEST(training_options, right_answers_are_counted_row_by_row) {
  const auto logits = tensor<float>::from({4, 3}, {1, 2, 3, 3, 2, 1, 0, 5, 0, 7, 7, 1});
  EXPECT_EQ(count_correct(logits, index_tensor::from({4}, {2, 0, 1, 0})), 4) << "of equal scores the first";
  EXPECT_EQ(count_correct(logits, index_tensor::from({4}, {2, 1, 1, 1})), 2);
  EXPECT_EQ(count_correct(logits, index_tensor::from({4}, {0, 1, 2, 2})), 0);
  EXPECT_EQ(count_correct(tensor<float>::zeros({0, 3}), index_tensor::zeros({0})), 0);
}

TEST(training_options, a_checkpoint_continues_its_own_training_only) {
  checkpoint from;
  from.path = "c";
  from.state.data = "d";
  from.state.options = least();
  from.state.options.epochs = 5;
  from.state.history.resize(3);
  from.state.steps = 3 * 7;
  training_state wanted = from.state;
  wanted.history.clear();
  const auto refusal = [&](const auto& change) {
    training_state other = wanted;
    change(other);
    try {
      require_same_training(from, other, 7);
    } catch (const failure& e) {
      return e.kind() == error_kind::invalid_parameter;
    }
    return false;
  };
  EXPECT_FALSE(refusal([](training_state&) {}));
  EXPECT_FALSE(refusal([](training_state& s) { s.options.epochs = 3; })) << "as many as it has";
  EXPECT_FALSE(refusal([](training_state& s) { s.options.epochs = 100; }));
  EXPECT_TRUE(refusal([](training_state& s) { s.options.epochs = 2; }));
  EXPECT_TRUE(refusal([](training_state& s) { s.data = "e"; }));
  EXPECT_TRUE(refusal([](training_state& s) { s.options.start.value += 1; }));
  EXPECT_TRUE(refusal([](training_state& s) { s.options.batch_size = 2; }));
  EXPECT_TRUE(refusal([](training_state& s) { s.options.learning_rate *= 2; }));
  EXPECT_TRUE(refusal([](training_state& s) { s.options.decay *= 2; }));
  EXPECT_TRUE(refusal([](training_state& s) { s.options.weight_decay = 0.5; }));
  EXPECT_THROW(require_same_training(from, wanted, 8), failure) << "steps that do not make its epochs";
}

}  // namespace
