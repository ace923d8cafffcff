// Tiles of a product of eight-bit integers on tensor cores, by mma of 16 x 8 x 32 codes: stages of 128 codes of both sides
// in shared memory, swizzled like 16-bit floats of half the number. What zero points add is taken off by the sums of the
// codes themselves, which are counted on the way; shares of k meet in the block that comes last.
#pragma once
#include "int8_finish.h"
#include "matmul_common.h"
#include "tensor_tiles.h"

using CodePair = uint16_t;
constexpr int kInt8Chunks = kInt8Depth / kInt8Chunk;  // of a row of a tile
static_assert(kInt8Depth == 2 * kTensorDepth, "tiles as those of 16-bit floats");

// Rows of x that are codes, by asynchronous copies.
template <int kTile, int kThreads> struct CodeRows {
  const Int8Job& job;
  int64_t row0;

  DEVICE CodeRows(const Int8Job& job, int64_t row0, int, const Int8Scale&) : job(job), row0(row0) {}
  DEVICE void fetch(CodePair* tile, int64_t k, int64_t end) const {
    fetch_tile<CodePair, kTile, kInt8Chunks, kThreads>(tile, (const CodePair*)job.rows.x, job.rows.row / 2, row0, job.m,
                                                       k / 2, (end + 1) / 2);
  }
};

// Rows of x that are floats with one scale, rounded on the way.
template <int kTile, int kThreads> struct FloatRows {
  const Int8Job& job;
  int64_t row0;
  Int8Rounding how;

  DEVICE FloatRows(const Int8Job& job, int64_t row0, int, const Int8Scale& whole)
      : job(job), row0(row0), how(Int8Rounding::of(job.rows, whole)) {}
  DEVICE void fetch(CodePair* tile, int64_t k, int64_t end) const {
    for (int id = threadIdx.x; id < kTile * kInt8Chunks; id += kThreads) {
      const int r = id / kInt8Chunks, chunk = id % kInt8Chunks;
      const int64_t at = k + chunk * kInt8Chunk;
      uint4 codes = make_uint4(0, 0, 0, 0);
      if (row0 + r < job.m && at < end) codes = sixteen_codes(job.rows, row0 + r, at, end, how);
      *(uint4*)(tile + swizzled<kInt8Chunks>(r, chunk)) = codes;
    }
  }
};

// Pixels of the result, whose windows lie in images with channels last, whole chunks of them in a group. Taps outside of
// the image are zero points.
template <int kTile, int kThreads> struct ImageRows {
  static constexpr int kEach = kTile * kInt8Chunks / kThreads;
  static constexpr int kNowhere = -(1 << 30);
  const Int8Job& job;
  const uint8_t* base[kEach];
  int y[kEach], x[kEach];
  uint32_t padding;

  DEVICE ImageRows(const Int8Job& job, int64_t row0, int group, const Int8Scale& whole) : job(job) {
    const Int8Image& g = job.image;
    padding = (uint32_t(whole.zero) & 255) * 0x01010101u ^ job.rows.flip;
    UNROLL for (int i = 0; i < kEach; i++) {
      const int64_t row = row0 + i * (kThreads / kInt8Chunks) + threadIdx.x / kInt8Chunks;
      const int64_t line = quotient(row, g.ow), image = quotient(line, g.oh);
      base[i] = (const uint8_t*)job.rows.x + image * g.H * g.W * g.C + group * g.group_in;
      y[i] = row < job.m ? int(line - image * g.oh) * g.sh - g.ph : kNowhere;
      x[i] = int(row - line * g.ow) * g.sw - g.pw;
    }
  }
  DEVICE void fetch(CodePair* tile, int64_t k, int64_t end) const {
    const Int8Image& g = job.image;
    const int chunk = threadIdx.x % kInt8Chunks;
    const int64_t at = k + chunk * kInt8Chunk;
    const int tap = int(quotient(at, g.group_in)), above = tap / g.kw;
    const int down = above * g.dh, right = (tap - above * g.kw) * g.dw;
    const int64_t channel = at - tap * g.group_in;
    UNROLL for (int i = 0; i < kEach; i++) {
      const int r = i * (kThreads / kInt8Chunks) + threadIdx.x / kInt8Chunks;
      CodePair* to = tile + swizzled<kInt8Chunks>(r, chunk);
      const int64_t yy = y[i] + down, xx = x[i] + right;
      const bool is_inside = yy >= 0 && yy < g.H && xx >= 0 && xx < g.W;
      if (is_inside || at >= end) {
        copy_async_16(to, at < end ? base[i] + (yy * g.W + xx) * g.C + channel : base[i], at < end);
      } else {
        *(uint4*)to = make_uint4(padding, padding, padding, padding);
      }
    }
  }
};

