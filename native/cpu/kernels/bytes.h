// Products of eight-bit integers: how wide they are here, which way of multiplying this machine has, and what becomes
// of finished sums. x holds unsigned bytes or, where there is no VNNI, 16-bit numbers from which the zero point is
// already gone; weights are signed bytes. Blocking, threads and tiles that finish their sums are the kernel files' part.
#pragma once
#include <cpuid.h>
#include <stdlib.h>

#include "lanes.h"
#include "matmul_micro.h"
#include "matmul_thin.h"

namespace layerwise::NS {

constexpr int kByteLanes = LW_VECTOR_BYTES / 4;
constexpr int kByteColumns = 2 * kByteLanes;  // of a tile
constexpr int kByteRows = kTileRows;

#if defined(__AVX512F__)
typedef __m512i Integers;
LW_STATIC Integers all_lanes(int32_t x) { return _mm512_set1_epi32(x); }
LW_STATIC Integers load_integers(const void* p) { return _mm512_loadu_si512(p); }
LW_STATIC void store_integers(int32_t* p, Integers x) { _mm512_storeu_si512(p, x); }
LW_STATIC Ints rounded(Floats x) { return (Ints)_mm512_cvtps_epi32((__m512)x); }
#elif defined(__AVX2__)
typedef __m256i Integers;
LW_STATIC Integers all_lanes(int32_t x) { return _mm256_set1_epi32(x); }
LW_STATIC Integers load_integers(const void* p) { return _mm256_loadu_si256((const __m256i*)p); }
LW_STATIC void store_integers(int32_t* p, Integers x) { _mm256_storeu_si256((__m256i*)p, x); }
LW_STATIC Ints rounded(Floats x) { return (Ints)_mm256_cvtps_epi32((__m256)x); }
#else
typedef __m128i Integers;
LW_STATIC Integers all_lanes(int32_t x) { return _mm_set1_epi32(x); }
LW_STATIC Integers load_integers(const void* p) { return _mm_loadu_si128((const __m128i*)p); }
LW_STATIC void store_integers(int32_t* p, Integers x) { _mm_storeu_si128((__m128i*)p, x); }
LW_STATIC Ints rounded(Floats x) { return (Ints)_mm_cvtps_epi32((__m128)x); }
#endif
typedef uint32_t Word __attribute__((aligned(1), may_alias));

#define LW_DOTS PlainDots
#define LW_DOTS_BYTES 0
#include "byte_dots.h"
#undef LW_DOTS
#undef LW_DOTS_BYTES

#if defined(__AVX2__)
#define LW_HAS_BYTE_DOTS 1
#define LW_DOTS ByteDots
#define LW_DOTS_BYTES 1
#include "byte_dots.h"
#undef LW_DOTS
#undef LW_DOTS_BYTES
#endif

// Has the machine dot products of bytes? LAYERWISE_DOTS=plain says no, for tests.
static inline bool has_byte_dots() {
#if defined(LW_HAS_BYTE_DOTS)
  static int known = -1;
  if (known < 0) {
    unsigned eax = 0, ebx, ecx = 0, edx;
#if defined(__AVX512F__)
    const bool found = __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ecx >> 11 & 1);
#else
    const bool found = __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax >> 4 & 1);
#endif
    const char* wanted = getenv("LAYERWISE_DOTS");
    known = found && !(wanted && wanted[0] == 'p');
  }
  return known;
#else
  return false;
#endif
}

// Calls f(Dots{}) for this machine's way.
template <class F> static void with_dots(F f) {
#if defined(LW_HAS_BYTE_DOTS)
  if (has_byte_dots()) return f(ByteDots{});
#endif
  f(PlainDots{});
}

