// The innermost loops of convolutions of eight-bit integers: how four bytes of x meet four of the weights in each lane,
// and a tile of pixels and channels made of that. x is unsigned, weights are signed, both stay bytes in memory on every
// machine; sums are exact (vpmaddubsw, which saturates, is not used). Behind them: how sums become bytes. Holds no
// blocking and no threads.
#pragma once
#include "bytes.h"

namespace layerwise::NS {

// Columns that a packed weight keeps side by side: wide[word][column], four bytes each.
constexpr int64_t kPanelColumns = 32;
// Four products in each lane by one instruction.
struct Fourfold {
  using Weights = Integers;
#if defined(__AVX512F__)
  static constexpr int kRows = 14;
#else
  static constexpr int kRows = 6;
#endif
  LW_INLINE static Weights weights(const void* p) { return load_integers(p); }
  LW_INLINE static Integers dot(Integers sum, Integers x, const Weights& w) {
#if defined(__AVX512F__)
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
    return sum;
#elif defined(__AVX2__)
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(x), "x"(w));
    return sum;
#else
    return sum + x + w;  // never called: has_byte_dots() is false
#endif
  }
};

#if defined(__AVX512F__)
#define LW_EACH(name) _mm512_##name
#define LW_BOTH(name) _mm512_##name##_si512
#elif defined(__AVX2__)
#define LW_EACH(name) _mm256_##name
#define LW_BOTH(name) _mm256_##name##_si256
#else
#define LW_EACH(name) _mm_##name
#define LW_BOTH(name) _mm_##name##_si128
#endif

// By pairs of 16-bit numbers: the even bytes, then the odd ones.
struct Pairwise {
  struct Weights { Integers even, odd; };
#if defined(__AVX512F__)
  static constexpr int kRows = 12;
#else
  static constexpr int kRows = 4;
#endif
  LW_INLINE static Weights weights(const void* p) {
    const Integers w = load_integers(p);
    return {LW_EACH(srai_epi16)(LW_EACH(slli_epi16)(w, 8), 8), LW_EACH(srai_epi16)(w, 8)};
  }
  LW_INLINE static Integers dot(Integers sum, Integers x, const Weights& w) {
    const Integers even = LW_BOTH(and)(x, all_lanes(0x00ff00ff)), odd = LW_EACH(srli_epi16)(x, 8);
    sum = LW_EACH(add_epi32)(sum, LW_EACH(madd_epi16)(even, w.even));
    return LW_EACH(add_epi32)(sum, LW_EACH(madd_epi16)(odd, w.odd));
  }
};

