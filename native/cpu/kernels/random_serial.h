// Numbers drawn one at a time from the state: a uniform double, a standard normal. For files compiled without contraction
// of products and sums, since the results are PyTorch's bit for bit.
#pragma once
#include "random.h"

namespace layerwise {
namespace {

constexpr double kTwoPi = 6.283185307179586476925286766559;

inline uint64_t wide_word(const uint32_t* pair) { return ((uint64_t)pair[0] << 32) | pair[1]; }

inline double unit_double(const uint32_t* pair) {
  return (double)(int64_t)(wide_word(pair) & ((1ull << 53) - 1)) * 0x1p-53;
}

inline double next_unit_double(RandomState* state) {
  uint32_t pair[2];
  take_words(state, pair, 2);
  return unit_double(pair);
}

// Standard normal in double; the second of each pair waits in the state for the next call, whichever that is.
inline double next_normal(RandomState* state) {
  if (state->has_next_normal) {
    state->has_next_normal = 0;
    return state->next_normal;
  }
  const double u1 = next_unit_double(state);
  const double u2 = next_unit_double(state);
  const double radius = __builtin_sqrt(-2.0 * __builtin_log1p(-u2));
  const double theta = kTwoPi * u1;
  state->next_normal = radius * __builtin_sin(theta);
  state->has_next_normal = 1;
  return radius * __builtin_cos(theta);
}

}  // namespace
}  // namespace layerwise
