// What a launch does to its results while they are in the cache, in place of launches that follow: a batch norm by running
// statistics, a sum with another tensor, an activation, in this order. Each number goes through the same operations as in
// launches of their own. Single precision alone.
#pragma once
#include "lanes.h"
#include "vector_math.h"

namespace layerwise::NS {

// The order in which src/runtime/epilogue.ts counts them.
enum Activation : int { kPlain, kRelu, kClamp, kHardswish, kHardsigmoid, kSilu, kSigmoid, kActivations };

template <int activation> LW_INLINE float activate(float x, float low, float high) {
  auto clamp = [](float a, float least, float most) {
    const float raised = a != a ? a : a > least ? a : least;
    return raised != raised ? raised : raised < most ? raised : most;
  };
  if constexpr (activation == kRelu) return x < 0 ? 0.0f : x;
  if constexpr (activation == kClamp) return clamp(x, low, high);
  if constexpr (activation == kHardswish) return x * clamp(x + 3.0f, 0.0f, 6.0f) / 6.0f;
  if constexpr (activation == kHardsigmoid) return clamp(x + 3.0f, 0.0f, 6.0f) / 6.0f;
  if constexpr (activation == kSilu) return x * fast_sigmoid(x);
  if constexpr (activation == kSigmoid) return fast_sigmoid(x);
  return x;
}

// What happens to the numbers of one channel while they are in registers: an epilogue that sums with no other tensor.
struct ChannelEpilogue {
  Activation activation = kPlain;
  bool has_norm = false;
  float factor = 1, summand = 0, low = 0, high = 0;

  template <int n> LW_INLINE void operator()(Floats (&x)[n]) const {
    if (has_norm) {
#pragma GCC unroll 8
      for (int i = 0; i < n; i++) x[i] = x[i] * (Floats{} + factor) + (Floats{} + summand);
    }
    switch (activation) {
      case kRelu: return each<kRelu>(x);
      case kClamp: return each<kClamp>(x);
      case kHardswish: return each<kHardswish>(x);
      case kHardsigmoid: return each<kHardsigmoid>(x);
      case kSilu: return each<kSilu>(x);
      case kSigmoid: return each<kSigmoid>(x);
      default: return;
    }
  }

 private:
  template <int kind, int n> LW_INLINE void each(Floats (&x)[n]) const {
    constexpr int L = int(lanes<float>);
    const float least = low, most = high;
#pragma GCC unroll 8
    for (int i = 0; i < n; i++) {
      float number[L];
      memcpy(number, &x[i], sizeof number);
#pragma omp simd
      for (int k = 0; k < L; k++) number[k] = activate<kind>(number[k], least, most);
      memcpy(&x[i], number, sizeof number);
    }
  }
};

struct Epilogue {
  const float *mean = nullptr, *var = nullptr, *weight = nullptr, *bias = nullptr;
  float eps = 0;
  const float* residual = nullptr;
  Activation activation = kPlain;
  float low = 0, high = 0;
  // Made by prepare(): a factor and a summand for each channel, null without a norm, and where the results begin.
  const float *scale = nullptr, *shift = nullptr, *out = nullptr;
  bool is_on = false;

  // mean var weight bias eps residual activation low high: pointers may be 0.
  static Epilogue read(Args& args) {
    Epilogue f;
    f.mean = args.pointer<float>();
    f.var = args.pointer<float>();
    f.weight = args.pointer<float>();
    f.bias = args.pointer<float>();
    f.eps = float(args.real());
    f.residual = args.pointer<float>();
    f.activation = (Activation)args.integer();
    f.low = float(args.real());
    f.high = float(args.real());
    f.is_on = true;
    return f;
  }

  // Takes scratch slot 4. False when there is no memory, which is reported.
  bool prepare(Context* context, const void* results, int64_t channels) {
    out = (const float*)results;
    if (!mean) return true;
    float* room = (float*)context->scratch(context, 4, size_t(2 * larger(channels, 1)) * sizeof(float));
    if (!room) {
      context->fail(context, "[batch_norm] out of memory for a number per channel");
      return false;
    }
    norm_factors(room, room + channels, channels, mean, var, weight, bias, eps);
    scale = room;
    shift = room + channels;
    return true;
  }

  // One product and one sum an element, as PyTorch does it.
  template <class F>
  static void norm_factors(F* __restrict__ factor, F* __restrict__ summand, int64_t channels, const F* average,
                           const F* variance, const F* gamma, const F* beta, F eps) {
#pragma omp simd
    for (int64_t c = 0; c < channels; c++) {
      F root;
      if constexpr (is_same<F, float>) root = __builtin_sqrtf(variance[c] + eps);
      else root = __builtin_sqrt(variance[c] + eps);
      factor[c] = 1 / root;
    }
    if (gamma) {
#pragma omp simd
      for (int64_t c = 0; c < channels; c++) factor[c] *= gamma[c];
    }
#pragma omp simd
    for (int64_t c = 0; c < channels; c++) summand[c] = (beta ? beta[c] : 0) - average[c] * factor[c];
  }

  template <int kind, bool has_norm, bool adds>
  void run_over(float* to, const float* from, int64_t n, float factor, float summand, const float* other) const {
    const float least = low, most = high;
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
      float x = from[i];
      if constexpr (has_norm) x = x * factor + summand;
      if constexpr (adds) x = x + other[i];
      to[i] = activate<kind>(x, least, most);
    }
  }

  // n results of one channel, side by side, at `to`; from where they have to go through this, which may be the same place.
  void operator()(float* to, const float* from, int64_t n, int64_t channel) const {
    const float factor = scale ? scale[channel] : 1, summand = scale ? shift[channel] : 0;
    const float* other = residual ? residual + (to - out) : nullptr;
    auto go = [&](auto kind) __attribute__((always_inline)) {
      constexpr int k = decltype(kind)::value;
      if (scale && other) run_over<k, true, true>(to, from, n, factor, summand, other);
      else if (scale) run_over<k, true, false>(to, from, n, factor, summand, nullptr);
      else if (other) run_over<k, false, true>(to, from, n, 1, 0, other);
      else run_over<k, false, false>(to, from, n, 1, 0, nullptr);
    };
    switch (activation) {
      case kRelu: return go(Kind<kRelu>());
      case kClamp: return go(Kind<kClamp>());
      case kHardswish: return go(Kind<kHardswish>());
      case kHardsigmoid: return go(Kind<kHardsigmoid>());
      case kSilu: return go(Kind<kSilu>());
      case kSigmoid: return go(Kind<kSigmoid>());
      default: return go(Kind<kPlain>());
    }
  }
  // Nothing where it sums with another tensor: then it has to follow.
  ChannelEpilogue in_registers(int64_t channel) const {
    ChannelEpilogue f;
    if (!is_on || residual) return f;
    f.activation = activation;
    f.has_norm = scale != nullptr;
    if (scale) f.factor = scale[channel], f.summand = shift[channel];
    f.low = low;
    f.high = high;
    return f;
  }
  void operator()(float* at, int64_t n, int64_t channel) const {
    if (is_on) (*this)(at, at, n, channel);
  }

 private:
  template <int of> struct Kind { static constexpr int value = of; };
};

// Results that are no single precision have none.
template <class S> LW_STATIC void conclude(const Epilogue& f, S* at, int64_t n, int64_t channel) {
  if constexpr (is_same<S, float>) f(at, n, channel);
}

}  // namespace layerwise::NS
