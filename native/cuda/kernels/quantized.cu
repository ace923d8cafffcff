// Weights of few bits: few rows of x times the weights straight from their packed form, a warp per column of the result;
// some dozens of rows in tiles (quantized_tiles.h); and the weights spelled out, for products of many rows.
#include "quantized_tiles.h"

namespace {

// Eight neighbouring weights of row `n` from element k on; all lie in one group.
DEVICE void read_weights(const QuantizedJob& job, int64_t n, int64_t k, float (&w)[kQuantizedRun]) {
  switch (job.format) {
    case kWeightInt8: return spell_run<kWeightInt8>(w, load_run<kWeightInt8>(job, n, k), nullptr);
    case kWeightInt4: return spell_run<kWeightInt4>(w, load_run<kWeightInt4>(job, n, k), nullptr);
    default: return spell_run<kWeightFloat4>(w, load_run<kWeightFloat4>(job, n, k), job.table);
  }
}

template <class T> DEVICE void quantized_thin(const QuantizedJob& job) {
  const int lane = threadIdx.x % 32;
  const int64_t n = int64_t(blockIdx.x) * (kQuantizedThreads / 32) + threadIdx.x / 32;
  if (n >= job.n) return;
  const int64_t m0 = int64_t(blockIdx.y) * kQuantizedRows;
  const int rows = int(smaller(kQuantizedRows, job.m - m0));
  const T* x = (const T*)job.x + m0 * job.x_row;
  const bool is_even = uintptr_t(x) % 16 == 0 && job.x_row * sizeof(T) % 16 == 0;
  float sum[kQuantizedRows] = {};
  for (int64_t k = lane * kQuantizedRun; k < job.k; k += 32 * kQuantizedRun) {
    float w[kQuantizedRun];
    read_weights(job, n, k, w);
    UNROLL for (int r = 0; r < kQuantizedRows; r++) {
      if (r >= rows) break;
      const T* from = x + r * job.x_row + k;
      float left[kQuantizedRun];
      if (is_even) {
        constexpr int V = kPerVector<T>;
        UNROLL for (int i = 0; i < kQuantizedRun; i += V) {
          float some[V];
          load_wide<V>(some, from + i);
          UNROLL for (int v = 0; v < V; v++) left[i + v] = some[v];
        }
      } else {
        UNROLL for (int i = 0; i < kQuantizedRun; i++) left[i] = to_float(from[i]);
      }
      UNROLL for (int i = 0; i < kQuantizedRun; i++) sum[r] += left[i] * w[i];
    }
  }
  UNROLL for (int r = 0; r < kQuantizedRows; r++) {
    if (r >= rows) break;
    const float total = reduce_warp(sum[r], [](float a, float b) { return a + b; });
    const float bias = job.bias ? to_float(((const T*)job.bias)[n]) : 0;
    if (lane == 0) ((T*)job.out)[(m0 + r) * job.n + n] = convert<T>(total + bias);
  }
}

// All weights as [n, k] elements of T.
template <class T> DEVICE void quantized_spell(T* out, const QuantizedJob& job) {
  const int64_t runs = job.n * job.k / kQuantizedRun;
  for (int64_t i = thread_index(); i < runs; i += thread_count()) {
    const int64_t at = i * kQuantizedRun, n = quotient(at, job.k);
    float w[kQuantizedRun];
    read_weights(job, n, at - n * job.k, w);
    UNROLL for (int j = 0; j < kQuantizedRun; j += kPerVector<T>) {
      Pack<T, kPerVector<T>> pack;
      UNROLL for (int v = 0; v < kPerVector<T>; v++) pack.at[v] = convert<T>(w[j + v]);
      store_pack<kPerVector<T>>(out + at + j, pack);
    }
  }
}

}  // namespace

ENTRIES_HALVES(quantized_thin, (GRID_CONSTANT QuantizedJob job), (job))
ENTRY(quantized_thin, float32, float, (GRID_CONSTANT QuantizedJob job), (job))
ENTRIES_HALVES(quantized_spell, (T* out, GRID_CONSTANT QuantizedJob job), (out, job))
ENTRY(quantized_spell, float32, float, (T* out, GRID_CONSTANT QuantizedJob job), (out, job))

#define QUANTIZED_TILES(suffix, T) \
  KERNEL_BOUNDED(quantized_tile_int8_##suffix, 128, 3, (GRID_CONSTANT QuantizedJob job, GRID_CONSTANT MatmulShape s)) { \
    quantized_tile<T, kWeightInt8>(job, s); \
  } \
  KERNEL_BOUNDED(quantized_tile_int4_##suffix, 128, 3, (GRID_CONSTANT QuantizedJob job, GRID_CONSTANT MatmulShape s)) { \
    quantized_tile<T, kWeightInt4>(job, s); \
  } \
  KERNEL_BOUNDED(quantized_tile_float4_##suffix, 128, 3, (GRID_CONSTANT QuantizedJob job, GRID_CONSTANT MatmulShape s)) { \
    quantized_tile<T, kWeightFloat4>(job, s); \
  }
QUANTIZED_TILES(float16, Half)
#if LW_HAS_SM80
QUANTIZED_TILES(bfloat16, Brain)
#endif
