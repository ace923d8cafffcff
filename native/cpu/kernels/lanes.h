// Vectors as wide as the instruction set has them, loads and stores of every dtype, and the few functions that the row
// kernels share. Everything lives in the namespace of the instruction set. No algorithms, no threads, no memory.
#pragma once
#include <immintrin.h>

#include "convert.h"

#if defined(__AVX512F__)
#define LW_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define LW_VECTOR_BYTES 32
#else
#define LW_VECTOR_BYTES 16
#endif
#define LW_STATIC static LW_INLINE

namespace layerwise::NS {

typedef float Floats __attribute__((vector_size(LW_VECTOR_BYTES)));
typedef double Doubles __attribute__((vector_size(LW_VECTOR_BYTES)));
typedef int32_t Ints __attribute__((vector_size(LW_VECTOR_BYTES)));
typedef uint32_t Uints __attribute__((vector_size(LW_VECTOR_BYTES)));
typedef uint16_t Shorts __attribute__((vector_size(LW_VECTOR_BYTES / 2)));

// compute<T>: the type in which a dtype is computed; lanes<T>: how many of them one vector holds.
template <class T> struct Traits { using compute = int64_t; };
template <> struct Traits<float> { using compute = float; using vector = Floats; };
template <> struct Traits<Half> { using compute = float; using vector = Floats; };
template <> struct Traits<Brain> { using compute = float; using vector = Floats; };
template <> struct Traits<double> { using compute = double; using vector = Doubles; };
template <class T> using compute = typename Traits<T>::compute;
template <class T> using vector = typename Traits<T>::vector;
template <class T> constexpr int64_t lanes = LW_VECTOR_BYTES / sizeof(compute<T>);
template <class T> constexpr bool is_integer = false;
template <> constexpr bool is_integer<uint8_t> = true;
template <> constexpr bool is_integer<int8_t> = true;
template <> constexpr bool is_integer<int16_t> = true;
template <> constexpr bool is_integer<int32_t> = true;
template <> constexpr bool is_integer<int64_t> = true;
template <> constexpr bool is_integer<bool> = true;

template <class A, class B> constexpr bool is_same = false;
template <class A> constexpr bool is_same<A, A> = true;

LW_STATIC int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
LW_STATIC int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
LW_STATIC int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// --- 16-bit floats ---------------------------------------------------------------------------------------------------

LW_STATIC Floats widen(Shorts bits, Brain) { return (Floats)(__builtin_convertvector(bits, Uints) << 16); }
LW_STATIC Shorts narrow(Floats x, Brain) {
  Uints bits = (Uints)x;
  Uints rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  Uints out = (Uints)(x != x ? (Ints)(Uints{} + 0x7fc0) : (Ints)rounded);
  return __builtin_convertvector(out, Shorts);
}

// Without F16C: a half's bits, moved into a float's place, are its value times 2^-112; multiplying restores it, and
// handles subnormals for free.
LW_STATIC Floats widen_bits(Uints half) {
  Uints magnitude = (half & 0x7fff) << 13;
  Floats scaled = (Floats)magnitude * 0x1p112f;
  Uints special = (Uints)(magnitude >= (Uints{} + (0x7c00u << 13))) & 0x7f800000u;
  return (Floats)((Uints)scaled | special | (half & 0x8000) << 16);
}
LW_STATIC Uints narrow_bits(Floats x) {
  Uints bits = (Uints)x;
  Uints sign = (bits >> 16) & 0x8000;
  Uints magnitude = bits & 0x7fffffff;
  Uints normal = (magnitude + 0xfff + ((magnitude >> 13) & 1) - (112u << 23)) >> 13;
  Uints subnormal = (Uints)((Floats)magnitude + 0.5f) - (Uints)(Floats{} + 0.5f);
  Uints out = magnitude < (Uints{} + (113u << 23)) ? subnormal : normal;
  out = magnitude >= (Uints{} + 0x477ff000u) ? Uints{} + 0x7c00 : out;
  out = magnitude > (Uints{} + 0x7f800000u) ? Uints{} + 0x7e00 : out;
  return out | sign;
}
LW_STATIC Floats widen(Shorts bits, Half) {
#if defined(__AVX512F__)
  return (Floats)_mm512_maskz_cvtph_ps((__mmask16)-1, (__m256i)bits);
#elif defined(__F16C__)
  return (Floats)_mm256_cvtph_ps((__m128i)bits);
#else
  return widen_bits(__builtin_convertvector(bits, Uints));
#endif
}
LW_STATIC Shorts narrow(Floats x, Half) {
#if defined(__AVX512F__)
  return (Shorts)_mm512_maskz_cvtps_ph((__mmask16)-1, (__m512)x, _MM_FROUND_TO_NEAREST_INT);
#elif defined(__F16C__)
  return (Shorts)_mm256_cvtps_ph((__m256)x, _MM_FROUND_TO_NEAREST_INT);
#else
  return __builtin_convertvector(narrow_bits(x), Shorts);
#endif
}
// --- one element -----------------------------------------------------------------------------------------------------

template <class T> LW_STATIC compute<T> get(const T* p) {
  if constexpr (is_same<T, Half>) return half_to_float(p->bits);
  else if constexpr (is_same<T, Brain>) return brain_to_float(p->bits);
  else return (compute<T>)*p;
}
template <class C> LW_STATIC bool is_nan(C x) {
  if constexpr (is_same<C, float> || is_same<C, double>) return x != x;
  else return false;
}
// Stores any number: floats round, integers wrap, bool is x != 0.
template <class T, class C> LW_STATIC void put(T* p, C x) {
  if constexpr (is_same<T, Half>) p->bits = float_to_half((float)x);
  else if constexpr (is_same<T, Brain>) p->bits = float_to_brain((float)x);
  else if constexpr (is_same<T, bool>) *p = x != 0;
  else if constexpr (is_integer<T> && (is_same<C, float> || is_same<C, double>)) *p = (T)(int64_t)x;
  else *p = (T)x;
}

// --- one vector ------------------------------------------------------------------------------------------------------

template <class T> LW_STATIC vector<T> load(const T* p) {
  if constexpr (sizeof(T) == 2) {
    Shorts bits;
    memcpy(&bits, p, sizeof bits);
    return widen(bits, T{});
  } else {
    vector<T> out;
    memcpy(&out, p, sizeof out);
    return out;
  }
}
template <class T> LW_STATIC void store(T* p, vector<T> x) {
  if constexpr (sizeof(T) == 2) {
    Shorts bits = narrow(x, T{});
    memcpy(p, &bits, sizeof bits);
  } else {
    memcpy(p, &x, sizeof x);
  }
}
// The first n < lanes elements; the others are `fill`.
template <class T> LW_STATIC vector<T> load_some(const T* p, int64_t n, compute<T> fill) {
#if defined(__AVX512F__)
  if constexpr (is_same<T, float>) {
    return (Floats)_mm512_mask_loadu_ps(_mm512_set1_ps(fill), (__mmask16)((1u << n) - 1), p);
  }
#endif
  vector<T> out = vector<T>{} + fill;
  for (int64_t i = 0; i < n; i++) out[i] = get(p + i);
  return out;
}
template <class T> LW_STATIC void store_some(T* p, vector<T> x, int64_t n) {
#if defined(__AVX512F__)
  if constexpr (is_same<T, float>) {
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)x);
    return;
  }
