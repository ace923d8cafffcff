// What the kernels of linear algebra share: complex numbers, the operations on rows, and a product that is subtracted
// in place. Matrices are contiguous and row-major. No factorization lives here.
#pragma once
#include "lanes.h"

namespace layerwise::NS {

// PyTorch's ScalarType numbers of the complex dtypes, which only these kernels know.
constexpr int kComplex64 = 9, kComplex128 = 10;

template <class R> struct Complex {
  R re, im;
};
template <class R> LW_STATIC Complex<R> operator+(Complex<R> a, Complex<R> b) { return {a.re + b.re, a.im + b.im}; }
template <class R> LW_STATIC Complex<R> operator-(Complex<R> a, Complex<R> b) { return {a.re - b.re, a.im - b.im}; }
template <class R> LW_STATIC Complex<R> operator-(Complex<R> a) { return {-a.re, -a.im}; }
template <class R> LW_STATIC Complex<R> operator*(Complex<R> a, Complex<R> b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
template <class R> LW_STATIC Complex<R> operator/(Complex<R> a, Complex<R> b) {
  // Smith 1962: divide by the larger part first, so that squares cannot overflow.
  R re = b.re < 0 ? -b.re : b.re, im = b.im < 0 ? -b.im : b.im;
  if (re >= im) {
    R ratio = b.im / b.re, scale = b.re + b.im * ratio;
    return {(a.re + a.im * ratio) / scale, (a.im - a.re * ratio) / scale};
  }
  R ratio = b.re / b.im, scale = b.re * ratio + b.im;
  return {(a.re * ratio + a.im) / scale, (a.im * ratio - a.re) / scale};
}
template <class R> LW_STATIC void operator+=(Complex<R>& a, Complex<R> b) { a = a + b; }
template <class R> LW_STATIC void operator-=(Complex<R>& a, Complex<R> b) { a = a - b; }

template <class T> struct Scalars { using real = T; static constexpr bool is_complex = false; };
template <class R> struct Scalars<Complex<R>> { using real = R; static constexpr bool is_complex = true; };
template <class T> using real_of = typename Scalars<T>::real;

template <class R> LW_STATIC R conjugate(R x) { return x; }
template <class R> LW_STATIC Complex<R> conjugate(Complex<R> x) { return {x.re, -x.im}; }
template <class R> LW_STATIC R real_part(R x) { return x; }
template <class R> LW_STATIC R real_part(Complex<R> x) { return x.re; }
template <class R> LW_STATIC R scaled(R x, R factor) { return x * factor; }
template <class R> LW_STATIC Complex<R> scaled(Complex<R> x, R factor) { return {x.re * factor, x.im * factor}; }
template <class T> LW_STATIC T from_real(real_of<T> x) {
  if constexpr (Scalars<T>::is_complex) return {x, 0};
  else return x;
}
template <class R> LW_STATIC R magnitude_of(R x) { return x < 0 ? -x : x; }
LW_STATIC float root(float x) { return __builtin_sqrtf(x); }
LW_STATIC double root(double x) { return __builtin_sqrt(x); }
// sqrt(a^2 + b^2) without overflow.
template <class R> LW_STATIC R hypotenuse(R a, R b) {
  a = magnitude_of(a);
  b = magnitude_of(b);
  R high = a > b ? a : b, low = a > b ? b : a;
  if (high == 0 || high != high || low != low) return high + low;
  R ratio = low / high;
  return high * root(1 + ratio * ratio);
}
template <class R> LW_STATIC R magnitude_of(Complex<R> x) { return hypotenuse(x.re, x.im); }
// What LAPACK compares when it looks for a pivot.
template <class R> LW_STATIC R pivot_size(R x) { return magnitude_of(x); }
template <class R> LW_STATIC R pivot_size(Complex<R> x) { return magnitude_of(x.re) + magnitude_of(x.im); }
template <class T> LW_STATIC bool is_zero(T x) { return pivot_size(x) == 0; }
// The distance from 1 to the next number: what may be neglected beside another.
template <class R> constexpr R epsilon_of = R(sizeof(R) == 4 ? 0x1p-23 : 0x1p-52);
template <class R> constexpr R smallest_of = R(sizeof(R) == 4 ? 0x1p-126 : 0x1p-1022);

// y -= factor * x over n elements.
template <class T> LW_STATIC void subtract_scaled(T* y, T factor, const T* x, int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] -= factor * x[i];
}
template <class T> LW_STATIC void swap_rows(T* a, T* b, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    T t = a[i];
    a[i] = b[i];
    b[i] = t;
  }
}

