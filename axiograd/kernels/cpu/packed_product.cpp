#include <algorithm>
#include <axiograd/core/scratch.hpp>
#include <axiograd/core/storage.hpp>
#include <axiograd/kernels/cpu/k_parts.hpp>
#include <axiograd/kernels/cpu/library_call.hpp>
#include <axiograd/kernels/cpu/packed_product.hpp>
#include <axiograd/kernels/cpu/primitives.hpp>
#include <axiograd/kernels/parallel.hpp>
#include <axiograd/kernels/precision.hpp>
#include <cstring>
#include <optional>
#include <vector>

namespace axiograd {
namespace {

using dims = dnnl::memory::dims;
using desc = dnnl::memory::desc;

constexpr auto f32 = dnnl::memory::data_type::f32;

// Multiply-adds and entries of b from which packing pays: below, starting the library costs more than it saves.
constexpr std::int64_t smallest_work = 1 << 14, smallest_matrix = 1 << 12;
// Rows of a tile, and multiply-adds from which a product is worth two threads.
constexpr std::int64_t tile_rows = 256, shared_work = std::int64_t{1} << 22;
// A matrix lies as the library wants it for this many rows; products of fewer or more use the same.
constexpr std::int64_t typical_rows = 64;

desc row_major(std::int64_t rows, std::int64_t columns) { return {dims{rows, columns}, f32, dims{columns, 1}}; }

/// y (rows, n) = x (rows, k) b (k, n), or y += x b.
struct product_sizes {
  std::int64_t rows, n, k;
  bool add;
  bool operator==(const product_sizes&) const = default;
};

/// Empty if the library has no such product.
dnnl::matmul::primitive_desc described(const product_sizes& s, const desc& b) try {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);  // primitives are shared by threads
  if (s.add) {
    dnnl::post_ops sum;
    sum.append_sum(1.0F);
    attributes.set_post_ops(sum);
  }
  return {{row_major(s.rows, s.k), b, row_major(s.rows, s.n)}, attributes, cpu_engine()};
} catch (const dnnl::error& e) {
  if (e.status != dnnl_unimplemented) throw;
  return {};
}
/// Whether the library computes with packed matrices. Its other ways read b as it is given, or not at all.
bool is_packed(const dnnl::matmul::primitive_desc& pd) { return pd && std::strncmp(pd.impl_info_str(), "brg", 3) == 0; }

/// A constant matrix, or the rows of a part of k, as the library likes it.
struct packed_part {
  desc data_layout;
  chunk_ref memory;  // none: the library has no packed form for it

  explicit packed_part(const gemm_call<float>& c) {
    const making_primitive safely;
    const auto pd = described({typical_rows, c.n, c.k, false}, desc(dims{c.k, c.n}, f32, dnnl::memory::format_tag::any));
    const desc given(dims{c.k, c.n}, f32, c.b.transposed ? dims{1, c.b.leading} : dims{c.b.leading, 1});
    if (!is_packed(pd) || pd.weights_desc() == given) return;
    data_layout = pd.weights_desc();
    memory = chunk_ref::adopt(memory_chunk::acquire(data_layout.get_size()));
    dnnl::memory from(given, cpu_engine(), const_cast<float*>(c.b.data)), to(data_layout, cpu_engine(), memory->data());
    dnnl::stream stream(cpu_engine());
    dnnl::reorder(from, to).execute(stream, from, to);
    stream.wait();
  }
};
struct packed_matrix final : kept_form {
  matrix_operand<const float> of;
  std::int64_t n, k;
  std::vector<packed_part> parts;  // none: the library has no packed form for one of them

  explicit packed_matrix(const gemm_call<float>& c) : of(c.b), n(c.n), k(c.k) {
    for (std::int64_t i = 0; i < parts_of(k); ++i) {
      parts.emplace_back(part_of_k(c, i));
      if (parts.back().memory.get() != nullptr) continue;
      parts.clear();
      return;
    }
  }
  bool is_of(const gemm_call<float>& c) const {
    return !parts.empty() && of.data == c.b.data && of.leading == c.b.leading && of.transposed == c.b.transposed && n == c.n &&
           k == c.k;
  }
};

/// A primitive for some rows; nothing if the library would not read the packed form.
struct prepared_product {
  std::optional<kept_primitive> primitive;
  std::int64_t scratch_bytes = 0;

