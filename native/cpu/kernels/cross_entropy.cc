// Cross entropy straight from logits with class numbers as targets: the loss in one reading of them, its gradient in
// another. Log-probabilities never exist in memory. Whoever launches it has seen that every class exists or is ignored.
#include "lanes.h"

namespace layerwise::NS {
namespace {

constexpr int64_t kTaskElements = 16384;
constexpr int64_t kChunk = 2048;
enum Reduction : int64_t { kNone = 0, kMean = 1, kSum = 2 };

template <class T> struct Rows {
  static constexpr int64_t N = lanes<T>;
  using V = vector<T>;
  using C = compute<T>;
  const T *logits, *weight;
  const int64_t* target;
  int64_t classes, ignored;
  double smoothing;

  C weight_of(int64_t c) const { return weight ? get(weight + c) : C(1); }
  V part(const T* x, int64_t count, C fill) const { return count == N ? load(x) : load_some(x, count, fill); }

  // Sum of f(first class, count) over all classes, in float64 across chunks.
  template <class F> double sum(F f) const {
    double total = 0;
    for (int64_t begin = 0; begin < classes; begin += kChunk) {
      const int64_t end = smaller(begin + kChunk, classes);
      V a = {};
      for (int64_t i = begin; i < end; i += N) a += f(i, smaller(N, end - i));
      total += sum_lanes(a);
    }
    return total;
  }

  // The logarithm of the sum of a row's exponentials. A NaN becomes a NaN.
  C lse_of(const T* x) const {
    const C nothing = -(C)__builtin_inf();
    V top = V{} + nothing;
    for (int64_t i = 0; i < classes; i += N) top = max_of(part(x + i, smaller(N, classes - i), nothing), top);
    const C largest = max_lanes(top);
    const double total = sum([&](int64_t i, int64_t count) { return exp_of(part(x + i, count, nothing) - largest); });
    return (C)((double)largest + __builtin_log(total));
  }

  // -(1 - smoothing) w_y log p_y - smoothing / classes * sum_c w_c log p_c, where log p = x - lse.
  C loss_of(const T* x, int64_t y, C lse) const {
    const C own = weight_of(y) * (lse - get(x + y));
    if (smoothing == 0) return own;
    const double spread = sum([&](int64_t i, int64_t count) {
      // Lanes beyond the row hold a log p of 0.
      const V distance = lse - part(x + i, count, lse);
      return weight ? distance * part(weight + i, count, 0) : distance;
    });
    return (C)((1 - smoothing) * (double)own + smoothing / (double)classes * spread);
  }

  void gradient(T* dx, const T* x, int64_t y, C lse, C slope, double weights) const {
    const C pull = (C)(1 - smoothing) * weight_of(y), share = (C)(smoothing / (double)classes);
    const C expected = (pull + share * (C)weights) * slope, each = share * slope;
    for (int64_t i = 0; i < classes; i += N) {
      const int64_t count = smaller(N, classes - i);
      V d = exp_of(part(x + i, count, lse) - lse) * expected;
      if (smoothing != 0) d -= weight ? part(weight + i, count, 0) * each : V{} + each;
      if (y >= i && y < i + count) d[y - i] -= pull * slope;
      if (count == N) store(dx + i, d);
      else store_some(dx + i, d, count);
    }
  }
};

// `known` holds, for each row, the logarithm of its sum of exponentials, then the loss of each row, then what the loss was
// divided by.
KERNEL(cross_entropy_reduced) {
  const Dtype dtype = args.dtype();
  void *loss_ = args.pointer(), *known_ = args.pointer(), *logits = args.pointer(), *target = args.pointer(),
       *weight = args.pointer();
  const int64_t rows = args.integer(), classes = args.integer(), ignored = args.integer();
  const double smoothing = args.real();
  const int64_t reduction = args.integer();
  const bool is_known = with_float(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = compute<T>;
    const Rows<T> r{(const T*)logits, (const T*)weight, (const int64_t*)target, classes, ignored, smoothing};
    C *lse = (C*)known_, *losses = lse + rows;
    parallel_for(context, rows, kTaskElements / larger(classes, 1), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        const T* x = r.logits + i * classes;
        lse[i] = r.lse_of(x);
        losses[i] = r.target[i] == ignored ? C(0) : r.loss_of(x, r.target[i], lse[i]);
      }
    });
    C* loss = (C*)loss_;
    if (reduction == kNone) {
      memcpy(loss, losses, rows * sizeof(C));
      return;
    }
    double total = 0, count = 0;
    for (int64_t i = 0; i < rows; i++) {
      total += losses[i];
      if (r.target[i] != ignored) count += r.weight_of(r.target[i]);
    }
    losses[rows] = reduction == kMean ? (C)count : C(1);
    *loss = (C)(reduction == kMean ? total / count : total);
  });
  if (!is_known) context->fail(context, "[cross_entropy_reduced] expected a floating dtype");
}

KERNEL(cross_entropy_reduced_backward) {
  const Dtype dtype = args.dtype();
  void *dx_ = args.pointer(), *logits = args.pointer(), *known_ = args.pointer(), *target = args.pointer(),
       *weight = args.pointer(), *dloss_ = args.pointer();
  const int64_t rows = args.integer(), classes = args.integer(), ignored = args.integer();
  const double smoothing = args.real();
  const int64_t reduction = args.integer();
  const bool is_known = with_float(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = compute<T>;
    const Rows<T> r{(const T*)logits, (const T*)weight, (const int64_t*)target, classes, ignored, smoothing};
    const C *lse = (const C*)known_, *dloss = (const C*)dloss_;
    const C whole = reduction == kNone ? C(0) : dloss[0] / lse[2 * rows];
    double weights = (double)classes;
    if (smoothing != 0 && weight) {
      weights = r.sum([&](int64_t i, int64_t count) { return r.part(r.weight + i, count, 0); });
    }
    T* dx = (T*)dx_;
    parallel_for(context, rows, kTaskElements / larger(classes, 1), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        T* row = dx + i * classes;
        const int64_t y = r.target[i];
        if (y == ignored) memset((void*)row, 0, classes * sizeof(T));
        else r.gradient(row, r.logits + i * classes, y, lse[i], reduction == kNone ? dloss[i] : whole, weights);
      }
    });
  });
  if (!is_known) context->fail(context, "[cross_entropy_reduced_backward] expected a floating dtype");
}

}  // namespace
}  // namespace layerwise::NS
