// The innermost part of matrix multiplication: register tiles over packed panels, and the packing. One thread, no
// blocking for caches: that is matmul.cc's part. Structure after Van Zee and van de Geijn, "BLIS" (2015).
#pragma once
#include "convert.h"
#include "transpose.h"

namespace layerwise::NS {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
constexpr int kTileRows = 12;  // 24 accumulators, 2 vectors of B and a broadcast: 27 of 32 registers
#elif defined(__AVX__)
constexpr int kVectorBytes = 32;
constexpr int kTileRows = 6;  // 12 accumulators of 16 registers
#else
constexpr int kVectorBytes = 16;
constexpr int kTileRows = 4;
#endif
constexpr int kTileVectors = 2;

template <class T> struct VectorOf;
template <> struct VectorOf<float> {
  typedef float type __attribute__((vector_size(kVectorBytes)));
};
template <> struct VectorOf<double> {
  typedef double type __attribute__((vector_size(kVectorBytes)));
};
template <class T> using Vector = typename VectorOf<T>::type;
template <class T> constexpr int kLanes = kVectorBytes / sizeof(T);
template <class T> constexpr int kTileColumns = kLanes<T> * kTileVectors;

template <class T> LW_INLINE Vector<T> load_vector(const T* p) {
  Vector<T> v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
template <class T> LW_INLINE void store_vector(T* p, const Vector<T>& v) { __builtin_memcpy(p, &v, sizeof v); }
template <class T> LW_INLINE Vector<T> broadcast(T x) { return x - Vector<T>{}; }

// What happens to a finished sum at row i, column j: C = alpha * sum + beta * C + bias[i * bias_row + j * bias_column].
template <class T> struct Finish {
  T alpha = T(1), beta = T(0);
  const T* bias = nullptr;
  int64_t bias_row = 0, bias_column = 0;

  bool is_plain() const { return alpha == T(1) && beta == T(0) && !bias; }
  bool is_sum() const { return alpha == T(1) && beta == T(1) && !bias; }
  Finish at(int64_t i, int64_t j) const {
    Finish f = *this;
    if (bias) f.bias += i * bias_row + j * bias_column;
    return f;
  }
  LW_INLINE T of(T sum, T old, int64_t i, int64_t j) const {
    T result = alpha * sum;
    if (beta != T(0)) result += beta * old;
    if (bias) result += bias[i * bias_row + j * bias_column];
    return result;
  }
};

// C with beta = 0 is not read: it may hold NaN.
template <class T, class S> LW_INLINE void finish_one(const Finish<T>& f, T sum, S* c, int64_t i, int64_t j) {
  *c = from<S>(f.of(sum, f.beta != T(0) ? to<T>(*c) : T(0), i, j));
}

// The same for a run of sums: row i, columns [0, n).
template <class T, class S>
static void finish_row(const Finish<T>& f, const T* sum, S* c, int64_t ccs, int64_t i, int64_t n) {
  if (f.is_plain()) return store_run(c, sum, ccs, n);
  constexpr int64_t kPiece = 256;
  T result[kPiece], old[kPiece];
  for (int64_t j = 0; j < n; j += kPiece) {
    const int64_t count = n - j < kPiece ? n - j : kPiece;
    for (int64_t q = 0; q < count; q++) result[q] = f.alpha * sum[j + q];
    if (f.beta != T(0)) {
      load_run(old, c + j * ccs, ccs, count);
      for (int64_t q = 0; q < count; q++) result[q] += f.beta * old[q];
    }
    if (f.bias) {
      const T* bias = f.bias + i * f.bias_row + j * f.bias_column;
      for (int64_t q = 0; q < count; q++) result[q] += bias[q * f.bias_column];
    }
    store_run(c + j * ccs, result, ccs, count);
  }
}

// The first `columns` columns of a finished tile go to C, which has strides crs and ccs.
template <class T, int R, int V>
LW_INLINE void store_tile(const Vector<T> (&tile)[R][V], T* c, int64_t crs, int64_t ccs, int columns,
                          const Finish<T>& finish) {
  constexpr int lanes = kLanes<T>;
  if (ccs == 1 && columns == V * lanes && (finish.is_plain() || finish.is_sum())) {
    const bool adds = !finish.is_plain();
#pragma GCC unroll 16
    for (int i = 0; i < R; i++) {
#pragma GCC unroll 8
      for (int j = 0; j < V; j++) {
        T* to = c + i * crs + j * lanes;
        store_vector(to, adds ? load_vector(to) + tile[i][j] : tile[i][j]);
      }
    }
    return;
  }
  T flat[R * V * lanes];
#pragma GCC unroll 16
  for (int i = 0; i < R; i++) {
#pragma GCC unroll 8
    for (int j = 0; j < V; j++) store_vector(flat + (i * V + j) * lanes, tile[i][j]);
  }
  for (int i = 0; i < R; i++) finish_row(finish, flat + i * V * lanes, c + i * crs, ccs, i, columns);
}

// A tile of R rows and V vectors of columns: a is packed (a[p * R + i]), b has row stride ldb; both k deep.
template <class T, int R, int V>
static void micro_kernel(int64_t k, const T* a, const T* b, int64_t ldb, T* c, int64_t crs, int64_t ccs, int columns,
                         const Finish<T>& finish) {
  constexpr int lanes = kLanes<T>;
  Vector<T> tile[R][V] = {};
  for (int64_t p = 0; p < k; p++) {
    Vector<T> row[V];
#pragma GCC unroll 8
    for (int j = 0; j < V; j++) row[j] = load_vector(b + j * lanes);
    __builtin_prefetch(b + ldb * 8);
    if constexpr (V * sizeof(Vector<T>) > 64) __builtin_prefetch(b + ldb * 8 + lanes);
#pragma GCC unroll 16
    for (int i = 0; i < R; i++) {
      const Vector<T> x = broadcast(a[i]);
#pragma GCC unroll 8
      for (int j = 0; j < V; j++) tile[i][j] += x * row[j];
    }
    a += R;
    b += ldb;
  }
  store_tile<T, R, V>(tile, c, crs, ccs, columns, finish);
}

// E: what a packed panel holds.
template <class T, class E = T>
using MicroKernel = void (*)(int64_t, const E*, const E*, int64_t, T*, int64_t, int64_t, int, const Finish<T>&);

template <class T, int V> struct MicroRow {
  static MicroKernel<T> of(int rows) {
    switch (rows) {
      case 1: return micro_kernel<T, 1, V>;
      case 2: return micro_kernel<T, 2, V>;
      case 3: return micro_kernel<T, 3, V>;
      case 4: return micro_kernel<T, 4, V>;
#if defined(__AVX__)
      case 5: return micro_kernel<T, 5, V>;
      case 6: return micro_kernel<T, 6, V>;
#endif
#if defined(__AVX512F__)
      case 7: return micro_kernel<T, 7, V>;
      case 8: return micro_kernel<T, 8, V>;
      case 9: return micro_kernel<T, 9, V>;
      case 10: return micro_kernel<T, 10, V>;
      case 11: return micro_kernel<T, 11, V>;
      case 12: return micro_kernel<T, 12, V>;
#endif
      default: return nullptr;
    }
  }
};

// The narrowest tile that covers `columns` <= kTileColumns.
template <class T> LW_INLINE MicroKernel<T> micro_kernel_for(int rows, int columns) {
  return columns <= kLanes<T> ? MicroRow<T, 1>::of(rows) : MicroRow<T, 2>::of(rows);
}

// ---- packing --------------------------------------------------------------------------------------------------------

// out[j * width + i] = in[i * in_stride + j], i < width, j < k, for contiguous runs along j.
static void transpose_into_panel(float* out, int width, const float* in, int64_t in_stride, int64_t k) {
  constexpr int side = Square<4>::kSide;
  int64_t j = 0;
  if (width >= side) {
    // Whole lines of a few rows are used up before the next rows come: rows that lie pages apart share a set of the cache.
    constexpr int64_t line = 16;
    for (; j + side <= k;) {
      const int64_t end = j + line <= k ? j + line : j + side;
      for (int i = 0; i < width; i += side) {
        const int at = i + side <= width ? i : width - side;  // the last square may overlap the one before it
        for (int64_t q = j; q < end; q += side) {
          Square<4>::transpose((uint32_t*)(out + q * width + at), width, (const uint32_t*)(in + at * in_stride + q),
                               in_stride);
        }
      }
      j = end;
    }
  }
  for (; j < k; j++) {
    for (int i = 0; i < width; i++) out[j * width + i] = in[i * in_stride + j];
  }
}

// out[p * width + i] = in[p * depth_stride + i], i < width, p < k.
template <int width, class T, class S>
static void copy_into_panel(T* out, const S* in, int64_t depth_stride, int64_t k) {
  for (int64_t p = 0; p < k; p++) {
#pragma omp simd
    for (int i = 0; i < width; i++) out[p * width + i] = to<T>(in[p * depth_stride + i]);
  }
}

// Packs `count` <= width slices of a matrix into a panel that the micro-kernel reads front to back:
// out[p * width + i] = in[i * slice_stride + p * depth_stride], zero for i >= count.
template <class T, class S>
static void pack_panel(T* out, int width, int count, const S* in, int64_t slice_stride, int64_t depth_stride,
                       int64_t k) {
  if (slice_stride == 1) {
    if (width == count && width == kTileColumns<T>) return copy_into_panel<kTileColumns<T>>(out, in, depth_stride, k);
    if (width == count && width == kTileRows) return copy_into_panel<kTileRows>(out, in, depth_stride, k);
    for (int64_t p = 0; p < k; p++) {
      for (int i = 0; i < count; i++) out[p * width + i] = to<T>(in[p * depth_stride + i]);
      for (int i = count; i < width; i++) out[p * width + i] = T(0);
    }
    return;
  }
  if constexpr (__is_same(T, float)) {
    if (depth_stride == 1 && count == width) {
      if constexpr (__is_same(S, float)) {
        transpose_into_panel(out, width, in, slice_stride, k);
      } else {
        constexpr int64_t kStage = 64;
        float stage[kTileColumns<T> * kStage];
        for (int64_t p = 0; p < k; p += kStage) {
          const int64_t deep = k - p < kStage ? k - p : kStage;
          for (int i = 0; i < count; i++) load_run(stage + i * kStage, in + i * slice_stride + p, 1, deep);
          transpose_into_panel(out + p * width, width, stage, kStage, deep);
        }
      }
      return;
    }
  }
  for (int64_t p = 0; p < k; p++) {
    for (int i = 0; i < count; i++) out[p * width + i] = to<T>(in[i * slice_stride + p * depth_stride]);
    for (int i = count; i < width; i++) out[p * width + i] = T(0);
  }
}

// How operands are packed and multiplied: here as they are, converted to the type of the sums.
template <class T, class S> struct PlainPacking {
  using Value = T;
  using Stored = S;
  using Element = T;
  static constexpr int64_t kPerElement = 1;  // steps along k that one packed element holds
  static void pack(T* out, int width, int count, const S* in, int64_t slice_stride, int64_t depth_stride, int64_t k) {
    pack_panel(out, width, count, in, slice_stride, depth_stride, k);
  }
  static MicroKernel<T> kernel(int rows, int columns) {
    return micro_kernel_for<T>(rows, columns);
  }
};

}  // namespace layerwise::NS
