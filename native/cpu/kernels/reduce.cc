// The reduce kernel: sum, mean, prod, max, min, argmax, argmin, any, all, norms, variance, count and logsumexp over any
// dimensions of a strided tensor. It writes a contiguous result and never looks at shapes beyond what it is given.
#include "reduce_rules.h"

namespace layerwise::NS {
namespace {

enum ReduceOp {
  kSum, kMean, kProd, kMax, kMin, kArgmax, kArgmin, kAny, kAll, kSumSquares, kSumAbsolute, kVariance, kCountNonzero,
  kLogSumExp,
};

// Not inlined: dozens of reductions end here, and each would carry a copy for every dtype.
struct Target {
  void* out;
  Dtype dtype;
  __attribute__((noinline)) void set_real(int64_t k, double x) const {
    with_any(dtype, [&](auto tag) { put((typename decltype(tag)::type*)out + k, x); });
  }
  __attribute__((noinline)) void set_integer(int64_t k, int64_t x) const {
    with_any(dtype, [&](auto tag) { put((typename decltype(tag)::type*)out + k, x); });
  }
  template <class C> void set(int64_t k, C x) const {
    if constexpr (is_same<C, float> || is_same<C, double>) set_real(k, x);
    else set_integer(k, (int64_t)x);
  }
};

struct Reduction {
  Context* context;
  ReducePlan plan;
  const void* in;
  Target target;
  int64_t* indices;
};

// What becomes of a sum; decided at run time, so that each sum is compiled once.
template <class C> double finish_sum(int op, C total, int64_t n) {
  switch (op) {
    case kMean: return (double)total / (double)n;
    case kAny: return total > 0;
    case kAll: return (int64_t)total == n;
    default: return (double)total;
  }
}

template <class Map, class T> void sum_with(const Reduction& r, int op) {
  int64_t n = r.plan.elements;
  auto sink = [&](int64_t k, auto total) {
    if (is_integer<T> && op != kMean && op != kAny && op != kAll) r.target.set_integer(k, (int64_t)total);
    else r.target.set_real(k, finish_sum(op, total, n));
  };
  if constexpr (is_integer<T>) reduce_with<IntegerSumRule<T, Map>>(r.context, r.plan, r.in, sink);
  else reduce_with<SumRule<T, Map>>(r.context, r.plan, r.in, sink);
}

template <class T, bool Max> void extreme(const Reduction& r, bool wants_place) {
  if (wants_place || r.indices) {
    reduce_with<ExtremeRule<T, Max, true>>(r.context, r.plan, r.in, [&](int64_t k, auto s) {
      if (wants_place) return r.target.set_integer(k, s.index);
      r.target.set(k, s.value);
      r.indices[k] = s.index;
    });
  } else {
    reduce_with<ExtremeRule<T, Max, false>>(r.context, r.plan, r.in,
                                            [&](int64_t k, auto s) { r.target.set(k, s.value); });
  }
}

template <class T> bool reduce_typed(const Reduction& r, int op, void* out2, double parameter) {
  int64_t n = r.plan.elements;
  switch (op) {
    case kSum: case kMean: sum_with<Identity, T>(r, op); return true;
    case kSumSquares: sum_with<Square, T>(r, op); return true;
    case kSumAbsolute: sum_with<Absolute, T>(r, op); return true;
    case kAny: case kAll: case kCountNonzero: sum_with<Nonzero, T>(r, op); return true;
    case kProd:
      reduce_with<ProductRule<T>>(r.context, r.plan, r.in, [&](int64_t k, auto x) { r.target.set(k, x); });
      return true;
    case kMax: extreme<T, true>(r, false); return true;
    case kMin: extreme<T, false>(r, false); return true;
    case kArgmax: extreme<T, true>(r, true); return true;
    case kArgmin: extreme<T, false>(r, true); return true;
    default: break;
  }
  if constexpr (!is_integer<T>) {
    if (op == kVariance) {
      Target mean = {out2, r.target.dtype};
      reduce_with<VarianceRule<T>>(r.context, r.plan, r.in, [&](int64_t k, auto s) {
        double freedom = (double)n - parameter;
        r.target.set(k, (n == 0 ? __builtin_nan("") : s.squares) / (freedom > 0 ? freedom : 0));
        if (out2) mean.set(k, n == 0 ? __builtin_nan("") : s.mean);
      });
      return true;
    }
    if (op == kLogSumExp) {
      using Rule = LogSumExpRule<T>;
      reduce_with<Rule>(r.context, r.plan, r.in, [&](int64_t k, auto s) { r.target.set(k, Rule::result(s)); });
      return true;
    }
  }
  return false;
}

KERNEL(reduce) {
  int op = (int)args.integer();
  Reduction r;
  r.context = context;
  r.in = args.pointer();
  Dtype dtype = args.dtype();
  r.target.out = args.pointer();
  r.target.dtype = args.dtype();
  void* out2 = args.pointer();
  r.indices = op == kMax || op == kMin ? (int64_t*)out2 : nullptr;
  bool keeps_order = r.indices || op == kArgmax || op == kArgmin;
  r.plan = plan_reduction(args, keeps_order);
  double parameter = args.real();
  bool known = false;
  with_any(dtype, [&](auto tag) { known = reduce_typed<typename decltype(tag)::type>(r, op, out2, parameter); });
  if (!known) context->fail(context, "[reduce] this operation is not defined for the dtype of its input");
}

}  // namespace
}  // namespace layerwise::NS
