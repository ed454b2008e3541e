#pragma once
// Running one call of a subject on numbers of any type.

#include <cmath>

#include "subject.hpp"

namespace axiograd::conformance {

/// The entries of one tensor between two margins that nobody may write to.
template <class T>
class entries {
 public:
  entries() = default;  ///< an absent tensor
  /// `shift` moves the first entry off the alignment of vectors.
  explicit entries(int64_t n, int64_t shift = 0) : size_(n), begin_(margin + shift % margin) {
    all_.assign(static_cast<std::size_t>(begin_ + n + margin), T(guard));
    for (int64_t i = 0; i < n; ++i) (*this)[i] = T(0);
  }
  bool absent() const { return begin_ == 0; }
  int64_t size() const { return size_; }
  T* data() { return absent() ? nullptr : all_.data() + begin_; }
  const T* data() const { return absent() ? nullptr : all_.data() + begin_; }
  T& operator[](int64_t i) { return all_[static_cast<std::size_t>(begin_ + i)]; }
  const T& operator[](int64_t i) const { return all_[static_cast<std::size_t>(begin_ + i)]; }
  bool margins_intact() const {
    for (int64_t i = 0; i < static_cast<int64_t>(all_.size()); ++i)
      if ((i < begin_ || i >= begin_ + size_) && !(all_[static_cast<std::size_t>(i)] == T(guard))) return false;
    return true;
  }

 private:
  static constexpr int64_t margin = 8;
  static constexpr int guard = 77;
  int64_t size_ = 0;
  int64_t begin_ = 0;
  std::vector<T> all_;
};
template <class T>
using tensors = std::vector<entries<T>>;

/// A tensor for each input of the call, filled by make(input).
template <class T, class Make>
tensors<T> inputs_of(const call& c, const Make& make) {
  tensors<T> all;
  for (const shape& s : c.in) {
    entries<T>& t = all.emplace_back();
    if (s.rank < 0) continue;
    t = entries<T>(s.size(), static_cast<int64_t>(all.size()));
    for (int64_t i = 0; i < t.size(); ++i) t[i] = make();
  }
  return all;
}
template <class T, class Make>
entries<T> entries_of(int64_t n, const Make& make) {
  entries<T> t(n);
  for (int64_t i = 0; i < n; ++i) t[i] = make();
  return t;
}
template <class To, class From, class Convert>
entries<To> converted(const entries<From>& from, const Convert& convert) {
  if (from.absent()) return {};
  entries<To> to(from.size(), 3);
  for (int64_t i = 0; i < from.size(); ++i) to[i] = convert(from[i]);
  return to;
}
template <class To, class From, class Convert>
tensors<To> converted(const tensors<From>& from, const Convert& convert) {
  tensors<To> to;
  for (const auto& t : from) to.push_back(converted<To>(t, convert));
  return to;
}
template <class To, class From>
auto converted(const From& from) {
  return converted<To>(from, [](const auto& x) { return static_cast<To>(x); });
}

template <class T>
std::vector<view<const T>> views_of(const call& c, const tensors<T>& x) {
  std::vector<view<const T>> views;
  for (std::size_t k = 0; k < x.size(); ++k)
    views.push_back(x[k].absent() ? view<const T>{} : view<const T>{x[k].data(), &c.in[k]});
  return views;
}
/// The result begins as what no operator gives, so that an entry that is not written shows.
template <class T>
entries<T> run_forward(void (*forward)(const void*, const forward_run<T>&), const call& c, const tensors<T>& x) {
  entries<T> y(c.y.size(), 5);
  for (int64_t i = 0; i < y.size(); ++i) y[i] = T(-777);
  const auto views = views_of(c, x);
  forward(c.op(), {views, c.side, {y.data(), &c.y}});
  return y;
}
inline constexpr unsigned all_inputs = ~0u;
/// Adds to `dx` where `wanted` has the input's bit; writes where `fresh` has it.
template <class T>
void run_vjp(void (*vjp)(const void*, const vjp_run<T>&), const call& c, const tensors<T>& x, const entries<T>& y,
             const entries<T>& dy, tensors<T>& dx, unsigned wanted = all_inputs, unsigned fresh = 0) {
  const auto views = views_of(c, x);
  std::vector<T*> targets;
  for (std::size_t k = 0; k < dx.size(); ++k) targets.push_back((wanted >> k & 1u) != 0 ? dx[k].data() : nullptr);
  vjp(c.op(), {views, c.side, {y.data(), &c.y}, dy.data(), targets, fresh});
}
template <class T>
tensors<T> zeros_like(const tensors<T>& x) {
  return converted<T>(x, [](const T&) { return T(0); });
}

/// Numbers that operators are tried on; the kinds cover different domains.
inline double ordinary_number(draw& d, const subject& s, int kind) {
  switch (kind % 4) {
    case 0: return 1.5 * d.normal();
    case 1: return d.uniform(0.02, 0.98);
    case 2: return std::exp(1.5 * d.normal());
    default:
      if (s.test_points.empty()) return d.uniform(-4, 4);
      return s.test_points[static_cast<std::size_t>(d.whole(0, static_cast<int64_t>(s.test_points.size()) - 1))] *
                 d.uniform(0.9, 1.1) +
             1e-3 * d.normal();
  }
}

/// Leading axes before the samples: none, the same for all inputs that may have them, or for some.
struct leading {
  shape dims;
  unsigned inputs = 0;
};
inline leading draw_leading(const subject& s, const call& c, draw& d, int64_t least = 0) {
  leading l;
  if (!s.has_samples) return l;
  for (int rank = d.whole(least > 0 ? 1 : 0, 2); rank > 0; --rank)
    l.dims.append(least > 0 ? d.whole(least, 2 * least) : d.chance(8) ? 0 : d.whole(1, 3));
  if (l.dims.rank == 0) return l;
  unsigned possible = 0;
  for (std::size_t k = 0; k < c.in.size(); ++k)
    if (c.in[k].rank >= 0 && !s.shared.contains(static_cast<int>(k))) possible |= 1u << k;
  do {
    l.inputs = d.chance(2) ? possible : possible & static_cast<unsigned>(d.bits());
  } while (l.inputs == 0);
  return l;
}
inline void add_leading(call& c, const leading& l) {
  for (std::size_t k = 0; k < c.in.size(); ++k)
    if ((l.inputs >> k & 1u) != 0) c.in[k] = concat(l.dims, c.in[k]);
}
/// The result's shape; a text when the shape rule refuses a sample.
inline std::string infer_result(const subject& s, call& c) {
  const auto shapes = c.shapes();
  const shape_result r = s.infer(c.op(), shapes);
  if (!r) return to_error(s.info.name.s, r, shapes).message;
  c.y = *r;
  return {};
}
/// A valid call with leading axes where the operator takes them.
inline call draw_call(const subject& s, draw& d, int64_t least_leading = 0) {
  call c = s.draw_call(d);
  add_leading(c, draw_leading(s, c, d, least_leading));
  if (const std::string refused = infer_result(s, c); !refused.empty())
    throw failure({error_kind::shape_mismatch, "the operator refuses its own sample: " + refused});
  return c;
}

}  // namespace axiograd::conformance
