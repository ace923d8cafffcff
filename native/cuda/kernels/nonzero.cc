// Launchers of nonzero_count and nonzero.
#include "nonzero_job.h"

#include "../launcher.h"

namespace layerwise {
namespace {

// dtype in n out(int64)
LAUNCHER(nonzero_count) {
  const int dtype = args.dtype();
  const void* in = args.pointer();
  const int64_t n = args.integer();
  int64_t* out = args.pointer<int64_t>();
  context.fill(out, 0, sizeof(int64_t));
  if (n == 0) return;
  context.launch("nonzero_count", context.grid_for(n, 256), {256}, 0, out, in, dtype, n);
}

// dtype in ndim sizes[ndim] out(int64 [count, ndim])
LAUNCHER(nonzero) {
  NonzeroJob job = {};
  job.dtype = args.dtype();
  job.in = args.pointer();
  job.dims = int(args.integer());
  if (job.dims > kMostNonzeroDims) return context.fail("[nonzero] more than 64 dimensions");
  args.integers(job.size, job.dims);
  job.out = args.pointer<int64_t>();
  job.n = 1;
  for (int d = 0; d < job.dims; d++) job.n *= job.size[d];
  if (job.n == 0 || job.dims == 0) return;
  job.pieces = (job.n + kNonzeroPiece - 1) / kNonzeroPiece;
  if (job.pieces > 0x7fffffff) return context.fail("[nonzero] too many elements for one launch");
  job.starts = (int64_t*)context.scratch(0, size_t(job.pieces) * sizeof(int64_t));
  if (!job.starts) return;
  context.launch("nonzero_pieces", {unsigned(job.pieces)}, {256}, 0, job);
  context.launch("nonzero_starts", {1}, {256}, 0, job);
  context.launch("nonzero_write", {unsigned(job.pieces)}, {256}, 0, job);
}

}  // namespace
}  // namespace layerwise
