// Bytes that stand for numbers, a vector of lanes at a time: widened, rounded, narrowed. Knows no scales and no layouts.
#pragma once
#include "lanes.h"

namespace layerwise::NS {

constexpr int kCodeLanes = LW_VECTOR_BYTES / 4;
constexpr int64_t kTaskBytes = 16 << 10;  // read by one task, at least: about two microseconds
typedef uint8_t LaneBytes __attribute__((vector_size(kCodeLanes)));

template <class T> LW_STATIC Ints widened(const T* p) {
#if defined(__AVX512F__)
  const __m128i bytes = _mm_loadu_si128((const __m128i*)p);
  return (Ints)(T(-1) > T(0) ? _mm512_cvtepu8_epi32(bytes) : _mm512_cvtepi8_epi32(bytes));
#elif defined(__AVX2__)
  const __m128i bytes = _mm_loadl_epi64((const __m128i*)p);
  return (Ints)(T(-1) > T(0) ? _mm256_cvtepu8_epi32(bytes) : _mm256_cvtepi8_epi32(bytes));
#else
  return (Ints){p[0], p[1], p[2], p[3]};
#endif
}

LW_STATIC void narrow_into(void* p, Ints x) {
#if defined(__AVX512F__)
  _mm_storeu_si128((__m128i*)p, _mm512_cvtepi32_epi8((__m512i)x));
#else
  const LaneBytes bytes = __builtin_convertvector(x, LaneBytes);
  memcpy(p, &bytes, sizeof bytes);
#endif
}

LW_STATIC Ints nearest(Floats x) {
#if defined(__AVX512F__)
  return (Ints)_mm512_cvtps_epi32((__m512)x);
#elif defined(__AVX2__)
  return (Ints)_mm256_cvtps_epi32((__m256)x);
#else
  return (Ints)_mm_cvtps_epi32((__m128)x);
#endif
}
LW_STATIC int32_t nearest_of(float x) { return _mm_cvtss_si32(_mm_set_ss(x)); }

// The compiler may not join what is behind it with what is before: a product and a sum stay two roundings, which not
// every machine can do as one.
LW_STATIC float apart(float x) {
  __asm__("" : "+x"(x));
  return x;
}
LW_STATIC Floats apart(Floats x) {
#if defined(__AVX512F__)
  __asm__("" : "+v"(x));
#else
  __asm__("" : "+x"(x));
#endif
  return x;
}

template <class T> constexpr int32_t least_of() { return T(-1) > T(0) ? 0 : -128; }

// Calls f with a value of the byte type.
template <class F> LW_STATIC void with_bytes(Dtype dtype, F f) {
  if (dtype == kInt8) f(int8_t());
  else f(uint8_t());
}

}  // namespace layerwise::NS
