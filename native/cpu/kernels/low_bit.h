// Weights of few bits, read as numbers: one run at a time in any format, and one vector at a time where the instruction
// set has the means. No products.
#pragma once
#include "lanes.h"

namespace layerwise::NS {

template <int number> struct Count {
  static constexpr int value = number;
};

// The order is that of src/runtime/ops/low_bit.ts.
enum WeightFormat : int { kBytesFormat, kNibblesFormat, kTableFormat, kFloat8Format, kHalfFormat };

struct LowBitWeights {
  WeightFormat format;
  int dtype;  // of what is stored: tells float8_e4m3fn from float8_e5m2, float16 from bfloat16
  const uint8_t* data;
  const float* scale;   // [n, groups]
  const uint8_t* zero;  // the same or null; signed for bytes
  const float* table;   // sixteen numbers
  int64_t k, group, groups, row_bytes;

  static constexpr int kE4m3fn = 24;
  bool is_nibbles() const { return format == kNibblesFormat || format == kTableFormat; }
  float zero_at(int64_t at) const {
    if (format == kBytesFormat) return zero ? float(((const int8_t*)zero)[at]) : 0;
    return zero ? float(zero[at]) : format == kNibblesFormat ? 8 : 0;
  }
  void measure() {
    groups = ceil_div(k, group);
    row_bytes = is_nibbles() ? k / 2 : format == kHalfFormat ? 2 * k : k;
  }
};

LW_STATIC float float8_to_float(uint8_t code, bool is_e4m3fn) {
  if (!is_e4m3fn) return half_to_float(uint16_t(code << 8));
  const uint32_t magnitude = code & 0x7f, sign = uint32_t(code & 0x80) << 24;
  const float value = bits_of<float>(magnitude << 20 | sign) * 0x1p120f;
  return magnitude == 0x7f ? bits_of<float>(0x7fc00000u | sign) : value;
}

#if defined(__AVX2__)
#define LW_LOW_BIT_VECTORS 1
constexpr int kFloatLanes = LW_VECTOR_BYTES / 4;

LW_STATIC Floats halves_to_floats(const void* p) {
#if defined(__AVX512F__)
  return (Floats)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)p));
#else
  return (Floats)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)p));
#endif
}

// One vector of neighbouring weights in a format of whole bytes, and how much larger than its numbers they come out.
struct ReadBytes {
  static constexpr float kFactor = 1;
  static constexpr int kBytes = 1;
  static LW_INLINE Floats at(const uint8_t* p) {
#if defined(__AVX512F__)
    return (Floats)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i*)p)));
#else
    return (Floats)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i*)p)));
#endif
  }
};
// e4m3fn by way of float16, whose exponent is biased by 8 more. The code of NaN comes out as a number.
struct ReadE4m3 {
  static constexpr float kFactor = 256;
  static constexpr int kBytes = 1;
  static LW_INLINE Floats at(const uint8_t* p) {
#if defined(__AVX512F__)
    const __m256i wide = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i*)p));
    const __m256i half = _mm256_and_si256(_mm256_slli_epi16(wide, 7), _mm256_set1_epi16(int16_t(0xBF80)));
    return (Floats)_mm512_cvtph_ps(half);
#else
    const __m128i wide = _mm_cvtepi8_epi16(_mm_loadl_epi64((const __m128i*)p));
    const __m128i half = _mm_and_si128(_mm_slli_epi16(wide, 7), _mm_set1_epi16(int16_t(0xBF80)));
    return (Floats)_mm256_cvtph_ps(half);
#endif
  }
};
struct ReadE5m2 {
  static constexpr float kFactor = 1;
  static constexpr int kBytes = 1;
  static LW_INLINE Floats at(const uint8_t* p) {
#if defined(__AVX512F__)
    const __m256i wide = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i*)p));
    return (Floats)_mm512_cvtph_ps(_mm256_slli_epi16(wide, 8));
#else
    return (Floats)_mm256_cvtph_ps(_mm_slli_epi16(_mm_cvtepi8_epi16(_mm_loadl_epi64((const __m128i*)p)), 8));
#endif
  }
};
struct ReadHalf {
  static constexpr float kFactor = 1;
  static constexpr int kBytes = 2;
  static LW_INLINE Floats at(const uint8_t* p) { return halves_to_floats(p); }
};
struct ReadBrain {
  static constexpr float kFactor = 1;
  static constexpr int kBytes = 2;
  static LW_INLINE Floats at(const uint8_t* p) { return load((const Brain*)p); }
};

