#pragma once
// Attention of floats and doubles by tiles of queries: products through the library, rows through softmax's own kernels. A
// tile's scores are all that is in memory at a time; the reverse pass computes them again.
//
// Products see every key of a tile, with weight 0 where the query may not look ahead. That is nothing only for finite numbers;
// with others the definition runs, which reads no key that is not allowed.

#include <axiograd/families/isa_kernels.hpp>
#include <axiograd/kernels/cpu/gemm.hpp>
#include <axiograd/kernels/shared_gradients.hpp>
#include <axiograd/ops/attention/scaled_dot_product_attention.hpp>
#include <axiograd/ops/normalization/softmax.hpp>
#include <cmath>

namespace axiograd {

template <std::floating_point T>
struct tuned<scaled_dot_product_attention_op, T> {
  using op_type = scaled_dot_product_attention_op;

  static void forward(const op_type& op, const forward_run<T>& run) {
    if (op.causal && !all_finite(run.in)) return impl::run_sample_forward(op, run);
    const tiles t(op, run.in, *run.y.dims);
    static work_meter meter;
    meter.run_tasks(t.at.samples * t.heads * t.blocks, t.numbers_of_a_tile(), [&](int64_t task) {
      const tile q(t, task / (t.heads * t.blocks), task / t.blocks % t.heads, task % t.blocks);
      scratch_memory<T> scores(q.rows * q.keys);
      q.weights(scores.data());
      T* const y = run.y.data + q.sample * t.at.y_step + (q.head * t.n + q.first) * t.f;
      multiply({scores.data(), q.keys}, {q.v, t.f}, {y, t.f}, q.rows, t.f, q.keys, T(1), false);
    });
  }

  static void vjp(const op_type& op, const vjp_run<T>& run) {
    if (op.causal && !(all_finite(run.in) && is_finite(run.dy, run.y.dims->size()))) return impl::run_sample_vjp(op, run);
    const tiles t(op, run.in, *run.y.dims);
    if (t.n == 0 || t.at.samples == 0) return clear_fresh(run);
    if (run.dx[3] != nullptr && !run.adds(3)) std::fill_n(run.dx[3], run.in[3].dims->size(), T(0));
    // The gradient of the bias has sums of its own: every head adds to it.
    std::array<int64_t, 4> step = t.at.step;
    step[3] = 1;
    impl::shared_gradients<T, 4> shared(run, step, t.at.samples);
    const auto through = [&](const auto& add_to_bias) {
      // Queries that share a key head add to its gradients one after the other, from the last tile on, which sees most keys.
      const auto key_head = [&](int64_t sample, int64_t g) {
        scratch_memory<T> memory(2 * t.rows * t.m);
        T *const a = memory.data(), *const ds = a + t.rows * t.m;
        head_gradient dk(t, g, shared.of(1, sample), t.e, adds_to(run, t, shared, 1, sample)),
            dv(t, g, shared.of(2, sample), t.f, adds_to(run, t, shared, 2, sample));
        T* const dq = run.dx[0] == nullptr ? nullptr : shared.of(0, sample);
        for (int64_t head = g * t.group; head < (g + 1) * t.group; ++head)
          for (int64_t block = t.blocks; block-- > 0;) {
            const tile q(t, sample, head, block);
            const T* const dy = run.dy + sample * t.at.y_step + (head * t.n + q.first) * t.f;
            q.weights(a);
            multiply({dy, t.f}, {q.v, t.f, true}, {ds, q.keys}, q.rows, q.keys, t.f, T(1), false);
            dv.add({a, q.keys, true}, {dy, t.f}, q, T(1));
            q.through_softmax(a, ds);
            add_to_bias(q, ds);
            if (dq != nullptr)
              multiply({ds, q.keys}, {q.k, t.e}, {dq + (head * t.n + q.first) * t.e, t.e}, q.rows, t.e, q.keys, t.scale,
                       adds_to(run, t, shared, 0, sample));
            dk.add({ds, q.keys, true}, {q.q, t.e}, q, t.scale);
          }
        dk.finish();
        dv.finish();
      };
      const int64_t key_heads = t.heads / t.group, tasks = t.at.samples * key_heads;
      static work_meter meter;
      if (impl::gradients_are_separate(t.at, run))
        return meter.run_tasks(tasks, t.group * t.blocks * t.numbers_of_a_tile(),
                               [&](int64_t task) { key_head(task / key_heads, task % key_heads); });
      for (int64_t sample = 0; sample < t.at.samples; ++sample) {
        shared.begin(sample);
        for (int64_t g = 0; g < key_heads; ++g) key_head(sample, g);
      }
      shared.finish();
    };
    if (run.dx[3] == nullptr) return through([](const tile&, const T*) {});
    scatter_sums(run.dx[3], t.n * t.m, t.at.samples * t.heads, [&](const auto& add) {
      through([&](const tile& q, const T* ds) {
        for (int64_t i = 0; i < q.rows; ++i)
          for (int64_t j = 0; j < q.keys; ++j) add((q.first + i) * t.m + j, ds[i * q.keys + j]);
      });
    });
  }

