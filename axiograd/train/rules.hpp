#pragma once
// What a training's numbers must satisfy, wherever they come from: options, a state that is saved, a file that is read.

#include <axiograd/train/checkpoint.hpp>

namespace axiograd::train {

/// What is wrong with the options: "the batch size is 0, expected at least 1"; empty if nothing is.
std::string options_problem(const classifier_options& options);
/// What is wrong with options, history or steps, or between them; empty if nothing is.
std::string state_problem(const training_state& state);
/// The first entry of the floating-point tensors that is no finite number, or that a float cannot hold:
/// "tensor '0.weight': entry 3 is nan, expected a finite number"; empty if there is none.
std::string values_problem(const io::tensor_file& content);

}  // namespace axiograd::train
