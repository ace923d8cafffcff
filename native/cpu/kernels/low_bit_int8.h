// Activations in eight bits for products with four-bit weights: rows rounded around zero by runs of 128, and products of
// many rows, for which a panel of weights is spelled out as bytes. Sums within a run and a group of weights are integers,
// exact; they meet in single precision.
#pragma once
#include "bytes.h"
#include "low_bit_lanes.h"

namespace layerwise::NS {

constexpr int64_t kRun = 128;  // elements of x with one scale, on every instruction set

struct Int4Product {
  LowBitWeights w;
  const float* bias;
  int64_t m, n, runs;
};

// One run as integers, zeros beyond `count`; the scale by which they are multiplied. A NaN makes the scale NaN, an
// infinity makes it infinite: both show in every sum.
template <class S> static float quantize_run(int8_t* out, const S* x, int64_t count) {
  float v[kRun];
  load_run(v, x, 1, count);
  for (int64_t i = count; i < kRun; i++) v[i] = 0;
  float scale, inverse;
  auto choose = [&](float most, bool has_nan) {
    scale = has_nan ? __builtin_nanf("") : most / 127;
    inverse = most > 0 ? 127 / most : 0;
  };
#if defined(LW_LOW_BIT_VECTORS)
  Floats most = {};
  Ints nans = {};
  for (int64_t i = 0; i < kRun; i += kFloatLanes) {
    const Floats one = vector_at(v + i);
    most = max_of(most, abs_of(one));
    nans |= one != one;
  }
  int32_t any[kFloatLanes], has_nan = 0;
  memcpy(any, &nans, sizeof nans);
  for (int i = 0; i < kFloatLanes; i++) has_nan |= any[i];
  choose(max_lanes(most), has_nan);
  typedef int8_t Bytes __attribute__((vector_size(kFloatLanes)));
  for (int64_t i = 0; i < kRun; i += kFloatLanes) {
    const Bytes q = __builtin_convertvector(rounded(vector_at(v + i) * inverse), Bytes);
    memcpy(out + i, &q, sizeof q);
  }
#else
  float most = 0;
  bool has_nan = false;
  for (int64_t i = 0; i < kRun; i++) {
    const float size = v[i] < 0 ? -v[i] : v[i];
    most = size > most ? size : most;
    has_nan |= v[i] != v[i];
  }
  choose(most, has_nan);
  for (int64_t i = 0; i < kRun; i++) out[i] = int8_t(__builtin_rintf(has_nan ? 0 : v[i] * inverse));
#endif
  return scale;
}

#if defined(LW_LOW_BIT_VECTORS)
// Sums of products of unsigned and signed bytes, four to a lane. Without an instruction for it two products are added
// in 16 bits first: one factor is at most 15 here, so that nothing saturates.
template <bool bytes> LW_INLINE Integers dot_bytes(Integers sum, Integers x, Integers w) {
  if constexpr (bytes) return ByteDots::dot(sum, x, w);
#if defined(__AVX512F__)
  else return _mm512_add_epi32(sum, _mm512_madd_epi16(_mm512_maddubs_epi16(x, w), _mm512_set1_epi16(1)));
#else
  else return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(x, w), _mm256_set1_epi16(1)));
#endif
}
LW_STATIC Integers low_halves(Integers x) { return (Integers)((Uints)x & 0x0f0f0f0fu); }
LW_STATIC Integers high_halves(Integers x) { return (Integers)((Uints)x >> 4 & 0x0f0f0f0fu); }
LW_STATIC Integers minus_bytes(Integers a, Integers b) {
#if defined(__AVX512F__)
  return _mm512_sub_epi8(a, b);
#else
  return _mm256_sub_epi8(a, b);
#endif
}

constexpr int64_t kWordColumns = kByteColumns;  // of a panel
constexpr int64_t kWordDepth = 1024;            // of a piece of a panel, in elements: 32 KiB
constexpr int64_t kInt8Flops = 2000000;         // that are worth a chunk

