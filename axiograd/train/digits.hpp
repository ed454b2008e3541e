#pragma once
// The main example: a small network that reads handwritten digits.

#include <axiograd/io/dataset.hpp>
#include <axiograd/nn/layers.hpp>
#include <axiograd/nn/sequential.hpp>

namespace axiograd::train {

/// The name of this architecture in files; another one gets another name.
inline constexpr const char* digits_model_name = "digits-cnn-1";

/// Images (n, 1, 8, 8) to scores (n, 10). Layers and the defaults of classifier_options were chosen on a fourth of the training
/// images; the test images had no say.
inline auto make_digits_model() {
  return nn::sequential{nn::conv2d{1, 16, 3, {.padding = 1}},
                        nn::relu{},
                        nn::conv2d{16, 32, 3, {.padding = 1}},
                        nn::relu{},
                        nn::max_pool2d{2},
                        nn::conv2d{32, 64, 3, {.padding = 1}},
                        nn::relu{},
                        nn::max_pool2d{2},
                        nn::flatten{},
                        nn::linear{64 * 2 * 2, 10}};
}
using digits_model = decltype(make_digits_model());

/// One image of that model's batches.
inline constexpr shape digits_image{1, 8, 8};

/// The split that all figures speak of: a fifth of the samples, 359 of 1,797, is for testing; which ones depends on their
/// number only, on no option. The key is fixed here, so that they stay the same images whatever becomes of seeds.
inline result<io::train_and_test> split_digits(const io::dataset& digits) {
  return io::split_by_key(digits, key_of(seed{2026}, 0), 0.2);
}

}  // namespace axiograd::train
