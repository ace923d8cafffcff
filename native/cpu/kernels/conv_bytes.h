// The innermost loops of convolutions of eight-bit integers: how four bytes of x meet four of the weights in each lane,
// and a tile of pixels and channels made of that. x is unsigned, weights are signed, both stay bytes in memory on every
// machine; sums are exact (vpmaddubsw, which saturates, is not used). Behind them: how sums become bytes. Holds no
// blocking and no threads.
#pragma once
#include "bytes.h"
#include "codes.h"

namespace layerwise::NS {

// Columns that a packed weight keeps side by side: wide[word][column], four bytes each.
constexpr int64_t kPanelColumns = 32;
// Four products in each lane by one instruction.
struct Fourfold {
  using Weights = Integers;
#if defined(__AVX512F__)
  static constexpr int kRows = 8;  // 14 lose four per cent: measured, not understood
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

#if defined(__AVX512F__)
LW_STATIC Floats at_most(Floats x, Floats most) { return (Floats)_mm512_min_ps((__m512)x, (__m512)most); }
#elif defined(__AVX2__)
LW_STATIC Floats at_most(Floats x, Floats most) { return (Floats)_mm256_min_ps((__m256)x, (__m256)most); }
#else
LW_STATIC Floats at_most(Floats x, Floats most) { return (Floats)_mm_min_ps((__m128)x, (__m128)most); }
#endif

// What is added to sums before they are rounded: nothing, or the numbers of another tensor that lies as the results do.
struct Alone {
  static constexpr bool kIsNothing = true;
  LW_INLINE Alone at(int64_t) const { return {}; }
};
struct Residual {
  static constexpr bool kIsNothing = false;
  const uint8_t* codes;
  float factor;  // their scale in steps of the results
  int32_t zero;  // of the bytes as unsigned ones, which `flip` makes of them
  uint8_t flip;

  LW_INLINE Residual at(int64_t offset) const { return {codes + offset, factor, zero, flip}; }
  LW_INLINE Floats added(Floats x) const {
    const Ints steps = (widened(codes) ^ int32_t(flip)) - zero;
    return apart(x) + apart(__builtin_convertvector(steps, Floats) * factor);
  }
};

// Sums as 16-bit lanes with the zero point: of `a`'s columns and of `b`'s, alternating every 128 bits.
struct Halves {
  Floats addend[2], factor[2], most;
  Integers zero;

