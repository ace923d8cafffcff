// Matrix products: on tensor cores (matmul_tensor.h), by plain arithmetic in tiles (matmul_tiled.h), of few rows, and of
// anything (matmul_plain.h); the packing of operands that tensor cores cannot read, and the sum of split products.
#include "matmul_plain.h"
#include "matmul_tensor.h"
#include "matmul_hopper.h"
#include "matmul_tiled.h"

// Few rows times a matrix that lies along k: a warp per column of the result, 16 bytes per lane and step.
template <class T> DEVICE void matmul_thin(T* c, const T* a, const T* b, const T* bias, const MatmulShape& s) {
  constexpr int V = kPerVector<T>;
  const int lane = threadIdx.x % 32;
  const int64_t column = int64_t(blockIdx.x) * (kThinVectors / 32) + threadIdx.x / 32;
  if (column >= s.n) return;
  for (int64_t batch = blockIdx.z; batch < s.batches; batch += gridDim.z) {
    const MatmulOffsets at = matmul_offsets(s, batch);
    const T* from_b = b + at.b + column * s.b_column;
    const T* from_a = a + at.a;
    float sum[kThinRows] = {};
    for (int64_t k = lane * V; k < s.k; k += 32 * V) {
      float right[V];
      load_wide<V>(right, from_b + k);
      UNROLL for (int i = 0; i < kThinRows; i++) {
        if (i >= s.m) break;
        float left[V];
        load_wide<V>(left, from_a + i * s.a_row + k);
        UNROLL for (int v = 0; v < V; v++) sum[i] += left[v] * right[v];
      }
    }
    UNROLL for (int i = 0; i < kThinRows; i++) {
      if (i >= s.m) break;
      const float total = reduce_warp(sum[i], [](float x, float y) { return x + y; });
      T* to = c + at.c + i * s.c_row + column;
      if (lane == i % 32) *to = matmul_result(s, total, to, bias ? bias + column : nullptr);
    }
  }
}

// An operand copied to rows along k, [batches, rows, depth], zeros behind the end of k; by tiles, so that both sides move
// neighbours together.
template <class T>
DEVICE void matmul_pack(T* out, const T* in, const MatmulShape& s, int is_b, int64_t rows, int64_t row_stride,
                        int64_t depth_stride, int64_t depth) {
  __shared__ T tile[32][33];
  const int64_t row0 = int64_t(blockIdx.x) * 32, deep0 = int64_t(blockIdx.y) * 32;
  const bool is_wide = row_stride == 1;
  for (int64_t batch = blockIdx.z; batch < s.batches; batch += gridDim.z) {
    const MatmulOffsets at = matmul_offsets(s, batch);
    const T* from = in + (is_b ? at.b : at.a);
    __syncthreads();
    for (int y = threadIdx.y; y < 32; y += 8) {
      const int r = is_wide ? threadIdx.x : y, d = is_wide ? y : threadIdx.x;
      const bool is_there = row0 + r < rows && deep0 + d < s.k;
      tile[r][d] = is_there ? from[(row0 + r) * row_stride + (deep0 + d) * depth_stride] : T{};
    }
    __syncthreads();
    for (int y = threadIdx.y; y < 32; y += 8) {
      if (row0 + y < rows && deep0 + threadIdx.x < depth) {
        out[(batch * rows + row0 + y) * depth + deep0 + threadIdx.x] = tile[y][threadIdx.x];
      }
    }
  }
}

// Sums of all shares of k, in order, to C.
template <class T> DEVICE void matmul_finish(T* c, const T* bias, const MatmulShape& s) {
  using W = WideOf<T>;
  const int64_t size = s.batches * s.m * s.n;
  for (int64_t i = thread_index(); i < size; i += thread_count()) {
    W sum = 0;
    for (int split = 0; split < s.splits; split++) sum += ((const W*)s.partials)[split * size + i];
    const int64_t line = quotient(i, s.n), batch = quotient(line, s.m);
    const int64_t column = i - line * s.n, row = line - batch * s.m;
    T* to = c + matmul_offsets(s, batch).c + row * s.c_row + column;
    *to = matmul_result(s, sum, to, bias ? bias + column : nullptr);
  }
}

