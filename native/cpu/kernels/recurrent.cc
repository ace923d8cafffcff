// Recurrent layers of real numbers: packing weights, and one layer over a whole sequence, in one direction or both.
#include "recurrent.h"
#include "transpose.h"

namespace layerwise::NS {
namespace {

// ---- weights --------------------------------------------------------------------------------------------------------

// Panels for the walk: `vectors` columns of every k side by side, the gates of the same units together.
template <class Cell, class T>
void pack_forward(Context* context, T* out, const T* weight, int64_t units, int64_t depth, bool is_input) {
  constexpr int64_t P = kPanelUnits<Cell, T>, N = P * Cell::kGates;
  parallel_for(context, ceil_div(units, P), (64 << 10) / (N * larger(depth, 1)) + 1, [=](int64_t begin, int64_t end) {
    for (int64_t panel = begin; panel < end; panel++) {
      T* to = out + panel * N * depth;
      const int64_t unit = panel * P, count = smaller(P, units - unit);
      if (count < P) memset(to, 0, size_t(N * depth) * sizeof(T));
      for (int k = 0; k < Cell::kGates; k++) {
        const int64_t row = Cell::gate(k, is_input) * units + unit;
        transpose_bytes(sizeof(T), to + k * P, N, weight + row * depth, depth, count, depth);
      }
    }
  });
}

// Panels for the way back, where gates are what is summed over.
template <class T> void pack_backward(Context* context, T* out, const T* weight, int64_t gates, int64_t units) {
  constexpr int64_t P = kBackVectors * lanes<T>;
  const int64_t depth = gates * units;
  parallel_for(context, ceil_div(units, P), (64 << 10) / (P * depth) + 1, [=](int64_t begin, int64_t end) {
    for (int64_t panel = begin; panel < end; panel++) {
      T* to = out + panel * P * depth;
      const int64_t unit = panel * P, count = smaller(P, units - unit);
      if (count < P) memset(to, 0, size_t(P * depth) * sizeof(T));
      for (int64_t k = 0; k < depth; k++) memcpy(to + k * P, weight + k * units + unit, size_t(count) * sizeof(T));
    }
  });
}

// ---- forward --------------------------------------------------------------------------------------------------------

template <class Cell, class T> struct RealInput {
  static constexpr int V = kPanelVectors<Cell>;
  static constexpr int64_t P = kPanelUnits<Cell, T>;
  struct State {};

  const T *x, *panels;
  int64_t features, units;

  void begin(Context*, State&, const Run&) const {}
  void fill(State&, const Run& run, int64_t panel, const Sums<T>& sums) const {
    if (!features) return fill_from_gates<Cell, P>(x, units, run, panel, sums);
    const T *first = sums.first_of(panel), *weights = panels + panel * V * lanes<T> * features;
    run.each_block<rows_beside(V)>([&](const int64_t* places, int count, int64_t row) {
      const T* rows[rows_beside(V)];
      for (int r = 0; r < count; r++) rows[r] = x + places[r] * features;
      T* to = sums.at(panel, row);
      state_tile_of<T, V>(count)(features, rows, weights, first, 0, to, sums.width);
      for (int64_t j = Cell::kGates * P; j < sums.width; j++) {
        for (int r = 0; r < count; r++) to[r * sums.width + j] = first[j];
      }
    });
  }
};

template <class Cell, class T> struct RealProduct {
  static constexpr int V = kPanelVectors<Cell>;
  static constexpr int64_t kRows = rows_beside(V), kUnits = kPanelUnits<Cell, T>;
  static constexpr int64_t kWorth = kParallelStep;
  struct State {};

  const T* panels;

  void begin(Context*, State&, const Sequence<T>&, int64_t) const {}
  void add(State&, const Sequence<T>& s, int64_t t, int64_t i, int count, int64_t panel, T* sums, int64_t width) const {
    const T* rows[kRows];
    for (int r = 0; r < count; r++) rows[r] = s.before(t, i + r);
    state_tile_of<T, V>(count)(s.units, rows, panels + panel * V * lanes<T> * s.units, sums, width, sums, width);
  }
};

}  // namespace

// dtype out weight mode units depth use(0 state, 1 input, 2 backward)
KERNEL(recurrent_pack) {
  const Dtype dtype = args.dtype();
  void *out = args.pointer(), *weight = args.pointer();
  const int mode = int(args.integer());
  const int64_t units = args.integer(), depth = args.integer(), use = args.integer();
  with_real(context, dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    with_cell(mode, [&](auto cell) {
      using Cell = decltype(cell);
      if (use == 2) pack_backward(context, (T*)out, (const T*)weight, Cell::kGates, units);
      else pack_forward<Cell>(context, (T*)out, (const T*)weight, units, depth, use == 1);
    });
  });
}

// dtype mode LAYER DIRECTION[directions] STEPS
KERNEL(recurrent_sequence) {
  const Dtype dtype = args.dtype();
  const int mode = int(args.integer());
  with_real(context, dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Layer<T> layer = Layer<T>::read(args);
    Direction<T> directions[2];
    for (int64_t which = 0; which < layer.directions; which++) directions[which] = Direction<T>::read(args);
    Steps steps;
    if (!Steps::read(context, args, &steps)) return;
    with_cell(mode, [&](auto cell) {
      using Cell = decltype(cell);
      layer.each_direction(context, steps, Cell::kGates, kParallelStep, [&](int64_t which) {
        const Direction<T>& d = directions[which];
        Beginning<Cell, kPanelUnits<Cell, T>, T> beginning;
        if (!beginning.make(context, d, layer.units)) return;
        const Sequence<T> s = layer.sequence(d, which, steps, beginning.zeros);
        const RealInput<Cell, T> input = {d.x, (const T*)d.input_weight, layer.features, layer.units};
        const RealProduct<Cell, T> product = {(const T*)d.weight};
        if (s.kept) walk_forward<Cell, true>(context, s, input, product, beginning.first);
        else walk_forward<Cell, false>(context, s, input, product, beginning.first);
      });
    });
  });
}

}  // namespace layerwise::NS
