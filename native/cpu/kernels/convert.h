// Conversions between storage types and the types that kernels compute in. Element functions are branch-free, so that
// loops over them vectorise. float16 and bfloat16 round to nearest, ties to even; a NaN stays one.
#pragma once
#include "../kernel.h"

#if defined(__F16C__)
#include <immintrin.h>
#endif

namespace layerwise::NS {

struct Half {
  uint16_t bits;
};
struct Brain {
  uint16_t bits;
};
// One byte, 0 or 1.
struct Boolean {
  uint8_t value;
};

template <class To, class From> LW_INLINE To bits_of(From x) {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, x);
}

LW_INLINE float half_to_float(uint16_t h) {
#if defined(__F16C__)
  return _cvtsh_ss(h);
#else
  // Shift exponent and mantissa into place, then correct the exponent's bias with an exact multiplication, which also
  // normalises subnormal halves. 2^112 = 2^(127 - 15).
  const uint32_t magnitude = uint32_t(h & 0x7FFF) << 13;
  const float scaled = bits_of<float>(magnitude) * 0x1p112f;
  const uint32_t finite = bits_of<uint32_t>(scaled);
  const uint32_t special = magnitude | 0x7F800000u;
  const uint32_t value = (h & 0x7C00) == 0x7C00 ? special : finite;
  return bits_of<float>(value | uint32_t(h & 0x8000) << 16);
#endif
}

LW_INLINE uint16_t float_to_half(float f) {
#if defined(__F16C__)
  return _cvtss_sh(f, 0);
#else
  const uint32_t bits = bits_of<uint32_t>(f);
  const uint32_t sign = bits >> 16 & 0x8000;
  const uint32_t magnitude = bits & 0x7FFFFFFF;
  // Normal result: rebias, round to nearest even at bit 13; the carry may run into the exponent, as it should.
  const uint32_t normal = (magnitude - (112u << 23) + 0xFFF + (magnitude >> 13 & 1)) >> 13;
  // Subnormal result: adding 0.5 makes the hardware round at the right bit.
  const uint32_t subnormal = bits_of<uint32_t>(bits_of<float>(magnitude) + 0.5f) - bits_of<uint32_t>(0.5f);
  uint32_t half = magnitude < (113u << 23) ? subnormal : normal;
  half = magnitude >= 0x477FF000u ? 0x7C00 : half;                             // 65520 and above
  half = magnitude > 0x7F800000u ? 0x7E00 | (magnitude >> 13 & 0x3FF) : half;  // NaN keeps its payload, quiet
  return uint16_t(half | sign);
#endif
}

LW_INLINE float brain_to_float(uint16_t b) { return bits_of<float>(uint32_t(b) << 16); }

LW_INLINE uint16_t float_to_brain(float f) {
  const uint32_t bits = bits_of<uint32_t>(f);
  const uint32_t rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
  return uint16_t((bits & 0x7FFFFFFF) > 0x7F800000u ? 0x7FC0 : rounded);
}

// to<C>(x): a stored element as a value of the compute type C (float, double or int64_t).
template <class C, class S> LW_INLINE C to(S x) { return C(x); }
template <class C> LW_INLINE C to(Half x) { return C(half_to_float(x.bits)); }
template <class C> LW_INLINE C to(Brain x) { return C(brain_to_float(x.bits)); }
template <class C> LW_INLINE C to(Boolean x) { return C(x.value); }

