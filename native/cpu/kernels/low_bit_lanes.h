// What products with packed nibbles share: the order in which a block of them is read, the scales of its lanes, and how
// tiles cover rows and columns. Only where the instruction set has vectors for it.
#pragma once
#include "low_bit.h"

#if defined(LW_LOW_BIT_VECTORS)
namespace layerwise::NS {

LW_STATIC float sum_vector(Floats v) {
  float t[kFloatLanes];
  memcpy(t, &v, sizeof v);
#pragma GCC unroll 4
  for (int half = kFloatLanes / 2; half > 0; half /= 2) {
#pragma GCC unroll 8
    for (int i = 0; i < half; i++) t[i] += t[i + half];
  }
  return t[0];
}
LW_STATIC Floats vector_at(const float* p) {
  Floats v;
  memcpy(&v, p, sizeof v);
  return v;
}

LW_STATIC Floats floats_of_bytes(const uint8_t* p) {
#if defined(__AVX512F__)
  return (Floats)_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i*)p)));
#else
  return (Floats)_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i*)p)));
#endif
}

// Nibbles are taken eight to a 32-bit lane: vector s of a block holds the s-th nibble of every lane, and x is kept in
// that order, so that a shift and a table are all that a weight costs.
constexpr int64_t kBlock = 8 * kFloatLanes;

struct Lanes {
  // Which of a block's groups each lane belongs to, when several share a block.
  Ints within;
  int64_t blocks_of_group;
  int64_t groups_of_block;  // 0: a block lies in one group; -1: neither divides the other
  // The lanes that hold a block's scales while they are loaded.
#if defined(__AVX512F__)
  __mmask16 loaded;
#else
  Ints loaded;
#endif
};
LW_STATIC Lanes lanes_of(int64_t group) {
  Lanes l = {};
  l.blocks_of_group = group / kBlock;
  if (group % kBlock == 0) return l;
  l.groups_of_block = kBlock % group == 0 ? kBlock / group : -1;
  for (int i = 0; i < kFloatLanes; i++) l.within[i] = int(8 * i / group);
  if (l.groups_of_block < 0) return l;
#if defined(__AVX512F__)
  l.loaded = __mmask16((1u << l.groups_of_block) - 1);
#else
  for (int i = 0; i < kFloatLanes; i++) l.loaded[i] = i < l.groups_of_block ? -1 : 0;
#endif
  return l;
}

// For each lane of block b the number of its group.
template <class Number_> LW_STATIC Floats by_lane(const Lanes& l, const LowBitWeights& w, int64_t b, Number_ number) {
  // Divided in 32 bits, which is several times faster, and only where a group is more than a block.
  if (l.groups_of_block == 0) {
    return Floats{} + number(l.blocks_of_group == 1 ? b : int64_t(uint32_t(b) / uint32_t(l.blocks_of_group)));
  }
  Floats v = {};
  if (l.groups_of_block > 0) {
    const int64_t first = b * l.groups_of_block;
    for (int64_t i = 0; i < l.groups_of_block; i++) v[i] = number(smaller(first + i, w.groups - 1));
#if defined(__AVX512F__)
    return (Floats)_mm512_permutexvar_ps((__m512i)l.within, (__m512)v);
#else
    return (Floats)_mm256_permutevar8x32_ps((__m256)v, (__m256i)l.within);
#endif
  }
  for (int i = 0; i < kFloatLanes; i++) v[i] = number(smaller((b * kBlock + 8 * i) / w.group, w.groups - 1));
  return v;
}
LW_STATIC Floats scales_of(const Lanes& l, const LowBitWeights& w, int64_t b, const float* scale) {
  if (l.groups_of_block > 0 && (b + 1) * l.groups_of_block <= w.groups) {
    const float* first = scale + b * l.groups_of_block;
#if defined(__AVX512F__)
    const __m512 v = _mm512_maskz_loadu_ps(l.loaded, first);
    return (Floats)_mm512_permutexvar_ps((__m512i)l.within, v);
#else
    const __m256 v = _mm256_maskload_ps(first, (__m256i)l.loaded);
    return (Floats)_mm256_permutevar8x32_ps(v, (__m256i)l.within);
#endif
  }
  return by_lane(l, w, b, [&](int64_t g) { return scale[g]; });
}

// Calls tile(Count<R>, Count<C>, row, column) until all rows meet all columns [begin, end).
template <class Tile> static void cover(int64_t m, int64_t begin, int64_t end, const Tile& tile) {
  int64_t j = begin;
  if (m == 1) {
    for (; j + 4 <= end; j += 4) tile(Count<1>(), Count<4>(), 0, j);
    for (; j < end; j++) tile(Count<1>(), Count<1>(), 0, j);
    return;
  }
  auto rows = [&](auto wide) {
    int64_t i = 0;
    for (; i + 4 <= m; i += 4) tile(Count<4>(), wide, i, j);
    for (; i + 2 <= m; i += 2) tile(Count<2>(), wide, i, j);
    if (i < m) tile(Count<1>(), wide, i, j);
  };
  for (; j + 2 <= end; j += 2) rows(Count<2>());
  for (; j < end; j++) rows(Count<1>());
}

}  // namespace layerwise::NS
#endif
