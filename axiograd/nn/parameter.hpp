#pragma once
// Parameters: named tensors that belong to a model, used by reference.

#include <axiograd/autograd/var.hpp>
#include <axiograd/core/random.hpp>
#include <string>
#include <vector>

namespace axiograd::nn {

/// What becomes of a parameter beside its use in layers.
enum class parameter_role : unsigned char {
  trained,  ///< optimisers update it
  buffer,   ///< follows the data in training, saved with the model: running means and counts
  random,   ///< where random draws stand: kept in checkpoints, but no tensor of the model
};

/// A tensor of a model: floats, or for some buffers whole numbers. Copies refer to the same values, as do copies of the layer
/// that holds it.
class parameter {
 public:
  /// Trained, zeros.
  explicit parameter(const shape& dims);
  /// Trained, one of several whose entries a file holds in one tensor, one after the other along the first axis: `name +
  /// suffix` in the model is a part of `name` in the file. PyTorch keeps the projections of queries, keys and values so.
  parameter(const shape& dims, const char* suffix);
  /// Floats that are saved and not trained.
  static parameter buffer(const shape& dims);
  /// Whole numbers, zeros, with no floats: value() is empty.
  static parameter counts(const shape& dims, parameter_role role);

  parameter_role role() const { return content_->role; }
  const char* suffix() const { return content_->suffix; }
  const tensor<float>& value() const { return content_->value; }
  const axiograd::shape& shape() const { return content_->value.shape(); }
  bool holds_counts() const { return content_->holds_counts; }
  const index_tensor& counts() const { return content_->counts; }
  int64_t* mutable_counts();
  /// Replaces whole numbers; throws `failure` (shape_mismatch) if the shape differs.
  void set_counts(const index_tensor& counts);
  /// Replaces the values; throws `failure` (shape_mismatch) if the shape differs.
  void set(const tensor<float>& value);
  /// Entries for writing in place.
  float* mutable_data();
  /// Makes the values constant until they are next written to or set. Evaluations without a tape then keep a packed copy of
  /// the matrices that products multiply by, where the library has one (AVX-512, precision fp32): as much memory again, results
  /// that differ by rounding, less time for small batches (docs/decisions/gemm.md). The values move: entries that
  /// `mutable_data` gave before are no longer the parameter's.
  void prepack();
  bool same(const parameter& other) const { return &*content_ == &*other.content_; }

 private:
  friend class unfinished_step;
  struct content {
    tensor<float> value{axiograd::shape{0}};
    index_tensor counts{axiograd::shape{0}};
    const char* suffix = "";
    parameter_role role = parameter_role::trained;
    bool holds_counts = false;
  };
  explicit parameter(content c) : content_(std::move(c)) {}
  shared<content> content_;
};

/// A step that may still fail. While one lives, what this thread writes to parameters is remembered (layers move their buffers
/// while they compute: running means, counters of masks), and its end gives them their values back, unless `keep` was called.
class unfinished_step {
 public:
  struct written_parameter {
    parameter written;
    tensor<float> value;
    index_tensor counts;
  };
  using written_values = std::vector<written_parameter>;

  /// `room` is used from step to step, so that a steady one allocates nothing.
  explicit unfinished_step(written_values& room);
  ~unfinished_step();
  unfinished_step(const unfinished_step&) = delete;
  unfinished_step& operator=(const unfinished_step&) = delete;

  /// What is written from now on stays.
  void look_away();
  void keep() { written_->clear(); }

 private:
  friend class parameter;
  /// What every write says before. Throws std::bad_alloc.
  static void about_to_write(const parameter& p);

  written_values* written_;
  unfinished_step* outer_;
};

/// A parameter and its name in the model, as PyTorch would call it: "0.weight".
struct named_parameter {
  std::string name;
  parameter value;
};
using parameter_list = std::vector<named_parameter>;
void append(parameter_list& list, std::string name, const parameter& p);

// ---- initial values: entry i depends on the seed, which is spread (core/random.hpp), and on i only (contract 18, 19.10)
// -------

void fill(parameter& p, float value);
/// Uniform in [low, high).
void fill_uniform(parameter& p, seed s, double low, double high);
/// Normal with a mean and a standard deviation.
void fill_normal(parameter& p, seed s, double mean, double deviation);
/// Uniform within sqrt(6 / (in + out)). Source: Glorot & Bengio 2010, eq. 16.
void fill_xavier_uniform(parameter& p, seed s, int64_t in, int64_t out);
/// Uniform within sqrt(6 / in). Source: He et al. 2015, eq. 10.
void fill_kaiming_uniform(parameter& p, seed s, int64_t in);

// ---- what layers compute with ----------------------------------------------------------------------------------------------

/// Parameters as plain tensors: layers evaluate at once.
struct evaluation {
  /// Whether layers behave as in training: batch statistics, dropout.
  static constexpr bool training() { return false; }
  const tensor<float>& use(const parameter& p) const { return p.value(); }
};

/// Parameters as leaves of a tape, one for each parameter however often it is used.
template <scalar T>
class recorded_parameters {
 public:
  explicit recorded_parameters(recording<T>& where) : where_(&where) {}

  var<T> use(const parameter& p) {
    if (generation_ != where_->generation()) used_.clear();  // those nodes are gone
    generation_ = where_->generation();
    for (const auto& [tensor_of, id] : used_)
      if (tensor_of == &p.value()) return {*where_, id};
    const var<T> leaf = [&] {
      if constexpr (std::same_as<T, float>)
        return where_->leaf(p.value());
      else
        return where_->leaf(p.value().template cast<T>());
    }();
    used_.emplace_back(&p.value(), leaf.id());
    return leaf;
  }
  /// The node of a parameter, nothing if it was not used.
  std::optional<node_id> find(const parameter& p) const {
    for (const auto& [tensor_of, id] : used_)
      if (tensor_of == &p.value()) return id;
    return std::nullopt;
  }
  recording<T>& where() const { return *where_; }
  /// Whether layers behave as in training: batch statistics, dropout. True unless set otherwise.
  bool training() const { return training_; }
  void set_training(bool on) { training_ = on; }
  void clear() { used_.clear(); }

 private:
  recording<T>* where_;
  std::uint64_t generation_ = 0;
  bool training_ = true;
  std::vector<std::pair<const tensor<float>*, node_id>> used_;
};

}  // namespace axiograd::nn
