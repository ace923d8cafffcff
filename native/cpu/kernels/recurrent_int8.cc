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

// Rows that a thread has made integers of.
template <class Dots> struct ByteRows {
  using Element = typename Dots::Element;
  Element* rows;
  RowFacts* facts;
  int64_t stride;

  // Room in a slot of the calling thread.
  bool make(Context* context, int slot, int64_t n, int64_t width) {
    stride = row_stride<Dots>(width);
    const int64_t bytes = ceil_div(n * stride * int64_t(sizeof(Element)), 64) * 64;
    char* room = (char*)context->scratch(context, slot, size_t(bytes + n * int64_t(sizeof(RowFacts))));
    rows = (Element*)room;
    facts = (RowFacts*)(room + bytes);
    if (!room) context->fail(context, "[recurrent_int8] out of memory for quantized rows");
    return room != nullptr;
  }
  // Codes from 0 to `most`.
  void put(int64_t i, const float* x, int64_t width, Scale scale, int32_t most) {
    quantize_row<Dots>(rows + i * stride, x, width, scale, 0, most);
    facts[i] = {scale.scale, Dots::kBytes ? scale.zero : 0, 0};
  }
};

// A weight in panels and the scales of its columns in their order.
struct ByteWeight {
  PackedWeight packed;
  const float* scale;

  // Adds to sums what `count` rows from i on give to a panel of `vectors` vectors.
  template <class Dots>
  void add(const ByteRows<Dots>& x, int64_t i, int count, int64_t panel, int vectors, float* out, int64_t width) const {
    static const int32_t zeros[kMostVectors * kByteLanes] = {};
    const int64_t first = panel * vectors;
    for (int v = 0; v < vectors;) {
      int some = vectors_for(count);
      while (v + some > vectors) some /= 2;
      alignas(64) int32_t sums[kMostSums * kByteLanes];
      panels_for<Dots>(count, some)(packed.depth / Dots::kPerWord, x.rows + i * x.stride, x.stride,
                                    packed.panels + (first + v) / 2 * packed.panel_bytes, packed.panel_bytes, zeros, sums);
      for (int j = 0; j < some; j++) {
        const int64_t column = (first + v + j) * kByteLanes;
        const Floats of_scale = floats_at(scale + column);
        Ints of_column;
        memcpy(&of_column, packed.sums + column, sizeof of_column);
        for (int r = 0; r < count; r++) {
          const RowFacts& row = x.facts[i + r];
          Ints sum;
          memcpy(&sum, sums + (r * some + j) * kByteLanes, sizeof sum);
          const Floats real = __builtin_convertvector(sum - of_column * row.zero, Floats);
          float* to = out + r * width + (v + j) * kByteLanes;
          store(to, floats_at(to) + real * (of_scale * row.scale));
        }
      }
      v += some;
    }
  }
};

// How numbers become codes: by the range of each row, of all rows together, or as given.
struct Rounding {
  bool by_row;
  const float* given_scale;  // or null
  const int32_t* given_zero;
  int32_t least, most;
};

template <class Cell> constexpr int kByteVectors = int(kByteUnits<Cell> / kByteLanes) * Cell::kGates;

template <class Cell, class Dots> struct ByteInput {
  using State = ByteRows<Dots>;

  const float* x;
  int64_t features, units;
  ByteWeight weight;
  Rounding rounding;
  Scale whole;  // of all inputs, where rows have none of their own

  void begin(Context* context, State& state, const Run& run) const {
    if (!features) return;
    int64_t n = 0;
    run.each_block<1>([&](const int64_t*, int, int64_t) { n++; });
    if (!state.make(context, 3, n, features)) return;
    run.each_block<1>([&](const int64_t* places, int, int64_t row) {
      const float* from = x + *places * features;
      const Scale scale = rounding.by_row ? scale_of(range_of(from, features), rounding.most) : whole;
      state.put(row, from, features, scale, rounding.most);
    });
  }
  void fill(const State& state, const Run& run, int64_t panel, const Sums<float>& sums) const {
    if (!features) return fill_from_gates<Cell, kByteUnits<Cell>>(x, units, run, panel, sums);
    if (!state.rows) return;
    run.each_block<kByteRows>([&](const int64_t*, int count, int64_t row) {
      float* to = sums.at(panel, row);
      for (int r = 0; r < count; r++) memcpy(to + r * sums.width, sums.first_of(panel), size_t(sums.width) * 4);
      weight.add(state, row, count, panel, kByteVectors<Cell>, to, sums.width);
    });
  }
};

template <class Cell, class Dots> struct ByteProduct {
  static constexpr int64_t kRows = kByteRows, kUnits = kByteUnits<Cell>;
  static constexpr int64_t kWorth = kWorthBytes;
  using State = ByteRows<Dots>;

  ByteWeight weight;
  Rounding rounding;

  void begin(Context* context, State& state, const Sequence<float>& s, int64_t t) const {
    const int64_t H = s.units, n = s.steps.size(t);
    if (!state.make(context, 3, n, H)) return;
    const auto [by_row, given_scale, given_zero, least, most] = rounding;
    Range all = {0, 0};
    if (!by_row && !given_scale) {
      for (int64_t i = 0; i < n; i++) all.take(range_of(s.before(t, i), H));
    }
    // Codes are counted from the least one.
    Scale scale = given_scale ? Scale{*given_scale, *given_zero - least} : scale_of(all, most);
    for (int64_t i = 0; i < n; i++) {
      const float* h = s.before(t, i);
      if (by_row) scale = scale_of(range_of(h, H), most);
      state.put(i, h, H, scale, most - least);
    }
  }
  void add(const State& state, const Sequence<float>&, int64_t, int64_t i, int count, int64_t panel, float* sums,
           int64_t width) const {
    if (state.rows) weight.add(state, i, count, panel, kByteVectors<Cell>, sums, width);
  }
};

