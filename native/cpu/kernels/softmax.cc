// softmax and log_softmax over one dimension, and their gradients. Rows are taken in one piece; with inner > 1 a vector
// holds neighbouring columns. Sums are kept in float64 across chunks. No masking, no dropout.
#include "lanes.h"

namespace layerwise::NS {
namespace {

constexpr int64_t kChunk = 2048;
constexpr int64_t kTaskElements = 16384;

template <class T> struct Rows {
  static constexpr int64_t N = lanes<T>;
  using V = vector<T>;
  using C = compute<T>;

  static C largest(const T* x, int64_t n) {
    V a[4];
    for (int j = 0; j < 4; j++) a[j] = V{} - (C)__builtin_inf();
    int64_t i = 0;
    for (; i + 4 * N <= n; i += 4 * N) {
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++) a[j] = max_of(load(x + i + j * N), a[j]);
    }
    for (; i + N <= n; i += N) a[0] = max_of(load(x + i), a[0]);
    if (i < n) a[1] = max_of(load_some(x + i, n - i, -(C)__builtin_inf()), a[1]);
    return max_lanes(max_of(max_of(a[0], a[1]), max_of(a[2], a[3])));
  }

  // Sum of f(i, x, count) over the row; count lanes of x exist, the others are `fill`.
  template <class F> static double sum(const T* x, int64_t n, C fill, F f) {
    double total = 0;
    for (int64_t begin = 0; begin < n; begin += kChunk) {
      int64_t end = smaller(begin + kChunk, n), i = begin;
      V a[4] = {};
      for (; i + 4 * N <= end; i += 4 * N) {
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) a[j] += f(i + j * N, load(x + i + j * N), N);
      }
      for (; i + N <= end; i += N) a[0] += f(i, load(x + i), N);
      if (i < end) a[1] += f(i, load_some(x + i, end - i, fill), end - i);
      total += sum_lanes((a[0] + a[1]) + (a[2] + a[3]));
    }
    return total;
  }

  template <class F> static void write(T* out, int64_t n, bool streams, F f) {
    int64_t i = 0;
    if (streams) {
      for (; i + N <= n; i += N) stream(out + i, f(i, N));
    }
    for (; i + N <= n; i += N) store(out + i, f(i, N));
    if (i < n) store_some(out + i, f(i, n - i), n - i);
  }
  template <class U> static V part(const U* x, int64_t count) {
    return count == N ? load(x) : load_some(x, count, 0);
  }

  // `exps` holds a row (rounded up to whole vectors) between the passes.
  static void forward(T* out, const T* x, int64_t n, bool log, bool streams, C* exps) {
    C top = largest(x, n);
    const C nothing = -(C)__builtin_inf();
    if (log) {
      double total = sum(x, n, nothing, [&](int64_t, V v, int64_t) { return exp_of(v - top); });
      C shift = (C)__builtin_log(total);
      write(out, n, streams, [&](int64_t i, int64_t count) { return (part(x + i, count) - top) - shift; });
      return;
    }
    double total = sum(x, n, nothing, [&](int64_t i, V v, int64_t) {
      V e = exp_of(v - top);
      store(exps + i, e);
      return e;
    });
    C scale = (C)(1 / total);
    write(out, n, streams, [&](int64_t i, int64_t) { return load(exps + i) * scale; });
  }

  static void backward(T* dx, const T* dy, const T* y, int64_t n, bool log, bool streams) {
    if (log) {
      C total = (C)sum(dy, n, 0, [&](int64_t, V g, int64_t) { return g; });
      write(dx, n, streams, [&](int64_t i, int64_t count) {
        return part(dy + i, count) - exp_of(part(y + i, count)) * total;
      });
      return;
    }
    C total = (C)sum(dy, n, 0, [&](int64_t i, V g, int64_t count) { return g * part(y + i, count); });
    write(dx, n, streams, [&](int64_t i, int64_t count) {
      return part(y + i, count) * (part(dy + i, count) - total);
    });
  }
};

