#pragma once
// Definitions of tape<T>'s reverse passes; included by tape.hpp.

#include <axiograd/autograd/tape.hpp>

namespace axiograd {

template <scalar T>
result<contributions<T>> tape<T>::local_vjp(node_id id, const tensor<T>& dy) const {
  return guarded([&]() -> result<contributions<T>> {
    if (id >= size()) return no_such_node("local_vjp", id);
    const result<node<T>> n = node_at(id);
    if (!n) return tl::unexpected(n.error());
    if (!n->backward) return contributions<T>{};
    return n->backward(dy);
  });
}

template <scalar T>
result<void> tape<T>::check_contribution(const contribution<T>& c) const {
  if (c.parent >= size())
    return fail(error_kind::invalid_parent_id,
                message({"backward: parent ", c.parent, " is not on the tape of ", size(), " nodes"}));
  const stored_node& parent = nodes_[c.parent];
  if (parent.requires_grad && c.cotangent.shape() != *parent.dims)
    return fail(error_kind::parent_shape_mismatch, message({"backward: parent ", c.parent, " has shape ", *parent.dims,
                                                            ", its cotangent has ", c.cotangent.shape()}));
  return {};
}

/// Whether a contribution goes into a gradient array of so many entries.
template <scalar T>
result<bool> tape<T>::is_wanted(const contribution<T>& c, std::size_t entries) const {
  if (const auto ok = check_contribution(c); !ok) return tl::unexpected(ok.error());
  if (!nodes_[c.parent].requires_grad) return false;
  if (c.parent < entries) return true;
  return fail(error_kind::gradient_array_length,
              message({"backward: the gradient array has ", entries, " entries, none for node ", c.parent}));
}

namespace impl {
template <class T>
void add_into(T* to, const T* from, int64_t n) {
  const floating_point_scope standard;
  for (int64_t i = 0; i < n; ++i) to[i] = to[i] + from[i];
}
}  // namespace impl

template <scalar T>
result<optional_gradients<T>> tape<T>::add_grad_dense(optional_gradients<T> gradients, const contribution<T>& c) const {
  return guarded([&]() -> result<optional_gradients<T>> {
    const auto wanted = is_wanted(c, gradients.size());
    if (!wanted) return tl::unexpected(wanted.error());
    if (!*wanted) return std::move(gradients);
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
    const auto wanted = is_wanted(c, gradients.size());
    if (!wanted) return tl::unexpected(wanted.error());
    if (!*wanted) return std::move(gradients);
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

  [[gnu::always_inline]] const shape* shape_of(const stored_node& n) {
    if (n.dims != copied) {
      copy = ::new (static_cast<void*>(into.shapes_.allocate(sizeof(shape)).data)) shape(*n.dims);
      copied = n.dims;
    }
    return copy;
  }
  /// Gives a node's gradient its memory, which holds nothing yet.
  [[gnu::always_inline]] T* open(std::uint32_t id) {
    const stored_node& n = t.nodes_[id];
    const auto block = memory_for(n.count);
    into.slots_[id] = {block.data, block.owner, shape_of(n)};
    return block.data;
  }
  [[gnu::always_inline]] typename arena<T>::block memory_for(int64_t count) {
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
  [[gnu::always_inline]] T* open_or_take(std::uint32_t id) {
    if (gives_memory == no_node || t.nodes_[id].count != t.nodes_[gives_memory].count) return open(id);
    slot& from = into.slots_[gives_memory];
    into.slots_[id] = {from.data, from.owner, shape_of(t.nodes_[id])};
    gives_memory = no_node;
    return std::exchange(from.data, nullptr);
  }
  /// Where input k's gradient lies, null if none is wanted; sets its bit in `fresh` where it holds nothing yet.
  [[gnu::always_inline]] T* into_input(std::span<const std::uint32_t> parents, std::size_t k, unsigned& fresh) {
    const std::uint32_t p = parents[k];
    const stored_node& parent = t.nodes_[p];
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
  void run(const stored_node& n, const T* dy, bool waits = false) {
    std::array<T*, max_inputs> dx;
    unsigned fresh = 0;
    const std::span<const std::uint32_t> parents = n.parents();
    if (n.op->spans != nullptr && n.count <= work_meter::shortest && !t.laid_out_) {
      std::array<const T*, max_inputs> x;
      for (std::size_t k = 0; k < parents.size(); ++k) {
        x[k] = t.nodes_[parents[k]].data;
        dx[k] = into_input(parents, k, fresh);
      }
      return n.op->spans().vjp(n.attributes, x.data(), n.data, dy, dx.data(), fresh, n.count);
    }
    const input_views in = t.inputs_of(parents);
    for (std::size_t k = 0; k < parents.size(); ++k) dx[k] = parents[k] == no_node ? nullptr : into_input(parents, k, fresh);
    T* const saved = saved_of_node(n);
    const vjp_run<T> back{in.all(), t.side_of(n), {n.data, n.dims},  dy,           {dx.data(), parents.size()},
                          fresh,    saved,        in.layouts.data(), n.data_layout};
    if (n.count == 0) return clear_fresh(back);  // no gradient is passed on
    if (waits)
      n.op->forward_vjp(n.attributes, {in.all(), t.side_of(n), {n.data, n.dims}, saved}, back);
    else
      n.op->vjp(n.attributes, back);
  }
  static void give(slot& s, const typename arena<T>::block& memory) {
    s.data = memory.data;
    s.owner = memory.owner;
  }
  /// The pass's seed, as the value of its node lies.
  void begin_with(const tensor<T>& seed, node_id out) {
    const stored_node& n = t.nodes_[out];
    into.slots_[out] = {const_cast<T*>(seed.data()), seed.owner().get(), shape_of(n)};
    if (n.data_layout.row_major()) return;
    const auto block = into.memory_.allocate(static_cast<std::size_t>(n.count));
    into_blocks(seed.data(), block.data, *n.dims, n.data_layout);
    give(into.slots_[out], block);
  }
  /// Makes the gradients row-major that are left.
  void hand_over() {
    for (node_id id = 0; id < t.size() && t.laid_out_; ++id) {
      slot& s = into.slots_[id];
      const stored_node& n = t.nodes_[id];
      if (s.data == nullptr || n.data_layout.row_major()) continue;
      const auto plain = into.memory_.allocate(static_cast<std::size_t>(n.count));
      out_of_blocks(s.data, plain.data, *n.dims, n.data_layout);
      give(s, plain);
    }
  }
  /// What a node of the caller's own contributes.
  result<void> run_closure(node_id id) {
    const stored_node& n = t.nodes_[id];
    const auto list = t.closures_[static_cast<std::size_t>(n.extra)](
        tensor<T>::view(chunk_ref(into.slots_[id].owner), into.slots_[id].data, *n.dims));
    if (!list) return tl::unexpected(list.error());
    for (const contribution<T>& c : *list) {
      if (auto ok = t.check_contribution(c); !ok) return ok;
      if (!t.nodes_[c.parent].requires_grad) continue;
      T* const held = into.slots_[c.parent].data;
      T* const to = held == nullptr ? open(static_cast<std::uint32_t>(c.parent)) : held;
      const layout data_layout = t.nodes_[c.parent].data_layout;
      if (!data_layout.row_major())
        into_blocks(c.cotangent.data(), to, c.cotangent.shape(), data_layout, held != nullptr);
      else if (held != nullptr)
        impl::add_into(to, c.cotangent.data(), c.cotangent.size());
      else
        std::copy(c.cotangent.begin(), c.cotangent.end(), to);
    }
    return {};
  }
};

/// What every reverse pass asks of its output and seed.
template <scalar T>
result<void> tape<T>::check_seed(node_id out, const tensor<T>& seed) const {
  if (out >= size())
    return fail(error_kind::invalid_output_id,
                message({"backward: output ", out, " is not on the tape of ", size(), " nodes"}));
  if (seed.shape() != *nodes_[out].dims)
    return fail(error_kind::seed_shape_mismatch,
                message({"backward: the seed has shape ", seed.shape(), ", the output has ", *nodes_[out].dims}));
  return {};
}

template <scalar T>
result<void> tape<T>::backward_dense_into(gradient_workspace<T>& into, node_id out, const tensor<T>& seed,
                                          kept_gradients keep) const {
  return axiograd::guarded("backward", error_kind::not_differentiable, [&]() -> result<void> {
    if (auto ok = check_seed(out, seed); !ok) return ok;
    struct unless_done {  // half of the gradients are none
      gradient_workspace<T>* into;
      ~unless_done() {
        if (into != nullptr) into->slots_.clear();
      }
    } failed{&into};
    if (auto ok = run_backward(into, out, seed, keep); !ok) return ok;
    failed.into = nullptr;
    return {};
  });
}

template <scalar T>
result<void> tape<T>::run_backward(gradient_workspace<T>& into, node_id out, const tensor<T>& seed, kept_gradients keep) const {
  const floating_point_scope standard(!std::same_as<T, float>);
  into.memory_.reset();
  into.shapes_.reset();
  into.slots_.assign(size(), {});
  into.free_.clear();
  into.seed_ = seed;  // read in place: nothing later adds to the output's gradient
  reverse_pass pass{*this, into};
  node_id first = out + 1;
  pass.begin_with(seed, out);
  pending_.flush([&](std::span<const std::uint32_t> ids) {
    if (ids[0] != out || nodes_[out].op->forward_vjp == nullptr || !nodes_[out].requires_grad) return run_pending(ids);
    pass.run(nodes_[out], seed.data(), true);
    first = out;
  });
  for (node_id id = first; id-- > 0;) {
    const stored_node& n = nodes_[id];
    const T* const dy = into.slots_[id].data;
    if (dy == nullptr || !n.requires_grad) continue;
    pass.gives_memory = keep == kept_gradients::leaves && id != out && n.op != nullptr && n.op->spans != nullptr ? id : no_node;
    if (n.op != nullptr)
      pass.run(n, dy);
    else if (n.extra >= 0)
      if (auto ok = pass.run_closure(id); !ok) return ok;
    if (keep == kept_gradients::leaves && id != out && n.parent_count > 0) pass.close(id);
  }
  pass.hand_over();
  return {};
}

template <scalar T>
result<optional_gradients<T>> tape<T>::backward_dense(node_id out, const tensor<T>& seed) const {
  return guarded([&]() -> result<optional_gradients<T>> {
    gradient_workspace<T> workspace;
    if (auto ok = backward_dense_into(workspace, out, seed); !ok) return tl::unexpected(std::move(ok).error());
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
  return guarded([&] { return backward_dense(out, seed).map(&tape::dense_to_map); });
}

template <scalar T>
result<gradient_array<T>> tape<T>::backward_dense_from_step(gradient_array<T> gradients, node_id id) const {
  return guarded([&]() -> result<gradient_array<T>> {
    if (id >= size()) return no_such_node("backward_dense_from_step", id);
    const stored_node& n = nodes_[id];
    if (!n.requires_grad) return std::move(gradients);
    if (id >= gradients.size())
      return fail(error_kind::gradient_array_length,
                  message({"backward: the gradient array has ", gradients.size(), " entries, none for node ", id}));
    if (gradients[id].shape() != *n.dims)
      return fail(error_kind::gradient_array_shape, message({"backward: entry ", id, " of the gradient array has shape ",
                                                             gradients[id].shape(), ", the node has ", *n.dims}));
    auto list = local_vjp(id, gradients[id]);
    if (!list) return tl::unexpected(std::move(list).error());
    result<gradient_array<T>> out = std::move(gradients);
    for (const contribution<T>& c : *list) {
      out = add_grad_all(*std::move(out), c);
      if (!out) break;
    }
    return out;
  });
}

template <scalar T>
result<gradient_array<T>> tape<T>::backward_dense_from_loop(std::size_t n, gradient_array<T> gradients) const {
  result<gradient_array<T>> out = std::move(gradients);
  for (std::size_t id = n; id-- > 0 && out;) out = backward_dense_from_step(*std::move(out), id);
  return out;
}

template <scalar T>
result<gradient_array<T>> tape<T>::backward_dense_from(gradient_array<T> gradients) const {
  return guarded([&]() -> result<gradient_array<T>> {
    if (gradients.size() != size())
      return fail(error_kind::gradient_array_length,
                  message({"backward: the gradient array has ", gradients.size(), " entries, the tape ", size(), " nodes"}));
    return backward_dense_from_loop(size(), std::move(gradients));
  });
}

template <scalar T>
result<gradient_array<T>> tape<T>::backward_dense_all(node_id out, const tensor<T>& seed) const {
  return guarded([&]() -> result<gradient_array<T>> {
    if (auto ok = check_seed(out, seed); !ok) return tl::unexpected(std::move(ok).error());
    gradient_array<T> gradients;
    gradients.reserve(size());
    for (const stored_node& n : nodes_) gradients.push_back(tensor<T>::zeros(*n.dims));
    gradients[out] = seed;
    return backward_dense_from(std::move(gradients));
  });
}

}  // namespace axiograd
