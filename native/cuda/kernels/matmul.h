// What the launcher and the device code of matmul say to each other.
#pragma once
#include <stdint.h>

constexpr int kMostBatchDims = 8;
constexpr int kMatmulTile = 32;  // rows and columns of the result per block

struct MatmulShape {
  int64_t m, n, k;
  int64_t a_row, a_column, b_row, b_column, c_row;
  double alpha, beta;
  int64_t batches;
  int32_t batch_dims;
  int64_t batch[kMostBatchDims], a_batch[kMostBatchDims], b_batch[kMostBatchDims], c_batch[kMostBatchDims];
};
