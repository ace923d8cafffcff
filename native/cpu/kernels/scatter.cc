// scatter along one dimension, with the reductions of torch.scatter and scatter_reduce. Lines along the dimension are
// independent and may run in parallel; within one, writes happen in order, so that the last one wins.
#include "reduce_plan.h"

namespace layerwise::NS {
namespace {

enum Reduce { kWrite, kAdd, kMultiply, kMaximum, kMinimum };

template <int reduce, class T> LW_STATIC void combine(T* target, compute<T> x) {
  using C = compute<T>;
  C old = get(target);
  if constexpr (reduce == kWrite) put(target, x);
  else if constexpr (reduce == kAdd) put(target, (C)(old + x));
  else if constexpr (reduce == kMultiply) put(target, (C)(old * x));
  else if constexpr (reduce == kMaximum) put(target, is_nan(old) || old > x ? old : x);
  else put(target, is_nan(old) || old < x ? old : x);
}

// Calls f with the reduction as a constant.
template <int Value> struct Constant { static constexpr int value = Value; };
template <class F> LW_STATIC void with_reduce(int reduce, F f) {
  switch (reduce) {
    case kWrite: f(Constant<kWrite>{}); return;
    case kAdd: f(Constant<kAdd>{}); return;
    case kMultiply: f(Constant<kMultiply>{}); return;
    case kMaximum: f(Constant<kMaximum>{}); return;
    default: f(Constant<kMinimum>{}); return;
  }
}

// Neighbouring lines advance together, so that memory is walked in rows when the dimension is not the last.
constexpr int64_t kBlockLines = 64;

struct Operand {
  int64_t stride[kMaxDims];
};

LW_STATIC int64_t lines_offset(const Axes& lines, const Operand& operand, int64_t line) {
  int64_t offset = 0;
  for (int d = lines.n - 1; d >= 0; d--) {
    offset += line % lines.size[d] * operand.stride[d];
    line /= lines.size[d];
  }
  return offset;
}

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
  int64_t n = 1, out_along = 0, index_along = 0, src_along = 0, neighbours = 1;
  int last = ndim - 1;
  if (ndim > 0) {
    n = lines.size[dim];
    out_along = out_.stride[dim], index_along = index_.stride[dim], src_along = src_.stride[dim];
    lines.size[dim] = 1;
    neighbours = lines.size[last];
    lines.size[last] = 1;
  }
  if (n == 0 || neighbours == 0) return;
  int64_t out_next = ndim ? out_.stride[last] : 0, index_next = ndim ? index_.stride[last] : 0;
  int64_t src_next = ndim ? src_.stride[last] : 0;
  int64_t blocks = ceil_div(neighbours, kBlockLines), tasks = lines.count() * blocks;
  with_any(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    with_reduce(reduce, [&](auto operation) {
      constexpr int kind = decltype(operation)::value;
      auto apply = [&](T* out, const int64_t* where, const T* src, int64_t count) {
        for (int64_t i = 0; i < n; i++) {
          for (int64_t l = 0; l < count; l++) {
            int64_t k = where[i * index_along + l * index_next];
            k = k < 0 ? k + out_n : k;
            compute<T> x = src ? get(src + i * src_along + l * src_next) : (compute<T>)value;
            combine<kind>(out + k * out_along + l * out_next, x);
          }
        }
      };
      int64_t task_elements = n * smaller(neighbours, kBlockLines);
      parallel_for(context, tasks, larger(1, 8192 / task_elements), [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; task++) {
          int64_t first = task % blocks * kBlockLines, count = smaller(kBlockLines, neighbours - first);
          int64_t o = lines_offset(lines, out_, task / blocks) + first * out_next;
          int64_t w = lines_offset(lines, index_, task / blocks) + first * index_next;
          int64_t s = lines_offset(lines, src_, task / blocks) + first * src_next;
          apply((T*)out_pointer + o, index + w, src_pointer ? (const T*)src_pointer + s : nullptr, count);
        }
      });
    });
  });
}

}  // namespace
}  // namespace layerwise::NS
