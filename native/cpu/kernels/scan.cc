// Running sums, products, extremes and log-sum-exps along one dimension. A line is sequential; lines, and with inner >
// 1 neighbouring columns, are independent. Running sums of floats are carried in float64.
#include "lanes.h"

namespace layerwise::NS {
namespace {

enum ScanOp { kCumsum, kCumprod, kCummax, kCummin, kLogcumsumexp };

// log(exp(a) + exp(b)) without overflow; equal infinities stay.
LW_STATIC double log_add(double a, double b) {
  if (a != a || b != b) return a + b;
  double high = a > b ? a : b, low = a > b ? b : a;
  if (high - low != high - low) return high;  // both infinite, with the same sign
  return high + __builtin_log1p(__builtin_exp(low - high));
}

struct Line { int64_t n, stride; };

template <class A, class In, class Out, class F>
LW_STATIC void accumulate(const In* in, Out* out, Line line, A start, F f) {
  A running = start;
  for (int64_t i = 0; i < line.n; i++) {
    running = f(running, (A)get(in + i * line.stride));
    put(out + i * line.stride, running);
  }
}

// The running extreme; a NaN stays once it came, and of equal elements the last is reported, as in PyTorch.
template <bool Max, class In, class Out> LW_STATIC void extreme(const In* in, Out* out, int64_t* indices, Line line) {
  using C = compute<In>;
  C best = 0;
  int64_t place = 0;
  for (int64_t i = 0; i < line.n; i++) {
    C x = get(in + i * line.stride);
    if (i == 0 || is_nan(x) || (!is_nan(best) && (Max ? x >= best : x <= best))) {
      best = x;
      place = i;
    }
    put(out + i * line.stride, best);
    indices[i * line.stride] = place;
  }
}

template <class In, class Out> void scan_line(int op, const In* in, Out* out, int64_t* indices, Line line) {
  // What is summed wraps like the result does; int64_t serves every integer.
  constexpr bool whole = is_integer<Out>;
  switch (op) {
    case kCumsum:
      if constexpr (whole)
        accumulate<uint64_t>(in, out, line, (uint64_t)0, [](uint64_t a, uint64_t x) { return a + x; });
      else accumulate<double>(in, out, line, 0.0, [](double a, double x) { return a + x; });
      return;
    case kCumprod:
      if constexpr (whole)
        accumulate<uint64_t>(in, out, line, (uint64_t)1, [](uint64_t a, uint64_t x) { return a * x; });
      else accumulate<double>(in, out, line, 1.0, [](double a, double x) { return a * x; });
      return;
    case kCummax: extreme<true>(in, out, indices, line); return;
    case kCummin: extreme<false>(in, out, indices, line); return;
    default: accumulate<double>(in, out, line, -__builtin_inf(), log_add); return;
  }
}

template <class In, class Out>
void scan(Context* context, int op, const In* in, Out* out, int64_t* indices, int64_t outer, int64_t n, int64_t inner) {
  if (n == 0 || inner == 0) return;
  constexpr int64_t strip = 64;  // columns of one task; they share cache lines
  int64_t strips = ceil_div(inner, strip);
  parallel_for(context, outer * strips, larger(1, 8192 / (n * smaller(inner, strip))), [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; task++) {
      int64_t first = task % strips * strip, base = task / strips * n * inner;
      int64_t last = smaller(first + strip, inner);
      if (op == kCumsum && inner > 1 && !is_integer<Out>) {
        double running[strip] = {};
        for (int64_t i = 0; i < n; i++) {
          for (int64_t c = first; c < last; c++) {
            running[c - first] += (double)get(in + base + i * inner + c);
            put(out + base + i * inner + c, running[c - first]);
          }
        }
        continue;
      }
      for (int64_t c = first; c < last; c++) {
        scan_line(op, in + base + c, out + base + c, indices ? indices + base + c : nullptr, {n, inner});
      }
    }
  });
}

// Input and output differ only for sums and products of small integers (int64 results) or with an explicit dtype.
KERNEL(scan) {
  int op = (int)args.integer();
  Dtype dtype_in = args.dtype();
  void* in = args.pointer();
  Dtype dtype_out = args.dtype();
  void* out = args.pointer();
  int64_t outer = args.integer(), n = args.integer(), inner = args.integer();
  int64_t* indices = op == kCummax || op == kCummin ? args.pointer<int64_t>() : nullptr;
  bool known = with_any(dtype_in, [&](auto tag) {
    using In = typename decltype(tag)::type;
    if (dtype_out == dtype_in) scan(context, op, (const In*)in, (In*)out, indices, outer, n, inner);
    else if (dtype_out == kInt64) scan(context, op, (const In*)in, (int64_t*)out, indices, outer, n, inner);
    else if (dtype_out == kFloat32) scan(context, op, (const In*)in, (float*)out, indices, outer, n, inner);
    else if (dtype_out == kFloat64) scan(context, op, (const In*)in, (double*)out, indices, outer, n, inner);
    else context->fail(context, "[scan] the result has neither the input's dtype nor int64, float32 or float64");
  });
  if (!known) context->fail(context, "[scan] unknown dtype");
}

}  // namespace
}  // namespace layerwise::NS