// One vector of neighbouring columns, n rows `inner` apart. `count` columns exist.
template <class T> struct Columns {
  static constexpr int64_t N = lanes<T>;
  using V = vector<T>;
  using C = compute<T>;
  int64_t n, inner, count;
  bool log;

  V read(const T* x, int64_t row) const {
    return count == N ? load(x + row * inner) : load_some(x + row * inner, count, 0);
  }
  void write(T* out, int64_t row, V v) const {
    if (count == N) store(out + row * inner, v);
    else store_some(out + row * inner, v, count);
  }
  void forward(T* out, const T* x) const {
    V top = read(x, 0);
    for (int64_t r = 1; r < n; r++) top = max_of(read(x, r), top);
    V total = {};
    for (int64_t r = 0; r < n; r++) total += exp_of(read(x, r) - top);
    if (log) {
      for (int64_t l = 0; l < N; l++) total[l] = (C)__builtin_log((double)total[l]);
      for (int64_t r = 0; r < n; r++) write(out, r, (read(x, r) - top) - total);
      return;
    }
    V scale = 1 / total;
    for (int64_t r = 0; r < n; r++) write(out, r, exp_of(read(x, r) - top) * scale);
  }
  void backward(T* dx, const T* dy, const T* y) const {
    V total = {};
    if (log) {
      for (int64_t r = 0; r < n; r++) total += read(dy, r);
      for (int64_t r = 0; r < n; r++) write(dx, r, read(dy, r) - exp_of(read(y, r)) * total);
      return;
    }
    for (int64_t r = 0; r < n; r++) total += read(dy, r) * read(y, r);
    for (int64_t r = 0; r < n; r++) write(dx, r, read(y, r) * (read(dy, r) - total));
  }
};

// Calls row(offset) for every row, or column(offset, count) for every vector of columns.
template <class T, class RowF, class ColumnF>
void over_slices(Context* context, int64_t outer, int64_t n, int64_t inner, RowF row, ColumnF column) {
  if (outer == 0 || n == 0 || inner == 0) return;
  if (inner == 1) {
    parallel_for(context, outer, kTaskElements / n, [&](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; o++) row(o * n);
      end_streaming();
    });
    return;
  }
  constexpr int64_t N = lanes<T>;
  int64_t strips = ceil_div(inner, N);
  parallel_for(context, outer * strips, kTaskElements / (n * N), [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; task++) {
      int64_t first = task % strips * N;
      column(task / strips * n * inner + first, smaller(N, inner - first));
    }
  });
}

KERNEL(softmax) {
  Dtype dtype = args.dtype();
  void *out_ = args.pointer(), *in_ = args.pointer();
  int64_t outer = args.integer(), n = args.integer(), inner = args.integer();
  bool log = args.integer() != 0;
  bool known = with_float(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* out = (T*)out_;
    const T* in = (const T*)in_;
    bool streams = should_stream(out, outer, n);
    over_slices<T>(context, outer, n, inner,
      [&](int64_t at) {
        auto* exps = (compute<T>*)context->scratch(context, 0, (n + lanes<T>) * sizeof(compute<T>));
        Rows<T>::forward(out + at, in + at, n, log, streams, exps);
      },
      [&](int64_t at, int64_t count) { Columns<T>{n, inner, count, log}.forward(out + at, in + at); });
  });
  if (!known) context->fail(context, "[softmax] expected a floating dtype");
}

KERNEL(softmax_backward) {
  Dtype dtype = args.dtype();
  void *dx_ = args.pointer(), *dy_ = args.pointer(), *y_ = args.pointer();
  int64_t outer = args.integer(), n = args.integer(), inner = args.integer();
  bool log = args.integer() != 0;
  bool known = with_float(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* dx = (T*)dx_;
    const T *dy = (const T*)dy_, *y = (const T*)y_;
    bool streams = should_stream(dx, outer, n);
    over_slices<T>(context, outer, n, inner,
      [&](int64_t at) { Rows<T>::backward(dx + at, dy + at, y + at, n, log, streams); },
      [&](int64_t at, int64_t count) { Columns<T>{n, inner, count, log}.backward(dx + at, dy + at, y + at); });
  });
  if (!known) context->fail(context, "[softmax_backward] expected a floating dtype");
}

}  // namespace
}  // namespace layerwise::NS
