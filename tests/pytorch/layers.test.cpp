// Weights that PyTorch wrote (layers.safetensors, by layers.py) in our layers: names, dtypes, shapes, values and outputs, in
// both directions. Where PyTorch is installed, the test `pytorch` lets PyTorch itself load what we save.

#include <axiograd/io/scratch.test.hpp>
#include <set>

#include "twins.hpp"

using namespace axiograd;
using io::scratch_folder;

namespace {

const io::tensor_file& fixture() {
  static const io::tensor_file file = ok_or_throw(io::read_tensors(io::in_repository("tests/pytorch/layers.safetensors")));
  return file;
}

bool in_training(const std::string& name) { return name.ends_with("_train"); }

double distance(const tensor<float>& a, const tensor<float>& b) {
  if (a.shape() != b.shape()) return std::numeric_limits<double>::infinity();
  double most = 0, largest = 1;
  for (int64_t i = 0; i < a.size(); ++i) {
    most = std::max(most, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
    largest = std::max(largest, std::abs(static_cast<double>(b[i])));
  }
  return most / largest;
}

/// What a strict load in PyTorch looks at: name, dtype as the module has it, shape.
using signature = std::map<std::string, std::pair<std::string, std::string>>;
signature signature_of(const io::tensor_file& state) {
  signature all;
  for (const auto& [name, stored] : state.tensors) {
    const bool count = name.ends_with("num_batches_tracked");
    all[name] = {count ? "I64" : "F32", to_string(stored.shape())};
  }
  return all;
}
signature as_saved(const io::tensor_file& state) {
  signature all;
  for (const auto& [name, stored] : state.tensors) all[name] = {stored.dtype(), to_string(stored.shape())};
  return all;
}

TEST(pytorch, every_case_has_a_twin) {
  std::set<std::string> cases, twins;
  for (const auto& [name, stored] : fixture().tensors) cases.insert(name.substr(0, name.find('/')));
  for (const auto& t : twins::all()) twins.insert(t->name());
  EXPECT_EQ(cases, twins);
}

TEST(pytorch, weights_load_and_compute_the_same) {
  const scratch_folder folder;
  for (const auto& model : twins::all()) {
    SCOPED_TRACE(model->name());
    const io::tensor_file given = twins::part_of(fixture(), model->name() + "/");
    const std::string path = folder / "state";
    ok_or_throw(io::write_tensors(path, twins::part_of(given, "state/")));
    model->init(seed{1});
    model->load(path);
    EXPECT_LE(distance(model->run(given), ok_or_throw(given.get<float>("output"))), 1e-5);
  }
}

TEST(pytorch, what_is_saved_is_the_state_dict) {
  const scratch_folder folder;
  for (const auto& model : twins::all()) {
    SCOPED_TRACE(model->name());
    const io::tensor_file given = twins::part_of(fixture(), model->name() + "/"), state = twins::part_of(given, "state/");
    const std::string path = folder / "state";
    model->save(path);
    EXPECT_EQ(as_saved(ok_or_throw(io::read_tensors(path))), signature_of(state)) << "untrained";
    ok_or_throw(io::write_tensors(path, state));
    model->load(path);
    model->run(given);
    model->save(path);
    const io::tensor_file saved = ok_or_throw(io::read_tensors(path));
    EXPECT_EQ(as_saved(saved), signature_of(state));
    const io::tensor_file expected = in_training(model->name()) ? twins::part_of(given, "after/") : state;
    for (const auto& [name, stored] : saved.tensors) {
      if (stored.dtype() == "I64")
        EXPECT_EQ(*saved.get<int64_t>(name), *expected.convert<int64_t>(name)) << name;
      else
        EXPECT_LE(distance(*saved.get<float>(name), *expected.convert<float>(name)), in_training(model->name()) ? 1e-6 : 0.0)
            << name;
    }
  }
}

TEST(pytorch, exact_refuses_other_dtypes_by_name) {
  const scratch_folder folder;
  for (const auto& model : twins::all()) {
    const std::string& name = model->name();
    if (!name.starts_with("convnet")) continue;
    ok_or_throw(io::write_tensors(folder / "state", twins::part_of(fixture(), name + "/state/")));
    const std::string said = io::message_of([&] { model->load(folder / "state", {.exact = true}); });
    const std::string dtype = name == "convnet_f64" ? "F64" : name == "convnet_bf16" ? "BF16" : "F16";
    EXPECT_EQ(said,
              name == "convnet" ? "no failure" : (folder / "state") + ": tensor '0.bias': dtype " + dtype + ", expected F32");
  }
}

}  // namespace
