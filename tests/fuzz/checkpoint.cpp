#include "fuzz.hpp"

#include <axiograd/train/report.hpp>
#include <axiograd/train/rules.hpp>
#include <cmath>

using namespace axiograd;

namespace {

/// The parameters that the checkpoints of the corpus hold.
nn::parameter_list parameters() {
  nn::parameter_list list;
  nn::append(list, "weight", nn::parameter({2, 2}));
  nn::append(list, "bias", nn::parameter({2}));
  return list;
}

void read(fuzz::bytes file) try {
  result<io::tensor_file> content = io::parse_tensors("f", file, io::keeper());
  if (!content) return fuzz::require_answer(content.error());
  const train::checkpoint c = train::checkpoint_from("f", std::move(*content), "m");
  fuzz::require(train::state_problem(c.state).empty(), "a state that is read keeps the rules");
  // Whatever history a file may have, its report ends and is small.
  io::dataset nothing{.inputs = tensor<float>::zeros({0, 1, 2, 2}), .labels = index_tensor(shape{0}), .class_names = {}};
  const std::string html =
      train::report_html({.title = "t", .facts = {}, .history = c.state.history, .test = {}, .test_set = nothing});
  fuzz::require(html.size() < 20'000 + 2000 * c.state.history.size(), "a report is not longer than its history");
  nn::adamw optimiser(parameters());
  train::restore(c, optimiser);
  fuzz::require(optimiser.steps() == c.state.steps, "steps are restored");
  for (const nn::named_parameter& p : optimiser.parameters())
    for (const float v : p.value.value()) fuzz::require(std::isfinite(v), "weights are finite");
  for (const auto& [name, values] : optimiser.state())
    for (const float v : values)
      fuzz::require(std::isfinite(v) && (v >= 0 || !name.starts_with("mean_square")), "the optimiser's state makes sense");
} catch (const failure& problem) {
  fuzz::require_answer({problem.kind(), problem.what()});
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::bytes file = std::as_bytes(std::span(data, size));
  read(file);
  read(fuzz::with_right_length(file));
  return 0;
}
