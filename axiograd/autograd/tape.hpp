#pragma once
// The reverse-mode engine: a tape over any number type (contract 16).

#include <axiograd/autograd/pending.hpp>
#include <axiograd/core/floating_point.hpp>
#include <axiograd/core/guarded.hpp>
#include <axiograd/core/tensor.hpp>
#include <axiograd/operators/check_call.hpp>
#include <axiograd/operators/operator_of.hpp>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace axiograd {

/// The number of a node: its index on the tape.
using node_id = std::size_t;

/// A cotangent for a parent, as a node's `backward` returns it.
template <class T>
struct contribution {
  node_id parent;
  tensor<T> cotangent;
};
template <class T>
using contributions = std::vector<contribution<T>>;

/// A node by itself: what `add_node` takes and `get_node` gives.
template <class T>
struct node {
  std::string name{};
  tensor<T> value{};
  bool requires_grad = true;
  std::vector<node_id> parents{};
  /// The local VJP: from the cotangent of `value` to contributions to parents. Empty for a leaf.
  std::function<result<contributions<T>>(const tensor<T>& dy)> backward{};
};

/// Gradients by node; nodes that were not reached are absent.
template <class T>
using gradient_map = std::map<node_id, tensor<T>>;
template <class T>
using optional_gradients = std::vector<std::optional<tensor<T>>>;
template <class T>
using gradient_array = std::vector<tensor<T>>;

/// Which gradients a reverse pass leaves in its workspace: those of all nodes it reached, or only those of nodes without
/// parents. The memory of the others serves several nodes then.
enum class kept_gradients : unsigned char { all, leaves };

/// Memory of a reverse pass, reused from step to step: once warm, a pass into it allocates nothing. A pass that begins and then
/// fails leaves no gradients in it.
template <class T>
class gradient_workspace {
 public:
  /// The gradient of a node in the last pass; nothing where the pass did not reach or did not keep it.
  std::optional<tensor<T>> at(node_id id) const {
    if (!reached(id)) return std::nullopt;
    return tensor<T>::view(chunk_ref(slots_[id].owner), slots_[id].data, *slots_[id].dims);
  }
  bool reached(node_id id) const { return id < slots_.size() && slots_[id].data != nullptr; }
  /// The entries of a gradient that was reached, in row-major order.
  const T* data(node_id id) const { return slots_[id].data; }

 private:
  struct slot {
    T* data = nullptr;  // null: not reached
    memory_chunk* owner = nullptr;
    const shape* dims = nullptr;  // in shapes_
  };
  struct free_block {
    typename arena<T>::block memory;
    int64_t count;
  };
  std::vector<slot> slots_;
  std::vector<free_block> free_;
  tensor<T> seed_;
  arena<T> memory_;
  arena<std::byte> shapes_;  // copies: a pass outlives its tape
  template <scalar>
  friend class tape;
};

/// A grow-only array of nodes over numbers of type T. Ids are indices; each operator appends exactly one node.
///
/// A tape is a value: a copy shares tensors, and what is appended to it leaves the original as it was. One thread may write
/// to a tape at a time. One that was moved from is empty. No member throws, copying and dense_to_map aside (std::bad_alloc);
/// an operation that reports an error, out_of_memory among them, leaves the tape unchanged. Where an error's message finds no
/// memory, the error is out_of_memory.
///
/// Operators and reverse passes round to nearest and keep subnormal numbers, whatever mode the calling thread has set.
///
/// An operator runs when it is appended, or when something is appended after it or asked for: a loss that is the mean of rows
/// and a product wait for what comes next (pending.hpp). Values do not depend on that, nor on how they lie in memory between
/// convolutions and the operators that take the same layout.
template <scalar T>
class tape {
 public:
  using value_type = T;

  tape() = default;
  tape(const tape& other);
  tape(tape&& other) noexcept;
  tape& operator=(tape other) noexcept;
  ~tape() = default;

  // ---- nodes ----

