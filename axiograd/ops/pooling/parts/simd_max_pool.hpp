#pragma once
// Included only by the units of one instruction set.

#include <algorithm>
#include <axiograd/core/scalar/simd.hpp>
#include <axiograd/ops/pooling/parts/native_max_pool.hpp>
#include <limits>

namespace axiograd::impl {

/// The entries of neighbouring windows along one row: vector c holds entry c of each window.
template <class S, int Columns>
struct window_entries_of {
  using T = typename S::element;
  static constexpr int room = Columns * S::lanes;
  S at[Columns];

  static window_entries_of load(const T* from, int windows) {
    if (windows == S::lanes) return split(from);
    alignas(64) T copy[static_cast<std::size_t>(room)];
    for_vectors(windows, [&](int first, int n) { S::load_first(from + first, n).store(copy + first); });
    return split(copy);
  }
  void store(T* to, int windows) const {
    if (windows == S::lanes) return join(to);
    alignas(64) T copy[static_cast<std::size_t>(room)];
    join(copy);
    for_vectors(windows, [&](int first, int n) { S::load(copy + first).store_first(to + first, n); });
  }

 private:
  template <class F>
  static void for_vectors(int windows, const F& body) {
    for (int v = 0; v < Columns; ++v) body(v * S::lanes, std::clamp(windows * Columns - v * S::lanes, 0, S::lanes));
  }
  static window_entries_of split(const T* from) {
    const typename S::tag d;
    window_entries_of e;
    if constexpr (Columns == 2)
      hn::LoadInterleaved2(d, from, e.at[0].v, e.at[1].v);
    else if constexpr (Columns == 3)
      hn::LoadInterleaved3(d, from, e.at[0].v, e.at[1].v, e.at[2].v);
    else
      hn::LoadInterleaved4(d, from, e.at[0].v, e.at[1].v, e.at[2].v, e.at[3].v);
    return e;
  }
  void join(T* to) const {
    const typename S::tag d;
    if constexpr (Columns == 2)
      hn::StoreInterleaved2(at[0].v, at[1].v, d, to);
    else if constexpr (Columns == 3)
      hn::StoreInterleaved3(at[0].v, at[1].v, at[2].v, d, to);
    else
      hn::StoreInterleaved4(at[0].v, at[1].v, at[2].v, at[3].v, d, to);
  }
};

template <class S, int Columns>
struct max_pool_plane {
  using T = typename S::element;
  using cells = window_entries_of<S, Columns>;

  template <class F>
  static void for_windows(const window_tiling& w, const F& body) {
    for (int64_t q = 0; q < w.lines; ++q)
      for (int64_t i = 0; i < w.line; i += S::lanes)
        body(q * w.line + i, q * w.rows * w.width + i * Columns, static_cast<int>(std::min<int64_t>(S::lanes, w.line - i)));
  }
  static void forward(const window_tiling& w, const T* x, T* y) {
    for_windows(w, [&](int64_t to, int64_t from, int windows) {
      S best(-std::numeric_limits<T>::infinity());
      for (int64_t r = 0; r < w.rows; ++r)
        for (const S& value : cells::load(x + from + r * w.width, windows).at)
          best = hn::IfThenElse(hn::Or(hn::Gt(value.v, best.v), hn::IsNaN(value.v)), value.v, best.v);
      best.store_first(y + to, windows);
    });
  }
  static void vjp(const window_tiling& w, const T* x, const T* y, const T* dy, T* dx) {
    for_windows(w, [&](int64_t to, int64_t from, int windows) {
      const S best = S::load_first(y + to, windows), g = S::load_first(dy + to, windows);
      const auto of_nan = hn::IsNaN(best.v);
      auto open = hn::Eq(hn::Zero(typename S::tag()), hn::Zero(typename S::tag()));  // windows without a winner so far
      for (int64_t r = 0; r < w.rows; ++r) {
        cells row = cells::load(x + from + r * w.width, windows);
        for (S& value : row.at) {
          const auto largest = hn::Or(hn::Eq(value.v, best.v), hn::And(hn::IsNaN(value.v), of_nan));
          const auto wins = hn::And(largest, open);
          open = hn::AndNot(largest, open);
          value = hn::IfThenElseZero(wins, g.v);
        }
        row.store(dx + from + r * w.width, windows);
      }
    });
  }
};

/// Planes of `block` channels side by side: each window's entries are vectors of channels.
template <class S, int Columns>
struct max_pool_block {
  using T = typename S::element;

