// Weights of four bits and rows of x in eight, as the products of low_bit_int8.cc read them: weights packed once into panels
// with their scales, rows rounded around zero by runs of 128. Holds no products.
#pragma once
#include "bytes.h"
#include "low_bit.h"
#include "transpose.h"

namespace layerwise::NS {

constexpr int64_t kRun = 128;  // elements of x with one scale, on every instruction set
constexpr int64_t kStep = 8;   // elements of a row in one word of codes

struct Int4Product {
  const float* bias;
  int64_t m, n, k, group, groups, steps, runs;
  bool has_zeros;
  void measure() {
    groups = ceil_div(k, group);
    steps = ceil_div(k, kStep);
    runs = ceil_div(k, kRun);
  }
};

// A weight, padded with zeros to whole panels of kByteColumns columns. Step by step along k a panel has a word of eight
// codes for each of its columns, as the rows have them; scales and zero points lie likewise, group by group.
// `packedInt4` in src/runtime/ops/low_bit.ts knows the size.
struct Int4Pack {
  uint32_t* codes;  // [panels][steps][kByteColumns]
  float* scale;     // [panels][groups][kByteColumns]
  uint8_t* zero;    // the same; null for 8 everywhere

  static Int4Pack at(void* pack, const Int4Product& p) {
    const int64_t columns = ceil_div(p.n, kPackedColumns) * kPackedColumns;
    Int4Pack w;
    w.codes = (uint32_t*)pack;
    w.scale = (float*)(w.codes + columns * p.steps);
    w.zero = p.has_zeros ? (uint8_t*)(w.scale + columns * p.groups) : nullptr;
    return w;
  }
  static constexpr int64_t kPackedColumns = 64;

  Int4Pack panel(int64_t index, const Int4Product& p) const {
    const int64_t column = index * kByteColumns;
    return {codes + column * p.steps, scale + column * p.groups, zero ? zero + column * p.groups : nullptr};
  }
};

// Words of a panel from rows that lie `row_bytes` apart; what reaches beyond a row's end is filled up with zeros.
static void pack_codes(uint32_t* out, const uint8_t* from, int64_t row_bytes, int64_t count, int64_t steps) {
  if (row_bytes % 4 == 0 && count == kByteColumns) return transpose_words(out, (const uint32_t*)from, row_bytes / 4, steps);
  memset(out, 0, size_t(steps * kByteColumns) * 4);
  if (row_bytes % 4 == 0) {
    return transpose_elements(out, kByteColumns, (const uint32_t*)from, row_bytes / 4, count, steps);
  }
  for (int64_t j = 0; j < count; j++) {
    for (int64_t q = 0; q < steps; q++) {
      memcpy(out + q * kByteColumns + j, from + j * row_bytes + 4 * q, size_t(smaller(4, row_bytes - 4 * q)));
    }
  }
}

// What lies in one run of x and one group of weights.
struct Segment {
  int64_t steps, run, group;
};

// Rows of x as integers: of each step first the even elements, then the odd ones, as the halves of bytes meet them.
struct Int8Rows {
  Segment* segments;
  int64_t segment_count, stride, m;
  int8_t* x;      // [m], `stride` apart
  float* scale;   // [runs][m]
  int32_t* sums;  // [segments][m], less than nothing: what a zero point of one adds

