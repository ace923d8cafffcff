// Products with few rows, which are limited by reading B once: no packing. Two ways, by the direction in which B is
// contiguous.
#pragma once
#include "matmul_micro.h"

namespace layerwise::NS {

// One vector of stored elements as T.
template <class T, class S> LW_INLINE Vector<T> load_as(const S* p) {
  if constexpr (__is_same(T, S)) {
    return load_vector(p);
#if defined(__AVX512F__)
  } else if constexpr (__is_same(S, Brain)) {
    return (Vector<float>)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)p)), 16);
  } else {
    return (Vector<float>)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)p));
#elif defined(__AVX2__)
  } else if constexpr (__is_same(S, Brain)) {
    return (Vector<float>)_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i*)p)), 16);
  } else {
    return (Vector<float>)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)p));
#else
  } else {
    Vector<T> v;
    for (int i = 0; i < kLanes<T>; i++) v[i] = to<T>(p[i]);
    return v;
#endif
  }
}

template <class T> LW_INLINE T sum_of(Vector<T> v) {
  T part[kLanes<T>];
  store_vector(part, v);
#pragma GCC unroll 4
  for (int width = kLanes<T> / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; i++) part[i] += part[i + width];
  }
  return part[0];
}

// out[i * C + j] = dot(row i of a, column j of b) where both lie contiguously along k. R x C sums run side by side.
template <class T, class S, int R, int C>
static void dot_tile(int64_t k, const T* a, int64_t ars, const S* b, int64_t bcs, T* out) {
  constexpr int lanes = kLanes<T>;
  Vector<T> sum[R][C] = {};
  int64_t p = 0;
  for (; p + lanes <= k; p += lanes) {
    Vector<T> x[R];
#pragma GCC unroll 8
    for (int i = 0; i < R; i++) x[i] = load_vector(a + i * ars + p);
#pragma GCC unroll 8
    for (int j = 0; j < C; j++) {
      const Vector<T> y = load_as<T, S>(b + j * bcs + p);
#pragma GCC unroll 8
      for (int i = 0; i < R; i++) sum[i][j] += x[i] * y;
    }
  }
  for (int i = 0; i < R; i++) {
    for (int j = 0; j < C; j++) {
      T total = sum_of<T>(sum[i][j]);
      for (int64_t q = p; q < k; q++) total += a[i * ars + q] * to<T>(b[j * bcs + q]);
      out[i * C + j] = total;
    }
  }
}

template <int number> struct Number {
  static constexpr int value = number;
};

// m rows of a (contiguous along k, row stride ars) times columns [begin, end) of b (contiguous along k, column stride
// bcs).
template <class T, class S, class Store>
static void dot_columns(int64_t m, int64_t k, const T* a, int64_t ars, const S* b, int64_t bcs, int64_t begin,
                        int64_t end, Store store) {
  T out[16];
  auto tile = [&](auto rows, auto columns, int64_t i, int64_t j) {
    constexpr int R = decltype(rows)::value, C = decltype(columns)::value;
    dot_tile<T, S, R, C>(k, a + i * ars, ars, b + j * bcs, bcs, out);
    for (int r = 0; r < R; r++) {
      for (int c = 0; c < C; c++) store(i + r, j + c, out[r * C + c]);
    }
  };
  int64_t j = begin;
  for (; j + 8 <= end; j += 8) {
    int64_t i = 0;
    for (; i + 4 <= m; i += 4) tile(Number<4>(), Number<4>(), i, j), tile(Number<4>(), Number<4>(), i, j + 4);
    for (; i + 2 <= m; i += 2) tile(Number<2>(), Number<4>(), i, j), tile(Number<2>(), Number<4>(), i, j + 4);
    for (; i < m; i++) tile(Number<1>(), Number<8>(), i, j);
  }
  for (; j < end; j++) {
    int64_t i = 0;
    for (; i + 4 <= m; i += 4) tile(Number<4>(), Number<1>(), i, j);
    for (; i < m; i++) tile(Number<1>(), Number<1>(), i, j);
  }
}

// Rows of b, contiguous along n, scaled and added up: sum[i * width + j] over columns j < n. Several rows of b are read
// side by side from front to back, which is how memory likes to be read; the sums stay in the first-level cache.
constexpr int kStripRows = 5;
constexpr int64_t kStripColumns = 1024;

template <class T, int R, int U>
static void add_rows(int64_t n, const T* a, int64_t ars, int64_t acs, const T* b, int64_t brs, T* sum, int64_t width) {
  constexpr int lanes = kLanes<T>;
  Vector<T> x[R][U];
  for (int i = 0; i < R; i++) {
    for (int u = 0; u < U; u++) x[i][u] = broadcast(a[i * ars + u * acs]);
  }
  int64_t j = 0;
  for (; j + lanes <= n; j += lanes) {
    Vector<T> s[R];
#pragma GCC unroll 8
    for (int i = 0; i < R; i++) s[i] = load_vector(sum + i * width + j);
#pragma GCC unroll 8
    for (int u = 0; u < U; u++) {
      const Vector<T> y = load_vector(b + u * brs + j);
#pragma GCC unroll 8
      for (int i = 0; i < R; i++) s[i] += x[i][u] * y;
    }
#pragma GCC unroll 8
    for (int i = 0; i < R; i++) store_vector(sum + i * width + j, s[i]);
  }
  for (; j < n; j++) {
    for (int u = 0; u < U; u++) {
      const T y = b[u * brs + j];
      for (int i = 0; i < R; i++) sum[i * width + j] += a[i * ars + u * acs] * y;
    }
  }
}

template <class T, int R>
static void strip_of(int64_t n, int64_t k, const T* a, int64_t ars, int64_t acs, const T* b, int64_t brs, T* sum,
                     int64_t width) {
#if defined(__AVX512F__)
  constexpr int U = R <= 2 ? 8 : 4;
#else
  constexpr int U = R == 1 ? 8 : R == 2 ? 4 : 2;
#endif
  int64_t p = 0;
  for (; p + U <= k; p += U) add_rows<T, R, U>(n, a + p * acs, ars, acs, b + p * brs, brs, sum, width);
  for (; p < k; p++) add_rows<T, R, 1>(n, a + p * acs, ars, acs, b + p * brs, brs, sum, width);
}

template <class T>
static void strip(int64_t rows, int64_t n, int64_t k, const T* a, int64_t ars, int64_t acs, const T* b, int64_t brs,
                  T* sum, int64_t width) {
  switch (rows) {
    case 1: return strip_of<T, 1>(n, k, a, ars, acs, b, brs, sum, width);
    case 2: return strip_of<T, 2>(n, k, a, ars, acs, b, brs, sum, width);
    case 3: return strip_of<T, 3>(n, k, a, ars, acs, b, brs, sum, width);
    case 4: return strip_of<T, 4>(n, k, a, ars, acs, b, brs, sum, width);
    default: return strip_of<T, 5>(n, k, a, ars, acs, b, brs, sum, width);
  }
}

}  // namespace layerwise::NS
