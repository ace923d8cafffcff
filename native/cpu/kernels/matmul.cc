// Matrix multiplication with arbitrary strides: blocks for the caches, shares packing and tiles among the threads, and
// takes short ways for thin and small problems. float16 and bfloat16 are computed in float32, integers in plain loops.
#include "matmul_brain.h"
#include "matmul_micro.h"
#include "matmul_thin.h"

namespace layerwise::NS {
namespace {

constexpr int kMostBatchDims = 64;
constexpr int64_t kDepth = 384;          // of a packed block: a panel of A then takes 18 KiB of the first-level cache
constexpr int64_t kBlockRows = 2048;     // of A that are packed at a time
constexpr int64_t kBlockColumns = 3072;  // of B
constexpr int64_t kTileBlockColumns = 256;  // of B that one tile block rereads from the second-level cache
constexpr int64_t kFewRows = 5;
constexpr int64_t kFewDotRows = 16;
constexpr int64_t kParallelBytes = 128 << 10;  // of B that are worth a chunk when there are few rows
constexpr int64_t kParallelFlops = 1500000;    // below this a second thread comes too late to help

// One product. Strides in elements; C is always of type T: half types go through a float32 block.
template <class T, class S> struct Product {
  int64_t m, n, k;
  const S* a;
  int64_t ars, acs;
  const S* b;
  int64_t brs, bcs;
  S* c;
  int64_t crs, ccs;
  Finish<T> finish;
};

int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }
void out_of_memory(Context* context) { context->fail(context, "[matmul] out of memory for the packed operands"); }

// Runs tiles of one packed block: C[mc x nc] with A and B packed `depth` elements deep.
template <class Packing, class T = typename Packing::Value, class E = typename Packing::Element>
void run_tiles(Context* context, int64_t mc, int64_t nc, int64_t depth, const E* a, const E* b, T* c, int64_t crs,
               int64_t ccs, Finish<T> finish) {
  constexpr int64_t mr = kTileRows;
  constexpr int64_t nr = kTileColumns<T>;
  // Enough tile blocks for the threads to share evenly, each at least two panels high and wide.
  const int64_t enough = 6 * context->threads;
  int64_t block_rows = 16 * mr, block_columns = kTileBlockColumns;
  auto blocks_of = [=](int64_t size, int64_t block) { return (size + block - 1) / block; };
  auto has_enough = [&] { return blocks_of(mc, block_rows) * blocks_of(nc, block_columns) >= enough; };
  while (!has_enough() && block_rows > 4 * mr) block_rows -= mr;
  while (!has_enough() && block_columns > 2 * nr) block_columns /= 2;
  while (!has_enough() && block_rows > 2 * mr) block_rows -= mr;
  const int64_t row_blocks = blocks_of(mc, block_rows);
  const int64_t column_blocks = blocks_of(nc, block_columns);
  const bool is_worth = 2 * mc * nc * depth >= kParallelFlops;
  const int64_t blocks = row_blocks * column_blocks;
  parallel_for(context, blocks, is_worth ? 1 : blocks, [=](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; block++) {
      const int64_t row_begin = block % row_blocks * block_rows;
      const int64_t row_end = smaller(row_begin + block_rows, mc);
      const int64_t column_begin = block / row_blocks * block_columns;
      const int64_t column_end = smaller(column_begin + block_columns, nc);
      for (int64_t i = row_begin; i < row_end; i += mr) {
        const int rows = int(smaller(mr, mc - i));
        for (int64_t j = column_begin; j < column_end; j += nr) {
          const int columns = int(smaller(nr, nc - j));
          const auto kernel = Packing::kernel(rows, columns);
          kernel(depth, a + i * depth, b + j * depth, nr, c + i * crs + j * ccs, crs, ccs, columns, finish.at(i, j));
        }
      }
    }
  });
}

// Packs `slices` rows of A or columns of B, panels of `width` of them, `k` deep; ragged last panels are padded when
// asked.
template <class Packing, class S = typename Packing::Stored, class E = typename Packing::Element>
void pack_operand(Context* context, E* out, int64_t width, bool pads, const S* in, int64_t slices, int64_t slice_stride,
                  int64_t k, int64_t depth_stride) {
  const int64_t panels = (slices + width - 1) / width;
  const int64_t depth = (k + Packing::kPerElement - 1) / Packing::kPerElement;
  const int64_t grain = (32 << 10) / (width * k) + 1;
  const bool is_worth = slices * k >= (64 << 10);
  parallel_for(context, panels, is_worth ? grain : panels, [=](int64_t begin, int64_t end) {
    for (int64_t panel = begin; panel < end; panel++) {
      const int count = int(smaller(width, slices - panel * width));
      Packing::pack(out + panel * width * depth, pads ? int(width) : count, count, in + panel * width * slice_stride,
                    slice_stride, depth_stride, k);
    }
  });
}

