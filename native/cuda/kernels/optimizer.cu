// Adam and AdamW for many parameters in one launch (Kingma and Ba 2014; Loshchilov and Hutter 2017): every block steps a
// chunk of one tensor. The order of operations is that of the op `_adam_step_`.
#include "optimizer.h"
#include "vectors.h"

namespace {

template <class W> struct Rates {
  W step_size, blend1, beta2, blend2, epsilon, correction2, decay, keep;
};

// New parameter; average, square and largest are replaced.
template <class W>
DEVICE W adam(const AdamRates& rates, const Rates<W>& r, W parameter, W gradient, W& average, W& square, W* largest) {
  W g = rates.maximize ? -gradient : gradient;
  if (rates.decoupled) parameter = parameter * r.keep;
  else if (rates.decay != 0) g = g + parameter * r.decay;
  average = average + (g - average) * r.blend1;
  square = square * r.beta2 + (g * g) * r.blend2;
  W of = square;
  if (largest) of = *largest = max_or_nan(*largest, square);
  return parameter - r.step_size * (average / (sqrt_of(of) / r.correction2 + r.epsilon));
}

template <class T, int V> DEVICE void adam_some(const AdamTensor& t, const AdamRates& rates, const Rates<WideOf<T>>& r, int64_t i) {
  using W = WideOf<T>;
  W parameter[V], gradient[V], average[V], square[V], largest[V];
  load_wide<V>(parameter, (const T*)t.parameter + i);
  load_wide<V>(gradient, (const T*)t.gradient + i);
  load_wide<V>(average, (const T*)t.average + i);
  load_wide<V>(square, (const T*)t.square + i);
  if (t.largest) load_wide<V>(largest, (const T*)t.largest + i);
  UNROLL for (int v = 0; v < V; v++) {
    parameter[v] = adam(rates, r, parameter[v], gradient[v], average[v], square[v], t.largest ? &largest[v] : nullptr);
  }
  store_narrow<V>((T*)t.parameter + i, parameter);
  store_narrow<V>((T*)t.average + i, average);
  store_narrow<V>((T*)t.square + i, square);
  if (t.largest) store_narrow<V>((T*)t.largest + i, largest);
}

// The rates of a step whose number only the GPU knows, as a graph of launches needs it: it is replayed with the same
// arguments. Every thread of the block calls this.
DEVICE AdamRates rates_at(const AdamRates& rates, const float* step) {
  __shared__ AdamRates at_step;
  if (threadIdx.x == 0) {
    AdamRates r = rates;
    const double t = double(*step);
    const double rate = rates.rate ? double(*rates.rate) : rates.step_size;
    r.step_size = rate / (1 - pow(rates.beta1, t));
    r.correction2 = sqrt(1 - pow(rates.beta2, t));
    r.decay_step = rate * rates.decay;
    at_step = r;
  }
  __syncthreads();
  return at_step;
}

template <class T> DEVICE void adam_step(const AdamTensor* tensors, const AdamChunk* chunks, const AdamRates& given) {
  using W = WideOf<T>;
  constexpr int V = kPerVector<T>;
  const AdamChunk chunk = chunks[blockIdx.x];
  const AdamTensor t = tensors[chunk.tensor];
  const AdamRates rates = t.step ? rates_at(given, t.step) : given;
  const Rates<W> r = {W(rates.step_size),   W(1) - W(rates.beta1),  W(rates.beta2), W(1) - W(rates.beta2),
                      W(rates.epsilon),     W(rates.correction2),   W(rates.decay), W(1) - W(rates.decay_step)};
  const int64_t begin = chunk.chunk * kAdamChunk, end = smaller(begin + kAdamChunk, t.n);
  const uintptr_t bits = uintptr_t(t.parameter) | uintptr_t(t.gradient) | uintptr_t(t.average) | uintptr_t(t.square) |
                         uintptr_t(t.largest);
  int64_t i = begin;
  if (bits % 16 == 0) {
    const int64_t whole = begin + (end - begin) / V * V;
    for (i += threadIdx.x * V; i < whole; i += kAdamThreads * V) adam_some<T, V>(t, rates, r, i);
    i = whole;
  }
  for (i += threadIdx.x; i < end; i += kAdamThreads) adam_some<T, 1>(t, rates, r, i);
}

}  // namespace

ENTRIES_FLOATS(adam_step, (const AdamTensor* tensors, const AdamChunk* chunks, GRID_CONSTANT AdamRates rates),
               (tensors, chunks, rates))
