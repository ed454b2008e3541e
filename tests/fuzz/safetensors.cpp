#include "fuzz.hpp"

#include <axiograd/io/safetensors.hpp>

using namespace axiograd;

namespace {

void read(fuzz::bytes file) {
  const result<io::tensor_file> content = io::parse_tensors("f", file, io::keeper());
  if (!content) return fuzz::require_answer(content.error());
  std::size_t stored = 0;
  for (const auto& [name, tensor_of_file] : content->tensors) {
    stored += tensor_of_file.bytes().size();
    fuzz::require(!name.empty() && tensor_of_file.shape().rank <= max_rank, "names and ranks are within the limits");
    for (const bool exact : {true, false}) {
      const auto floats = exact ? content->get<float>(name) : content->convert<float>(name);
      const auto doubles = exact ? content->get<double>(name) : content->convert<double>(name);
      const auto whole = exact ? content->get<int64_t>(name) : content->convert<int64_t>(name);
      for (const bool fits :
           {!floats || floats->shape() == tensor_of_file.shape(), !doubles || doubles->shape() == tensor_of_file.shape(),
            !whole || whole->shape() == tensor_of_file.shape()})
        fuzz::require(fits, "a tensor has the shape that the file says");
    }
  }
  fuzz::require(stored + 8 <= file.size(), "tensors do not overlap");
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::bytes file = std::as_bytes(std::span(data, size));
  read(file);
  read(fuzz::with_right_length(file));
  return 0;
}
