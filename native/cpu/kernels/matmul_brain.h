// Packing and register tiles for bfloat16 on machines whose dot products take pairs of them (AVX512-BF16): twice the
// rate of float32. The hardware rounds each pair's sum once and treats subnormals as zero, as it does for everybody who
// uses it.
#pragma once
#include "matmul_micro.h"

#if defined(__AVX512F__)
#include <cpuid.h>

#define LW_BRAIN __attribute__((target("avx512bf16")))

namespace layerwise::NS {

static inline bool has_brain_dots() {
  static int known = -1;
  if (known < 0) {
    unsigned eax = 0, ebx, ecx, edx;
    known = __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax >> 5 & 1);
  }
  return known;
}

// Panels hold two neighbours along k in 32 bits.
template <int R, int V>
LW_BRAIN static void brain_kernel(int64_t k, const uint32_t* a, const uint32_t* b, int64_t ldb, float* c, int64_t crs,
                                  int64_t ccs, int columns, const Finish<float>& finish) {
  Vector<float> tile[R][V] = {};
  for (int64_t p = 0; p < k; p++) {
    __m512i row[V];
#pragma GCC unroll 8
    for (int j = 0; j < V; j++) row[j] = _mm512_loadu_si512(b + j * 16);
    __builtin_prefetch(b + ldb * 8);
    if constexpr (V > 1) __builtin_prefetch(b + ldb * 8 + 16);
#pragma GCC unroll 16
    for (int i = 0; i < R; i++) {
      const __m512i x = _mm512_set1_epi32(int(a[i]));
#pragma GCC unroll 8
      for (int j = 0; j < V; j++) {
        tile[i][j] = (Vector<float>)_mm512_dpbf16_ps((__m512)tile[i][j], (__m512bh)x, (__m512bh)row[j]);
      }
    }
    a += R;
    b += ldb;
  }
  store_tile<float, R, V>(tile, c, crs, ccs, columns, finish);
}

template <int V> static MicroKernel<float, uint32_t> brain_kernel_of(int rows) {
  switch (rows) {
    case 1: return brain_kernel<1, V>;
    case 2: return brain_kernel<2, V>;
    case 3: return brain_kernel<3, V>;
    case 4: return brain_kernel<4, V>;
    case 5: return brain_kernel<5, V>;
    case 6: return brain_kernel<6, V>;
    case 7: return brain_kernel<7, V>;
    case 8: return brain_kernel<8, V>;
    case 9: return brain_kernel<9, V>;
    case 10: return brain_kernel<10, V>;
    case 11: return brain_kernel<11, V>;
    default: return brain_kernel<12, V>;
  }
}

// out[q * width + i] = pair of in[i * slice_stride + p * depth_stride] for p = 2q and 2q + 1, zero beyond count and k.
static void pack_pairs(uint32_t* out, int width, int count, const uint16_t* in, int64_t slice_stride,
                       int64_t depth_stride, int64_t k) {
  const int64_t pairs = k / 2;
  const bool is_whole = count == width && k % 2 == 0;
  if (is_whole && depth_stride == 1 && slice_stride % 2 == 0) {
    // Pairs are neighbours in memory already.
    return transpose_into_panel((float*)out, width, (const float*)in, slice_stride / 2, pairs);
  }
  for (int64_t q = 0; q < pairs; q++) {
    const uint16_t* first = in + 2 * q * depth_stride;
    const uint16_t* second = first + depth_stride;
    uint32_t* row = out + q * width;
    if (slice_stride == 1) {
#pragma omp simd
      for (int i = 0; i < count; i++) row[i] = first[i] | uint32_t(second[i]) << 16;
    } else {
      for (int i = 0; i < count; i++) row[i] = first[i * slice_stride] | uint32_t(second[i * slice_stride]) << 16;
    }
    for (int i = count; i < width; i++) row[i] = 0;
  }
  if (k % 2 == 0) return;
  for (int i = 0; i < width; i++) {
    out[pairs * width + i] = i < count ? in[i * slice_stride + (k - 1) * depth_stride] : 0;
  }
}

struct BrainPacking {
  using Value = float;
  using Stored = Brain;
  using Element = uint32_t;
  static constexpr int64_t kPerElement = 2;
  static void pack(uint32_t* out, int width, int count, const Brain* in, int64_t slice_stride, int64_t depth_stride,
                   int64_t k) {
    pack_pairs(out, width, count, (const uint16_t*)in, slice_stride, depth_stride, k);
  }
  static MicroKernel<float, uint32_t> kernel(int rows, int columns) {
    return columns <= 16 ? brain_kernel_of<1>(rows) : brain_kernel_of<2>(rows);
  }
};

}  // namespace layerwise::NS

#endif
