// Opcodes whose text is the same for float32 and float64. Included once by each of the two files, with T and the macro
// M(name) -> the type's own math function defined; special functions without a fast form go to libm element by element.
#pragma once
#include "pointwise_ops.h"

namespace layerwise::NS {

// Python's modulo from C's: the result has the sign of b.
static LW_INLINE T modulo(T r, T b) { return r != 0 && (r < 0) != (b < 0) ? r + b : r; }

// Python's floor division from C's fmod, by the steps of CPython's float_floor_div, so that a == b*q + r as well as it
// can.
static LW_INLINE T floor_quotient(T a, T b, T r) {
  T quotient = (a - r) / b;
  quotient = r != 0 && (b < 0) != (r < 0) ? quotient - 1 : quotient;
  const T floored = M(floor)(quotient);
  const T whole = quotient - floored > T(0.5) ? floored + 1 : floored;
  return b == 0 ? a / b : quotient == 0 ? M(copysign)(T(0), a / b) : whole;
}

static LW_INLINE T greatest_common_divisor(T a, T b) {
  a = M(fabs)(a);
  b = M(fabs)(b);
  while (b != 0) {
    const T r = M(slow_fmod)(a, b);
    a = b;
    b = r;
  }
  return a;
}

// digamma by reflection, recurrence up to 10 and the asymptotic series (Abramowitz and Stegun 6.3.7, 6.3.5, 6.3.18).
static T digamma_of(T x0) {
  double x = double(x0);
  if (x == 0) return T(__builtin_copysign(__builtin_inf(), -x));
  double result = 0;
  if (x < 0) {
    if (x == __builtin_trunc(x)) return T(__builtin_nan(""));
    const double fraction = x - __builtin_trunc(x);
    result = -3.14159265358979323846 / __builtin_tan(3.14159265358979323846 * fraction);
    x = 1 - x;
  }
  while (x < 10) {
    result -= 1 / x;
    x += 1;
  }
  double series = 0;
  if (x < 1e17) {
    const double z = 1 / (x * x);
    series = z * (1.0 / 12 -
                  z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z * (691.0 / 32760 - z / 12))))));
  }
  return T(result + __builtin_log(x) - 0.5 / x - series);
}

// The inverse of erf: a rational start (Giles 2010, "Approximating the erfinv function"), then two Newton steps in
// double.
static T erfinv_of(T y0) {
  const double y = double(y0);
  if (!(y > -1 && y < 1)) return T(y == 1 || y == -1 ? __builtin_copysign(__builtin_inf(), y) : __builtin_nan(""));
  if (y == 0) return y0;
  double w = -__builtin_log((1 - y) * (1 + y));
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
    w = __builtin_sqrt(w) - 3;
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
  const double derivative = 1.12837916709551257390;  // 2 / sqrt(pi)
  for (int step = 0; step < 2; step++) {
    // Near 1, erfc keeps the digits that 1 - erf loses.
    const double error = y > 0.5    ? (1 - y) - __builtin_erfc(x)
                         : y < -0.5 ? __builtin_erfc(-x) - (1 + y)
                                    : __builtin_erf(x) - y;
    x -= error / (derivative * __builtin_exp(-x * x));
  }
  return T(x);
}

// clang-format off
LW_OP(mov, a)
LW_OP_IOTA
LW_OP(add, a + b)
LW_OP(sub, a - b)
LW_OP(mul, a * b)
LW_OP(div, a / b)
// A block that holds a quotient (below, an angle) too large for the fast way goes the slow way as a whole.
LW_OP_UNLESS(floor_divide, LW_SLOW_QUOTIENT(a, b), floor_quotient(a, b, M(fmod)(a, b)),
             floor_quotient(a, b, M(slow_fmod)(a, b)))
