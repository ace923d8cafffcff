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
  const float* step;  // the count of steps where it lives on the GPU; null: the rates are ready
};

// Which part of which tensor a block steps.
struct AdamChunk {
  int32_t tensor, chunk;
};

struct AdamRates {
  // Where the count of steps is on the GPU, `step_size` is the learning rate and `correction2` is not used; `rate`
  // then holds the learning rate where that is on the GPU too.
  double step_size, beta1, beta2, epsilon, correction2, decay, decay_step;
  const float* rate;
  int32_t decoupled, maximize;
};
