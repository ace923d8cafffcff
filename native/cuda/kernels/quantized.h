// Products with weights of few bits, as the launcher hands them to the device. Holds data only.
#pragma once
#include <stdint.h>

enum WeightFormat : int {
  kWeightInt8 = 0,   // value = (q - zero) * scale, q signed, one byte each
  kWeightInt4 = 1,   // value = (q - zero) * scale, q 0..15, two in a byte, the lower half first; zero 8 where none is given
  kWeightFloat4 = 2  // value = table[q] * scale: NF4, FP4 or any sixteen numbers
};

struct QuantizedJob {
  void* out;          // [m, n]
  const void* x;      // [m, k], rows x_row apart
  const void* weight; // [n, k] elements
  const float* scale; // [n, k / group]
  const void* zero;   // the same, uint8 (int8 for int8 weights), or null
  const float* table; // sixteen numbers of float4
  const void* bias;   // [n] or null
  int64_t m, n, k, group, x_row;
  int format;
};

constexpr int kQuantizedRows = 8;     // of x that a warp takes at once
constexpr int kQuantizedThreads = 256;
constexpr int kQuantizedTile = 64;  // of quantized_tile: rows and columns of the result per block
constexpr int kQuantizedTileThreads = 128;
constexpr int kQuantizedRun = 8;      // weights of a lane per step; groups are multiples of it