  // Of the columns that `addend` and `factor` begin with; `apart`: b's are the next ones, else the same.
  LW_INLINE static Halves at(const float* addend, const float* factor, const ByteRule& rule, int apart) {
    const int64_t next = apart * kByteLanes;
    return {{floats_at(addend), floats_at(addend + next)},
            {floats_at(factor), floats_at(factor + next)},
            Floats{} + rule.most,
            LW_EACH(set1_epi16)(rule.zero)};
  }
  template <class More> LW_INLINE Integers of(Integers a, Integers b, const More& with_a, const More& with_b) const {
    Floats x = (__builtin_convertvector((Ints)a, Floats) + addend[0]) * factor[0];
    Floats y = (__builtin_convertvector((Ints)b, Floats) + addend[1]) * factor[1];
    if constexpr (!More::kIsNothing) x = with_a.added(x), y = with_b.added(y);
    const Integers left = (Integers)rounded(at_most(x, most)), right = (Integers)rounded(at_most(y, most));
    return LW_EACH(adds_epi16)(LW_EACH(packs_epi32)(left, right), zero);
  }
};

// What comes last, for all bytes of a vector.
struct ByteEnd {
  Integers least, flip;
  LW_INLINE static ByteEnd of(const ByteRule& rule) {
    return {LW_EACH(set1_epi8)(char(rule.least)), LW_EACH(set1_epi8)(char(rule.flip))};
  }
  LW_INLINE Integers bytes(Integers a, Integers b) const {
    return LW_BOTH(xor)(LW_EACH(max_epu8)(LW_EACH(packus_epi16)(a, b), least), flip);
  }
  // The same with the four vectors that two Halves were made of one behind the other.
  LW_INLINE Integers rows(Integers a, Integers b) const {
#if defined(__AVX512F__)
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    return _mm512_permutexvar_epi32(order, bytes(a, b));
#elif defined(__AVX2__)
    return _mm256_permutevar8x32_epi32(bytes(a, b), _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
#else
    return bytes(a, b);
#endif
  }
};

// Finishes `height` rows of kPanelColumns sums; row i's bytes go to out + i * stride, `width` of them, and so lies `more`.
template <class More>
static void finish_rows(uint8_t* out, int64_t stride, const int32_t* sums, int height, int64_t width,
                        const float* addend, const float* factor, const ByteRule& rule, const More& more) {
  constexpr int64_t kStep = 4 * kByteLanes < kPanelColumns ? 4 * kByteLanes : kPanelColumns;
  const ByteEnd end = ByteEnd::of(rule);
  for (int64_t j = 0; j < width; j += kStep) {
    const bool is_wide = kStep > 2 * kByteLanes;
    const Halves left = Halves::at(addend + j, factor + j, rule, 1);
    const int64_t beside = is_wide ? 2 * kByteLanes : 0;
    const Halves right = Halves::at(addend + j + beside, factor + j + beside, rule, 1);
    const size_t bytes = size_t(smaller(kStep, width - j));
    for (int i = 0; i < height; i++) {
      const int32_t *a = sums + i * kPanelColumns + j, *b = a + beside;
      More with = more.at(i * stride + j);
      uint8_t whole[kStep] = {};
      if constexpr (!More::kIsNothing) memcpy(whole, with.codes, bytes), with.codes = whole;
      const Integers one = left.of(load_integers(a), load_integers(a + kByteLanes), with, with.at(kByteLanes));
      const More next = with.at(beside);
      const Integers two = right.of(load_integers(b), load_integers(b + kByteLanes), next, next.at(kByteLanes));
      const Integers four = end.rows(one, two);
      memcpy(out + i * stride + j, &four, bytes);
    }
  }
}

// ---- tiles ----------------------------------------------------------------------------------------------------------

// Sums as they are: row i's at out + i * kPanelColumns.
struct ToSums {
  int32_t* out;
  template <int R, int V> LW_INLINE void put(const Integers (&sum)[R][V]) const {
#pragma GCC unroll 16
    for (int i = 0; i < R; i++) {
#pragma GCC unroll 4
      for (int j = 0; j < V; j++) store_integers(out + i * kPanelColumns + j * kByteLanes, sum[i][j]);
    }
  }
};

#if defined(__AVX512F__)
// Finished bytes of whole vectors: row i's at out + i * stride. The sums never leave their registers.
template <class More> struct ToBytes {
  uint8_t* out;
  int64_t stride;
  const float *addend, *factor;
  const ByteRule& rule;
  More more;  // lies as the rows do

  template <int R> LW_INLINE void put(const Integers (&sum)[R][2]) const {
    const ByteEnd end = ByteEnd::of(rule);
    const Halves halves = Halves::at(addend, factor, rule, 1);
    uint8_t* to = out;
#pragma GCC unroll 16
    for (int i = 0; i < R; i += 2, to += 2 * stride) {
      const int next = i + 1 < R ? i + 1 : i;
      auto row = [&](int q) __attribute__((always_inline)) {
        const More with = more.at(q * stride);
        return halves.of(sum[q][0], sum[q][1], with, with.at(kByteLanes));
      };
      const __m512i both = end.rows(row(i), row(next));
      _mm256_storeu_si256((__m256i*)to, _mm512_castsi512_si256(both));
      if (i + 1 < R) _mm256_storeu_si256((__m256i*)(to + stride), _mm512_extracti64x4_epi64(both, 1));
    }
  }
  template <int R> LW_INLINE void put(const Integers (&sum)[R][1]) const {
    const ByteEnd end = ByteEnd::of(rule);
    const Halves halves = Halves::at(addend, factor, rule, 0);
    uint8_t* to = out;
#pragma GCC unroll 16
    for (int i = 0; i < R; i += 4, to += 4 * stride) {
      auto rows = [&](int q) __attribute__((always_inline)) {
        const int a = i + q < R ? i + q : R - 1, b = i + q + 1 < R ? i + q + 1 : R - 1;
        return halves.of(sum[a][0], sum[b][0], more.at(a * stride), more.at(b * stride));
      };
      const __m512i four = end.rows(rows(0), rows(2));
      _mm_storeu_si128((__m128i*)to, _mm512_castsi512_si128(four));
      if (i + 1 < R) _mm_storeu_si128((__m128i*)(to + stride), _mm512_extracti32x4_epi32(four, 1));
      if (i + 2 < R) _mm_storeu_si128((__m128i*)(to + 2 * stride), _mm512_extracti32x4_epi32(four, 2));
      if (i + 3 < R) _mm_storeu_si128((__m128i*)(to + 3 * stride), _mm512_extracti32x4_epi32(four, 3));
    }
  }
};
#endif

// A tile of R pixels and V vectors of columns. Pixel i's taps are runs of `steps` words, tap t at x[i] + offsets[t].
// `panel` is a panel's first word of the first column; sums begin at `start`, and go where `end` puts them.
template <class Dots, class End, int R, int V>
static void conv_tile(int64_t taps, int64_t steps, const uint8_t* const* x, const int64_t* offsets, const int8_t* panel,
                      const int32_t* start, const End& end) {
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
  end.put(sum);
}

template <class Dots, class End>
using ConvTile = void (*)(int64_t, int64_t, const uint8_t* const*, const int64_t*, const int8_t*, const int32_t*,
                          const End&);

// The tile of so many rows, one or two vectors wide.
template <class Dots, class End, int V, int R = Dots::kRows> static ConvTile<Dots, End> conv_tile_of(int rows) {
  if constexpr (R == 0) return nullptr;
  else return rows == R ? conv_tile<Dots, End, R, V> : conv_tile_of<Dots, End, V, R - 1>(rows);
}

// Calls f(Dots{}) for this machine's way.
template <class F> static void with_conv_dots(F f) {
#if defined(LW_HAS_BYTE_DOTS)
  if (has_byte_dots()) return f(Fourfold{});
#endif
  f(Pairwise{});
}

}  // namespace layerwise::NS
