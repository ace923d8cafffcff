// Mathematical functions of float32 as branch-free expressions, so that a loop over them vectorises. At most 2 ulp on
// the whole range, with the usual values at infinities, zeros, subnormals and NaN. The most used ones work in float32
// alone; the others work in float64, whose 29 spare bits make cancellation harmless. Polynomials are minimax fits
// (Remez) over the stated ranges.
#pragma once
#include "convert.h"

namespace layerwise::NS {

constexpr float kInfinity = __builtin_inff();
constexpr float kNan = __builtin_nanf("");
constexpr double kLn2 = 0.693147180559945309417;
constexpr double kLog2e = 1.442695040888963407360;
constexpr double kPi = 3.141592653589793238463;

// Adding and subtracting 1.5 * 2^23 (2^52 for double) rounds to an integer, and leaves it in the low bits of the sum.
constexpr float kRoundFloat = 12582912.0f;
constexpr double kRoundDouble = 6755399441055744.0;

// a*x + b chains, highest power first.
template <class T> LW_INLINE T horner(T, T c) { return c; }
template <class T, class... Rest> LW_INLINE T horner(T x, T c, T next, Rest... rest) {
  return horner(x, T(c * x + next), rest...);
}

// ---- rounding -------------------------------------------------------------------------------------------------------

#if defined(__SSE4_1__)
LW_INLINE float fast_floor(float x) { return __builtin_floorf(x); }
LW_INLINE float fast_ceil(float x) { return __builtin_ceilf(x); }
LW_INLINE float fast_trunc(float x) { return __builtin_truncf(x); }
LW_INLINE float fast_rint(float x) { return __builtin_rintf(x); }
LW_INLINE double fast_trunc(double x) { return __builtin_trunc(x); }
LW_INLINE double fast_floor(double x) { return __builtin_floor(x); }
#else
// The baseline has no rounding instruction. From 2^23 on every float is whole; below, it fits an int32.
LW_INLINE float fast_trunc(float x) {
  const float whole = __builtin_copysignf(float(int32_t(x)), x);
  return __builtin_fabsf(x) < 8388608.0f ? whole : x;
}
LW_INLINE float fast_floor(float x) {
  const float t = fast_trunc(x);
  return t > x ? t - 1 : t;
}
LW_INLINE float fast_ceil(float x) {
  const float t = fast_trunc(x);
  return t < x ? __builtin_copysignf(t + 1, x) : t;
}
LW_INLINE float fast_rint(float x) {
  const float size = __builtin_fabsf(x);
  const float whole = __builtin_copysignf((size + 8388608.0f) - 8388608.0f, x);
  return size < 8388608.0f ? whole : x;
}
LW_INLINE double fast_trunc(double x) {
  const double size = __builtin_fabs(x);
  double whole = (size + 4503599627370496.0) - 4503599627370496.0;
  whole = whole > size ? whole - 1 : whole;
  return size < 4503599627370496.0 ? __builtin_copysign(whole, x) : x;
}
LW_INLINE double fast_floor(double x) {
  const double t = fast_trunc(x);
  return t > x ? t - 1 : t;
}
#endif

// ---- float32 throughout ---------------------------------------------------------------------------------------------

// 2^n for n in [-252, 254] times y, rounding once even when the result is subnormal.
LW_INLINE float scale(float y, int32_t n) {
  const int32_t half = n >> 1;
  const float first = bits_of<float>((half + 127) << 23);
  const float second = bits_of<float>((n - half + 127) << 23);
  return y * first * second;
}

// exp(x) = 2^n * y for |x| <= 105.
LW_INLINE float exp_mantissa(float x, int32_t* n) {
  const float shifted = x * float(kLog2e) + kRoundFloat;
  const float whole = shifted - kRoundFloat;
  // ln 2 in two parts; n times the first, which has 16 bits, is exact.
  float r = x - whole * 0.693145751953125f;
  r = r - whole * 1.42860682e-6f;
  const float q = horner(r, 0.000199183126f, 0.00139460746f, 0.00833326449f, 0.0416662699f, 0.166666669f, 0.5f);
  *n = bits_of<int32_t>(shifted) - bits_of<int32_t>(kRoundFloat);
  return (q * r * r + r) + 1.0f;
}

LW_INLINE float fast_exp(float x0) {
  // Outside of this range the result is 0 or infinity anyway; a NaN fails both comparisons and stays.
  float x = x0 < -105.0f ? -105.0f : x0;
  x = x > 90.0f ? 90.0f : x;
  int32_t n;
  const float y = exp_mantissa(x, &n);
  return scale(y, n);
}

// Where the result is known to be a normal number: |x| < 87.
LW_INLINE float exp_within(float x) {
  int32_t n;
  const float y = exp_mantissa(x, &n);
  return y * bits_of<float>((n + 127) << 23);
}

LW_INLINE float fast_exp2(float x0) {
  float x = x0 < -151.0f ? -151.0f : x0;
  x = x > 129.0f ? 129.0f : x;
  const float shifted = x + kRoundFloat;
  const float r = x - (shifted - kRoundFloat);
  const float q = horner(r, 1.53149503e-5f, 0.000154671366f, 0.00133334308f, 0.00961803683f, 0.0555041096f,
                         0.240226511f, 0.693147181f);
  return scale(q * r + 1.0f, bits_of<int32_t>(shifted) - bits_of<int32_t>(kRoundFloat));
}

LW_INLINE float fast_log(float x) {
  const bool is_subnormal = x < 0x1p-126f;
  const float normal = is_subnormal ? x * 0x1p23f : x;
  // Split into 2^e * m with m in [sqrt(1/2), sqrt(2)).
  const int32_t bits = bits_of<int32_t>(normal) - 0x3F3504F3;
  const float e = float(bits >> 23) - (is_subnormal ? 23.0f : 0.0f);
  const float f = bits_of<float>((bits & 0x7FFFFF) + 0x3F3504F3) - 1.0f;
  const float p = horner(f, 0.0692765378f, -0.118083721f, 0.118773324f, -0.123816751f, 0.142177866f, -0.166693674f,
                         0.200022693f, -0.249999851f, 0.333333099f);
  const float square = f * f;
  // Small terms first; e times the first part of ln 2 is exact.
  float y = p * f * square + e * 1.42860682e-6f;
  y = y - 0.5f * square;
  y = (y + f) + e * 0.693145751953125f;
  y = x == kInfinity ? x : y;
  y = x == 0 ? -kInfinity : y;
  return x < 0 ? kNan : x != x ? x : y;
}

LW_INLINE float fast_tanh(float x) {
  const float size = __builtin_fabsf(x);
  const float z = x * x;
  const float small =
      x + x * z * horner(z, 0.00239900042f, -0.00841679435f, 0.021783768f, -0.0539597924f, 0.133332946f, -0.333333327f);
  const float cut = size > 10.0f ? 10.0f : size;  // beyond, tanh rounds to 1
  const float large = 1.0f - 2.0f / (exp_within(cut + cut) + 1.0f);
  return __builtin_copysignf(size < 0.55f ? small : large, x);  // -0 stays -0
}

LW_INLINE float fast_sigmoid(float x) {
  const float e = fast_exp(-__builtin_fabsf(x));
  return (x < 0 ? e : 1.0f) / (1.0f + e);
}

LW_INLINE float fast_erf(float x) {
  const float size = __builtin_fabsf(x);
  const float z = x * x;
  const float small = x + x * horner(z, 8.34519771e-5f, -0.000813743094f, 0.00520063372f, -0.0268592706f, 0.112836939f,
                                     -0.376126337f, 0.128379167f);
  // log(erfc(t)) on [0.92, 4]; beyond, 1 - erfc(t) rounds to 1.
  const float t = size > 4.0f ? 4.0f : size;
  const float q = horner(t, -2.11618989e-5f, 0.000435218777f, -0.00417464243f, 0.0251286229f, -0.108293944f,
                         -0.633334656f, -1.12952082f, 0.000175874309f);
  const float large = __builtin_copysignf(1.0f - exp_within(q), x);
  return size < 0.93f ? small : x != x ? x : large;
}

LW_INLINE float fast_nextafter(float a, float b) {
  const int32_t bits = bits_of<int32_t>(a);
  const bool grows = (a < b) == (a > 0);  // away from zero
  const float tiny = __builtin_copysignf(bits_of<float>(1), b);
  const float stepped = a == 0 ? tiny : bits_of<float>(grows ? bits + 1 : bits - 1);
  return a != a || b != b ? a + b : a == b ? b : stepped;
}

// ---- through float64 ------------------------------------------------------------------------------------------------

// exp(x) = 2^n * (1 + p) for |x| <= 700.
struct ExpParts {
  double p;      // expm1 of the rest, exact to 2^-49 relative
  double power;  // 2^n
};
LW_INLINE ExpParts exp_parts(double x) {
  const double shifted = x * kLog2e + kRoundDouble;
  const double n = shifted - kRoundDouble;
  double r = x - n * 0.693147180369123816490;  // 32 bits: the product is exact
  r = r - n * 1.90821492927058770002e-10;
  const double q = horner(r, 2.7631466425255334e-7, 2.763076593362766e-6, 2.4801491150279404e-5, 0.00019841195674908858,
                          0.0013888888943515016, 0.0083333333628430645, 0.0416666666665415, 0.16666666666630173,
                          0.50000000000000074);
  const uint64_t biased = bits_of<uint64_t>(shifted) - bits_of<uint64_t>(kRoundDouble) + 1023;
  return {q * r * r + r, bits_of<double>(biased << 52)};
}
// What leaves float32's range on either side is cut off far beyond it. A NaN stays.
LW_INLINE double clamp_exponent(double x) {
  const double low = x < -160.0 ? -160.0 : x;
  return low > 160.0 ? 160.0 : low;
}
LW_INLINE double exp_double(double x) {
  const ExpParts e = exp_parts(clamp_exponent(x));
  return e.power + e.power * e.p;
}
LW_INLINE double expm1_double(double x) {
  const ExpParts e = exp_parts(clamp_exponent(x));
  return e.power * e.p + (e.power - 1.0);
}

// log of a positive normal double, or log1p(rest) = log(u) where u = 1 + rest was rounded.
LW_INLINE double log_parts(double u, double rest, bool has_rest, double* exponent) {
  const uint64_t offset = 0x3FE6A09E667F3BCDull;  // sqrt(1/2)
  const uint64_t bits = bits_of<uint64_t>(u) - offset + (1023ull << 52);
  const uint64_t biased = bits >> 52;
  // An integer below 2^52 becomes a double by way of 2^52's bits: cheaper than a conversion where AVX-512 is missing.
  const double e = bits_of<double>(biased | 0x4330000000000000ull) - (4503599627370496.0 + 1023.0);
  const double m = bits_of<double>((bits & 0xFFFFFFFFFFFFFull) + offset);
  double f = m - 1.0;
  if (has_rest) f = e == 0 ? rest : f;
  const double s = f / (2.0 + f);
  const double z = s * s;
  const double a = horner(z, 0.084137122299233588, 0.090615180122259428, 0.11111694768851584, 0.14285708446789258,
                          0.20000000026810412, 0.33333333333292377);
  *exponent = e;
  return 2.0 * s + 2.0 * s * z * a;
}
LW_INLINE double log_double(double x) {
  double e;
  const double m = log_parts(x, 0, false, &e);
  return e * kLn2 + m;
}
LW_INLINE double log1p_double(double y) {
  double e;
  const double m = log_parts(1.0 + y, y, true, &e);
  return e * kLn2 + m;
}

// The values that a logarithm of x takes where its formula does not hold.
LW_INLINE float log_specials(float x, double y) {
  float result = float(y);
  result = x == kInfinity ? x : result;
  result = x == 0 ? -kInfinity : result;
  return x < 0 ? kNan : x != x ? x : result;
}
LW_INLINE float fast_log2(float x) {
  double e;
  const double m = log_parts(double(x), 0, false, &e);
  return log_specials(x, e + m * kLog2e);
}
LW_INLINE float fast_log10(float x) {
  double e;
  const double m = log_parts(double(x), 0, false, &e);
  return log_specials(x, e * 0.301029995663981195214 + m * 0.434294481903251827651);
}
LW_INLINE float fast_log1p(float x) {
  float result = float(log1p_double(double(x)));
  result = x == kInfinity || x == 0 ? x : result;  // keeps -0
  result = x == -1 ? -kInfinity : result;
  return x < -1 ? kNan : x != x ? x : result;
}
LW_INLINE float fast_expm1(float x) {
  const float result = float(expm1_double(double(x)));
  return x == 0 ? x : result;
}
LW_INLINE float fast_sinh(float x) {
  const double e = expm1_double(__builtin_fabs(double(x)));
  return __builtin_copysignf(float(0.5 * (e + e / (e + 1.0))), x);
}
LW_INLINE float fast_cosh(float x) {
  const double e = exp_double(__builtin_fabs(double(x)));
  return float(0.5 * e + 0.5 / e);
}
LW_INLINE float fast_asinh(float x) {
  const double a = __builtin_fabs(double(x));
  const double y = log1p_double(a + a * a / (1.0 + __builtin_sqrt(a * a + 1.0)));
  const float result = __builtin_copysignf(float(y), x);
  return x != x || a == __builtin_inf() ? x : result;
}
LW_INLINE float fast_acosh(float x) {
  const double t = double(x) - 1.0;
  const float result = float(log1p_double(t + __builtin_sqrt(t * (t + 2.0))));
  return x < 1 ? kNan : x != x || x == kInfinity ? x : result;
}
LW_INLINE float fast_atanh(float x) {
  const double a = __builtin_fabs(double(x));
  const float result = __builtin_copysignf(float(0.5 * log1p_double(2.0 * a / (1.0 - a))), x);
  return a > 1 ? kNan : a == 1 ? __builtin_copysignf(kInfinity, x) : x != x ? x : result;
}

// The angle's rest after multiples of pi/2, and which multiple. Good to float32 for |x| <= kMostAngle.
constexpr float kMostAngle = 1048576.0f;
LW_INLINE double reduce_angle(float x, uint64_t* quadrant) {
  const double wide = double(x);
  const double shifted = wide * 0.636619772367581343076 + kRoundDouble;
  const double n = shifted - kRoundDouble;
  *quadrant = bits_of<uint64_t>(shifted);
  // pi/2 in parts of 33 bits: the first product is exact.
  double r = wide - n * 1.57079632673412561417;
  r = r - n * 6.07710050630396597660e-11;
  return r - n * 2.02226624879595063154e-21;
}
LW_INLINE double sin_double(double r) {
  const double z = r * r;
  return r + r * z *
                 horner(z, 1.589650445910065e-10, -2.5050753257594097e-8, 2.7557313662027397e-6,
                        -0.00019841269829725188, 0.0083333333333223153, -0.16666666666666632);
}
LW_INLINE double cos_double(double r) {
  const double z = r * r;
  return 1.0 - 0.5 * z +
         z * z *
             horner(z, 2.0647284913536197e-9, -2.7555560190501934e-7, 2.4801580934057662e-5, -0.0013888888878190325,
                    0.041666666666601621);
}
LW_INLINE double negate_if(double x, uint64_t sign_bit) {
  return bits_of<double>(bits_of<uint64_t>(x) ^ (sign_bit << 63));
}
LW_INLINE float fast_sin(float x) {
  uint64_t quadrant;
  const double r = reduce_angle(x, &quadrant);
  const double s = sin_double(r), c = cos_double(r);
  const float result = float(negate_if(quadrant & 1 ? c : s, quadrant >> 1 & 1));
  return x == 0 ? x : result;
}
LW_INLINE float fast_cos(float x) {
  uint64_t quadrant;
  const double r = reduce_angle(x, &quadrant);
  const double s = sin_double(r), c = cos_double(r);
  return float(negate_if(quadrant & 1 ? s : c, (quadrant >> 1 ^ quadrant) & 1));
}
LW_INLINE float fast_tan(float x) {
  uint64_t quadrant;
  const double r = reduce_angle(x, &quadrant);
  const double s = sin_double(r), c = cos_double(r);
  const bool is_odd = quadrant & 1;
  const float result = float((is_odd ? -c : s) / (is_odd ? s : c));
  return x == 0 ? x : result;
}

// atan for x >= 0, infinity included.
LW_INLINE double atan_double(double x) {
  const bool is_steep = x > 1.0;
  const double y = is_steep ? 1.0 / x : x;
  const bool is_upper = y > 0.41421356237309503;  // tan(pi/8)
  const double u = is_upper ? (y - 1.0) / (y + 1.0) : y;
  const double z = u * u;
  const double a =
      u + u * z *
              horner(z, 0.0308577077443197, -0.058887019230835663, 0.075679349210737023, -0.090790575176165738,
                     0.11110444194578547, -0.14285693373945327, 0.19999999681617854, -0.33333333331672984);
  const double b = is_upper ? 0.25 * kPi + a : a;
  return is_steep ? 0.5 * kPi - b : b;
}
LW_INLINE float fast_atan(float x) {
  const float result = __builtin_copysignf(float(atan_double(__builtin_fabs(double(x)))), x);
  return x != x ? x : result;
}
// y and x as in C's atan2.
LW_INLINE float fast_atan2(float y, float x) {
  const double b = __builtin_fabs(double(y)), a = __builtin_fabs(double(x));
  const bool are_equal = a == b;  // also 0/0 and infinity/infinity, whose angles are those of 0 or pi/4
  const double angle = are_equal ? (b == 0 ? 0.0 : 0.25 * kPi) : atan_double(b / a);
  const double turned = bits_of<int32_t>(x) < 0 ? kPi - angle : angle;
  return x != x || y != y ? kNan : __builtin_copysignf(float(turned), y);
}
// asin on [0, 0.5].
LW_INLINE double asin_double(double x) {
  const double z = x * x;
  return x + x * z *
                 horner(z, 0.031596045036618177, -0.007410431158740255, 0.017967077435051441, 0.012541742631033581,
                        0.017550705146234802, 0.022354771854145061, 0.030382882065030808, 0.044642828228139704,
                        0.075000000440206691, 0.16666666666434995);
}
LW_INLINE float fast_asin(float x) {
  const double a = __builtin_fabs(double(x));
  const bool is_large = a > 0.5;
  const double s = asin_double(is_large ? __builtin_sqrt(0.5 * (1.0 - a)) : a);
  const float result = __builtin_copysignf(float(is_large ? 0.5 * kPi - 2.0 * s : s), x);
  return a > 1 ? kNan : x != x ? x : result;
}
LW_INLINE float fast_acos(float x) {
  const double a = __builtin_fabs(double(x));
  const bool is_large = a > 0.5;
  const double s = asin_double(is_large ? __builtin_sqrt(0.5 * (1.0 - a)) : a);
  const double positive = is_large ? 2.0 * s : 0.5 * kPi - s;
  const float result = float(x < 0 ? kPi - positive : positive);
  return a > 1 ? kNan : x != x ? x : result;
}

// erfc(x) = exp(-x^2) * t * G(t) with t = 1 / (1 + x/2) for x >= 0.5; below, 1 - erf(x).
LW_INLINE float fast_erfc(float x) {
  const double wide = double(x);
  const double a = __builtin_fabs(wide);
  const double z = wide * wide;
  const double near = 1.0 - wide * horner(z, -1.3314936830423814e-5, 0.00011988681702929475, -0.00085468760802639159,
                                          0.0052239600564575111, -0.02686616948764961, 0.11283791667206547,
                                          -0.37612638903137482, 1.1283791670955116);
  const double cut = a > 10.5 ? 10.5 : a;
  const double t = 1.0 / (1.0 + 0.5 * cut);
  const double v = t - 0.47936507936507937;
  const double g = horner(v, 0.032324532964815874, 0.038657551513713708, -0.065924131233896886, -0.017842868938309279,
                          0.080877870944448792, -0.025082091259162019, -0.081798592548124303, 0.067394977205152567,
                          0.090157466755049219, -0.11539127019814716, -0.16077538877259468, 0.15951435853040855,
                          0.54949012417796018, 0.6642853036517621, 0.49684853325930383);
  const double tail = exp_double(-cut * cut) * t * g;
  const double far = x < 0 ? 2.0 - tail : tail;
  return x != x ? x : float(a < 0.5 ? near : far);
}

LW_INLINE float fast_hypot(float a, float b) {
  const double x = double(a), y = double(b);
  const float result = float(__builtin_sqrt(x * x + y * y));
  const bool is_infinite = __builtin_fabsf(a) == kInfinity || __builtin_fabsf(b) == kInfinity;
  return is_infinite ? kInfinity : result;
}

LW_INLINE float fast_pow(float base, float exponent) {
  const double y = double(exponent);
  const double a = __builtin_fabs(double(base));
  double e;
  const double m = log_parts(a, 0, false, &e);
  double log2_base = e + m * kLog2e;
  log2_base = a == 0 ? -__builtin_inf() : a == __builtin_inf() ? a : log2_base;
  float result = float(exp_double(y * log2_base * kLn2));
  const bool is_whole = fast_trunc(exponent) == exponent;
  const bool is_odd = is_whole && fast_trunc(0.5f * exponent) != 0.5f * exponent;
  const bool is_negative = bits_of<int32_t>(base) < 0;
  result = is_negative && is_odd ? -result : result;
  result = base < 0 && !is_whole && a != __builtin_inf() ? kNan : result;
  const bool is_infinite_exponent = __builtin_fabsf(exponent) == kInfinity;
  result = is_infinite_exponent && a == 1 ? 1.0f : result;
  result = base != base || exponent != exponent ? kNan : result;
  return exponent == 0 || base == 1 ? 1.0f : result;
}

// C's fmod for |a / b| < kMostQuotient: the quotient and its product with b are then exact in double.
constexpr float kMostQuotient = 268435456.0f;
LW_INLINE float fast_fmod(float a, float b) {
  const double x = __builtin_fabs(double(a)), y = __builtin_fabs(double(b));
  double r = x - fast_trunc(x / y) * y;
  r = r < 0 ? r + y : r;  // the quotient was rounded up to the next integer
  const float result = __builtin_copysignf(float(r), a);
  return y == __builtin_inf() && x < __builtin_inf() ? a : result;
}

}  // namespace layerwise::NS