LW_OP_UNLESS(remainder, LW_SLOW_QUOTIENT(a, b), modulo(M(fmod)(a, b), b), modulo(M(slow_fmod)(a, b), b))
LW_OP_UNLESS(fmod, LW_SLOW_QUOTIENT(a, b), M(fmod)(a, b), M(slow_fmod)(a, b))
LW_OP(pow, M(pow)(a, b))
LW_OP(atan2, M(atan2)(a, b))
LW_OP(hypot, M(hypot)(a, b))
LW_OP(copysign, M(copysign)(a, b))
LW_OP(nextafter, M(nextafter)(a, b))
// Not the hardware's min and max alone: a NaN on either side wins.
LW_OP(maximum, a != a ? a : b != b ? b : a > b ? a : b)
LW_OP(minimum, a != a ? a : b != b ? b : a < b ? a : b)
LW_OP(fmax, a != a ? b : b != b ? a : a > b ? a : b)
LW_OP(fmin, a != a ? b : b != b ? a : a < b ? a : b)
LW_OP(eq, a == b ? T(1) : T(0))
LW_OP(ne, a != b ? T(1) : T(0))
LW_OP(lt, a < b ? T(1) : T(0))
LW_OP(le, a <= b ? T(1) : T(0))
LW_OP(gt, a > b ? T(1) : T(0))
LW_OP(ge, a >= b ? T(1) : T(0))
LW_OP(logical_and, (a != 0) & (b != 0) ? T(1) : T(0))
LW_OP(logical_or, (a != 0) | (b != 0) ? T(1) : T(0))
LW_OP(logical_xor, (a != 0) != (b != 0) ? T(1) : T(0))
LW_OP(logical_not, a == 0 ? T(1) : T(0))
// Bitwise operations reach floats only through masks of 0 and 1 and through whole numbers.
LW_OP(bitwise_and, T(int64_t(a) & int64_t(b)))
LW_OP(bitwise_or, T(int64_t(a) | int64_t(b)))
LW_OP(bitwise_xor, T(int64_t(a) ^ int64_t(b)))
LW_OP(bitwise_not, T(~int64_t(a)))
LW_OP(bitwise_left_shift, T(int64_t(uint64_t(int64_t(a)) << (int64_t(b) & 63))))
LW_OP(bitwise_right_shift, T(int64_t(a) >> (int64_t(b) & 63)))
LW_OP(where, a != 0 ? b : c)
LW_OP(fma, M(fma)(a, b, c))
LW_OP(neg, -a)
LW_OP(abs, M(fabs)(a))
LW_OP(sign, a > 0 ? T(1) : a < 0 ? T(-1) : a == 0 ? T(0) : a)
LW_OP(signbit, bits_of<Signed>(a) < 0 ? T(1) : T(0))
LW_OP(square, a * a)
LW_OP(sqrt, M(sqrt)(a))
LW_OP(rsqrt, T(1) / M(sqrt)(a))
LW_OP(reciprocal, T(1) / a)
LW_OP(exp, M(exp)(a))
LW_OP(exp2, M(exp2)(a))
LW_OP(expm1, M(expm1)(a))
LW_OP(log, M(log)(a))
LW_OP(log2, M(log2)(a))
LW_OP(log10, M(log10)(a))
LW_OP(log1p, M(log1p)(a))
LW_OP_UNLESS(sin, LW_SLOW_ANGLE(a), M(sin)(a), M(slow_sin)(a))
LW_OP_UNLESS(cos, LW_SLOW_ANGLE(a), M(cos)(a), M(slow_cos)(a))
LW_OP_UNLESS(tan, LW_SLOW_ANGLE(a), M(tan)(a), M(slow_tan)(a))
LW_OP(asin, M(asin)(a))
LW_OP(acos, M(acos)(a))
LW_OP(atan, M(atan)(a))
LW_OP(sinh, M(sinh)(a))
LW_OP(cosh, M(cosh)(a))
LW_OP(tanh, M(tanh)(a))
LW_OP(asinh, M(asinh)(a))
LW_OP(acosh, M(acosh)(a))
LW_OP(atanh, M(atanh)(a))
LW_OP(sigmoid, M(sigmoid)(a))
LW_OP(erf, M(erf)(a))
LW_OP(erfc, M(erfc)(a))
LW_OP(erfinv, erfinv_of(a))
LW_OP(lgamma, M(lgamma)(a))
LW_OP(digamma, digamma_of(a))
LW_OP(floor, M(floor)(a))
LW_OP(ceil, M(ceil)(a))
LW_OP(round, M(rint)(a))
LW_OP(trunc, M(trunc)(a))
LW_OP(isnan, a != a ? T(1) : T(0))
LW_OP(isinf, M(fabs)(a) == T(__builtin_inf()) ? T(1) : T(0))
LW_OP(isfinite, M(fabs)(a) < T(__builtin_inf()) ? T(1) : T(0))
LW_OP(gcd, greatest_common_divisor(a, b))
LW_OP(lcm, a == 0 || b == 0 ? T(0) : M(fabs)(a / greatest_common_divisor(a, b) * b))
// clang-format on

}  // namespace layerwise::NS
