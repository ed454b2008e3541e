// A steady training step asks neither the heap nor the system for memory. Replaces operator new of this test program.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <axiograd/core/storage.hpp>
#include <axiograd/io/dataset.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <axiograd/kernels/precision.hpp>
#include <axiograd/nn/optimiser.hpp>
#include <axiograd/ops/loss/cross_entropy_logits.hpp>
#include <axiograd/train/digits.hpp>
#include <cstdlib>
#include <new>
#include <vector>

// The replacements below are inlined, and g++ then sees free() end what operator new began.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace {

std::atomic<std::uint64_t> heap_allocations{0};

// Not inlined: g++ would see malloc where delete is called.
[[gnu::noinline]] void* counted(std::size_t bytes, std::size_t alignment) {
  ++heap_allocations;
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* const p =
      alignment > alignof(std::max_align_t) ? std::aligned_alloc(alignment, rounded) : std::malloc(bytes > 0 ? bytes : 1);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t bytes) { return counted(bytes, 1); }
[[gnu::noinline]] void* operator new[](std::size_t bytes) { return counted(bytes, 1); }
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t a) {
  return counted(bytes, static_cast<std::size_t>(a));
}
[[gnu::noinline]] void* operator new[](std::size_t bytes, std::align_val_t a) {
  return counted(bytes, static_cast<std::size_t>(a));
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete[](void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete[](void* p, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

namespace {

using namespace axiograd;

struct counts {
  std::uint64_t heap, system;
};

/// What each of `windows` times 20 steps of the digits model allocates by our own kernels, after 5 steps that warm up.
std::vector<counts> allocations(int threads, int windows) {
  const int before = num_threads();
  set_num_threads(threads);
  const precision_scope ours(precision::reproducible_fp32);  // the library for convolutions allocates at each run
  constexpr int64_t images = 96, size = 32;
  io::dataset data{
      .inputs = tensor<float>::uninitialised({images, 1, 8, 8}), .labels = index_tensor::zeros({images}), .class_names = {}};
  for (int64_t i = 0; i < data.inputs.size(); ++i) data.inputs.mutable_data()[i] = static_cast<float>(i % 17) / 16;
  auto model = train::make_digits_model();
  nn::adamw optimiser(model.parameters());
  io::batch_range range = io::batches(data, {.size = size, .shuffle = seed{1}});
  std::vector<counts> found(static_cast<std::size_t>(windows));
  counts last{};
  const int steps = 5 + 20 * windows;
  int step = 0;
  while (step < steps)
    for (const auto& batch : range) {
      if (step == 5) last = {heap_allocations, memory_chunk::system_allocations()};
      model.step([&](auto& m) { return cross_entropy_logits(m(batch.inputs), batch.labels); }, optimiser);
      ++step;
      if (step > 5 && (step - 5) % 20 == 0) {
        const counts now{heap_allocations, memory_chunk::system_allocations()};
        found[static_cast<std::size_t>((step - 5) / 20 - 1)] = {now.heap - last.heap, now.system - last.system};
        last = now;
      }
      if (step == steps) break;
    }
  set_num_threads(before);
  return found;
}

TEST(allocation, a_counter_that_counts) {
  const std::uint64_t before = heap_allocations;
  ::operator delete(::operator new(1));
  EXPECT_EQ(heap_allocations - before, 1u);
}

TEST(allocation, a_steady_step_by_our_kernels_allocates_nothing) {
  const counts found = allocations(1, 1).front();
  EXPECT_EQ(found.heap, 0u);
  EXPECT_EQ(found.system, 0u);
}

// When two threads first hold scratch memory at the same moment, the pool grows by a block; the scheduler decides in which
// step that is. A step that allocates would do so in every window.
TEST(allocation, nor_on_two_threads) {
  std::uint64_t least = ~std::uint64_t{0};
  for (const counts& found : allocations(2, 10)) least = std::min(least, found.heap + found.system);
  EXPECT_EQ(least, 0u) << "allocations in the best of 10 times 20 steps";
}

}  // namespace