// What lies in one run of x and one group of weights. Two words hold eight elements of a row: first the even ones, then
// the odd ones, as the halves of bytes come.
struct Segment {
  int64_t at, words, run, group;
};
static int64_t segment_count(const Int4Product& p) { return p.runs + p.w.groups; }  // at most
static int64_t list_segments(Segment* out, const Int4Product& p) {
  int64_t count = 0;
  for (int64_t at = 0; at < p.w.k; count++) {
    const int64_t run = at / kRun, group = at / p.w.group;
    const int64_t end = smaller(smaller((run + 1) * kRun, (group + 1) * p.w.group), p.w.k);
    out[count] = {at, 2 * ceil_div(end - at, 8), run, group};
    at = end;
  }
  return count;
}

// Rows as tiles of `height`, [words][rows of the tile], moved up by 128; their scales [runs][rows of the tile].
struct WordTiles {
  uint32_t* x;
  float* scale;
  int64_t height, words;
};

template <class S> static bool quantize_tiles(Context* context, WordTiles* to, const Int4Product& p, const S* x, int64_t x_row) {
  to->height = ceil_div(p.m, ceil_div(p.m, kByteRows));
  to->words = p.runs * kRun / 4;
  uint32_t* room = (uint32_t*)context->scratch(context, 0, size_t(p.m * (to->words + p.runs) * 4));
  if (!room) return false;
  to->x = room;
  to->scale = (float*)(room + p.m * to->words);
  const int64_t tiles = ceil_div(p.m, to->height);
  const int64_t grain = p.m * p.w.k >= (64 << 10) ? (16 << 10) / (to->height * p.w.k) + 1 : tiles;
  parallel_for(context, tiles, grain, [&, to = *to](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; t++) {
      const int64_t first = t * to.height, rows = smaller(to.height, p.m - first);
      for (int64_t run = 0; run < p.runs; run++) {
        uint32_t words[kByteRows * (kRun / 4)];
        for (int64_t i = 0; i < rows; i++) {
          int8_t q[kRun];
          const S* from = x + (first + i) * x_row + run * kRun;
          to.scale[first * p.runs + run * rows + i] = quantize_run(q, from, smaller(kRun, p.w.k - run * kRun));
          const __m128i order = _mm_setr_epi8(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15);
          for (int64_t b = 0; b < kRun; b += 16) {
            const __m128i bytes = _mm_xor_si128(_mm_loadu_si128((const __m128i*)(q + b)), _mm_set1_epi8(-128));
            _mm_storeu_si128((__m128i*)((char*)(words + i * (kRun / 4)) + b), _mm_shuffle_epi8(bytes, order));
          }
        }
        transpose_elements(to.x + first * to.words + run * (kRun / 4) * rows, rows, words, kRun / 4, rows, kRun / 4);
      }
    }
  });
  return true;
}

// What one thread keeps of a panel.
struct WordPanel {
  uint32_t* words;   // [kWordDepth / 4][kWordColumns], signed bytes without their zero points
  uint32_t* turned;  // [kWordDepth / 8][kWordColumns], as they are packed
  int32_t* begin;    // [segments][kWordColumns]: takes off what 128 in x adds
  float* scale;      // [groups][kWordColumns]
  uint32_t* zero;    // [groups / 4][kWordColumns], a byte for each group; null for 8 everywhere
  static size_t numbers(const Int4Product& p) {
    return size_t(kWordColumns * (kWordDepth / 4 + kWordDepth / 8 + segment_count(p) + p.w.groups + ceil_div(p.w.groups, 4)));
  }
  void lay(uint32_t* room, const Int4Product& p) {
    words = room;
    turned = words + kWordColumns * (kWordDepth / 4);
    begin = (int32_t*)(turned + kWordColumns * (kWordDepth / 8));
    scale = (float*)(begin + kWordColumns * segment_count(p));
    zero = p.w.zero ? (uint32_t*)(scale + kWordColumns * p.w.groups) : nullptr;
  }
};

// Words of rows that lie `row_bytes` apart side by side; those that reach beyond a row's end are filled up with zeros.
static void turn_bytes(uint32_t* out, const uint8_t* from, int64_t row_bytes, int64_t left, int64_t count, int64_t words) {
  if (row_bytes % 4 == 0) {
    if (count == kWordColumns) return transpose_words(out, (const uint32_t*)from, row_bytes / 4, words);
    return transpose_elements(out, kWordColumns, (const uint32_t*)from, row_bytes / 4, count, words);
  }
  for (int64_t j = 0; j < count; j++) {
    for (int64_t q = 0; q < words; q++) {
      uint32_t word = 0;
      memcpy(&word, from + j * row_bytes + 4 * q, size_t(smaller(4, left - 4 * q)));
      out[q * kWordColumns + j] = word;
    }
  }
}

