// What a command of the ring carries: data types by their numbers, and the reading of a command's doubles in order.
#pragma once
#include <stdint.h>

namespace layerwise {

// PyTorch's ScalarType numbers.
// clang-format off
enum Dtype : int {
  kUint8 = 0, kInt8 = 1, kInt16 = 2, kInt32 = 3, kInt64 = 4, kFloat16 = 5, kFloat32 = 6, kFloat64 = 7, kBool = 11,
  kBfloat16 = 15,
};
// clang-format on

// Integers and pointers are exact in a double.
struct Args {
  const double* at;
  double real() { return *at++; }
  int64_t integer() { return (int64_t)*at++; }
  bool flag() { return *at++ != 0; }
  Dtype dtype() { return (Dtype)(int)*at++; }
  template <class T = void> T* pointer() { return (T*)(int64_t)*at++; }
  // A run of n integers, copied out.
  template <class Integer> void integers(Integer* out, int64_t n) {
    for (int64_t i = 0; i < n; i++) out[i] = (Integer)integer();
  }
};

}  // namespace layerwise
