// Normalisation of rows, forward and backward, for layer_norm (centred) and rms_norm (not). Statistics are float32
// (float64 for float64); weights and biases have the dtype of x. Gradients of weights are summed over fixed blocks of
// rows, so they do not depend on the number of threads.
#pragma once
#include "lanes.h"

namespace layerwise::NS {

template <class T, bool Centred> struct NormRows {
  static constexpr int64_t N = lanes<T>;
  static constexpr int64_t kTaskElements = 16384;
  using V = vector<T>;
  using C = compute<T>;

  // Calls f(i, count) for each vector of a row, count < N only for the last.
  template <class F> LW_STATIC void each(int64_t n, F f) {
    int64_t i = 0;
    for (; i + N <= n; i += N) f(i, N);
    if (i < n) f(i, n - i);
  }
  template <class U> LW_STATIC vector<U> part(const U* p, int64_t count) {
    return count == N ? load(p) : load_some(p, count, 0);
  }
  template <class U> LW_STATIC void write(U* p, V x, int64_t count) {
    if (count == N) store(p, x);
    else store_some(p, x, count);
  }

  // Sum of f(x) over a row in four accumulators, carried over to float64 every 2048 elements.
  template <class F> static double sum(const T* x, int64_t n, C fill, F f) {
    double total = 0;
    for (int64_t begin = 0; begin < n; begin += 2048) {
      int64_t end = smaller(begin + 2048, n), i = begin;
      V a[4] = {};
      for (; i + 4 * N <= end; i += 4 * N) {
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) a[j] += f(load(x + i + j * N));
      }
      for (; i + N <= end; i += N) a[0] += f(load(x + i));
      if (i < end) a[1] += f(load_some(x + i, end - i, fill));
      total += sum_lanes((a[0] + a[1]) + (a[2] + a[3]));
    }
    return total;
  }

  static void forward(Context* context, T* out, C* mean, C* rstd, const T* x, const T* weight, const T* bias,
                      int64_t rows, int64_t n, double eps) {
    bool streams = should_stream(out, rows, n);
    parallel_for(context, rows, kTaskElements / larger(n, 1), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; r++) {
        const T* row = x + r * n;
        T* target = out + r * n;
        C centre = Centred ? (C)(sum(row, n, 0, [](V v) { return v; }) / n) : 0;
        double squares = sum(row, n, centre, [&](V v) { return (v - centre) * (v - centre); });
        C scale = (C)(1 / __builtin_sqrt(squares / n + eps));
        if (Centred && mean) mean[r] = centre;
        if (rstd) rstd[r] = scale;
        each(n, [&](int64_t i, int64_t count) {
          V y = (part(row + i, count) - centre) * scale;
          if (weight) y *= part(weight + i, count);
          if (bias) y += part(bias + i, count);
          if (streams) stream(target + i, y);
          else write(target + i, y, count);
        });
      }
      if (streams) end_streaming();
    });
  }

  static void backward(Context* context, T* dx, T* dweight, T* dbias, const T* dy, const T* x, const C* mean,
                       const C* rstd, const T* weight, int64_t rows, int64_t n) {
    bool sums = dweight || dbias;
    int64_t blocks =
        sums ? larger(1, smaller(rows / 32, 128)) : ceil_div(rows, larger(1, kTaskElements / larger(n, 1)));
    int64_t padded = ceil_div(n, N) * N;
    C* partial = sums ? (C*)context->scratch(context, 0, larger(blocks * 2 * padded, 1) * sizeof(C)) : nullptr;
    parallel_for(context, blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; b++) {
        C* weights = partial + b * 2 * padded;
        C* biases = weights + padded;
        if (sums) memset(weights, 0, 2 * padded * sizeof(C));
        for (int64_t r = rows * b / blocks; r < rows * (b + 1) / blocks; r++) {
          backward_row(dx ? dx + r * n : nullptr, dweight ? weights : nullptr, dbias ? biases : nullptr, dy + r * n,
                       x + r * n, Centred ? mean[r] : 0, rstd[r], weight, n);
        }
      }
    });
    if (!sums) return;
    parallel_for(context, n, 256, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        double w = 0, s = 0;
        for (int64_t b = 0; b < blocks; b++) {
          w += partial[b * 2 * padded + i];
          s += partial[b * 2 * padded + padded + i];
        }
        if (dweight) put(dweight + i, w);
        if (dbias) put(dbias + i, s);
      }
    });
  }

  static void backward_row(T* dx, C* weights, C* biases, const T* dy, const T* x, C mean, C rstd, const T* weight,
                           int64_t n) {
    V sum_g = {}, sum_gx = {};
    each(n, [&](int64_t i, int64_t count) {
      V g = part(dy + i, count);
      V normal = (part(x + i, count) - mean) * rstd;
      if (weights) store(weights + i, load(weights + i) + g * normal);
      if (biases) store(biases + i, load(biases + i) + g);
      if (weight) g *= part(weight + i, count);
      sum_g += g;
      sum_gx += g * normal;
    });
    if (!dx) return;
    C mean_g = Centred ? (C)(sum_lanes(sum_g) / n) : 0;
    C mean_gx = (C)(sum_lanes(sum_gx) / n);
    each(n, [&](int64_t i, int64_t count) {
      V g = part(dy + i, count);
      if (weight) g *= part(weight + i, count);
      V normal = (part(x + i, count) - mean) * rstd;
      write(dx + i, (g - mean_g - normal * mean_gx) * rstd, count);
    });
  }
};

}  // namespace layerwise::NS
