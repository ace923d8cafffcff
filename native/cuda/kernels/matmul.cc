// Matrix products with our own plain kernel: any dtype, any strides, batches by strides. No library is asked.
#include "../launcher.h"

#include "matmul.h"

namespace layerwise {

// dtype nbatch batch[nbatch] m n k alpha beta  A ars acs abatch[nbatch]  B brs bcs bbatch[nbatch]  C crs cbatch[nbatch]
// bias
LAUNCHER(matmul) {
  const Dtype dtype = args.dtype();
  if (dtype == kBool) return context.fail("[matmul] products are not defined for bool");
  MatmulShape s = {};
  s.batch_dims = int(args.integer());
  if (s.batch_dims > kMostBatchDims) return context.fail("[matmul] more than 8 batch dimensions");
  args.integers(s.batch, s.batch_dims);
  s.m = args.integer();
  s.n = args.integer();
  s.k = args.integer();
  s.alpha = args.real();
  s.beta = args.real();
  const void* a = args.pointer();
  s.a_row = args.integer();
  s.a_column = args.integer();
  args.integers(s.a_batch, s.batch_dims);
  const void* b = args.pointer();
  s.b_row = args.integer();
  s.b_column = args.integer();
  args.integers(s.b_batch, s.batch_dims);
  void* c = args.pointer();
  s.c_row = args.integer();
  args.integers(s.c_batch, s.batch_dims);
  const void* bias = args.pointer();
  int64_t batches = 1;
  for (int d = 0; d < s.batch_dims; d++) batches *= s.batch[d];
  if (batches == 0 || s.m == 0 || s.n == 0) return;
  const unsigned rows = unsigned((s.m + kMatmulTile - 1) / kMatmulTile);
  const unsigned columns = unsigned((s.n + kMatmulTile - 1) / kMatmulTile);
  if (rows > 65535) return context.fail("[matmul] more than 2 million rows");
  s.batches = batches;
  const unsigned layers = unsigned(batches < 65535 ? batches : 65535);
  context.launch_typed("matmul_plain", dtype, {columns, rows, layers}, {kMatmulTile / 2, kMatmulTile / 2}, 0, c, a, b,
                       bias, s);
}

}  // namespace layerwise
