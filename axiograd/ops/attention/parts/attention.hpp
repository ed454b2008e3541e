#pragma once

#include <axiograd/core/block_sum.hpp>
#include <axiograd/core/scalar/scalar.hpp>
#include <axiograd/core/scratch.hpp>
#include <axiograd/core/view.hpp>

namespace axiograd {

namespace impl {
/// The VJP of a softmax over `n` weights `a`: da becomes a (da - <a, da>). The weighted mean is corrected by that of what
/// remains: near a hard maximum da - <a, da> cancels.
template <class T>
void softmax_vjp(const T* a, T* da, int64_t n) {
  const auto weighted_mean = [&](const T& less) { return sum_terms<T>(n, [&](int64_t j) { return (da[j] - less) * a[j]; }); };
  const T radial = sum_terms<T>(n, [&](int64_t j) { return da[j] * a[j]; }), rest = weighted_mean(radial);
  for (int64_t j = 0; j < n; ++j) da[j] = a[j] * (da[j] - radial - rest);
}
}  // namespace impl

/// Multi-head self-attention of one sample, contract 12.2: Q = x Wq, K = x Wk, V = x Wv, cut into heads of `width` columns; per
/// head A = softmax of Q K^T / sqrt(width) over the allowed keys, Z = A V; y = Z Wo. A query without allowed keys gets zeros.
struct self_attention {
  int64_t tokens, features, heads, width;
  const int64_t* mask = nullptr;  ///< (tokens, tokens), 0: may not attend; null: all may
  bool causal = false;            ///< only keys up to the query

  int64_t columns() const { return heads * width; }
  bool allows(int64_t query, int64_t key) const {
    return (mask == nullptr || mask[query * tokens + key] != 0) && (!causal || key <= query);
  }

  /// The four weights and the input, or their gradients.
  template <class T>
  struct operands {
    T *q, *k, *v, *o, *x;
  };

  template <class T>
  void forward(const operands<const T>& in, T* y) const {
    const heads_run<T> run(*this, in);
    std::fill_n(y, tokens * features, T(0));
    add_product(run.z, in.o, y, tokens, columns(), features);
  }

  /// Adds into each gradient that is not null.
  template <class T>
  void vjp(const operands<const T>& in, const T* dy, const operands<T>& d) const {
    const heads_run<T> run(*this, in);
    const int64_t c = columns(), size = tokens * c;
    if (d.o != nullptr) add_product_at(run.z, dy, d.o, tokens, c, features);
    scratch_memory<T> memory(4 * size + tokens);
    std::fill_n(memory.data(), 4 * size, T(0));
    T *const dz = memory.data(), *const dq = dz + size, *const dk = dq + size, *const dv = dk + size, *const da = dv + size;
    add_product_bt(dy, in.o, dz, tokens, features, c);
    // Every query adds to all keys and values, which lie behind each other.
    add_terms(dk, 2 * size, tokens, [&](int64_t i, T* const to_dk) {
      for (int64_t h = 0; h < heads; ++h) {
        const T* const a = run.a + (h * tokens + i) * tokens;
        const T* const g = dz + i * c + h * width;
        T* const to_dv = to_dk + size;
        for (int64_t j = 0; j < tokens; ++j) da[j] = dot(g, run.v + j * c + h * width);
        impl::softmax_vjp(a, da, tokens);
        add_terms(dq + i * c + h * width, width, tokens, [&](int64_t j, T* const to_dq) {
          if (!allows(i, j)) return;
          const T ds = da[j] / run.scale;
          for (int64_t e = 0; e < width; ++e) {
            const int64_t key = j * c + h * width + e, query = i * c + h * width + e;
            to_dq[e] = to_dq[e] + ds * run.k[key];
            to_dk[key] = to_dk[key] + ds * run.q[query];
            to_dv[key] = to_dv[key] + a[j] * dz[query];
          }
        });
      }
    });
    const auto through = [&](const T* from, const T* w, T* dw) {
      if (dw != nullptr) add_product_at(in.x, from, dw, tokens, features, c);
      if (d.x != nullptr) add_product_bt(from, w, d.x, tokens, c, features);
    };
    through(dq, in.q, d.q);
    through(dk, in.k, d.k);
    through(dv, in.v, d.v);
  }