// out[p * kByteColumns + j] = in[j * stride + p] for words, j < kByteColumns. Whole lines are read, sixteen rows side by
// side, since the rows of a weight often lie a multiple of a page apart.
static void transpose_words(uint32_t* out, const uint32_t* in, int64_t stride, int64_t words) {
#if defined(__AVX512F__)
  int64_t p = 0;
  for (; p + 16 <= words; p += 16) {
    for (int half = 0; half < 2; half++) {
      const uint32_t* from = in + half * 16 * stride + p;
      __m512i r[16], s[16];
#pragma GCC unroll 16
      for (int i = 0; i < 16; i++) {
        r[i] = _mm512_loadu_si512(from + i * stride);
        __builtin_prefetch(from + i * stride + 256, 0, 2);
      }
#pragma GCC unroll 8
      for (int i = 0; i < 16; i += 2) {
        s[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        s[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
      }
#pragma GCC unroll 4
      for (int i = 0; i < 16; i += 4) {
        r[i] = _mm512_unpacklo_epi64(s[i], s[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(s[i], s[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(s[i + 1], s[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(s[i + 1], s[i + 3]);
      }
      // r[4g + c] holds column 4q + c of rows 4g.. in its quarter q.
#pragma GCC unroll 4
      for (int c = 0; c < 4; c++) {
        const __m512i low02 = _mm512_shuffle_i32x4(r[c], r[4 + c], 0x88), low13 = _mm512_shuffle_i32x4(r[c], r[4 + c], 0xdd);
        const __m512i high02 = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0x88);
        const __m512i high13 = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0xdd);
        uint32_t* to = out + p * kByteColumns + half * 16;
        _mm512_storeu_si512(to + c * kByteColumns, _mm512_shuffle_i32x4(low02, high02, 0x88));
        _mm512_storeu_si512(to + (4 + c) * kByteColumns, _mm512_shuffle_i32x4(low13, high13, 0x88));
        _mm512_storeu_si512(to + (8 + c) * kByteColumns, _mm512_shuffle_i32x4(low02, high02, 0xdd));
        _mm512_storeu_si512(to + (12 + c) * kByteColumns, _mm512_shuffle_i32x4(low13, high13, 0xdd));
      }
    }
  }
  if (p == words) return;
  return transpose_into_panel((float*)(out + p * kByteColumns), kByteColumns, (const float*)(in + p), stride, words - p);
#else
  transpose_into_panel((float*)out, kByteColumns, (const float*)in, stride, words);
#endif
}

// Packs `count` columns, whose k bytes lie `stride` apart, into a panel of words; the rest is zero. `stage` has room for
// kByteColumns rows of `words` words.
template <class Dots>
static void pack_weights(uint32_t* panel, const int8_t* w, int64_t stride, int64_t k, int count, int64_t words,
                         char* stage) {
  if (Dots::kBytes && count == kByteColumns && k % 4 == 0 && stride % 4 == 0) {
    return transpose_words(panel, (const uint32_t*)w, stride / 4, words);
  }
  const int64_t row_bytes = words * 4;
  memset(stage, 0, size_t(kByteColumns * row_bytes));
  for (int j = 0; j < count; j++) {
    char* to = stage + j * row_bytes;
    if (Dots::kBytes) {
      memcpy(to, w + j * stride, size_t(k));
    } else {
      int16_t* wide = (int16_t*)to;
#pragma omp simd
      for (int64_t p = 0; p < k; p++) wide[p] = w[j * stride + p];
    }
  }
  transpose_words(panel, (const uint32_t*)stage, words, words);
}

// ---- what becomes of sums -------------------------------------------------------------------------------------------

// A number that an op hands over: itself, or where it will be when the kernel runs. Reads like a pointer.
template <class T> struct Given {
  T number;
  bool is_given;

  // `pointer number`: in memory where the pointer is positive; -1 stands for none.
  static Given read(Args& args) {
    const int64_t pointer = args.integer();
    const double number = args.real();
    return {pointer > 0 ? *(const T*)pointer : T(number), pointer >= 0};
  }
  operator const T*() const { return is_given ? &number : nullptr; }
};

// As the ops hand it over.
struct FinishArguments {
  Given<float> x_scale;
  Given<int32_t> x_zero;
  const float* weight_scale;
  int64_t weight_scale_step;
  const int32_t* weight_zero;
  int64_t weight_zero_step;
  const float* bias;
  Given<float> out_scale;
  Given<int32_t> out_zero;
  bool relu;

  static FinishArguments read(Args& args) {
    FinishArguments f;
    f.x_scale = Given<float>::read(args);
    f.x_zero = Given<int32_t>::read(args);
    f.weight_scale = args.pointer<float>();
    f.weight_scale_step = args.integer();
    f.weight_zero = args.pointer<int32_t>();
    f.weight_zero_step = args.integer();
    f.bias = args.pointer<float>();
    f.out_scale = Given<float>::read(args);
    f.out_zero = Given<int32_t>::read(args);
    f.relu = args.integer() != 0;
    return f;
  }
};

LW_STATIC Floats floats_at(const float* p) {
  Floats v;
  memcpy(&v, p, sizeof v);
  return v;
}

// Rounding to the integers of the next layer. FBGEMM's order of operations.
struct Requantize {
  float low, high;  // of what is rounded: the ends without the zero point
  int32_t zero;

  static Requantize of(const FinishArguments& f, Dtype dtype) {
    const int32_t zero = *f.out_zero, least = dtype == kInt8 ? -128 : 0, most = least + 255;
    const int32_t low = f.relu && zero > least ? zero : least;
    return {float(low - zero), float(most - zero), zero};
  }
};

}  // namespace layerwise::NS