// The sum of half a row of a tile, 64 codes.
DEVICE int sum_of_half(const CodePair* tile, int row, int half, uint32_t flip) {
  int sum = 0;
  UNROLL for (int c = 0; c < kInt8Chunks / 2; c++) {
    const uint4 v = *(const uint4*)(tile + swizzled<kInt8Chunks>(row, half * (kInt8Chunks / 2) + c));
    sum = __dp4a(int(v.x ^ flip), 0x01010101, sum);
    sum = __dp4a(int(v.y ^ flip), 0x01010101, sum);
    sum = __dp4a(int(v.z ^ flip), 0x01010101, sum);
    sum = __dp4a(int(v.w ^ flip), 0x01010101, sum);
  }
  return sum;
}

// What a block knows of its rows and columns once it has multiplied; lies behind the sums.
template <int kTile> struct Int8Edges {
  int column_sums[kTile], row_sums[kTile];
  Int8Column columns[kTile];
  Int8Scale rows[kTile];
};

template <int kTile> constexpr int kInt8SumRow = kTile + 8;

// The tile's sums, which lie in shared memory, to where they belong.
template <int kTile, int kThreads>
DEVICE void store_tile_int8(const Int8Job& job, const int* sums, const Int8Edges<kTile>& edges, int64_t row0,
                            int64_t column0, int depth) {
  constexpr int kPerRow = kTile / 8;
  const int64_t group = blockIdx.z, tile = group * gridDim.x + blockIdx.x;
  int32_t* shares = job.partials + tile * job.splits * kTile * kTile;
  // Eight neighbours of row r, from column j on, with what zero points add taken off.
  auto corrected = [&](int r, int j, int (&out)[8]) {
    const int zero = edges.rows[r].zero, row_sum = edges.row_sums[r];
    UNROLL for (int i = 0; i < 8; i++) {
      const int w = edges.columns[j + i].zero;
      out[i] = sums[r * kInt8SumRow<kTile> + j + i] - zero * edges.column_sums[j + i] - w * row_sum + depth * zero * w;
    }
  };
  if (job.splits > 1) {
    int32_t* mine = shares + blockIdx.y * kTile * kTile;
    for (int id = threadIdx.x; id < kTile * kPerRow; id += kThreads) {
      const int r = id / kPerRow, j = id % kPerRow * 8;
      if (row0 + r >= job.m || column0 + j >= job.n) continue;
      Pack<int, 8> pack;
      corrected(r, j, pack.at);
      store_pack<8>(mine + r * kTile + j, pack);
    }
    __shared__ int is_last;
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) is_last = atomicAdd(job.arrived + tile, 1u) == unsigned(job.splits - 1);
    __syncthreads();
    if (!is_last) return;
    __threadfence();
  }
  const Int8Finish& f = job.finish;
  const Int8Rule rule = Int8Rule::of(f);
  const bool is_by_row = job.rows.ranges && !job.rows.n_ranges;
  for (int id = threadIdx.x; id < kTile * kPerRow; id += kThreads) {
    const int r = id / kPerRow, j = id % kPerRow * 8;
    const int64_t row = row0 + r, column = column0 + j;
    if (row >= job.m || column >= job.n) continue;
    int total[8] = {};
    if (job.splits == 1) corrected(r, j, total);
    for (int share = 0; share < job.splits && job.splits > 1; share++) {
      const Pack<int, 8> pack = load_pack<8>(shares + (share * kTile + r) * kTile + j);
      UNROLL for (int i = 0; i < 8; i++) total[i] += pack.at[i];
    }
    const int64_t at = int8_place(f, row, group * job.n + column);
    const float row_scale = is_by_row ? edges.rows[r].scale : 1;
    if (f.is_wide && job.n - column >= 8) {
      int8_store_eight(f, rule, at, total, edges.columns + j, row_scale);
      continue;
    }
    const int count = int(smaller(8, job.n - column));
    for (int i = 0; i < count; i++) int8_store(f, rule, at + i * f.out_column, total[i], edges.columns[j + i], row_scale);
  }
}

