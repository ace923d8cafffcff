// A listing of nonzero elements as its launcher hands it to the device. Shared by both; holds data only.
#pragma once
#include <stdint.h>

constexpr int kMostNonzeroDims = 64;
// Neighbouring elements that one block of 256 threads looks at.
constexpr int64_t kNonzeroPiece = 4096;

struct NonzeroJob {
  const void* in;
  int64_t* out;
  int64_t* starts;  // per piece: how many it has, then how many come before it
  int64_t n, pieces;
  int dtype, dims;
  int64_t size[kMostNonzeroDims];
};