template <class Packing, class T = typename Packing::Value, class S = typename Packing::Stored>
void multiply_packed(Context* context, const Product<T, S>& p) {
  using E = typename Packing::Element;
  constexpr int64_t mr = kTileRows;
  constexpr int64_t nr = kTileColumns<T>;
  constexpr int64_t per = Packing::kPerElement;
  const int64_t passes = (p.k + kDepth * per - 1) / (kDepth * per);
  const int64_t deep_most = round_up((p.k + passes - 1) / passes, per);
  const int64_t block_rows = smaller(p.m, kBlockRows);
  const int64_t block_columns = smaller(p.n, kBlockColumns);
  constexpr bool is_converted = !__is_same(T, S);
  E* packed_a = (E*)context->scratch(context, 0, size_t(round_up(block_rows, mr) * deep_most / per) * sizeof(E));
  E* packed_b = (E*)context->scratch(context, 1, size_t(round_up(block_columns, nr) * deep_most / per) * sizeof(E));
  T* block_c =
      is_converted ? (T*)context->scratch(context, 2, size_t(block_rows * block_columns) * sizeof(T)) : nullptr;
  if (!packed_a || !packed_b || (is_converted && !block_c)) return out_of_memory(context);

  for (int64_t column = 0; column < p.n; column += block_columns) {
    const int64_t columns = smaller(block_columns, p.n - column);
    for (int64_t row = 0; row < p.m; row += block_rows) {
      const int64_t rows = smaller(block_rows, p.m - row);
      for (int64_t at = 0; at < p.k; at += deep_most) {
        const int64_t deep = smaller(deep_most, p.k - at);
        const int64_t depth = (deep + per - 1) / per;
        const bool is_first = at == 0;
        const bool has_b = row > 0 && passes == 1;  // the rows before have packed it
        if (!has_b)
          pack_operand<Packing>(context, packed_b, nr, true, p.b + column * p.bcs + at * p.brs, columns, p.bcs, deep,
                                p.brs);
        pack_operand<Packing>(context, packed_a, mr, false, p.a + row * p.ars + at * p.acs, rows, p.ars, deep, p.acs);
        if constexpr (is_converted) {
          const Finish<T> finish = {T(1), T(is_first ? 0 : 1)};
          run_tiles<Packing>(context, rows, columns, depth, packed_a, packed_b, block_c, columns, 1, finish);
        } else {
          Finish<T> finish = {p.finish.alpha, T(1)};
          if (is_first) finish = p.finish.at(row, column);
          run_tiles<Packing>(context, rows, columns, depth, packed_a, packed_b, p.c + row * p.crs + column * p.ccs,
                             p.crs, p.ccs, finish);
        }
      }
      if constexpr (is_converted) {
        const Finish<T> finish = p.finish.at(row, column);
        parallel_for(context, rows, (32 << 10) / columns + 1, [=, &p](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; i++) {
            finish_row(finish, block_c + i * columns, p.c + (row + i) * p.crs + column * p.ccs, p.ccs, i, columns);
          }
        });
      }
    }
  }
}

// Few rows, B contiguous along k: sums of products, with A as contiguous rows.
template <class T, class S> void multiply_by_dots(Context* context, const Product<T, S>& p) {
  const T* rows = (const T*)p.a;
  int64_t row_stride = p.ars;
  if (p.acs != 1 || !__is_same(T, S)) {
    T* packed = (T*)context->scratch(context, 0, size_t(p.m * p.k) * sizeof(T));
    if (!packed) return out_of_memory(context);
    for (int64_t i = 0; i < p.m; i++) load_run(packed + i * p.k, p.a + i * p.ars, p.acs, p.k);
    rows = packed;
    row_stride = p.k;
  }
  const int64_t grain = round_up(kParallelBytes / (p.k * int64_t(sizeof(S))) + 1, 8);
  parallel_for(context, p.n, grain, [=, &p](int64_t begin, int64_t end) {
    dot_columns<T, S>(p.m, p.k, rows, row_stride, p.b, p.bcs, begin, end, [&](int64_t i, int64_t j, T sum) {
      finish_one(p.finish, sum, p.c + i * p.crs + j * p.ccs, i, j);
    });
  });
}

