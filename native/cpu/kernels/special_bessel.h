// Bessel and Airy functions in double. For special.cc alone.
#pragma once
#include "../kernel.h"

namespace layerwise::NS {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kEuler = 0.57721566490153286061;
constexpr double kInfinity = __builtin_inf();

// exp(-|x|) I_order(x) for order 0 or 1: the power series, whose terms are all positive, or for large x the asymptotic
// one (Abramowitz and Stegun 9.6.10, 9.7.1).
double bessel_i_scaled(int order, double x) {
  if (x != x) return x;
  const double size = __builtin_fabs(x);
  double value;
  if (size <= 40) {
    const double quarter = size * size / 4;
    double term = order == 0 ? 1 : size / 2;
    double sum = term;
    for (int k = 1; k < 200 && term > sum * 1e-17; k++) {
      term *= quarter / (k * (double)(k + order));
      sum += term;
    }
    value = sum * __builtin_exp(-size);
  } else if (size == kInfinity) {
    value = 0;
  } else {
    const double mu = 4.0 * order * order;
    double term = 1;
    double sum = 1;
    for (int k = 1; k < 40; k++) {
      const double odd = 2 * k - 1;
      const double next = -term * (mu - odd * odd) / (k * 8 * size);
      if (__builtin_fabs(next) >= __builtin_fabs(term) || __builtin_fabs(next) < 1e-18) break;
      term = next;
      sum += term;
    }
    value = sum / __builtin_sqrt(2 * kPi * size);
  }
  return order == 1 && x < 0 ? -value : value;
}

double bessel_i(int order, double x) {
  const double size = __builtin_fabs(x);
  // Beyond this the result leaves the range, whatever the scaled part is. At infinity itself PyTorch says NaN.
  if (size > 714 && size < kInfinity) return order == 1 && x < 0 ? -kInfinity : kInfinity;
  if (size > 700) return bessel_i_scaled(order, x) * __builtin_exp(size / 2) * __builtin_exp(size / 2);
  return bessel_i_scaled(order, x) * __builtin_exp(size);
}

// exp(x) K_order(x) for x > 0 and any real order: the integral of exp(x - x cosh t) cosh(order t) over t > 0 by the
// trapezoidal rule, which converges geometrically because the integrand and all its derivatives vanish at both ends.
double bessel_k_integral(double order, double x) {
  const double step = 0.03125;
  double sum = 0.5;
  for (int i = 1; i < 2000; i++) {
    const double t = i * step;
    const double fall = x * (__builtin_cosh(t) - 1);
    if (fall > 50) break;
    sum += __builtin_exp(-fall) * __builtin_cosh(order * t);
  }
  return sum * step;
}

double bessel_k_scaled(int order, double x) {
  if (x != x || x < 0) return __builtin_nan("");
  if (x == 0) return kInfinity;
  if (x == kInfinity) return 0;
  if (x > 2) {
    // Where the integrand is narrow the step would be too wide: the asymptotic series is exact there.
    if (x < 100) return bessel_k_integral(order, x);
    const double mu = 4.0 * order * order;
    double term = 1;
    double sum = 1;
    for (int k = 1; k < 20; k++) {
      const double odd = 2 * k - 1;
      term *= (mu - odd * odd) / (k * 8 * x);
      sum += term;
    }
    return sum * __builtin_sqrt(kPi / (2 * x));
  }
  const double quarter = x * x / 4;
  double term = 1;
  double harmonic = 0;
  double sum = 0;
  for (int k = 1; k < 40; k++) {
    term *= quarter / ((double)k * k);
    harmonic += 1.0 / k;
    sum += term * harmonic;
  }
  const double i0 = bessel_i(0, x);
  const double k0 = sum - (__builtin_log(x / 2) + kEuler) * i0;
  if (order == 0) return k0 * __builtin_exp(x);
  // The Wronskian: I0 K1 + I1 K0 = 1 / x.
  return (1 / x - bessel_i(1, x) * k0) / i0 * __builtin_exp(x);
}

// Ai: Maclaurin's series near zero, for larger x the integral of K_1/3, for far negative x the asymptotic series
// (Abramowitz and Stegun 10.4.2, 10.4.14, 10.4.60).
double airy(double x) {
  if (x != x) return x;
  if (x > 2) {
    const double z = 2.0 / 3 * x * __builtin_sqrt(x);
    return __builtin_sqrt(x / 3) / kPi * bessel_k_integral(1.0 / 3, z) * __builtin_exp(-z);
  }
  if (x > -7) {
    const double cube = x * x * x;
    double f = 1, g = x, term_f = 1, term_g = x;
    for (int k = 1; k < 80; k++) {
      term_f *= cube / ((3.0 * k - 1) * (3.0 * k));
      term_g *= cube / ((3.0 * k) * (3.0 * k + 1));
      f += term_f;
      g += term_g;
    }
    return 0.355028053887817239 * f - 0.258819403792806798 * g;
  }
  const double z = 2.0 / 3 * -x * __builtin_sqrt(-x);
  double term = 1, even = 1, odd = 0;
  for (int k = 1; k < 30; k++) {
    const double next = term * (6.0 * k - 5) * (6.0 * k - 1) / (72.0 * k * z);
    if (next >= term || next < 1e-17) break;
    term = next;
    const double sign = (k / 2) % 2 ? -1 : 1;
    if (k % 2) odd += sign * term;
    else even += sign * term;
  }
  const double angle = z + kPi / 4;
  return (__builtin_sin(angle) * even - __builtin_cos(angle) * odd) / __builtin_sqrt(kPi * __builtin_sqrt(-x));
}

}  // namespace
}  // namespace layerwise::NS
