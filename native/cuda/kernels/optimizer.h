// One step of Adam for many parameters, as its launcher hands it to the device. Holds data only.
#pragma once
#include <stdint.h>

constexpr int kAdamThreads = 256;
constexpr int64_t kAdamChunk = 16384;  // elements of a block

struct AdamTensor {
  void* parameter;
  const void* gradient;
  void *average, *square, *largest;  // largest: AMSGrad's maximum of squares, or null
  int64_t n;
};

// Which part of which tensor a block steps.
struct AdamChunk {
  int32_t tensor, chunk;
};

struct AdamRates {
  double step_size, beta1, beta2, epsilon, correction2, decay, decay_step;
  int32_t decoupled, maximize;
};
