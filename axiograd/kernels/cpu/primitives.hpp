#pragma once
// What all users of the library's primitives need: its engine, and primitives that are made once.

#include <algorithm>
#include <cstddef>
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

/// Primitives by what they do, made once, for one thread. Those that a program uses again and again are few.
template <class Key, class Value>
class primitive_cache {
 public:
  /// What was made for an equal key before, or else make(), a shared_ptr.
  template <class Make>
  std::shared_ptr<const Value> find(const Key& key, const Make& make) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const auto& e) { return e.first == key; });
    if (found != entries_.end()) return found->second;
    if (entries_.size() == most) entries_.erase(entries_.begin());
    entries_.emplace_back(key, make());
    return entries_.back().second;
  }

 private:
  static constexpr std::size_t most = 256;
  std::mutex mutex_;
  std::vector<std::pair<Key, std::shared_ptr<const Value>>> entries_;
};

/// Things of which each is used by one thread at a time; made when all are in use, and kept.
template <class T>
class shared_stock {
 public:
  /// Calls use(one of them); make() makes a new one.
  template <class Make, class Use>
  void with(const Make& make, const Use& use) {
    std::unique_ptr<T> one;
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        one = std::move(idle_.back());
        idle_.pop_back();
      }
    }
    if (!one) one = std::make_unique<T>(make());
    use(*one);
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(one));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<T>> idle_;
};

}  // namespace axiograd