  /// Appends a value without parents.
  result<node_id> leaf(const tensor<T>& value, std::string_view name = {}, bool requires_grad = true);
  /// Appends an operator's result. The inputs are ids of tensors in the operator's order (an optional one may be left out),
  /// then side inputs (index tensors).
  ///
  /// Errors, in this order: invalid_node_id; what the operator's shape rule reports; domain_error; out_of_memory.
  template <operation Op, class... In>
  result<node_id> apply(const Op& op, const In&... in) {
    constexpr std::size_t side_count = static_cast<std::size_t>(arity_of<Op>.side);
    static_assert(((std::convertible_to<const In&, node_id> ? 0 : 1) + ... + std::size_t{0}) == side_count,
                  "tape::apply: wrong number of side inputs (index tensors) for this operator");
    static_assert(
        sizeof...(In) + (arity_of<Op>.optional >= 0 ? 1 : 0) >= impl::shapes_of<Op> && sizeof...(In) <= impl::shapes_of<Op>,
        "tape::apply: wrong number of inputs for this operator");
    return guarded([&] {
      std::array<node_id, sizeof...(In)> ids{};
      std::array<index_tensor, side_count> side;
      std::size_t tensors = 0, sides = 0;
      const auto sort = [&](const auto& x) {
        if constexpr (std::convertible_to<decltype(x), node_id>)
          ids[tensors++] = static_cast<node_id>(x);
        else
          side.at(sides++) = x;
      };
      (sort(in), ...);
      return append(table_of<Op, T>(), &op, {ids.data(), tensors}, side);
    });
  }
  /// The same with the operator's type erased. Errors: before those, invalid_parameter for a wrong number of inputs or missing
  /// attributes.
  result<node_id> append(const operator_table<T>& op, const void* attributes, std::span<const node_id> in,
                         std::span<const index_tensor> side = {});
  /// Appends a node of the caller's own; nothing is checked here (contract I9).
  result<node_id> add_node(node<T> n);
  /// Appends `forward(value of id)`, with `vjp(x, dy)` as its derivative. Errors: domain_error for whatever `forward` throws;
  /// reverse passes report what `vjp` throws.
  template <class Forward, class Vjp>
  result<node_id> unary(const std::string& name, node_id id, const Forward& forward, Vjp vjp) {
    try {
      result<tensor<T>> given = value(id);
      if (!given) return tl::unexpected(std::move(given).error());
      const tensor<T> x = *std::move(given);
      tensor<T> y = forward(x);
      const shape dims = y.shape();
      return add_node({.name = name,
                       .value = std::move(y),
                       .parents = {id},
                       .backward = [=](const tensor<T>& dy) -> result<contributions<T>> {
                         const result<tensor<T>> checked = require_grad(dy, dims);
                         if (!checked) return tl::unexpected(checked.error());
                         return contributions<T>{{id, vjp(x, dy)}};
                       }});
    } catch (...) {
      return caught(name, error_kind::domain_error);
    }
  }

  // ---- reading ----

  std::size_t size() const { return nodes_.size(); }
  bool empty() const { return nodes_.empty(); }
  /// A node or its value; nothing if it is not on the tape, or where `value` reports an error.
  std::optional<node<T>> get_node(node_id id) const;
  std::optional<tensor<T>> get_value(node_id id) const;
  /// The value of a node; invalid_node_id.
  result<tensor<T>> value(node_id id) const;
  /// The value of a node that must have a given shape; invalid_node_id, then shape_mismatch.
  result<tensor<T>> require_value(node_id id, const shape& dims) const;
  /// A cotangent that must have a given shape; upstream_shape_mismatch.
  static result<tensor<T>> require_grad(const tensor<T>& dy, const shape& dims);
  /// The shape of a node that is on the tape.
  const shape& shape_of(node_id id) const { return *nodes_[id].dims; }
  bool requires_grad(node_id id) const { return nodes_[id].requires_grad; }
  /// Whether a node that is on the tape has no parents.
  bool is_leaf(node_id id) const { return nodes_[id].parent_count == 0; }
  /// Forgets every node; memory is kept for the next ones. Tensors read earlier stay valid.
  void clear();

  // ---- reverse passes (contract 16.3) ----
  // What a node's own `backward` throws is an error too: not_differentiable, unless it is a `failure`, a std::domain_error or a
  // std::bad_alloc.