#define MATMUL_ARGUMENTS (T * c, const T* a, const T* b, const T* bias, GRID_CONSTANT MatmulShape s)

ENTRIES_NUMBERS(matmul_plain, MATMUL_ARGUMENTS, (c, a, b, bias, s))
ENTRIES_HALVES(matmul_thin, MATMUL_ARGUMENTS, (c, a, b, bias, s))
ENTRY(matmul_thin, float32, float, MATMUL_ARGUMENTS, (c, a, b, bias, s))
ENTRIES_HALVES(matmul_finish, (T* c, const T* bias, GRID_CONSTANT MatmulShape s), (c, bias, s))
ENTRY(matmul_finish, float32, float, (T* c, const T* bias, GRID_CONSTANT MatmulShape s), (c, bias, s))
ENTRY(matmul_finish, float64, double, (T* c, const T* bias, GRID_CONSTANT MatmulShape s), (c, bias, s))
ENTRY(matmul_pack, 2, Half,
      (T* out, const T* in, GRID_CONSTANT MatmulShape s, int is_b, int64_t rows, int64_t row_stride,
       int64_t depth_stride, int64_t depth),
      (out, in, s, is_b, rows, row_stride, depth_stride, depth))

#define TILED(name, T, H) \
  KERNEL_BOUNDED(matmul_tiled_##name, 256, 1, (T * c, const T* a, const T* b, const T* bias, GRID_CONSTANT MatmulShape s)) { \
    matmul_tiled<T, H>(c, a, b, bias, s); \
  }
TILED(large_float32, float, 4)
TILED(small_float32, float, 2)
TILED(small_float64, double, 2)

// a and b say whether the operand lies along k; both across k is packed by the launcher.
#define TENSOR(name, T, tile, warps_m, warps_n, a_deep, b_deep) \
  KERNEL_BOUNDED(matmul_tensor_##name, warps_m * warps_n * 32, warps_m * warps_n == 4 ? 3 : 1, \
                 (T* c, const T* a, const T* b, const T* bias, GRID_CONSTANT MatmulShape s)) { \
    matmul_tensor<T, tile, warps_m, warps_n, a_deep, b_deep>(c, a, b, bias, s); \
  }
#define TENSOR_LAYOUTS(name, T, tile, warps_m, warps_n) \
  TENSOR(name##_deep_deep, T, tile, warps_m, warps_n, true, true) \
  TENSOR(name##_deep_wide, T, tile, warps_m, warps_n, true, false) \
  TENSOR(name##_wide_wide, T, tile, warps_m, warps_n, false, false)
TENSOR_LAYOUTS(small_float16, Half, 64, 2, 2)
TENSOR_LAYOUTS(large_float16, Half, 128, 2, 4)
#if LW_HAS_SM80
TENSOR_LAYOUTS(small_bfloat16, Brain, 64, 2, 2)
TENSOR_LAYOUTS(large_bfloat16, Brain, 128, 2, 4)
#endif

#if LW_HAS_SM90
#define HOPPER(name, T, a_deep, b_deep) \
  KERNEL_BOUNDED(matmul_hopper_##name, kHopperThreads, 1, \
                 (T* c, const T* a, const T* b, const T* bias, GRID_CONSTANT MatmulShape s)) { \
    matmul_hopper<T, a_deep, b_deep>(c, a, b, bias, s); \
  }
#define HOPPER_LAYOUTS(name, T) \
  HOPPER(name##_deep_deep, T, true, true) \
  HOPPER(name##_deep_wide, T, true, false) \
  HOPPER(name##_wide_wide, T, false, false)
HOPPER_LAYOUTS(float16, Half)
HOPPER_LAYOUTS(bfloat16, Brain)
#endif
