// The launcher of attention's gradient: the sums of out * dout, then keys and values, then queries.
#include <stdio.h>

#include "attention_launch.h"

namespace layerwise {
namespace {

constexpr int64_t kTensorRows = 64;  // owned by a block of attention_backward.cu

int64_t blocks_of(int64_t size, int64_t block) { return (size + block - 1) / block; }

// dtype dq dk dv dout out lse q k v mask  B Hq Hkv Tq Tk D Dv  strides of q k v out mask, scale causal
LAUNCHER(attention_backward) {
  AttentionJob job = {};
  const Dtype dtype = args.dtype();
  job.dq = args.pointer();
  job.dk = args.pointer();
  job.dv = args.pointer();
  job.dout = args.pointer();
  job.out = args.pointer();
  job.lse = args.pointer();
  job.q = args.pointer();
  job.k = args.pointer();
  job.v = args.pointer();
  job.mask = args.pointer();
  read_geometry(args, &job);
  if (refuse(context, dtype, job) || job.B == 0 || job.Hkv == 0) return;
  const int64_t lines = job.B * job.Hq * job.Tq;
  const int64_t wide = dtype == kFloat64 ? 8 : 4;
  job.delta = context.scratch(0, size_t(lines * wide));
  if (!job.delta) return;
  if (lines) context.launch_typed("attention_delta", dtype, {unsigned(blocks_of(lines, 8))}, {256}, 0, job);
  const unsigned heads = unsigned(job.Hq), kv_heads = unsigned(job.Hkv), batches = unsigned(job.B);

  int width = tensor_width(context, dtype, job);
  if (!is_even_operand(job.dout, job.out_stride, job.Dv)) width = 0;
  const size_t pass = width == 64 ? 64 : 32, stages = width == 256 ? 1 : 2;
  const size_t shared = (2 * kTensorRows + stages * 2 * pass) * size_t(width) * 2;
  if (width && shared <= size_t(context.device().shared_bytes)) {
    char name[48];
    snprintf(name, sizeof name, "attention_keys_tensor_%d", width);
    const int64_t shares = width == 256 ? 2 : 1;
    const Grid key_grid = {unsigned(blocks_of(job.Tk, kTensorRows) * shares), kv_heads, batches};
    if (job.Tk) context.launch_typed(name, dtype, key_grid, {128}, shared, job);
    snprintf(name, sizeof name, "attention_queries_tensor_%d", width);
    const Grid query_grid = {unsigned(blocks_of(job.Tq, kTensorRows)), heads, batches};
    if (job.Tq) context.launch_typed(name, dtype, query_grid, {128}, shared, job);
    return;
  }

  // Owned rows, passing rows, probabilities and slopes.
  auto shared_for = [&](int64_t rows) {
    return size_t(wide * ((kPlainRows + rows) * (job.D + job.Dv + 2) + 2 * kPlainRows * (rows + 1)));
  };
  job.keys = kPlainMostTile;
  while (job.keys > 1 && shared_for(job.keys) > size_t(context.device().shared_bytes)) job.keys /= 2;
  const size_t bytes = shared_for(job.keys);
  const Grid key_grid = {unsigned(blocks_of(job.Tk, kPlainRows)), kv_heads, batches};
  if (job.Tk) context.launch_typed("attention_keys_plain", dtype, key_grid, {kPlainThreads}, bytes, job);
  const Grid query_grid = {unsigned(blocks_of(job.Tq, kPlainRows)), heads, batches};
  if (job.Tq) context.launch_typed("attention_queries_plain", dtype, query_grid, {kPlainThreads}, bytes, job);
}

}  // namespace
}  // namespace layerwise
