// Recurrent layers of real numbers: packing the weights of the state, and one layer in one direction over a whole sequence.
// What inputs give to the gates is one product of all steps and not done here.
#include "recurrent.h"
#include "transpose.h"

namespace layerwise::NS {
namespace {

// ---- weights --------------------------------------------------------------------------------------------------------

// Panels for the walk: `vectors` columns of every k side by side, the gates of the same units together.
template <class Cell, class T> void pack_forward(Context* context, T* out, const T* weight, int64_t units) {
  constexpr int64_t P = kPanelUnits<Cell, T>, N = P * Cell::kGates;
  parallel_for(context, ceil_div(units, P), (64 << 10) / (N * units) + 1, [=](int64_t begin, int64_t end) {
    for (int64_t panel = begin; panel < end; panel++) {
      T* to = out + panel * N * units;
      const int64_t unit = panel * P, count = smaller(P, units - unit);
      if (count < P) memset(to, 0, size_t(N * units) * sizeof(T));
      for (int64_t g = 0; g < Cell::kGates; g++) {
        transpose_bytes(sizeof(T), to + g * P, N, weight + (g * units + unit) * units, units, count, units);
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

template <class Cell, class T> struct RealProduct {
  static constexpr int V = kPanelVectors<Cell>;
  static constexpr int64_t kRows = rows_beside(V), kUnits = kPanelUnits<Cell, T>;
  static constexpr int64_t kWorth = kParallelStep;
  struct State {};

  const Sequence<T>& s;
  const T* panels;
  const T* bias;  // of each panel, or null

  void begin(Context*, State&, int64_t) const {}
  void tile(State&, int64_t t, int64_t i, int count, int64_t panel, T* sums) const {
    constexpr int64_t N = V * lanes<T>;
    const T* rows[kRows];
    for (int r = 0; r < count; r++) rows[r] = s.steps.earlier(s.out, s.hidden, t, i + r, s.units);
    const T* start = bias ? bias + panel * N : nullptr;
    state_tile_of<T, V>(count)(s.units, rows, panels + panel * N * s.units, start, sums);
  }
};

// A bias in the order of the panels.
template <class Cell, class T> const T* pack_bias(Context* context, const T* bias, int64_t units) {
  constexpr int64_t P = kPanelUnits<Cell, T>, N = P * Cell::kGates;
  const int64_t panels = ceil_div(units, P);
  T* out = (T*)context->scratch(context, 1, size_t(panels * N) * sizeof(T));
  if (!out) context->fail(context, "[recurrent] out of memory for the bias");
  if (!out) return nullptr;
  memset(out, 0, size_t(panels * N) * sizeof(T));
  for (int64_t panel = 0; panel < panels; panel++) {
    const int64_t unit = panel * P, count = smaller(P, units - unit);
    for (int64_t g = 0; g < Cell::kGates; g++) {
      memcpy(out + panel * N + g * P, bias + g * units + unit, size_t(count) * sizeof(T));
    }
  }
  return out;
}

}  // namespace

// dtype out weight mode units backward(0|1)
KERNEL(recurrent_pack) {
  const Dtype dtype = args.dtype();
  void *out = args.pointer(), *weight = args.pointer();
  const int mode = int(args.integer());
  const int64_t units = args.integer();
  const bool is_backward = args.integer() != 0;
  with_real(context, dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    with_cell(mode, [&](auto cell) {
      using Cell = decltype(cell);
      if (is_backward) pack_backward(context, (T*)out, (const T*)weight, Cell::kGates, units);
      else pack_forward<Cell>(context, (T*)out, (const T*)weight, units);
    });
  });
}

// dtype mode out last_hidden last_cell kept cells gates hidden cell panels bias units n_runs {steps rows}[n_runs]
// reverse by_sequence
KERNEL(recurrent_sequence) {
  const Dtype dtype = args.dtype();
  const int mode = int(args.integer());
  void* places[8];
  for (void*& place : places) place = args.pointer();
  void *panels = args.pointer(), *bias = args.pointer();
  const int64_t units = args.integer();
  Steps steps;
  if (!Steps::read(context, args, &steps)) return;
  with_real(context, dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* const* at = (T* const*)places;
    const Sequence<T> s = {steps, units, at[5], at[6], at[7], at[0], at[1], at[2], at[3], at[4]};
    with_cell(mode, [&](auto cell) {
      using Cell = decltype(cell);
      const T* packed_bias = bias ? pack_bias<Cell>(context, (const T*)bias, units) : nullptr;
      if (bias && !packed_bias) return;
      if (mode == kLstm) memcpy(s.last_cell, s.cell, size_t(steps.most * units) * sizeof(T));
      const RealProduct<Cell, T> product = {s, (const T*)panels, packed_bias};
      if (s.kept) walk_forward<Cell, true>(context, s, product);
      else walk_forward<Cell, false>(context, s, product);
    });
  });
}

}  // namespace layerwise::NS
