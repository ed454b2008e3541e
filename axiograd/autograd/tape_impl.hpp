#pragma once
// Definitions of tape<T>'s members; included by tape.hpp.

#include <axiograd/autograd/tape.hpp>

namespace axiograd {

template <scalar T>
tape<T>::tape(const tape& other)
    : nodes_((other.settle(), other.nodes_)),
      values_(other.values_),
      bytes_(other.bytes_),
      held_(other.held_),
      side_(other.side_),
      closures_(other.closures_) {}

template <scalar T>
tape<T>& tape<T>::operator=(tape other) noexcept {
  nodes_ = std::move(other.nodes_);
  values_ = std::move(other.values_);
  bytes_ = std::move(other.bytes_);
  held_ = std::move(other.held_);
  side_ = std::move(other.side_);
  closures_ = std::move(other.closures_);
  waiting_ = std::move(other.waiting_);
  return *this;
}

template <scalar T>
void tape<T>::set_parents(record& n, std::span<const std::uint32_t> ids) {
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
result<node_id> tape<T>::leaf(const tensor<T>& value, std::string_view name, bool requires_grad) {
  return guarded([&]() -> result<node_id> {
    const char* const text = store_text(name);
    const shape* const dims = store_shape(value.shape());
    held_.push_back(value.owner());
    record& n = nodes_.emplace_back();
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
void tape<T>::set_operator(record& n, const operator_table<T>& op, const void* attributes) {
  n.op = &op;
  if (op.attribute_bytes > 0) {
    std::byte* const at = bytes_.allocate(op.attribute_bytes).data;
    std::memcpy(at, attributes, op.attribute_bytes);
    n.attributes = at;
  } else {
    n.attributes = reinterpret_cast<const std::byte*>(&op);  // never read: the operator has no members
  }
}

/// Appends an elementwise operator's result where no shape has to be inferred: few numbers, all inputs of one shape. False
/// where append_any has to be asked.
template <scalar T>
bool tape<T>::append_numbers(const operator_table<T>& op, const void* attributes, std::span<const node_id> in) {
  if (op.spans == nullptr || !op.keeps_shape || op.in_domain != nullptr || size() >= no_node) return false;
  if (in.size() != static_cast<std::size_t>(op.in.tensors) || in[0] >= size()) return false;
  const shape* const dims = nodes_[in[0]].dims;
  const int64_t count = nodes_[in[0]].count;
  if (count > work_meter::shortest) return false;
  std::array<std::uint32_t, max_inputs> ids;
  std::array<const T*, max_inputs> x;
  for (std::size_t k = 0; k < in.size(); ++k) {
    if (in[k] >= size()) return false;
    const record& parent = nodes_[in[k]];
    if (parent.dims != dims && *parent.dims != *dims) return false;
    ids[k] = static_cast<std::uint32_t>(in[k]);
    x[k] = parent.data;
  }
  record& n = nodes_.emplace_back();  // written where it stays: a copy would wait for its parts
  n.dims = dims;
  n.count = count;
  set_parents(n, {ids.data(), in.size()});
  set_operator(n, op, attributes);
  const auto block = values_.allocate(static_cast<std::size_t>(count));
  n.data = block.data;
  n.owner = block.owner;
  op.spans().forward(n.attributes, x.data(), n.data, count);
  return true;
}

template <scalar T>
bool tape<T>::follows(const operator_table<T>& op, std::span<const node_id> in) const {
  if (op.spans == nullptr || !op.keeps_shape || op.in_domain != nullptr) return false;
  if (in.size() != static_cast<std::size_t>(op.in.tensors) || in.size() > follow_up<T>::most_inputs) return false;
  const auto waits = std::find_if(in.begin(), in.end(), [&](node_id id) { return waiting_.is(id); });
  if (waits == in.end() || nodes_[*waits].op->followed == 0) return false;
  return std::all_of(in.begin(), in.end(), [&](node_id id) { return id < size() && *nodes_[id].dims == *nodes_[*waits].dims; });
}

/// The node that waits, and on its parts the elementwise operator n.
template <scalar T>
void tape<T>::run_both(const record& n) const {
  bool done = false;
  waiting_.settle([&](std::uint32_t id) {
    follow_up<T> then{n.op->spans().forward, n.attributes, n.data, nodes_[id].data, n.parent_count, {}};
    for (std::size_t k = 0; k < then.inputs; ++k) then.in[k] = nodes_[n.parents()[k]].data;
    run_forward(id, &then);
    done = true;
  });
  const input_views in = inputs_of(n);
  if (!done) n.op->forward(n.attributes, {in.all(), {}, {n.data, n.dims}});
}

template <scalar T>
result<node_id> tape<T>::append(const operator_table<T>& op, const void* attributes, std::span<const node_id> in,
                                std::span<const index_tensor> side) {
  const std::size_t before = size();
  try {
    if (waiting_.any()) {
      if (follows(op, in)) return append_any(op, attributes, in, side, true);
      settle();
    }
    if (append_numbers(op, attributes, in)) return before;
    return append_any(op, attributes, in, side, false);
  } catch (...) {
    nodes_.resize(before);
    return caught();
  }
}

template <scalar T>
result<node_id> tape<T>::append_any(const operator_table<T>& op, const void* attributes, std::span<const node_id> in,
                                    std::span<const index_tensor> side, bool follows_waiting) {
  const std::size_t tensors = static_cast<std::size_t>(op.in.tensors);
  for (const node_id id : in)
    if (id >= size()) return no_such_node(op.name, id);
  std::array<std::uint32_t, max_inputs> ids;
  std::array<const shape*, max_inputs> shapes;
  std::array<view<const T>, max_inputs> views;
  const bool absent = in.size() < tensors;
  for (std::size_t k = 0, given = 0; k < tensors; ++k) {
    const bool left_out = absent && static_cast<int>(k) == op.in.optional;
    ids[k] = left_out ? no_node : static_cast<std::uint32_t>(in[given++]);
    shapes[k] = left_out ? &dynamic_shape : nodes_[ids[k]].dims;
    views[k] = left_out ? view<const T>{} : view<const T>{nodes_[ids[k]].data, shapes[k]};
  }
  for (std::size_t k = 0; k < side.size(); ++k) shapes[tensors + k] = &side[k].shape();
  const std::span<const shape* const> all_shapes(shapes.data(), tensors + side.size());
  const std::span<const view<const T>> inputs(views.data(), tensors);

  const shape_result inferred = op.infer(attributes, all_shapes);
  if (!inferred) return tl::unexpected(to_error(op.name, inferred, all_shapes));
  const int64_t count = inferred->size();
  if (op.in_domain != nullptr && !op.in_domain(attributes, inputs))
    return fail(error_kind::domain_error, message({op.name, ": an entry lies outside the operator's domain"}));
  if (count > shape::overflow / static_cast<int64_t>(sizeof(T)))
    return fail(error_kind::out_of_memory, message({op.name, ": a result of shape ", *inferred, " is too large"}));
  if (size() >= no_node) return fail(error_kind::out_of_memory, message({op.name, ": the tape is full"}));

  // Few numbers are not worth it; exact ones only show that the result is the same.
  const bool waits = op.together != nullptr ||
                     (op.followed > 0 && count <= op.followed && (!std::floating_point<T> || count > work_meter::shortest));

  const shape* const dims = *shapes[0] == *inferred ? shapes[0] : store_shape(*inferred);
  record& n = nodes_.emplace_back();
  n.dims = dims;
  n.count = count;
  set_parents(n, {ids.data(), tensors});
  set_operator(n, op, attributes);
  if (op.relabels) {
    n.data = nodes_[ids[0]].data;
    n.owner = nodes_[ids[0]].owner;
  } else {
    const int64_t saved = op.saved == nullptr ? 0 : op.saved(attributes, all_shapes);
    const auto block = values_.allocate(static_cast<std::size_t>(saved == 0 ? count : place_of_saved(count) + saved));
    n.data = block.data;
    n.owner = block.owner;
    if (follows_waiting)
      run_both(n);
    else if (!waits)
      op.forward(n.attributes, {inputs, side, {n.data, n.dims}, saved_numbers(n)});
  }
  if (!side.empty()) {
    n.extra = static_cast<std::int32_t>(side_.size());
    side_.insert(side_.end(), side.begin(), side.end());
  }
  if (waits) waiting_.set(static_cast<std::uint32_t>(size() - 1));
  return size() - 1;
}

template <scalar T>
result<node_id> tape<T>::add_node(node<T> given) {
  for (const node_id parent : given.parents)
    if (parent >= no_node)
      return fail(error_kind::invalid_parent_id, message({"add_node: parent ", parent, " is no node of any tape"}));
  return guarded([&]() -> result<node_id> {
    record n;
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
  waiting_.forget();
  nodes_.clear();
  closures_.clear();
  side_.clear();
  held_.clear();
  values_.reset();
  bytes_.reset();
}

// ---- reading ---------------------------------------------------------------------------------------------------------------

template <scalar T>
std::optional<tensor<T>> tape<T>::get_value(node_id id) const {
  if (id >= size() || !settled()) return std::nullopt;
  return value_at(id);
}

template <scalar T>
result<tensor<T>> tape<T>::value(node_id id) const {
  if (id >= size()) return no_such_node("value", id);
  if (auto ok = settled(); !ok) return tl::unexpected(std::move(ok).error());
  return value_at(id);
}

template <scalar T>
result<tensor<T>> tape<T>::require_value(node_id id, const shape& dims) const {
  if (id >= size()) return no_such_node("require_value", id);
  if (*nodes_[id].dims != dims)
    return fail(error_kind::shape_mismatch,
                message({"require_value: node ", id, " has shape ", *nodes_[id].dims, ", expected ", dims}));
  return value(id);
}

template <scalar T>
result<tensor<T>> tape<T>::require_grad(const tensor<T>& dy, const shape& dims) {
  if (dy.shape() != dims)
    return fail(error_kind::upstream_shape_mismatch,
                message({"backward: the cotangent has shape ", dy.shape(), ", the node's value has ", dims}));
  return dy;
}

template <scalar T>
std::optional<node<T>> tape<T>::get_node(node_id id) const {
  if (id >= size() || !settled()) return std::nullopt;
  const record& n = nodes_[id];
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
    record op;
    std::vector<std::byte> attributes;
    std::vector<std::optional<tensor<T>>> in;
    std::vector<index_tensor> side;
    tensor<T> y;
  };
  shared<saved> s(saved{n, {n.attributes, n.attributes + n.op->attribute_bytes}, {}, {}, out.value});
  if (!s->attributes.empty()) s->op.attributes = s->attributes.data();
  for (const std::uint32_t p : n.parents()) s->in.push_back(p == no_node ? std::nullopt : get_value(p));
  s->side.assign(side_of(n).begin(), side_of(n).end());
  out.backward = [s = std::move(s), parents = out.parents](const tensor<T>& dy) {
    return guarded([&]() -> result<contributions<T>> {
      if (const auto checked = require_grad(dy, s->y.shape()); !checked) return tl::unexpected(checked.error());
      contributions<T> list;
      std::array<view<const T>, max_inputs> in{};
      std::array<T*, max_inputs> dx{};
      for (std::size_t k = 0; k < s->in.size(); ++k) {
        if (!s->in[k]) continue;
        in[k] = {s->in[k]->data(), &s->in[k]->shape()};
        list.push_back({parents[list.size()], tensor<T>::zeros(s->in[k]->shape())});
        dx[k] = list.back().cotangent.mutable_data();
      }
      s->op.op->vjp(s->op.attributes,
                    {{in.data(), s->in.size()}, s->side, {s->y.data(), &s->y.shape()}, dy.data(), {dx.data(), s->in.size()}});
      return list;
    });
  };
  return out;
}

// ---- reverse passes --------------------------------------------------------------------------------------------------------

template <scalar T>
result<contributions<T>> tape<T>::local_vjp(node_id id, const tensor<T>& dy) const {
  const auto n = get_node(id);
  if (!n) return no_such_node("local_vjp", id);
  if (!n->backward) return contributions<T>{};
  return n->backward(dy);
}

template <scalar T>
result<void> tape<T>::check_contribution(const contribution<T>& c) const {
  if (c.parent >= size())
    return fail(error_kind::invalid_parent_id,
                message({"backward: parent ", c.parent, " is not on the tape of ", size(), " nodes"}));
  const record& parent = nodes_[c.parent];
  if (parent.requires_grad && c.cotangent.shape() != *parent.dims)
    return fail(error_kind::parent_shape_mismatch, message({"backward: parent ", c.parent, " has shape ", *parent.dims,
                                                            ", its cotangent has ", c.cotangent.shape()}));
  return {};
}

namespace impl {
template <class T>
void add_into(T* to, const T* from, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] = to[i] + from[i];
}
}  // namespace impl

template <scalar T>
result<optional_gradients<T>> tape<T>::add_grad_dense(optional_gradients<T> gradients, const contribution<T>& c) const {
  return guarded([&]() -> result<optional_gradients<T>> {
    if (const auto ok = check_contribution(c); !ok) return tl::unexpected(ok.error());
    if (!nodes_[c.parent].requires_grad) return std::move(gradients);
    if (c.parent >= gradients.size())
      return fail(error_kind::gradient_array_length,
                  message({"backward: the gradient array has ", gradients.size(), " entries, none for node ", c.parent}));
    if (auto& entry = gradients[c.parent]; entry.has_value())
      impl::add_into(entry->mutable_data(), c.cotangent.data(), c.cotangent.size());
    else
      entry = c.cotangent;
    return std::move(gradients);
  });
}

template <scalar T>
result<gradient_array<T>> tape<T>::add_grad_all(gradient_array<T> gradients, const contribution<T>& c) const {
  return guarded([&]() -> result<gradient_array<T>> {
    if (const auto ok = check_contribution(c); !ok) return tl::unexpected(ok.error());
    if (!nodes_[c.parent].requires_grad) return std::move(gradients);
    if (c.parent >= gradients.size())
      return fail(error_kind::gradient_array_length,
                  message({"backward: the gradient array has ", gradients.size(), " entries, none for node ", c.parent}));
    tensor<T>& entry = gradients[c.parent];
    if (entry.shape() != c.cotangent.shape())
      return fail(error_kind::gradient_array_shape, message({"backward: entry ", c.parent, " of the gradient array has shape ",
                                                             entry.shape(), ", the node has ", c.cotangent.shape()}));
    impl::add_into(entry.mutable_data(), c.cotangent.data(), c.cotangent.size());
    return std::move(gradients);
  });
}

/// What backward_dense_into does at one node.
template <scalar T>
struct tape<T>::reverse_pass {
  using slot = typename gradient_workspace<T>::slot;
  const tape& t;
  gradient_workspace<T>& into;
  const shape *copied = nullptr, *copy = nullptr;  // neighbours on the tape often share their shape

  const shape* shape_of(const record& n) {
    if (n.dims != copied) {
      copy = ::new (static_cast<void*>(into.shapes_.allocate(sizeof(shape)).data)) shape(*n.dims);
      copied = n.dims;
    }
    return copy;
  }
  /// Gives a node's gradient its memory, which holds nothing yet.
  T* open(std::uint32_t id) {
    const record& n = t.nodes_[id];
    const auto block = memory_for(n.count);
    into.slots_[id] = {block.data, block.owner, shape_of(n)};
    return block.data;
  }
  typename arena<T>::block memory_for(int64_t count) {
    if (count >= smallest_reused)
      for (std::size_t i = into.free_.size(); i-- > 0;)  // the last one is still in the caches
        if (into.free_[i].count == count) {
          const auto block = into.free_[i].memory;
          into.free_[i] = into.free_.back();
          into.free_.pop_back();
          return block;
        }
    return into.memory_.allocate(static_cast<std::size_t>(count));
  }
  /// Gives a gradient up that everything has been taken from.
  void close(node_id id) {
    slot& s = into.slots_[id];
    if (s.data == nullptr) return;  // handed on
    if (t.nodes_[id].count >= smallest_reused) into.free_.push_back({{s.data, s.owner}, t.nodes_[id].count});
    s.data = nullptr;
  }
  static constexpr int64_t smallest_reused = 1024;
  /// The node at work, if an input of as many entries may have the memory of its gradient: an elementwise VJP reads an entry of
  /// the cotangent before it writes that entry of a gradient.
  node_id gives_memory = no_node;
  T* open_or_take(std::uint32_t id) {
    if (gives_memory == no_node || t.nodes_[id].count != t.nodes_[gives_memory].count) return open(id);
    slot& from = into.slots_[gives_memory];
    into.slots_[id] = {from.data, from.owner, shape_of(t.nodes_[id])};
    gives_memory = no_node;
    return std::exchange(from.data, nullptr);
  }
  /// Where input k's gradient lies, null if none is wanted; sets its bit in `fresh` where it holds nothing yet.
  T* into_input(std::span<const std::uint32_t> parents, std::size_t k, unsigned& fresh) {
    const std::uint32_t p = parents[k];
    const record& parent = t.nodes_[p];
    if (!parent.requires_grad) return nullptr;
    if (T* const held = into.slots_[p].data; held != nullptr) return held;
    bool once = true;  // an operator that has it twice adds to it twice
    for (std::size_t other = k + 1; other < parents.size(); ++other) once = once && parents[other] != p;
    if (once) {
      fresh |= 1U << k;
      return open_or_take(p);
    }
    T* const opened = open(p);
    std::fill_n(opened, parent.count, T(0));
    return opened;
  }
  /// Adds what an operator's node contributes to the gradients of its parents; computes its value too if that still waits.
  void run(const record& n, const T* dy, bool waits = false) {
    std::array<T*, max_inputs> dx;
    unsigned fresh = 0;
    const std::span<const std::uint32_t> parents = n.parents();
    if (n.op->spans != nullptr && n.count <= work_meter::shortest) {
      std::array<const T*, max_inputs> x;
      for (std::size_t k = 0; k < parents.size(); ++k) {
        x[k] = t.nodes_[parents[k]].data;
        dx[k] = into_input(parents, k, fresh);
      }
      return n.op->spans().vjp(n.attributes, x.data(), n.data, dy, dx.data(), fresh, n.count);
    }
    const input_views in = t.inputs_of(n);
    for (std::size_t k = 0; k < parents.size(); ++k) dx[k] = parents[k] == no_node ? nullptr : into_input(parents, k, fresh);
    T* const saved = saved_numbers(n);
    const vjp_run<T> back{in.all(), t.side_of(n), {n.data, n.dims}, dy, {dx.data(), parents.size()}, fresh, saved};
    if (waits)
      n.op->together(n.attributes, {in.all(), t.side_of(n), {n.data, n.dims}, saved}, back);
    else
      n.op->vjp(n.attributes, back);
  }
  /// The same for a node of the caller's own.
  result<void> run_closure(node_id id) {
    const record& n = t.nodes_[id];
    const auto list = t.closures_[static_cast<std::size_t>(n.extra)](
        tensor<T>::view(chunk_ref(into.slots_[id].owner), into.slots_[id].data, *n.dims));
    if (!list) return tl::unexpected(list.error());
    for (const contribution<T>& c : *list) {
      if (auto ok = t.check_contribution(c); !ok) return ok;
      if (!t.nodes_[c.parent].requires_grad) continue;
      if (T* const to = into.slots_[c.parent].data; to != nullptr)
        impl::add_into(to, c.cotangent.data(), c.cotangent.size());
      else
        std::copy(c.cotangent.begin(), c.cotangent.end(), open(static_cast<std::uint32_t>(c.parent)));
    }
    return {};
  }
};

template <scalar T>
result<void> tape<T>::backward_dense_into(gradient_workspace<T>& into, node_id out, const tensor<T>& seed,
                                          kept_gradients keep) const {
  if (out >= size())
    return fail(error_kind::invalid_output_id,
                message({"backward: output ", out, " is not on the tape of ", size(), " nodes"}));
  if (seed.shape() != *nodes_[out].dims)
    return fail(error_kind::seed_shape_mismatch,
                message({"backward: the seed has shape ", seed.shape(), ", the output has ", *nodes_[out].dims}));
  try {
    into.memory_.reset();
    into.shapes_.reset();
    into.slots_.assign(size(), {});
    into.free_.clear();
    into.seed_ = seed;  // read in place: nothing later adds to the output's gradient
    reverse_pass pass{*this, into};
    into.slots_[out] = {const_cast<T*>(seed.data()), seed.owner().get(), pass.shape_of(nodes_[out])};
    node_id first = out + 1;
    if (nodes_[out].requires_grad)
      waiting_.settle([&](std::uint32_t id) {
        if (id != out || nodes_[id].op->together == nullptr) return run_forward(id);
        pass.run(nodes_[out], seed.data(), true);
        first = out;
      });
    else
      settle();
    for (node_id id = first; id-- > 0;) {
      const record& n = nodes_[id];
      const T* const dy = into.slots_[id].data;
      if (dy == nullptr || !n.requires_grad) continue;
      pass.gives_memory =
          keep == kept_gradients::leaves && id != out && n.op != nullptr && n.op->spans != nullptr ? id : no_node;
      if (n.op != nullptr)
        pass.run(n, dy);
      else if (n.extra >= 0)
        if (auto ok = pass.run_closure(id); !ok) return ok;
      if (keep == kept_gradients::leaves && id != out && n.parent_count > 0) pass.close(id);
    }
    return {};
  } catch (...) {
    return caught();
  }
}

template <scalar T>
result<optional_gradients<T>> tape<T>::backward_dense(node_id out, const tensor<T>& seed) const {
  gradient_workspace<T> workspace;
  if (const auto ok = backward_dense_into(workspace, out, seed); !ok) return tl::unexpected(ok.error());
  return guarded([&]() -> result<optional_gradients<T>> {
    optional_gradients<T> gradients(size());
    for (node_id id = 0; id < size(); ++id) gradients[id] = workspace.at(id);
    return gradients;
  });
}

template <scalar T>
gradient_map<T> tape<T>::dense_to_map(const optional_gradients<T>& gradients) {
  gradient_map<T> map;
  for (node_id id = 0; id < gradients.size(); ++id)
    if (gradients[id].has_value()) map.emplace_hint(map.end(), id, *gradients[id]);
  return map;
}

template <scalar T>
result<gradient_map<T>> tape<T>::backward(node_id out, const tensor<T>& seed) const {
  return backward_dense(out, seed).map(&tape::dense_to_map);
}

template <scalar T>
result<gradient_array<T>> tape<T>::backward_dense_from_step(gradient_array<T> gradients, node_id id) const {
  if (id >= size()) return no_such_node("backward_dense_from_step", id);
  const record& n = nodes_[id];
  if (!n.requires_grad) return gradients;
  if (id >= gradients.size())
    return fail(error_kind::gradient_array_length,
                message({"backward: the gradient array has ", gradients.size(), " entries, none for node ", id}));
  if (gradients[id].shape() != *n.dims)
    return fail(error_kind::gradient_array_shape, message({"backward: entry ", id, " of the gradient array has shape ",
                                                           gradients[id].shape(), ", the node has ", *n.dims}));
  auto list = local_vjp(id, gradients[id]);
  if (!list) return tl::unexpected(list.error());
  result<gradient_array<T>> out = std::move(gradients);
  for (const contribution<T>& c : *list) {
    out = add_grad_all(*std::move(out), c);
    if (!out) break;
  }
  return out;
}

template <scalar T>
result<gradient_array<T>> tape<T>::backward_dense_from_loop(std::size_t n, gradient_array<T> gradients) const {
  result<gradient_array<T>> out = std::move(gradients);
  for (std::size_t id = n; id-- > 0 && out;) out = backward_dense_from_step(*std::move(out), id);
  return out;
}

template <scalar T>
result<gradient_array<T>> tape<T>::backward_dense_from(gradient_array<T> gradients) const {
  if (gradients.size() != size())
    return fail(error_kind::gradient_array_length,
                message({"backward: the gradient array has ", gradients.size(), " entries, the tape ", size(), " nodes"}));
  return backward_dense_from_loop(size(), std::move(gradients));
}

template <scalar T>
result<gradient_array<T>> tape<T>::backward_dense_all(node_id out, const tensor<T>& seed) const {
  if (out >= size())
    return fail(error_kind::invalid_output_id,
                message({"backward: output ", out, " is not on the tape of ", size(), " nodes"}));
  if (seed.shape() != *nodes_[out].dims)
    return fail(error_kind::seed_shape_mismatch,
                message({"backward: the seed has shape ", seed.shape(), ", the output has ", *nodes_[out].dims}));
  return guarded([&]() -> result<gradient_array<T>> {
    gradient_array<T> gradients;
    gradients.reserve(size());
    for (const record& n : nodes_) gradients.push_back(tensor<T>::zeros(*n.dims));
    gradients[out] = seed;
    return backward_dense_from(std::move(gradients));
  });
}

}  // namespace axiograd
