// Products of 16-bit floats on tensor cores by mma, summed in float32: tiles of both operands come by asynchronous
// copies in several stages, swizzled so that ldmatrix meets no bank twice. Operands lie along k or across it, their
// rows begin at 16 bytes and are multiples of 8 elements long; the launcher packs what is not so.
#pragma once
#include "matmul_common.h"
#include "tensor_tiles.h"

// kTile rows of A (columns of B) by kTensorDepth of k: "deep" tiles are rows along k, "wide" ones are rows across.
template <class T, int kTile, bool kDeep, int kThreads> struct TensorOperand {
  static constexpr int kChunks = kDeep ? kTensorDepth / 8 : kTile / 8;
  static constexpr int kElements = kTile * kTensorDepth;

  static DEVICE void fetch(T* tile, const T* from, int64_t stride, int64_t first, int64_t most, int64_t k, int64_t end) {
    if constexpr (kDeep) fetch_tile<T, kTile, kChunks, kThreads>(tile, from, stride, first, most, k, end);
    else fetch_tile<T, kTensorDepth, kChunks, kThreads>(tile, from, stride, k, end, first, most);
  }
  // The fragment of 16 rows of A and 16 of k.
  static DEVICE void load_a(uint32_t (&r)[4], const T* tile, int row, int k) {
    if constexpr (kDeep) fragment_a<kChunks>(r, tile, row, k);
    else fragment_a_transposed<kChunks>(r, tile, row, k);
  }
  // Two fragments of 8 columns of B and 16 of k.
  static DEVICE void load_b(uint32_t (&low)[2], uint32_t (&high)[2], const T* tile, int column, int k) {
    if constexpr (kDeep) fragments_b<kChunks>(low, high, tile, column, k);
    else fragments_b_transposed<kChunks>(low, high, tile, column, k);
  }
};

// Sums of the tile, left in shared memory as float32 by the warps, to C: eight neighbours per thread.
template <class T, int kRows, int kColumns, int kThreads>
DEVICE void store_tile(T* c, const float* sums, int64_t row0, int64_t column0, const T* bias, const MatmulShape& s,
                       float* partials) {
  constexpr int kPerRow = kColumns / 8;
  for (int id = threadIdx.x; id < kRows * kPerRow; id += kThreads) {
    const int r = id / kPerRow, j = id % kPerRow * 8;
    const int64_t row = row0 + r, column = column0 + j;
    if (row >= s.m || column >= s.n) continue;
    const float* from = sums + r * (kColumns + 8) + j;
    const int count = int(smaller(8, s.n - column));
    if (partials) {
      for (int i = 0; i < count; i++) partials[row * s.n + column + i] = from[i];
      continue;
    }
    T* to = c + row * s.c_row + column;
    Pack<T, 8> pack;
    UNROLL for (int i = 0; i < 8; i++) {
      if (i < count) pack.at[i] = matmul_result(s, from[i], to + i, bias ? bias + column + i : nullptr);
    }
    if (count == 8 && s.c_vector) {
      store_pack<8>(to, pack);
    } else {
      UNROLL for (int i = 0; i < 8; i++) {
        if (i < count) to[i] = pack.at[i];
      }
    }
  }
}

// kTile x kTile results per block of kWarpsM x kWarpsN warps.
template <class T, int kTile, int kWarpsM, int kWarpsN, bool kDeepA, bool kDeepB>
DEVICE void matmul_tensor(T* c, const T* a, const T* b, const T* bias, const MatmulShape& s) {
  constexpr int kThreads = kWarpsM * kWarpsN * 32;
  constexpr int kRows = kTile / kWarpsM, kColumns = kTile / kWarpsN;  // of one warp
  using A = TensorOperand<T, kTile, kDeepA, kThreads>;
  using B = TensorOperand<T, kTile, kDeepB, kThreads>;
  constexpr int kStage = A::kElements + B::kElements;
  DYNAMIC_SHARED(T, shared);
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int warp_row = warp / kWarpsN * kRows, warp_column = warp % kWarpsN * kColumns;
  int64_t tile_m, tile_n;
  matmul_tile((s.m + kTile - 1) / kTile, (s.n + kTile - 1) / kTile, &tile_m, &tile_n);
  const int64_t row0 = tile_m * kTile, column0 = tile_n * kTile;
  const int64_t begin = blockIdx.y * s.split_depth, end = smaller(begin + s.split_depth, s.k);
  const int steps = int((end - begin + kTensorDepth - 1) / kTensorDepth);
  const int64_t a_stride = kDeepA ? s.a_row : s.a_column, b_stride = kDeepB ? s.b_column : s.b_row;

  for (int64_t batch = blockIdx.z; batch < s.batches; batch += gridDim.z) {
    const MatmulOffsets at = matmul_offsets(s, batch);
    auto fetch = [&](int step) {
      if (step < steps) {
        T* stage = shared + step % s.stages * kStage;
        const int64_t k = begin + int64_t(step) * kTensorDepth;
        A::fetch(stage, a + at.a, a_stride, row0, s.m, k, end);
        B::fetch(stage + A::kElements, b + at.b, b_stride, column0, s.n, k, end);
      }
      copy_commit();  // an empty group too, so that counting stays right
    };
    float sum[kRows / 16][kColumns / 8][4] = {};
    __syncthreads();  // the batch before has left shared memory
    for (int step = 0; step < s.stages - 1; step++) fetch(step);
    for (int step = 0; step < steps; step++) {
      if (s.stages == 2) copy_wait<0>();
      else copy_wait<1>();
      __syncthreads();
      fetch(step + s.stages - 1);
      const T* a_tile = shared + step % s.stages * kStage;
      const T* b_tile = a_tile + A::kElements;
      UNROLL for (int k = 0; k < kTensorDepth; k += 16) {
        uint32_t left[kRows / 16][4], right[kColumns / 8][2];
        UNROLL for (int i = 0; i < kRows / 16; i++) A::load_a(left[i], a_tile, warp_row + i * 16, k);
        UNROLL for (int j = 0; j < kColumns / 16; j++) {
          B::load_b(right[2 * j], right[2 * j + 1], b_tile, warp_column + j * 16, k);
        }
        UNROLL for (int i = 0; i < kRows / 16; i++) {
          UNROLL for (int j = 0; j < kColumns / 8; j++) multiply_add(sum[i][j], left[i], right[j], T{});
        }
      }
    }
    copy_wait<0>();
    __syncthreads();
    float* sums = (float*)shared;
    UNROLL for (int i = 0; i < kRows / 16; i++) {
      UNROLL for (int j = 0; j < kColumns / 8; j++) {
        UNROLL for (int half = 0; half < 2; half++) {
          const int r = warp_row + i * 16 + half * 8 + lane / 4, column = warp_column + j * 8 + lane % 4 * 2;
          store_pack<2>(sums + r * (kTile + 8) + column, Pack<float, 2>{sum[i][j][half * 2], sum[i][j][half * 2 + 1]});
        }
      }
    }
    __syncthreads();
    float* partials =
        s.splits > 1 ? (float*)s.partials + (blockIdx.y * s.batches + batch) * s.m * s.n : (float*)nullptr;
    store_tile<T, kTile, kTile, kThreads>(c + at.c, sums, row0, column0, bias, s, partials);
  }
}
