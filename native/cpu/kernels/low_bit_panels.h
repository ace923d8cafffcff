// Weights of few bits spelled out in panels, [k][kPanelColumns] numbers that the tiles of matmul_micro.h read front to
// back, and products of many rows with them. A panel is spelled once for all rows of x, in pieces that stay in the
// second-level cache; the packed weight is never spelled out as a whole.
#pragma once
#include "low_bit_lanes.h"
#include "matmul_brain.h"

namespace layerwise::NS {

constexpr int64_t kPanelColumns = kTileColumns<float>;
constexpr int64_t kPanelDepth = 384;   // a multiple of 8: pieces begin with whole words
constexpr int64_t kPanelFlops = 1000000;  // that are worth a chunk

// Scales and zero points of a panel's columns, group by group: [groups][kPanelColumns].
struct PanelScales {
  float* scale;
  float* zero;  // null where there are none, or where the table knows them
};

// Rows of x as tiles of `height` rows each, [k][height]; the last may be lower.
struct Tiles {
  float* x;
  int64_t height;
};
LW_STATIC int64_t tile_height(int64_t m) { return ceil_div(m, ceil_div(m, kTileRows)); }

template <class S>
static bool pack_tiles(Context* context, Tiles* tiles, const S* x, int64_t x_row, int64_t m, int64_t k) {
  tiles->height = tile_height(m);
  tiles->x = (float*)context->scratch(context, 0, size_t(m * k) * sizeof(float) + 64);
  if (!tiles->x) return false;
  const int64_t count = ceil_div(m, tiles->height);
  const int64_t grain = m * k >= (64 << 10) ? (32 << 10) / (tiles->height * k) + 1 : count;
  parallel_for(context, count, grain, [=](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; t++) {
      const int64_t first = t * tiles->height;
      const int rows = int(smaller(tiles->height, m - first));
      pack_panel(tiles->x + first * k, rows, rows, x + first * x_row, x_row, 1, k);
    }
  });
  return true;
}

// Any format: rows spelled out one by one, then turned.
static void spell_rows(float* panel, const LowBitWeights& w, int64_t n, int count, int64_t at, int64_t depth, float* stage) {
  for (int j = 0; j < count; j++) spell_run(stage + j * kPanelDepth, w, n + j, at, depth);
  pack_panel(panel, int(kPanelColumns), count, stage, kPanelDepth, 1, depth);
}

#if defined(LW_LOW_BIT_VECTORS)
// Words of a panel's columns side by side, [words][kPanelColumns], from rows of `row_bytes`.
static void turn_words(uint32_t* out, const uint8_t* from, int64_t row_bytes, int count, int64_t words) {
  transpose_elements(out, kPanelColumns, (const uint32_t*)from, row_bytes / 4, count, words);
}

static void turn_scales(const PanelScales& to, const LowBitWeights& w, int64_t n, int count) {
  transpose_elements((uint32_t*)to.scale, kPanelColumns, (const uint32_t*)w.scale + n * w.groups, w.groups, count,
                     w.groups);
  if (!to.zero) return;
  for (int j = 0; j < count; j++) {
    for (int64_t g = 0; g < w.groups; g++) to.zero[g * kPanelColumns + j] = w.zero_at((n + j) * w.groups + g);
  }
}

