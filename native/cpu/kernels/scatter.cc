// scatter along one dimension, with the reductions of torch.scatter and scatter_reduce. Lines along the dimension are
// independent and may run in parallel; within one, writes happen in order, so that the last one wins.
#include "reduce_plan.h"

namespace layerwise::NS {
namespace {

enum Reduce { kWrite, kAdd, kMultiply, kMaximum, kMinimum };

template <class T> LW_STATIC void combine(T* target, compute<T> x, int reduce) {
  using C = compute<T>;
  C old = get(target);
  switch (reduce) {
    case kWrite: put(target, x); return;
    case kAdd: put(target, (C)(old + x)); return;
    case kMultiply: put(target, (C)(old * x)); return;
    case kMaximum: put(target, old != old || old > x ? old : x); return;
    default: put(target, old != old || old < x ? old : x); return;
  }
}

struct Operand {
  int64_t stride[kMaxDims];
};

KERNEL(scatter) {
  Dtype dtype = args.dtype();
  int reduce = (int)args.integer(), ndim = (int)args.integer(), dim = (int)args.integer();
  Axes lines = {};
  args.integers(lines.size, ndim);
  lines.n = ndim;
  Operand out_ = {}, index_ = {}, src_ = {};
  void* out_pointer = args.pointer();
  args.integers(out_.stride, ndim);
  auto* index = args.pointer<const int64_t>();
  args.integers(index_.stride, ndim);
  void* src_pointer = args.pointer();
  args.integers(src_.stride, ndim);
  double value = args.real();
  int64_t out_n = args.integer();
  int64_t n = 1, out_along = 0, index_along = 0, src_along = 0;
  if (ndim > 0) {
    n = lines.size[dim];
    out_along = out_.stride[dim], index_along = index_.stride[dim], src_along = src_.stride[dim];
    lines.size[dim] = 1;
  }
  int64_t count = lines.count();
  with_any(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    auto line = [&](int64_t out_at, int64_t index_at, int64_t src_at) {
      T* out = (T*)out_pointer + out_at;
      const T* src = (const T*)src_pointer + src_at;
      for (int64_t i = 0; i < n; i++) {
        int64_t k = index[index_at + i * index_along];
        k = k < 0 ? k + out_n : k;
        compute<T> x = src_pointer ? get(src + i * src_along) : (compute<T>)value;
        combine(out + k * out_along, x, reduce);
      }
    };
    parallel_for(context, count, larger(1, 8192 / larger(n, 1)), [&](int64_t begin, int64_t end) {
      for (int64_t l = begin; l < end; l++) {
        int64_t rest = l, o = 0, x = 0, s = 0;
        for (int d = ndim - 1; d >= 0; d--) {
          int64_t at = rest % lines.size[d];
          rest /= lines.size[d];
          o += at * out_.stride[d];
          x += at * index_.stride[d];
          s += at * src_.stride[d];
        }
        line(o, x, s);
      }
    });
  });
}

}  // namespace
}  // namespace layerwise::NS
