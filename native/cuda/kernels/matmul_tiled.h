// Products without tensor cores, for float32 (exact products, sums in float32) and float64: 16 x 16 threads with
// 2H x 2H results each, two stages of shared memory, the next stage's elements on their way in registers.
#pragma once
#include "matmul_common.h"

// One operand as rows of the tile (rows of A, columns of B) and depth.
template <class T> struct TiledOperand {
  const T* at;  // of row 0, depth 0 of this block's tile
  int64_t row_stride, depth_stride, rows;
  bool runs_deep, runs_wide;  // four elements along depth or along rows are one aligned access
};

// A tile's share of one thread: 8 * H * kTiledDepth / 64 elements, four at a time.
template <class T, int H> struct TiledStage {
  static constexpr int kRows = 32 * H;
  static constexpr int kFours = kRows * kTiledDepth / 4 / 256;
  T held[kFours][4];

  DEVICE void load(const TiledOperand<T>& x, int64_t depth, int64_t end) {
    const int thread = threadIdx.y * 16 + threadIdx.x;
    UNROLL for (int f = 0; f < kFours; f++) {
      const int four = f * 256 + thread;
      int row, deep, row_step, deep_step;
      place(x, four, &row, &deep, &row_step, &deep_step);
      const T* from = x.at + row * x.row_stride + (depth + deep) * x.depth_stride;
      const bool is_whole = row + 3 * row_step < x.rows && depth + deep + 3 * deep_step < end;
      if (is_whole && (deep_step ? x.runs_deep : x.runs_wide)) {
        const Pack<T, 4> pack = load_pack<4>(from);
        UNROLL for (int i = 0; i < 4; i++) held[f][i] = pack.at[i];
        continue;
      }
      const int64_t step = row_step * x.row_stride + deep_step * x.depth_stride;
      UNROLL for (int i = 0; i < 4; i++) {
        const bool is_there = row + i * row_step < x.rows && depth + deep + i * deep_step < end;
        held[f][i] = is_there ? from[i * step] : T(0);
      }
    }
  }
  DEVICE void store(const TiledOperand<T>& x, T (*tile)[kRows + 4]) const {
    const int thread = threadIdx.y * 16 + threadIdx.x;
    UNROLL for (int f = 0; f < kFours; f++) {
      int row, deep, row_step, deep_step;
      place(x, f * 256 + thread, &row, &deep, &row_step, &deep_step);
      UNROLL for (int i = 0; i < 4; i++) tile[deep + i * deep_step][row + i * row_step] = held[f][i];
    }
  }
  // Fours lie along whatever is contiguous in memory.
  static DEVICE void place(const TiledOperand<T>& x, int four, int* row, int* deep, int* row_step, int* deep_step) {
    const bool is_wide = x.row_stride == 1 && x.depth_stride != 1;
    *row = is_wide ? four % (kRows / 4) * 4 : four / (kTiledDepth / 4);
    *deep = is_wide ? four / (kRows / 4) : four % (kTiledDepth / 4) * 4;
    *row_step = is_wide;
    *deep_step = !is_wide;
  }
};

template <class T>
DEVICE TiledOperand<T> tiled_operand(const T* at, int64_t row_stride, int64_t depth_stride, int64_t first, int64_t rows) {
  TiledOperand<T> x = {at + first * row_stride, row_stride, depth_stride, rows - first, false, false};
  const bool is_aligned = uintptr_t(x.at) % (4 * sizeof(T)) == 0;
  x.runs_deep = is_aligned && depth_stride == 1 && row_stride % 4 == 0;
  x.runs_wide = is_aligned && row_stride == 1 && depth_stride % 4 == 0;
  return x;
}

template <class T, int H> DEVICE void matmul_tiled(T* c, const T* a, const T* b, const T* bias, const MatmulShape& s) {
  constexpr int kRows = 32 * H;
  __shared__ T a_tile[2][kTiledDepth][kRows + 4];
  __shared__ T b_tile[2][kTiledDepth][kRows + 4];
  const int tx = threadIdx.x, ty = threadIdx.y;
  int64_t tile_m, tile_n;
  matmul_tile((s.m + kRows - 1) / kRows, (s.n + kRows - 1) / kRows, &tile_m, &tile_n);
  const int64_t begin = blockIdx.y * s.split_depth, end = smaller(begin + s.split_depth, s.k);
  for (int64_t batch = blockIdx.z; batch < s.batches; batch += gridDim.z) {
    const MatmulOffsets at = matmul_offsets(s, batch);
    const auto from_a = tiled_operand(a + at.a, s.a_row, s.a_column, tile_m * kRows, s.m);
    const auto from_b = tiled_operand(b + at.b, s.b_column, s.b_row, tile_n * kRows, s.n);
    T sum[2 * H][2 * H] = {};
    TiledStage<T, H> next_a, next_b;
    next_a.load(from_a, begin, end);
    next_b.load(from_b, begin, end);
    int stage = 0;
    __syncthreads();  // the batch before has been read
    for (int64_t k = begin; k < end; k += kTiledDepth) {
      next_a.store(from_a, a_tile[stage]);
      next_b.store(from_b, b_tile[stage]);
      __syncthreads();
      if (k + kTiledDepth < end) {
        next_a.load(from_a, k + kTiledDepth, end);
        next_b.load(from_b, k + kTiledDepth, end);
      }
      UNROLL for (int d = 0; d < kTiledDepth; d++) {
        T left[2 * H], right[2 * H];
        UNROLL for (int half = 0; half < 2; half++) {
          const Pack<T, H> l = load_pack<H>(&a_tile[stage][d][half * 16 * H + ty * H]);
          const Pack<T, H> r = load_pack<H>(&b_tile[stage][d][half * 16 * H + tx * H]);
          UNROLL for (int i = 0; i < H; i++) {
            left[half * H + i] = l.at[i];
            right[half * H + i] = r.at[i];
          }
        }
        UNROLL for (int i = 0; i < 2 * H; i++) {
          UNROLL for (int j = 0; j < 2 * H; j++) sum[i][j] += left[i] * right[j];
        }
      }
      stage ^= 1;
    }
    T* partials = (T*)s.partials + (blockIdx.y * s.batches + batch) * s.m * s.n;
    UNROLL for (int i = 0; i < 2 * H; i++) {
      const int64_t row = tile_m * kRows + i / H * 16 * H + ty * H + i % H;
      if (row >= s.m) continue;
      UNROLL for (int j = 0; j < 2 * H; j++) {
        const int64_t column = tile_n * kRows + j / H * 16 * H + tx * H + j % H;
        if (column >= s.n) continue;
        if (s.splits > 1) {
          partials[row * s.n + column] = sum[i][j];
          continue;
        }
        T* at_c = c + at.c + row * s.c_row + column;
        *at_c = matmul_result(s, sum[i][j], at_c, bias ? bias + column : nullptr);
      }
    }
  }
}
