// Samples that take an unknown number of draws each: gamma, Poisson and binomial, one element after the other, bit for
// bit PyTorch's CPU functions. Arguments of a distribution that make no sense are the caller's to refuse.
//   random_standard_gamma  state dtype out alpha n
//   random_poisson         state dtype out rate n
//   random_binomial        state dtype out count prob n
#ifdef __FAST_MATH__
#error "random_gamma.cc needs IEEE arithmetic: compile it without -ffast-math"
#endif
#ifdef __clang__
#pragma clang fp contract(off)
#else
#pragma GCC optimize("O2,fp-contract=off")
#endif
#include "convert.h"
#include "random_serial.h"

namespace layerwise::NS {
namespace {

LW_INLINE float root(float x) { return __builtin_sqrtf(x); }
LW_INLINE double root(double x) { return __builtin_sqrt(x); }
LW_INLINE float log_of(float x) { return __builtin_logf(x); }
LW_INLINE double log_of(double x) { return __builtin_log(x); }
LW_INLINE float log1p_of(float x) { return __builtin_log1pf(x); }
LW_INLINE double log1p_of(double x) { return __builtin_log1p(x); }
LW_INLINE float ceil_of(float x) { return __builtin_ceilf(x); }
LW_INLINE double ceil_of(double x) { return __builtin_ceil(x); }
LW_INLINE float floor_of(float x) { return __builtin_floorf(x); }
LW_INLINE double floor_of(double x) { return __builtin_floor(x); }

// Marsaglia and Tsang 2000. A shape below one is raised by one and the sample scaled down. Roundings to the element's
// type T happen where PyTorch's arithmetic on `alpha` has them.
template <class T> double standard_gamma(RandomState* state, T alpha) {
  double scale = 1;
  if (alpha < T(1)) {
    if (alpha == T(0)) return 0;
    scale *= __builtin_pow(1 - next_unit_double(state), (double)(1.0f / alpha));
    alpha += T(1);
  }
  const double d = alpha - 1.0f / 3.0f;
  const double c = 1.0f / __builtin_sqrt(9.0f * d);
  for (;;) {
    double x;
    double y;
    do {
      x = next_normal(state);
      y = 1.0f + c * x;
    } while (y <= 0);
    const double v = y * y * y;
    const double u = 1 - next_unit_double(state);
    const double xx = x * x;
    if (u < 1.0f - 0.0331f * xx * xx) return scale * d * v;
    if (__builtin_log(u) < 0.5f * xx + d * (1.0f - v + __builtin_log(v))) return scale * d * v;
  }
}

// Small rates count uniform factors until their product falls below exp(-rate); from 10 on the transformed rejection
// PTRS of Hoermann 1993.
double poisson(RandomState* state, double rate) {
  if (rate == 0) return 0;
  if (rate < 10) {
    const double limit = __builtin_exp(-rate);
    double count = 0;
    double product = 1;
    for (;;) {
      product *= next_unit_double(state);
      if (!(product > limit)) return count;
      count += 1;
    }
  }
  const double root_rate = __builtin_sqrt(rate);
  const double log_rate = __builtin_log(rate);
  const double b = 0.931 + 2.53 * root_rate;
  const double a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
  const double v_r = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const double u = next_unit_double(state) - 0.5;
    const double v = next_unit_double(state);
    const double us = 0.5 - __builtin_fabs(u);
    const double k = __builtin_floor((2 * a / us + b) * u + rate + 0.43);
    if (us >= 0.07 && v <= v_r) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    const double left = __builtin_log(v) + __builtin_log(inverse_alpha) - __builtin_log(a / (us * us) + b);
    if (left <= -rate + k * log_rate - __builtin_lgamma(k + 1)) return k;
  }
}

// log(k!) minus Stirling's formula for it.
template <class T> T stirling_tail(T k) {
  static const double table[] = {0.0810614667953272,  0.0413406959554092,  0.0276779256849983, 0.02079067210376509,
                                 0.0166446911898211,  0.0138761288230707,  0.0118967099458917, 0.0104112652619720,
                                 0.00925546218271273, 0.00833056343336287};
  if (k <= 9) return (T)table[(int)k];
  const T square = (k + 1) * (k + 1);
  return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1);
}

