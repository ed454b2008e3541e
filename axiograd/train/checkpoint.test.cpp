#include <axiograd/functional/random.hpp>
#include <axiograd/io/scratch.test.hpp>
#include <axiograd/nn/layers.hpp>
#include <axiograd/nn/normalization.hpp>
#include <axiograd/nn/sequence.hpp>
#include <axiograd/nn/sequential.hpp>
#include <axiograd/ops/loss/cross_entropy_labels.hpp>
#include <axiograd/ops/loss/cross_entropy_logits.hpp>
#include <axiograd/train/checkpoint.hpp>
#include <limits>

using namespace axiograd;
using namespace axiograd::train;
using io::message_of;
using io::scratch_folder;

namespace {

auto small_model(int64_t hidden = 3) { return nn::sequential{nn::linear{2, hidden}, nn::relu{}, nn::linear{hidden, 2}}; }
using model_type = decltype(small_model());

std::vector<tensor<float>> values_of(const model_type& model) {
  std::vector<tensor<float>> values;
  for (const auto& p : model.parameters()) values.push_back(tensor<float>::from(p.value.shape(), p.value.value().values()));
  return values;
}

/// A file as save_checkpoint writes it, with something changed.
template <class Change>
std::string changed(const scratch_folder& folder, const char* name, Change change) {
  model_type model = small_model();
  nn::adamw optimiser(model.parameters());
  const auto zeros = tensor<float>::zeros({8});
  optimiser.step([&](const nn::parameter&) { return zeros.data(); });
  const std::string path = folder / name;
  save_checkpoint(
      path, {.model = "small", .data = "d", .options = {.start = seed{5}}, .steps = 0, .history = {{1, 0.5, 2, 0.25, 1e-3}}},
      optimiser);
  io::tensor_file file = ok_or_throw(io::read_tensors(path));
  change(file);
  ok_or_throw(io::write_tensors(path, file));
  return path;
}

TEST(checkpoint, keeps_every_number) {
  const scratch_folder folder;
  model_type model = small_model();
  const nn::adamw_options every{.learning_rate = 0.1, .beta1 = 0.8, .beta2 = 0.97, .epsilon = 1e-7, .weight_decay = 1.0 / 3};
  nn::adamw optimiser(model.parameters(), every);
  const auto ones = tensor<float>::ones({8});
  for (int step = 0; step < 4; ++step) optimiser.step([&](const nn::parameter&) { return ones.data(); });
  const training_state state{.model = "small",
                             .data = "abc",
                             .options = {.epochs = 9,
                                         .batch_size = 7,
                                         .learning_rate = 0.1 / 3,
                                         .decay = 0.7,
                                         .weight_decay = 1e-3,
                                         .start = seed{~std::uint64_t{0}}},
                             .steps = 0,
                             .history = {{1.0 / 3, 0.5, 0.1, 0.9, 1e-300}, {0, 1, 2, 1.0 / 3, 4}}};
  save_checkpoint(folder / "c.safetensors", state, optimiser);
  const checkpoint c = read_checkpoint(folder / "c.safetensors", "small");
  EXPECT_EQ(c.state.data, "abc");
  EXPECT_EQ(c.state.options.epochs, 9);
  EXPECT_EQ(c.state.options.batch_size, 7);
  EXPECT_EQ(c.state.options.learning_rate, 0.1 / 3);
  EXPECT_EQ(c.state.options.decay, 0.7);
  EXPECT_EQ(c.state.options.weight_decay, 1e-3);
  EXPECT_EQ(c.state.options.start, seed{~std::uint64_t{0}});
  EXPECT_EQ(c.state.steps, 4);
  EXPECT_EQ(c.state.history, state.history);

  model_type other = small_model();
  other.init(seed{99});
  nn::adamw fresh(other.parameters());
  restore(c, fresh);
  EXPECT_EQ(values_of(other), values_of(model));
  EXPECT_EQ(fresh.state(), optimiser.state());
  EXPECT_EQ(fresh.steps(), 4);
  EXPECT_EQ(fresh.settings(), optimiser.settings());
  EXPECT_EQ(fresh.options.weight_decay, 1.0 / 3);
}

// Running statistics, their count, masks and projections that a file holds together: a model that has all of them goes on to
// the same bits as if nobody had stopped it.
TEST(checkpoint, a_model_with_masks_and_running_statistics_goes_on_to_the_same_bits) {
  const scratch_folder folder;
  const auto make = [] {
    return nn::sequential{nn::linear{2, 8}, nn::batch_norm{8}, nn::dropout{0.5}, nn::multi_head_attention{8, 2},
                          nn::linear{8, 2}};
  };
  const auto train = [](auto& model, nn::optimiser& optimiser, int first, int last) {
    for (int i = first; i < last; ++i) {
      const auto x = random_normal({6, 2}, {seed{1}, static_cast<std::uint64_t>(i)});
      const auto loss = [&](auto& m) { return cross_entropy_logits(m(x), index_tensor::from({6}, {0, 1, 0, 1, 1, 0})); };
      model.step(loss, dynamic_cast<nn::adamw&>(optimiser));
    }
  };
  auto whole = make(), cut = make(), rest = make();
  whole.init(seed{4});
  cut.init(seed{4});
  nn::adamw one(whole.parameters()), two(cut.parameters()), three(rest.parameters());
  train(whole, one, 0, 8);
  train(cut, two, 0, 5);
  save_checkpoint(folder / "c", {.model = "m", .data = "d", .options = {}, .steps = 0, .history = {}}, two);
  const checkpoint c = read_checkpoint(folder / "c", "m");
  EXPECT_TRUE(c.content.tensors.contains("random.2.draws"));
  EXPECT_TRUE(c.content.tensors.contains("model.3.in_proj_weight"));
  EXPECT_EQ(*c.content.get<int64_t>("model.1.num_batches_tracked"), index_tensor::scalar(5));
  restore(c, three);
  train(rest, three, 5, 8);
  for (const auto* const path : {"whole", "rest"}) io::save(folder / path, path[0] == 'w' ? whole : rest);
  EXPECT_EQ(io::content_of(folder / "whole"), io::content_of(folder / "rest"));
  EXPECT_EQ(one.state(), three.state());
}

TEST(checkpoint, format_1_is_refused_by_name) {
  const scratch_folder folder;
  const std::string path = changed(folder, "c.safetensors", [](io::tensor_file& f) {
    f.metadata["format"] = "axiograd checkpoint 1";
    f.metadata.erase("optimiser");
  });
  EXPECT_EQ(
      message_of([&] { read_checkpoint(path, "small"); }),
      path +
          ": an axiograd checkpoint 1 file, of an earlier version of axiograd: it lacks the optimiser's options and cannot "
          "be resumed; train again");
}

TEST(checkpoint, what_is_not_one_is_refused) {
  const scratch_folder folder;
  const auto problem = [&](auto change) {
    const std::string path = changed(folder, "c.safetensors", change);
    return message_of([&] { read_checkpoint(path, "small"); }).substr(path.size() + 2);
  };
  EXPECT_EQ(problem([](io::tensor_file& f) { f.metadata.clear(); }), "not an axiograd checkpoint 2 file (its format: none)");
  EXPECT_EQ(problem([](io::tensor_file& f) { f.metadata["format"] = "pt"; }),
            "not an axiograd checkpoint 2 file (its format: 'pt')");
  EXPECT_EQ(problem([](io::tensor_file& f) { f.metadata["model"] = "big"; }), "holds the model 'big', expected 'small'");
  EXPECT_EQ(problem([](io::tensor_file& f) { f.metadata.erase("seed"); }), "metadata lack 'seed'");
  EXPECT_EQ(problem([](io::tensor_file& f) { f.metadata["seed"] = "-1"; }), "metadata 'seed': '-1' is not a number that fits");
  EXPECT_EQ(problem([](io::tensor_file& f) { f.metadata["decay"] = "nan"; }),
            "metadata 'decay': 'nan' is not a number that fits");
  EXPECT_EQ(problem([](io::tensor_file& f) { f.metadata["history"] = "1 2 3;"; }),
            "metadata 'history': '' is not a number that fits");
  EXPECT_EQ(problem([](io::tensor_file& f) { f.metadata["history"] = "1 2 3 4 5 6;"; }),
            "metadata 'history': a row is too long");
}

TEST(checkpoint, numbers_that_contradict_each_other_are_refused) {
  const scratch_folder folder;
  const auto problem = [&](const char* key, const char* text) {
    const std::string path = changed(folder, "c.safetensors", [&](io::tensor_file& f) { f.metadata[key] = text; });
    const std::string message = message_of([&] { read_checkpoint(path, "small"); });
    return message.starts_with(path) ? message.substr(path.size() + 2) : message;
  };
  EXPECT_EQ(problem("batch_size", "16"), "no failure");
  EXPECT_EQ(problem("batch_size", "0"), "the batch size is 0, expected at least 1");
  EXPECT_EQ(problem("epochs", "-1"), "epochs is -1, expected at least 0");
  EXPECT_EQ(problem("epochs", "0"), "the history has 1 epochs, of 0 wanted");
  EXPECT_EQ(problem("learning_rate", "0"), "the learning rate is 0, expected a positive number");
  EXPECT_EQ(problem("decay", "-1"), "the decay is -1, expected a positive number");
  EXPECT_EQ(problem("weight_decay", "-0.5"), "the weight decay is -0.5, expected a number from 0");
  EXPECT_EQ(problem("weight_decay", "inf"), "metadata 'weight_decay': 'inf' is not a number that fits");
  EXPECT_EQ(problem("steps", "-1"), "steps is -1, expected at least 0");
  EXPECT_EQ(problem("steps", "0"), "0 steps do not make the 1 complete epochs of the history");
  EXPECT_EQ(problem("history", ""), "no failure");  // of a loop that keeps none
  EXPECT_EQ(problem("history", "1 0.5 2 0.25 1;1 0.5 2 0.25 1;"), "1 steps do not make the 2 complete epochs of the history");
  EXPECT_EQ(problem("history", "-1 0.5 2 0.25 1;"),
            "history, epoch 1: the training loss is -1, expected a finite number from 0");
  EXPECT_EQ(problem("history", "1 1.5 2 0.25 1;"),
            "history, epoch 1: the training accuracy is 1.5, expected a number between 0 and 1");
  EXPECT_EQ(problem("history", "1 0.5 -2 0.25 1;"), "history, epoch 1: the test loss is -2, expected a finite number from 0");
  EXPECT_EQ(problem("history", "1 0.5 2 -0.25 1;"),
            "history, epoch 1: the test accuracy is -0.25, expected a number between 0 and 1");
  EXPECT_EQ(problem("history", "1 0.5 2 0.25 -1;"), "history, epoch 1: the time is -1, expected a finite number of seconds");
  EXPECT_EQ(problem("history", "1 0.5 nan 0.25 1;"), "metadata 'history': 'nan' is not a number that fits");
  EXPECT_EQ(problem("history", "1 0.5 1e308 0.9999999999999999 1e308;"), "no failure");
}

TEST(checkpoint, tensors_with_values_that_are_no_finite_numbers_are_refused) {
  const scratch_folder folder;
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  const auto problem = [&](const char* name, const tensor<float>& values) {
    const std::string path =
        changed(folder, "c.safetensors", [&](io::tensor_file& f) { f.tensors.insert_or_assign(name, values); });
    return message_of([&] { read_checkpoint(path, "small"); }).substr(path.size() + 2);
  };
  EXPECT_EQ(problem("model.2.bias", tensor<float>::from({2}, {1, nan})),
            "tensor 'model.2.bias': entry 1 is nan, expected a finite number");
  EXPECT_EQ(problem("model.0.bias", tensor<float>::from({3}, {-inf, 1, 2})),
            "tensor 'model.0.bias': entry 0 is -inf, expected a finite number");
  EXPECT_EQ(problem("optimiser.mean_square.2.bias", tensor<float>::from({2}, {inf, 1})),
            "tensor 'optimiser.mean_square.2.bias': entry 0 is inf, expected a finite number");
}

TEST(checkpoint, what_would_be_refused_is_not_written) {
  const scratch_folder folder;
  const std::string path = folder.put("c.safetensors", "old");
  model_type model = small_model();
  nn::adamw optimiser(model.parameters());
  const auto problem = [&](const training_state& state) {
    const std::string message = message_of([&] { save_checkpoint(path, state, optimiser); });
    EXPECT_EQ(io::content_of(path), "old");
    return message.substr(path.size() + 2);
  };
  const std::vector<epoch_record> one{{1, 0.5, 2, 0.25, 1}};
  EXPECT_EQ(problem({.model = "small", .data = "d", .options = {}, .steps = 0, .history = one}),
            "nothing was saved: 0 steps do not make the 1 complete epochs of the history");
  EXPECT_EQ(problem({.model = "small", .data = "d", .options = {.decay = -1}, .steps = 0, .history = {}}),
            "nothing was saved: the decay is -1, expected a positive number");
  auto parameters = model.parameters();
  parameters[1].value.mutable_data()[2] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(problem({.model = "small", .data = "d", .options = {}, .steps = 0, .history = {}}),
            "nothing was saved: tensor 'model." + parameters[1].name + "': entry 2 is nan, expected a finite number");
}

TEST(checkpoint, nothing_is_half_restored) {
  const scratch_folder folder;
  model_type model = small_model();
  model.init(seed{1});
  nn::adamw optimiser(model.parameters());
  const auto before = values_of(model);
  const auto problem = [&](auto change) {
    const std::string path = changed(folder, "c.safetensors", change);
    const checkpoint c = read_checkpoint(path, "small");
    const std::string text = message_of([&] { restore(c, optimiser); });
    EXPECT_EQ(values_of(model), before);
    EXPECT_EQ(optimiser.steps(), 0);
    EXPECT_EQ(optimiser.settings(), nn::adamw(model.parameters()).settings());
    return text.starts_with(path) ? text.substr(path.size() + 2) : text;
  };
  EXPECT_EQ(problem([](io::tensor_file& f) { f.metadata["optimiser"] = "sgd"; }),
            "holds the state of the optimiser 'sgd', not of adamw");
  EXPECT_EQ(problem([](io::tensor_file& f) { f.metadata.erase("optimiser.beta2"); }), "metadata lack 'optimiser.beta2'");
  EXPECT_EQ(problem([](io::tensor_file& f) { f.metadata["optimiser.epsilon"] = "inf"; }),
            "metadata 'optimiser.epsilon': 'inf' is not a number that fits");
  const auto zeros = [](const shape& s) { return io::stored_tensor(tensor<float>::zeros(s)); };
  EXPECT_EQ(problem([](io::tensor_file& f) { f.tensors.erase("optimiser.mean.2.bias"); }),
            "the optimiser's state lacks 'mean.2.bias'");
  EXPECT_EQ(problem([&](io::tensor_file& f) { f.tensors.emplace("optimiser.more", zeros({1})); }),
            "the optimiser has no such state as this file holds");
  EXPECT_EQ(problem([&](io::tensor_file& f) { f.tensors.emplace("what", zeros({1})); }), "unexpected tensor 'what'");
  EXPECT_EQ(problem([&](io::tensor_file& f) { f.tensors.emplace("model.5.weight", zeros({1})); }),
            "the model has no parameter '5.weight'");
  EXPECT_NE(problem([](io::tensor_file& f) { f.tensors.erase("model.2.bias"); }).find("2.bias"), std::string::npos);
  EXPECT_EQ(problem([&](io::tensor_file& f) { f.tensors.insert_or_assign("model.2.bias", zeros({5})); }),
            "tensor '2.bias' has shape (5), the model expects (2)");
  EXPECT_NE(problem([&](io::tensor_file& f) { f.tensors.insert_or_assign("optimiser.mean.0.weight", zeros({5})); }).find("(5)"),
            std::string::npos);
  EXPECT_NE(problem([](io::tensor_file& f) {
              f.tensors.insert_or_assign("model.2.bias", io::stored_tensor(tensor<double>::zeros({2})));
            }).find("F64"),
            std::string::npos);
}

TEST(checkpoint, an_optimiser_without_steps_has_seen_nothing) {
  const scratch_folder folder;
  const std::string path = changed(folder, "c.safetensors", [](io::tensor_file& f) {
    f.metadata["steps"] = "0";
    f.metadata["history"] = "";
    f.tensors.insert_or_assign("optimiser.mean.2.bias", tensor<float>::from({2}, {0, 1}));
  });
  model_type model = small_model();
  nn::adamw optimiser(model.parameters());
  EXPECT_EQ(message_of([&] { restore(read_checkpoint(path, "small"), optimiser); }),
            path + ": the optimiser has made no step, but its state 'mean.2.bias' is not zero");
}

TEST(model_file, weights_that_are_no_finite_numbers_are_refused_by_name) {
  const scratch_folder folder;
  const std::string path = folder / "m.safetensors";
  model_type other = small_model();
  other.init(seed{8});
  const auto before = values_of(other);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    model_type model = small_model();
    auto parameters = model.parameters();
    parameters[2].value.mutable_data()[3] = bad;
    io::save(path, model, model_facts("small"));
    EXPECT_TRUE(io::read_tensors(path));  // the format has these numbers, and a tensor may
    EXPECT_EQ(
        message_of([&] { load_model(path, other, "small"); }),
        path + ": tensor '" + parameters[2].name + "': entry 3 is " + (bad > 0 ? "inf" : "nan") + ", expected a finite number");
    EXPECT_EQ(values_of(other), before);
  }
}

