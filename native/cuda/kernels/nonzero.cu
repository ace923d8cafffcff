// Counting and listing nonzero elements in row-major order; a NaN is one. The list is written in pieces whose
// beginnings are counted first. The counter is whole numbers, so its atomics change nothing from run to run.
#include "vectors.h"

#include "nonzero_job.h"

namespace {

DEVICE bool is_nonzero(const void* in, int dtype, int64_t i) { return load_as<bool>(in, dtype, i); }

DEVICE int64_t plus(int64_t a, int64_t b) { return a + b; }

}  // namespace

KERNEL(nonzero_count, (int64_t* out, const void* in, int dtype, int64_t n)) {
  int64_t count = 0;
  for (int64_t i = thread_index(); i < n; i += thread_count()) count += is_nonzero(in, dtype, i);
  count = reduce_block(count, int64_t(0), plus);
  if (threadIdx.x == 0) atomicAdd((unsigned long long*)out, (unsigned long long)count);
}

KERNEL(nonzero_pieces, (GRID_CONSTANT NonzeroJob job)) {
  const int64_t begin = int64_t(blockIdx.x) * kNonzeroPiece, end = smaller(begin + kNonzeroPiece, job.n);
  int64_t count = 0;
  for (int64_t i = begin + threadIdx.x; i < end; i += blockDim.x) count += is_nonzero(job.in, job.dtype, i);
  count = reduce_block(count, int64_t(0), plus);
  if (threadIdx.x == 0) job.starts[blockIdx.x] = count;
}

KERNEL(nonzero_starts, (GRID_CONSTANT NonzeroJob job)) {
  __shared__ int64_t before[256];
  const int thread = threadIdx.x;
  int64_t carried = 0;
  for (int64_t first = 0; first < job.pieces; first += 256) {
    const int64_t piece = first + thread;
    const int64_t own = piece < job.pieces ? job.starts[piece] : 0;
    before[thread] = own;
    for (int apart = 1; apart < 256; apart *= 2) {
      __syncthreads();
      const int64_t left = thread >= apart ? before[thread - apart] : 0;
      __syncthreads();
      before[thread] += left;
    }
    __syncthreads();
    if (piece < job.pieces) job.starts[piece] = carried + before[thread] - own;
    carried += before[255];
    __syncthreads();
  }
}

KERNEL(nonzero_write, (GRID_CONSTANT NonzeroJob job)) {
  __shared__ int found[8];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const int64_t begin = int64_t(blockIdx.x) * kNonzeroPiece, end = smaller(begin + kNonzeroPiece, job.n);
  int64_t row = job.starts[blockIdx.x];
  for (int64_t first = begin; first < end; first += blockDim.x) {
    const int64_t i = first + threadIdx.x;
    const bool is_listed = i < end && is_nonzero(job.in, job.dtype, i);
    const uint32_t listed = __ballot_sync(~0u, is_listed);
    if (lane == 0) found[warp] = __popc(listed);
    __syncthreads();
    int before = __popc(listed & ((1u << lane) - 1)), together = 0;
    for (int w = 0; w < 8; w++) {
      before += w < warp ? found[w] : 0;
      together += found[w];
    }
    if (is_listed) {
      int64_t* to = job.out + (row + before) * job.dims;
      int64_t rest = i;
      for (int d = job.dims - 1; d >= 0; d--) {
        const int64_t above = quotient(rest, job.size[d]);
        to[d] = rest - above * job.size[d];
        rest = above;
      }
    }
    row += together;
    __syncthreads();
  }
}
