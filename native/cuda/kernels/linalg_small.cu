// Many small matrices: Cholesky and LU factorizations, a block per matrix in shared memory; row exchanges and triangular
// equations, a thread per column. Real and complex, in the precision of the elements, in LAPACK's order and with its
// choice of pivots.
#include "../gpu.h"

#include "linalg_small.h"

namespace {

template <class W> struct Complex {
  W re, im;
};
template <class W> DEVICE Complex<W> operator-(Complex<W> a, Complex<W> b) { return {a.re - b.re, a.im - b.im}; }
template <class W> DEVICE Complex<W> operator*(Complex<W> a, Complex<W> b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
template <class W> DEVICE Complex<W> operator/(Complex<W> a, Complex<W> b) {
  // Smith's way: no square of a part over- or underflows.
  if (fabs(b.re) >= fabs(b.im)) {
    const W ratio = b.im / b.re, under = b.re + b.im * ratio;
    return {(a.re + a.im * ratio) / under, (a.im - a.re * ratio) / under};
  }
  const W ratio = b.re / b.im, under = b.re * ratio + b.im;
  return {(a.re * ratio + a.im) / under, (a.im * ratio - a.re) / under};
}

DEVICE float conjugate(float x) { return x; }
DEVICE double conjugate(double x) { return x; }
template <class W> DEVICE Complex<W> conjugate(Complex<W> x) { return {x.re, -x.im}; }
DEVICE float real_of(float x) { return x; }
DEVICE double real_of(double x) { return x; }
template <class W> DEVICE W real_of(Complex<W> x) { return x.re; }
// By what LAPACK compares pivots.
DEVICE float pivot_size(float x) { return fabsf(x); }
DEVICE double pivot_size(double x) { return fabs(x); }
template <class W> DEVICE W pivot_size(Complex<W> x) { return fabs(x.re) + fabs(x.im); }
template <class T> DEVICE T from_real(decltype(real_of(T{})) x) {
  T value = {};
  *(decltype(real_of(T{}))*)&value = x;
  return value;
}

template <class T> DEVICE void load_matrix(T* to, const T* from, int count) {
  for (int i = threadIdx.x; i < count; i += blockDim.x) to[i] = from[i];
  __syncthreads();
}

// The lower triangle becomes L, the upper one zeros; info: the order of the minor that is not positive, or 0.
template <class T> DEVICE void cholesky_small(T* matrices, int32_t* info, int n) {
  DYNAMIC_SHARED(T, a);
  T* const matrix = matrices + int64_t(blockIdx.x) * n * n;
  load_matrix(a, matrix, n * n);
  int failed = 0;
  for (int k = 0; k < n; k++) {
    const auto pivot = real_of(a[k * n + k]);
    // Every thread sees the same: all leave together.
    if (!(pivot > 0)) {
      failed = k + 1;
      break;
    }
    __syncthreads();
    const auto root = sqrt(pivot);
    for (int i = k + 1 + threadIdx.x; i < n; i += blockDim.x) a[i * n + k] = a[i * n + k] / from_real<T>(root);
    if (threadIdx.x == 0) a[k * n + k] = from_real<T>(root);
    __syncthreads();
    const int rest = n - k - 1;
    for (int p = threadIdx.x; p < rest * rest; p += blockDim.x) {
      const int i = k + 1 + p / rest, j = k + 1 + p % rest;
      if (j <= i) a[i * n + j] = a[i * n + j] - a[i * n + k] * conjugate(a[j * n + k]);
    }
    __syncthreads();
  }
  for (int i = threadIdx.x; i < n * n; i += blockDim.x) matrix[i] = i % n > i / n ? T{} : a[i];
  if (threadIdx.x == 0) info[blockIdx.x] = failed;
}

// P A = L U with partial pivoting; pivots count from 1; info: the first pivot that is zero, or 0.
template <class T> DEVICE void lu_small(T* matrices, int32_t* all_pivots, int32_t* info, int m, int n) {
  DYNAMIC_SHARED(T, a);
  T* const matrix = matrices + int64_t(blockIdx.x) * m * n;
  const int rank = m < n ? m : n;
  int32_t* const pivots = all_pivots + int64_t(blockIdx.x) * rank;
  load_matrix(a, matrix, m * n);
  int failed = 0;
  for (int k = 0; k < rank; k++) {
    // A few dozen comparisons: every thread makes them for itself.
    int best = k;
    auto size = pivot_size(a[k * n + k]);
    for (int i = k + 1; i < m; i++) {
      const auto other = pivot_size(a[i * n + k]);
      if (other > size) {
        size = other;
        best = i;
      }
    }
    __syncthreads();
    if (threadIdx.x == 0) pivots[k] = best + 1;
    if (best != k) {
      for (int j = threadIdx.x; j < n; j += blockDim.x) {
        const T kept = a[k * n + j];
        a[k * n + j] = a[best * n + j];
        a[best * n + j] = kept;
      }
    }
    __syncthreads();
    const T pivot = a[k * n + k];
    if (pivot_size(pivot) == 0) {
      if (failed == 0) failed = k + 1;
      continue;
    }
    for (int i = k + 1 + threadIdx.x; i < m; i += blockDim.x) a[i * n + k] = a[i * n + k] / pivot;
    __syncthreads();
    const int rows = m - k - 1, columns = n - k - 1;
    for (int p = threadIdx.x; p < rows * columns; p += blockDim.x) {
      const int i = k + 1 + p / columns, j = k + 1 + p % columns;
      a[i * n + j] = a[i * n + j] - a[i * n + k] * a[k * n + j];
    }
    __syncthreads();
  }
  for (int i = threadIdx.x; i < m * n; i += blockDim.x) matrix[i] = a[i];
  if (threadIdx.x == 0) info[blockIdx.x] = failed;
}

// Rows of b [n, k] exchanged as the pivots say, forwards or to undo it.
template <class T>
DEVICE void swap_rows(T* b, const int32_t* pivots, int64_t batch, int64_t rank, int64_t n, int64_t k, int backwards) {
  for (int64_t at = thread_index(); at < batch * k; at += thread_count()) {
    const int64_t matrix = at / k;
    T* const column = b + matrix * n * k + at % k;
    for (int64_t step = 0; step < rank; step++) {
      const int64_t row = backwards ? rank - 1 - step : step;
      const int64_t other = pivots[matrix * rank + row] - 1;
      if (other == row || other < 0 || other >= n) continue;
      const T kept = column[row * k];
      column[row * k] = column[other * k];
      column[other * k] = kept;
    }
  }
}

// b [n, k] becomes the solution of A X = b, A a triangle of any strides.
template <class T>
DEVICE void solve_triangular_small(T* b, const T* a, int64_t a_row, int64_t a_column, int64_t a_batch, int64_t batch, int64_t n,
                                   int64_t k, int upper, int unit, int conjugated) {
  for (int64_t at = thread_index(); at < batch * k; at += thread_count()) {
    const T* const triangle = a + at / k * a_batch;
    T* const x = b + at / k * n * k + at % k;
    for (int64_t step = 0; step < n; step++) {
      const int64_t i = upper ? n - 1 - step : step;
      T value = x[i * k];
      const int64_t begin = upper ? i + 1 : 0, end = upper ? n : i;
      for (int64_t j = begin; j < end; j++) {
        const T factor = triangle[i * a_row + j * a_column];
        value = value - (conjugated ? conjugate(factor) : factor) * x[j * k];
      }
      const T pivot = triangle[i * a_row + i * a_column];
      x[i * k] = unit ? value : value / (conjugated ? conjugate(pivot) : pivot);
    }
  }
}

}  // namespace

#define ENTRIES_MATRICES(name, parameters, arguments) \
  ENTRY(name, float32, float, parameters, arguments) \
  ENTRY(name, float64, double, parameters, arguments) \
  ENTRY(name, complex64, Complex<float>, parameters, arguments) \
  ENTRY(name, complex128, Complex<double>, parameters, arguments)

ENTRIES_MATRICES(cholesky_small, (T* matrices, int32_t* info, int n), (matrices, info, n))
ENTRIES_MATRICES(lu_small, (T* matrices, int32_t* pivots, int32_t* info, int m, int n), (matrices, pivots, info, m, n))
ENTRIES_MATRICES(solve_triangular_small,
                 (T* b, const T* a, int64_t a_row, int64_t a_column, int64_t a_batch, int64_t batch, int64_t n, int64_t k,
                  int upper, int unit, int conjugated),
                 (b, a, a_row, a_column, a_batch, batch, n, k, upper, unit, conjugated))
ENTRY(swap_rows, 4, float, (T* b, const int32_t* pivots, int64_t batch, int64_t rank, int64_t n, int64_t k, int backwards),
      (b, pivots, batch, rank, n, k, backwards))
ENTRY(swap_rows, 8, double, (T* b, const int32_t* pivots, int64_t batch, int64_t rank, int64_t n, int64_t k, int backwards),
      (b, pivots, batch, rank, n, k, backwards))
ENTRY(swap_rows, 16, Complex<double>,
      (T* b, const int32_t* pivots, int64_t batch, int64_t rank, int64_t n, int64_t k, int backwards),
      (b, pivots, batch, rank, n, k, backwards))
