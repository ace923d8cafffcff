// The plain matrix product: a tile of 32 x 32 results per block, four per thread, any dtype and strides. It is the
// reference for the fast ones and serves where they do not fit.
#pragma once
#include "matmul_common.h"

// The type in which products are summed: floats in float, float64 in double, integers wrap.
template <class T> DEVICE void matmul_plain(T* c, const T* a, const T* b, const T* bias, const MatmulShape& s) {
  using W = WideOf<T>;
  constexpr int tile = kMatmulTile;
  __shared__ W a_tile[tile][tile + 1];
  __shared__ W b_tile[tile][tile + 1];
  const int tx = threadIdx.x;
  const int ty = threadIdx.y;
  const int64_t row0 = int64_t(blockIdx.y) * tile;
  const int64_t column0 = int64_t(blockIdx.x) * tile;
  for (int64_t batch = blockIdx.z; batch < s.batches; batch += gridDim.z) {
    const MatmulOffsets at = matmul_offsets(s, batch);
    const T* a_at = a + at.a;
    const T* b_at = b + at.b;
    T* c_at = c + at.c;
    W sum[2][2] = {};
    for (int64_t k0 = 0; k0 < s.k; k0 += tile) {
      for (int i = ty; i < tile; i += tile / 2) {
        for (int j = tx; j < tile; j += tile / 2) {
          const bool has_a = row0 + i < s.m && k0 + j < s.k;
          const bool has_b = k0 + i < s.k && column0 + j < s.n;
          a_tile[i][j] = has_a ? widen(a_at[(row0 + i) * s.a_row + (k0 + j) * s.a_column]) : W(0);
          b_tile[i][j] = has_b ? widen(b_at[(k0 + i) * s.b_row + (column0 + j) * s.b_column]) : W(0);
        }
      }
      __syncthreads();
      for (int k = 0; k < tile; k++) {
        for (int i = 0; i < 2; i++) {
          for (int j = 0; j < 2; j++) {
            sum[i][j] += a_tile[ty + i * (tile / 2)][k] * b_tile[k][tx + j * (tile / 2)];
          }
        }
      }
      __syncthreads();
    }
    for (int i = 0; i < 2; i++) {
      for (int j = 0; j < 2; j++) {
        const int64_t row = row0 + ty + i * (tile / 2);
        const int64_t column = column0 + tx + j * (tile / 2);
        if (row >= s.m || column >= s.n) continue;
        T* at_c = c_at + row * s.c_row + column;
        *at_c = matmul_result(s, sum[i][j], at_c, bias ? bias + column : nullptr);
      }
    }
  }
}
