// Arithmetic behind random.cc: the types of elements, one-rounding multiply-add, and the logarithm, sine and cosine
// that PyTorch's float normals are made of. For random.cc alone: its results rest on that file's compiler options.
#pragma once
#include "../kernel.h"
#include <immintrin.h>

namespace layerwise {
namespace {

struct Half { uint16_t bits; };
struct Bfloat16 { uint16_t bits; };

template <class To, class From> inline To bits_as(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  __builtin_memcpy(&to, &from, sizeof to);
  return to;
}

template <class P> struct Pointed;
template <class T> struct Pointed<T*> { using Type = T; };

// ---- one rounding for a*b + c ---------------------------------------------------------------------------------------

inline double fused(double a, double b, double c) { return __builtin_fma(a, b, c); }
#ifdef __FMA__
inline float fused(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
#else
// The product of two floats is exact in double; the sum is rounded to odd there (Boldo and Melquiond 2008), so that the
// final rounding to float sees every bit it needs.
inline float fused(float a, float b, float c) {
  const double product = (double)a * (double)b;
  const double addend = (double)c;
  const double sum = product + addend;
  const double back = sum - product;
  const double error = (product - (sum - back)) + (addend - back);
  const int64_t bits = bits_as<int64_t>(sum);
  const bool to_odd = error != 0 && (bits & 1) == 0;
  const int64_t step = (error > 0) == (sum > 0) ? 1 : -1;
  return (float)bits_as<double>(to_odd ? bits + step : bits);
}
#endif

// ---- conversions ----------------------------------------------------------------------------------------------------

inline float half_to_float(uint16_t half) {
  const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
  const uint32_t magnitude = half & 0x7fff;
  if (magnitude >= 0x7c00) return bits_as<float>(sign | 0x7f800000 | (magnitude << 13));
  if (magnitude >= 0x0400) return bits_as<float>(sign | ((magnitude << 13) + 0x38000000));
  return bits_as<float>(sign | bits_as<uint32_t>((float)magnitude * 0x1p-24f));
}

inline uint16_t float_to_half(float value) {
  const uint32_t bits = bits_as<uint32_t>(value);
  const uint32_t sign = (bits >> 16) & 0x8000;
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return (uint16_t)(sign | 0x7e00);
  if (magnitude >= 0x47800000) return (uint16_t)(sign | 0x7c00);
  if (magnitude < 0x38800000) {
    // Adding 0.5 puts the half's last place where float rounds.
    const float shifted = bits_as<float>(magnitude) + 0.5f;
    return (uint16_t)(sign | (bits_as<uint32_t>(shifted) - 0x3f000000));
  }
  return (uint16_t)(sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >> 13) & 1)) >> 13));
}

