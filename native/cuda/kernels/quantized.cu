// Weights of few bits: few rows of x times the weights straight from their packed form, a warp per column of the result;
// and the weights spelled out, for products of many rows on tensor cores.
#include "quantized.h"
#include "vectors.h"

namespace {

// Eight neighbouring weights of row `n` from element k on; all lie in one group.
DEVICE void read_weights(const QuantizedJob& job, int64_t n, int64_t k, float (&w)[kQuantizedRun]) {
  const int64_t group = n * (job.k / job.group) + k / job.group;
  const float scale = job.scale[group];
  if (job.format == kWeightInt8) {
    const float zero = job.zero ? float(((const int8_t*)job.zero)[group]) : 0;
    const uint64_t bytes = *(const uint64_t*)((const char*)job.weight + n * job.k + k);
    UNROLL for (int i = 0; i < 8; i++) w[i] = (float(int8_t(bytes >> 8 * i)) - zero) * scale;
    return;
  }
  const uint32_t nibbles = *(const uint32_t*)((const char*)job.weight + (n * job.k + k) / 2);
  if (job.format == kWeightInt4) {
    const float zero = job.zero ? float(((const uint8_t*)job.zero)[group]) : 8;
    UNROLL for (int i = 0; i < 8; i++) w[i] = (float(nibbles >> 4 * i & 15) - zero) * scale;
  } else {
    UNROLL for (int i = 0; i < 8; i++) w[i] = job.table[nibbles >> 4 * i & 15] * scale;
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
