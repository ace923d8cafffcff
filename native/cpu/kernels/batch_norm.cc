// Batch normalisation over [N, C, S]: mean and biased variance of each channel, what they make of the elements, and the two
// sums that the gradient needs. Applying those is pointwise work and not done here.
#include "epilogue.h"
#include "reduce_rules.h"

namespace layerwise::NS {
namespace {

KERNEL(batch_norm_stats) {
  Dtype dtype = args.dtype();
  void *mean_ = args.pointer(), *var_ = args.pointer(), *x = args.pointer();
  int64_t N = args.integer(), C = args.integer(), S = args.integer();
  ReducePlan plan;
  plan.kept = {1, {C}, {S}};
  plan.reduced = {2, {N, S}, {C * S, 1}};
  if (S == 1) plan.reduced = {1, {N}, {C}};
  plan.outputs = C;
  plan.elements = N * S;
  plan.by_columns = S == 1;
  bool known = with_float(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    auto *mean = (compute<T>*)mean_, *var = (compute<T>*)var_;
    reduce_with<VarianceRule<T>>(context, plan, x, [&](int64_t c, const auto& s) {
      mean[c] = (compute<T>)s.mean;
      var[c] = (compute<T>)(s.squares / s.n);
    });
  });
  if (!known) context->fail(context, "[batch_norm_stats] expected a floating dtype");
}

// x * scale + shift over n elements, each with numbers of its own where `is_own`.
template <bool is_own, class T>
void scale_run(T* out, const T* x, int64_t n, const compute<T>* scale, const compute<T>* shift) {
  constexpr int64_t L = lanes<T>;
  int64_t i = 0;
  for (; i + L <= n; i += L) {
    if constexpr (is_own) store(out + i, load(x + i) * load(scale + i) + load(shift + i));
    else store(out + i, load(x + i) * *scale + *shift);
  }
  for (; i < n; i++) put(out + i, get(x + i) * scale[is_own ? i : 0] + shift[is_own ? i : 0]);
}

KERNEL(batch_norm) {
  Dtype dtype = args.dtype();
  void *out_ = args.pointer(), *x_ = args.pointer(), *mean_ = args.pointer(), *var_ = args.pointer(),
       *weight_ = args.pointer(), *bias_ = args.pointer();
  int64_t N = args.integer(), C = args.integer(), S = args.integer();
  double eps = args.real();
  bool known = with_float(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using F = compute<T>;
    auto *mean = (const F*)mean_, *var = (const F*)var_, *weight = (const F*)weight_, *bias = (const F*)bias_;
    F* scale = (F*)context->scratch(context, 0, size_t(2 * larger(C, 1)) * sizeof(F));
    if (!scale) return context->fail(context, "[batch_norm] out of memory for a number per channel");
    F* shift = scale + C;
    Epilogue::norm_factors(scale, shift, C, mean, var, weight, bias, (F)eps);
    auto* out = (T*)out_;
    auto* x = (const T*)x_;
    if (S == 1) {
      return parallel_for(context, N, 16384 / larger(C, 1) + 1, [&](int64_t begin, int64_t end) {
        for (int64_t n = begin; n < end; n++) scale_run<true>(out + n * C, x + n * C, C, scale, shift);
      });
    }
    parallel_for(context, N * C, 16384 / larger(S, 1) + 1, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; p++) {
        scale_run<false>(out + p * S, x + p * S, S, scale + p % C, shift + p % C);
      }
    });
  });
  if (!known) context->fail(context, "[batch_norm] expected a floating dtype");
}

// What follows a batch norm by running statistics is done with it: the epilogue, out x N C S, float32.
KERNEL(batch_norm_epilogue) {
  Epilogue epilogue = Epilogue::read(args);
  float *out = args.pointer<float>(), *x = args.pointer<float>();
  int64_t N = args.integer(), C = args.integer(), S = args.integer();
  if (!epilogue.prepare(context, out, C)) return;
  parallel_for(context, N * C, 16384 / larger(S, 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; p++) epilogue(out + p * S, x + p * S, S, p % C);
  });
}

