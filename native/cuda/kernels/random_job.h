// One drawing of random numbers as its launcher hands it to the device. Shared by both; draws nothing.
#pragma once
#include <stdint.h>

constexpr int kRandomThreads = 256;

enum RandomKind : int {
  kUniform, kNormal, kBernoulli, kExponential, kCauchy, kLogNormal, kGeometric, kInteger, kFull, kGamma, kPoisson,
  kBinomial,
};

struct RandomJob {
  void* out;
  int64_t n;
  uint64_t seed;
  uint64_t offset;  // in numbers of 32 bits, a multiple of four
  const uint64_t* state;  // in a graph: seed and offset of this replay, to which `offset` is added; else null
  int kind;
  int dtype;
  double a, b;  // from and to, mean and std, p, lambda, median and sigma
  int64_t low;
  uint64_t range;
  const void* probabilities;  // 0: `a` for all
  int probabilities_dtype;
};

// The three words by which the caller says where the numbers begin. A seed of which the higher half is -1 is the address
// of seed and offset on the GPU, as graphs need it.
template <class Arguments> void read_random(Arguments& args, RandomJob* job) {
  const int64_t low = args.integer();
  const int64_t high = args.integer();
  job->state = high < 0 ? (const uint64_t*)low : nullptr;
  job->seed = high < 0 ? 0 : uint64_t(high) << 32 | uint64_t(low);
  job->offset = uint64_t(args.integer());
}
