#include <axiograd/io/digits.hpp>
#include <axiograd/io/scratch.test.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <axiograd/nn/layers.hpp>
#include <axiograd/train/classifier.hpp>
#include <axiograd/train/digits.hpp>

using namespace axiograd;
using namespace axiograd::train;
using io::message_of;
using io::scratch_folder;

namespace {

using training = classifier_training<digits_model>;

/// 96 digits to learn and 48 to test.
const io::train_and_test& few_digits() {
  static const io::train_and_test data = [] {
    const io::dataset all = ok_or_throw(io::load_digits(io::in_repository("data/digits/digits.csv.gz")));
    std::vector<int64_t> first(144);
    for (std::size_t i = 0; i < first.size(); ++i) first[i] = static_cast<int64_t>(i);
    return ok_or_throw(io::split(ok_or_throw(io::samples_at(all, first)), {.test_fraction = 1.0 / 3}));
  }();
  return data;
}

/// A model and its training, as a fresh process would make them.
struct session {
  digits_model model = make_digits_model();
  training t;
  explicit session(int64_t epochs, std::uint64_t start = 3)
      : t(model, digits_model_name, few_digits().train, few_digits().test,
          {.epochs = epochs, .batch_size = 20, .start = seed{start}}) {}
  std::string model_bytes() const {
    const scratch_folder folder;
    io::save(folder / "m.safetensors", model, model_facts(digits_model_name));
    return io::content_of(folder / "m.safetensors");
  }
};

TEST(classifier, learns) {
  session s(8);
  int batches = 0;
  int64_t last_epoch = 0;
  EXPECT_TRUE(s.t.run({.batch =
                           [&](const batch_record& now) {
                             ++batches;
                             EXPECT_LE(now.images, now.all_images);
                             EXPECT_EQ(now.epochs, 8);
                           },
                       .epoch = [&](int64_t epoch, const epoch_record&) { EXPECT_EQ(epoch, ++last_epoch); }}));
  EXPECT_EQ(batches, 8 * 5);
  EXPECT_EQ(last_epoch, 8);
  ASSERT_EQ(s.t.state().history.size(), 8u);
  const epoch_record &first = s.t.state().history.front(), &last = s.t.state().history.back();
  EXPECT_LT(last.train_loss, 0.5 * first.train_loss);
  EXPECT_GT(last.train_accuracy, 0.9);
  EXPECT_GT(last.test_accuracy, 0.7);
  EXPECT_DOUBLE_EQ(s.t.test_score().accuracy(), last.test_accuracy);
}

TEST(classifier, same_seed_same_bits_other_seed_other_bits) {
  session a(1), b(1), c(1, 4);
  const int threads = num_threads();
  set_num_threads(1);
  EXPECT_TRUE(a.t.run());
  set_num_threads(2);
  EXPECT_TRUE(b.t.run());
  EXPECT_TRUE(c.t.run());
  set_num_threads(threads);
  EXPECT_EQ(a.model_bytes(), b.model_bytes());
  EXPECT_NE(a.model_bytes(), c.model_bytes());
}

TEST(classifier, resumed_training_continues_bit_identically) {
  const scratch_folder folder;
  const std::string file = folder / "checkpoint.safetensors";
  session whole(4);
  EXPECT_TRUE(whole.t.run());
  {
    session half(2);
    EXPECT_TRUE(half.t.run());
    half.t.save(file);
    EXPECT_NE(half.model_bytes(), whole.model_bytes());
  }
  session rest(4);
  rest.t.resume(read_checkpoint(file, digits_model_name));
  EXPECT_EQ(rest.t.epochs(), 2);
  EXPECT_TRUE(rest.t.run());
  EXPECT_EQ(rest.model_bytes(), whole.model_bytes());
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(rest.t.state().history[i].train_loss, whole.t.state().history[i].train_loss);
    EXPECT_EQ(rest.t.state().history[i].test_accuracy, whole.t.state().history[i].test_accuracy);
  }
}

TEST(classifier, a_flag_stops_it_at_the_batch_and_complete_epochs_stay) {
  std::atomic<bool> stop{false};
  session s(3);
  int batches = 0;
  EXPECT_FALSE(s.t.run({.batch = [&](const batch_record&) { stop = ++batches == 7; }, .epoch = {}, .stop = &stop}));
  EXPECT_EQ(batches, 7);
  EXPECT_EQ(s.t.epochs(), 1);
}

