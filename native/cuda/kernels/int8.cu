// Linear layers of eight-bit integers: ranges and codes of rows, few rows times a matrix, and tiles on tensor cores.
#include "int8_tiles.h"

namespace {

// Counters of the tiles that follow, set back.
DEVICE void clear_arrived(uint32_t* arrived, int64_t n, int64_t first, int64_t step) {
  for (int64_t i = first; i < n; i += step) arrived[i] = 0;
}

template <class T> DEVICE Int8Range range_of(const T* x, int64_t n, int thread, int threads) {
  Int8Range r = {0, 0};  // a range always holds zero
  for (int64_t i = int64_t(thread) * kInt8Chunk; i < n; i += threads * kInt8Chunk) {
    float v[16];
    load_sixteen(v, x + i, n - i);
    UNROLL for (int j = 0; j < 16; j++) r = joined(r, {v[j], v[j]});
  }
  return r;
}

// Few rows, whose codes lie in shared memory, times a matrix that is read once: kInt8ThinColumns columns per warp.
DEVICE void int8_thin_rows(const Int8Job& job) {
  constexpr int kChunks = kInt8ThinDepth / kInt8Chunk, kWarps = kInt8ThinThreads / 32, C = kInt8ThinColumns;
  __shared__ uint4 codes[kInt8Thin][kChunks];
  __shared__ Int8Scale scales[kInt8Thin];
  const int thread = threadIdx.x, lane = thread % 32, rows = int(job.m);
  const Int8Scale whole = whole_scale(job.rows, thread, kInt8ThinThreads);
  if (thread < rows) scales[thread] = row_scale(job.rows, whole, thread);
  const bool has_weight_zeros = job.finish.weight_zero;
  const int64_t first = (int64_t(blockIdx.x) * kWarps + thread / 32) * C;
  int sum[kInt8Thin][C] = {}, column_sum[C] = {}, row_sum[kInt8Thin] = {};
  for (int64_t k0 = 0; k0 < job.k; k0 += kInt8ThinDepth) {
    const int chunks = int((smaller(kInt8ThinDepth, job.k - k0) + kInt8Chunk - 1) / kInt8Chunk);
    __syncthreads();  // codes before these have been read, scales are there
    for (int id = thread; id < rows * chunks; id += kInt8ThinThreads) {
      const int r = id / chunks, chunk = id - r * chunks;
      const Int8Rounding how = Int8Rounding::of(job.rows, scales[r]);
      codes[r][chunk] = sixteen_codes(job.rows, r, k0 + chunk * kInt8Chunk, job.k, how);
    }
    __syncthreads();
    for (int chunk = lane; chunk < chunks; chunk += 32) {
      uint32_t w[C][4];
      UNROLL for (int c = 0; c < C; c++) {
        const int64_t column = smaller(first + c, job.n - 1);
        const uint4 v = *(const uint4*)(job.weight + column * job.weight_row + k0 + chunk * kInt8Chunk);
        w[c][0] = v.x, w[c][1] = v.y, w[c][2] = v.z, w[c][3] = v.w;
        UNROLL for (int i = 0; i < 4; i++) column_sum[c] = __dp4a(int(w[c][i]), 0x01010101, column_sum[c]);
      }
      UNROLL for (int r = 0; r < kInt8Thin; r++) {
        if (r >= rows) break;
        const uint4 v = codes[r][chunk];
        const uint32_t x[4] = {v.x, v.y, v.z, v.w};
        UNROLL for (int i = 0; i < 4; i++) {
          UNROLL for (int c = 0; c < C; c++) sum[r][c] = __dp4a(int(x[i]), int(w[c][i]), sum[r][c]);
          if (has_weight_zeros) row_sum[r] = __dp4a(int(x[i]), 0x01010101, row_sum[r]);
        }
      }
    }
  }
  __syncthreads();  // where k is 0 the scales are only now there
  const Int8Rule rule = Int8Rule::of(job.finish);
  const bool is_by_row = job.rows.ranges && !job.rows.n_ranges;
  auto add = [](int a, int b) { return a + b; };
  UNROLL for (int c = 0; c < C; c++) column_sum[c] = reduce_warp(column_sum[c], add);
  UNROLL for (int r = 0; r < kInt8Thin; r++) {
    if (r >= rows) break;
    const Int8Scale s = scales[r];
    const int x_sum = has_weight_zeros ? reduce_warp(row_sum[r], add) : 0;
    UNROLL for (int c = 0; c < C; c++) {
      const int product = reduce_warp(sum[r][c], add);
      if (lane != 0 || first + c >= job.n) continue;
      const Int8Column column = Int8Column::of(job.finish, first + c, whole.scale);
      const int total = product - s.zero * column_sum[c] - column.zero * x_sum + int(job.k) * s.zero * column.zero;
      int8_store(job.finish, rule, int8_place(job.finish, r, first + c), total, column, is_by_row ? s.scale : 1);
    }
  }
}

}  // namespace

