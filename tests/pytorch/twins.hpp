#pragma once
// Our models that are twins of PyTorch modules in layers.py, one for each name there.

#include <axiograd/core/random.hpp>
#include <axiograd/io/model.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace axiograd::twins {

/// A model with its inputs and its files.
class twin {
 public:
  explicit twin(std::string name) : name_(std::move(name)) {}
  virtual ~twin() = default;
  const std::string& name() const { return name_; }
  virtual void init(seed s) = 0;
  virtual void load(const std::string& path, const io::load_options& options = {}) = 0;
  virtual void save(const std::string& path) const = 0;
  /// The output for the inputs of a case, "input" and for some "context": in evaluation, or of cases whose name ends with
  /// _train in training.
  virtual tensor<float> run(const io::tensor_file& inputs) const = 0;

 private:
  std::string name_;
};

/// One of each, untrained.
std::vector<std::unique_ptr<twin>> all();

/// The tensors of a file whose names begin with CASE/PART/, without that.
io::tensor_file part_of(const io::tensor_file& all, const std::string& start);

}  // namespace axiograd::twins
