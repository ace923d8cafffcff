// conv2d and its gradients as matrix products that read images in place: tiles in shared memory with plain arithmetic,
// or a sum per result where a group has few channels. 16-bit floats are summed in single precision; no tensor cores.
#include "conv_operands.h"

namespace {

template <class T, class Operands> DEVICE void conv_tiled(const ConvJob& job) {
  using W = WideOf<T>;
  constexpr int kEach = kConvTile * kConvDepth / kConvThreads;
  __shared__ W left[kConvDepth][kConvTile + 1];
  __shared__ W right[kConvDepth][kConvTile + 1];
  const int thread = threadIdx.x;
  const int64_t piece = quotient(blockIdx.z, job.groups);
  const int64_t group = blockIdx.z - piece * job.groups;
  const Operands operands = {job, group};
  const int64_t first_row = int64_t(blockIdx.y) * kConvTile, first_column = int64_t(blockIdx.x) * kConvTile;
  const int64_t begin = piece * job.piece, end = smaller(begin + job.piece, job.depth);

  // Neighbouring threads load what is neighbouring in memory: columns, or the depth.
  constexpr bool kDeep = Operands::kDepthIsContiguous;
  const int load_depth = kDeep ? thread % kConvDepth : thread / kConvTile;
  const int load_column = kDeep ? thread / kConvDepth : thread % kConvTile;
  Digits columns[kDeep ? kEach : 1];
  UNROLL for (int i = 0; i < (kDeep ? kEach : 1); i++) {
    columns[i] = operands.column(first_column + load_column + i * 16);
  }

  W sums[4][4] = {};
  const int row = thread / 16 * 4, column = thread % 16;
  for (int64_t k0 = begin; k0 < end; k0 += kConvDepth) {
    UNROLL for (int i = 0; i < kEach; i++) {
      const int d = thread % kConvDepth, r = thread / kConvDepth + i * 16;
      const bool is_there = k0 + d < end && first_row + r < job.rows;
      left[d][r] = is_there ? operands.left(first_row + r, k0 + d) : W(0);
    }
    Digits deep = {};
    if (kDeep) deep = operands.deep(k0 + load_depth);
    UNROLL for (int i = 0; i < kEach; i++) {
      const int d = kDeep ? load_depth : load_depth + i * (kConvThreads / kConvTile);
      const int c = kDeep ? load_column + i * 16 : load_column;
      if (!kDeep) deep = operands.deep(k0 + d);
      const bool is_there = k0 + d < end && first_column + c < job.columns;
      right[d][c] = is_there ? operands.right(deep, columns[kDeep ? i : 0]) : W(0);
    }
    __syncthreads();
    UNROLL for (int d = 0; d < kConvDepth; d++) {
      W a[4], b[4];
      UNROLL for (int i = 0; i < 4; i++) {
        a[i] = left[d][row + i];
        b[i] = right[d][column + 16 * i];
      }
      UNROLL for (int i = 0; i < 4; i++) {
        UNROLL for (int j = 0; j < 4; j++) sums[i][j] += a[i] * b[j];
      }
    }
    __syncthreads();
  }
  for (int j = 0; j < 4; j++) {
    const int64_t c = first_column + column + 16 * j;
    if (c >= job.columns) break;
    const Digits digits = operands.column(c);
    for (int i = 0; i < 4; i++) {
      const int64_t r = first_row + row + i;
      if (r >= job.rows) break;
      if (job.partials) ((W*)job.partials)[(int64_t(blockIdx.z) * job.rows + r) * job.columns + c] = sums[i][j];
      else operands.store(r, digits, sums[i][j]);
    }
  }
}

// A thread per result.
template <class T, class Operands> DEVICE void conv_direct(const ConvJob& job) {
  const int64_t results = job.groups * job.rows * job.columns;
  for (int64_t i = thread_index(); i < results; i += thread_count()) {
    const Digits place = digits_of(i, job.rows, job.columns);
    const Operands operands = {job, place.outer};
    const Digits column = operands.column(place.inner);
    WideOf<T> sum = 0;
    for (int64_t k = 0; k < job.depth; k++) {
      sum += operands.left(place.middle, k) * operands.right(operands.deep(k), column);
    }
    operands.store(place.middle, column, sum);
  }
}

// A block per result.
template <class T, class Operands> DEVICE void conv_deep(const ConvJob& job) {
  using W = WideOf<T>;
  const int64_t results = job.groups * job.rows * job.columns;
  for (int64_t i = blockIdx.x; i < results; i += gridDim.x) {
    const Digits place = digits_of(i, job.rows, job.columns);
    const Operands operands = {job, place.outer};
    const Digits column = operands.column(place.inner);
    W sum = 0;
    for (int64_t k = threadIdx.x; k < job.depth; k += blockDim.x) {
      sum += operands.left(place.middle, k) * operands.right(operands.deep(k), column);
    }
    sum = reduce_block(sum, W(0), [](W a, W b) { return a + b; });
    if (threadIdx.x == 0) operands.store(place.middle, column, sum);
  }
}

template <class T> DEVICE void conv_forward(const ConvJob& job) { conv_tiled<T, ForwardOperands<T>>(job); }
template <class T> DEVICE void conv_input(const ConvJob& job) { conv_tiled<T, InputOperands<T>>(job); }
template <class T> DEVICE void conv_weight(const ConvJob& job) { conv_tiled<T, WeightOperands<T>>(job); }
template <class T> DEVICE void conv_forward_direct(const ConvJob& job) { conv_direct<T, ForwardOperands<T>>(job); }
template <class T> DEVICE void conv_input_direct(const ConvJob& job) { conv_direct<T, InputOperands<T>>(job); }
template <class T> DEVICE void conv_weight_direct(const ConvJob& job) { conv_deep<T, WeightOperands<T>>(job); }

template <class W> DEVICE void join(const ConvJob& job, int64_t results) {
  const W* partials = (const W*)job.partials;
  for (int64_t i = thread_index(); i < results; i += thread_count()) {
    W sum = 0;
    for (int piece = 0; piece < job.pieces; piece++) sum += partials[piece * results + i];
    store_as(job.out, job.dtype, i, sum);
  }
}

}  // namespace

// The pieces of a weight's gradient, added in order.
KERNEL(conv_join, (GRID_CONSTANT ConvJob job, int64_t results)) {
  if (job.dtype == kFloat64) join<double>(job, results);
  else join<float>(job, results);
}

ENTRIES_FLOATS(conv_forward, (GRID_CONSTANT ConvJob job), (job))
ENTRIES_FLOATS(conv_input, (GRID_CONSTANT ConvJob job), (job))
ENTRIES_FLOATS(conv_weight, (GRID_CONSTANT ConvJob job), (job))
ENTRIES_FLOATS(conv_forward_direct, (GRID_CONSTANT ConvJob job), (job))
ENTRIES_FLOATS(conv_input_direct, (GRID_CONSTANT ConvJob job), (job))
ENTRIES_FLOATS(conv_weight_direct, (GRID_CONSTANT ConvJob job), (job))