 private:
  static bool is_finite(const T* x, int64_t n) {
    int bad = 0;
    for (int64_t i = 0; i < n; ++i) bad |= std::abs(x[i]) <= std::numeric_limits<T>::max() ? 0 : 1;
    return bad == 0;
  }
  /// Queries, keys and values; a bias may be -inf.
  static bool all_finite(std::span<const view<const T>> in) {
    return std::all_of(in.begin(), in.begin() + 3, [](const auto& x) { return is_finite(x.data, x.dims->size()); });
  }

  struct tiles {
    impl::sample_layout<op_type> at;
    std::span<const view<const T>> in;
    int64_t heads, group, n, m, e, f;
    T scale;
    bool causal;
    int64_t rows, blocks;  ///< queries of a tile, tiles of a head; by the shapes only

    tiles(const op_type& op, std::span<const view<const T>> x, const shape& y)
        : at(op, x, y),
          in(x),
          heads(at.in[0][0]),
          group(heads / at.in[1][0]),
          n(at.in[0][1]),
          m(at.in[1][1]),
          e(at.in[0][2]),
          f(at.in[2][2]),
          scale(op.scale != 0 ? static_cast<T>(op.scale) : T(1) / std::sqrt(static_cast<T>(e))),
          causal(op.causal),
          rows(std::clamp<int64_t>(65536 / m, 16, 64)),
          blocks((n + rows - 1) / rows) {}
    /// What a tile's work grows with: the entries of its weights.
    int64_t numbers_of_a_tile() const { return rows * m; }
  };

  /// Some queries of one head and the keys that any of them may see.
  struct tile {
    const tiles& t;
    int64_t sample, head, first, rows, keys;
    const T *q, *k, *v;

    tile(const tiles& all, int64_t of_sample, int64_t of_head, int64_t block)
        : t(all),
          sample(of_sample),
          head(of_head),
          first(block * t.rows),
          rows(std::min(t.rows, t.n - first)),
          keys(t.causal ? std::min(t.m, first + rows) : t.m),
          q(t.in[0].data + sample * t.at.step[0] + (head * t.n + first) * t.e),
          k(t.in[1].data + sample * t.at.step[1] + head / t.group * t.m * t.e),
          v(t.in[2].data + sample * t.at.step[2] + head / t.group * t.m * t.f) {}

    /// The keys that query `i` of the tile may see.
    int64_t keys_of(int64_t i) const { return t.causal ? std::min(keys, first + i + 1) : keys; }

    /// a (rows, keys): the weights of the keys.
    void weights(T* a) const {
      multiply({q, t.e}, {k, t.e, true}, {a, keys}, rows, keys, t.e, t.scale, false);
      for (int64_t i = 0; i < rows; ++i) {
        T* const row = a + i * keys;
        const int64_t seen = keys_of(i);
        const T* const bias = t.in[3].data == nullptr ? nullptr : t.in[3].data + (first + i) * t.m;
        const auto forbidden = [&](int64_t j) { return bias[j] == -std::numeric_limits<T>::infinity(); };
        if (bias != nullptr)
          for (int64_t j = 0; j < seen; ++j) row[j] = forbidden(j) ? bias[j] : row[j] + bias[j];
        run_row(&row_kernels<T>::forward, {row, nullptr, nullptr, row, seen});
        std::fill(row + seen, row + keys, T(0));
        if (bias != nullptr)  // also where all are forbidden, or a weight is NaN
          for (int64_t j = 0; j < seen; ++j) row[j] = forbidden(j) ? T(0) : row[j];
      }
    }
    /// ds = a (c - sum(a c)) with c = da - sum(a da), by rows; `ds` holds da.
    void through_softmax(const T* a, T* ds) const {
      for (int64_t i = 0; i < rows; ++i) {
        const int64_t seen = keys_of(i);
        const T mean = weighted_mean(a + i * keys, ds + i * keys, seen);
        for (int64_t j = 0; j < seen; ++j) ds[i * keys + j] = ds[i * keys + j] - mean;
        run_row(&row_kernels<T>::vjp, {a + i * keys, a + i * keys, ds + i * keys, ds + i * keys, seen});
        std::fill(ds + i * keys + seen, ds + (i + 1) * keys, T(0));
      }
    }
  };

