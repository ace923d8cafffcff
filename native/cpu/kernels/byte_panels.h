// Weights of eight-bit integers as products of many calls share them: packed once into panels, with the sums of their
// columns behind. One byte a weight on every machine. Who multiplies what with which thread is quantized_linear.cc's.
#pragma once
#include "bytes.h"

namespace layerwise::NS {

// A weight [n, k], padded with zeros to whole panels of kByteColumns columns and whole groups of kPanelDepth along k.
// Step by step along k a panel has the bytes of one word of x for each of its columns; then int32 sums of the columns.
// `packedBytes` in src/runtime/ops/quantized_linear.ts knows the size.
constexpr int64_t kPanelDepth = 4;
constexpr int64_t kPackedColumns = 64;

struct PackedWeight {
  int8_t* panels;
  int32_t* sums;
  int64_t depth, panel_bytes;

  static PackedWeight at(void* pack, int64_t n, int64_t k) {
    PackedWeight w;
    w.depth = ceil_div(k, kPanelDepth) * kPanelDepth;
    w.panel_bytes = w.depth * kByteColumns;
    w.panels = (int8_t*)pack;
    w.sums = (int32_t*)(w.panels + ceil_div(n, kPackedColumns) * kPackedColumns * w.depth);
    return w;
  }
};

// One panel of `count` columns; columns of w lie `column_step` apart, and their elements `step` apart.
template <class Dots>
static void pack_panel(const PackedWeight& to, int64_t panel, const int8_t* w, int64_t column_step, int64_t step, int count,
                       int64_t k, char* stage) {
  int8_t* out = to.panels + panel * to.panel_bytes;
  int32_t* sums = to.sums + panel * kByteColumns;
  if constexpr (Dots::kBytes) {
    if (step == 1) {
      pack_weights<Dots>((uint32_t*)out, w, column_step, k, count, to.depth / 4, stage);
      Dots::sum_columns(to.depth / 4, (const uint32_t*)out, sums);
      return;
    }
  }
  constexpr int64_t kDeep = Dots::kPerWord;
  for (int j = 0; j < kByteColumns; j++) sums[j] = 0;
  for (int64_t p = 0; p < to.depth; p += kDeep, out += kByteColumns * kDeep) {
    for (int j = 0; j < kByteColumns; j++) {
      for (int64_t d = 0; d < kDeep; d++) {
        const int8_t value = j < count && p + d < k ? w[j * column_step + (p + d) * step] : 0;
        out[j * kDeep + d] = value;
        sums[j] += value;
      }
    }
  }
}

template <class Dots>
using PanelFunction = void (*)(int64_t, const typename Dots::Element*, int64_t, const int8_t*, int64_t, const int32_t*,
                               int32_t*);

// Sums that fit into registers beside what they are made of.
#if defined(__AVX512F__)
constexpr int kMostSums = 24;
#else
constexpr int kMostSums = 12;
#endif

// Vectors of columns that so many rows are multiplied with at once.
constexpr int vectors_for(int rows) { return rows * 8 <= kMostSums ? 8 : rows * 4 <= kMostSums ? 4 : 2; }
constexpr int kMostVectors = vectors_for(1);

template <class Dots, int R> static PanelFunction<Dots> panels_of(int vectors) {
  if constexpr (vectors_for(R) == 8) {
    if (vectors == 8) return Dots::template panels<R, 8>;
  }
  if constexpr (vectors_for(R) >= 4) {
    if (vectors == 4) return Dots::template panels<R, 4>;
  }
  return vectors == 2 ? Dots::template panels<R, 2> : Dots::template panels<R, 1>;
}
template <class Dots> static PanelFunction<Dots> panels_for(int rows, int vectors) {
  switch (rows) {
    case 1: return panels_of<Dots, 1>(vectors);
    case 2: return panels_of<Dots, 2>(vectors);
    case 3: return panels_of<Dots, 3>(vectors);
    case 4: return panels_of<Dots, 4>(vectors);
#if defined(__AVX__)
    case 5: return panels_of<Dots, 5>(vectors);
    case 6: return panels_of<Dots, 6>(vectors);
#endif
#if defined(__AVX512F__)
    case 7: return panels_of<Dots, 7>(vectors);
    case 8: return panels_of<Dots, 8>(vectors);
    case 9: return panels_of<Dots, 9>(vectors);
    case 10: return panels_of<Dots, 10>(vectors);
    case 11: return panels_of<Dots, 11>(vectors);
    case 12: return panels_of<Dots, 12>(vectors);
#endif
    default: return nullptr;
  }
}

}  // namespace layerwise::NS
