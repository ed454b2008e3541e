#pragma once
// Dense tensors with value semantics.

#include <axiograd/core/algorithm.hpp>
#include <axiograd/core/operand.hpp>
#include <axiograd/core/result.hpp>
#include <axiograd/core/storage.hpp>
#include <initializer_list>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

namespace axiograd {

/// A dense row-major array of T. Copies share storage until one of them is written to (copy on write). One that was moved from
/// has shape (0).
///
/// Errors: constructors throw `failure` (invalid_parameter for a negative extent, size_mismatch, out_of_memory) or
/// std::bad_alloc; reading never changes a tensor.
template <class T>
class tensor {
 public:
  using value_type = T;

  /// The scalar 0.
  tensor() : tensor(axiograd::shape{}) {}
  tensor(const tensor&) = default;
  tensor(tensor&& other) noexcept
      : dims_(other.dims_), owner_(std::move(other.owner_)), data_(std::exchange(other.data_, nullptr)) {
    other.dims_ = no_entries;
  }
  tensor& operator=(const tensor&) = default;
  tensor& operator=(tensor&& other) noexcept {
    tensor moved = std::move(other);
    std::swap(dims_, moved.dims_);
    std::swap(owner_, moved.owner_);
    std::swap(data_, moved.data_);
    return *this;
  }
  ~tensor() = default;
  /// Zeros.
  explicit tensor(const axiograd::shape& dims) : tensor(uninitialised(dims)) { std::fill_n(data_, size(), T(0)); }

  /// Entries in row-major order; their number must be the shape's size.
  static tensor from(const axiograd::shape& dims, std::initializer_list<T> values) {
    return from(dims, std::span<const T>(values.begin(), values.size()));
  }
  static tensor from(const axiograd::shape& dims, std::span<const T> values) {
    require_extents(dims);
    if (dims.size() != static_cast<int64_t>(values.size()))
      throw failure({error_kind::size_mismatch, message({"tensor: shape ", dims, " has ", dims.size(), " entries, ",
                                                         values.size(), " values were given"})});
    tensor t = uninitialised(dims);
    std::copy(values.begin(), values.end(), t.data_);
    return t;
  }
  static tensor from(const axiograd::shape& dims, const std::vector<T>& values)
    requires(!std::same_as<T, bool>)
  {
    return from(dims, std::span<const T>(values));
  }
  static tensor scalar(const T& value) { return full({}, value); }
  static tensor full(const axiograd::shape& dims, const T& value) {
    tensor t = uninitialised(dims);
    std::fill_n(t.data_, t.size(), value);
    return t;
  }
  static tensor zeros(const axiograd::shape& dims) { return tensor(dims); }
  static tensor ones(const axiograd::shape& dims) { return full(dims, T(1)); }
  /// Memory of the given shape whose entries the caller writes before reading them.
  static tensor uninitialised(const axiograd::shape& dims) {
    const int64_t n = dims.size();
    if (n > std::numeric_limits<int64_t>::max() / 2 / static_cast<int64_t>(sizeof(T)) || n == axiograd::shape::overflow) {
      require_extents(dims);
      throw failure({error_kind::out_of_memory, message({"tensor: shape ", dims, " is too large"})});
    }
    tensor t(nothing{});
    t.dims_ = dims;
    t.owner_ = chunk_ref::adopt(memory_chunk::acquire(static_cast<std::size_t>(n) * sizeof(T)));
    t.data_ = t.owner_->template construct<T>(t.owner_->data(), static_cast<std::size_t>(n));
    return t;
  }
  /// A view of part of a chunk, for the engine: `data` points into `owner`.
  static tensor view(chunk_ref owner, T* data, const axiograd::shape& dims) {
    tensor t(nothing{});
    t.dims_ = dims;
    t.owner_ = std::move(owner);
    t.data_ = data;
    return t;
  }

  const axiograd::shape& shape() const { return dims_; }
  int rank() const { return dims_.rank; }
  int64_t size() const { return dims_.size(); }
  bool empty() const { return size() == 0; }

