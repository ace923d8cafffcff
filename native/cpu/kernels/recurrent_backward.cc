// The way back through time of one recurrent layer in one direction: gradients of its gates, its first state, and the
// states that each product read, so that the gradient of the weights is one product of all steps. That product is not done here.
#include "recurrent.h"

namespace layerwise::NS {
namespace {

constexpr int V = kBackVectors;

// `carried` goes from step to step beside the gradient of the state: an LSTM's of its cell, what a GRU's state keeps.
template <class T> struct Back {
  Steps steps;
  int64_t units;
  T *dgates, *dproducts, *previous, *dhidden, *carried;
  const T *dy, *dlast_hidden, *dlast_cell;
  const T *out, *kept, *cells, *hidden, *cell;
};

// dh: of the row's state at `width` units from `unit` on; `at` is the row among all, i its sequence, t its step.
template <class T, class Width>
LW_INLINE void through(Lstm, const Back<T>& b, int64_t t, int64_t at, int64_t i, int64_t unit, Width width, const T* dh) {
  const int64_t H = b.units;
  const T *k = b.kept + at * 4 * H + unit, *c = b.cells + at * H + unit;
  const T* before = b.steps.earlier(b.cells, b.cell, t, i, H) + unit;
  T *d = b.dgates + at * 4 * H + unit, *carried = b.carried + i * H + unit;
#pragma omp simd
  for (int64_t j = 0; j < width; j++) {
    const T into = k[j], forget = k[H + j], fresh = k[2 * H + j], out = k[3 * H + j], shown = tanh_of(c[j]);
    const T dc = carried[j] + dh[j] * out * (1 - shown * shown);
    d[j] = dc * fresh * into * (1 - into);
    d[H + j] = dc * before[j] * forget * (1 - forget);
    d[2 * H + j] = dc * into * (1 - fresh * fresh);
    d[3 * H + j] = dh[j] * shown * out * (1 - out);
    carried[j] = dc * forget;
  }
}

template <class T, class Width>
LW_INLINE void through(Gru, const Back<T>& b, int64_t t, int64_t at, int64_t i, int64_t unit, Width width, const T* dh) {
  const int64_t H = b.units;
  const T* k = b.kept + at * 4 * H + unit;
  const T* before = b.steps.earlier(b.out, b.hidden, t, i, H) + unit;
  T *d = b.dgates + at * 3 * H + unit, *p = b.dproducts + at * 3 * H + unit, *carried = b.carried + i * H + unit;
#pragma omp simd
  for (int64_t j = 0; j < width; j++) {
    const T reset = k[j], update = k[H + j], fresh = k[2 * H + j], product = k[3 * H + j];
    const T total = dh[j] + carried[j];
    const T dfresh = total * (1 - update) * (1 - fresh * fresh);
    const T dreset = dfresh * product * reset * (1 - reset);
    const T dupdate = total * (before[j] - fresh) * update * (1 - update);
    d[j] = p[j] = dreset;
    d[H + j] = p[H + j] = dupdate;
    d[2 * H + j] = dfresh;
    p[2 * H + j] = dfresh * reset;
    carried[j] = total * update;
  }
}

template <bool relu, class T, class Width>
LW_INLINE void through(Plain<relu>, const Back<T>& b, int64_t, int64_t at, int64_t, int64_t unit, Width width, const T* dh) {
  const T* y = b.out + at * b.units + unit;
  T* d = b.dgates + at * b.units + unit;
#pragma omp simd
  for (int64_t j = 0; j < width; j++) {
    if constexpr (relu) d[j] = y[j] <= 0 ? T(0) : dh[j];
    else d[j] = dh[j] * (1 - y[j] * y[j]);
  }
}

template <class Cell, class T> void walk_back(Context* context, const Back<T>& b, const T* panels) {
  constexpr int64_t P = V * lanes<T>, kRows = rows_beside(V);
  const Steps& steps = b.steps;
  const int64_t H = b.units, depth = Cell::kGates * H, B = steps.most;
  int64_t* begins = (int64_t*)context->scratch(context, 1, size_t(B) * 8);
  if (!begins) return context->fail(context, "[recurrent_backward] out of memory for the table of rows");
  steps.each_end(true, [&](int64_t i, int64_t at) { begins[i] = at; });
  const size_t carried_bytes = size_t(B * H) * sizeof(T);
  if (b.dlast_cell) memcpy(b.carried, b.dlast_cell, carried_bytes);
  else memset(b.carried, 0, carried_bytes);

  // The gradient of the state, as the step after it sends it.
  auto send_back = [&](int count, const T* const* rows, int64_t panel, T* sums) {
    if (count > 0) state_tile_of<T, V>(count)(depth, rows, panels + panel * P * depth, nullptr, 0, sums, P);
  };
  auto one_step = [&](int64_t t, int64_t panel) {
    const int64_t unit = panel * P, width = smaller(P, H - unit), size = steps.size(t), after = steps.after(t);
    const int64_t going_on = steps.shared(t, after);
    for (int64_t i = 0; i < size; i += kRows) {
      const int count = int(smaller(kRows, size - i)), sent = int(smaller(larger(going_on - i, 0), count));
      alignas(64) T dh[kRows * P];
      const T* rows[kRows];
      for (int r = 0; r < sent; r++) rows[r] = b.dproducts + steps.place(after, i + r) * depth;
      send_back(sent, rows, panel, dh);
      for (int r = 0; r < count; r++) {
        const int64_t at = steps.place(t, i + r);
        T* d = dh + r * P;
        if (r >= sent) {
          memset(d, 0, size_t(P) * sizeof(T));
          if (b.dlast_hidden) memcpy(d, b.dlast_hidden + (i + r) * H + unit, size_t(width) * sizeof(T));
        }
        if (b.dy) {
          const T* dy = b.dy + at * H + unit;
#pragma omp simd
          for (int64_t j = 0; j < width; j++) d[j] += dy[j];
        }
        if (width == P) through(Cell{}, b, t, at, i + r, unit, P, d);
        else through(Cell{}, b, t, at, i + r, unit, width, d);
        if (b.previous) {
          const T* before = steps.earlier(b.out, b.hidden, t, i + r, H);
          memcpy(b.previous + at * H + unit, before + unit, size_t(width) * sizeof(T));
        }
      }
    }
  };
  auto to_the_start = [&](int64_t panel) {
    const int64_t unit = panel * P, width = smaller(P, H - unit);
    for (int64_t i = 0; i < B; i += kRows) {
      const int count = int(smaller(kRows, B - i));
      alignas(64) T dh[kRows * P];
      const T* rows[kRows];
      for (int r = 0; r < count; r++) rows[r] = b.dproducts + begins[i + r] * depth;
      send_back(count, rows, panel, dh);
      for (int r = 0; r < count; r++) {
        T* to = b.dhidden + (i + r) * H + unit;
        memcpy(to, dh + r * P, size_t(width) * sizeof(T));
        if (!is_same<Cell, Gru>) continue;
        for (int64_t j = 0; j < width; j++) to[j] += b.carried[(i + r) * H + unit + j];
      }
    }
  };
  struct State {};
  const bool is_worth = B * H * depth >= kParallelStep;
  in_steps<State>(context, steps.count + 1, ceil_div(H, P), is_worth, [](int64_t, State&) {},
                  [&](int64_t k, int64_t panel, State&) {
    if (k < steps.count) one_step(steps.at(steps.count - 1 - k), panel);
    else to_the_start(panel);
  });
}

}  // namespace

// dtype mode dgates dproducts previous dhidden carried dy dlast_hidden dlast_cell out kept cells hidden cell panels units
// n_runs {steps rows}[n_runs] reverse by_sequence
KERNEL(recurrent_backward) {
  const Dtype dtype = args.dtype();
  const int mode = int(args.integer());
  void* places[13];
  for (void*& place : places) place = args.pointer();
  void* panels = args.pointer();
  const int64_t units = args.integer();
  Steps steps;
  if (!Steps::read(context, args, &steps)) return;
  with_real(context, dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* const* at = (T* const*)places;
    const Back<T> b = {steps, units, at[0], at[1], at[2], at[3],  at[4],  at[5],
                       at[6], at[7], at[8], at[9], at[10], at[11], at[12]};
    with_cell(mode, [&](auto cell) { walk_back<decltype(cell)>(context, b, (const T*)panels); });
  });
}

}  // namespace layerwise::NS