  prepared_product(const product_sizes& s, const desc& b) {
    const auto pd = described(s, b);
    if (!is_packed(pd)) return;
    primitive.emplace(dnnl::matmul(pd), std::vector<kept_primitive::argument>{{DNNL_ARG_SRC, pd.src_desc()},
                                                                              {DNNL_ARG_WEIGHTS, pd.weights_desc()},
                                                                              {DNNL_ARG_DST, pd.dst_desc()},
                                                                              {DNNL_ARG_SCRATCHPAD, pd.scratchpad_desc()}});
    scratch_bytes = static_cast<std::int64_t>(pd.scratchpad_desc().get_size());
  }
};

std::shared_ptr<const prepared_product> primitive_for(const product_sizes& s, const desc& b) {
  static primitive_cache<product_sizes, prepared_product> cache;
  return cache.find(s, [&] { return std::make_shared<const prepared_product>(s, b); });
}

/// One part of k; x has no gaps between its rows. False if the library does not compute so many rows with the packed form.
bool run_packed(const gemm_call<float>& c, const packed_part& b) {
  return in_library([&] {
    const auto p = primitive_for({c.m, c.n, c.k, c.add}, b.data_layout);
    if (!p->primitive) return false;
    scratch_memory<char> scratch(p->scratch_bytes + 1);
    p->primitive->run({c.a.data, b.memory->data(), c.y.data, scratch.data()});
    return true;
  });
}
void run_part(const gemm_call<float>& c, const packed_part& b) {
  if (!run_packed(c, b)) gemm(c);
}

void run_rows(const gemm_call<float>& c, const packed_matrix& b, std::int64_t row, std::int64_t rows) {
  gemm_call<float> call = c;
  call.m = rows;
  call.a.data += row * c.k;
  call.b.constant = nullptr;
  call.y.data += row * c.n;
  by_parts_of_k(call, [&](gemm_call<float> part, std::int64_t i) {
    const packed_part& its_b = b.parts[static_cast<std::size_t>(i)];
    if (b.parts.size() == 1 || rows == 1) return run_part(part, its_b);
    scratch_memory<float> x(rows * part.k);
    for (std::int64_t r = 0; r < rows; ++r) std::copy_n(part.a.data + r * part.a.leading, part.k, x.data() + r * part.k);
    part.a = {x.data(), part.k};
    run_part(part, its_b);
  });
}

}  // namespace

bool packed_product(const gemm_call<float>& c) {
  const bool in_rows = !c.a.transposed && c.a.leading == c.k && !c.y.transposed && c.y.leading == c.n;
  if (!in_rows || c.n * c.k < smallest_matrix || c.m * c.n * c.k < smallest_work || c.scale != 1 || c.epilogue != nullptr ||
      current_precision() != precision::fp32)
    return false;
  const kept_form* form = c.b.constant->form();
  if (form == nullptr) form = in_library([&] { return c.b.constant->keep(new packed_matrix(c)); });
  const auto* const b = dynamic_cast<const packed_matrix*>(form);
  if (b == nullptr || !b->is_of(c)) return false;

  // Packed once, a matrix may be read by many tiles; the sizes alone say by how many.
  const std::int64_t halves = c.m > 1 && c.m * c.n * c.k >= shared_work ? 2 : 1;
  const std::int64_t tiles = std::max(halves, (c.m + tile_rows - 1) / tile_rows);
  parallel_for(tiles, [&](std::int64_t i) {
    const std::int64_t row = c.m * i / tiles;
    run_rows(c, *b, row, c.m * (i + 1) / tiles - row);
  });
  return true;
}

}  // namespace axiograd