  /// Optional gradients, absent where the pass does not reach. invalid_output_id, then seed_shape_mismatch.
  result<optional_gradients<T>> backward_dense(node_id out, const tensor<T>& seed) const;
  /// The same into memory that is reused.
  result<void> backward_dense_into(gradient_workspace<T>& into, node_id out, const tensor<T>& seed,
                                   kept_gradients keep = kept_gradients::all) const;
  /// Gradients of every node, zeros where unreached.
  result<gradient_array<T>> backward_dense_all(node_id out, const tensor<T>& seed) const;
  /// The reverse pass from an explicit array; gradient_array_length unless it has one entry per node.
  result<gradient_array<T>> backward_dense_from(gradient_array<T> gradients) const;
  /// Steps at n-1, ..., 0.
  result<gradient_array<T>> backward_dense_from_loop(std::size_t n, gradient_array<T> gradients) const;
  /// Adds the contributions of one node to a total array.
  result<gradient_array<T>> backward_dense_from_step(gradient_array<T> gradients, node_id id) const;
  /// Gradients of the nodes that were reached.
  result<gradient_map<T>> backward(node_id out, const tensor<T>& seed) const;
  /// The same for a scalar node with seed 1; seed_shape_mismatch unless its shape is ().
  result<gradient_map<T>> backward_scalar(node_id out) const {
    return guarded([&] { return backward(out, tensor<T>::scalar(T(1))); });
  }
  /// Throws std::bad_alloc.
  static gradient_map<T> dense_to_map(const optional_gradients<T>& gradients);

  /// Adds one contribution to an optional array.
  result<optional_gradients<T>> add_grad_dense(optional_gradients<T> gradients, const contribution<T>& c) const;
  /// Adds one contribution to a total array.
  result<gradient_array<T>> add_grad_all(gradient_array<T> gradients, const contribution<T>& c) const;
  /// The local VJP of a node: what each parent receives for a cotangent of the node's value.
  result<contributions<T>> local_vjp(node_id id, const tensor<T>& dy) const;

 private:
  struct stored_node {                      // one cache line
    const operator_table<T>* op = nullptr;  // null: a leaf or a node of the caller's own
    T* data = nullptr;
    memory_chunk* owner = nullptr;
    const shape* dims = nullptr;  // in bytes_; nodes of one shape after another share it
    int64_t count = 0;            // entries of the value
    union {
      const std::byte* attributes = nullptr;
      const char* name;  // of a leaf or of a node of the caller's own
    };
    union {  // absent optional inputs are no_node
      std::array<std::uint32_t, 2> near{};
      const std::uint32_t* far;
    };
    std::int32_t extra = -1;  // index of the first side input, or of the closure
    std::uint16_t parent_count = 0;
    bool requires_grad = true;
    layout data_layout{};

    std::span<const std::uint32_t> parents() const { return {parent_count <= 2 ? near.data() : far, parent_count}; }
  };
  using closure = std::function<result<contributions<T>>(const tensor<T>&)>;
  static constexpr std::uint32_t no_node = ~std::uint32_t{0};
  static constexpr std::size_t max_inputs = most_inputs;
  /// Where the numbers that an operator saves begin, behind its result of `count` entries.
  static constexpr int64_t place_of_saved(int64_t count) { return (count + 15) / 16 * 16; }

