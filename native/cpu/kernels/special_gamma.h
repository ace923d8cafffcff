// The gamma family in double: digamma, Hurwitz' zeta, polygamma, incomplete gamma and beta integrals and how a sample
// moves with its distribution's shape. For special.cc alone.
#pragma once
#include "special_bessel.h"

namespace layerwise::NS {
namespace {

// A number and its derivative by one variable.
struct Dual {
  double value;
  double slope;
};
LW_INLINE Dual operator+(Dual a, Dual b) { return {a.value + b.value, a.slope + b.slope}; }
LW_INLINE Dual operator*(Dual a, Dual b) { return {a.value * b.value, a.slope * b.value + a.value * b.slope}; }
LW_INLINE Dual operator/(Dual a, Dual b) {
  const double quotient = a.value / b.value;
  return {quotient, (a.slope - quotient * b.slope) / b.value};
}

double digamma_above_zero(double x) {
  double result = 0;
  while (x < 10) {
    result -= 1 / x;
    x += 1;
  }
  const double z = 1 / (x * x);
  const double series =
      z * (1.0 / 12 -
           z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z * (691.0 / 32760 - z / 12))))));
  return result + __builtin_log(x) - 0.5 / x - series;
}

// The sum of (q + k)^-x by Euler and Maclaurin: nine terms and more where q is small, then the tail's series.
double zeta(double x, double q) {
  if (x == 1) return kInfinity;
  if (!(x > 1)) return __builtin_nan("");
  if (q <= 0) {
    if (q == __builtin_floor(q)) return kInfinity;
    if (x != __builtin_floor(x)) return __builtin_nan("");
  }
  double sum = 0;
  double at = q;
  for (int k = 0; k < 12 || at < 12; k++) {
    sum += __builtin_pow(at, -x);
    at += 1;
  }
  const double tail = __builtin_pow(at, -x);
  sum += tail * at / (x - 1) + 0.5 * tail;
  // Bernoulli numbers B2j over (2j)!.
  static const double table[] = {1.0 / 12,         -1.0 / 720,           1.0 / 30240,           -1.0 / 1209600,
                                 1.0 / 47900160.0, -691.0 / 1307674368000.0, 1.0 / 74724249600.0};
  double factor = x * tail / at;
  for (int j = 0; j < 7; j++) {
    sum += table[j] * factor;
    factor *= (x + 2 * j + 1) * (x + 2 * j + 2) / (at * at);
  }
  return sum;
}

double polygamma(double order, double x) {
  if (order == 0) return x > 0 ? digamma_above_zero(x) : __builtin_nan("");
  const double sign = __builtin_fmod(order, 2) == 0 ? -1 : 1;
  return sign * __builtin_exp(__builtin_lgamma(order + 1)) * zeta(order + 1, x);
}

// x^a e^-x / gamma(a). Near x = a, where the terms of the logarithm cancel, Stirling's formula takes them together.
double gamma_density(double a, double x) {
  if (a < 20 || __builtin_fabs(x - a) > 0.4 * a)
    return __builtin_exp(a * __builtin_log(x) - x - __builtin_lgamma(a));
  const double t = (x - a) / a;
  double exponent;
  if (__builtin_fabs(t) > 0.1) {
    exponent = __builtin_log1p(t) - t;
  } else {
    double power = -t * t;
    exponent = power / 2;
    for (int k = 3; k < 30; k++) {
      power *= -t;
      exponent += power / k;
    }
  }
  const double r = 1 / (a * a);
  const double stirling = (1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260 - r / 1680))) / a;
  return __builtin_exp(a * exponent - stirling) * __builtin_sqrt(a / (2 * kPi));
}

// The series of the lower integral and Legendre's continued fraction of the upper one, each over x^a e^-x / gamma(a),
// with their derivatives by a (Abramowitz and Stegun 6.5.29, 6.5.31).
Dual lower_series(double a, double x) {
  Dual term = {1 / a, -1 / (a * a)};
  Dual sum = term;
  for (int n = 1; n < 100000; n++) {
    term = term * (Dual{x, 0} / Dual{a + n, 1});
    sum = sum + term;
    if (__builtin_fabs(term.value) < 1e-17 * __builtin_fabs(sum.value) &&
        __builtin_fabs(term.slope) < 1e-17 * __builtin_fabs(sum.slope))
      break;
  }
  return sum;
}