// Elements [at, at + depth) of formats in which a word holds several: Read::at(word, i) is a vector of their i-th ones.
template <class Read, bool zeros>
static void spell_words(float* panel, const LowBitWeights& w, const Read& read, const PanelScales& by_group, int64_t at,
                        int64_t depth, const uint32_t* words) {
  constexpr int per = Read::kPerWord;
  for (int64_t p = 0; p < depth;) {
    const int64_t group = (at + p) / w.group;
    const int64_t end = smaller((group + 1) * w.group - at, depth);
    Floats scale[kTileVectors], zero[kTileVectors];
#pragma GCC unroll 2
    for (int v = 0; v < kTileVectors; v++) {
      scale[v] = vector_at(by_group.scale + group * kPanelColumns + v * kFloatLanes);
      if (zeros) zero[v] = vector_at(by_group.zero + group * kPanelColumns + v * kFloatLanes);
    }
    for (; p < end; p += per) {
#pragma GCC unroll 2
      for (int v = 0; v < kTileVectors; v++) {
        Uints word;
        memcpy(&word, words + p / per * kPanelColumns + v * kFloatLanes, sizeof word);
#pragma GCC unroll 8
        for (int i = 0; i < per; i++) {
          Floats x = read.at(word, i);
          if (zeros) x -= zero[v];
          x *= scale[v];
          memcpy(panel + (p + i) * kPanelColumns + v * kFloatLanes, &x, sizeof x);
        }
      }
    }
  }
}

struct NibbleWords {
  static constexpr int kPerWord = 8;
  Lookup lookup;
  LW_INLINE Floats at(Uints word, int i) const { return lookup.of(word >> (4 * i)); }
};
struct ByteWords {
  static constexpr int kPerWord = 4;
  LW_INLINE Floats at(Uints word, int i) const {
    return __builtin_convertvector((Ints)(word << (24 - 8 * i)) >> 24, Floats);
  }
};
// By way of a float that is smaller by 2^120, so that exponents need no adding; NaN's code comes out as a number.
struct E4m3Words {
  static constexpr int kPerWord = 4;
  LW_INLINE Floats at(Uints word, int i) const {
    const Ints code = (Ints)(word << (24 - 8 * i));
    return (Floats)((Uints)(code >> 4) & 0x87f00000u) * 0x1p120f;
  }
};
struct BrainWords {
  static constexpr int kPerWord = 2;
  LW_INLINE Floats at(Uints word, int i) const { return (Floats)(i ? word & 0xffff0000u : word << 16); }
};
struct HalfWords {
  static constexpr int kPerWord = 2;
  LW_INLINE Floats at(Uints word, int i) const {
    return widen(__builtin_convertvector(i ? word >> 16 : word & 0xffffu, Shorts), Half{});
  }
};

// Do whole words hold whole numbers of one group?
LW_STATIC bool has_words(const LowBitWeights& w) {
  const bool is_e5m2 = w.format == kFloat8Format && w.dtype != LowBitWeights::kE4m3fn;
  return !is_e5m2 && w.row_bytes % 4 == 0;
}
#endif

// What one thread needs to spell panels of one weight.
struct PanelRoom {
  float* panel;
  float* stage;    // rows of kPanelDepth numbers, or words
  PanelScales by_group;
  static size_t numbers(const LowBitWeights& w) {
    return size_t(2 * kPanelColumns * kPanelDepth + 2 * kPanelColumns * w.groups);
  }
  void lay(float* room, const LowBitWeights& w) {
    panel = room;
    stage = panel + kPanelColumns * kPanelDepth;
    by_group.scale = stage + kPanelColumns * kPanelDepth;
    by_group.zero = w.zero ? by_group.scale + kPanelColumns * w.groups : nullptr;
  }
};

