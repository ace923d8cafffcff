// The launcher of attention: tensor cores for 16-bit floats whose rows are whole vectors, plain arithmetic for the rest.
#include <stdio.h>

#include "attention_launch.h"

namespace layerwise {
namespace {

// As instantiated at the end of attention.cu.
struct Shape {
  int64_t queries, keys;
};
Shape shape_of(int width) {
  if (width == 64) return {128, 64};
  if (width == 128) return {128, 32};
  return {64, 32};
}

// dtype out lse q k v mask  B Hq Hkv Tq Tk D Dv  strides of q k v out mask, scale causal
LAUNCHER(attention) {
  AttentionJob job = {};
  const Dtype dtype = args.dtype();
  job.out = args.pointer();
  job.lse = args.pointer();
  job.q = args.pointer();
  job.k = args.pointer();
  job.v = args.pointer();
  job.mask = args.pointer();
  read_geometry(args, &job);
  if (refuse(context, dtype, job) || job.B == 0 || job.Hq == 0 || job.Tq == 0) return;
  const unsigned heads = unsigned(job.Hq), batches = unsigned(job.B);
  if (const int width = tensor_width(context, dtype, job)) {
    const Shape shape = shape_of(width);
    const size_t shared = size_t(shape.queries + 4 * shape.keys) * size_t(width) * 2;
    if (shared <= size_t(context.device().shared_bytes)) {
      char name[40];
      snprintf(name, sizeof name, "attention_tensor_%d", width);
      const unsigned blocks = unsigned((job.Tq + shape.queries - 1) / shape.queries);
      return context.launch_typed(name, dtype, {blocks, heads, batches}, {128}, shared, job);
    }
  }
  // Queries, a tile of keys or values, and their scores.
  const int64_t wide = dtype == kFloat64 ? 8 : 4, widest = job.D > job.Dv ? job.D : job.Dv;
  auto shared_for = [&](int64_t keys) {
    return size_t(wide * (kPlainRows * (job.D + 1) + keys * (widest + 1) + kPlainRows * (keys + 1)));
  };
  job.keys = kPlainMostTile;
  while (job.keys > 1 && shared_for(job.keys) > size_t(context.device().shared_bytes)) job.keys /= 2;
  const unsigned blocks = unsigned((job.Tq + kPlainRows - 1) / kPlainRows);
  context.launch_typed("attention_plain", dtype, {blocks, heads, batches}, {kPlainThreads}, shared_for(job.keys), job);
}

}  // namespace
}  // namespace layerwise