  const T* data() const { return data_; }
  std::span<const T> values() const { return {data_, static_cast<std::size_t>(size())}; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size(); }
  std::vector<T> to_vector() const { return std::vector<T>(begin(), end()); }
  const T& operator[](int64_t flat_index) const { return data_[flat_index]; }
  /// The entry at one index per axis; throws `failure` (index_out_of_range).
  template <class... Index>
  const T& operator()(Index... index) const {
    return data_[offset({static_cast<int64_t>(index)...})];
  }
  template <class... Index>
  const T& at(Index... index) const {
    return data_[offset({static_cast<int64_t>(index)...})];
  }
  /// The entry of a tensor that has exactly one; throws `failure` (size_mismatch).
  const T& item() const {
    if (size() != 1) throw failure({error_kind::size_mismatch, message({"item: the tensor has shape ", dims_})});
    return *data_;
  }

  /// Entries for writing; storage that is shared is copied first.
  T* mutable_data() {
    if (owner_.get() != nullptr && owner_->shared()) *this = from(dims_, values());
    return data_;
  }
  std::span<T> mutable_values() { return {mutable_data(), static_cast<std::size_t>(size())}; }
  template <class... Index>
  void set(const T& value, Index... index) {
    const int64_t at = offset({static_cast<int64_t>(index)...});
    mutable_data()[at] = value;
  }

  /// The same entries under another shape of equal size; throws `failure` (invalid_parameter, size_mismatch).
  tensor reshaped(const axiograd::shape& dims) const {
    require_extents(dims);
    if (dims.size() != size())
      throw failure({error_kind::size_mismatch,
                     message({"reshaped: ", dims_, " has ", size(), " entries, ", dims, " has ", dims.size()})});
    return view(owner_, data_, dims);
  }
  /// A copy in memory of its own whose entries never change: a write to it, or to a copy of it, copies first. Operators may
  /// keep other forms of such entries, as packed matrices.
  tensor constant() const {
    tensor t = from(dims_, values());
    t.owner_->make_constant();
    return t;
  }
  /// The same values as another number type.
  template <class U>
  tensor<U> cast() const {
    tensor<U> t = tensor<U>::uninitialised(dims_);
    std::transform(begin(), end(), t.mutable_data(), [](const T& x) { return static_cast<U>(x); });
    return t;
  }

  const chunk_ref& owner() const { return owner_; }

  /// Same shape and equal entries.
  friend bool operator==(const tensor& a, const tensor& b) {
    return a.dims_ == b.dims_ && std::equal(a.begin(), a.end(), b.begin());
  }

 private:
  struct nothing {};
  explicit tensor(nothing) {}
  static constexpr axiograd::shape no_entries{0};
  static void require_extents(const axiograd::shape& dims) {
    if (!dims.has_negative_extent()) return;
    int axis = 0;
    while (dims[axis] >= 0) ++axis;
    throw failure({error_kind::invalid_parameter,
                   message({"tensor: extent ", dims[axis], " of axis ", axis, " is negative, shape ", dims})});
  }

  int64_t offset(std::initializer_list<int64_t> index) const {
    bool inside = static_cast<int>(index.size()) == rank();
    int64_t flat = 0;
    int axis = 0;
    for (const int64_t i : index) {
      if (!inside || i < 0 || i >= dims_[axis]) {
        inside = false;
        break;
      }
      flat = flat * dims_[axis++] + i;
    }
    if (!inside) throw failure({error_kind::index_out_of_range, message({"tensor: no such entry in shape ", dims_})});
    return flat;
  }

  axiograd::shape dims_;
  chunk_ref owner_;
  T* data_ = nullptr;
};

template <class T>
inline constexpr bool is_operand<tensor<T>> = true;
/// The same number at every position of a tensor like x.
template <scalar T>
tensor<T> constant_like(const tensor<T>& x, double value) {
  return tensor<T>::full(x.shape(), T(value));
}

/// Positions for gather, class labels, token ids: not differentiable.
using index_tensor = tensor<int64_t>;
template <>
inline constexpr bool is_index_tensor<index_tensor> = true;

}  // namespace axiograd