// Elements [at, at + depth) of columns [n, n + count), whose scales have been turned.
static void spell_panel(const PanelRoom& room, const LowBitWeights& w, int64_t n, int count, int64_t at, int64_t depth) {
#if defined(LW_LOW_BIT_VECTORS)
  const uint8_t* row = w.data + n * w.row_bytes + (w.is_nibbles() ? at / 2 : w.format == kHalfFormat ? 2 * at : at);
  uint32_t* words = (uint32_t*)room.stage;
  auto spell = [&](auto read) {
    turn_words(words, row, w.row_bytes, count, depth / decltype(read)::kPerWord);
    if (w.zero) spell_words<decltype(read), true>(room.panel, w, read, room.by_group, at, depth, words);
    else spell_words<decltype(read), false>(room.panel, w, read, room.by_group, at, depth, words);
  };
  if (has_words(w)) {
    if (w.is_nibbles()) {
      float numbers[16];
      for (int q = 0; q < 16; q++) {
        numbers[q] = w.format == kTableFormat ? w.table[q] : float(q - (w.zero ? 0 : 8));
      }
      return spell(NibbleWords{Lookup(numbers)});
    }
    if (w.format == kBytesFormat) return spell(ByteWords());
    if (w.format == kHalfFormat) return w.dtype == kFloat16 ? spell(HalfWords()) : spell(BrainWords());
    bool any = false;
    for (int j = 0; j < count; j++) any |= has_nan(row + j * w.row_bytes, depth);
    if (!any) return spell(E4m3Words());
  }
#endif
  spell_rows(room.panel, w, n, count, at, depth, room.stage);
}

struct Product {
  LowBitWeights w;
  const float* bias;
  int64_t m, n;
  bool rounds;  // x to bfloat16
};

// Rounded as bfloat16 is stored.
static void round_run(float* x, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) x[i] = brain_to_float(float_to_brain(x[i]));
}

#if defined(__AVX512F__)
// bfloat16 on both sides, on machines that multiply pairs of them: a panel is the packed words, turned.
template <class S> static bool multiply_pairs(Context* context, const Product& p, S* out, const S* x, int64_t x_row) {
  const int64_t k = p.w.k, pairs = k / 2, height = tile_height(p.m);
  uint32_t* packed = (uint32_t*)context->scratch(context, 0, size_t(p.m * pairs) * 4);
  if (!packed) return false;
  const int64_t tiles = ceil_div(p.m, height);
  const int64_t grain = p.m * k >= (64 << 10) ? (32 << 10) / (height * k) + 1 : tiles;
  bool has_room = true;
  parallel_for(context, tiles, grain, [&](int64_t begin, int64_t end) {
    uint16_t* rows = (uint16_t*)context->scratch(context, 1, size_t(height * k) * 2);
    if (!rows) return void(has_room = false);
    for (int64_t t = begin; t < end; t++) {
      const int64_t first = t * height, count = smaller(height, p.m - first);
      for (int64_t i = 0; i < count; i++) {
        const S* from = x + (first + i) * x_row;
        if constexpr (is_same<S, Brain>) memcpy(rows + i * k, from, size_t(k) * 2);
        else {
          float piece[256];
          for (int64_t at = 0; at < k; at += 256) {
            const int64_t run = smaller(256, k - at);
            load_run(piece, from + at, 1, run);
            store_run((Brain*)rows + i * k + at, piece, 1, run);
          }
        }
      }
      pack_pairs(packed + first * pairs, int(count), int(count), rows, k, 1, k);
    }
  });
  const int64_t panels = ceil_div(p.n, kPanelColumns);
  parallel_for(context, panels, kPanelFlops / (p.m * k * kPanelColumns) + 1, [&](int64_t begin, int64_t end) {
    const int64_t room = kPanelColumns * (kPanelDepth + p.m + 1);
    uint32_t* panel = (uint32_t*)context->scratch(context, 1, size_t(room) * 4);
    if (!panel) return void(has_room = false);
    float *sums = (float*)(panel + kPanelColumns * kPanelDepth), *scale = sums + kPanelColumns * p.m;
    for (int64_t b = begin; b < end; b++) {
      const int64_t n = b * kPanelColumns;
      const int count = int(smaller(kPanelColumns, p.n - n));
      for (int64_t at = 0; at < pairs; at += kPanelDepth) {
        const int64_t depth = smaller(kPanelDepth, pairs - at);
        turn_words(panel, p.w.data + n * p.w.row_bytes + at * 4, p.w.row_bytes, count, depth);
        for (int64_t i = 0; i < p.m; i += height) {
          const int rows = int(smaller(height, p.m - i));
          BrainPacking::kernel(rows, count)(depth, packed + i * pairs + at * rows, panel, kPanelColumns,
                                            sums + i * kPanelColumns, kPanelColumns, 1, count, {1, at == 0 ? 0.f : 1.f});
        }
      }
      for (int j = 0; j < count; j++) scale[j] = p.w.scale[n + j];
      const Finish<float> finish = {1, 0, p.bias ? p.bias + n : nullptr, 0, 1};
      for (int64_t i = 0; i < p.m; i++) {
        float* row = sums + i * kPanelColumns;
        for (int j = 0; j < count; j++) row[j] *= scale[j];
        finish_row(finish, row, out + i * p.n + n, 1, 0, count);
      }
    }
  });
  return has_room;
}
#endif

