// The machine's limits: multiply-adds of floats, and copies of several sizes, on N threads. Compiled for the processor it runs
// on. bench_limits [N] prints one line of JSON.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <hwy/cache_control.h>
#include <hwy/highway.h>
#include <thread>
#include <vector>

namespace hn = hwy::HWY_NAMESPACE;

namespace {

using clock_type = std::chrono::steady_clock;
constexpr int rounds = 15;  // short ones: the shortest is the one that nothing else disturbed

/// Threads meet here, spinning: one that slept would start late.
class meeting {
 public:
  explicit meeting(int threads) : threads_(threads) {}
  void arrive_and_wait() {
    const int place = arrived_.fetch_add(1);
    const int all = (place / threads_ + 1) * threads_;
    while (arrived_.load() < all) std::this_thread::yield();
  }

 private:
  int threads_;
  std::atomic<int> arrived_{0};
};

/// The shortest time of several rounds in which every thread does body(thread).
template <class Body>
double shortest(int threads, const Body& body) {
  double best = 1e9;
  meeting at(threads);
  std::vector<std::thread> team;
  for (int t = 0; t < threads; ++t)
    team.emplace_back([&, t] {
      body(t);
      for (int round = 0; round < rounds; ++round) {
        at.arrive_and_wait();
        const auto start = clock_type::now();
        body(t);
        at.arrive_and_wait();
        if (t == 0) best = std::min(best, std::chrono::duration<double>(clock_type::now() - start).count());
      }
    });
  for (std::thread& t : team) t.join();
  return best;
}

double multiply_adds_per_second(int threads) {
  constexpr long repeats = 500'000;
  constexpr int chains = 12;  // more than latency times ports
  const hn::ScalableTag<float> d;
  std::vector<float> sums(static_cast<std::size_t>(threads) * 64);
  const double seconds = shortest(threads, [&](int t) {
    // Chains that began alike would be one chain to the compiler.
    const auto a = hn::Set(d, 0.999F), b = hn::Set(d, 0.001F);
    const auto start = [&](int chain) { return hn::Set(d, static_cast<float>(chain)); };
    auto s0 = start(0), s1 = start(1), s2 = start(2), s3 = start(3), s4 = start(4), s5 = start(5), s6 = start(6), s7 = start(7),
         s8 = start(8), s9 = start(9), s10 = start(10), s11 = start(11);
    for (long i = 0; i < repeats; ++i) {
      s0 = hn::MulAdd(s0, a, b), s1 = hn::MulAdd(s1, a, b), s2 = hn::MulAdd(s2, a, b), s3 = hn::MulAdd(s3, a, b);
      s4 = hn::MulAdd(s4, a, b), s5 = hn::MulAdd(s5, a, b), s6 = hn::MulAdd(s6, a, b), s7 = hn::MulAdd(s7, a, b);
      s8 = hn::MulAdd(s8, a, b), s9 = hn::MulAdd(s9, a, b), s10 = hn::MulAdd(s10, a, b), s11 = hn::MulAdd(s11, a, b);
    }
    s0 = hn::Add(hn::Add(hn::Add(s0, s1), hn::Add(s2, s3)), hn::Add(hn::Add(s4, s5), hn::Add(s6, s7)));
    s0 = hn::Add(s0, hn::Add(hn::Add(s8, s9), hn::Add(s10, s11)));
    hn::StoreU(s0, d, &sums[static_cast<std::size_t>(t) * 64]);
  });
  return 2.0 * threads * chains * static_cast<double>(hn::Lanes(d)) * repeats / seconds;
}

/// Bytes read and written in a second by copies whose source and destination have `bytes` together, shared among the threads.
template <class Store>
double copied_per_second(int threads, std::size_t bytes, const Store& store) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d), step = 4 * lanes;
  const std::size_t n = bytes / 2 / sizeof(float) / static_cast<std::size_t>(threads) / step * step;
  const long repeats = std::max(1L, static_cast<long>((std::size_t{1} << 25) / bytes));
  struct arrays {
    std::vector<float> memory;
    float *x, *y;
  };
  std::vector<arrays> all(static_cast<std::size_t>(threads));
  for (arrays& a : all) {
    a.memory.assign(2 * n + 2 * 64, 1.0F);
    a.x = a.memory.data();
    while (reinterpret_cast<std::size_t>(a.x) % 256 != 0) ++a.x;
    a.y = a.x + n;
  }
  const double seconds = shortest(threads, [&](int t) {
    const arrays& a = all[static_cast<std::size_t>(t)];
    for (long r = 0; r < repeats; ++r) {
      for (std::size_t i = 0; i < n; i += step) {
        const auto v0 = hn::Load(d, a.x + i), v1 = hn::Load(d, a.x + i + lanes);
        const auto v2 = hn::Load(d, a.x + i + 2 * lanes), v3 = hn::Load(d, a.x + i + 3 * lanes);
        store(v0, d, a.y + i), store(v1, d, a.y + i + lanes);
        store(v2, d, a.y + i + 2 * lanes), store(v3, d, a.y + i + 3 * lanes);
      }
      hwy::FlushStream();
    }
  });
  return 2.0 * static_cast<double>(n * sizeof(float)) * threads * static_cast<double>(repeats) / seconds;
}

}  // namespace

int main(int count, char** arguments) {
  const int threads = count > 1 ? std::max(1, std::atoi(arguments[1])) : 1;
  std::printf("{\"flops_per_second\": %.4e, \"copy\": [", multiply_adds_per_second(threads));
  const char* separator = "";
  for (const std::size_t bytes : {1U << 15, 1U << 20, 1U << 24, 1U << 28}) {
    const double plain = copied_per_second(threads, bytes, [](auto v, auto d, float* to) { hn::Store(v, d, to); });
    const double streamed = copied_per_second(threads, bytes, [](auto v, auto d, float* to) { hn::Stream(v, d, to); });
    std::printf("%s{\"bytes\": %zu, \"plain\": %.4e, \"non_temporal\": %.4e}", separator, bytes, plain, streamed);
    separator = ", ";
  }
  std::printf("]}\n");
}
