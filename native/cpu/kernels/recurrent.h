// Recurrent layers over whole sequences: what the steps of a sequence are, how threads share them, the product with a
// state, the cells. Sequences are sorted by length, as packed ones are, so that each step has the first rows of the step
// before. Knows nothing of how weights were packed or quantized.
#pragma once
#include <sched.h>

#include "lanes.h"
#include "vector_math.h"

namespace layerwise::NS {

// ---- steps ----------------------------------------------------------------------------------------------------------

// Which rows belong to which step. A layer that runs backwards walks from the last step to the first.
struct Steps {
  int64_t count, most;    // how many, and the rows of the largest
  const int64_t* sizes;   // how many rows each has
  const int64_t* firsts;  // where the first of them stands among all rows
  int64_t apart;          // and how far behind it the next
  bool reverse;

  int64_t size(int64_t t) const { return sizes[t]; }
  int64_t place(int64_t t, int64_t i) const { return firsts[t] + i * apart; }
  // The k-th step of the walk.
  int64_t at(int64_t k) const { return reverse ? count - 1 - k : k; }
  // The steps that the walk takes just before and just after; -1 where there is none.
  int64_t before(int64_t t) const { return reverse ? (t + 1 < count ? t + 1 : -1) : t - 1; }
  int64_t after(int64_t t) const { return reverse ? t - 1 : (t + 1 < count ? t + 1 : -1); }
  // Rows of a step that another one, -1 for none, has too.
  int64_t shared(int64_t t, int64_t other) const { return other < 0 ? 0 : smaller(sizes[t], sizes[other]); }
  // Where row i of step t was a step earlier: in `all`, or at the start.
  template <class T> const T* earlier(const T* all, const T* start, int64_t t, int64_t i, int64_t width) const {
    const int64_t from = before(t);
    return i < shared(t, from) ? all + place(from, i) * width : start + i * width;
  }
  // f(row, place among all rows) for the step in which each row ends, or begins.
  template <class F> void each_end(bool begins, F f) const {
    if (reverse != begins) {
      for (int64_t i = 0; i < most; i++) f(i, place(0, i));
      return;
    }
    for (int64_t t = 0; t < count; t++) {
      for (int64_t i = t + 1 < count ? sizes[t + 1] : 0; i < sizes[t]; i++) f(i, place(t, i));
    }
  }