 private:
  /// Queries, keys, values, weights of attention and merged heads.
  template <class T>
  struct heads_run {
    scratch_memory<T> memory;
    T *q, *k, *v, *z, *a;
    T scale;

    heads_run(const self_attention& s, const operands<const T>& in)
        : memory(4 * s.tokens * s.columns() + s.heads * s.tokens * s.tokens + 1),
          q(memory.data()),
          k(q + s.tokens * s.columns()),
          v(k + s.tokens * s.columns()),
          z(v + s.tokens * s.columns()),
          a(z + s.tokens * s.columns()),
          scale(s.width == 0 ? T(1) : sqrt(T(static_cast<double>(s.width)))) {
      const int64_t n = s.tokens, c = s.columns();
      std::fill_n(q, 4 * n * c + s.heads * n * n, T(0));
      s.add_product(in.x, in.q, q, n, s.features, c);
      s.add_product(in.x, in.k, k, n, s.features, c);
      s.add_product(in.x, in.v, v, n, s.features, c);
      for (int64_t h = 0; h < s.heads; ++h)
        for (int64_t i = 0; i < n; ++i) attend(s, h, i);
    }

   private:
    void attend(const self_attention& s, int64_t h, int64_t i) {
      const int64_t n = s.tokens, c = s.columns(), from = h * s.width;
      T* const row = a + (h * n + i) * n;
      T largest(0);
      bool allowed_before = false;
      for (int64_t j = 0; j < n; ++j) {
        if (!s.allows(i, j)) continue;
        row[j] = s.dot(q + i * c + from, k + j * c + from) / scale;
        largest = allowed_before ? max(row[j], largest) : row[j];
        allowed_before = true;
      }
      const T total = sum_of<T>(n, [&](const auto& add) {
        for (int64_t j = 0; j < n; ++j) {
          if (!s.allows(i, j)) continue;
          row[j] = exp(row[j] - largest);
          add(row[j]);
        }
      });
      add_terms(z + i * c + from, s.width, n, [&](int64_t j, T* const to) {
        if (!s.allows(i, j)) return;
        row[j] = row[j] / total;
        for (int64_t e = 0; e < s.width; ++e) to[e] = to[e] + row[j] * v[j * c + from + e];
      });
    }
  };

  template <class T>
  T dot(const T* a, const T* b) const {
    return sum_of<T>(width, [&](const auto& add) {
      for (int64_t e = 0; e < width; ++e) add(a[e] * b[e]);
    });
  }
  // y (m,n) += a (m,k) b (k,n); the same with a transposed, (k,m); the same with b transposed, (n,k).
  template <class T>
  static void add_product(const T* a, const T* b, T* y, int64_t m, int64_t k, int64_t n) {
    for (int64_t i = 0; i < m; ++i)
      add_terms(y + i * n, n, k, [&](int64_t l, T* const to) {
        for (int64_t j = 0; j < n; ++j) to[j] = to[j] + a[i * k + l] * b[l * n + j];
      });
  }
  template <class T>
  static void add_product_at(const T* a, const T* b, T* y, int64_t k, int64_t m, int64_t n) {
    add_terms(y, m * n, k, [&](int64_t l, T* const to) {
      for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j < n; ++j) to[i * n + j] = to[i * n + j] + a[l * m + i] * b[l * n + j];
    });
  }
  template <class T>
  static void add_product_bt(const T* a, const T* b, T* y, int64_t m, int64_t k, int64_t n) {
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j)
        add_terms(y + i * n + j, 1, k, [&](int64_t l, T* const to) { *to = *to + a[i * k + l] * b[j * k + l]; });
  }
};

}  // namespace axiograd
