// Special functions that are no pointwise opcode, one element after the other in double. Contiguous tensors of one
// floating dtype; b and c are 0 where a function has fewer arguments.
//   special  op dtype out a b c n       op: the position in `functions` below
#include "convert.h"
#include "special_bessel.h"
#include "special_gamma.h"

namespace layerwise::NS {
namespace {

// exp(x^2) erfc(x): the product while it holds, Laplace's continued fraction beyond.
double erfcx(double x) {
  if (x < 8) return x < -27 ? kInfinity : __builtin_exp(x * x) * __builtin_erfc(x);
  double fraction = x;
  for (int k = 60; k >= 1; k--) fraction = x + 0.5 * k / fraction;
  return 1 / (fraction * __builtin_sqrt(kPi));
}

double log_ndtr(double x) {
  const double scaled = x * 0.70710678118654752440;
  if (x < -1) return __builtin_log(erfcx(-scaled) / 2) - scaled * scaled;
  return __builtin_log1p(-__builtin_erfc(scaled) / 2);
}

// Newton on log_ndtr, which is concave: from a start below the root every step stays below it.
double ndtri(double p) {
  if (p == 0) return -kInfinity;
  if (p == 1) return kInfinity;
  if (!(p > 0 && p < 1)) return __builtin_nan("");
  if (p == 0.5) return 0;
  if (p > 0.5) return -ndtri(1 - p);
  const double target = __builtin_log(p);
  double x = -__builtin_sqrt(-2 * target);
  for (int i = 0; i < 40; i++) {
    const double density = 0.79788456080286535588 / erfcx(-x * 0.70710678118654752440);
    const double step = (log_ndtr(x) - target) / density;
    x -= step;
    if (__builtin_fabs(step) < 1e-16 * __builtin_fabs(x)) break;
  }
  return x;
}

double spherical_j0(double x) {
  if (__builtin_isinf(x)) return 0;
  if (__builtin_fabs(x) < 0.5) {
    const double square = x * x;
    return 1 - square / 6 * (1 - square / 20 * (1 - square / 42 * (1 - square / 72 * (1 - square / 110))));
  }
  return __builtin_sin(x) / x;
}

// P_n(x) by p_next = (alpha(k) x + beta(k)) p - gamma(k) p_before, from p_0 = 1 and p_1 = first(x).
template <class First, class Step> double recurrence(double order, First first, Step step) {
  if (order < 0) return 0;
  const int64_t n = (int64_t)order;
  double before = 1;
  if (n == 0) return before;
  double p = first;
  for (int64_t k = 1; k < n; k++) {
    const double next = step((double)k, p, before);
    before = p;
    p = next;
  }
  return p;
}

enum Chebyshev { kT, kU, kV, kW };
double chebyshev(Chebyshev kind, double x, double n) {
  const double first = kind == kT ? x : kind == kU ? 2 * x : kind == kV ? 2 * x - 1 : 2 * x + 1;
  return recurrence(n, first, [x](double, double p, double before) { return 2 * x * p - before; });
}

using Function = double (*)(double a, double b, double c);

const Function functions[] = {
    [](double a, double b, double) { return gamma_integral(a, b, false); },
    [](double a, double b, double) { return gamma_integral(a, b, true); },
    [](double a, double b, double) { return gamma_sample_slope(a, b); },
    [](double a, double b, double c) { return dirichlet_sample_slope(a, b, c); },
    [](double a, double b, double) { return zeta(a, b); },
    [](double a, double b, double) { return polygamma(a, b); },
    [](double a, double, double) { return bessel_i(0, a); },
    [](double a, double, double) { return bessel_i_scaled(0, a); },
    [](double a, double, double) { return bessel_i(1, a); },
    [](double a, double, double) { return bessel_i_scaled(1, a); },
    [](double a, double, double) { return erfcx(a); },
    [](double a, double, double) { return log_ndtr(a); },
    [](double a, double, double) { return ndtri(a); },
    [](double a, double, double) { return __builtin_j0(a); },
    [](double a, double, double) { return __builtin_j1(a); },
    [](double a, double, double) { return __builtin_y0(a); },
    [](double a, double, double) { return __builtin_y1(a); },
    [](double a, double, double) { return bessel_k_scaled(0, a) * __builtin_exp(-a); },
    [](double a, double, double) { return bessel_k_scaled(1, a) * __builtin_exp(-a); },
    [](double a, double, double) { return bessel_k_scaled(0, a); },
    [](double a, double, double) { return bessel_k_scaled(1, a); },
    [](double a, double, double) { return spherical_j0(a); },
    [](double a, double, double) { return airy(a); },
    [](double a, double b, double) { return chebyshev(kT, a, b); },
    [](double a, double b, double) { return chebyshev(kU, a, b); },
    [](double a, double b, double) { return chebyshev(kV, a, b); },
    [](double a, double b, double) { return chebyshev(kW, a, b); },
    [](double a, double b, double) { return chebyshev(kT, 2 * a - 1, b); },
    [](double a, double b, double) { return chebyshev(kU, 2 * a - 1, b); },
    [](double a, double b, double) { return chebyshev(kV, 2 * a - 1, b); },
    [](double a, double b, double) { return chebyshev(kW, 2 * a - 1, b); },
    [](double a, double b, double) {
      return recurrence(b, 2 * a, [a](double k, double p, double before) { return 2 * (a * p - k * before); });
    },
    [](double a, double b, double) {
      return recurrence(b, a, [a](double k, double p, double before) { return a * p - k * before; });
    },
    [](double a, double b, double) {
      return recurrence(b, 1 - a, [a](double k, double p, double before) {
        return ((2 * k + 1 - a) * p - k * before) / (k + 1);
      });
    },
    [](double a, double b, double) {
      return recurrence(
          b, a, [a](double k, double p, double before) { return ((2 * k + 1) * a * p - k * before) / (k + 1); });
    },
};
constexpr int64_t kFunctions = sizeof functions / sizeof functions[0];

}  // namespace

KERNEL(special) {
  const int64_t op = args.integer();
  const Dtype dtype = args.dtype();
  void* out = args.pointer();
  const void* a = args.pointer();
  const void* b = args.pointer();
  const void* c = args.pointer();
  const int64_t n = args.integer();
  if (op < 0 || op >= kFunctions) return context->fail(context, "special: no such function");
  const Function function = functions[op];
  with_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    parallel_for(context, n, 512, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        const double second = b ? to<double>(((const T*)b)[i]) : 0;
        const double third = c ? to<double>(((const T*)c)[i]) : 0;
        ((T*)out)[i] = from<T>(function(to<double>(((const T*)a)[i]), second, third));
      }
    });
  });
}

}  // namespace layerwise::NS