  using gradients = impl::shared_gradients<T, 4>;
  /// Whether the gradient of input k holds something before this sample gives to it.
  static bool adds_to(const vjp_run<T>& run, const tiles& t, const gradients& shared, std::size_t k, int64_t sample) {
    return run.adds(k) || shared.joins(k) || (sample > 0 && t.at.step[k] == 0);
  }
  /// The gradient of one head's keys or values, which all its tiles of queries add to; more than a block of them by blocks.
  class head_gradient {
   public:
    /// `width` numbers for each key.
    head_gradient(const tiles& t, int64_t g, T* all, int64_t width, bool adds)
        : t_(t), to_(all == nullptr ? nullptr : all + g * t.m * width), width_(width), adds_(adds) {
      if (const int64_t terms = t.group * t.blocks; to_ != nullptr && terms > sum_block)
        sums_.emplace(t.m * width, terms / sum_block + 1);
    }
    /// += scale x (keys of the tile, rows) y (rows, width).
    void add(const matrix_operand<const T>& x, const matrix_operand<const T>& y, const tile& q, T scale) {
      if (to_ == nullptr) return;
      if (sums_) {
        if (tile_++ % sum_block == 0) block_ = sums_->next_zeros();
        return multiply(x, y, {block_, width_}, q.keys, width_, q.rows, scale, true);
      }
      if (!adds_) std::fill(to_ + q.keys * width_, to_ + t_.m * width_, T(0));  // keys that no query sees
      multiply(x, y, {to_, width_}, q.keys, width_, q.rows, scale, adds_);
      adds_ = true;
    }
    void finish() {
      if (!sums_) return;
      const T* const total = sums_->total();
      for (int64_t i = 0; i < t_.m * width_; ++i) to_[i] = adds_ ? to_[i] + total[i] : total[i];
    }

   private:
    const tiles& t_;
    T* to_;
    int64_t width_, tile_ = 0;
    bool adds_;
    std::optional<joined_rows<T>> sums_;
    T* block_ = nullptr;
  };

  static T weighted_mean(const T* a, const T* x, int64_t n) {
    constexpr int64_t chains = 8;
    if (const int64_t half = n / 2; n > sum_block * chains)
      return weighted_mean(a, x, half) + weighted_mean(a + half, x + half, n - half);
    T part[chains] = {}, rest(0);
    int64_t j = 0;
    for (; j + chains <= n; j += chains)
      for (int64_t u = 0; u < chains; ++u) part[u] = part[u] + a[j + u] * x[j + u];
    for (; j < n; ++j) rest = rest + a[j] * x[j];
    return ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7])) + rest;
  }
  struct row_of_softmax {
    const T *x, *y, *dy;
    T* out;
    int64_t n;
  };
  static void run_row(void (*row_kernels<T>::*kernel)(const void*, const row_run<T>&), const row_of_softmax& r) {
    const softmax_op op;
    const T* const in[]{r.x};
    T* const dx[]{r.out};
    const bool forward = r.dy == nullptr;
    (native_kernels<softmax_op, T>::get().*kernel)(
        &op, {in, nullptr, forward ? r.out : const_cast<T*>(r.y), r.dy, dx, 1U, r.out, 1, r.n});
  }
  // y (m,n) (+)= scale a (m,k) b (k,n).
  static void multiply(const matrix_operand<const T>& a, const matrix_operand<const T>& b, const matrix_operand<T>& y,
                       int64_t m, int64_t n, int64_t k, T scale, bool add) {
    gemm({.m = m, .n = n, .k = k, .a = a, .b = b, .y = y, .add = add, .scale = scale});
  }
};

}  // namespace axiograd
