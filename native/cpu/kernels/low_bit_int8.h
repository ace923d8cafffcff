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
static int64_t list_segments(Segment* out, const Int4Product& p) {
  int64_t count = 0;
  for (int64_t at = 0; at < p.k; count++) {
    const int64_t run = at / kRun, group = at / p.group;
    const int64_t end = smaller(smaller((run + 1) * kRun, (group + 1) * p.group), p.k);
    out[count] = {ceil_div(end - at, kStep), run, group};
    at = end;
  }
  return count;
}

// One run as integers, zeros beyond `count`; the scale by which they are multiplied. A NaN makes the scale NaN, an
// infinity makes it infinite: both show in every sum.
template <class S> static float quantize_run(int8_t* out, const S* x, int64_t count) {
  float v[kRun];
  load_run(v, x, 1, count);
  for (int64_t i = count; i < kRun; i++) v[i] = 0;
  constexpr int64_t lanes = LW_VECTOR_BYTES / 4;
  Floats most = {};
  Ints nans = {};
  for (int64_t i = 0; i < kRun; i += lanes) {
    const Floats one = floats_at(v + i), size = one < 0 ? -one : one;
    most = size > most ? size : most;
    nans |= one != one;
  }
  int32_t has_nan = 0;
  for (int64_t i = 0; i < lanes; i++) has_nan |= nans[i];
  const float largest = max_lanes(most), inverse = largest > 0 ? 127 / largest : 0;
  typedef int8_t Bytes __attribute__((vector_size(lanes)));
  for (int64_t i = 0; i < kRun; i += lanes) {
    const Bytes q = __builtin_convertvector(rounded(floats_at(v + i) * inverse), Bytes);
    memcpy(out + i, &q, sizeof q);
  }
  return has_nan ? __builtin_nanf("") : largest / 127;
}

// Rows as tiles of `height`; the last may be lower. A step has two words for each row, of its even elements and of its odd
// ones, as the halves of bytes meet them: [steps][2][rows of the tile].
struct WordTiles {
  Segment* segments;
  int64_t segment_count;
  uint32_t* x;
  float* scale;   // [runs][rows of the tile]
  int32_t* sums;  // [segments][rows of the tile], less than nothing: what a zero point of one adds
  int64_t height, run_steps;
};

template <class S>
static bool quantize_tiles(Context* context, WordTiles* to, const Int4Product& p, const S* x, int64_t x_row, int64_t most_rows) {
  to->height = ceil_div(p.m, ceil_div(p.m, most_rows));
  const int64_t most_segments = p.runs + p.groups, words = p.runs * kRun / 4;
  const size_t bytes = size_t(most_segments) * sizeof(Segment) + size_t(p.m * (words + p.runs + most_segments) * 4);
  to->segments = (Segment*)context->scratch(context, 0, bytes);
  if (!to->segments) return false;
  to->segment_count = list_segments(to->segments, p);
  to->x = (uint32_t*)(to->segments + most_segments);
  to->scale = (float*)(to->x + p.m * words);
  to->sums = (int32_t*)(to->scale + p.m * p.runs);
  const int64_t tiles = ceil_div(p.m, to->height);
  const int64_t grain = p.m * p.k >= (64 << 10) ? (16 << 10) / (to->height * p.k) + 1 : tiles;
  parallel_for(context, tiles, grain, [&, to = *to](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; t++) {
      const int64_t first = t * to.height, rows = smaller(to.height, p.m - first);
      const Segment* segment = to.segments;
      for (int64_t run = 0; run < p.runs; run++) {
        constexpr int64_t kWords = kRun / 4;
        uint32_t turned[kByteRows * kWords];
        const Segment* next = segment;
        for (int64_t i = 0; i < rows; i++) {
          int8_t q[kRun];
          const S* from = x + (first + i) * x_row + run * kRun;
          to.scale[first * p.runs + run * rows + i] = quantize_run(q, from, smaller(kRun, p.k - run * kRun));
          const int8_t* at = q;
          int32_t* sum_at = to.sums + first * to.segment_count + i;
          next = segment;
          for (; next < to.segments + to.segment_count && next->run == run; next++) {
            int32_t sum = 0;
            for (int64_t e = 0; e < next->steps * kStep; e++) sum -= at[e];
            sum_at[(next - to.segments) * rows] = sum;
            at += next->steps * kStep;
          }
          uint8_t* words = (uint8_t*)(turned + i * kWords);
          for (int64_t s = 0; s < kRun; s += kStep) {
            for (int64_t e = 0; e < 4; e++) words[s + e] = uint8_t(q[s + 2 * e]);
            for (int64_t e = 0; e < 4; e++) words[s + 4 + e] = uint8_t(q[s + 2 * e + 1]);
          }
        }
        segment = next;
        uint32_t* out = to.x + first * p.runs * kWords + run * kWords * rows;
        if (rows == 1) memcpy(out, turned, sizeof(uint32_t) * kWords);
        else transpose_elements(out, rows, turned, kWords, rows, kWords);
      }
    }
  });
  return true;
}

}  // namespace layerwise::NS