#endif
  for (int64_t i = 0; i < n; i++) put(p + i, x[i]);
}

// Stores past the cache, for results too large to be found there later. p is aligned; end_streaming() orders the
// stores.
template <class T> LW_STATIC void stream(T* p, vector<T> x) {
  if constexpr (sizeof(T) == 2) store(p, x);
#if defined(__AVX512F__)
  else _mm512_stream_si512((__m512i*)p, (__m512i)x);
#elif defined(__AVX2__)
  else _mm256_stream_si256((__m256i*)p, (__m256i)x);
#else
  else _mm_stream_si128((__m128i*)p, (__m128i)x);
#endif
}
LW_STATIC void end_streaming() { _mm_sfence(); }
// Whether rows of n elements at p should be streamed: larger than the cache will keep, and whole aligned vectors.
template <class T> LW_STATIC bool should_stream(const T* p, int64_t rows, int64_t n) {
  constexpr int64_t cache = 32 << 20;
  return sizeof(T) >= 4 && rows * n * (int64_t)sizeof(T) > cache && n % lanes<T> == 0 &&
         (uintptr_t)p % LW_VECTOR_BYTES == 0;
}

// Over all lanes, pairwise: a chain of 16 dependent additions would cost more than a short row.
LW_STATIC double sum_lanes(Doubles x) {
  constexpr int n = sizeof x / 8;
  double t[n];
  memcpy(t, &x, sizeof x);
#pragma GCC unroll 4
  for (int half = n / 2; half > 0; half /= 2) {
#pragma GCC unroll 8
    for (int i = 0; i < half; i++) t[i] += t[i + half];
  }
  return t[0];
}
LW_STATIC double sum_lanes(Floats x) {
  constexpr int n = sizeof x / 8;
  float halves[2][n];
  memcpy(halves, &x, sizeof x);
  Doubles t;
  for (int i = 0; i < n; i++) t[i] = (double)halves[0][i] + (double)halves[1][i];
  return sum_lanes(t);
}
template <class V> LW_STATIC auto max_lanes(V x) {
  constexpr int n = sizeof x / sizeof x[0];
  decltype(x[0] + x[0]) t[n];
  memcpy(t, &x, sizeof x);
#pragma GCC unroll 4
  for (int half = n / 2; half > 0; half /= 2) {
#pragma GCC unroll 8
    for (int i = 0; i < half; i++) t[i] = t[i + half] > t[i] ? t[i + half] : t[i];
  }
  return t[0];
}
template <class V> LW_STATIC V max_of(V a, V b) { return a > b ? a : b; }
// The larger one; a NaN on either side wins.
template <class V> LW_STATIC V max_or_nan(V a, V b) { return (b > a) | (b != b) ? b : a; }
template <class V> LW_STATIC V min_or_nan(V a, V b) { return (b < a) | (b != b) ? b : a; }
LW_STATIC Floats abs_of(Floats x) { return (Floats)((Uints)x & 0x7fffffffu); }
LW_STATIC Doubles abs_of(Doubles x) { return x < 0 ? -x : x; }