constexpr double kTiny = 1e-300;
LW_INLINE Dual not_zero(Dual d) { return d.value == 0 ? Dual{kTiny, d.slope} : d; }

Dual upper_fraction(double a, double x) {
  Dual b = {x + 1 - a, -1};
  Dual c = {1 / kTiny, 0};
  Dual d = Dual{1, 0} / not_zero(b);
  Dual h = d;
  for (int i = 1; i < 100000; i++) {
    const Dual an = {-i * (i - a), (double)i};
    b.value += 2;
    d = Dual{1, 0} / not_zero(an * d + b);
    c = not_zero(b + an / c);
    const Dual step = d * c;
    h = h * step;
    if (__builtin_fabs(step.value - 1) < 1e-16 && __builtin_fabs(step.slope) < 1e-16) break;
  }
  return h;
}

double gamma_integral(double a, double x, bool upper) {
  if (!(a >= 0) || !(x >= 0)) return __builtin_nan("");
  if (a == 0) return x > 0 ? (upper ? 0 : 1) : __builtin_nan("");
  if (x == 0) return upper ? 1 : 0;
  if (a == kInfinity) return x == kInfinity ? __builtin_nan("") : (upper ? 1 : 0);
  if (x == kInfinity) return upper ? 0 : 1;
  const double density = gamma_density(a, x);
  if (x < a + 1) {
    const double low = density == 0 ? 0 : density * lower_series(a, x).value;
    return upper ? 1 - low : low;
  }
  const double high = density == 0 ? 0 : density * upper_fraction(a, x).value;
  return upper ? high : 1 - high;
}

// d sample / d alpha of a standard gamma sample, at the same quantile: minus dP/da over the density.
double gamma_sample_slope(double a, double x) {
  if (!(a > 0) || !(x > 0)) return x == 0 ? 0 : __builtin_nan("");
  const double slope = __builtin_log(x) - digamma_above_zero(a);
  if (x < a + 1) {
    const Dual series = lower_series(a, x);
    return -x * (series.value * slope + series.slope);
  }
  const Dual fraction = upper_fraction(a, x);
  return x * (fraction.value * slope + fraction.slope);
}

// The continued fraction of the incomplete beta integral I_x(a, b), over x^a (1-x)^b / (a B(a, b)), where `by_a` says
// by which parameter the derivative is (Abramowitz and Stegun 26.5.8; modified Lentz).
Dual beta_fraction(double x, double a0, double b0, bool by_a) {
  const Dual a = {a0, by_a ? 1.0 : 0.0};
  const Dual b = {b0, by_a ? 0.0 : 1.0};
  const Dual one = {1, 0};
  Dual c = one;
  Dual d = one / not_zero(Dual{1, 0} + Dual{-x, 0} * (a + b) / (a + one));
  Dual h = d;
  for (int m = 1; m < 100000; m++) {
    const Dual count = {(double)m, 0};
    const Dual a2m = a + Dual{2.0 * m, 0};
    const Dual even = count * (b + Dual{-(double)m, 0}) * Dual{x, 0} / ((a2m + Dual{-1, 0}) * a2m);
    d = one / not_zero(one + even * d);
    c = not_zero(one + even / c);
    h = h * d * c;
    const Dual odd = Dual{-x, 0} * (a + count) * (a + b + count) / (a2m * (a2m + one));
    d = one / not_zero(one + odd * d);
    c = not_zero(one + odd / c);
    const Dual step = d * c;
    h = h * step;
    if (__builtin_fabs(step.value - 1) < 1e-15 && __builtin_fabs(step.slope) < 1e-15) break;
  }
  return h;
}

// d sample / d alpha of a Beta(alpha, total - alpha) sample with the other parameter fixed, over 1 - x: how one entry of
// a Dirichlet sample moves with its own concentration.
double dirichlet_sample_slope(double x, double a, double total) {
  const double b = total - a;
  const double shift = digamma_above_zero(total) - digamma_above_zero(a);
  double slope;
  if (x < (a + 1) / (total + 2)) {
    const Dual h = beta_fraction(x, a, b, true);
    slope = -x * (1 - x) / a * (h.value * (__builtin_log(x) - 1 / a + shift) + h.slope);
  } else {
    const Dual h = beta_fraction(1 - x, b, a, false);
    slope = x * (1 - x) / b * (h.value * (__builtin_log(x) + shift) + h.slope);
  }
  return slope / (1 - x);
}

}  // namespace
}  // namespace layerwise::NS
