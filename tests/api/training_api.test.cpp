// Program 10 of the public interface: training, saving and loading a model.

#include <axiograd/axiograd.hpp>
#include <cstdio>
#include <gtest/gtest.h>
#include <optional>

namespace ag = axiograd;

namespace {

TEST(PublicApi, P10_Training) {
  const auto digits = ag::ok_or_throw(ag::io::load_digits(AXG_SOURCE_DIR "/data/digits/digits.csv.gz"));
  const auto [train, test] = ag::ok_or_throw(ag::io::split(digits, {.test_fraction = 0.8}));

  ag::nn::sequential model{ag::nn::conv2d{1, 16, 3}, ag::nn::relu{}, ag::nn::max_pool2d{2}, ag::nn::flatten{},
                           ag::nn::linear{16 * 3 * 3, 10}};
  model.init(ag::seed{42});
  ag::nn::adamw optimiser{model.parameters(), {.learning_rate = 1e-2}};
  float first = 0, last = 0;
  for (std::uint64_t epoch = 0; epoch < 5; ++epoch)
    for (auto [images, labels] : ag::io::batches(train, {.size = 64, .shuffle = ag::seed{1}, .epoch = epoch})) {
      last = model.step([&](auto& m) { return ag::cross_entropy_logits(m(images), labels); }, optimiser);
      if (first == 0) first = last;
    }
  EXPECT_LT(last, first / 3);

  const std::string path = testing::TempDir() + "axiograd_public_api.safetensors";
  ag::io::save(path, model);
  ag::nn::sequential again{ag::nn::conv2d{1, 16, 3}, ag::nn::relu{}, ag::nn::max_pool2d{2}, ag::nn::flatten{},
                           ag::nn::linear{16 * 3 * 3, 10}};
  ag::io::load(path, again);
  EXPECT_EQ(model(test.inputs), again(test.inputs));
  std::remove(path.c_str());
}

TEST(PublicApi, P10_EqualSeedsTrainToEqualBits) {
  const auto x = ag::tensor<float>::from({4, 2}, {0, 0, 0, 1, 1, 0, 1, 1});
  const auto labels = ag::index_tensor::from({4}, {0, 1, 1, 0});
  const auto trained = [&](int threads) {
    ag::set_num_threads(threads);
    ag::nn::sequential model{ag::nn::linear{2, 16}, ag::nn::tanh{}, ag::nn::linear{16, 2}};
    model.init(ag::seed{7});
    ag::nn::sgd optimiser{model.parameters(), {.learning_rate = 0.5, .momentum = 0.9}};
    for (int step = 0; step < 100; ++step)
      model.step([&](auto& m) { return ag::cross_entropy_logits(m(x), labels); }, optimiser);
    return model(x);
  };
  const auto one = trained(1);
  EXPECT_EQ(one, trained(2));
  for (int i = 0; i < 4; ++i) EXPECT_GT(one(i, labels[i]), one(i, 1 - labels[i]));  // it has learnt XOR
}

TEST(PublicApi, P10_VariablesOfOtherTapesAreErrorsAndNothingIsLearnt) {
  const auto x = ag::tensor<float>::from({4, 2}, {0, 0, 0, 1, 1, 0, 1, 1});
  const auto labels = ag::index_tensor::from({4}, {0, 1, 1, 0});
  ag::nn::sequential model{ag::nn::linear{2, 16}, ag::nn::tanh{}, ag::nn::linear{16, 2}};
  model.init(ag::seed{7});
  ag::nn::sgd optimiser{model.parameters(), {.learning_rate = 0.5}};
  const auto before = model(x);
  const auto message_of = [&](const auto& loss) -> std::string {
    try {
      model.step(loss, optimiser);
    } catch (const ag::failure& e) {
      EXPECT_EQ(e.kind(), ag::error_kind::invalid_node_id);
      return e.what();
    }
    return "nothing";
  };
  ag::recording<float> other;
  const auto foreign = other.leaf(x);
  EXPECT_EQ(message_of([&](auto& m) { return ag::cross_entropy_logits(m(foreign), labels); }),
            "linear: the variable of node 0 belongs to another recorder");
  EXPECT_EQ(message_of([&](auto& m) { return m(x), ag::sum(foreign); }),
            "step: the variable of node 1 belongs to another recorder");
  std::optional<ag::var<float>> kept;  // from one step to the next
  const auto keeps = [&](auto& m) {
    const ag::var<float> loss = ag::cross_entropy_logits(m(x), labels);
    return std::exchange(kept, loss).value_or(loss);
  };
  EXPECT_EQ(model(x), before);
  model.step(keeps, optimiser);
  EXPECT_EQ(message_of(keeps).substr(0, 49),
            "step: the variable of node " + std::to_string(kept->id()) + " is from before its r");
}

TEST(PublicApi, P10_ParametersAreRecordedAnewAfterAClear) {
  ag::recording<float> tape;
  ag::nn::recorded_parameters<float> used(tape);
  ag::nn::parameter p({2});
  p.set(ag::tensor<float>::from({2}, {3, 4}));
  const auto first = used.use(p);
  EXPECT_EQ(used.use(p).id(), first.id());
  tape.clear();
  tape.leaf(ag::tensor<float>::zeros({5}));  // has the number that the parameter had
  EXPECT_EQ(used.use(p).value(), p.value());
  EXPECT_THROW(first.value(), ag::failure);
}

}  // namespace
