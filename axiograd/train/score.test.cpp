#include <axiograd/io/scratch.test.hpp>
#include <axiograd/train/score.hpp>
#include <cmath>

using namespace axiograd;
using namespace axiograd::train;

namespace {

// Three samples of class 0, 1, 1 whose softmax is (3/4, 1/4), (1/4, 3/4), (3/4, 1/4).
const float l3 = std::log(3.0F);
const auto logits = tensor<float>::from({3, 2}, {l3, 0, 0, l3, l3, 0});
const auto labels = index_tensor::from({3}, {0, 1, 1});

TEST(score, counts_mistakes_and_loss) {
  const score s = score_of(logits, labels);
  EXPECT_EQ(s.counts, (std::vector<int64_t>{1, 0, 1, 1}));
  EXPECT_EQ(s.samples(), 3);
  EXPECT_EQ(s.correct(), 2);
  EXPECT_DOUBLE_EQ(s.accuracy(), 2.0 / 3);
  ASSERT_EQ(s.mistakes.size(), 1u);
  EXPECT_EQ(s.mistakes[0].position, 2);
  EXPECT_EQ(s.mistakes[0].truth, 1);
  EXPECT_EQ(s.mistakes[0].predicted, 0);
  EXPECT_NEAR(s.mistakes[0].probability, 0.75, 1e-6);
  EXPECT_NEAR(s.loss, -(2 * std::log(0.75) + std::log(0.25)) / 3, 1e-6);
}

TEST(score, of_equal_scores_the_first_counts) {
  EXPECT_EQ(largest_in_rows(tensor<float>::from({2, 3}, {1, 1, 0, 0, 2, 2})), (std::vector<int64_t>{0, 1}));
}

TEST(score, nothing_scores_nothing) {
  const score s = score_of(tensor<float>::zeros({0, 2}), index_tensor(shape{0}));
  EXPECT_EQ(s.samples(), 0);
  EXPECT_EQ(s.accuracy(), 0);
  EXPECT_EQ(s.loss, 0);
}

TEST(score, refuses_what_does_not_fit) {
  EXPECT_THROW(score_of(logits, index_tensor::from({2}, {0, 1})), failure);
  EXPECT_THROW(score_of(tensor<float>::zeros({4}), labels), failure);
  EXPECT_EQ(io::message_of([] { score_of(logits, index_tensor::from({3}, {0, 2, 1})); }),
            "score: label 2 of sample 1 is none of 2 classes");
}

TEST(score, refuses_what_cannot_be_compared) {
  for (const float bad : {std::nanf(""), HUGE_VALF})
    EXPECT_EQ(io::message_of([&] { score_of(tensor<float>::from({2, 2}, {0, 1, bad, 1}), index_tensor::from({2}, {0, 1})); }),
              "score: the predictions of sample 1 are not numbers that can be compared");
}

TEST(score, confusion_as_text) {
  EXPECT_EQ(confusion_text(score_of(logits, labels), {"no", "yes"}),
            "          predicted\n"
            " true      no yes\n"
            "       no   1   .\n"
            "      yes   1   1\n");
}

TEST(score, names_and_percentages) {
  EXPECT_EQ(class_name({"a", "b"}, 1), "b");
  EXPECT_EQ(class_name({}, 7), "7");
  EXPECT_EQ(percent(0.98612), "98.6 %");
}

}  // namespace
