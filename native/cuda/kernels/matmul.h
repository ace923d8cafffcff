// What the launcher and the device code of matmul say to each other, and the sizes of the tiles.
#pragma once
#include <stdint.h>

constexpr int kMostBatchDims = 8;
constexpr int kMatmulTile = 32;      // of matmul_plain: rows and columns of the result per block
constexpr int kTensorDepth = 64;     // of matmul_tensor: elements of k per stage; rows of 128 bytes
constexpr int kTiledDepth = 16;      // of matmul_tiled
constexpr int kThinRows = 8;         // of matmul_thin: the most rows of the result
constexpr int kThinVectors = 256;    // threads of matmul_thin

struct MatmulShape {
  int64_t m, n, k;
  int64_t a_row, a_column, b_row, b_column, c_row;
  double alpha, beta;
  int64_t batches;
  int32_t batch_dims;
  // Of the fast kernels: how many blocks share k (each then leaves its sums in `partials`), how long a share is, how
  // many stages are in flight, and whether rows of C begin at 16 bytes.
  int32_t splits, stages, c_vector;
  int64_t split_depth;
  void* partials;  // [splits, batches, m, n] in the type of the sums
  int64_t batch[kMostBatchDims], a_batch[kMostBatchDims], b_batch[kMostBatchDims], c_batch[kMostBatchDims];
};