// e^x within 1.5 ulp; 0 below -104, infinity above 88.73, NaN stays. Cody-Waite reduction, then a degree-6 polynomial.
LW_STATIC Floats exp_of(Floats x) {
  x = x > 89.0f ? Floats{} + 89.0f : x;
  x = x < -104.0f ? Floats{} - 104.0f : x;
  const Floats magic = Floats{} + 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer in the low bits
  Floats shifted = x * 1.44269504089f + magic;
  Floats n = shifted - magic;
  Floats r = x - n * 0.693145751953125f;
  r = r - n * 1.42860682030941723e-6f;
  Floats p = Floats{} + 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  Ints e = (Ints)shifted - (Ints)magic;
  Ints e1 = e >> 1;
  Ints e2 = e - e1;
  return p * (Floats)((e1 + 127) << 23) * (Floats)((e2 + 127) << 23);
}
LW_STATIC Doubles exp_of(Doubles x) {
  for (size_t i = 0; i < sizeof x / 8; i++) x[i] = __builtin_exp(x[i]);
  return x;
}

// --- dispatch --------------------------------------------------------------------------------------------------------

template <class T> struct Tag { using type = T; };

// Calls f(Tag<T>) for the element type of a floating dtype; false for any other.
template <class F> LW_STATIC bool with_float(Dtype dtype, F f) {
  switch (dtype) {
    case kFloat32: f(Tag<float>{}); return true;
    case kFloat64: f(Tag<double>{}); return true;
    case kFloat16: f(Tag<Half>{}); return true;
    case kBfloat16: f(Tag<Brain>{}); return true;
    default: return false;
  }
}
template <class F> LW_STATIC bool with_any(Dtype dtype, F f) {
  switch (dtype) {
    case kUint8: f(Tag<uint8_t>{}); return true;
    case kInt8: f(Tag<int8_t>{}); return true;
    case kInt16: f(Tag<int16_t>{}); return true;
    case kInt32: f(Tag<int32_t>{}); return true;
    case kInt64: f(Tag<int64_t>{}); return true;
    case kBool: f(Tag<bool>{}); return true;
    default: return with_float(dtype, f);
  }
}
}  // namespace layerwise::NS