  Int8Rows from(int64_t row, int64_t step, int64_t segment) const {
    return {segments + segment, segment_count - segment, stride, m, x + row * stride + step * kStep, scale + row,
            sums + segment * m + row};
  }
};

#if defined(__AVX2__)
// Sixteen neighbours times `inverse`, as integers.
LW_STATIC __m128i sixteen_bytes(const float* v, Floats inverse) {
#if defined(__AVX512F__)
  return _mm512_cvtepi32_epi8((__m512i)rounded(floats_at(v) * inverse));
#else
  const __m256i low = (__m256i)rounded(floats_at(v) * inverse), high = (__m256i)rounded(floats_at(v + 8) * inverse);
  const __m256i shorts = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
  return _mm_packs_epi16(_mm256_castsi256_si128(shorts), _mm256_extracti128_si256(shorts, 1));
#endif
}
LW_STATIC int32_t largest_of(Ints x) {
#if defined(__AVX512F__)
  return _mm512_reduce_max_epi32((__m512i)x);
#else
  __m128i most = _mm_max_epi32(_mm256_castsi256_si128((__m256i)x), _mm256_extracti128_si256((__m256i)x, 1));
  most = _mm_max_epi32(most, _mm_shuffle_epi32(most, 0x4e));
  return _mm_cvtsi128_si32(_mm_max_epi32(most, _mm_shuffle_epi32(most, 0xb1)));
#endif
}
#else
LW_STATIC int32_t largest_of(Ints x) { return max_lanes(x); }
#endif

// One run in the order of steps, zeros beyond `count`, with the sums of its halves of steps. Gives the scale by which the
// integers are multiplied: NaN where x holds one, infinite where x is; both show in every sum.
template <class S> static float quantize_run(int8_t* out, int32_t* half_sums, const S* x, int64_t count) {
  constexpr int64_t lanes = LW_VECTOR_BYTES / 4;
  float copy[kRun];
  const float* v = copy;
  if constexpr (is_same<S, float>) {
    if (count == kRun) v = x;
  }
  if (v == copy) {
    load_run(copy, x, 1, count);
    for (int64_t i = count; i < kRun; i++) copy[i] = 0;
  }
  // Sizes as integers have the order of floats, and NaNs are the largest.
  Ints most[4] = {};
  for (int64_t i = 0; i < kRun; i += 4 * lanes) {
#pragma GCC unroll 4
    for (int u = 0; u < 4; u++) most[u] = max_of(most[u], (Ints)floats_at(v + i + u * lanes) & 0x7fffffff);
  }
  const int32_t largest_bits = largest_of(max_of(max_of(most[0], most[1]), max_of(most[2], most[3])));
  const float largest = bits_of<float>(uint32_t(largest_bits));
  const float inverse = largest > 0 ? 127 / largest : 0;
#if defined(__AVX2__)
  const __m128i order = _mm_setr_epi8(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15);
#pragma GCC unroll 8
  for (int64_t i = 0; i < kRun; i += 16) {
    const __m128i bytes = _mm_shuffle_epi8(sixteen_bytes(v + i, Floats{} + inverse), order);
    _mm_storeu_si128((__m128i*)(out + i), bytes);
    const __m128i pairs = _mm_maddubs_epi16(_mm_set1_epi8(1), bytes);
    _mm_storeu_si128((__m128i*)(half_sums + i / 4), _mm_madd_epi16(pairs, _mm_set1_epi16(1)));
  }
#else
  for (int64_t i = 0; i < kRun; i += 4) {
    int32_t sum = 0;
    for (int64_t e = 0; e < 4; e++) {
      const float element = v[i / kStep * kStep + 2 * e + i % kStep / 4];
      out[i + e] = int8_t(largest_bits < 0x7f800000 ? __builtin_rintf(element * inverse) : 0);
      sum += out[i + e];
    }
    half_sums[i / 4] = sum;
  }
#endif
  return largest / 127;
}

template <class S> static bool quantize_rows(Context* context, Int8Rows* to, const Int4Product& p, const S* x, int64_t x_row) {
  const int64_t most_segments = p.runs + p.groups;
  to->stride = p.runs * kRun + 64;  // a line more: rows a page apart would fight for the same lines of the cache
  to->m = p.m;
  const size_t bytes = size_t(p.m) * size_t(to->stride + (p.runs + most_segments) * 4);
  char* room = (char*)context->scratch(context, 0, bytes + size_t(most_segments) * sizeof(Segment) + size_t(p.runs + 1) * 8);
  if (!room) return false;
  to->x = (int8_t*)room;
  to->segments = (Segment*)(to->x + p.m * to->stride);
  int64_t* first_of_run = (int64_t*)(to->segments + most_segments);
  to->scale = (float*)(first_of_run + p.runs + 1);
  to->sums = (int32_t*)(to->scale + p.m * p.runs);
  to->segment_count = 0;
  for (int64_t at = 0; at < p.k;) {
    const int64_t run = at / kRun, group = at / p.group;
    const int64_t end = smaller(smaller((run + 1) * kRun, (group + 1) * p.group), p.k);
    if (at % kRun == 0) first_of_run[run] = to->segment_count;
    to->segments[to->segment_count++] = {ceil_div(end - at, kStep), run, group};
    at = end;
  }
  first_of_run[p.runs] = to->segment_count;
  parallel_for(context, p.m * p.runs, (32 << 10) / kRun, [&, to = *to](int64_t begin, int64_t end) {
    for (int64_t piece = begin; piece < end; piece++) {
      const int64_t i = piece / p.runs, run = piece % p.runs;
      int32_t half_sums[kRun / 4];
      const S* from = x + i * x_row + run * kRun;
      to.scale[run * p.m + i] = quantize_run(to.x + i * to.stride + run * kRun, half_sums, from, smaller(kRun, p.k - run * kRun));
      const int32_t* half = half_sums;
      for (int64_t s = first_of_run[run]; s < first_of_run[run + 1]; s++) {
        int32_t sum = 0;
        for (int64_t h = 0; h < 2 * to.segments[s].steps; h++) sum -= *half++;
        to.sums[s * p.m + i] = sum;
      }
    }
  });
  return true;
}

}  // namespace layerwise::NS