// f(column of the panels, column of the weight, how many) for each panel, missing columns being left out.
template <class Cell, class F> void each_panel(int64_t units, bool is_input, F f) {
  for (int64_t unit = 0, panel = 0; unit < units; unit += kByteUnits<Cell>) {
    for (int k = 0; k < Cell::kGates; k++) {
      for (int64_t at = unit; at < unit + kByteUnits<Cell>; at += kByteColumns, panel++) {
        f(panel, Cell::gate(k, is_input) * units + at, smaller(kByteColumns, larger(units - at, 0)));
      }
    }
  }
}

// Scales in the order of the panels; `step` is 0 for one of all columns.
template <class Cell> void pack_scales(float* to, const float* scale, int64_t step, int64_t units, bool is_input) {
  each_panel<Cell>(units, is_input, [&](int64_t panel, int64_t column, int64_t count) {
    float* place = to + panel * kByteColumns;
    // Most are whole, and few numbers are copied faster than a function is called for it.
    if (step && count == kByteColumns) {
      store(place, floats_at(scale + column));
      store(place + kByteLanes, floats_at(scale + column + kByteLanes));
      return;
    }
    for (int64_t j = 0; j < kByteColumns; j++) place[j] = j < count ? scale[step ? column + j : 0] : 0.0f;
  });
}

}  // namespace

// pack weight mode units depth is_input
KERNEL(recurrent_pack_int8) {
  void* pack = args.pointer();
  const int8_t* weight = args.pointer<int8_t>();
  const int mode = int(args.integer());
  const int64_t units = args.integer(), depth = args.integer();
  const bool is_input = args.integer() != 0;
  with_cell(mode, [&](auto cell) {
    using Cell = decltype(cell);
    const PackedWeight to = PackedWeight::at(pack, columns_of<Cell>(units), depth);
    char* stage = (char*)context->scratch(context, 3, size_t(kByteColumns * to.depth * 2));
    if (!stage) return context->fail(context, "[recurrent_int8] out of memory for a panel of weights");
    with_dots([&](auto dots) {
      each_panel<Cell>(units, is_input, [&](int64_t panel, int64_t column, int64_t count) {
        const int8_t* from = count > 0 ? weight + column * depth : weight;
        pack_panel<decltype(dots)>(to, panel, from, depth, 1, int(count), depth, stage);
      });
    });
  });
}

// mode by_row given_scale given_zero least most LAYER {DIRECTION input_scale step scale step}[directions] STEPS
KERNEL(recurrent_sequence_int8) {
  const int mode = int(args.integer());
  Rounding rounding;
  rounding.by_row = args.integer() != 0;
  rounding.given_scale = args.pointer<float>();
  rounding.given_zero = args.pointer<int32_t>();
  rounding.least = int32_t(args.integer());
  rounding.most = int32_t(args.integer());
  const Layer<float> layer = Layer<float>::read(args);
  struct Scales {
    const float* scale;
    int64_t step;
  };
  Direction<float> directions[2];
  Scales scales[2][2];
  for (int64_t which = 0; which < layer.directions; which++) {
    directions[which] = Direction<float>::read(args);
    for (Scales& s : scales[which]) s = {args.pointer<float>(), args.integer()};
  }
  Steps steps;
  if (!Steps::read(context, args, &steps)) return;
  Scale whole = {1, 0};
  if (layer.features && !rounding.by_row) {
    int64_t rows = 0;
    for (int64_t t = 0; t < steps.count; t++) rows += steps.size(t);
    whole = scale_of(range_of(directions[0].x, rows * layer.features), rounding.most);
  }
  with_cell(mode, [&](auto cell) {
    using Cell = decltype(cell);
    const int64_t units = layer.units, columns = columns_of<Cell>(units);
    layer.each_direction(context, steps, Cell::kGates, kWorthBytes, [&](int64_t which) {
      const Direction<float>& d = directions[which];
      Beginning<Cell, kByteUnits<Cell>, float> beginning;
      if (!beginning.make(context, d, units, 2 * columns)) return;
      float* const packed_scales = beginning.more;
      for (int side = layer.features ? 0 : 1; side < 2; side++) {
        const Scales& from = scales[which][side];
        pack_scales<Cell>(packed_scales + side * columns, from.scale, from.step, units, side == 0);
      }
      const Sequence<float> s = layer.sequence(d, which, steps, beginning.zeros);
      const ByteWeight of_input = {PackedWeight::at(d.input_weight, columns, layer.features), packed_scales};
      const ByteWeight weight = {PackedWeight::at(d.weight, columns, units), packed_scales + columns};
      with_dots([&](auto dots) {
        using Dots = decltype(dots);
        const ByteInput<Cell, Dots> input = {d.x, layer.features, units, of_input, rounding, whole};
        const ByteProduct<Cell, Dots> product = {weight, rounding};
        walk_forward<Cell, false>(context, s, input, product, beginning.first);
      });
    });
  });
}

}  // namespace layerwise::NS
