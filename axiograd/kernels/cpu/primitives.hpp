#pragma once
// What all users of the library's primitives need: its engine, and primitives that are made once.

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <oneapi/dnnl/dnnl.hpp>
#include <utility>
#include <vector>

namespace axiograd {

inline const dnnl::engine& cpu_engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

/// Throws std::bad_alloc where there is no memory for what the library makes: it does not survive that an allocation of its own
/// fails while it makes something (TRUST.md).
void require_memory_for_library();

/// Lives while the library makes a primitive: there is memory for it, and the library keeps nothing of it, which would stay
/// behind half made if it threw, and break every later one of the kind. We keep ours ourselves.
class making_primitive {
 public:
  making_primitive();
  ~making_primitive();
  making_primitive(const making_primitive&) = delete;
  making_primitive& operator=(const making_primitive&) = delete;

 private:
  std::unique_lock<std::mutex> one_at_a_time_;
  int capacity_ = 0;
};

/// Primitives by what they do, made once, for one thread; asked only inside the library (library_call.hpp), where no fork finds
/// the lock taken. Those that a program uses again and again are few.
template <class Key, class Value>
class primitive_cache {
 public:
  /// What was made for an equal key before, or else make(), a shared_ptr.
  template <class Make>
  std::shared_ptr<const Value> find(const Key& key, const Make& make) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const auto& e) { return e.first == key; });
    if (found != entries_.end()) return found->second;
    const making_primitive safely;
    std::shared_ptr<const Value> made = make();
    if (entries_.size() == most) entries_.erase(entries_.begin());
    return entries_.emplace_back(key, std::move(made)).second;
  }

 private:
  static constexpr std::size_t most = 256;
  std::mutex mutex_;
  std::vector<std::pair<Key, std::shared_ptr<const Value>>> entries_;
};

/// A primitive with what a call needs besides pointers. Making that anew costs as much as a small product, so it is kept: as
/// often as threads have met here.
class kept_primitive {
 public:
  using argument = std::pair<int, dnnl::memory::desc>;

  kept_primitive(dnnl::primitive run, std::vector<argument> arguments)
      : run_(std::move(run)), arguments_(std::move(arguments)) {}

  /// Runs it on this thread, with its arguments' entries in the order in which they were listed.
  void run(std::initializer_list<const void*> data) const {
    std::unique_ptr<bound> mine = take();
    std::size_t next = 0;
    for (const void* const entries : data) mine->memory[next++].set_data_handle(const_cast<void*>(entries));
    dnnl::error::wrap_c_api(
        dnnl_primitive_execute(run_.get(), mine->stream.get(), static_cast<int>(mine->list.size()), mine->list.data()),
        "oneDNN could not run a primitive");
    mine->stream.wait();
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(mine));
  }

 private:
  struct bound {
    dnnl::stream stream{cpu_engine()};
    std::vector<dnnl::memory> memory;
    std::vector<dnnl_exec_arg_t> list;
  };
  std::unique_ptr<bound> take() const {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<bound> one = std::move(idle_.back());
        idle_.pop_back();
        return one;
      }
    }
    require_memory_for_library();
    auto made = std::make_unique<bound>();
    for (const auto& [name, data_layout] : arguments_) {
      made->memory.push_back(dnnl::memory(data_layout, cpu_engine(), DNNL_MEMORY_NONE));
      made->list.push_back({name, made->memory.back().get()});
    }
    return made;
  }

  dnnl::primitive run_;
  std::vector<argument> arguments_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<bound>> idle_;
};

}  // namespace axiograd
