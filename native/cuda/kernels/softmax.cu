// softmax and log_softmax over one dimension, and their gradients. A row's largest element and its sum come from one
// reading; short rows are then kept in shared memory, so that each element is read once. Nothing is masked here.
#include "running_sum.h"

namespace {

template <class W> DEVICE W softmax_of(W x, const Running<W>& s, W scale, W log_sum, int log) {
  return log ? (x - s.largest) - log_sum : exp_of(x - s.largest) * scale;
}

template <class T, int V> DEVICE void forward_row(T* out, const T* x, int64_t n, int log, T* cache) {
  using W = WideOf<T>;
  const int64_t first = int64_t(threadIdx.x) * V, step = int64_t(blockDim.x) * V;
  Running<W> s = {minus_infinity<W>(), 0};
  for (int64_t i = first; i < n; i += step) {
    const Pack<T, V> pack = load_pack<V>(x + i);
    if (cache) store_pack<V>(cache + i, pack);
    W value[V];
    UNROLL for (int v = 0; v < V; v++) value[v] = widen(pack.at[v]);
    take_running<W, V>(s, value);
  }
  s = finished(join_row(s, [](const Running<W>& a, const Running<W>& b) { return join_running(a, b); }));
  const W scale = 1 / s.sum, log_sum = log ? log_of(s.sum) : 0;
  const T* from = cache ? cache : x;
  for (int64_t i = first; i < n; i += step) {
    W value[V];
    load_wide<V>(value, from + i);
    UNROLL for (int v = 0; v < V; v++) value[v] = softmax_of(value[v], s, scale, log_sum, log);
    store_narrow<V>(out + i, value);
  }
}

template <class T, int V>
DEVICE void backward_row(T* dx, const T* dy, const T* y, int64_t n, int log, T* cache_dy, T* cache_y) {
  using W = WideOf<T>;
  const int64_t first = int64_t(threadIdx.x) * V, step = int64_t(blockDim.x) * V;
  W total = 0;
  for (int64_t i = first; i < n; i += step) {
    const Pack<T, V> g = load_pack<V>(dy + i), p = load_pack<V>(y + i);
    if (cache_dy) {
      store_pack<V>(cache_dy + i, g);
      store_pack<V>(cache_y + i, p);
    }
    UNROLL for (int v = 0; v < V; v++) total += widen(g.at[v]) * (log ? W(1) : widen(p.at[v]));
  }
  total = join_row(total, [](W a, W b) { return a + b; });
  if (cache_dy) dy = cache_dy, y = cache_y;
  for (int64_t i = first; i < n; i += step) {
    W g[V], p[V];
    load_wide<V>(g, dy + i);
    load_wide<V>(p, y + i);
    UNROLL for (int v = 0; v < V; v++) g[v] = log ? g[v] - exp_of(p[v]) * total : p[v] * (g[v] - total);
    store_narrow<V>(dx + i, g);
  }
}

// Rows that lie outside take the last one along, so that all threads meet at the barriers; they write what it does.
DEVICE int64_t row_of_thread(int64_t rows) {
  return smaller(int64_t(blockIdx.x) * blockDim.y + threadIdx.y, rows - 1);
}

template <class T> DEVICE void softmax_rows(T* out, const T* x, int64_t rows, int64_t n, int log, int vector, int cached) {
  DYNAMIC_SHARED(T, shared);
  const int64_t row = row_of_thread(rows);
  T* cache = cached ? shared + threadIdx.y * n : nullptr;
  if (vector) forward_row<T, kPerVector<T>>(out + row * n, x + row * n, n, log, cache);
  else forward_row<T, 1>(out + row * n, x + row * n, n, log, cache);
}

template <class T>
DEVICE void softmax_backward_rows(T* dx, const T* dy, const T* y, int64_t rows, int64_t n, int log, int vector,
                                  int cached) {
  DYNAMIC_SHARED(T, shared);
  const int64_t row = row_of_thread(rows);
  T* cache = cached ? shared + threadIdx.y * 2 * n : nullptr;
  T* cache_y = cached ? cache + n : nullptr;
  const int64_t at = row * n;
  if (vector) backward_row<T, kPerVector<T>>(dx + at, dy + at, y + at, n, log, cache, cache_y);
  else backward_row<T, 1>(dx + at, dy + at, y + at, n, log, cache, cache_y);
}

// Down the columns of [outer, n, inner]: lanes are neighbouring columns, the block's rows share a column.
template <class S, class Join> DEVICE S join_column(S s, S* states, Join join) {
  S* mine = states + threadIdx.y * blockDim.x + threadIdx.x;
  *mine = s;
  for (int half = blockDim.y / 2; half > 0; half /= 2) {
    __syncthreads();
    if (int(threadIdx.y) < half) *mine = join(*mine, mine[half * blockDim.x]);
  }
  __syncthreads();
  return states[threadIdx.x];
}

template <class T> DEVICE void softmax_columns(T* out, const T* x, int64_t n, int64_t inner, int64_t strips, int log) {
  using W = WideOf<T>;
  DYNAMIC_SHARED(Running<W>, states);
  const int64_t above = quotient(blockIdx.x, strips);
  const int64_t column = (blockIdx.x - above * strips) * blockDim.x + threadIdx.x;
  const bool is_there = column < inner;
  const int64_t base = above * n * inner + column;
  Running<W> s = {minus_infinity<W>(), 0};
  for (int64_t i = threadIdx.y; i < n && is_there; i += blockDim.y) {
    const W value[1] = {widen(x[base + i * inner])};
    take_running<W, 1>(s, value);
  }
  s = finished(join_column(s, states, [](const Running<W>& a, const Running<W>& b) { return join_running(a, b); }));
  const W scale = 1 / s.sum, log_sum = log ? log_of(s.sum) : 0;
  for (int64_t i = threadIdx.y; i < n && is_there; i += blockDim.y) {
    out[base + i * inner] = convert<T>(softmax_of(widen(x[base + i * inner]), s, scale, log_sum, log));
  }
}

template <class T>
DEVICE void softmax_backward_columns(T* dx, const T* dy, const T* y, int64_t n, int64_t inner, int64_t strips, int log) {
  using W = WideOf<T>;
  DYNAMIC_SHARED(W, states);
  const int64_t above = quotient(blockIdx.x, strips);
  const int64_t column = (blockIdx.x - above * strips) * blockDim.x + threadIdx.x;
  const bool is_there = column < inner;
  const int64_t base = above * n * inner + column;
  W total = 0;
  for (int64_t i = threadIdx.y; i < n && is_there; i += blockDim.y) {
    const int64_t at = base + i * inner;
    total += widen(dy[at]) * (log ? W(1) : widen(y[at]));
  }
  total = join_column(total, states, [](W a, W b) { return a + b; });
  for (int64_t i = threadIdx.y; i < n && is_there; i += blockDim.y) {
    const int64_t at = base + i * inner;
    const W g = widen(dy[at]), p = widen(y[at]);
    dx[at] = convert<T>(log ? g - exp_of(p) * total : p * (g - total));
  }
}

}  // namespace

ENTRIES_FLOATS(softmax_rows, (T* out, const T* x, int64_t rows, int64_t n, int log, int vector, int cached),
               (out, x, rows, n, log, vector, cached))
ENTRIES_FLOATS(softmax_backward_rows,
               (T* dx, const T* dy, const T* y, int64_t rows, int64_t n, int log, int vector, int cached),
               (dx, dy, y, rows, n, log, vector, cached))
ENTRIES_FLOATS(softmax_columns, (T* out, const T* x, int64_t n, int64_t inner, int64_t strips, int log),
               (out, x, n, inner, strips, log))
ENTRIES_FLOATS(softmax_backward_columns,
               (T* dx, const T* dy, const T* y, int64_t n, int64_t inner, int64_t strips, int log),
               (dx, dy, y, n, inner, strips, log))
