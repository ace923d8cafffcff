// What each opcode of pointwise programs computes, for one element: cpu/pointwise.h has the list, cpu/kernels the same
// meanings in loops. Shared by the interpreter and by the source that is compiled at run time.
#pragma once

#define LW_REAL(name, expression) \
  DEVICE float op_##name([[maybe_unused]] float a, [[maybe_unused]] float b, [[maybe_unused]] float c) { \
    using T = float; \
    return T(expression); \
  } \
  DEVICE double op_##name([[maybe_unused]] double a, [[maybe_unused]] double b, [[maybe_unused]] double c) { \
    using T = double; \
    return T(expression); \
  }
#define LW_WHOLE(name, expression) \
  DEVICE int64_t op_##name([[maybe_unused]] int64_t a, [[maybe_unused]] int64_t b, [[maybe_unused]] int64_t c) { \
    using T = int64_t; \
    return T(expression); \
  }
#define LW_BOTH(name, expression) LW_REAL(name, expression) LW_WHOLE(name, expression)

// Python's modulo from C's: the result has the sign of b.
template <class T> DEVICE T modulo(T r, T b) { return r != 0 && (r < 0) != (b < 0) ? r + b : r; }

// Python's floor division, by the steps of CPython's float_floor_div, so that a == b*q + r as well as it can.
template <class T> DEVICE T floor_quotient(T a, T b) {
  if (b == 0) return a / b;
  const T r = fmod(a, b);
  T quotient = (a - r) / b;
  if (r != 0 && (b < 0) != (r < 0)) quotient -= 1;
  if (quotient == 0) return copysign(T(0), a / b);
  const T floored = floor(quotient);
  return quotient - floored > T(0.5) ? floored + 1 : floored;
}

template <class T> DEVICE T common_divisor(T a, T b) {
  a = fabs(a);
  b = fabs(b);
  while (b != 0 && b == b) {
    const T r = fmod(a, b);
    a = b;
    b = r;
  }
  return a;
}

// digamma by reflection, recurrence up to 10 and the asymptotic series (Abramowitz and Stegun 6.3.7, 6.3.5, 6.3.18).
DEVICE double digamma(double x) {
  const double pi = 3.14159265358979323846;
  if (x == 0) return copysign(double(infinity()), -x);
  double result = 0;
  if (x < 0) {
    if (x == trunc(x)) return not_a_number();
    result = -pi / tan(pi * (x - trunc(x)));
    x = 1 - x;
  }
  for (; x < 10; x += 1) result -= 1 / x;
  double series = 0;
  if (x < 1e17) {
    const double z = 1 / (x * x);
    series = z * (1.0 / 12 -
                  z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z * (691.0 / 32760 - z / 12))))));
  }
  return result + log(x) - 0.5 / x - series;
}

// The inverse of erf: a rational start (Giles 2010, "Approximating the erfinv function"), then two Newton steps.
DEVICE double inverse_erf(double y) {
  if (!(y > -1 && y < 1)) return y == 1 || y == -1 ? copysign(double(infinity()), y) : double(not_a_number());
  if (y == 0) return y;
  double w = -log((1 - y) * (1 + y));
  double p;
  if (w < 5) {
    w -= 2.5;
    p = 2.81022636e-08;
    p = 3.43273939e-07 + p * w;
    p = -3.5233877e-06 + p * w;
    p = -4.39150654e-06 + p * w;
    p = 0.00021858087 + p * w;
    p = -0.00125372503 + p * w;
    p = -0.00417768164 + p * w;
    p = 0.246640727 + p * w;
    p = 1.50140941 + p * w;
  } else {
    w = sqrt(w) - 3;
    p = -0.000200214257;
    p = 0.000100950558 + p * w;
    p = 0.00134934322 + p * w;
    p = -0.00367342844 + p * w;
    p = 0.00573950773 + p * w;
    p = -0.0076224613 + p * w;
    p = 0.00943887047 + p * w;
    p = 1.00167406 + p * w;
    p = 2.83297682 + p * w;
  }
  double x = p * y;
  const double slope = 1.12837916709551257390;  // 2 / sqrt(pi)
  for (int step = 0; step < 2; step++) {
    // Near 1, erfc keeps the digits that 1 - erf loses.
    const double error = y > 0.5 ? (1 - y) - erfc(x) : y < -0.5 ? erfc(-x) - (1 + y) : erf(x) - y;
    x -= error / (slope * exp(-x * x));
  }
  return x;
}