// kTile x kTile results per block of kWarpsM x kWarpsN warps; `Left` brings the rows of x.
template <template <int, int> class Left, int kTile, int kWarpsM, int kWarpsN> DEVICE void int8_tile(const Int8Job& job) {
  constexpr int kThreads = kWarpsM * kWarpsN * 32, kStages = 3;
  constexpr int kRows = kTile / kWarpsM, kColumns = kTile / kWarpsN;  // of one warp
  constexpr int kSide = kTile * kTensorDepth;
  static_assert(kThreads == 2 * kTile, "two threads count a row");
  DYNAMIC_SHARED(CodePair, shared);
  const int thread = threadIdx.x, warp = thread / 32, lane = thread % 32, group = blockIdx.z;
  const int warp_row = warp / kWarpsN * kRows, warp_column = warp % kWarpsN * kColumns;
  int64_t tile_m, tile_n;
  matmul_tile((job.m + kTile - 1) / kTile, (job.n + kTile - 1) / kTile, &tile_m, &tile_n);
  const int64_t row0 = tile_m * kTile, column0 = tile_n * kTile;
  const int64_t begin = blockIdx.y * job.split_depth, end = smaller(begin + job.split_depth, job.k);
  const int steps = int((end - begin + kInt8Depth - 1) / kInt8Depth);
  const Int8Scale whole = whole_scale(job.rows, thread, kThreads);
  const Left<kTile, kThreads> left(job, row0, group, whole);
  const CodePair* weight = (const CodePair*)(job.weight + group * job.n * job.weight_row);
  // Does anything hang on the sums of columns, or of rows?
  const bool has_zeros = whole.zero != 0 || (job.rows.ranges && !job.rows.n_ranges);
  const bool has_weight_zeros = job.finish.weight_zero;
  const uint32_t flip = job.rows.flip;

  auto fetch = [&](int step) {
    if (step < steps) {
      CodePair* stage = shared + step % kStages * 2 * kSide;
      const int64_t k = begin + int64_t(step) * kInt8Depth;
      left.fetch(stage, k, end);
      fetch_tile<CodePair, kTile, kInt8Chunks, kThreads>(stage + kSide, weight, job.weight_row / 2, column0, job.n, k / 2,
                                                         (end + 1) / 2);
    }
    copy_commit();  // an empty group too, so that counting stays right
  };
  int sum[kRows / 16][kColumns / 8][4] = {};
  int column_sum = 0, row_sum = 0;
  for (int step = 0; step < kStages - 1; step++) fetch(step);
  for (int step = 0; step < steps; step++) {
    copy_wait<1>();
    __syncthreads();
    fetch(step + kStages - 1);
    const CodePair* a_tile = shared + step % kStages * 2 * kSide;
    const CodePair* b_tile = a_tile + kSide;
    if (has_zeros) column_sum += sum_of_half(b_tile, thread / 2, thread % 2, 0);
    if (has_weight_zeros) row_sum += sum_of_half(a_tile, thread / 2, thread % 2, flip);
    UNROLL for (int k = 0; k < kTensorDepth; k += 16) {
      uint32_t a[kRows / 16][4], b[kColumns / 8][2];
      UNROLL for (int i = 0; i < kRows / 16; i++) {
        fragment_a<kInt8Chunks>(a[i], a_tile, warp_row + i * 16, k);
        UNROLL for (int r = 0; r < 4; r++) a[i][r] ^= flip;
      }
      UNROLL for (int j = 0; j < kColumns / 16; j++) {
        fragments_b<kInt8Chunks>(b[2 * j], b[2 * j + 1], b_tile, warp_column + j * 16, k);
      }
      UNROLL for (int i = 0; i < kRows / 16; i++) {
        UNROLL for (int j = 0; j < kColumns / 8; j++) multiply_add_int8(sum[i][j], a[i], b[j]);
      }
    }
  }
  copy_wait<0>();
  __syncthreads();
  int* sums = (int*)shared;
  auto& edges = *(Int8Edges<kTile>*)(sums + kTile * kInt8SumRow<kTile>);
  UNROLL for (int i = 0; i < kRows / 16; i++) {
    UNROLL for (int j = 0; j < kColumns / 8; j++) {
      UNROLL for (int half = 0; half < 2; half++) {
        const int r = warp_row + i * 16 + half * 8 + lane / 4, column = warp_column + j * 8 + lane % 4 * 2;
        store_pack<2>(sums + r * kInt8SumRow<kTile> + column, Pack<int, 2>{sum[i][j][half * 2], sum[i][j][half * 2 + 1]});
      }
    }
  }
  column_sum += __shfl_xor_sync(~0u, column_sum, 1);
  row_sum += __shfl_xor_sync(~0u, row_sum, 1);
  if (thread % 2 == 0) {
    edges.column_sums[thread / 2] = column_sum;
    // What filled a stage up came as zeros, and flipped as -128.
    edges.row_sums[thread / 2] = row_sum + (flip ? 128 * int(int64_t(steps) * kInt8Depth - (end - begin)) : 0);
  }
  if (thread < kTile) {
    if (row0 + thread < job.m) edges.rows[thread] = row_scale(job.rows, whole, row0 + thread);
  } else if (column0 + thread - kTile < job.n) {
    const int64_t column = group * job.n + column0 + thread - kTile;
    edges.columns[thread - kTile] = Int8Column::of(job.finish, column, whole.scale);
  }
  __syncthreads();
  store_tile_int8<kTile, kThreads>(job, sums, edges, row0, column0, int(end - begin));
}