// Sixteen numbers that four bits choose from.
struct Lookup {
#if defined(__AVX512F__)
  __m512 table;
  explicit Lookup(const float* t) : table(_mm512_loadu_ps(t)) {}
  // The numbers of the lowest four bits of each lane.
  LW_INLINE Floats of(Uints q) const { return (Floats)_mm512_permutexvar_ps((__m512i)q, table); }
#else
  __m256 low, high;
  explicit Lookup(const float* t) : low(_mm256_loadu_ps(t)), high(_mm256_loadu_ps(t + 8)) {}
  LW_INLINE Floats of(Uints q) const {
    const __m256 a = _mm256_permutevar8x32_ps(low, (__m256i)q), b = _mm256_permutevar8x32_ps(high, (__m256i)q);
    return (Floats)_mm256_blendv_ps(a, b, _mm256_castsi256_ps(_mm256_slli_epi32((__m256i)q, 28)));
  }
#endif
};

// Sixteen neighbouring nibbles, from a whole byte on.
LW_STATIC void read_nibbles(float* out, const Lookup& lookup, const uint8_t* p) {
  const __m128i pairs = _mm_loadl_epi64((const __m128i*)p);
  const __m128i low = _mm_and_si128(pairs, _mm_set1_epi8(15));
  const __m128i high = _mm_and_si128(_mm_srli_epi16(pairs, 4), _mm_set1_epi8(15));
  const __m128i codes = _mm_unpacklo_epi8(low, high);
#if defined(__AVX512F__)
  const Floats v = lookup.of((Uints)_mm512_cvtepu8_epi32(codes));
  memcpy(out, &v, sizeof v);
#else
  const Floats first = lookup.of((Uints)_mm256_cvtepu8_epi32(codes));
  const Floats second = lookup.of((Uints)_mm256_cvtepu8_epi32(_mm_srli_si128(codes, 8)));
  memcpy(out, &first, sizeof first);
  memcpy(out + 8, &second, sizeof second);
#endif
}

static bool has_nan(const uint8_t* row, int64_t k) {
  uint8_t any = 0;
#pragma omp simd reduction(| : any)
  for (int64_t p = 0; p < k; p++) any |= uint8_t((row[p] & 0x7f) == 0x7f);
  return any;
}
#endif

// Elements [first, first + count) of one row, which must lie in one group, without scale and zero.
static void read_codes(float* out, const LowBitWeights& w, const uint8_t* row, int64_t first, int64_t count) {
  switch (w.format) {
    case kBytesFormat: return load_run(out, (const int8_t*)row + first, 1, count);
    case kNibblesFormat:
    case kTableFormat: {
      const bool is_table = w.format == kTableFormat;
      int64_t i = 0;
#if defined(LW_LOW_BIT_VECTORS)
      float numbers[16];
      for (int q = 0; q < 16; q++) numbers[q] = is_table ? w.table[q] : float(q);
      const Lookup lookup(numbers);
      for (; i + 16 <= count; i += 16) read_nibbles(out + i, lookup, row + (first + i) / 2);
#endif
      for (; i < count; i++) {
        const uint8_t q = row[(first + i) / 2] >> 4 * ((first + i) & 1) & 15;
        out[i] = is_table ? w.table[q] : float(q);
      }
      return;
    }
    case kFloat8Format: {
      const bool is_e4m3fn = w.dtype == LowBitWeights::kE4m3fn;
      int64_t i = 0;
#if defined(LW_LOW_BIT_VECTORS)
      if (!is_e4m3fn || !has_nan(row + first, count)) {
        for (; i + kFloatLanes <= count; i += kFloatLanes) {
          const uint8_t* from = row + first + i;
          const Floats v = is_e4m3fn ? ReadE4m3::at(from) * ReadE4m3::kFactor : ReadE5m2::at(from);
          memcpy(out + i, &v, sizeof v);
        }
      }
#endif
      for (; i < count; i++) out[i] = float8_to_float(row[first + i], is_e4m3fn);
      return;
    }
    case kHalfFormat:
      if (w.dtype == kFloat16) return load_run(out, (const Half*)row + first, 1, count);
      return load_run(out, (const Brain*)row + first, 1, count);
  }
}

// Row n from `first` on, whatever groups it crosses, as the numbers that it stands for.
[[maybe_unused]] static void spell_run(float* out, const LowBitWeights& w, int64_t n, int64_t first, int64_t count) {
  const uint8_t* row = w.data + n * w.row_bytes;
  while (count > 0) {
    const int64_t group = first / w.group;
    const int64_t run = smaller(count, (group + 1) * w.group - first);
    const int64_t at = n * w.groups + group;
    const float scale = w.scale[at], zero = w.zero_at(at);
    read_codes(out, w, row, first, run);
#pragma omp simd
    for (int64_t i = 0; i < run; i++) out[i] = (out[i] - zero) * scale;
    out += run;
    first += run;
    count -= run;
  }
}

}  // namespace layerwise::NS