// Integers: exact, wrapping. A zero divisor gives 0 and leaves a as remainder; PyTorch's CUDA reports nothing either.
DEVICE int64_t whole_quotient(int64_t a, int64_t b) { return b == 0 ? 0 : b == -1 ? int64_t(0 - uint64_t(a)) : a / b; }
DEVICE int64_t whole_rest(int64_t a, int64_t b) { return b == 0 ? a : b == -1 ? 0 : a % b; }
DEVICE int64_t whole_floor_quotient(int64_t a, int64_t b) {
  const int64_t q = whole_quotient(a, b);
  return b != 0 && whole_rest(a, b) != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}
DEVICE int64_t whole_power(int64_t base, int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent & 1 ? -1 : 1) : 0;
  uint64_t result = 1;
  uint64_t factor = uint64_t(base);
  for (; exponent; exponent >>= 1, factor *= factor) {
    if (exponent & 1) result *= factor;
  }
  return int64_t(result);
}
DEVICE int64_t magnitude(int64_t a) { return a < 0 ? int64_t(0 - uint64_t(a)) : a; }
DEVICE int64_t whole_common_divisor(int64_t a, int64_t b) {
  a = magnitude(a);
  b = magnitude(b);
  while (b != 0) {
    const int64_t r = whole_rest(a, b);
    a = b;
    b = r;
  }
  return magnitude(a);
}