// Few rows, B contiguous along n: strips of columns.
template <class T> void multiply_by_strips(Context* context, const Product<T, T>& p) {
  // As wide as it can be while every thread has one.
  const int64_t share = round_up((p.n + context->threads - 1) / context->threads, 64);
  const int64_t width = share < kStripColumns ? share : kStripColumns;
  const int64_t strips = (p.n + width - 1) / width;
  const int64_t grain = kParallelBytes / (p.k * width * int64_t(sizeof(T))) + 1;
  parallel_for(context, strips, grain, [=, &p](int64_t begin, int64_t end) {
    T* sum = (T*)context->scratch(context, 0, size_t(kStripRows * width) * sizeof(T));
    if (!sum) return out_of_memory(context);
    for (int64_t s = begin; s < end; s++) {
      const int64_t column = s * width;
      const int64_t columns = smaller(width, p.n - column);
      for (int64_t row = 0; row < p.m; row += kStripRows) {
        const int64_t rows = smaller(kStripRows, p.m - row);
        memset(sum, 0, size_t(rows * width) * sizeof(T));
        strip<T>(rows, columns, p.k, p.a + row * p.ars, p.ars, p.acs, p.b + column, p.brs, sum, width);
        for (int64_t i = 0; i < rows; i++) {
          T* to_row = p.c + (row + i) * p.crs + column * p.ccs;
          finish_row(p.finish.at(row + i, column), sum + i * width, to_row, p.ccs, 0, columns);
        }
      }
    }
  });
}

// What is left when there is nothing to sum.
template <class T, class S> void finish_zeros(const Product<T, S>& p) {
  for (int64_t i = 0; i < p.m; i++) {
    for (int64_t j = 0; j < p.n; j++) finish_one(p.finish, T(0), p.c + i * p.crs + j * p.ccs, i, j);
  }
}

// C^T = B^T A^T.
template <class T, class S> Product<T, S> exchanged(const Product<T, S>& p) {
  Product<T, S> q = {p.n, p.m, p.k, p.b, p.bcs, p.brs, p.a, p.acs, p.ars, p.c, p.ccs, p.crs, p.finish};
  q.finish.bias_row = p.finish.bias_column;
  q.finish.bias_column = p.finish.bias_row;
  return q;
}

template <class T, class S> void multiply(Context* context, const Product<T, S>& p) {
  if (p.k == 0) return finish_zeros(p);
  if (p.n < p.m && p.n <= kFewRows) return multiply(context, exchanged(p));
  if (p.m <= kFewDotRows && p.brs == 1 && p.k >= 32) return multiply_by_dots(context, p);
  if constexpr (__is_same(T, S)) {
    if (p.m <= kFewRows && p.bcs == 1) return multiply_by_strips(context, p);
  }
#if defined(__AVX512F__)
  if constexpr (__is_same(S, Brain)) {
    if (has_brain_dots()) return multiply_packed<BrainPacking>(context, p);
  }
#endif
  multiply_packed<PlainPacking<T, S>>(context, p);
}

struct Launch {
  Dtype dtype;
  int64_t batches;
  int nbatch;
  int64_t batch[kMostBatchDims];
  int64_t m, n, k;
  double alpha, beta;
  char *a, *b, *c, *bias;
  int64_t ars, acs, brs, bcs, crs;
  int64_t abatch[kMostBatchDims], bbatch[kMostBatchDims], cbatch[kMostBatchDims];
};

struct Offsets {
  int64_t a = 0, b = 0, c = 0;
};

Offsets offsets_of(const Launch& l, int64_t index) {
  Offsets o;
  for (int d = l.nbatch - 1; d >= 0; d--) {
    const int64_t i = index % l.batch[d];
    index /= l.batch[d];
    o.a += i * l.abatch[d];
    o.b += i * l.bbatch[d];
    o.c += i * l.cbatch[d];
  }
  return o;
}

// Batches that share B and lie behind each other are more rows of one product.
void fold_batches(Launch& l) {
  while (l.nbatch > 0) {
    const int d = l.nbatch - 1;
    const bool is_one = l.batch[d] == 1;
    const bool continues = l.bbatch[d] == 0 && l.abatch[d] == l.m * l.ars && l.cbatch[d] == l.m * l.crs;
    if (!is_one && !continues) return;
    l.m *= l.batch[d];
    l.nbatch--;
  }
}