TEST(model_file, only_the_named_model_is_loaded) {
  const scratch_folder folder;
  model_type model = small_model();
  const std::string path = folder / "m.safetensors";
  io::save(path, model, model_facts("small", {{"seed", "4"}}));
  model_type other = small_model();
  other.init(seed{8});
  EXPECT_EQ(load_model(path, other, "small").at("seed"), "4");
  EXPECT_EQ(values_of(other), values_of(model));
  EXPECT_EQ(message_of([&] { load_model(path, other, "large"); }), path + ": holds the model 'small', expected 'large'");
  io::save(path, model);
  EXPECT_EQ(message_of([&] { load_model(path, other, "small"); }), path + ": not an axiograd model 1 file (its format: none)");
}

TEST(fingerprint, follows_samples_and_labels) {
  const auto x = tensor<float>::from({2, 2}, {1, 2, 3, 4});
  const auto y = tensor<float>::from({2, 2}, {1, 2, 4, 3});
  const auto a = index_tensor::from({2}, {0, 1}), b = index_tensor::from({2}, {1, 1});
  EXPECT_EQ(fingerprint(x, a), fingerprint(x, a));
  EXPECT_NE(fingerprint(x, a), fingerprint(y, a));
  EXPECT_NE(fingerprint(x, a), fingerprint(x, b));
}

}  // namespace