// clang-format off
LW_BOTH(mov, a)
LW_REAL(add, a + b)
LW_WHOLE(add, uint64_t(a) + uint64_t(b))
LW_REAL(sub, a - b)
LW_WHOLE(sub, uint64_t(a) - uint64_t(b))
LW_REAL(mul, a * b)
LW_WHOLE(mul, uint64_t(a) * uint64_t(b))
LW_REAL(div, a / b)
LW_WHOLE(div, whole_quotient(a, b))
LW_REAL(floor_divide, floor_quotient<T>(a, b))
LW_WHOLE(floor_divide, whole_floor_quotient(a, b))
LW_REAL(remainder, modulo<T>(fmod(a, b), b))
LW_WHOLE(remainder, modulo<T>(whole_rest(a, b), b))
LW_REAL(fmod, fmod(a, b))
LW_WHOLE(fmod, whole_rest(a, b))
LW_REAL(pow, pow(a, b))
LW_WHOLE(pow, whole_power(a, b))
LW_REAL(atan2, atan2(a, b))
LW_REAL(hypot, hypot(a, b))
LW_REAL(copysign, copysign(a, b))
LW_REAL(nextafter, nextafter(a, b))
LW_BOTH(maximum, a != a ? a : b != b ? b : a > b ? a : b)
LW_BOTH(minimum, a != a ? a : b != b ? b : a < b ? a : b)
LW_BOTH(fmax, a != a ? b : b != b ? a : a > b ? a : b)
LW_BOTH(fmin, a != a ? b : b != b ? a : a < b ? a : b)
LW_BOTH(eq, a == b)
LW_BOTH(ne, a != b)
LW_BOTH(lt, a < b)
LW_BOTH(le, a <= b)
LW_BOTH(gt, a > b)
LW_BOTH(ge, a >= b)
LW_BOTH(logical_and, a != 0 && b != 0)
LW_BOTH(logical_or, a != 0 || b != 0)
LW_BOTH(logical_xor, (a != 0) != (b != 0))
LW_BOTH(logical_not, a == 0)
LW_BOTH(bitwise_and, int64_t(a) & int64_t(b))
LW_BOTH(bitwise_or, int64_t(a) | int64_t(b))
LW_BOTH(bitwise_xor, int64_t(a) ^ int64_t(b))
LW_BOTH(bitwise_not, ~int64_t(a))
LW_REAL(bitwise_left_shift, int64_t(uint64_t(int64_t(a)) << (int64_t(b) & 63)))
LW_REAL(bitwise_right_shift, int64_t(a) >> (int64_t(b) & 63))
LW_WHOLE(bitwise_left_shift, b < 0 || b > 63 ? 0 : int64_t(uint64_t(a) << b))
LW_WHOLE(bitwise_right_shift, a >> (b < 0 || b > 63 ? 63 : b))
LW_BOTH(where, a != 0 ? b : c)
LW_REAL(fma, fma(a, b, c))
LW_WHOLE(fma, uint64_t(a) * uint64_t(b) + uint64_t(c))
LW_REAL(neg, -a)
LW_WHOLE(neg, 0 - uint64_t(a))
LW_REAL(abs, fabs(a))
LW_WHOLE(abs, magnitude(a))
LW_BOTH(sign, a > 0 ? T(1) : a < 0 ? T(-1) : a == 0 ? T(0) : a)
LW_REAL(signbit, signbit(a) ? 1 : 0)
LW_WHOLE(signbit, a < 0)
LW_REAL(square, a * a)
LW_WHOLE(square, uint64_t(a) * uint64_t(a))
LW_REAL(sqrt, sqrt(a))
LW_REAL(rsqrt, rsqrt(a))
LW_REAL(reciprocal, T(1) / a)
LW_REAL(exp, exp(a))
LW_REAL(exp2, exp2(a))
LW_REAL(expm1, expm1(a))
LW_REAL(log, log(a))
LW_REAL(log2, log2(a))
LW_REAL(log10, log10(a))
LW_REAL(log1p, log1p(a))
LW_REAL(sin, sin(a))
LW_REAL(cos, cos(a))
LW_REAL(tan, tan(a))
LW_REAL(asin, asin(a))
LW_REAL(acos, acos(a))
LW_REAL(atan, atan(a))
LW_REAL(sinh, sinh(a))
LW_REAL(cosh, cosh(a))
LW_REAL(tanh, tanh(a))
LW_REAL(asinh, asinh(a))
LW_REAL(acosh, acosh(a))
LW_REAL(atanh, atanh(a))
LW_REAL(sigmoid, (a < 0 ? exp(a) : T(1)) / (T(1) + exp(-fabs(a))))
LW_REAL(erf, erf(a))
LW_REAL(erfc, erfc(a))
LW_REAL(erfinv, inverse_erf(double(a)))
LW_REAL(lgamma, lgamma(a))
LW_REAL(digamma, digamma(double(a)))
LW_REAL(floor, floor(a))
LW_REAL(ceil, ceil(a))
LW_REAL(round, rint(a))
LW_REAL(trunc, trunc(a))
LW_WHOLE(floor, a)
LW_WHOLE(ceil, a)
LW_WHOLE(round, a)
LW_WHOLE(trunc, a)
LW_BOTH(isnan, a != a)
LW_REAL(isinf, fabs(a) == T(infinity()))
LW_REAL(isfinite, fabs(a) < T(infinity()))
LW_WHOLE(isinf, 0)
LW_WHOLE(isfinite, 1)
LW_REAL(gcd, common_divisor<T>(a, b))
LW_WHOLE(gcd, whole_common_divisor(a, b))
LW_REAL(lcm, a == 0 || b == 0 ? T(0) : fabs(a / common_divisor<T>(a, b) * b))
LW_WHOLE(lcm, a == 0 || b == 0 ? 0 : magnitude(int64_t(uint64_t(whole_quotient(a, whole_common_divisor(a, b))) * uint64_t(b))))
// clang-format on

// `define` refuses these for int64: they exist so that one table serves all types.
#define LW_NEVER(name) \
  DEVICE int64_t op_##name(int64_t, int64_t, int64_t) { return 0; }
LW_NEVER(atan2) LW_NEVER(hypot) LW_NEVER(copysign) LW_NEVER(nextafter) LW_NEVER(sqrt) LW_NEVER(rsqrt)
LW_NEVER(reciprocal) LW_NEVER(exp) LW_NEVER(exp2) LW_NEVER(expm1) LW_NEVER(log) LW_NEVER(log2) LW_NEVER(log10)
LW_NEVER(log1p) LW_NEVER(sin) LW_NEVER(cos) LW_NEVER(tan) LW_NEVER(asin) LW_NEVER(acos) LW_NEVER(atan) LW_NEVER(sinh)
LW_NEVER(cosh) LW_NEVER(tanh) LW_NEVER(asinh) LW_NEVER(acosh) LW_NEVER(atanh) LW_NEVER(sigmoid) LW_NEVER(erf)
LW_NEVER(erfc) LW_NEVER(erfinv) LW_NEVER(lgamma) LW_NEVER(digamma)
#undef LW_NEVER
#undef LW_BOTH
#undef LW_WHOLE
#undef LW_REAL