  // From a command: how many runs, and of each its steps and their rows; whether walked from the end; whether the rows of
  // a sequence stand together and not those of a step. The tables take slot 0.
  static bool read(Context* context, Args& args, Steps* steps) {
    Args runs = args;
    const int64_t n_runs = args.integer();
    steps->count = 0;
    for (int64_t r = 0; r < n_runs; r++) {
      steps->count += args.integer();
      args.integer();
    }
    steps->reverse = args.integer() != 0;
    const bool by_sequence = args.integer() != 0;
    int64_t* sizes = (int64_t*)context->scratch(context, 0, size_t(2 * steps->count) * 8);
    if (!sizes) context->fail(context, "[recurrent] out of memory for the table of steps");
    if (!sizes) return false;
    int64_t* firsts = sizes + steps->count;
    runs.integer();
    int64_t t = 0, row = 0;
    for (int64_t r = 0; r < n_runs; r++) {
      const int64_t length = runs.integer(), size = runs.integer();
      for (int64_t s = 0; s < length; s++, t++, row += size) {
        sizes[t] = size;
        firsts[t] = by_sequence ? t : row;
      }
    }
    steps->sizes = sizes;
    steps->firsts = firsts;
    steps->apart = by_sequence ? steps->count : 1;
    steps->most = sizes[0];
    return true;
  }
};

// ---- threads --------------------------------------------------------------------------------------------------------

// Steps of a few tasks each, every step needing all of the one before, on as many threads as come: tasks are claimed, so
// a thread that comes late or never holds up nobody. Each thread claims from a share of its own first, whose weights its
// cache then keeps. begin(k, state) runs once per thread and step before its first task, work(k, task, state) is a task.
constexpr int64_t kMostShares = 16;

template <class State, class Begin, class Work>
static void in_steps(Context* context, int64_t steps, int64_t tasks, bool is_worth, Begin begin, Work work) {
  const int64_t shares = is_worth ? smaller(smaller(context->threads, tasks), kMostShares) : 1;
  if (shares <= 1) {
    State state;
    for (int64_t k = 0; k < steps; k++) {
      begin(k, state);
      for (int64_t task = 0; task < tasks; task++) work(k, task, state);
    }
    return;
  }
  struct alignas(64) Line {
    int64_t n;
  };
  Line claimed[kMostShares] = {}, done = {};
  parallel_for(context, shares, 1, [&](int64_t own, int64_t) {
    State state;
    for (int64_t k = 0; k < steps; k++) {
      for (int spins = 0; __atomic_load_n(&done.n, __ATOMIC_ACQUIRE) < k * tasks; spins++) {
        // Whoever holds the last task may be waiting for this very processor.
        if (spins < 4000) __builtin_ia32_pause();
        else sched_yield();
      }
      bool has_begun = false;
      for (int64_t s = 0; s < shares; s++) {
        const int64_t share = (own + s) % shares;
        const int64_t first = tasks * share / shares, size = tasks * (share + 1) / shares - first;
        int64_t* counter = &claimed[share].n;
        int64_t n = __atomic_load_n(counter, __ATOMIC_RELAXED);
        while (n < (k + 1) * size) {
          if (!__atomic_compare_exchange_n(counter, &n, n + 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) continue;
          if (!has_begun) begin(k, state);
          has_begun = true;
          work(k, first + n - k * size, state);
          __atomic_fetch_add(&done.n, 1, __ATOMIC_RELEASE);
          n = __atomic_load_n(counter, __ATOMIC_RELAXED);
        }
      }
    }
  });
}

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

// out[R][V vectors] = start + rows @ panel; start is one row for all, or null. Few sums are kept several times over, so
// that additions need not wait for each other.
template <class T, int R, int V>
static void state_tile(int64_t k, const T* const* rows, const T* panel, const T* start, T* out) {
  constexpr int64_t L = lanes<T>;
  constexpr int S = R * V >= 8 ? 1 : R * V >= 4 ? 2 : 4;
  vector<T> sum[S][R][V] = {};
  if (start) {
#pragma GCC unroll 16
    for (int i = 0; i < R; i++) {
#pragma GCC unroll 8
      for (int j = 0; j < V; j++) sum[0][i][j] = load(start + j * L);
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
      store(out + (i * V + j) * L, total);
    }
  }
}

template <class T> using StateTile = void (*)(int64_t, const T* const*, const T*, const T*, T*);

template <class T, int V, int R = rows_beside(V)> static StateTile<T> state_tile_of(int rows) {
  if constexpr (R > 1) {
    if (rows < R) return state_tile_of<T, V, R - 1>(rows);
  }
  return state_tile<T, R, V>;
}

// ---- cells ----------------------------------------------------------------------------------------------------------

// Beyond 87 it is 0 or 1 but for less than 2e-38; within, the exponential needs no care. A NaN stays.
LW_INLINE float sigmoid_of(float x) {
  float y = x < -87.0f ? -87.0f : x;
  y = y > 87.0f ? 87.0f : y;
  return 1.0f / (1.0f + exp_within(-y));
}
LW_INLINE double sigmoid_of(double x) { return 1 / (1 + __builtin_exp(-x)); }
LW_INLINE float tanh_of(float x) { return fast_tanh(x); }
LW_INLINE double tanh_of(double x) { return __builtin_tanh(x); }

// What a walk reads and writes. Gates hold what the inputs give, a row of each gate's units; `kept` and `cells` are what
// backward wants, null where nobody will ask.
template <class T> struct Sequence {
  Steps steps;
  int64_t units;
  const T *gates, *hidden, *cell;
  T *out, *last_hidden, *last_cell, *kept, *cells;
};

// kGates: matrices of weights one below the other. kBlocks: vectors of units that share a panel, so that a tile is wide
// enough. forward() makes `width` units of a row from sums that are P apart for each gate: `at` is the row among all, i
// its sequence.
struct Lstm {
  static constexpr int kGates = 4, kBlocks = 1;

  template <bool keeps, int64_t P, class T, class Width>
  static LW_INLINE void forward(const Sequence<T>& s, int64_t at, int64_t i, const T*, int64_t unit, Width width,
                                const T* sums) {
    const int64_t H = s.units;
    const T* x = s.gates + at * 4 * H + unit;
    T *h = s.out + at * H + unit, *c = s.last_cell + i * H + unit;
    T* kept = keeps ? s.kept + at * 4 * H + unit : nullptr;
    T* cells = keeps ? s.cells + at * H + unit : nullptr;
#pragma omp simd
    for (int64_t j = 0; j < width; j++) {
      const T into = sigmoid_of(x[j] + sums[j]), forget = sigmoid_of(x[H + j] + sums[P + j]);
      const T fresh = tanh_of(x[2 * H + j] + sums[2 * P + j]), out = sigmoid_of(x[3 * H + j] + sums[3 * P + j]);
      const T cell = forget * c[j] + into * fresh;
      c[j] = cell;
      h[j] = out * tanh_of(cell);
      if constexpr (keeps) {
        kept[j] = into, kept[H + j] = forget, kept[2 * H + j] = fresh, kept[3 * H + j] = out;
        cells[j] = cell;
      }
    }
  }
};

struct Gru {
  static constexpr int kGates = 3, kBlocks = 1;

  template <bool keeps, int64_t P, class T, class Width>
  static LW_INLINE void forward(const Sequence<T>& s, int64_t at, int64_t, const T* before, int64_t unit, Width width,
                                const T* sums) {
    const int64_t H = s.units;
    const T* x = s.gates + at * 3 * H + unit;
    T* h = s.out + at * H + unit;
    T* kept = keeps ? s.kept + at * 4 * H + unit : nullptr;
    before += unit;
#pragma omp simd
    for (int64_t j = 0; j < width; j++) {
      const T reset = sigmoid_of(x[j] + sums[j]), update = sigmoid_of(x[H + j] + sums[P + j]);
      const T fresh = tanh_of(x[2 * H + j] + reset * sums[2 * P + j]);
      h[j] = (before[j] - fresh) * update + fresh;
      if constexpr (keeps) {
        kept[j] = reset, kept[H + j] = update, kept[2 * H + j] = fresh, kept[3 * H + j] = sums[2 * P + j];
      }
    }
  }
};

template <bool relu> struct Plain {
  static constexpr int kGates = 1, kBlocks = 4;
  static constexpr bool kIsRelu = relu;

  template <bool keeps, int64_t P, class T, class Width>
  static LW_INLINE void forward(const Sequence<T>& s, int64_t at, int64_t, const T*, int64_t unit, Width width,
                                const T* sums) {
    const T* x = s.gates + at * s.units + unit;
    T* h = s.out + at * s.units + unit;
#pragma omp simd
    for (int64_t j = 0; j < width; j++) {
      const T total = x[j] + sums[j];
      if constexpr (relu) h[j] = total < 0 ? T(0) : total;  // not the larger of both: NaN stays
      else h[j] = tanh_of(total);
    }
  }
};

// As ops say which.
enum Mode : int { kLstm = 0, kGru = 1, kTanh = 2, kRelu = 3 };
template <class F> LW_STATIC void with_cell(int mode, F f) {
  switch (mode) {
    case kLstm: return f(Lstm{});
    case kGru: return f(Gru{});
    case kTanh: return f(Plain<false>{});
    default: return f(Plain<true>{});
  }
}

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

// Product::State is what a thread has made of the states before step t, by begin(); tile() then multiplies `count` of their
// rows, from i on, with the weights of kUnits units.
template <class Cell, bool keeps, class T, class Product>
static void walk_forward(Context* context, const Sequence<T>& s, const Product& product) {
  constexpr int64_t P = Product::kUnits, N = P * Cell::kGates;
  const int64_t H = s.units;
  const Steps& steps = s.steps;
  const bool is_worth = steps.most * H * H * Cell::kGates >= Product::kWorth;
  auto begin = [&](int64_t k, typename Product::State& state) { product.begin(context, state, steps.at(k)); };
  in_steps<typename Product::State>(context, steps.count, ceil_div(H, P), is_worth, begin,
                                    [&](int64_t k, int64_t panel, typename Product::State& state) {
    const int64_t t = steps.at(k), rows = steps.size(t), unit = panel * P;
    for (int64_t i = 0; i < rows; i += Product::kRows) {
      const int count = int(smaller(Product::kRows, rows - i));
      alignas(64) T sums[Product::kRows * N];
      product.tile(state, t, i, count, panel, sums);
      for (int r = 0; r < count; r++) {
        const T* before = steps.earlier(s.out, s.hidden, t, i + r, H);
        const int64_t at = steps.place(t, i + r);
        if (unit + P <= H) Cell::template forward<keeps, P>(s, at, i + r, before, unit, P, sums + r * N);
        else Cell::template forward<keeps, P>(s, at, i + r, before, unit, H - unit, sums + r * N);
      }
    }
  });
  steps.each_end(false, [&](int64_t i, int64_t at) {
    memcpy(s.last_hidden + i * H, s.out + at * H, size_t(H) * sizeof(T));
  });
}

}  // namespace layerwise::NS
