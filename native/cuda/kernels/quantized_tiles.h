// Products of a few dozen rows with weights of few bits on tensor cores: each weight is read once in its packed form, one
// stage ahead in registers, and spelled out into the tile that ldmatrix reads. 16-bit floats, summed in float32.
#pragma once
#include "matmul_tensor.h"
#include "quantized.h"

// Eight neighbouring weights of a row as they are stored, with what makes them numbers.
struct PackedRun {
  uint64_t bits;
  float scale, zero;
};

template <int kFormat> DEVICE PackedRun load_run(const QuantizedJob& job, int64_t n, int64_t k) {
  const int64_t at = n * job.k + k, group = n * quotient(job.k, job.group) + quotient(k, job.group);
  PackedRun run;
  run.scale = job.scale[group];
  if (kFormat == kWeightInt8) {
    run.bits = *(const uint64_t*)((const char*)job.weight + at);
    run.zero = job.zero ? float(((const int8_t*)job.zero)[group]) : 0;
  } else {
    run.bits = *(const uint32_t*)((const char*)job.weight + at / 2);
    run.zero = kFormat == kWeightInt4 && job.zero ? float(((const uint8_t*)job.zero)[group]) : 8;
  }
  return run;
}

// The numbers that they stand for; `table`: the sixteen of float4.
template <int kFormat> DEVICE void spell_run(float (&w)[kQuantizedRun], const PackedRun& run, const float* table) {
  UNROLL for (int i = 0; i < kQuantizedRun; i++) {
    if (kFormat == kWeightInt8) w[i] = (float(int8_t(run.bits >> 8 * i)) - run.zero) * run.scale;
    else if (kFormat == kWeightInt4) w[i] = (float(uint32_t(run.bits) >> 4 * i & 15) - run.zero) * run.scale;
    else w[i] = table[uint32_t(run.bits) >> 4 * i & 15] * run.scale;
  }
}

// kTile x kTile results per block of four warps; `s` is the product as matmul's kernels know it.
template <class T, int kFormat> DEVICE void quantized_tile(const QuantizedJob& job, const MatmulShape& s) {
  constexpr int kTile = kQuantizedTile, kThreads = kQuantizedTileThreads, kStages = 3;
  constexpr int kRows = kTile / 2, kColumns = kTile / 2;  // of one warp
  constexpr int kChunks = kTensorDepth / kQuantizedRun, kEach = kTile * kChunks / kThreads;
  constexpr int kSide = kTile * kTensorDepth;
  using A = TensorOperand<T, kTile, true, kThreads>;
  using B = TensorOperand<T, kTile, true, kThreads>;
  DYNAMIC_SHARED(T, shared);
  __shared__ float table[16];
  if (kFormat == kWeightFloat4 && threadIdx.x < 16) table[threadIdx.x] = job.table[threadIdx.x];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int warp_row = warp / 2 * kRows, warp_column = warp % 2 * kColumns;
  int64_t tile_m, tile_n;
  matmul_tile((s.m + kTile - 1) / kTile, (s.n + kTile - 1) / kTile, &tile_m, &tile_n);
  const int64_t row0 = tile_m * kTile, column0 = tile_n * kTile;
  const int64_t begin = blockIdx.y * s.split_depth, end = smaller(begin + s.split_depth, s.k);
  const int steps = int((end - begin + kTensorDepth - 1) / kTensorDepth);

  PackedRun next[kEach];
  auto read_weights = [&](int step) {
    UNROLL for (int i = 0; i < kEach; i++) {
      const int id = i * kThreads + threadIdx.x;
      const int64_t n = column0 + id / kChunks, k = begin + int64_t(step) * kTensorDepth + id % kChunks * kQuantizedRun;
      next[i] = PackedRun{0, 0, 0};
      if (step < steps && n < s.n && k < end) next[i] = load_run<kFormat>(job, n, k);
    }
  };
  auto spell_weights = [&](int step) {
    if (step >= steps) return;
    T* tile = shared + step % kStages * 2 * kSide + kSide;
    UNROLL for (int i = 0; i < kEach; i++) {
      const int id = i * kThreads + threadIdx.x;
      float w[kQuantizedRun];
      spell_run<kFormat>(w, next[i], table);
      store_narrow<kQuantizedRun>(tile + swizzled<kChunks>(id / kChunks, id % kChunks), w);
    }
  };
  auto fetch_rows = [&](int step) {
    if (step < steps) {
      A::fetch(shared + step % kStages * 2 * kSide, (const T*)job.x, job.x_row, row0, s.m,
               begin + int64_t(step) * kTensorDepth, end);
    }
    copy_commit();  // an empty group too, so that counting stays right
  };
  __syncthreads();  // the table is there
  for (int step = 0; step < kStages - 1; step++) {
    read_weights(step);
    spell_weights(step);
    fetch_rows(step);
  }
  read_weights(kStages - 1);
  float sum[kRows / 16][kColumns / 8][4] = {};
  for (int step = 0; step < steps; step++) {
    copy_wait<1>();
    __syncthreads();
    spell_weights(step + kStages - 1);
    read_weights(step + kStages);
    fetch_rows(step + kStages - 1);
    const T* a_tile = shared + step % kStages * 2 * kSide;
    UNROLL for (int k = 0; k < kTensorDepth; k += 16) {
      uint32_t left[kRows / 16][4], right[kColumns / 8][2];
      UNROLL for (int i = 0; i < kRows / 16; i++) A::load_a(left[i], a_tile, warp_row + i * 16, k);
      UNROLL for (int j = 0; j < kColumns / 16; j++) {
        B::load_b(right[2 * j], right[2 * j + 1], a_tile + kSide, warp_column + j * 16, k);
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
  float* partials = s.splits > 1 ? (float*)s.partials + blockIdx.y * s.m * s.n : (float*)nullptr;
  store_tile<T, kTile, kTile, kThreads>((T*)job.out, sums, row0, column0, (const T*)job.bias, s, partials);
}