// The range of each piece of `length` elements, of `total`; of rows, if pieces are rows.
KERNEL(int8_ranges, (const void* x, int dtype, int64_t length, int64_t total, Int8Range* out, uint32_t* arrived,
                     int64_t n_arrived)) {
  clear_arrived(arrived, n_arrived, thread_index(), thread_count());
  const int64_t first = int64_t(blockIdx.x) * length;
  Int8Range r = {0, 0};
  with_element(dtype, [&](auto element) {
    r = range_of((const decltype(element)*)x + first, smaller(length, total - first), threadIdx.x, blockDim.x);
  });
  r = join_block(r);
  if (threadIdx.x == 0) out[blockIdx.x] = r;
}

// Rows as signed codes: blockDim.x lanes share a row. Where ranges are wanted, each row has that of its own.
KERNEL(int8_codes, (GRID_CONSTANT Int8Codes job, uint32_t* arrived, int64_t n_arrived)) {
  const int lanes = blockDim.x, lane = threadIdx.x;
  const int64_t block_threads = blockDim.x * blockDim.y, within = threadIdx.y * blockDim.x + lane;
  clear_arrived(arrived, n_arrived, blockIdx.x * block_threads + within, gridDim.x * block_threads);
  const int64_t row = int64_t(blockIdx.x) * blockDim.y + threadIdx.y;
  Int8Scale scale = {1, 0};
  if (job.ranges) {
    Int8Range r = {0, 0};
    if (row < job.m) {
      with_element(job.rows.dtype, [&](auto element) {
        r = range_of((const decltype(element)*)job.rows.x + row * job.rows.row, job.k, lane, lanes);
      });
    }
    r = join_row(r, [](Int8Range a, Int8Range b) { return joined(a, b); });
    if (row < job.m && lane == 0) job.ranges[row] = r;
    scale = found_scale(job.rows, r);
  } else if (!is_code(job.rows.dtype)) {
    scale = {number_of(job.rows.scale), number_of(job.rows.zero)};
  }
  if (row >= job.m) return;
  scale.zero -= job.rows.shift;
  const Int8Rounding how = Int8Rounding::of(job.rows, scale);
  for (int64_t k = int64_t(lane) * kInt8Chunk; k < job.padded; k += lanes * kInt8Chunk) {
    *(uint4*)(job.out + row * job.padded + k) = sixteen_codes(job.rows, row, k, job.k, how);
  }
}

KERNEL(int8_thin, (GRID_CONSTANT Int8Job job)) { int8_thin_rows(job); }

#define INT8_TILES(name, Left) \
  KERNEL_BOUNDED(int8_##name##_large, 256, 1, (GRID_CONSTANT Int8Job job)) { int8_tile<Left, 128, 2, 4>(job); } \
  KERNEL_BOUNDED(int8_##name##_small, 128, 3, (GRID_CONSTANT Int8Job job)) { int8_tile<Left, 64, 2, 2>(job); }
INT8_TILES(codes, CodeRows)
INT8_TILES(floats, FloatRows)

// A weight of n rows of k numbers, whose distances in memory are given, as rows of whole chunks.
KERNEL(int8_pack, (int8_t* out, const int8_t* from, int64_t n, int64_t k, int64_t n_step, int64_t k_step, int64_t padded)) {
  __shared__ int8_t tile[32][33];
  const bool is_wide = n_step == 1;
  const int64_t n0 = int64_t(blockIdx.x) * 32;
  for (int64_t k0 = int64_t(blockIdx.y) * 32; k0 < padded; k0 += int64_t(gridDim.y) * 32) {
    __syncthreads();
    for (int y = threadIdx.y; y < 32; y += blockDim.y) {
      const int r = is_wide ? threadIdx.x : y, d = is_wide ? y : threadIdx.x;
      const bool is_there = n0 + r < n && k0 + d < k;
      tile[r][d] = is_there ? from[(n0 + r) * n_step + (k0 + d) * k_step] : int8_t(0);
    }
    __syncthreads();
    for (int y = threadIdx.y; y < 32; y += blockDim.y) {
      if (n0 + y < n && k0 + threadIdx.x < padded) out[(n0 + y) * padded + k0 + threadIdx.x] = tile[y][threadIdx.x];
    }
  }
}