// (c, s, x, y) -> x' = c x + s y, y' = c y - s x.
template <class R> LW_STATIC void rotate_rows(R* x, R* y, R c, R s, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    R t = c * x[i] + s * y[i];
    y[i] = c * y[i] - s * x[i];
    x[i] = t;
  }
}

// One block of up to 4 rows and two vectors of C -= A B: what is subtracted stays in registers.
template <int Rows, class R>
LW_STATIC void subtract_tile(R* c, int64_t ldc, const R* a, int64_t lda, const R* b, int64_t ldb, int64_t k) {
  using V = vector<R>;
  constexpr int64_t width = lanes<R>;
  V sums[Rows][2];
  for (int r = 0; r < Rows; r++) {
    sums[r][0] = load(c + r * ldc);
    sums[r][1] = load(c + r * ldc + width);
  }
  for (int64_t p = 0; p < k; p++) {
    V b0 = load(b + p * ldb), b1 = load(b + p * ldb + width);
#pragma GCC unroll 4
    for (int r = 0; r < Rows; r++) {
      R factor = a[r * lda + p];
      sums[r][0] -= b0 * factor;
      sums[r][1] -= b1 * factor;
    }
  }
  for (int r = 0; r < Rows; r++) {
    store(c + r * ldc, sums[r][0]);
    store(c + r * ldc + width, sums[r][1]);
  }
}

template <class T>
LW_STATIC void subtract_product_rows(T* c, int64_t ldc, const T* a, int64_t lda, const T* b, int64_t ldb, int64_t m,
                                     int64_t n, int64_t k) {
  int64_t done = 0;
  if constexpr (!Scalars<T>::is_complex) {
    constexpr int64_t width = 2 * lanes<T>;
    for (; done + width <= n; done += width) {
      int64_t i = 0;
      for (; i + 4 <= m; i += 4) subtract_tile<4>(c + i * ldc + done, ldc, a + i * lda, lda, b + done, ldb, k);
      for (; i < m; i++) subtract_tile<1>(c + i * ldc + done, ldc, a + i * lda, lda, b + done, ldb, k);
    }
  }
  if (done == n) return;
  for (int64_t i = 0; i < m; i++) {
    for (int64_t p = 0; p < k; p++) subtract_scaled(c + i * ldc + done, a[i * lda + p], b + p * ldb + done, n - done);
  }
}

// C (m x n) -= A (m x k) B (k x n), rows shared among the threads when it is worth it.
template <class T>
LW_STATIC void subtract_product(Context* context, T* c, int64_t ldc, const T* a, int64_t lda, const T* b, int64_t ldb,
                                int64_t m, int64_t n, int64_t k) {
  if (m <= 0 || n <= 0 || k <= 0) return;
  const int64_t grain = larger(4, (1 << 20) / (n * k + 1) / 4 * 4);
  parallel_for(context, m, grain, [=](int64_t begin, int64_t end) {
    subtract_product_rows(c + begin * ldc, ldc, a + begin * lda, lda, b, ldb, end - begin, n, k);
  });
}

// Matrices of a batch are independent: each is one task. A single one may share its own loops.
template <class F> LW_STATIC void for_each_matrix(Context* context, int64_t batch, F f) {
  if (batch == 1) f(0);
  else
    parallel_for(context, batch, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) f(i);
    });
}

template <class F> LW_STATIC bool with_real(Dtype dtype, F f) {
  switch ((int)dtype) {
    case kFloat32: f(Tag<float>{}); return true;
    case kFloat64: f(Tag<double>{}); return true;
    default: return false;
  }
}
template <class F> LW_STATIC bool with_scalar(Dtype dtype, F f) {
  switch ((int)dtype) {
    case kComplex64: f(Tag<Complex<float>>{}); return true;
    case kComplex128: f(Tag<Complex<double>>{}); return true;
    default: return with_real(dtype, f);
  }
}

}  // namespace layerwise::NS