// Hoermann 1993, BTRS: for count * prob of at least 10.
template <class T> T binomial_rejection(RandomState* state, T count, T prob) {
  const T stddev = root(count * prob * (1 - prob));
  const T b = 1.15 + 2.53 * stddev;
  const T a = -0.0873 + 0.0248 * b + 0.01 * prob;
  const T c = count * prob + 0.5;
  const T v_r = 0.92 - 4.2 / b;
  const T r = prob / (1 - prob);
  const T alpha = (2.83 + 5.1 / b) * stddev;
  const T m = floor_of((count + 1) * prob);
  for (;;) {
    const T u = next_unit_double(state) - 0.5;
    T v = next_unit_double(state);
    const T us = 0.5 - (u < 0 ? -u : u);
    const T k = floor_of((2 * a / us + b) * u + c);
    if (k < 0 || k > count) continue;
    if (us >= 0.07 && v <= v_r) return k;
    v = log_of(v * alpha / (a / (us * us) + b));
    const T bound = ((m + 0.5) * log_of((m + 1) / (r * (count - m + 1))) +
                     (count + 1) * log_of((count - m + 1) / (count - k + 1)) +
                     (k + 0.5) * log_of(r * (count - k + 1) / (k + 1)) + stirling_tail(m) + stirling_tail(count - m) -
                     stirling_tail(k) - stirling_tail(count - k));
    if (v <= bound) return k;
  }
}

// Waiting times between successes, added up.
template <class T> T binomial_by_waiting(RandomState* state, T count, T prob) {
  T waited = 0;
  T hits = 0;
  const T log_miss = log1p_of(-prob);
  for (;;) {
    const T u = next_unit_double(state);
    waited += ceil_of(log_of(u) / log_miss);
    if (waited > count) return hits;
    hits = hits + 1;
  }
}

template <class T> T binomial(RandomState* state, T count, T prob) {
  if (count <= 0 || prob <= 0) return 0;
  if (prob >= 1) return count;
  if (prob != prob) return prob;
  const T rarer = prob <= 0.5 ? prob : (T)(1.0 - prob);
  const T hits =
      count * rarer >= 10 ? binomial_rejection(state, count, rarer) : binomial_by_waiting(state, count, rarer);
  return prob <= 0.5 ? hits : count - hits;
}

template <class T> constexpr double kSmallest = 2.2250738585072014e-308;
template <> constexpr double kSmallest<float> = 1.17549435e-38;
template <> constexpr double kSmallest<Half> = 6.103515625e-05;
template <> constexpr double kSmallest<Brain> = 1.17549435e-38;

// body(zero, compute zero) with the type that elements have and the one that PyTorch computes in.
template <class F> void with_real(Dtype dtype, F body) {
  switch (dtype) {
    case kFloat16: return body(Half(), float());
    case kBfloat16: return body(Brain(), float());
    case kFloat32: return body(float(), float());
    default: return body(double(), double());
  }
}

}  // namespace

KERNEL(random_standard_gamma) {
  RandomState* state = args.pointer<RandomState>();
  const Dtype dtype = args.dtype();
  void* out = args.pointer();
  const void* alpha = args.pointer();
  const int64_t n = args.integer();
  with_real(dtype, [&](auto element, auto number) {
    using T = decltype(element);
    using C = decltype(number);
    for (int64_t i = 0; i < n; i++) {
      double sample = (double)(C)standard_gamma<C>(state, to<C>(((const T*)alpha)[i]));
      if (sample < kSmallest<T>) sample = kSmallest<T>;
      ((T*)out)[i] = from<T>((C)sample);
    }
  });
}

KERNEL(random_poisson) {
  RandomState* state = args.pointer<RandomState>();
  const Dtype dtype = args.dtype();
  void* out = args.pointer();
  const void* rate = args.pointer();
  const int64_t n = args.integer();
  with_real(dtype, [&](auto element, auto number) {
    using T = decltype(element);
    using C = decltype(number);
    for (int64_t i = 0; i < n; i++) {
      const double wanted = (double)to<C>(((const T*)rate)[i]);
      if (!(wanted >= 0)) return context->fail(context, "invalid Poisson rate, expected rate to be non-negative");
      ((T*)out)[i] = from<T>((C)poisson(state, wanted));
    }
  });
}

KERNEL(random_binomial) {
  RandomState* state = args.pointer<RandomState>();
  const Dtype dtype = args.dtype();
  void* out = args.pointer();
  const void* count = args.pointer();
  const void* prob = args.pointer();
  const int64_t n = args.integer();
  with_real(dtype, [&](auto element, auto number) {
    using T = decltype(element);
    using C = decltype(number);
    for (int64_t i = 0; i < n; i++) {
      ((T*)out)[i] = from<T>(binomial<C>(state, to<C>(((const T*)count)[i]), to<C>(((const T*)prob)[i])));
    }
  });
}

}  // namespace layerwise::NS
