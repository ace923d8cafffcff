// layer_norm and rms_norm of rows with their gradients, and the backward sums of batch norm. Statistics are float32
// (float64 for float64). Gradients of weights are summed over fixed shares of the rows, so every run gives the same bits.
#include "vectors.h"

namespace {

// A row's slots: vectors that a thread keeps in registers; what is beyond them is read again.
constexpr int kSlots = 4;
// The same of the fused gradient, which keeps sums of weight and bias beside them.
constexpr int kGradientSlots = 2;

template <class W> struct Pair {
  W a, b;
};
template <class W> DEVICE Pair<W> add_pairs(const Pair<W>& x, const Pair<W>& y) { return {x.a + y.a, x.b + y.b}; }
template <class W> DEVICE W add_row(W x) {
  return join_row(x, [](W a, W b) { return a + b; });
}

template <class T, int V>
DEVICE void normalize_some(T* out, const WideOf<T> (&x)[V], const T* weight, const T* bias, WideOf<T> centre,
                           WideOf<T> scale) {
  using W = WideOf<T>;
  W y[V], other[V];
  UNROLL for (int v = 0; v < V; v++) y[v] = (x[v] - centre) * scale;
  if (weight) {
    load_wide<V>(other, weight);
    UNROLL for (int v = 0; v < V; v++) y[v] *= other[v];
  }
  if (bias) {
    load_wide<V>(other, bias);
    UNROLL for (int v = 0; v < V; v++) y[v] += other[v];
  }
  store_narrow<V>(out, y);
}

template <class T, int V>
DEVICE void forward_row(T* out, WideOf<T>* mean, WideOf<T>* rstd, const T* x, const T* weight, const T* bias, int64_t n,
                        double eps, int centred) {
  using W = WideOf<T>;
  const int64_t first = int64_t(threadIdx.x) * V, step = int64_t(blockDim.x) * V;
  const int64_t beyond = first + kSlots * step;
  W kept[kSlots][V];
  W total = 0;
  UNROLL for (int s = 0; s < kSlots; s++) {
    if (first + s * step >= n) break;
    load_wide<V>(kept[s], x + first + s * step);
    UNROLL for (int v = 0; v < V; v++) total += kept[s][v];
  }
  W centre = 0;
  if (centred) {
    for (int64_t i = beyond; i < n; i += step) {
      W some[V];
      load_wide<V>(some, x + i);
      UNROLL for (int v = 0; v < V; v++) total += some[v];
    }
    centre = add_row(total) / W(n);
  }
  W squares = 0;
  UNROLL for (int s = 0; s < kSlots; s++) {
    if (first + s * step >= n) break;
    UNROLL for (int v = 0; v < V; v++) squares += (kept[s][v] - centre) * (kept[s][v] - centre);
  }
  for (int64_t i = beyond; i < n; i += step) {
    W some[V];
    load_wide<V>(some, x + i);
    UNROLL for (int v = 0; v < V; v++) squares += (some[v] - centre) * (some[v] - centre);
  }
  const W scale = 1 / sqrt_of(add_row(squares) / W(n) + W(eps));
  if (threadIdx.x == 0 && mean) *mean = centre;
  if (threadIdx.x == 0 && rstd) *rstd = scale;
  UNROLL for (int s = 0; s < kSlots; s++) {
    const int64_t i = first + s * step;
    if (i >= n) break;
    normalize_some<T, V>(out + i, kept[s], weight ? weight + i : nullptr, bias ? bias + i : nullptr, centre, scale);
  }
  for (int64_t i = beyond; i < n; i += step) {
    W some[V];
    load_wide<V>(some, x + i);
    normalize_some<T, V>(out + i, some, weight ? weight + i : nullptr, bias ? bias + i : nullptr, centre, scale);
  }
}

// Threads of rows that do not exist take the last row along: barriers need all of them, and the same is written twice.
DEVICE int64_t row_of_thread(int64_t rows) {
  return smaller(int64_t(blockIdx.x) * blockDim.y + threadIdx.y, rows - 1);
}

template <class T>
DEVICE void norm_rows(T* out, void* mean, void* rstd, const T* x, const T* weight, const T* bias, int64_t rows,
                      int64_t n, double eps, int centred, int vector) {
  using W = WideOf<T>;
  const int64_t row = row_of_thread(rows);
  W* mean_at = mean ? (W*)mean + row : nullptr;
  W* rstd_at = rstd ? (W*)rstd + row : nullptr;
  if (vector) {
    forward_row<T, kPerVector<T>>(out + row * n, mean_at, rstd_at, x + row * n, weight, bias, n, eps, centred);
  } else {
    forward_row<T, 1>(out + row * n, mean_at, rstd_at, x + row * n, weight, bias, n, eps, centred);
  }
}

// dx of one row of any length, everything read twice.
template <class T>
DEVICE void norm_backward_rows(T* dx, const T* dy, const T* x, const void* mean, const void* rstd, const T* weight,
                               int64_t rows, int64_t n) {
  using W = WideOf<T>;
  const int64_t row = row_of_thread(rows);
  const W centre = mean ? ((const W*)mean)[row] : 0, scale = ((const W*)rstd)[row];
  const int64_t at = row * n;
  Pair<W> sums = {0, 0};
  for (int64_t i = threadIdx.x; i < n; i += blockDim.x) {
    const W g = widen(dy[at + i]) * (weight ? widen(weight[i]) : W(1));
    sums.a += g;
    sums.b += g * ((widen(x[at + i]) - centre) * scale);
  }
  sums = join_row(sums, [](const Pair<W>& a, const Pair<W>& b) { return add_pairs(a, b); });
  const W mean_g = mean ? sums.a / W(n) : 0, mean_gx = sums.b / W(n);
  for (int64_t i = threadIdx.x; i < n; i += blockDim.x) {
    const W g = widen(dy[at + i]) * (weight ? widen(weight[i]) : W(1));
    dx[at + i] = convert<T>((g - mean_g - (widen(x[at + i]) - centre) * scale * mean_gx) * scale);
  }
}

// Sums of dy * normal and of dy over a share of the rows, columns side by side: partials[share][2][n].
template <class T>
DEVICE void norm_backward_columns(void* partials, const T* dy, const T* x, const void* mean, const void* rstd,
                                  int64_t rows, int64_t n) {
  using W = WideOf<T>;
  __shared__ Pair<W> shared[8][32];
  const int64_t column = int64_t(blockIdx.x) * 32 + threadIdx.x;
  const int64_t begin = rows * blockIdx.y / gridDim.y, end = rows * (blockIdx.y + 1) / gridDim.y;
  Pair<W> sums = {0, 0};
  for (int64_t row = begin + threadIdx.y; row < end && column < n; row += 8) {
    const W g = widen(dy[row * n + column]);
    const W centre = mean ? ((const W*)mean)[row] : 0;
    sums.a += g * ((widen(x[row * n + column]) - centre) * ((const W*)rstd)[row]);
    sums.b += g;
  }
  shared[threadIdx.y][threadIdx.x] = sums;
  __syncthreads();
  if (threadIdx.y || column >= n) return;
  for (int y = 1; y < 8; y++) sums = add_pairs(sums, shared[y][threadIdx.x]);
  W* partial = (W*)partials + int64_t(blockIdx.y) * 2 * n;
  partial[column] = sums.a;
  partial[n + column] = sums.b;
}

// Both at once for rows of whole vectors that fit the slots: x and dy are read a single time. Each row of threads walks
// a share of the rows and keeps the sums of its columns in registers.
template <class T>
DEVICE void norm_backward_fused(T* dx, void* partials, const T* dy, const T* x, const void* mean, const void* rstd,
                                const T* weight, int64_t rows, int64_t n) {
  using W = WideOf<T>;
  constexpr int V = kPerVector<T>;
  const int64_t first = int64_t(threadIdx.x) * V, step = int64_t(blockDim.x) * V;
  W dweight[kGradientSlots][V] = {}, dbias[kGradientSlots][V] = {};
  const int64_t share = int64_t(blockIdx.x) * blockDim.y + threadIdx.y;
  const int64_t shares = int64_t(gridDim.x) * blockDim.y;
  // All rows of threads make equally many rounds, because they meet at barriers.
  for (int64_t round = 0; round * shares < rows; round++) {
    const int64_t row = round * shares + share;
    const bool is_there = row < rows;
    const W centre = is_there && mean ? ((const W*)mean)[row] : 0;
    const W scale = is_there ? ((const W*)rstd)[row] : 0;
    W g[kGradientSlots][V], normal[kGradientSlots][V];
    Pair<W> sums = {0, 0};
    UNROLL for (int s = 0; s < kGradientSlots; s++) {
      const int64_t i = first + s * step;
      if (i >= n || !is_there) break;
      load_wide<V>(g[s], dy + row * n + i);
      load_wide<V>(normal[s], x + row * n + i);
      W w[V];
      if (weight) load_wide<V>(w, weight + i);
      UNROLL for (int v = 0; v < V; v++) {
        normal[s][v] = (normal[s][v] - centre) * scale;
        dweight[s][v] += g[s][v] * normal[s][v];
        dbias[s][v] += g[s][v];
        if (weight) g[s][v] *= w[v];
        sums.a += g[s][v];
        sums.b += g[s][v] * normal[s][v];
      }
    }
    if (!dx) continue;
    sums = join_row(sums, [](const Pair<W>& a, const Pair<W>& b) { return add_pairs(a, b); });
    const W mean_g = mean ? sums.a / W(n) : 0, mean_gx = sums.b / W(n);
    UNROLL for (int s = 0; s < kGradientSlots; s++) {
      const int64_t i = first + s * step;
      if (i >= n || !is_there) break;
      UNROLL for (int v = 0; v < V; v++) g[s][v] = (g[s][v] - mean_g - normal[s][v] * mean_gx) * scale;
      store_narrow<V>(dx + row * n + i, g[s]);
    }
  }
  if (!partials) return;
  W* partial = (W*)partials + share * 2 * n;
  UNROLL for (int s = 0; s < kGradientSlots; s++) {
    const int64_t i = first + s * step;
    if (i >= n) break;
    UNROLL for (int v = 0; v < V; v++) {
      partial[i + v] = dweight[s][v];
      partial[n + i + v] = dbias[s][v];
    }
  }
}

// The shares added up, in order.
template <class W>
DEVICE void norm_backward_sums(void* dweight, void* dbias, int dtype, const W* partials, int shares, int64_t n) {
  __shared__ Pair<W> shared[8][32];
  const int64_t column = int64_t(blockIdx.x) * 32 + threadIdx.x;
  Pair<W> sums = {0, 0};
  for (int s = threadIdx.y; s < shares && column < n; s += 8) {
    const W* partial = partials + int64_t(s) * 2 * n;
    sums.a += partial[column];
    sums.b += partial[n + column];
  }
  shared[threadIdx.y][threadIdx.x] = sums;
  __syncthreads();
  if (threadIdx.y || column >= n) return;
  for (int y = 1; y < 8; y++) sums = add_pairs(sums, shared[y][threadIdx.x]);
  if (dweight) store_as(dweight, dtype, column, sums.a);
  if (dbias) store_as(dbias, dtype, column, sums.b);
}

// Per channel of [N, C, S] the sums of dy and of dy * (x - mean); blockIdx.y is a share of the N * S elements.
template <class T>
DEVICE void batch_norm_backward_sums(void* partials, const T* dy, const T* x, const void* mean, int64_t N, int64_t C,
                                     int64_t S) {
  using W = WideOf<T>;
  const int64_t channel = int64_t(blockIdx.x) * blockDim.y + threadIdx.y;
  const bool is_there = channel < C;
  const int64_t begin = N * S / gridDim.y * blockIdx.y + smaller(blockIdx.y, N * S % gridDim.y);
  const int64_t end = begin + N * S / gridDim.y + (blockIdx.y < N * S % gridDim.y);
  const W centre = is_there ? ((const W*)mean)[channel] : 0;
  Pair<W> sums = {0, 0};
  for (int64_t i = begin + threadIdx.x; i < end && is_there; i += blockDim.x) {
    const int64_t plane = quotient(i, S);
    const int64_t at = (plane * C + channel) * S + i - plane * S;
    const W g = widen(dy[at]);
    sums.a += g;
    sums.b += g * (widen(x[at]) - centre);
  }
  sums = join_row(sums, [](const Pair<W>& a, const Pair<W>& b) { return add_pairs(a, b); });
  if (threadIdx.x || !is_there) return;
  W* partial = (W*)partials + int64_t(blockIdx.y) * 2 * C;
  partial[channel] = sums.a;
  partial[C + channel] = sums.b;
}

}  // namespace

