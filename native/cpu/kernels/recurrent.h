// Recurrent layers over whole sequences: tiles of products with a state, and the walk. What inputs give to the gates of some
// steps is made first, in the order of the panels of weights; then each step adds its state's product to it, in place, and
// its cells follow while the sums are near. Knows nothing of how weights were packed or quantized.
#pragma once
#include "recurrent_cells.h"
#include "recurrent_steps.h"
#include "vector_math.h"

namespace layerwise::NS {

// Products of a step, in multiplications, from which on a second thread pays for meeting after each of them.
constexpr int64_t kParallelStep = 128 << 10;

// ---- products of real numbers ---------------------------------------------------------------------------------------

// Rows of a tile whose sums fit the registers beside V vectors of weights and one of a state.
#if defined(__AVX512F__)
constexpr int kRegisters = 32;
#else
constexpr int kRegisters = 16;
#endif
constexpr int rows_beside(int vectors) { return (kRegisters - vectors - 2) / vectors; }

// out[R][V vectors] = start + rows @ panel, rows of `out` being out_row apart and those of `start`, which may be the same
// memory or null, start_row. Few sums are kept several times over, so that additions need not wait for each other.
template <class T, int R, int V>
static void state_tile(int64_t k, const T* const* rows, const T* panel, const T* start, int64_t start_row, T* out,
                       int64_t out_row) {
  constexpr int64_t L = lanes<T>;
  constexpr int S = R * V >= 8 ? 1 : R * V >= 4 ? 2 : 4;
  vector<T> sum[S][R][V] = {};
  if (start) {
#pragma GCC unroll 16
    for (int i = 0; i < R; i++) {
#pragma GCC unroll 8
      for (int j = 0; j < V; j++) sum[0][i][j] = load(start + i * start_row + j * L);
    }
  }
  const T* x[R];
#pragma GCC unroll 16
  for (int i = 0; i < R; i++) x[i] = rows[i];
  int64_t p = 0;
  auto step = [&](int s) __attribute__((always_inline)) {
    vector<T> w[V];
#pragma GCC unroll 8
    for (int j = 0; j < V; j++) w[j] = load(panel + j * L);
    panel += V * L;
#pragma GCC unroll 16
    for (int i = 0; i < R; i++) {
      const vector<T> h = x[i][p] - vector<T>{};
#pragma GCC unroll 8
      for (int j = 0; j < V; j++) sum[s][i][j] += h * w[j];
    }
    p++;
  };
  while (p + S <= k) {
#pragma GCC unroll 4
    for (int s = 0; s < S; s++) step(s);
  }
  while (p < k) step(0);
#pragma GCC unroll 16
  for (int i = 0; i < R; i++) {
#pragma GCC unroll 8
    for (int j = 0; j < V; j++) {
      vector<T> total = sum[0][i][j];
#pragma GCC unroll 4
      for (int s = 1; s < S; s++) total += sum[s][i][j];
      store(out + i * out_row + j * L, total);
    }
  }
}

template <class T> using StateTile = void (*)(int64_t, const T* const*, const T*, const T*, int64_t, T*, int64_t);

template <class T, int V, int R = rows_beside(V)> static StateTile<T> state_tile_of(int rows) {
  if constexpr (R > 1) {
    if (rows < R) return state_tile_of<T, V, R - 1>(rows);
  }
  return state_tile<T, R, V>;
}

// For the way back, which is given cells.
LW_INLINE float tanh_of(float x) { return fast_tanh(x); }
LW_INLINE double tanh_of(double x) { return __builtin_tanh(x); }

template <class F> static void with_real(Context* context, Dtype dtype, F f) {
  if (dtype == kFloat32) return f(Tag<float>{});
  if (dtype == kFloat64) return f(Tag<double>{});
  context->fail(context, "[recurrent] expected float32 or float64");
}

// Units of a panel, and vectors of one of its rows.
template <class Cell, class T> constexpr int64_t kPanelUnits = Cell::kBlocks* lanes<T>;
template <class Cell> constexpr int kPanelVectors = Cell::kGates* Cell::kBlocks;
// Vectors of a panel on the way back, whose columns are units.
constexpr int kBackVectors = 2;

// ---- the walk -------------------------------------------------------------------------------------------------------

// What a walk reads and writes; `out` has room for other directions beside it. `hidden` may be one row for all sequences.
// `kept` and `cells` are what backward wants, null where nobody will ask.
template <class T> struct Sequence {
  Steps steps;
  int64_t units, out_row, hidden_row;
  const T* hidden;
  T *out, *last_hidden, *last_cell, *kept, *cells;

  const T* before(int64_t t, int64_t i) const { return steps.earlier(out, hidden, t, i, out_row, hidden_row); }
};

// Sums of the gates in a run of steps: of each panel a run of rows, as the walk takes them. Each begins as `first` says.
template <class T> struct Sums {
  T* data;
  const T* first;  // of each panel
  int64_t rows, width;

  T* at(int64_t panel, int64_t row) const { return data + (panel * rows + row) * width; }
  const T* first_of(int64_t panel) const { return first + panel * width; }
};

// The steps that the walk takes from the k-th on.
struct Run {
  const Steps& steps;
  int64_t k, length;

