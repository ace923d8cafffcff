// One drawing of random numbers as its launcher hands it to the device. Shared by both; holds data only.
#pragma once
#include <stdint.h>

constexpr int kRandomThreads = 256;

enum RandomKind : int {
  kUniform, kNormal, kBernoulli, kExponential, kCauchy, kLogNormal, kGeometric, kInteger, kFull,
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
