// What the matrix products share on the device: where a batch's operands begin, which tile a block takes, and how sums
// become elements of C.
#pragma once
#include "matmul.h"
#include "vectors.h"

struct MatmulOffsets {
  int64_t a = 0, b = 0, c = 0;
};

DEVICE MatmulOffsets matmul_offsets(const MatmulShape& s, int64_t batch) {
  MatmulOffsets at;
  for (int d = s.batch_dims - 1; d >= 0; d--) {
    const int64_t above = quotient(batch, s.batch[d]);
    const int64_t i = batch - above * s.batch[d];
    batch = above;
    at.a += i * s.a_batch[d];
    at.b += i * s.b_batch[d];
    at.c += i * s.c_batch[d];
  }
  return at;
}

// Tiles are taken in bands of eight rows of tiles, so that blocks that run together share operands in the L2 cache.
DEVICE void matmul_tile(int64_t tiles_m, int64_t tiles_n, int64_t* tile_m, int64_t* tile_n) {
  constexpr int64_t kBand = 8;
  const int64_t index = blockIdx.x;
  const int64_t band = quotient(index, kBand * tiles_n);
  const int64_t within = index - band * kBand * tiles_n;
  const int64_t rows = smaller(kBand, tiles_m - band * kBand);
  const int64_t column = quotient(within, rows);
  *tile_m = band * kBand + within - column * rows;
  *tile_n = column;
}

template <class T, class W> DEVICE T matmul_result(const MatmulShape& s, W sum, const T* old, const T* bias) {
  W value = W(s.alpha) * sum;
  if (s.beta != 0) value += W(s.beta) * widen(*old);
  if (bias) value += widen(*bias);
  return convert<T>(value);
}
