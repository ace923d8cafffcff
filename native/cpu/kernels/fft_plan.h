// One discrete Fourier transform of a line: mixed radices in Stockham's form, which needs no reordering, and Bluestein's
// convolution where a prime factor is large. Forward only: the inverse conjugates before and after.
#pragma once
#include "linalg_base.h"

namespace layerwise::NS {

constexpr int kMostFactors = 64;
constexpr int64_t kLargestRadix = 31;

template <class R> struct FftPlan {
  int64_t n;
  int count;               // of factors; 0 when n has a large prime factor
  int factors[kMostFactors];
  const Complex<R>* table;  // exp(-2 pi i k / (n * step))
  int64_t step;
};

// exp(-2 pi i k / n), reduced to an eighth of a turn so that it is right to the last bit.
LW_STATIC Complex<double> unit_root(int64_t k, int64_t n) {
  const double turn = 6.283185307179586476925;
  int64_t eighths = 8 * k;  // of n
  bool is_swapped = false, flips_sine = false, flips_cosine = false;
  if (eighths > 4 * n) {
    eighths = 8 * n - eighths;
    flips_sine = true;
  }
  if (eighths > 2 * n) {
    eighths = 4 * n - eighths;
    flips_cosine = true;
  }
  if (eighths > n) {
    eighths = 2 * n - eighths;
    is_swapped = true;
  }
  const double angle = turn * (double)eighths / (8 * (double)n);
  double c = __builtin_cos(angle), s = __builtin_sin(angle);
  if (is_swapped) {
    const double t = c;
    c = s;
    s = t;
  }
  return {flips_cosine ? -c : c, flips_sine ? s : -s};
}

// Factors of n, fours first; false when a prime factor is too large for a radix.
LW_STATIC bool factorize(int64_t n, int* factors, int* count) {
  *count = 0;
  const int64_t first[4] = {4, 2, 3, 5};
  for (int64_t p : first) {
    while (n % p == 0) {
      factors[(*count)++] = (int)p;
      n /= p;
    }
  }
  for (int64_t p = 7; p <= kLargestRadix && n > 1; p += 2) {
    while (n % p == 0) {
      factors[(*count)++] = (int)p;
      n /= p;
    }
  }
  return n == 1;
}

template <class R> LW_STATIC Complex<R> times_minus_i(Complex<R> x) { return {x.im, -x.re}; }

// The sums of one radix: a becomes its own transform.
template <int P, class R> LW_STATIC void small_transform(Complex<R>* a) {
  if constexpr (P == 2) {
    const Complex<R> t = a[1];
    a[1] = a[0] - t;
    a[0] = a[0] + t;
  } else if constexpr (P == 3) {
    const R half_root = R(0.866025403784438646763);
    const Complex<R> sum = a[1] + a[2], difference = scaled(a[1] - a[2], half_root);
    const Complex<R> middle = a[0] - scaled(sum, R(0.5)), turned = times_minus_i(difference);
    a[0] = a[0] + sum;
    a[1] = middle + turned;
    a[2] = middle - turned;
  } else if constexpr (P == 4) {
    const Complex<R> even = a[0] + a[2], odd = a[0] - a[2];
    const Complex<R> sum = a[1] + a[3], turned = times_minus_i(a[1] - a[3]);
    a[0] = even + sum;
    a[1] = odd + turned;
    a[2] = even - sum;
    a[3] = odd - turned;
  } else {
    const R c1 = R(0.309016994374947424102), c2 = R(-0.809016994374947424102);
    const R s1 = R(0.951056516295153572116), s2 = R(0.587785252292473129169);
    const Complex<R> p1 = a[1] + a[4], m1 = a[1] - a[4], p2 = a[2] + a[3], m2 = a[2] - a[3];
    const Complex<R> x1 = a[0] + scaled(p1, c1) + scaled(p2, c2), x2 = a[0] + scaled(p1, c2) + scaled(p2, c1);
    const Complex<R> y1 = times_minus_i(scaled(m1, s1) + scaled(m2, s2));
    const Complex<R> y2 = times_minus_i(scaled(m1, s2) - scaled(m2, s1));
    a[0] = a[0] + p1 + p2;
    a[1] = x1 + y1;
    a[4] = x1 - y1;
    a[2] = x2 + y2;
    a[3] = x2 - y2;
  }
}

// One stage: `current` is what is left of n, `s` the product of the factors done.
template <int P, class R>
LW_STATIC void stage(const FftPlan<R>& plan, const Complex<R>* x, Complex<R>* y, int64_t current, int64_t s) {
  const int64_t m = current / P, stride = s * plan.step;
  for (int64_t q = 0; q < m; q++) {
    Complex<R> w[P];
    for (int k = 1; k < P; k++) w[k] = plan.table[q * k * stride];
    const Complex<R>* in = x + s * q;
    Complex<R>* out = y + s * q * P;
    for (int64_t j = 0; j < s; j++) {
      Complex<R> a[P];
      for (int r = 0; r < P; r++) a[r] = in[j + s * m * r];
      small_transform<P>(a);
      out[j] = a[0];
      for (int k = 1; k < P; k++) out[j + s * k] = a[k] * w[k];
    }
  }
}

template <class R>
LW_STATIC void general_stage(const FftPlan<R>& plan, int p, const Complex<R>* x, Complex<R>* y, int64_t current,
                             int64_t s) {
  const int64_t m = current / p, stride = s * plan.step, turn = plan.n / p * plan.step;
  for (int64_t q = 0; q < m; q++) {
    for (int64_t j = 0; j < s; j++) {
      for (int k = 0; k < p; k++) {
        Complex<R> sum = x[j + s * q];
        for (int r = 1; r < p; r++) sum += x[j + s * (q + m * r)] * plan.table[(int64_t)r * k % p * turn];
        y[j + s * (q * p + k)] = k ? sum * plan.table[q * k * stride] : sum;
      }
    }
  }
}

// Transforms x (n values) with y as work space; returns which of the two holds the result.
template <class R> LW_STATIC Complex<R>* transform(const FftPlan<R>& plan, Complex<R>* x, Complex<R>* y) {
  int64_t current = plan.n, s = 1;
  for (int i = 0; i < plan.count; i++) {
    const int p = plan.factors[i];
    switch (p) {
      case 2: stage<2>(plan, x, y, current, s); break;
      case 3: stage<3>(plan, x, y, current, s); break;
      case 4: stage<4>(plan, x, y, current, s); break;
      case 5: stage<5>(plan, x, y, current, s); break;
      default: general_stage(plan, p, x, y, current, s);
    }
    current /= p;
    s *= p;
    Complex<R>* t = x;
    x = y;
    y = t;
  }
  return x;
}

}  // namespace layerwise::NS