TEST(classifier, an_interrupted_training_resumes_to_the_same_bits) {
  const scratch_folder folder;
  const std::string file = folder / "checkpoint.safetensors";
  std::atomic<bool> stop{false};
  session cut(3), whole(3), rest(3);
  int batches = 0;
  EXPECT_FALSE(cut.t.run({.batch = [&](const batch_record&) { stop = ++batches == 8; },
                          .epoch = [&](int64_t, const epoch_record&) { cut.t.save(file); },
                          .stop = &stop}));
  rest.t.resume(read_checkpoint(file, digits_model_name));
  EXPECT_TRUE(rest.t.run());
  EXPECT_TRUE(whole.t.run());
  EXPECT_EQ(rest.model_bytes(), whole.model_bytes());
}

TEST(classifier, refuses_options_that_make_no_sense) {
  digits_model model = make_digits_model();
  const auto problem = [&](const classifier_options& o) {
    return message_of([&] { training(model, digits_model_name, few_digits().train, few_digits().test, o); });
  };
  EXPECT_EQ(problem({}), "no failure");
  EXPECT_EQ(problem({.batch_size = 0}), "training: the batch size is 0, expected at least 1");
  EXPECT_EQ(problem({.epochs = -1}), "training: epochs is -1, expected at least 0");
  EXPECT_EQ(problem({.learning_rate = -1}), "training: the learning rate is -1, expected a positive number");
  EXPECT_NE(problem({.learning_rate = std::nan("")}), "no failure");
  EXPECT_NE(problem({.decay = 0}), "no failure");
  EXPECT_NE(problem({.weight_decay = -1}), "no failure");
}

TEST(classifier, a_diverging_training_ends_with_a_word) {
  digits_model model = make_digits_model();
  training t(model, digits_model_name, few_digits().train, few_digits().test, {.epochs = 20, .learning_rate = 1e30});
  EXPECT_NE(message_of([&] { t.run(); }).find("no finite number; try a smaller learning rate"), std::string::npos);
}

TEST(classifier, resume_refuses_another_training_and_changes_nothing) {
  const scratch_folder folder;
  const std::string file = folder / "c.safetensors";
  session made(2);
  EXPECT_TRUE(made.t.run());
  made.t.save(file);
  const checkpoint c = read_checkpoint(file, digits_model_name);
  EXPECT_EQ(c.state.options.epochs, 2);
  EXPECT_EQ(c.state.history, made.t.state().history);

  session other_seed(2, 4);
  const std::string before = other_seed.model_bytes();
  EXPECT_EQ(message_of([&] { other_seed.t.resume(c); }), file + ": was trained with seed 3, not 4");
  EXPECT_EQ(other_seed.model_bytes(), before);
  session fewer(1);
  EXPECT_EQ(message_of([&] { fewer.t.resume(c); }), file + ": has 2 epochs already, more than the 1 that are wanted");
  const auto other_options = [&](classifier_options o) {
    digits_model model = make_digits_model();
    training t(model, digits_model_name, few_digits().train, few_digits().test, o);
    return message_of([&] { t.resume(c); }).substr(file.size() + 2);
  };
  const auto with = [&](auto member, auto value) {
    classifier_options o = c.state.options;
    o.*member = value;
    return other_options(o);
  };
  EXPECT_EQ(with(&classifier_options::decay, 0.9), "was trained with decay 0.87, not 0.9");
  EXPECT_EQ(with(&classifier_options::decay, std::nextafter(0.87, 1)), "was trained with decay 0.87, not 0.8700000000000001");
  EXPECT_EQ(with(&classifier_options::weight_decay, 0.0), "was trained with weight decay 0.01, not 0");
  EXPECT_EQ(with(&classifier_options::learning_rate, 1e-3), "was trained with learning rate 0.002, not 0.001");
  EXPECT_EQ(with(&classifier_options::batch_size, int64_t{7}), "was trained with batches of 20, not 7");
  digits_model model = make_digits_model();
  training other_data(model, digits_model_name, few_digits().test, few_digits().test, c.state.options);
  EXPECT_EQ(message_of([&] { other_data.resume(c); }), file + ": was trained on other data");
}

