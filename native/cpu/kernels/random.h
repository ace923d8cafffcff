// The state behind PyTorch's CPU random numbers: a 32-bit Mersenne Twister (Matsumoto and Nishimura 1998) and the
// second half of the last Box-Muller pair. It makes words; what they become stands in random.cc.
//
// Kernels, in the order of their arguments (integers and pointers are exact in a double). Every one advances the state
// exactly as PyTorch's function does, and works on contiguous memory in the order of the elements:
//   random_seed         state seed            seed below 2^53; the twister sees only its low 32 bits, as in PyTorch
//   random_get_state    state out             the 5056 bytes of torch.get_rng_state()
//   random_set_state    state in              the same, back
//   random_uniform      state dtype out n from to
//   random_normal       state dtype out n mean std
//   random_normal_serial state dtype out n mean std    the same where PyTorch's tensor is not contiguous: one by one
//   random_integer      state dtype out n low high              [low, high), any dtype
//   random_integer_wide state dtype out n low_high low_low range_high range_low
//                       [low, low + range), each as two halves of 32 bits, for numbers that a double cannot hold
//   random_full         state dtype out n                       Tensor.random_() without arguments
//   random_permutation  state out n                             int64
//   random_bernoulli    state dtype out n p p_tensor p_dtype    p_dtype is read only where p_tensor is not 0
//   random_exponential  state dtype out n lambda
//   random_cauchy       state dtype out n median sigma
//   random_log_normal   state dtype out n mean std
//   random_geometric    state dtype out n p
//   random_multinomial  state dtype out weights rows n samples
//                       with replacement: weights [rows, n], out int64 [rows, samples]
#pragma once
#include "../kernel.h"

namespace layerwise {
namespace {

constexpr int kTwisterWords = 624;
constexpr int kTwisterShift = 397;

// Lives in 5008 bytes that the caller owns; all zero is not a state: seed it first.
struct RandomState {
  uint64_t seed;
  int32_t left;   // words until the next twist, plus one
  uint32_t next;  // the next word to hand out
  uint32_t has_next_normal;
  uint32_t has_next_float_normal;
  double next_normal;  // standard normal, not yet scaled
  // PyTorch's CPU kernels never set it; kept so that a state survives the round trip.
  float next_float_normal;
  uint32_t unused[7];
  uint32_t words[kTwisterWords];
};
static_assert(sizeof(RandomState) <= 5008, "callers allocate 5008 bytes");

// torch.get_rng_state() as bytes.
struct SavedRandomState {
  uint64_t seed;
  int32_t left;
  int32_t seeded;
  uint64_t next;
  uint64_t words[kTwisterWords];
  double normal_x;
  double normal_y;
  double normal_rho;
  int32_t normal_is_valid;
  float next_float_normal;
  uint8_t next_float_normal_is_valid;
};
static_assert(sizeof(SavedRandomState) == 5056, "PyTorch's layout");

inline void seed_state(RandomState* state, uint64_t seed) {
  memset(state, 0, sizeof *state);
  state->seed = seed;
  state->left = 1;
  state->words[0] = (uint32_t)seed;
  for (uint32_t i = 1; i < kTwisterWords; i++) {
    const uint32_t previous = state->words[i - 1];
    state->words[i] = 1812433253u * (previous ^ (previous >> 30)) + i;
  }
}

inline uint32_t twisted(uint32_t high, uint32_t low, uint32_t far) {
  const uint32_t mixed = (high & 0x80000000u) | (low & 0x7fffffffu);
  return far ^ (mixed >> 1) ^ (-(low & 1u) & 0x9908b0dfu);
}

// Two loops without a dependency inside a vector: each word needs its successor as it was and a word 227 back as it is.
void twist(RandomState* state) {
  constexpr int kBack = kTwisterWords - kTwisterShift;
  uint32_t* w = state->words;
#pragma GCC ivdep
  for (int i = 0; i < kBack; i++) w[i] = twisted(w[i], w[i + 1], w[i + kTwisterShift]);
  // Vectors of up to 16 words stay clear of the 227 words back, so that ivdep is safe.
#pragma GCC ivdep
  for (int i = kBack; i < kTwisterWords - 1; i++) w[i] = twisted(w[i], w[i + 1], w[i - kBack]);
  w[kTwisterWords - 1] = twisted(w[kTwisterWords - 1], w[0], w[kTwisterShift - 1]);
  state->left = kTwisterWords + 1;
  state->next = 0;
}

inline uint32_t tempered(uint32_t word) {
  word ^= word >> 11;
  word ^= (word << 7) & 0x9d2c5680u;
  word ^= (word << 15) & 0xefc60000u;
  return word ^ (word >> 18);
}

// The next n words of the stream.
void take_words(RandomState* state, uint32_t* out, int64_t n) {
  while (n > 0) {
    if (state->left == 1) twist(state);
    int64_t count = state->left - 1;
    if (count > n) count = n;
    const uint32_t* words = state->words + state->next;
    for (int64_t i = 0; i < count; i++) out[i] = tempered(words[i]);
    state->next += (uint32_t)count;
    state->left -= (int32_t)count;
    out += count;
    n -= count;
  }
}

inline void save_state(const RandomState* state, SavedRandomState* saved) {
  memset(saved, 0, sizeof *saved);
  saved->seed = state->seed;
  saved->left = state->left;
  saved->seeded = 1;
  saved->next = state->next;
  for (int i = 0; i < kTwisterWords; i++) saved->words[i] = state->words[i];
  saved->normal_y = state->has_next_normal ? state->next_normal : 0;
  saved->normal_is_valid = state->has_next_normal != 0;
  saved->next_float_normal = state->next_float_normal;
  saved->next_float_normal_is_valid = state->has_next_float_normal != 0;
}

// False, and nothing changed, where the bytes are not a state.
inline bool restore_state(RandomState* state, const SavedRandomState* saved) {
  const bool in_range = saved->seeded == 1 && saved->left > 0 && saved->next <= kTwisterWords;
  if (!in_range || saved->left - 1 + (int64_t)saved->next > kTwisterWords) return false;
  memset(state, 0, sizeof *state);
  state->seed = saved->seed;
  state->left = saved->left;
  state->next = (uint32_t)saved->next;
  for (int i = 0; i < kTwisterWords; i++) state->words[i] = (uint32_t)saved->words[i];
  state->next_normal = saved->normal_y;
  state->has_next_normal = saved->normal_is_valid != 0;
  state->next_float_normal = saved->next_float_normal;
  state->has_next_float_normal = saved->next_float_normal_is_valid;
  return true;
}

}  // namespace
}  // namespace layerwise