// Sums over one plane of a channel.
template <class T> void add_plane(const T* dy, const T* x, compute<T> mean, int64_t n, double* sum, double* sum_xmu) {
  using V = vector<T>;
  constexpr int64_t L = lanes<T>;
  for (int64_t begin = 0; begin < n; begin += 2048) {
    int64_t end = smaller(begin + 2048, n), i = begin;
    V a = {}, b = {}, c = {}, d = {};
    for (; i + 2 * L <= end; i += 2 * L) {
      V g = load(dy + i), h = load(dy + i + L);
      a += g;
      b += h;
      c += g * (load(x + i) - mean);
      d += h * (load(x + i + L) - mean);
    }
    *sum += sum_lanes(a + b);
    *sum_xmu += sum_lanes(c + d);
    for (; i < end; i++) {
      *sum += get(dy + i);
      *sum_xmu += get(dy + i) * (get(x + i) - mean);
    }
  }
}

// S == 1: channels are neighbours; one vector of them goes down all N rows.
template <class T>
void add_columns(const T* dy, const T* x, const compute<T>* mean, int64_t N, int64_t C, int64_t count, compute<T>* sum,
                 compute<T>* sum_xmu) {
  using V = vector<T>;
  constexpr int64_t L = lanes<T>;
  auto part = [&](const auto* p) { return count == L ? load(p) : load_some(p, count, 0); };
  V centre = part(mean);
  double sums[L] = {}, sums_xmu[L] = {};
  for (int64_t begin = 0; begin < N; begin += 64) {
    V a = {}, b = {};
    for (int64_t r = begin; r < smaller(begin + 64, N); r++) {
      V g = part(dy + r * C);
      a += g;
      b += g * (part(x + r * C) - centre);
    }
    for (int64_t l = 0; l < L; l++) {
      sums[l] += a[l];
      sums_xmu[l] += b[l];
    }
  }
  for (int64_t l = 0; l < count; l++) {
    sum[l] = (compute<T>)sums[l];
    sum_xmu[l] = (compute<T>)sums_xmu[l];
  }
}

KERNEL(batch_norm_backward_stats) {
  Dtype dtype = args.dtype();
  void *sum_ = args.pointer(), *sum_xmu_ = args.pointer(), *dy_ = args.pointer(), *x_ = args.pointer(),
       *mean_ = args.pointer();
  int64_t N = args.integer(), C = args.integer(), S = args.integer();
  bool known = with_float(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    auto *sum = (compute<T>*)sum_, *sum_xmu = (compute<T>*)sum_xmu_, *mean = (compute<T>*)mean_;
    const T *dy = (const T*)dy_, *x = (const T*)x_;
    if (S == 1) {
      constexpr int64_t L = lanes<T>;
      parallel_for(context, ceil_div(C, L), larger(1, 1024 / larger(N, 1)), [&](int64_t begin, int64_t end) {
        for (int64_t strip = begin; strip < end; strip++) {
          int64_t c = strip * L;
          add_columns(dy + c, x + c, mean + c, N, C, smaller(L, C - c), sum + c, sum_xmu + c);
        }
      });
      return;
    }
    parallel_for(context, C, larger(1, 16384 / larger(N * S, 1)), [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; c++) {
        double total = 0, total_xmu = 0;
        for (int64_t n = 0; n < N; n++) {
          int64_t at = (n * C + c) * S;
          add_plane(dy + at, x + at, mean[c], S, &total, &total_xmu);
        }
        sum[c] = (compute<T>)total;
        sum_xmu[c] = (compute<T>)total_xmu;
      }
    });
  });
  if (!known) context->fail(context, "[batch_norm_backward_stats] expected a floating dtype");
}

}  // namespace
}  // namespace layerwise::NS