inline uint16_t float_to_bfloat16(float value) {
  const uint32_t bits = bits_as<uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return 0x7fc0;
  return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

inline float load(float value) { return value; }
inline double load(double value) { return value; }
inline float load(Half value) { return half_to_float(value.bits); }
inline float load(Bfloat16 value) { return bits_as<float>((uint32_t)value.bits << 16); }

// The type in which PyTorch computes for a type of element, and the way there and back.
template <class T> struct Element {
  using Compute = T;
  static T store(T value) { return value; }
  static T from_double(double value) { return (T)value; }
  static T from_integer(int64_t value) { return (T)value; }
};
template <> struct Element<Half> {
  using Compute = float;
  static Half store(float value) { return {float_to_half(value)}; }
  static Half from_double(double value) { return store((float)value); }
  static Half from_integer(int64_t value) { return store((float)value); }
};
template <> struct Element<Bfloat16> {
  using Compute = float;
  static Bfloat16 store(float value) { return {float_to_bfloat16(value)}; }
  static Bfloat16 from_double(double value) { return store((float)value); }
  static Bfloat16 from_integer(int64_t value) { return store((float)value); }
};

// Call body with a null pointer of the element's type.
template <class F> void for_floating(Context* context, Dtype dtype, F body) {
  switch (dtype) {
    case kFloat32: return body((float*)nullptr);
    case kFloat64: return body((double*)nullptr);
    case kFloat16: return body((Half*)nullptr);
    case kBfloat16: return body((Bfloat16*)nullptr);
    default: context->fail(context, "random: this distribution fills float16, bfloat16, float32 and float64 only");
  }
}

template <class F> void for_any(Context* context, Dtype dtype, F body) {
  switch (dtype) {
    case kBool: return body((bool*)nullptr);
    case kUint8: return body((uint8_t*)nullptr);
    case kInt8: return body((int8_t*)nullptr);
    case kInt16: return body((int16_t*)nullptr);
    case kInt32: return body((int32_t*)nullptr);
    case kInt64: return body((int64_t*)nullptr);
    default: return for_floating(context, dtype, body);
  }
}

// ---- eight floats ---------------------------------------------------------------------------------------------------

// The width of PyTorch's block of normals: eight radii, eight angles.
typedef float Eight __attribute__((vector_size(32)));
typedef int32_t EightInts __attribute__((vector_size(32)));
typedef uint32_t EightWords __attribute__((vector_size(32)));

#ifdef __FMA__
LW_INLINE Eight fused(Eight a, Eight b, Eight c) { return (Eight)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
LW_INLINE Eight square_root(Eight x) { return (Eight)_mm256_sqrt_ps((__m256)x); }
#else
// The pair of floats i as doubles.
LW_INLINE __m128d pair(const Eight& x, int i) {
  return _mm_cvtps_pd(_mm_loadl_pi(_mm_setzero_ps(), (const __m64*)&x + i));
}

LW_INLINE Eight fused(Eight a, Eight b, Eight c) {
  Eight result;
  // Rounding twice goes wrong only from halfway between two floats: where the 29 bits that float lacks are 1000...
  const __m128i lacking = _mm_set1_epi64x((1 << 29) - 1);
  const __m128i middle = _mm_set_epi32(-1, 1 << 28, -1, 1 << 28);
  __m128i halfway = _mm_setzero_si128();
  for (int i = 0; i < 4; i++) {
    const __m128d sum = _mm_add_pd(_mm_mul_pd(pair(a, i), pair(b, i)), pair(c, i));
    const __m128i tail = _mm_and_si128(_mm_castpd_si128(sum), lacking);
    halfway = _mm_or_si128(halfway, _mm_cmpeq_epi32(tail, middle));
    _mm_storel_pi((__m64*)&result + i, _mm_cvtpd_ps(sum));
  }
  if (__builtin_expect(_mm_movemask_epi8(halfway), 0)) {
    for (int i = 0; i < 8; i++) result[i] = fused(a[i], b[i], c[i]);
  }
  return result;
}
LW_INLINE Eight square_root(Eight x) {
  __m128 halves[2];
  __builtin_memcpy(halves, &x, sizeof halves);
  halves[0] = _mm_sqrt_ps(halves[0]);
  halves[1] = _mm_sqrt_ps(halves[1]);
  __builtin_memcpy(&x, halves, sizeof x);
  return x;
}
#endif

LW_INLINE Eight eight(float value) { return value - Eight{}; }
LW_INLINE Eight fused(Eight a, Eight b, float c) { return fused(a, b, eight(c)); }
LW_INLINE Eight fused(Eight a, float b, Eight c) { return fused(a, eight(b), c); }

// Cephes' logf for x in (0, 1], and its sinf and cosf for x in [0, 2 pi], rounded where PyTorch's AVX2 code rounds.
static LW_INLINE Eight cephes_log(Eight x) {
  const EightInts bits = (EightInts)x;
  Eight mantissa = (Eight)((bits & 0x007fffff) | 0x3f000000);
  const EightInts small = mantissa < 0.707106781186547524f;
  const Eight exponent = __builtin_convertvector((bits >> 23) - 126 + small, Eight);
  mantissa = (mantissa - 1.0f) + (Eight)((EightInts)mantissa & small);
  const Eight square = mantissa * mantissa;
  Eight y = eight(7.0376836292E-2f);
  y = fused(y, mantissa, -1.1514610310E-1f);
  y = fused(y, mantissa, 1.1676998740E-1f);
  y = fused(y, mantissa, -1.2420140846E-1f);
  y = fused(y, mantissa, 1.4249322787E-1f);
  y = fused(y, mantissa, -1.6668057665E-1f);
  y = fused(y, mantissa, 2.0000714765E-1f);
  y = fused(y, mantissa, -2.4999993993E-1f);
  y = fused(y, mantissa, 3.3333331174E-1f);
  y = fused(y * mantissa, square, exponent * -2.12194440e-4f);
  y = y - square * 0.5f;
  return fused(exponent, 0.693359375f, mantissa + y);
}

LW_INLINE void cephes_sin_cos(Eight x, Eight* sin, Eight* cos) {
  const EightInts octant = (__builtin_convertvector(x * 1.27323954473516f, EightInts) + 1) & ~1;
  const Eight y = __builtin_convertvector(octant, Eight);
  x = fused(y, -0.78515625f, x);
  x = fused(y, -2.4187564849853515625e-4f, x);
  x = fused(y, -3.77489497744594108e-8f, x);
  const Eight square = x * x;
  Eight even = eight(2.443315711809948E-005f);
  even = fused(even, square, -1.388731625493765E-003f);
  even = fused(even, square, 4.166664568298827E-002f);
  even = fused(even * square, square, square * -0.5f) + 1.0f;
  Eight odd = eight(-1.9515295891E-4f);
  odd = fused(odd, square, 8.3321608736E-3f);
  odd = fused(odd, square, -1.6666654611E-1f);
  odd = fused(odd * square, x, x);
  const EightInts straight = (octant & 2) == 0;
  const EightInts sin_bits = ((EightInts)odd & straight) | ((EightInts)even & ~straight);
  const EightInts cos_bits = ((EightInts)even & straight) | ((EightInts)odd & ~straight);
  *sin = (Eight)(sin_bits ^ ((octant & 4) << 29));
  *cos = (Eight)(cos_bits ^ ((~(octant - 2) & 4) << 29));
}

}  // namespace
}  // namespace layerwise
