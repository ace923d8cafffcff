// Tiles of 16-bit floats in shared memory as the tensor-core kernels keep them, how they come there, and how fragments of
// mma are read from them or made of sums.
#pragma once
#include "vectors.h"

// A tile of 16-bit elements in shared memory: rows of `kChunks` chunks of 16 bytes, exchanged within every eight so that
// the same chunk of eight neighbouring rows lies in different banks.
template <int kChunks> DEVICE int swizzled(int row, int chunk) { return (row * kChunks + (chunk ^ (row & 7))) * 8; }

// `kRows` rows of global memory, from (row, column) on; what lies outside becomes zero.
template <class T, int kRows, int kChunks, int kThreads>
DEVICE void fetch_tile(T* tile, const T* from, int64_t stride, int64_t row, int64_t rows, int64_t column,
                       int64_t columns) {
  UNROLL for (int i = 0; i < kRows * kChunks / kThreads; i++) {
    const int id = i * kThreads + threadIdx.x;
    const int r = id / kChunks, chunk = id % kChunks;
    const bool is_there = row + r < rows && column + chunk * 8 < columns;
    const T* at = is_there ? from + (row + r) * stride + column + chunk * 8 : from;
    copy_async_16(tile + swizzled<kChunks>(r, chunk), at, is_there);
  }
}

// Fragments out of tiles. `a` holds 16 rows and 16 of k, `b` twice 8 columns and 16 of k. A tile whose rows are not those
// of the operand but lie across it is read transposed.
template <int kChunks, class T> DEVICE void fragment_a(uint32_t (&r)[4], const T* tile, int row, int k) {
  const int lane = threadIdx.x % 32;
  load_matrix_4(r, tile + swizzled<kChunks>(row + lane % 16, k / 8 + lane / 16));
}
template <int kChunks, class T> DEVICE void fragment_a_transposed(uint32_t (&r)[4], const T* tile, int row, int k) {
  const int lane = threadIdx.x % 32;
  load_matrix_4_transposed(r, tile + swizzled<kChunks>(k + lane / 16 * 8 + lane % 8, row / 8 + lane / 8 % 2));
}
template <int kChunks, class T>
DEVICE void fragments_b(uint32_t (&low)[2], uint32_t (&high)[2], const T* tile, int column, int k) {
  const int lane = threadIdx.x % 32;
  uint32_t r[4];
  load_matrix_4(r, tile + swizzled<kChunks>(column + lane / 16 * 8 + lane % 8, k / 8 + lane / 8 % 2));
  low[0] = r[0], low[1] = r[1], high[0] = r[2], high[1] = r[3];
}
template <int kChunks, class T>
DEVICE void fragments_b_transposed(uint32_t (&low)[2], uint32_t (&high)[2], const T* tile, int column, int k) {
  const int lane = threadIdx.x % 32;
  uint32_t r[4];
  load_matrix_4_transposed(r, tile + swizzled<kChunks>(k + lane / 8 % 2 * 8 + lane % 8, column / 8 + lane / 16));
  low[0] = r[0], low[1] = r[1], high[0] = r[2], high[1] = r[3];
}

// Two floats as neighbouring elements of a register.
template <class T> DEVICE uint32_t paired(float low, float high, T) {
  return uint32_t(convert<T>(low).bits) | uint32_t(convert<T>(high).bits) << 16;
}
#if defined(__CUDACC__) && LW_HAS_SM80
DEVICE uint32_t paired(float low, float high, Half) {
  uint32_t r;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
  return r;
}
DEVICE uint32_t paired(float low, float high, Brain) {
  uint32_t r;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
  return r;
}
#endif

// The sums of two neighbouring 16 x 8 tiles as a fragment `a` of the next product.
template <class T> DEVICE void sums_to_a(uint32_t (&r)[4], const float (&left)[4], const float (&right)[4]) {
  r[0] = paired(left[0], left[1], T{});
  r[1] = paired(left[2], left[3], T{});
  r[2] = paired(right[0], right[1], T{});
  r[3] = paired(right[2], right[3], T{});
}