ENTRIES_FLOATS(norm_rows,
               (T* out, void* mean, void* rstd, const T* x, const T* weight, const T* bias, int64_t rows, int64_t n,
                double eps, int centred, int vector),
               (out, mean, rstd, x, weight, bias, rows, n, eps, centred, vector))
ENTRIES_FLOATS(norm_backward_rows,
               (T* dx, const T* dy, const T* x, const void* mean, const void* rstd, const T* weight, int64_t rows,
                int64_t n),
               (dx, dy, x, mean, rstd, weight, rows, n))
ENTRIES_FLOATS(norm_backward_columns,
               (void* partials, const T* dy, const T* x, const void* mean, const void* rstd, int64_t rows, int64_t n),
               (partials, dy, x, mean, rstd, rows, n))
ENTRIES_FLOATS(norm_backward_fused,
               (T* dx, void* partials, const T* dy, const T* x, const void* mean, const void* rstd, const T* weight,
                int64_t rows, int64_t n),
               (dx, partials, dy, x, mean, rstd, weight, rows, n))
ENTRY(norm_backward_sums, float32, float,
      (void* dweight, void* dbias, int dtype, const T* partials, int shares, int64_t n),
      (dweight, dbias, dtype, partials, shares, n))
ENTRY(norm_backward_sums, float64, double,
      (void* dweight, void* dbias, int dtype, const T* partials, int shares, int64_t n),
      (dweight, dbias, dtype, partials, shares, n))
ENTRIES_FLOATS(batch_norm_backward_sums,
               (void* partials, const T* dy, const T* x, const void* mean, int64_t N, int64_t C, int64_t S),
               (partials, dy, x, mean, N, C, S))