// The zero points of a group, each in all bytes of its word.
static Integers zeros_at(const WordPanel& panel, int64_t group, int64_t column) {
  if (!panel.zero) return all_lanes(0x08080808);
  const Integers word = load_integers(panel.zero + group / 4 * kWordColumns + column);
  const Integers place = all_lanes(int32_t(group % 4) * 0x01010101);
#if defined(__AVX512F__)
  const Integers first = _mm512_broadcast_i32x4(_mm_setr_epi32(0, 0x04040404, 0x08080808, 0x0c0c0c0c));
  return _mm512_shuffle_epi8(word, _mm512_add_epi8(first, place));
#else
  const Integers first = _mm256_broadcastsi128_si256(_mm_setr_epi32(0, 0x04040404, 0x08080808, 0x0c0c0c0c));
  return _mm256_shuffle_epi8(word, _mm256_add_epi8(first, place));
#endif
}

// The elements of some segments that follow each other, as signed bytes. Elements beyond k meet zeros in x, which are
// 128 there, and what that adds is in `begin` like all else.
template <bool bytes>
static void spell_words(const WordPanel& panel, const Segment* segments, int64_t first, int64_t last) {
  const uint32_t* from = panel.turned;
  uint32_t* to = panel.words;
  const Integers ones = all_lanes(0x01010101);
  for (int64_t s = first; s < last; s++) {
    for (int64_t v = 0; v < kWordColumns; v += kByteLanes) {
      const Integers zero = zeros_at(panel, segments[s].group, v);
      Integers sum = all_lanes(0);
      for (int64_t q = 0; q < segments[s].words; q += 2) {
        const Integers packed = load_integers(from + q / 2 * kWordColumns + v);
        const Integers even = minus_bytes(low_halves(packed), zero), odd = minus_bytes(high_halves(packed), zero);
        sum = dot_bytes<bytes>(dot_bytes<bytes>(sum, ones, even), ones, odd);
        store_integers((int32_t*)to + q * kWordColumns + v, even);
        store_integers((int32_t*)to + (q + 1) * kWordColumns + v, odd);
      }
      store_integers(panel.begin + s * kWordColumns + v, (Integers)((Ints)sum * -128));
    }
    from += segments[s].words / 2 * kWordColumns;
    to += segments[s].words * kWordColumns;
  }
}

// R rows and V vectors of columns over some segments; sums lie kWordColumns apart and are added to unless is_first.
template <bool bytes, int R, int V>
static void word_tile(const WordPanel& panel, const Segment* segments, int64_t first, int64_t last, const uint32_t* x,
                      const float* x_scale, float* sums, bool is_first) {
  const uint32_t* w = panel.words;
  for (int64_t s = first; s < last; s++) {
    Integers sum[R][V];
#pragma GCC unroll 2
    for (int j = 0; j < V; j++) {
      const Integers begin = load_integers(panel.begin + s * kWordColumns + j * kByteLanes);
#pragma GCC unroll 16
      for (int i = 0; i < R; i++) sum[i][j] = begin;
    }
    for (int64_t q = 0; q < segments[s].words; q++) {
      Integers column[V];
#pragma GCC unroll 2
      for (int j = 0; j < V; j++) column[j] = load_integers(w + j * kByteLanes);
      w += kWordColumns;
#pragma GCC unroll 16
      for (int i = 0; i < R; i++) {
        const Integers word = all_lanes(int32_t(x[i]));
#pragma GCC unroll 2
        for (int j = 0; j < V; j++) sum[i][j] = dot_bytes<bytes>(sum[i][j], word, column[j]);
      }
      x += R;
    }
    const float* by_row = x_scale + segments[s].run * R;
    Floats scale[V];
#pragma GCC unroll 2
    for (int j = 0; j < V; j++) scale[j] = vector_at(panel.scale + segments[s].group * kWordColumns + j * kByteLanes);
#pragma GCC unroll 16
    for (int i = 0; i < R; i++) {
#pragma GCC unroll 2
      for (int j = 0; j < V; j++) {
        float* to = sums + i * kWordColumns + j * kByteLanes;
        const Floats before = is_first && s == first ? Floats{} : vector_at(to);
        const Floats v = __builtin_convertvector((Ints)sum[i][j], Floats) * by_row[i] * scale[j] + before;
        memcpy(to, &v, sizeof v);
      }
    }
  }
}