// from<S>(x): a value of a compute type as it is stored. Floats are truncated to integers by way of int32 or int64, as
// the hardware does, so that what does not fit wraps the same way on every instruction set.
template <class S> struct From {
  template <class C> static LW_INLINE S of(C x) { return S(x); }
};
template <> struct From<uint8_t> {
  static LW_INLINE uint8_t of(int64_t x) { return uint8_t(x); }
  static LW_INLINE uint8_t of(float x) { return uint8_t(int32_t(x)); }
  static LW_INLINE uint8_t of(double x) { return uint8_t(int32_t(x)); }
};
template <> struct From<int8_t> {
  static LW_INLINE int8_t of(int64_t x) { return int8_t(x); }
  static LW_INLINE int8_t of(float x) { return int8_t(int32_t(x)); }
  static LW_INLINE int8_t of(double x) { return int8_t(int32_t(x)); }
};
template <> struct From<int16_t> {
  static LW_INLINE int16_t of(int64_t x) { return int16_t(x); }
  static LW_INLINE int16_t of(float x) { return int16_t(int32_t(x)); }
  static LW_INLINE int16_t of(double x) { return int16_t(int32_t(x)); }
};
template <> struct From<Half> {
  template <class C> static LW_INLINE Half of(C x) { return {float_to_half(float(x))}; }
};
template <> struct From<Brain> {
  template <class C> static LW_INLINE Brain of(C x) { return {float_to_brain(float(x))}; }
};
template <> struct From<Boolean> {
  template <class C> static LW_INLINE Boolean of(C x) { return {uint8_t(x != C(0))}; }
};
template <class S, class C> LW_INLINE S from(C x) { return From<S>::of(x); }

static LW_INLINE int element_bytes(Dtype dtype) {
  switch (dtype) {
    case kUint8:
    case kInt8:
    case kBool: return 1;
    case kInt16:
    case kFloat16:
    case kBfloat16: return 2;
    case kInt32:
    case kFloat32: return 4;
    default: return 8;
  }
}

// with_dtype(dtype, [&](auto zero) { using T = decltype(zero); ... }) runs the body with the storage type of dtype.
template <class F> LW_INLINE void with_dtype(Dtype dtype, F body) {
  switch (dtype) {
    case kUint8: return body(uint8_t());
    case kInt8: return body(int8_t());
    case kInt16: return body(int16_t());
    case kInt32: return body(int32_t());
    case kInt64: return body(int64_t());
    case kFloat16: return body(Half());
    case kFloat32: return body(float());
    case kFloat64: return body(double());
    case kBool: return body(Boolean());
    case kBfloat16: return body(Brain());
  }
}

// out[i] = in[i * stride] for a run of n elements; the strides 0 and 1 have loops of their own.
template <class C, class S> static void load_run(C* out, const S* in, int64_t stride, int64_t n) {
  if (stride == 1) {
#if defined(__F16C__)
    if constexpr (__is_same(C, float) && __is_same(S, Half)) {
      int64_t i = 0;
      for (; i + 8 <= n; i += 8) _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)(in + i))));
      for (; i < n; i++) out[i] = half_to_float(in[i].bits);
      return;
    }
#endif
#pragma omp simd
    for (int64_t i = 0; i < n; i++) out[i] = to<C>(in[i]);
  } else if (stride == 0) {
    const C value = to<C>(*in);
#pragma omp simd
    for (int64_t i = 0; i < n; i++) out[i] = value;
  } else {
    for (int64_t i = 0; i < n; i++) out[i] = to<C>(in[i * stride]);
  }
}

// out[i * stride] = in[i] for a run of n elements.
template <class S, class C> static void store_run(S* out, const C* in, int64_t stride, int64_t n) {
  if (stride == 1) {
#if defined(__F16C__)
    if constexpr (__is_same(C, float) && __is_same(S, Half)) {
      int64_t i = 0;
      for (; i + 8 <= n; i += 8) _mm_storeu_si128((__m128i*)(out + i), _mm256_cvtps_ph(_mm256_loadu_ps(in + i), 0));
      for (; i < n; i++) out[i].bits = float_to_half(in[i]);
      return;
    }
#endif
#pragma omp simd
    for (int64_t i = 0; i < n; i++) out[i] = from<S>(in[i]);
  } else {
    for (int64_t i = 0; i < n; i++) out[i * stride] = from<S>(in[i]);
  }
}

}  // namespace layerwise::NS