template <class T, class S> void run_float(Context* context, const Launch& l) {
  T* bias = nullptr;
  if (l.bias) {
    bias = (T*)context->scratch(context, 3, size_t(l.n) * sizeof(T));
    if (!bias) return context->fail(context, "[matmul] out of memory for the bias");
    load_run(bias, (const S*)l.bias, 1, l.n);
  }
  auto one = [&, bias](int64_t index) {
    const Offsets o = offsets_of(l, index);
    multiply<T, S>(context, {l.m,
                             l.n,
                             l.k,
                             (const S*)l.a + o.a,
                             l.ars,
                             l.acs,
                             (const S*)l.b + o.b,
                             l.brs,
                             l.bcs,
                             (S*)l.c + o.c,
                             l.crs,
                             1,
                             {T(l.alpha), T(l.beta), bias, 0, 1}});
  };
  // Many products: each thread takes whole ones. Few: the threads share each.
  const double flops = 2.0 * double(l.m) * double(l.n) * double(l.k);
  const bool by_batch = l.batches >= 2 * context->threads || flops < kParallelFlops;
  if (!by_batch) {
    for (int64_t i = 0; i < l.batches; i++) one(i);
    return;
  }
  const int64_t grain =
      flops * double(l.batches) < kParallelFlops ? l.batches : int64_t(kParallelFlops / 4 / (flops + 1)) + 1;
  parallel_for(context, l.batches, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) one(i);
  });
}

// Integers wrap. Sums are kept in 64 bits, whose low bits are those of the narrower type's own wrapping sum.
template <class S> void run_integer(Context* context, const Launch& l) {
  const int64_t rows = l.batches * l.m;
  const uint64_t alpha = uint64_t(int64_t(l.alpha)), beta = uint64_t(int64_t(l.beta));
  const int64_t grain = (32 << 10) / (l.n * l.k + 1) + 1;
  parallel_for(context, rows, grain, [&](int64_t begin, int64_t end) {
    uint64_t* sum = (uint64_t*)context->scratch(context, 0, size_t(l.n) * sizeof(uint64_t));
    if (!sum) return out_of_memory(context);
    for (int64_t row = begin; row < end; row++) {
      const Offsets o = offsets_of(l, row / l.m);
      const int64_t i = row % l.m;
      const S* a = (const S*)l.a + o.a + i * l.ars;
      const S* b = (const S*)l.b + o.b;
      S* c = (S*)l.c + o.c + i * l.crs;
      for (int64_t j = 0; j < l.n; j++) sum[j] = 0;
      for (int64_t p = 0; p < l.k; p++) {
        const uint64_t x = uint64_t(int64_t(a[p * l.acs]));
        const S* from_row = b + p * l.brs;
        if (l.bcs == 1) {
          for (int64_t j = 0; j < l.n; j++) sum[j] += x * uint64_t(int64_t(from_row[j]));
        } else {
          for (int64_t j = 0; j < l.n; j++) sum[j] += x * uint64_t(int64_t(from_row[j * l.bcs]));
        }
      }
      for (int64_t j = 0; j < l.n; j++) {
        uint64_t value = alpha * sum[j];
        if (beta) value += beta * uint64_t(int64_t(c[j]));
        if (l.bias) value += uint64_t(int64_t(((const S*)l.bias)[j]));
        c[j] = S(value);
      }
    }
  });
}

}  // namespace

KERNEL(matmul) {
  Launch l;
  l.dtype = args.dtype();
  l.nbatch = int(args.integer());
  if (l.nbatch > kMostBatchDims) return context->fail(context, "[matmul] a product has at most 64 batch dimensions");
  args.integers(l.batch, l.nbatch);
  l.m = args.integer();
  l.n = args.integer();
  l.k = args.integer();
  l.alpha = args.real();
  l.beta = args.real();
  l.a = args.pointer<char>();
  l.ars = args.integer();
  l.acs = args.integer();
  args.integers(l.abatch, l.nbatch);
  l.b = args.pointer<char>();
  l.brs = args.integer();
  l.bcs = args.integer();
  args.integers(l.bbatch, l.nbatch);
  l.c = args.pointer<char>();
  l.crs = args.integer();
  args.integers(l.cbatch, l.nbatch);
  l.bias = args.pointer<char>();
  fold_batches(l);
  l.batches = 1;
  for (int d = 0; d < l.nbatch; d++) l.batches *= l.batch[d];
  if (l.batches <= 0 || l.m <= 0 || l.n <= 0) return;
  context->cancellable = true;
  switch (l.dtype) {
    case kFloat32: return run_float<float, float>(context, l);
    case kFloat64: return run_float<double, double>(context, l);
    case kFloat16: return run_float<float, Half>(context, l);
    case kBfloat16: return run_float<float, Brain>(context, l);
    case kUint8: return run_integer<uint8_t>(context, l);
    case kInt8: return run_integer<int8_t>(context, l);
    case kInt16: return run_integer<int16_t>(context, l);
    case kInt32: return run_integer<int32_t>(context, l);
    case kInt64: return run_integer<int64_t>(context, l);
    default: return context->fail(context, "[matmul] not defined for bool: expected a number type");
  }
}

}  // namespace layerwise::NS
