// Cross entropy straight from logits: the loss of each row and the logarithm of its sum of exponentials in one reading,
// the gradient in another. Log-probabilities never exist in memory. Targets are class numbers.
#include "../report.h"
#include "running_sum.h"

namespace {

struct Row {
  int64_t target;
  bool is_ignored;
};

// The first class that does not exist is left where the host finds it at its next wait.
DEVICE void report_target(void* to, int64_t target, int64_t classes) {
  auto* report = (layerwise::Report*)to;
  if (atomicCAS(&report->taken, 0, 1) != 0) return;
  report->value = target;
  report->low = 0;
  report->high = classes;
  __threadfence_system();
  report->kind = layerwise::kNoSuchTarget;
}

// A class that does not exist must not be read: it counts as ignored, and is reported.
DEVICE Row row_of(const int64_t* targets, int64_t row, int64_t classes, int64_t ignored) {
  const int64_t target = targets[row];
  return {target, target == ignored || target < 0 || target >= classes};
}

template <class W> struct Sums {
  W weight, product;
};

// loss = -(1 - smoothing) w_y log p_y - smoothing / classes * sum_c w_c log p_c, where log p = x - lse.
template <class T>
DEVICE void cross_entropy(void* loss, void* lse, const T* logits, const int64_t* targets, const T* weight, int64_t rows,
                          int64_t classes, int64_t ignored, double smoothing, int vector, void* report) {
  using W = WideOf<T>;
  constexpr int V = kPerVector<T>;
  const int64_t index = int64_t(blockIdx.x) * blockDim.y + threadIdx.y;
  const int64_t row = smaller(index, rows - 1);
  const T* x = logits + row * classes;
  Running<W> s = {minus_infinity<W>(), 0};
  const int64_t whole = vector ? classes / V * V : 0;
  for (int64_t i = threadIdx.x * V; i < whole; i += blockDim.x * V) {
    W value[V];
    load_wide<V>(value, x + i);
    take_running<W, V>(s, value);
  }
  for (int64_t i = whole + threadIdx.x; i < classes; i += blockDim.x) {
    const W value[1] = {widen(x[i])};
    take_running<W, 1>(s, value);
  }
  s = finished(join_row(s, [](const Running<W>& a, const Running<W>& b) { return join_running(a, b); }));
  const W total = s.largest + log_of(s.sum);
  // The spread of smoothing over all classes, only where it is asked for.
  Sums<W> sums = {0, 0};
  if (smoothing != 0) {
    for (int64_t i = threadIdx.x; i < classes; i += blockDim.x) {
      const W w = weight ? widen(weight[i]) : W(1);
      sums.weight += w;
      sums.product += w * (total - widen(x[i]));
    }
    sums = join_row(sums, [](const Sums<W>& a, const Sums<W>& b) {
      return Sums<W>{a.weight + b.weight, a.product + b.product};
    });
  }
  if (threadIdx.x || index >= rows) return;
  const Row r = row_of(targets, row, classes, ignored);
  if (r.is_ignored && r.target != ignored) report_target(report, r.target, classes);
  W value = 0;
  if (!r.is_ignored) {
    const W w = weight ? widen(weight[r.target]) : W(1);
    value = W(1 - smoothing) * w * (total - widen(x[r.target])) + W(smoothing / double(classes)) * sums.product;
  }
  ((W*)loss)[row] = value;
  ((W*)lse)[row] = total;
}

template <class T>
DEVICE void cross_entropy_backward(T* dlogits, const T* logits, const void* lse, const int64_t* targets, const T* weight,
                                   const void* dloss, int64_t rows, int64_t classes, int64_t ignored, double smoothing,
                                   int vector) {
  using W = WideOf<T>;
  constexpr int V = kPerVector<T>;
  const int64_t row = smaller(int64_t(blockIdx.x) * blockDim.y + threadIdx.y, rows - 1);
  const T* x = logits + row * classes;
  T* dx = dlogits + row * classes;
  const Row r = row_of(targets, row, classes, ignored);
  const W total = ((const W*)lse)[row], slope = r.is_ignored ? W(0) : ((const W*)dloss)[row];
  const W w_target = !r.is_ignored && weight ? widen(weight[r.target]) : W(1);
  const W spread = W(smoothing / double(classes));
  W weights = W(classes);
  if (smoothing != 0 && weight) {
    weights = 0;
    for (int64_t i = threadIdx.x; i < classes; i += blockDim.x) weights += widen(weight[i]);
    weights = join_row(weights, [](W a, W b) { return a + b; });
  }
  const W pull = W(1 - smoothing) * w_target;
  auto gradient = [&](W value, int64_t i) {
    if (r.is_ignored) return W(0);
    W d = (pull + spread * weights) * exp_of(value - total);
    if (i == r.target) d -= pull;
    if (smoothing != 0) d -= spread * (weight ? widen(weight[i]) : W(1));
    return d * slope;
  };
  const int64_t whole = vector ? classes / V * V : 0;
  for (int64_t i = threadIdx.x * V; i < whole; i += blockDim.x * V) {
    W value[V];
    load_wide<V>(value, x + i);
    UNROLL for (int v = 0; v < V; v++) value[v] = gradient(value[v], i + v);
    store_narrow<V>(dx + i, value);
  }
  for (int64_t i = whole + threadIdx.x; i < classes; i += blockDim.x) dx[i] = convert<T>(gradient(widen(x[i]), i));
}

}  // namespace

ENTRIES_FLOATS(cross_entropy,
               (void* loss, void* lse, const T* logits, const int64_t* targets, const T* weight, int64_t rows,
                int64_t classes, int64_t ignored, double smoothing, int vector, void* report),
               (loss, lse, logits, targets, weight, rows, classes, ignored, smoothing, vector, report))
ENTRIES_FLOATS(cross_entropy_backward,
               (T* dlogits, const T* logits, const void* lse, const int64_t* targets, const T* weight, const void* dloss,
                int64_t rows, int64_t classes, int64_t ignored, double smoothing, int vector),
               (dlogits, logits, lse, targets, weight, dloss, rows, classes, ignored, smoothing, vector))
