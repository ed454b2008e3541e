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
  EXPECT_EQ(problem({.learning_rate = -1}), "training: the learning rate is -1.000000, expected a positive number");
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
  digits_model model = make_digits_model();
  training other_data(model, digits_model_name, few_digits().test, few_digits().test, c.state.options);
  EXPECT_EQ(message_of([&] { other_data.resume(c); }), file + ": was trained on other data");
}

}  // namespace