// A tile of R pixels and V vectors of columns. Pixel i's taps are runs of `steps` words, tap t at x[i] + offsets[t].
// `panel` is a panel's first word of the first column; sums begin at `start`, and go to out[i * kPanelColumns + column].
template <class Dots, int R, int V>
static void conv_tile(int64_t taps, int64_t steps, const uint8_t* const* x, const int64_t* offsets, const int8_t* panel,
                      const int32_t* start, int32_t* out) {
  Integers sum[R][V];
#pragma GCC unroll 16
  for (int i = 0; i < R; i++) {
#pragma GCC unroll 4
    for (int j = 0; j < V; j++) sum[i][j] = load_integers(start + j * kByteLanes);
  }
  for (int64_t t = 0; t < taps; t++) {
    const Word* run[R];
#pragma GCC unroll 16
    for (int i = 0; i < R; i++) run[i] = (const Word*)(x[i] + offsets[t]);
    for (int64_t p = 0; p < steps; p++) {
      typename Dots::Weights w[V];
#pragma GCC unroll 4
      for (int j = 0; j < V; j++) w[j] = Dots::weights(panel + j * LW_VECTOR_BYTES);
      __builtin_prefetch(panel + 8 * kPanelColumns * 4);
      panel += kPanelColumns * 4;
#pragma GCC unroll 16
      for (int i = 0; i < R; i++) {
        const Integers word = all_lanes(int32_t(run[i][p]));
#pragma GCC unroll 4
        for (int j = 0; j < V; j++) sum[i][j] = Dots::dot(sum[i][j], word, w[j]);
      }
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < R; i++) {
#pragma GCC unroll 4
    for (int j = 0; j < V; j++) store_integers(out + i * kPanelColumns + j * kByteLanes, sum[i][j]);
  }
}

template <class Dots>
using ConvTile = void (*)(int64_t, int64_t, const uint8_t* const*, const int64_t*, const int8_t*, const int32_t*,
                          int32_t*);

// The tile of so many rows, one or two vectors wide.
template <class Dots, int V, int R = Dots::kRows> static ConvTile<Dots> conv_tile_of(int rows) {
  if constexpr (R == 0) return nullptr;
  else return rows == R ? conv_tile<Dots, R, V> : conv_tile_of<Dots, V, R - 1>(rows);
}

// Calls f(Dots{}) for this machine's way.
template <class F> static void with_conv_dots(F f) {
#if defined(LW_HAS_BYTE_DOTS)
  if (has_byte_dots()) return f(Fourfold{});
#endif
  f(Pairwise{});
}

// ---- what becomes of sums -------------------------------------------------------------------------------------------

// Integers of the next layer, at the end as unsigned bytes: signed ones are those 128 higher, their first bit turned.
struct ByteRule {
  float most;    // of what is rounded, so that it fits into 32 bits
  int16_t zero;
  uint8_t least, flip;

  static ByteRule of(const FinishArguments& f, Dtype dtype) {
    const int32_t flip = dtype == kInt8 ? 128 : 0, zero = *f.out_zero + flip;
    const int64_t held = smaller(larger(zero, -32000), 32000);
    return {0x1p30f, int16_t(held), uint8_t(f.relu ? smaller(larger(held, 0), 255) : 0), uint8_t(flip)};
  }
};

LW_STATIC Ints rounded_sums(Ints sum, const float* addend, const float* factor, float most) {
  Floats y = (__builtin_convertvector(sum, Floats) + floats_at(addend)) * floats_at(factor);
  y = y < most ? y : Floats{} + most;
  return rounded(y);
}

// Finishes `height` rows of kPanelColumns sums; row i's bytes go to out + i * stride, `width` of them.
template <class = void>
static void finish_rows(uint8_t* out, int64_t stride, const int32_t* sums, int height, int64_t width,
                        const float* addend, const float* factor, const ByteRule& rule) {
  const Integers zero = LW_EACH(set1_epi16)(rule.zero), least = LW_EACH(set1_epi8)(char(rule.least));
  const Integers flip = LW_EACH(set1_epi8)(char(rule.flip));
  // 16-bit lanes of two vectors: first those of `a` and of `b` from each 128 bits.
  auto pair = [&](const int32_t* from, int64_t column) __attribute__((always_inline)) {
    Ints a, b;
    memcpy(&a, from + column, sizeof a);
    memcpy(&b, from + column + kByteLanes, sizeof b);
    const Ints x = rounded_sums(a, addend + column, factor + column, rule.most);
    const Ints y = rounded_sums(b, addend + column + kByteLanes, factor + column + kByteLanes, rule.most);
    return LW_EACH(adds_epi16)(LW_EACH(packs_epi32)((Integers)x, (Integers)y), zero);
  };
  auto bytes = [&](Integers a, Integers b) __attribute__((always_inline)) {
    return LW_BOTH(xor)(LW_EACH(max_epu8)(LW_EACH(packus_epi16)(a, b), least), flip);
  };
#if defined(__AVX512F__)
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __mmask32 inside = width >= 32 ? ~0u : (1u << width) - 1;
  int i = 0;
  for (; i + 2 <= height; i += 2, out += 2 * stride, sums += 2 * kPanelColumns) {
    const __m512i both = _mm512_permutexvar_epi32(order, bytes(pair(sums, 0), pair(sums + kPanelColumns, 0)));
    _mm256_mask_storeu_epi8(out, inside, _mm512_castsi512_si256(both));
    _mm256_mask_storeu_epi8(out + stride, inside, _mm512_extracti64x4_epi64(both, 1));
  }
  if (i < height) {
    const __m512i last = pair(sums, 0);
    const __m512i both = _mm512_permutexvar_epi32(order, bytes(last, last));
    _mm256_mask_storeu_epi8(out, inside, _mm512_castsi512_si256(both));
  }
#else
  for (int i = 0; i < height; i++, out += stride, sums += kPanelColumns) {
    alignas(64) uint8_t row[kPanelColumns];
    for (int64_t j = 0; j < width; j += 4 * kByteLanes) {
      Integers four = bytes(pair(sums, j), pair(sums, j + 2 * kByteLanes));
#if defined(__AVX2__)
      four = _mm256_permutevar8x32_epi32(four, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
#endif
      memcpy(row + j, &four, sizeof four);
    }
    memcpy(out, row, size_t(width));
  }
#endif
}

}  // namespace layerwise::NS