  /// Calls body(place of the window, place of its first entry, channels) for each window and each vector of channels.
  template <class F>
  static void for_windows(const window_tiling& w, int64_t block, const F& body) {
    for (int64_t q = 0; q < w.lines; ++q)
      for (int64_t i = 0; i < w.line; ++i)
        for (int64_t c = 0; c < block; c += S::lanes)
          body((q * w.line + i) * block + c, (q * w.rows * w.width + i * Columns) * block + c,
               static_cast<int>(std::min<int64_t>(S::lanes, block - c)));
  }
  static void forward(const window_tiling& w, int64_t block, const T* x, T* y) {
    for_windows(w, block, [&](int64_t to, int64_t from, int channels) {
      S best(-std::numeric_limits<T>::infinity());
      for (int64_t r = 0; r < w.rows; ++r)
        for (int c = 0; c < Columns; ++c) {
          const S value = S::load_first(x + from + (r * w.width + c) * block, channels);
          best = hn::IfThenElse(hn::Or(hn::Gt(value.v, best.v), hn::IsNaN(value.v)), value.v, best.v);
        }
      best.store_first(y + to, channels);
    });
  }
  static void vjp(const window_tiling& w, int64_t block, const T* x, const T* y, const T* dy, T* dx, bool adds) {
    for_windows(w, block, [&](int64_t to, int64_t from, int channels) {
      const S best = S::load_first(y + to, channels), g = S::load_first(dy + to, channels);
      const auto of_nan = hn::IsNaN(best.v);
      auto open = hn::Eq(hn::Zero(typename S::tag()), hn::Zero(typename S::tag()));  // windows without a winner so far
      for (int64_t r = 0; r < w.rows; ++r)
        for (int c = 0; c < Columns; ++c) {
          const int64_t at = from + (r * w.width + c) * block;
          const S value = S::load_first(x + at, channels);
          const auto largest = hn::Or(hn::Eq(value.v, best.v), hn::And(hn::IsNaN(value.v), of_nan));
          S its(hn::IfThenElseZero(hn::And(largest, open), g.v));
          open = hn::AndNot(largest, open);
          if (adds) its = S::load_first(dx + at, channels) + its;
          its.store_first(dx + at, channels);
        }
    });
  }
};

/// f<Columns>() for the number of columns.
template <class F>
void with_columns(int64_t columns, const F& f) {
  if (columns == 2) return f.template operator()<2>();
  if (columns == 3) return f.template operator()<3>();
  f.template operator()<4>();
}

}  // namespace axiograd::impl

namespace axiograd {

template <class T, isa Set>
void native_max_pool<T, Set>::forward(const window_tiling& w, const T* x, T* y) {
  using S = simd<hwy::HWY_NAMESPACE::Vec<hwy::HWY_NAMESPACE::ScalableTag<T>>>;
  impl::with_columns(w.columns, [&]<int Columns> { impl::max_pool_plane<S, Columns>::forward(w, x, y); });
}
template <class T, isa Set>
void native_max_pool<T, Set>::vjp(const window_tiling& w, const T* x, const T* y, const T* dy, T* dx) {
  using S = simd<hwy::HWY_NAMESPACE::Vec<hwy::HWY_NAMESPACE::ScalableTag<T>>>;
  impl::with_columns(w.columns, [&]<int Columns> { impl::max_pool_plane<S, Columns>::vjp(w, x, y, dy, dx); });
}

template <class T, isa Set>
void native_max_pool<T, Set>::forward(const window_tiling& w, int64_t block, const T* x, T* y) {
  using S = simd<hwy::HWY_NAMESPACE::Vec<hwy::HWY_NAMESPACE::ScalableTag<T>>>;
  impl::with_columns(w.columns, [&]<int Columns> { impl::max_pool_block<S, Columns>::forward(w, block, x, y); });
}
template <class T, isa Set>
void native_max_pool<T, Set>::vjp(const window_tiling& w, int64_t block, const T* x, const T* y, const T* dy, T* dx,
                                  bool adds) {
  using S = simd<hwy::HWY_NAMESPACE::Vec<hwy::HWY_NAMESPACE::ScalableTag<T>>>;
  impl::with_columns(w.columns, [&]<int Columns> { impl::max_pool_block<S, Columns>::vjp(w, block, x, y, dy, dx, adds); });
}

}  // namespace axiograd