/// A checkpoint of two epochs, whose content is changed; what resuming from it says, without the file's name. What is refused
/// changes nothing: the right checkpoint can still be resumed from, and leads to its own model.
template <class Change>
std::string resume_problem(Change change) {
  static const scratch_folder folder;
  static const std::string file = folder / "c.safetensors";
  static const std::string trained = [] {
    session made(2);
    EXPECT_TRUE(made.t.run());
    made.t.save(file);
    return made.model_bytes();
  }();
  session fresh(3);
  io::tensor_file content = ok_or_throw(io::read_tensors(file));
  change(content);
  const std::string before = fresh.model_bytes();
  const std::string message = message_of([&] { fresh.t.resume(checkpoint_from(file, std::move(content), digits_model_name)); });
  if (message == "no failure") return message;
  EXPECT_EQ(fresh.model_bytes(), before);
  EXPECT_EQ(fresh.t.epochs(), 0);
  fresh.t.resume(read_checkpoint(file, digits_model_name));
  EXPECT_EQ(fresh.model_bytes(), trained);
  fresh.t.save(folder / "again.safetensors");
  EXPECT_EQ(io::content_of(folder / "again.safetensors").size(), io::content_of(file).size());
  return message.substr(file.size() + 2);
}

TEST(classifier, resume_refuses_steps_history_and_weights_that_contradict_each_other) {
  EXPECT_EQ(resume_problem([](io::tensor_file&) {}), "no failure");
  EXPECT_EQ(resume_problem([](io::tensor_file& f) { f.metadata["steps"] = "12"; }), "says 12 steps for 2 epochs of 5 batches");
  EXPECT_EQ(resume_problem([](io::tensor_file& f) {
              std::string& rows = f.metadata["history"];
              rows.resize(rows.find(';') + 1);
            }),
            "says 10 steps for 1 epochs of 5 batches");
  EXPECT_EQ(resume_problem([](io::tensor_file& f) { f.metadata["history"] = ""; }), "says 10 steps for 0 epochs of 5 batches");
  EXPECT_EQ(resume_problem([](io::tensor_file& f) { f.metadata["optimiser.beta1"] = "0.8"; }),
            "the optimiser's beta1 is 0.8, expected 0.9");
  EXPECT_EQ(resume_problem([](io::tensor_file& f) { f.metadata["optimiser.learning_rate"] = "0.5"; }),
            "the optimiser's learning_rate is 0.5, expected 0.00174");
  EXPECT_EQ(resume_problem([](io::tensor_file& f) {
              f.tensors.insert_or_assign("optimiser.mean_square.9.bias", tensor<float>::full({10}, -1e-9F));
            }),
            "optimiser: state 'mean_square.9.bias' has a negative entry");
  EXPECT_NE(resume_problem([](io::tensor_file& f) {
              std::string& rows = f.metadata["history"];
              rows = rows.substr(rows.find(';') + 1) + rows.substr(0, rows.find(';') + 1);
            }).find("the weights have test loss"),
            std::string::npos);
  EXPECT_NE(resume_problem([](io::tensor_file& f) {
              const tensor<float> bias = *f.get<float>("model.9.bias");
              tensor<float> other = tensor<float>::zeros(bias.shape());
              for (int64_t i = 0; i < bias.size(); ++i) other.mutable_data()[i] = 3 * bias[i] + static_cast<float>(i);
              f.tensors.insert_or_assign("model.9.bias", other);
            }).find("the weights have test loss"),
            std::string::npos);
}

TEST(classifier, nothing_is_saved_within_an_epoch) {
  const scratch_folder folder;
  std::atomic<bool> stop{false};
  session s(3);
  int batches = 0;
  EXPECT_FALSE(s.t.run({.batch = [&](const batch_record&) { stop = ++batches == 7; }, .epoch = {}, .stop = &stop}));
  EXPECT_EQ(message_of([&] { s.t.save(folder / "c.safetensors"); }),
            "training: nothing was saved: 7 steps do not make the 1 complete epochs of 5 batches");
  EXPECT_EQ(folder.files(), 0U);
}

}  // namespace
