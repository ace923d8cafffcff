// Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, SC 2011), counted as cuRAND counts it: every thread has the
// subsequence of its number, and an offset counts 32-bit words. And how cuRAND turns words into uniform and normal
// numbers.
#pragma once
#include "../gpu.h"

struct Words {
  uint32_t x, y, z, w;
};

class Philox {
 public:
  DEVICE Philox(uint64_t seed, uint64_t subsequence, uint64_t offset)
      : low_(uint32_t(seed)), high_(uint32_t(seed >> 32)), subsequence_(subsequence), block_(offset / 4) {}

  DEVICE Words next() {
    Words c = {uint32_t(block_), uint32_t(block_ >> 32), uint32_t(subsequence_), uint32_t(subsequence_ >> 32)};
    uint32_t key_low = low_, key_high = high_;
    UNROLL for (int round = 0; round < 10; round++) {
      const uint32_t a_high = __umulhi(0xD2511F53u, c.x), a_low = 0xD2511F53u * c.x;
      const uint32_t b_high = __umulhi(0xCD9E8D57u, c.z), b_low = 0xCD9E8D57u * c.z;
      c = {b_high ^ c.y ^ key_low, b_low, a_high ^ c.w ^ key_high, a_low};
      key_low += 0x9E3779B9u;
      key_high += 0xBB67AE85u;
    }
    block_++;
    return c;
  }

 private:
  uint32_t low_, high_;
  uint64_t subsequence_, block_;
};

// In (0, 1]: one rounding, wherever the compiler runs.
DEVICE float unit_float(uint32_t x) { return __fmaf_rn(float(x), 0x1p-32f, 0x1p-33f); }
DEVICE double unit_double(uint32_t x, uint32_t y) {
  const uint64_t word = uint64_t(x) ^ (uint64_t(y) << 21);
  return fma(double(word), 0x1p-53, 0x1p-54);
}

// Two numbers after Box and Muller. sine and cosine are the GPU's approximate ones, as in cuRAND.
DEVICE void normal_floats(uint32_t x, uint32_t y, float* first, float* second) {
  constexpr float kTurn = 2.3283064e-10f * 6.2831855f;
  const float angle = __fmaf_rn(float(y), kTurn, kTurn / 2);
  const float radius = sqrtf(-2.0f * logf(unit_float(x)));
  float sine, cosine;
  __sincosf(angle, &sine, &cosine);
  *first = sine * radius;
  *second = cosine * radius;
}
DEVICE void normal_doubles(const Words& words, double* first, double* second) {
  const uint64_t word = uint64_t(words.z) ^ (uint64_t(words.w) << 21);
  const double angle = fma(double(word), 0x1p-52, 0x1p-53);
  const double radius = sqrt(-2.0 * log(unit_double(words.x, words.y)));
  *first = sinpi(angle) * radius;
  *second = cospi(angle) * radius;
}