  tl::unexpected<error> no_such_node(std::string_view who, node_id id) const {
    return fail(error_kind::invalid_node_id, message({who, ": node ", id, " is not on the tape of ", size(), " nodes"}));
  }
  /// The operator's inputs; those that were left out are empty views.
  struct input_views {
    std::array<view<const T>, max_inputs> of;
    std::array<layout, max_inputs> layouts;
    std::size_t count;
    std::span<const view<const T>> all() const { return {of.data(), count}; }
  };
  input_views inputs_of(std::span<const std::uint32_t> ids) const {
    input_views in;
    in.count = ids.size();
    for (std::size_t k = 0; k < in.count; ++k) {
      const bool left_out = ids[k] == no_node;
      in.of[k] = left_out ? view<const T>{} : view<const T>{nodes_[ids[k]].data, nodes_[ids[k]].dims};
      in.layouts[k] = left_out ? layout{} : nodes_[ids[k]].data_layout;
    }
    return in;
  }
  static T* saved_of_node(const stored_node& n) { return n.op->saved == nullptr ? nullptr : n.data + place_of_saved(n.count); }
  void run_forward(const stored_node& n, std::span<const index_tensor> side,
                   const epilogue_chain<T>* epilogue = nullptr) const {
    if (n.count == 0) return;
    const input_views in = inputs_of(n.parents());
    n.op->forward(n.attributes,
                  {in.all(), side, {n.data, n.dims}, saved_of_node(n), epilogue, in.layouts.data(), n.data_layout});
  }
  /// Whether an operator of these inputs can run on the parts of the nodes that wait.
  bool follows(const operator_table<T>& op, std::span<const std::uint32_t> in) const;
  /// How the results of the nodes that wait should lie for an operator of these inputs.
  layout preferred_by(const operator_table<T>& op, const void* attributes, std::span<const std::uint32_t> in,
                      std::span<const shape* const> shapes) const;
  void lay_out_pending(layout data_layout);
  /// How the operator's result may lie; inputs that it does not take as they lie become row-major.
  layout arrange(const operator_table<T>& op, const void* attributes, std::span<const std::uint32_t> in,
                 std::span<const shape* const> shapes);
  void run_pending(std::span<const std::uint32_t> ids) const;
  /// Computes the nodes that wait.
  void flush() const {
    const floating_point_scope standard;
    pending_.flush([&](std::span<const std::uint32_t> ids) { run_pending(ids); });
  }
  /// get_node with the error. Throws.
  result<node<T>> node_at(node_id id) const;
  /// The value of a node that does not wait.
  tensor<T> value_at(node_id id) const {
    const stored_node& n = nodes_[id];
    if (n.data_layout.row_major()) return tensor<T>::view(chunk_ref(n.owner), n.data, *n.dims);
    tensor<T> value = tensor<T>::uninitialised(*n.dims);
    out_of_blocks(n.data, value.mutable_data(), *n.dims, n.data_layout);
    return value;
  }
  result<void> check_seed(node_id out, const tensor<T>& seed) const;
  result<void> run_backward(gradient_workspace<T>& into, node_id out, const tensor<T>& seed, kept_gradients keep) const;
  result<void> check_contribution(const contribution<T>& c) const;
  result<bool> is_wanted(const contribution<T>& c, std::size_t entries) const;
  struct reverse_pass;
  std::span<const index_tensor> side_of(const stored_node& n) const {
    return {n.extra < 0 ? nullptr : &side_[static_cast<std::size_t>(n.extra)], static_cast<std::size_t>(n.op->in.side)};
  }
  void set_parents(stored_node& n, std::span<const std::uint32_t> ids);
  void set_operator(stored_node& n, const operator_table<T>& op, const void* attributes, const shape& first);
  void keep_pending(std::uint32_t id, bool follows);
  result<node_id> append_checked(const operator_table<T>& op, const void* attributes, std::span<const node_id> in,
                                 std::span<const index_tensor> side);
  result<node_id> append_any(const operator_table<T>& op, const void* attributes, std::span<const node_id> in,
                             std::span<const index_tensor> side);
  bool append_numbers(const operator_table<T>& op, const void* attributes, std::span<const node_id> in);
  const shape* store_shape(const shape& dims);
  const char* store_text(std::string_view text);
  template <class F>
  static auto guarded(const F& body) -> decltype(body()) {
    return axiograd::guarded("tape", error_kind::not_differentiable, body);
  }
  /// Runs what appends a node; where it fails, the tape is as it was before.
  template <class F>
  result<node_id> appending(const char* who, error_kind otherwise, const F& body);

  std::vector<stored_node> nodes_;
  arena<T> values_;
  arena<std::byte> bytes_;          // attributes, parent lists, names
  std::vector<chunk_ref> held_;     // storage of leaves and of nodes of the caller's own
  std::vector<index_tensor> side_;  // side inputs, in node order
  std::vector<closure> closures_;
  pending_nodes pending_;
  bool laid_out_ = false;  // whether some value does not lie row-major
};

extern template class tape<float>;
extern template class tape<double>;

}  // namespace axiograd

#include <axiograd/autograd/reverse_impl.hpp>
#include <axiograd/autograd/tape_impl.hpp>
