// Householder reflections and buffered rotations for the eigenvalue and singular value kernels, in double precision
// throughout: float32 input is widened, so that its results are right to the last bit or two.
#pragma once
#include "linalg_base.h"

namespace layerwise::NS {

LW_STATIC double dot(const double* a, const double* b, int64_t n) {
  constexpr int64_t width = lanes<double>;
  Doubles sums[4] = {};
  int64_t i = 0;
  for (; i + 4 * width <= n; i += 4 * width) {
    for (int k = 0; k < 4; k++) sums[k] += load(a + i + k * width) * load(b + i + k * width);
  }
  double total = sum_lanes((sums[0] + sums[1]) + (sums[2] + sums[3]));
  for (; i < n; i++) total += a[i] * b[i];
  return total;
}
LW_STATIC Complex<double> dot(const Complex<double>* a, const Complex<double>* b, int64_t n) {
  Complex<double> total = {};
  for (int64_t i = 0; i < n; i++) total += a[i] * b[i];
  return total;
}

template <class T> LW_STATIC double norm_of(const T* x, int64_t n) {
  double largest = 0;
  for (int64_t i = 0; i < n; i++) {
    double size = pivot_size(x[i]);
    if (size > largest || size != size) largest = size;
  }
  if (largest == 0 || largest - largest != 0) return largest;
  double sum = 0;
  for (int64_t i = 0; i < n; i++) {
    T y = scaled(x[i], 1 / largest);
    sum += real_part(y * conjugate(y));
  }
  return largest * root(sum);
}

// Turns x (n values) into v with v[0] = 1 so that (I - conj(tau) v v^H) x = beta e_0; beta is real. Returns it.
template <class T> LW_STATIC double make_reflection(T* x, int64_t n, T* tau) {
  const T alpha = x[0];
  const double below = norm_of(x + 1, n - 1);
  x[0] = from_real<T>(1);
  bool is_done = below == 0;
  if constexpr (Scalars<T>::is_complex) is_done = is_done && alpha.im == 0;
  if (is_done) {
    *tau = T{};
    return real_part(alpha);
  }
  double beta = hypotenuse(magnitude_of(alpha), below);
  if (real_part(alpha) > 0) beta = -beta;
  const T difference = from_real<T>(beta) - alpha;
  *tau = scaled(difference, 1 / beta);
  const T inverse = -(from_real<T>(1) / difference);
  for (int64_t i = 1; i < n; i++) x[i] = x[i] * inverse;
  return beta;
}

// c (m rows of `width` values) -= v (factor v^H c), columns shared among the threads.
template <class T>
LW_STATIC void reflect_rows(Context* context, const T* v, T* c, int64_t ldc, int64_t m, int64_t width, T factor) {
  if (width <= 0 || is_zero(factor)) return;
  constexpr int64_t strip = 64;
  parallel_for(context, ceil_div(width, strip), larger(1, (1 << 15) / (m * strip + 1)), [=](int64_t begin, int64_t end) {
    for (int64_t s = begin; s < end; s++) {
      const int64_t first = s * strip, columns = smaller(strip, width - first);
      T sums[strip] = {};
      for (int64_t i = 0; i < m; i++) {
        const T x = conjugate(v[i]);
        for (int64_t j = 0; j < columns; j++) sums[j] += x * c[i * ldc + first + j];
      }
      for (int64_t j = 0; j < columns; j++) sums[j] = sums[j] * factor;
      for (int64_t i = 0; i < m; i++) subtract_scaled(c + i * ldc + first, v[i], sums, columns);
    }
  });
}

// Rotations of neighbouring rows, gathered during one sweep and applied together: each strip of columns stays in the
// cache while all rotations pass over it.
struct Rotations {
  double* pairs;   // c, s
  int64_t* first;  // the upper row of each
  int64_t count;
  LW_INLINE void add(int64_t row, double c, double s) {
    pairs[2 * count] = c;
    pairs[2 * count + 1] = s;
    first[count++] = row;
  }
};

// rows[i], rows[i + 1] become c rows[i] + s rows[i + 1], c rows[i + 1] - s rows[i]; `width` doubles a row.
LW_STATIC void apply_rotations(Context* context, Rotations* rotations, double* rows, int64_t width) {
  const int64_t count = rotations->count;
  if (count == 0 || !rows) return;
  const double* pairs = rotations->pairs;
  const int64_t* first = rotations->first;
  constexpr int64_t strip = 64;
  parallel_for(context, ceil_div(width, strip), larger(1, 400 / count), [=](int64_t begin, int64_t end) {
    for (int64_t s = begin; s < end; s++) {
      const int64_t at = s * strip, columns = smaller(strip, width - at);
      for (int64_t k = 0; k < count; k++) {
        double* x = rows + first[k] * width + at;
        rotate_rows(x, x + width, pairs[2 * k], pairs[2 * k + 1], columns);
      }
    }
  });
}

// out (columns x rows) = in (rows x columns), conjugated when asked.
template <class T> LW_STATIC void transpose_into(T* out, const T* in, int64_t rows, int64_t columns, bool conjugated) {
  constexpr int64_t block = 16;
  for (int64_t r = 0; r < rows; r += block) {
    for (int64_t c = 0; c < columns; c += block) {
      for (int64_t i = r; i < smaller(r + block, rows); i++) {
        for (int64_t j = c; j < smaller(c + block, columns); j++) {
          out[j * rows + i] = conjugated ? conjugate(in[i * columns + j]) : in[i * columns + j];
        }
      }
    }
  }
}

// Float or double, real or complex, to and from the double form that the kernels compute in.
template <class T> struct Widened { using type = double; };
template <class R> struct Widened<Complex<R>> { using type = Complex<double>; };
template <class T> using widened = typename Widened<T>::type;
LW_STATIC double widen_one(float x) { return x; }
LW_STATIC double widen_one(double x) { return x; }
template <class R> LW_STATIC Complex<double> widen_one(Complex<R> x) { return {(double)x.re, (double)x.im}; }
LW_STATIC void narrow_one(float* to, double x) { *to = (float)x; }
LW_STATIC void narrow_one(double* to, double x) { *to = x; }
template <class R> LW_STATIC void narrow_one(Complex<R>* to, Complex<double> x) { *to = {(R)x.re, (R)x.im}; }

}  // namespace layerwise::NS