  // f(places, count, row) for blocks of at most `most` rows: where they stand among all, and which of the run's the first is.
  template <int most, class F> void each_block(F f) const {
    int64_t rows = 0;
    for (int64_t n = k; n < k + length && n < steps.count; n++) rows += steps.size(steps.at(n));
    const int64_t blocks = ceil_div(rows, most);
    int64_t n = k, i = 0, row = 0;
    for (int64_t block = 1; block <= blocks; block++) {
      // Of equal height.
      const int64_t end = block * rows / blocks;
      int64_t places[most];
      int count = 0;
      for (; row + count < end; i++) {
        for (; i >= steps.size(steps.at(n)); n++) i = 0;
        places[count++] = steps.place(steps.at(n), i);
      }
      f(places, count, row);
      row = end;
    }
  }
};

// Rows and sums of a run of steps should stay near, and weights of the input be read for many rows at once.
constexpr int64_t kSumBytes = 128 << 10;
constexpr int64_t kMostRunRows = 48;
constexpr int64_t kLeastRunRows = 12;
// Vectors whose cells are done together, after their products.
constexpr int64_t kNearVectors = 4;

// Collects vectors whose sums are ready, and does their cells side by side: each alone would mostly wait.
template <class Cell, bool keeps, int64_t P, class T> class Cells {
 public:
  explicit Cells(const Sequence<T>& sequence) : s(sequence) {}

  // A panel of row i of step t; `unit` is its first.
  void take(int64_t t, int64_t i, int64_t unit, const T* sums) {
    constexpr int64_t L = lanes<T>;
    const int64_t H = s.units, at = s.steps.place(t, i);
    const T* before = is_same<Cell, Gru> ? s.before(t, i) : nullptr;
    for (int64_t v = 0; v < P && unit + v < H; v += L) {
      const int64_t j = unit + v;
      const Spot<T> spot = {sums + v,
                            before + j,
                            s.out + at * s.out_row + j,
                            s.last_cell + i * H + j,
                            keeps ? s.kept + at * 4 * H + j : nullptr,
                            keeps ? s.cells + at * H + j : nullptr};
      if (j + L > H) Cell::template forward<keeps, 1>(&spot, P, H, Part<T>{H - j});
      else spots[n++] = spot;
      if (n == kAtOnce) {
        Cell::template forward<keeps, kAtOnce>(spots, P, H, Whole<T>{});
        n = 0;
      }
    }
  }
  void end() {
    for (int u = 0; u < n; u++) Cell::template forward<keeps, 1>(spots + u, P, s.units, Whole<T>{});
  }

 private:
  const Sequence<T>& s;
  // As many as the registers hold.
  static constexpr int kAtOnce = kRegisters / 8;
  Spot<T> spots[kAtOnce];
  int n = 0;
};

// Input and Product make sums of kUnits units. Input::begin() prepares a thread for the steps of a run, fill() makes a
// panel's sums of its rows; Product::begin() prepares it for the states before a step, add() adds to some rows.
template <class Cell, bool keeps, class T, class Input, class Product>
static void walk_forward(Context* context, const Sequence<T>& s, const Input& input, const Product& product, const T* first) {
  constexpr int64_t P = Product::kUnits, kWidth = P * Cell::kSums;
  const int64_t H = s.units;
  const Steps& steps = s.steps;
  const int64_t panels = ceil_div(H, P);
  // Steps of a run, for which inputs are multiplied at once.
  const int64_t fitting = kSumBytes / int64_t(sizeof(T)) / (panels * kWidth);
  const int64_t run_rows = larger(smaller(fitting, kMostRunRows) / 6 * 6, kLeastRunRows);
  const int64_t run = smaller(larger(run_rows / steps.most, 1), steps.count);
  Sums<T> sums = {nullptr, first, run * steps.most, kWidth};
  const size_t sum_bytes = size_t(panels * sums.rows * kWidth) * sizeof(T);
  sums.data = (T*)context->scratch(context, 2, sum_bytes + size_t(steps.count) * 8);
  if (!sums.data) return context->fail(context, "[recurrent] out of memory for the sums of a run of steps");
  // Where the rows of each step begin in its run.
  int64_t* row_of = (int64_t*)((char*)sums.data + sum_bytes);
  for (int64_t k = 0; k < steps.count; k++) {
    row_of[steps.at(k)] = k % run ? row_of[steps.at(k - 1)] + steps.size(steps.at(k - 1)) : 0;
  }

  struct State {
    typename Input::State input;
    typename Product::State product;
  };
  const bool is_worth = steps.most * H * H * Cell::kGates >= Product::kWorth;
  const int64_t runs = ceil_div(steps.count, run);
  // With one row there is too little to do in a panel: cells of several wait less for each other.
  const int64_t together = is_worth ? 1 : larger(1, kNearVectors / (P / lanes<T>) / steps.most);
  auto step_of = [&](int64_t k) { return k / (run + 1) * run + k % (run + 1) - 1; };
  auto begin = [&](int64_t k, State& state) {
    if (k % (run + 1) == 0) input.begin(context, state.input, Run{steps, k / (run + 1) * run, run});
    else product.begin(context, state.product, s, steps.at(step_of(k)));
  };
  in_steps<State>(context, steps.count + runs, ceil_div(panels, together), is_worth, begin,
                  [&](int64_t k, int64_t task, State& state) {
    const int64_t last = smaller((task + 1) * together, panels);
    if (k % (run + 1) == 0) {
      for (int64_t panel = task * together; panel < last; panel++) {
        input.fill(state.input, Run{steps, k / (run + 1) * run, run}, panel, sums);
      }
      return;
    }
    const int64_t t = steps.at(step_of(k)), rows = steps.size(t), row = row_of[t];
    // Tiles of equal height.
    const int64_t blocks = ceil_div(rows, Product::kRows);
    for (int64_t p = task * together; p < last; p++) {
      // Every other step from the end, as the tasks are.
      const int64_t panel = k % 2 ? last - 1 - (p - task * together) : p;
      for (int64_t block = 0; block < blocks; block++) {
        const int64_t i = block * rows / blocks, end = (block + 1) * rows / blocks;
        product.add(state.product, s, t, i, int(end - i), panel, sums.at(panel, row + i) + Cell::kFirst * P, kWidth);
      }
    }
    Cells<Cell, keeps, P, T> cells(s);
    for (int64_t panel = task * together; panel < last; panel++) {
      for (int64_t i = 0; i < rows; i++) cells.take(t, i, panel * P, sums.at(panel, row + i));
    }
    cells.end();
  });
  steps.each_end(false, [&](int64_t i, int64_t at) {
    memcpy(s.last_hidden + i * H, s.out + at * s.out_row, size_t(H) * sizeof(T));
  });
}

// ---- arguments ------------------------------------------------------------------------------------------------------

// Of one direction: what the input is, the weights of input and state (as their kernels want them) and their biases.
template <class T> struct Direction {
  const T *x, *input_bias, *hidden, *cell, *bias;
  void *input_weight, *weight;

  static Direction read(Args& args) {
    Direction d;
    d.x = args.pointer<T>();
    d.input_weight = args.pointer();
    d.input_bias = args.pointer<T>();
    d.hidden = args.pointer<T>();
    d.cell = args.pointer<T>();
    d.weight = args.pointer();
    d.bias = args.pointer<T>();
    return d;
  }
};

// What all directions share. `features` is how wide an input is, 0 for one that is gates already.
template <class T> struct Layer {
  int64_t directions, units, features, out_row;
  T *out, *last_hidden, *last_cell, *kept, *cells;

  static Layer read(Args& args) {
    Layer l;
    l.directions = args.integer();
    l.units = args.integer();
    l.features = args.integer();
    l.out = args.pointer<T>();
    l.out_row = args.integer();
    l.last_hidden = args.pointer<T>();
    l.last_cell = args.pointer<T>();
    l.kept = args.pointer<T>();
    l.cells = args.pointer<T>();
    return l;
  }

  // The sequence of one direction: its states stand below those of the direction before it, its results beside. `zeros` is
  // a row for a state that is not given.
  Sequence<T> sequence(const Direction<T>& d, int64_t which, Steps steps, const T* zeros) const {
    const int64_t states = which * steps.most * units;
    if (which) steps.reverse = !steps.reverse;
    Sequence<T> s = {steps, units, out_row, d.hidden ? units : 0, d.hidden ? d.hidden : zeros,
                     out + which * units, last_hidden + states, last_cell + states, kept, cells};
    const size_t bytes = size_t(steps.most * units) * sizeof(T);
    if (last_cell && d.cell) memcpy(s.last_cell, d.cell, bytes);
    else if (last_cell) memset(s.last_cell, 0, bytes);
    return s;
  }

  // f(which) for each direction: side by side where there are two threads and it is worth waking the other.
  template <class F> void each_direction(Context* context, const Steps& steps, int64_t gates, int64_t worth, F f) const {
    const int64_t step = steps.most * units * (units + features) * gates;
    const bool is_shared = context->threads > 2 && steps.most * units * units * gates >= worth;
    if (directions == 1 || is_shared || context->threads == 1 || step * steps.count < 16 * worth) {
      for (int64_t which = 0; which < directions; which++) f(which);
      return;
    }
    parallel_for(context, directions, 1, [&](int64_t begin, int64_t end) {
      for (int64_t which = begin; which < end; which++) f(which);
    });
  }
};

// How the sums of each panel begin: with both biases, where there are some; a row of zeros, and room for more. In slot 1.
template <class Cell, int64_t P, class T> struct Beginning {
  const T *first, *zeros;
  T* more;

  bool make(Context* context, const Direction<T>& d, int64_t units, int64_t more_numbers = 0) {
    constexpr int64_t kWidth = P * Cell::kSums;
    const int64_t n = ceil_div(units, P) * kWidth, none = ceil_div(units, lanes<T>) * lanes<T>;
    T* out = (T*)context->scratch(context, 1, size_t(n + none + more_numbers) * sizeof(T));
    if (!out) context->fail(context, "[recurrent] out of memory for the biases");
    if (!out) return false;
    memset(out, 0, size_t(n + none) * sizeof(T));
    first = out;
    zeros = out + n;
    more = out + n + none;
    auto add = [&](T* to, const T* bias, int64_t count) {
      if (!bias) return;
      if (count == P) {
        for (int64_t j = 0; j < P; j += lanes<T>) store(to + j, load(to + j) + load(bias + j));
        return;
      }
      for (int64_t j = 0; j < count; j++) to[j] += bias[j];
    };
    for (int64_t unit = 0; unit < units; unit += P, out += kWidth) {
      const int64_t count = smaller(P, units - unit);
      for (int k = 0; k < Cell::kGates; k++) {
        const T* bias = d.input_bias ? d.input_bias + Cell::gate(k, true) * units + unit : nullptr;
        const T* other = d.bias ? d.bias + Cell::gate(k, false) * units + unit : nullptr;
        add(out + k * P, bias, count);
        add(out + (Cell::kFirst + k) * P, other, count);
      }
    }
    return true;
  }
};

// Inputs that are what the gates get already: rows are put in the order of the panels.
template <class Cell, int64_t P, class T>
static void fill_from_gates(const T* gates, int64_t units, const Run& run, int64_t panel, const Sums<T>& sums) {
  const int64_t unit = panel * P, count = smaller(P, units - unit);
  const T* first = sums.first_of(panel);
  run.each_block<16>([&](const int64_t* places, int n, int64_t row) {
    for (int r = 0; r < n; r++) {
      const T* from = gates + places[r] * Cell::kGates * units + unit;
      T* to = sums.at(panel, row + r);
      memcpy(to, first, size_t(sums.width) * sizeof(T));
      for (int k = 0; k < Cell::kGates; k++) {
        const T* gate = from + Cell::gate(k, true) * units;
#pragma omp simd
        for (int64_t j = 0; j < count; j++) to[k * P + j] += gate[j];
      }
    }
  });
}

}  // namespace layerwise::NS
