#pragma once
// Definitions of tape<T>'s members, reverse passes aside; included by tape.hpp.

#include <axiograd/autograd/tape.hpp>

namespace axiograd {

template <scalar T>
tape<T>::tape(const tape& other)
    : nodes_((other.flush(), other.nodes_)),
      values_(other.values_),
      bytes_(other.bytes_),
      held_(other.held_),
      side_(other.side_),
      closures_(other.closures_),
      laid_out_(other.laid_out_) {}

template <scalar T>
tape<T>::tape(tape&& other) noexcept
    : nodes_(std::exchange(other.nodes_, {})),
      values_(std::move(other.values_)),
      bytes_(std::move(other.bytes_)),
      held_(std::exchange(other.held_, {})),
      side_(std::exchange(other.side_, {})),
      closures_(std::exchange(other.closures_, {})),
      pending_(std::move(other.pending_)),
      laid_out_(std::exchange(other.laid_out_, false)) {}

template <scalar T>
tape<T>& tape<T>::operator=(tape other) noexcept {
  nodes_ = std::move(other.nodes_);
  values_ = std::move(other.values_);
  bytes_ = std::move(other.bytes_);
  held_ = std::move(other.held_);
  side_ = std::move(other.side_);
  closures_ = std::move(other.closures_);
  pending_ = std::move(other.pending_);
  laid_out_ = other.laid_out_;
  return *this;
}

template <scalar T>
void tape<T>::set_parents(stored_node& n, std::span<const std::uint32_t> ids) {
  if (ids.size() > std::numeric_limits<std::uint16_t>::max()) throw std::bad_alloc();
  n.parent_count = static_cast<std::uint16_t>(ids.size());
  if (ids.size() <= 2) {
    for (std::size_t k = 0; k < ids.size(); ++k) n.near[k] = ids[k];
    return;
  }
  std::byte* const at = bytes_.allocate(ids.size_bytes()).data;
  std::memcpy(at, ids.data(), ids.size_bytes());
  n.far = reinterpret_cast<const std::uint32_t*>(at);
}

template <scalar T>
const shape* tape<T>::store_shape(const shape& dims) {
  if (!nodes_.empty() && *nodes_.back().dims == dims) return nodes_.back().dims;
  return ::new (static_cast<void*>(bytes_.allocate(sizeof(shape)).data)) shape(dims);
}

template <scalar T>
const char* tape<T>::store_text(std::string_view text) {
  if (text.empty()) return nullptr;
  std::byte* const at = bytes_.allocate(text.size() + 1).data;
  std::memcpy(at, text.data(), text.size());
  at[text.size()] = std::byte{0};
  return reinterpret_cast<const char*>(at);
}

template <scalar T>
template <class F>
[[gnu::always_inline]] inline result<node_id> tape<T>::appending(const char* who, error_kind otherwise, const F& body) {
  const std::size_t nodes = nodes_.size(), held = held_.size(), side = side_.size(), closures = closures_.size();
  try {
    return body();
  } catch (...) {
    nodes_.resize(nodes);
    held_.resize(held);
    side_.resize(side);
    closures_.resize(closures);
    return caught(who, otherwise);
  }
}

template <scalar T>
result<node_id> tape<T>::leaf(const tensor<T>& value, std::string_view name, bool requires_grad) {
  return appending("leaf", error_kind::not_differentiable, [&]() -> result<node_id> {
    const char* const text = store_text(name);
    const shape* const dims = store_shape(value.shape());
    held_.push_back(value.owner());
    stored_node& n = nodes_.emplace_back();
    n.name = text;
    n.requires_grad = requires_grad;
    n.dims = dims;
    n.count = value.size();
    n.data = const_cast<T*>(value.data());
    n.owner = value.owner().get();
    return size() - 1;
  });
}

template <scalar T>
void tape<T>::set_operator(stored_node& n, const operator_table<T>& op, const void* attributes, const shape& first) {
  n.op = &op;
  if (op.attribute_bytes > 0) {
    std::byte* const at = bytes_.allocate(op.attribute_bytes).data;
    std::memcpy(at, attributes, op.attribute_bytes);
    if (op.resolve != nullptr) op.resolve(at, first);
    n.attributes = at;
  } else {
    n.attributes = reinterpret_cast<const std::byte*>(&op);  // never read: the operator has no members
  }
}

/// Appends an elementwise operator's result where no shape has to be inferred: few numbers, all inputs of one shape. False
/// where append_any has to be asked.
template <scalar T>
bool tape<T>::append_numbers(const operator_table<T>& op, const void* attributes, std::span<const node_id> in) {
  if (!op.keeps_shape || op.in_domain != nullptr || laid_out_ || size() >= no_node) return false;
  if (in.size() != static_cast<std::size_t>(op.in.tensors) || in[0] >= size()) return false;
  const shape* const dims = nodes_[in[0]].dims;
  const int64_t count = nodes_[in[0]].count;
  if (count > work_meter::shortest) return false;
  std::array<std::uint32_t, max_inputs> ids;
  std::array<const T*, max_inputs> x;
  for (std::size_t k = 0; k < in.size(); ++k) {
    if (in[k] >= size()) return false;
    const stored_node& parent = nodes_[in[k]];
    if (parent.dims != dims && *parent.dims != *dims) return false;
    ids[k] = static_cast<std::uint32_t>(in[k]);
    x[k] = parent.data;
  }
  stored_node& n = nodes_.emplace_back();  // written where it stays: a copy would wait for its parts
  n.dims = dims;
  n.count = count;
  set_parents(n, {ids.data(), in.size()});
  set_operator(n, op, attributes, *dims);
  const auto block = values_.allocate(static_cast<std::size_t>(count));
  n.data = block.data;
  n.owner = block.owner;
  op.spans().forward(n.attributes, x.data(), n.data, count);
  return true;
}

template <scalar T>
bool tape<T>::follows(const operator_table<T>& op, std::span<const std::uint32_t> in) const {
  if (!pending_.any() || pending_.full() || op.spans == nullptr || !op.keeps_shape || op.in_domain != nullptr) return false;
  const stored_node& product = nodes_[pending_.ids()[0]];
  if (product.op->epilogue_limit == 0 || in.size() > epilogue_chain<T>::most_inputs) return false;
  return std::any_of(in.begin(), in.end(), [&](std::uint32_t id) { return pending_.contain(id); }) &&
         std::all_of(in.begin(), in.end(),
                     [&](std::uint32_t id) { return id != no_node && *nodes_[id].dims == *product.dims; });
}

/// A product, and on its parts the elementwise operators that wait with it.
template <scalar T>
void tape<T>::run_pending(std::span<const std::uint32_t> ids) const {
  const stored_node& product = nodes_[ids[0]];
  epilogue_chain<T> epilogue;
  epilogue.after = product.data;
  for (const std::uint32_t id : ids.subspan(1)) {
    const stored_node& n = nodes_[id];
    auto& link = epilogue.links[epilogue.count++] = {n.op->spans().forward, n.attributes, n.data, n.parent_count, {}};
    for (std::size_t k = 0; k < link.inputs; ++k) link.in[k] = nodes_[n.parents()[k]].data;
  }
  run_forward(product, side_of(product), epilogue.count > 0 ? &epilogue : nullptr);
}

template <scalar T>
layout tape<T>::preferred_by(const operator_table<T>& op, const void* attributes, std::span<const std::uint32_t> in,
                             std::span<const shape* const> shapes) const {
  if (op.layout_rule == nullptr || std::none_of(in.begin(), in.end(), [&](std::uint32_t id) { return pending_.contain(id); }))
    return {};
  const stored_node& product = nodes_[pending_.ids()[0]];
  if (product.op->layout_rule == nullptr) return {};
  const input_views given = inputs_of(product.parents());
  std::array<const shape*, max_inputs> dims;
  for (std::size_t k = 0; k < given.count; ++k) dims[k] = given.of[k].dims == nullptr ? &dynamic_shape : given.of[k].dims;
  const std::optional<layout> preferred =
      product.op->layout_rule(product.attributes, {dims.data(), given.count}, {given.layouts.data(), given.count});
  if (!preferred || preferred->row_major()) return {};
  const auto data_layout = [&](std::uint32_t id) {
    return pending_.contain(id) ? *preferred : id == no_node ? layout{} : nodes_[id].data_layout;
  };
  // Elementwise operators read everything in the order of memory.
  for (const std::uint32_t id : pending_.ids().subspan(1))
    for (const std::uint32_t p : nodes_[id].parents())
      if (data_layout(p) != *preferred) return {};
  std::array<layout, max_inputs> layouts;
  for (std::size_t k = 0; k < in.size(); ++k) layouts[k] = data_layout(in[k]);
  return op.layout_rule(attributes, shapes, {layouts.data(), in.size()}) ? *preferred : layout{};
}

template <scalar T>
void tape<T>::lay_out_pending(layout data_layout) {
  for (const std::uint32_t id : pending_.ids()) nodes_[id].data_layout = data_layout;
  laid_out_ = laid_out_ || !data_layout.row_major();
}

template <scalar T>
layout tape<T>::arrange(const operator_table<T>& op, const void* attributes, std::span<const std::uint32_t> in,
                        std::span<const shape* const> shapes) {
  if (!laid_out_) return {};
  std::array<layout, max_inputs> layouts;
  for (std::size_t k = 0; k < in.size(); ++k) layouts[k] = in[k] == no_node ? layout{} : nodes_[in[k]].data_layout;
  if (std::all_of(layouts.begin(), layouts.begin() + in.size(), [](layout l) { return l.row_major(); })) return {};
  if (op.layout_rule != nullptr)
    if (const std::optional<layout> result = op.layout_rule(attributes, shapes, {layouts.data(), in.size()}); result)
      return *result;
  for (const std::uint32_t id : in) {
    if (id == no_node || nodes_[id].data_layout.row_major()) continue;
    stored_node& n = nodes_[id];
    const auto block = values_.allocate(static_cast<std::size_t>(n.count));
    out_of_blocks(n.data, block.data, *n.dims, n.data_layout);
    n.data = block.data;
    n.owner = block.owner;
    n.data_layout = {};
  }
  return {};
}

template <scalar T>
result<node_id> tape<T>::append(const operator_table<T>& op, const void* attributes, std::span<const node_id> in,
                                std::span<const index_tensor> side) {
  const floating_point_scope standard(!std::same_as<T, float>);
  if (op.spans != nullptr && side.empty() && !pending_.any() && (attributes != nullptr || op.attribute_bytes == 0)) {
    const std::size_t id = size();
    try {
      if (append_numbers(op, attributes, in)) return id;
    } catch (...) {
      nodes_.resize(id);
      return caught(op.name, error_kind::domain_error);
    }
  }
  return append_checked(op, attributes, in, side);
}

template <scalar T>
[[gnu::noinline]] result<node_id> tape<T>::append_checked(const operator_table<T>& op, const void* attributes,
                                                          std::span<const node_id> in, std::span<const index_tensor> side) {
  return appending(op.name, error_kind::domain_error, [&]() -> result<node_id> {
    if (!call_fits(op, attributes, in.size(), side.size())) return misfit(op.name, op.in, in.size(), side.size());
    return append_any(op, attributes_or_any(op, attributes), in, side);
  });
}

template <scalar T>
result<node_id> tape<T>::append_any(const operator_table<T>& op, const void* attributes, std::span<const node_id> in,
                                    std::span<const index_tensor> side) {
  const std::size_t tensors = static_cast<std::size_t>(op.in.tensors);
  for (const node_id id : in)
    if (id >= size()) return no_such_node(op.name, id);
  std::array<std::uint32_t, max_inputs> ids;
  std::array<const shape*, max_inputs> shapes;
  for_each_input(op.in, in.size(), [&](std::size_t k, int given) {
    ids[k] = given < 0 ? no_node : static_cast<std::uint32_t>(in[static_cast<std::size_t>(given)]);
    shapes[k] = given < 0 ? &dynamic_shape : nodes_[ids[k]].dims;
  });
  for (std::size_t k = 0; k < side.size(); ++k) shapes[tensors + k] = &side[k].shape();
  const std::span<const shape* const> all_shapes(shapes.data(), tensors + side.size());
  const std::span<const std::uint32_t> parents(ids.data(), tensors);

  const shape_result inferred = op.infer(attributes, all_shapes);
  if (!inferred) return tl::unexpected(to_error(op.name, inferred, all_shapes));
  const int64_t count = inferred->size();
  const bool follows_pending = follows(op, parents);
  if (!follows_pending && pending_.any()) {
    lay_out_pending(preferred_by(op, attributes, parents, all_shapes));
    flush();
  }
  if (op.in_domain != nullptr && !op.in_domain(attributes, inputs_of(parents).all()))
    return fail(error_kind::domain_error, message({op.name, ": an entry lies outside the operator's domain"}));
  if (count > shape::overflow / static_cast<int64_t>(sizeof(T)))
    return fail(error_kind::out_of_memory, message({op.name, ": a result of shape ", *inferred, " is too large"}));
  if (size() >= no_node) return fail(error_kind::out_of_memory, message({op.name, ": the tape is full"}));

  // Few numbers are not worth it; exact ones only show that the result is the same.
  const bool waits = op.forward_vjp != nullptr || (op.epilogue_limit > 0 && count <= op.epilogue_limit &&
                                                   (!std::floating_point<T> || count > work_meter::shortest));

  const layout data_layout = arrange(op, attributes, parents, all_shapes);
  const shape* const dims = *shapes[0] == *inferred ? shapes[0] : store_shape(*inferred);
  stored_node& n = nodes_.emplace_back();
  n.dims = dims;
  n.count = count;
  set_parents(n, parents);
  set_operator(n, op, attributes, *shapes[0]);
  if (op.is_view) {
    n.data = nodes_[ids[0]].data;
    n.owner = nodes_[ids[0]].owner;
  } else {
    const int64_t saved = op.saved == nullptr || count == 0 ? 0 : op.saved(n.attributes, all_shapes);
    const auto block = values_.allocate(static_cast<std::size_t>(saved == 0 ? count : place_of_saved(count) + saved));
    n.data = block.data;
    n.owner = block.owner;
    if (!follows_pending && !waits) {
      n.data_layout = data_layout;
      run_forward(n, side);
    }
  }
  if (!side.empty()) {
    n.extra = static_cast<std::int32_t>(side_.size());
    side_.insert(side_.end(), side.begin(), side.end());
  }
  const auto id = static_cast<std::uint32_t>(size() - 1);
  if (follows_pending || waits) keep_pending(id, follows_pending);
  return id;
}

/// Exact numbers may refuse an operation, a division by 0: then it is this append that fails, not whatever comes next.
template <scalar T>
void tape<T>::keep_pending(std::uint32_t id, bool follows) {
  if (!follows) return pending_.begin_with(id);
  pending_.add(id);
  if constexpr (!std::floating_point<T>) {
    try {
      flush();
    } catch (...) {
      pending_.remove_last();
      throw;
    }
  }
}

template <scalar T>
result<node_id> tape<T>::add_node(node<T> given) {
  return appending("add_node", error_kind::not_differentiable, [&]() -> result<node_id> {
    for (const node_id parent : given.parents)
      if (parent >= no_node)
        return fail(error_kind::invalid_parent_id, message({"add_node: parent ", parent, " is no node of any tape"}));
    stored_node n;
    n.name = store_text(given.name);
    n.requires_grad = given.requires_grad;
    n.dims = store_shape(given.value.shape());
    n.count = given.value.size();
    n.data = const_cast<T*>(given.value.data());
    n.owner = given.value.owner().get();
    set_parents(n, std::vector<std::uint32_t>(given.parents.begin(), given.parents.end()));
    nodes_.reserve(nodes_.size() + 1 > nodes_.capacity() ? 2 * nodes_.size() + 64 : 0);
    held_.push_back(given.value.owner());
    if (given.backward) {
      n.extra = static_cast<std::int32_t>(closures_.size());
      closures_.push_back(std::move(given.backward));
    }
    nodes_.push_back(n);
    return size() - 1;
  });
}

template <scalar T>
void tape<T>::clear() {
  pending_.forget();
  nodes_.clear();
  closures_.clear();
  side_.clear();
  held_.clear();
  values_.reset();
  bytes_.reset();
  laid_out_ = false;
}

// ---- reading ---------------------------------------------------------------------------------------------------------------

template <scalar T>
std::optional<tensor<T>> tape<T>::get_value(node_id id) const {
  if (result<tensor<T>> found = value(id); found) return *std::move(found);
  return std::nullopt;
}

template <scalar T>
result<tensor<T>> tape<T>::value(node_id id) const {
  return guarded([&]() -> result<tensor<T>> {
    if (id >= size()) return no_such_node("value", id);
    flush();
    return value_at(id);
  });
}

template <scalar T>
result<tensor<T>> tape<T>::require_value(node_id id, const shape& dims) const {
  return guarded([&]() -> result<tensor<T>> {
    if (id >= size()) return no_such_node("require_value", id);
    if (*nodes_[id].dims != dims)
      return fail(error_kind::shape_mismatch,
                  message({"require_value: node ", id, " has shape ", *nodes_[id].dims, ", expected ", dims}));
    return value(id);
  });
}

template <scalar T>
result<tensor<T>> tape<T>::require_grad(const tensor<T>& dy, const shape& dims) {
  return guarded([&]() -> result<tensor<T>> {
    if (dy.shape() != dims)
      return fail(error_kind::upstream_shape_mismatch,
                  message({"backward: the cotangent has shape ", dy.shape(), ", the node's value has ", dims}));
    return dy;
  });
}

template <scalar T>
std::optional<node<T>> tape<T>::get_node(node_id id) const {
  result<node<T>> found = guarded([&] { return node_at(id); });
  if (!found) return std::nullopt;
  return *std::move(found);
}

template <scalar T>
result<node<T>> tape<T>::node_at(node_id id) const {
  if (id >= size()) return no_such_node("get_node", id);
  flush();
  const stored_node& n = nodes_[id];
  const char* const name = n.op == nullptr ? n.name : n.op->name;
  node<T> out{.name = name == nullptr ? "" : name, .value = value_at(id), .requires_grad = n.requires_grad};
  for (const std::uint32_t p : n.parents())
    if (p != no_node) out.parents.push_back(p);
  if (n.op == nullptr) {
    if (n.extra >= 0) out.backward = closures_[static_cast<std::size_t>(n.extra)];
    return out;
  }
  // The closure holds what the local VJP reads, so it may outlive the tape.
  struct saved {
    stored_node op;
    std::vector<std::byte> attributes;
    std::vector<std::optional<tensor<T>>> in;
    std::vector<index_tensor> side;
    tensor<T> y;
  };
  shared<saved> s(saved{n, {n.attributes, n.attributes + n.op->attribute_bytes}, {}, {}, out.value});
  if (!s->attributes.empty()) s->op.attributes = s->attributes.data();
  for (const std::uint32_t p : n.parents()) s->in.push_back(p == no_node ? std::nullopt : std::optional(value_at(p)));
  s->side.assign(side_of(n).begin(), side_of(n).end());
  out.backward = [s = std::move(s), parents = out.parents](const tensor<T>& dy) {
    return guarded([&]() -> result<contributions<T>> {
      if (const auto checked = require_grad(dy, s->y.shape()); !checked) return tl::unexpected(checked.error());
      const floating_point_scope standard;
      contributions<T> list;
      std::array<view<const T>, max_inputs> in{};
      std::array<T*, max_inputs> dx{};
      for (std::size_t k = 0; k < s->in.size(); ++k) {
        if (!s->in[k]) continue;
        in[k] = {s->in[k]->data(), &s->in[k]->shape()};
        list.push_back({parents[list.size()], tensor<T>::zeros(s->in[k]->shape())});
        dx[k] = list.back().cotangent.mutable_data();
      }
      if (s->y.empty()) return list;
      s->op.op->vjp(s->op.attributes,
                    {{in.data(), s->in.size()}, s->side, {s->y.data(), &s->y.shape()}, dy.data(), {dx.data(), s->in.size()}});
      return list;
    });
  };
  return out;
}

}  // namespace axiograd
