// Files are read and written whole or not at all, whatever allocation fails: no half of a file, no temporary is left behind,
// and nothing that was loaded has changed by half.

#include <gtest/gtest.h>
#include <png.h>
#include <stdlib.h>

#include <axiograd/io/digits.hpp>
#include <axiograd/io/file.hpp>
#include <axiograd/io/image.hpp>
#include <axiograd/io/model.hpp>
#include <axiograd/nn/layers.hpp>
#include <axiograd/nn/sequential.hpp>
#include <axiograd/ops/loss/mse_loss.hpp>
#include <axiograd/train/checkpoint.hpp>
#include <axiograd/train/digits.hpp>
#include <filesystem>
#include <fstream>

#include "script.hpp"

namespace axiograd {
namespace {

namespace fs = std::filesystem;

/// A folder for one test, with the sum of names and contents.
class scratch_folder {
 public:
  scratch_folder() {
    const fs::path memory = "/dev/shm";  // there, syncing takes no time
    std::string name = ((fs::exists(memory) ? memory : fs::temp_directory_path()) / "axiograd-memory-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder() { fs::remove_all(path_); }

  std::string operator/(const char* name) const { return (path_ / name).string(); }
  std::uint64_t sum() const {
    std::vector<fs::path> all;
    for (const auto& entry : fs::directory_iterator(path_)) all.push_back(entry.path());
    std::sort(all.begin(), all.end());
    digest d;
    for (const fs::path& p : all) {
      std::ifstream in(p, std::ios::binary);
      d << std::string_view(p.filename().string()) << std::string_view(std::string(std::istreambuf_iterator<char>(in), {}))
        << std::uint64_t{fs::is_symlink(p)};
    }
    return d.sum();
  }

 private:
  fs::path path_;
};

/// The parent's folder as a child finds it: attempts of other children are undone.
std::unique_ptr<script> in_folder(const std::shared_ptr<scratch_folder>& folder, std::function<bool()> step) {
  auto s = std::make_unique<script>();
  s->steps.push_back(std::move(step));
  s->state = [folder] { return folder->sum(); };
  s->outcome = s->state;
  return s;
}

io::tensor_file some_tensors(float first) {
  io::tensor_file file;
  file.tensors.emplace("layer.0.weight of a name that is long", tensor<float>::full({2, 3}, first));
  file.tensors.emplace("layer.0.bias", tensor<double>::full({3}, 2));
  file.tensors.emplace("positions", index_tensor::full({4}, 7));
  file.metadata = {{"format", "a text that is longer than a small string"}, {"quote", "\"\\\n"}};
  return file;
}

TEST(memory, writing_tensors) {
  expect_all_or_nothing([] {
    const auto folder = std::make_shared<scratch_folder>();
    const std::string path = *folder / "tensors.safetensors", link = *folder / "link.safetensors";
    EXPECT_TRUE(io::write_tensors(path, some_tensors(1)));
    fs::create_symlink(path, link);  // what it points to is replaced, not the link
    return in_folder(folder, [folder, link, file = some_tensors(5)] { return done(io::write_tensors(link, file)); });
  });
}

TEST(memory, reading_tensors) {
  expect_all_or_nothing([] {
    const scratch_folder folder;
    const std::string path = folder / "tensors.safetensors";
    EXPECT_TRUE(io::write_tensors(path, some_tensors(3)));
    const result<std::vector<std::byte>> bytes = io::read_file(path);
    auto s = std::make_unique<script>();
    auto read = std::make_shared<digest>();
    auto kept = std::make_shared<scratch_folder>();
    const std::string copy = *kept / "a copy.safetensors";
    EXPECT_TRUE(io::write_file_atomically(copy, *bytes));
    s->steps.emplace_back([=] {
      const auto file = io::read_tensors(copy);
      if (!done(file)) return false;
      const auto bias = file->get<double>("layer.0.bias");
      if (!done(bias)) return false;
      *read << *bias << static_cast<std::uint64_t>(file->tensors.size());
      return true;
    });
    s->state = [read, kept] { return read->sum(); };
    s->outcome = s->state;
    return s;
  });
}

auto small_model() { return nn::sequential{nn::linear{5, 4}, nn::relu{}, nn::linear{4, 2}}; }

template <class Model>
std::uint64_t sum_of(const Model& model, const nn::optimiser& optimiser) {
  digest all;
  for (const nn::named_parameter& p : model.parameters()) all << p.value.value();
  for (const auto& [name, values] : optimiser.state()) all << values;
  return (all << static_cast<std::uint64_t>(optimiser.steps())).sum();
}

/// A model that was trained for a step.
struct trained {
  decltype(small_model()) model = small_model();
  nn::adamw optimiser{model.parameters()};
  train::training_state state{.model = "small", .data = "none", .options = {}, .steps = 0, .history = {}};

  explicit trained(std::uint64_t start) {
    model.init(seed{start});
    const auto loss = [](auto& m) { return mse_loss(m(tensor<float>::full({3, 5}, 0.5F)), m.constant(tensor<float>({3, 2}))); };
    model.step(loss, optimiser);
    state.history.push_back({.train_loss = 1, .train_accuracy = 0.5, .test_loss = 1, .test_accuracy = 0.25, .seconds = 2});
    state.steps = optimiser.steps();
  }
};

TEST(memory, saving_a_model_and_a_checkpoint) {
  expect_all_or_nothing([] {
    const auto folder = std::make_shared<scratch_folder>();
    const auto old = std::make_shared<trained>(1), fresh = std::make_shared<trained>(2);
    const std::string model = *folder / "model.safetensors", checkpoint = *folder / "checkpoint.safetensors";
    io::save(model, old->model, train::model_facts("small"));
    train::save_checkpoint(checkpoint, old->state, old->optimiser);
    auto s = in_folder(folder, [=] {
      io::save(model, fresh->model, train::model_facts("small"));
      return true;
    });
    s->steps.emplace_back([=] {
      train::save_checkpoint(checkpoint, fresh->state, fresh->optimiser);
      return true;
    });
    s->throws = true;
    return s;
  });
}

TEST(memory, loading_a_model_and_a_checkpoint) {
  expect_all_or_nothing([] {
    const auto folder = std::make_shared<scratch_folder>();
    const auto from = std::make_shared<trained>(1), other = std::make_shared<trained>(3), to = std::make_shared<trained>(2);
    const std::string model = *folder / "model.safetensors", checkpoint = *folder / "checkpoint.safetensors";
    io::save(model, from->model, train::model_facts("small"));
    train::save_checkpoint(checkpoint, other->state, other->optimiser);
    auto s = std::make_unique<script>();
    s->steps.emplace_back([=] {
      train::load_model(model, to->model, "small");
      return true;
    });
    s->steps.emplace_back([=] {
      train::restore(train::read_checkpoint(checkpoint, "small"), to->optimiser);
      return true;
    });
    s->throws = true;
    s->state = [to, folder] { return sum_of(to->model, to->optimiser); };
    s->outcome = s->state;
    return s;
  });
}

void write_png(const std::string& path) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = image.height = 8;
  image.format = PNG_FORMAT_GRAY;
  std::vector<png_byte> pixels(64);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<png_byte>(4 * i);
  png_image_write_to_file(&image, path.c_str(), 0, pixels.data(), 0, nullptr);
}

TEST(memory, reading_images_and_tables) {
  expect_all_or_nothing([] {
    const auto folder = std::make_shared<scratch_folder>();
    const std::string png = *folder / "a digit.png", csv = *folder / "digits.csv";
    write_png(png);
    std::ofstream table(csv);
    for (int row = 0; row < 12; ++row)
      for (int column = 0; column <= 64; ++column) table << (row + column) % 10 << (column == 64 ? '\n' : ',');
    table.close();
    auto s = std::make_unique<script>();
    auto read = std::make_shared<digest>();
    s->steps.emplace_back([=] {
      const auto image = io::read_image(png, {1, 8, 8});
      if (done(image)) *read << *image;
      return image.has_value();
    });
    s->steps.emplace_back([=] {
      const auto digits = io::load_digits(csv);
      if (!done(digits)) return false;
      const auto parts = train::split_digits(*digits);
      if (done(parts)) *read << parts->train.inputs << parts->test.labels;
      return parts.has_value();
    });
    const std::string nowhere = *folder / "no such folder/picture.png";
    s->steps.emplace_back([=] { return refused(io::read_image(nowhere, {1, 8, 8}), error_kind::io); });
    s->state = [read, folder] { return read->sum(); };
    s->outcome = s->state;
    return s;
  });
}

}  // namespace
}  // namespace axiograd