template <class S>
static void multiply_panels(Context* context, const Product& p, S* out, const S* x, int64_t x_row) {
  auto out_of_memory = [=] { context->fail(context, "[matmul_low_bit] out of memory for the panels"); };
#if defined(__AVX512F__)
  const bool is_pairs = p.w.format == kHalfFormat && p.w.dtype == kBfloat16 && p.w.groups == 1 && p.w.k % 2 == 0;
  if ((p.rounds || is_same<S, Brain>)&&is_pairs && has_brain_dots()) {
    if (!multiply_pairs(context, p, out, x, x_row)) out_of_memory();
    return;
  }
#endif
  Tiles tiles;
  if (!pack_tiles(context, &tiles, x, x_row, p.m, p.w.k)) return out_of_memory();
  if (p.rounds) round_run(tiles.x, p.m * p.w.k);
  // Sums in single precision are made where results go.
  constexpr bool is_single = is_same<S, float>;
  const int64_t panels = ceil_div(p.n, kPanelColumns);
  const int64_t grain = kPanelFlops / (2 * p.m * p.w.k * kPanelColumns) + 1;
  parallel_for(context, panels, grain, [&](int64_t begin, int64_t end) {
    const size_t numbers = PanelRoom::numbers(p.w);
    float* sums = (float*)context->scratch(context, 1, (numbers + size_t(p.m * kPanelColumns)) * sizeof(float));
    if (!sums) return out_of_memory();
    PanelRoom room;
    room.lay(sums + p.m * kPanelColumns, p.w);
    for (int64_t b = begin; b < end; b++) {
      const int64_t n = b * kPanelColumns;
      const int count = int(smaller(kPanelColumns, p.n - n));
#if defined(LW_LOW_BIT_VECTORS)
      if (has_words(p.w)) turn_scales(room.by_group, p.w, n, count);
#endif
      for (int64_t at = 0; at < p.w.k; at += kPanelDepth) {
        const int64_t depth = smaller(kPanelDepth, p.w.k - at);
        spell_panel(room, p.w, n, count, at, depth);
        const bool is_last = at + depth == p.w.k;
        for (int64_t i = 0; i < p.m; i += tiles.height) {
          const int rows = int(smaller(tiles.height, p.m - i));
          const float* of_rows = tiles.x + i * p.w.k + at * rows;
          float* to = is_single ? (float*)out + i * p.n + n : sums + i * kPanelColumns;
          const Finish<float> finish = {1, at == 0 ? 0.f : 1.f, is_single && is_last && p.bias ? p.bias + n : nullptr, 0, 1};
          micro_kernel_for<float>(rows, count)(depth, of_rows, room.panel, kPanelColumns, to, is_single ? p.n : kPanelColumns,
                                               1, count, finish);
        }
      }
      if (is_single) continue;
      const Finish<float> finish = {1, 0, p.bias ? p.bias + n : nullptr, 0, 1};
      for (int64_t i = 0; i < p.m; i++) finish_row(finish, sums + i * kPanelColumns, out + i * p.n + n, 1, 0, count);
    }
  });
}

}  // namespace layerwise::NS