using WordTile = void (*)(const WordPanel&, const Segment*, int64_t, int64_t, const uint32_t*, const float*, float*, bool);
template <bool bytes, int V> static WordTile word_tile_of(int64_t rows) {
  switch (rows) {
    case 1: return word_tile<bytes, 1, V>;
    case 2: return word_tile<bytes, 2, V>;
    case 3: return word_tile<bytes, 3, V>;
    case 4: return word_tile<bytes, 4, V>;
    case 5: return word_tile<bytes, 5, V>;
    case 6: return word_tile<bytes, 6, V>;
#if defined(__AVX512F__)
    case 7: return word_tile<bytes, 7, V>;
    case 8: return word_tile<bytes, 8, V>;
    case 9: return word_tile<bytes, 9, V>;
    case 10: return word_tile<bytes, 10, V>;
    case 11: return word_tile<bytes, 11, V>;
    case 12: return word_tile<bytes, 12, V>;
#endif
    default: return nullptr;
  }
}

// Many rows: false when memory is short.
template <bool bytes, class S>
static bool multiply_word_panels(Context* context, const Int4Product& p, S* out, const S* x, int64_t x_row) {
  WordTiles tiles;
  if (!quantize_tiles(context, &tiles, p, x, x_row)) return false;
  Segment* segments = (Segment*)context->scratch(context, 2, size_t(segment_count(p)) * sizeof(Segment));
  if (!segments) return false;
  const int64_t count = list_segments(segments, p);
  const int64_t panels = ceil_div(p.n, kWordColumns);
  const int64_t grain = kInt8Flops / (2 * p.m * p.w.k * kWordColumns) + 1;
  bool has_room = true;
  parallel_for(context, panels, grain, [&](int64_t begin, int64_t end) {
    const size_t numbers = WordPanel::numbers(p);
    float* sums = (float*)context->scratch(context, 1, (numbers + size_t(p.m * kWordColumns)) * 4);
    if (!sums) return void(has_room = false);
    WordPanel panel;
    panel.lay((uint32_t*)sums + p.m * kWordColumns, p);
    for (int64_t b = begin; b < end; b++) {
      const int64_t n = b * kWordColumns, columns = smaller(kWordColumns, p.n - n);
      transpose_elements((uint32_t*)panel.scale, kWordColumns, (const uint32_t*)p.w.scale + n * p.w.groups, p.w.groups,
                         columns, p.w.groups);
      if (panel.zero) {
        turn_bytes(panel.zero, p.w.zero + n * p.w.groups, p.w.groups, p.w.groups, columns, ceil_div(p.w.groups, 4));
      }
      for (int64_t first = 0; first < count;) {
        const int64_t at = segments[first].at;
        int64_t last = first, words = 0;
        while (last < count && segments[last].at < at + kWordDepth) words += segments[last++].words;
        turn_bytes(panel.turned, p.w.data + n * p.w.row_bytes + at / 2, p.w.row_bytes, p.w.row_bytes - at / 2, columns,
                   words / 2);
        spell_words<bytes>(panel, segments, first, last);
        for (int64_t i = 0; i < p.m; i += tiles.height) {
          const int64_t rows = smaller(tiles.height, p.m - i);
          const auto tile = columns <= kByteLanes ? word_tile_of<bytes, 1>(rows) : word_tile_of<bytes, 2>(rows);
          tile(panel, segments, first, last, tiles.x + i * tiles.words + at / 4 * rows, tiles.scale + i * p.runs,
               sums + i * kWordColumns, first == 0);
        }
        first = last;
      }
      const Finish<float> finish = {1, 0, p.bias ? p.bias + n : nullptr, 0, 1};
      for (int64_t i = 0; i < p.m; i++) finish_row(finish, sums + i * kWordColumns, out + i * p.n + n, 1, 0, int64_t(columns));
    }
  });
  return has_room;
}
#endif

}  // namespace layerwise::NS
