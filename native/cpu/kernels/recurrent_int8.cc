// Recurrent layers whose weights of the state are eight-bit integers: states are quantized in every step, by row or as a
// whole, and multiplied exactly; gates stay float32. Forward only.
#include "byte_rows.h"
#include "recurrent.h"

namespace layerwise::NS {
namespace {

constexpr int64_t kWorthBytes = 4 * kParallelStep;

// Panels of a gate's columns that are multiplied together: with one gate alone there are few sums otherwise.
template <class Cell> constexpr int kPanels = Cell::kGates == 1 ? 4 : 1;
template <class Cell> constexpr int64_t kByteUnits = kPanels<Cell>* kByteColumns;

template <class Cell> int64_t columns_of(int64_t units) {
  return ceil_div(units, kByteUnits<Cell>) * kByteUnits<Cell> * Cell::kGates;
}

// Scales and biases in the order of the panels.
struct ByteColumns {
  const float *scale, *bias;
};

template <class Cell, class Dots> struct ByteProduct {
  static constexpr int64_t kRows = kByteRows, kUnits = kByteUnits<Cell>;
  static constexpr int64_t kWorth = kWorthBytes;
  static constexpr int kVectors = int(kUnits / kByteLanes) * Cell::kGates;
  using Element = typename Dots::Element;
  struct State {
    Element* rows;
    RowFacts* facts;
    int64_t stride;
  };

  const Sequence<float>& s;
  PackedWeight weight;
  ByteColumns columns;
  bool by_row;
  const float* given_scale;  // of all states, or null
  const int32_t* given_zero;
  int32_t least, most;

  void begin(Context* context, State& state, int64_t t) const {
    const int64_t H = s.units, n = s.steps.size(t);
    state.stride = row_stride<Dots>(H);
    const int64_t bytes = ceil_div(n * state.stride * int64_t(sizeof(Element)), 64) * 64;
    char* room = (char*)context->scratch(context, 2, size_t(bytes + n * int64_t(sizeof(RowFacts))));
    state.rows = (Element*)room;
    state.facts = (RowFacts*)(room + bytes);
    if (!room) return context->fail(context, "[recurrent_int8] out of memory for the quantized states");
    Range all = {0, 0};
    if (!by_row && !given_scale) {
      for (int64_t i = 0; i < n; i++) all.take(range_of(s.steps.earlier(s.out, s.hidden, t, i, H), H));
    }
    // Codes are counted from the least one.
    Scale scale = given_scale ? Scale{*given_scale, *given_zero - least} : scale_of(all, most);
    for (int64_t i = 0; i < n; i++) {
      const float* h = s.steps.earlier(s.out, s.hidden, t, i, H);
      if (by_row) scale = scale_of(range_of(h, H), most);
      Element* to = state.rows + i * state.stride;
      quantize_row<Dots>(to, h, H, scale, 0, most - least);
      state.facts[i] = {scale.scale, Dots::kBytes ? scale.zero : 0, 0};
    }
  }

  void tile(const State& state, int64_t, int64_t i, int count, int64_t panel, float* out) const {
    if (!state.rows) return;
    static const int32_t zeros[kMostVectors * kByteLanes] = {};
    const int64_t first = panel * kVectors;
    for (int v = 0; v < kVectors;) {
      int vectors = vectors_for(count);
      while (v + vectors > kVectors) vectors /= 2;
      alignas(64) int32_t sums[kMostSums * kByteLanes];
      panels_for<Dots>(count, vectors)(weight.depth / Dots::kPerWord, state.rows + i * state.stride, state.stride,
                                       weight.panels + (first + v) / 2 * weight.panel_bytes, weight.panel_bytes, zeros, sums);
      for (int r = 0; r < count; r++) {
        const RowFacts& row = state.facts[i + r];
        for (int j = 0; j < vectors; j++) {
          const int64_t column = (first + v + j) * kByteLanes;
          Ints sum, of_column;
          memcpy(&sum, sums + (r * vectors + j) * kByteLanes, sizeof sum);
          memcpy(&of_column, weight.sums + column, sizeof of_column);
          Floats y = __builtin_convertvector(sum - of_column * row.zero, Floats) * (row.scale * floats_at(columns.scale + column));
          y += floats_at(columns.bias + column);
          memcpy(out + (r * kVectors + v + j) * kByteLanes, &y, sizeof y);
        }
      }
      v += vectors;
    }
  }
};

// f(column of the panels, column of the weight, how many) for each panel, missing columns being left out.
template <class Cell, class F> void each_panel(int64_t units, F f) {
  for (int64_t unit = 0, panel = 0; unit < units; unit += kByteUnits<Cell>) {
    for (int64_t g = 0; g < Cell::kGates; g++) {
      for (int64_t at = unit; at < unit + kByteUnits<Cell>; at += kByteColumns, panel++) {
        f(panel, g * units + at, smaller(kByteColumns, larger(units - at, 0)));
      }
    }
  }
}

template <class Cell>
bool make_columns(Context* context, ByteColumns* to, const float* scale, int64_t step, const float* bias, int64_t units) {
  const int64_t n = columns_of<Cell>(units);
  float* room = (float*)context->scratch(context, 1, size_t(2 * n) * 4);
  if (!room) context->fail(context, "[recurrent_int8] out of memory for the scales");
  if (!room) return false;
  memset(room, 0, size_t(2 * n) * 4);
  each_panel<Cell>(units, [&](int64_t panel, int64_t column, int64_t count) {
    for (int64_t j = 0; j < count; j++) {
      room[panel * kByteColumns + j] = scale[(column + j) * step];
      if (bias) room[n + panel * kByteColumns + j] = bias[column + j];
    }
  });
  *to = {room, room + n};
  return true;
}

}  // namespace

// pack weight mode units
KERNEL(recurrent_pack_int8) {
  void* pack = args.pointer();
  const int8_t* weight = args.pointer<int8_t>();
  const int mode = int(args.integer());
  const int64_t units = args.integer();
  with_cell(mode, [&](auto cell) {
    using Cell = decltype(cell);
    const PackedWeight to = PackedWeight::at(pack, columns_of<Cell>(units), units);
    char* stage = (char*)context->scratch(context, 3, size_t(kByteColumns * to.depth * 2));
    if (!stage) return context->fail(context, "[recurrent_int8] out of memory for a panel of weights");
    with_dots([&](auto dots) {
      each_panel<Cell>(units, [&](int64_t panel, int64_t column, int64_t count) {
        const int8_t* from = count > 0 ? weight + column * units : weight;
        pack_panel<decltype(dots)>(to, panel, from, units, 1, int(count), units, stage);
      });
    });
  });
}

// mode out last_hidden last_cell gates hidden cell pack weight_scale step bias by_row given_scale given_zero least most
// units n_runs {steps rows}[n_runs] reverse by_sequence
KERNEL(recurrent_sequence_int8) {
  const int mode = int(args.integer());
  float* at[6];
  for (float*& place : at) place = args.pointer<float>();
  void* pack = args.pointer();
  const float* scale = args.pointer<float>();
  const int64_t step = args.integer();
  const float* bias = args.pointer<float>();
  const bool by_row = args.integer() != 0;
  const float* given_scale = args.pointer<float>();
  const int32_t* given_zero = args.pointer<int32_t>();
  const int32_t least = int32_t(args.integer());
  const int32_t most = int32_t(args.integer());
  const int64_t units = args.integer();
  Steps steps;
  if (!Steps::read(context, args, &steps)) return;
  const Sequence<float> s = {steps, units, at[3], at[4], at[5], at[0], at[1], at[2], nullptr, nullptr};
  if (mode == kLstm) memcpy(s.last_cell, s.cell, size_t(steps.most * units) * sizeof(float));
  with_cell(mode, [&](auto cell) {
    using Cell = decltype(cell);
    ByteColumns columns;
    if (!make_columns<Cell>(context, &columns, scale, step, bias, units)) return;
    const PackedWeight weight = PackedWeight::at(pack, columns_of<Cell>(units), units);
    with_dots([&](auto dots) {
      const ByteProduct<Cell, decltype(dots)> product = {s,           weight,     columns, by_row,
                                                         given_scale, given_zero, least,   most};
      walk_forward<Cell, false>(context, s, product);
    });
  });
}

}  // namespace layerwise::NS
