// Launchers of max_pool2d, avg_pool2d and adaptive_avg_pool2d over planes of [NC, H, W], and of their gradients.
#include "pool_job.h"

#include "../launcher.h"

namespace layerwise {
namespace {

bool is_float(int dtype) {
  return dtype == kFloat16 || dtype == kBfloat16 || dtype == kFloat32 || dtype == kFloat64;
}

// NC H W oh ow
void read_planes(Args& args, PoolJob& job) {
  job.planes = args.integer();
  job.H = args.integer();
  job.W = args.integer();
  job.oh = args.integer();
  job.ow = args.integer();
}

// NC H W oh ow kh kw sh sw ph pw
void read_window(Args& args, PoolJob& job) {
  read_planes(args, job);
  job.kh = args.integer();
  job.kw = args.integer();
  job.sh = args.integer();
  job.sw = args.integer();
  job.ph = args.integer();
  job.pw = args.integer();
  job.dh = job.dw = 1;
}

int64_t inputs(const PoolJob& job) { return job.planes * job.H * job.W; }
int64_t results(const PoolJob& job) { return job.planes * job.oh * job.ow; }

// Floating kernels: in single precision, or in double for doubles.
void launch(Context& context, const char* name, const PoolJob& job, int64_t n) {
  if (!is_float(job.dtype)) return context.fail("[pool] expected a floating dtype");
  if (n == 0) return;
  context.launch_named(name, job.dtype == kFloat64 ? "double" : "real", context.grid_for(n, 256), {256}, 0, job);
}

// dtype out indices x NC H W oh ow kh kw sh sw ph pw dh dw
LAUNCHER(max_pool2d) {
  PoolJob job = {};
  job.dtype = args.dtype();
  job.out = args.pointer();
  job.indices = args.pointer<int64_t>();
  job.in = args.pointer();
  read_window(args, job);
  job.dh = args.integer();
  job.dw = args.integer();
  if (results(job) == 0) return;
  const char* type = job.dtype == kFloat64 ? "double" : is_float(job.dtype) ? "real" : "whole";
  context.launch_named("max_pool", type, context.grid_for(results(job), 256), {256}, 0, job);
}

// dtype dx dy indices NC H W oh ow
LAUNCHER(max_pool2d_backward) {
  PoolJob job = {};
  job.dtype = args.dtype();
  job.out = args.pointer();
  job.in = args.pointer();
  job.indices = args.pointer<int64_t>();
  read_planes(args, job);
  if (!is_float(job.dtype)) return context.fail("[max_pool2d_backward] expected a floating dtype");
  if (inputs(job) == 0) return;
  // Sums of 16-bit gradients are kept in single precision until they are whole.
  const bool is_half = job.dtype == kFloat16 || job.dtype == kBfloat16;
  const size_t bytes = job.dtype == kFloat64 ? 8 : 4;
  void* sums = is_half ? context.scratch(0, size_t(inputs(job)) * bytes) : job.out;
  if (!sums) return;
  context.fill(sums, 0, size_t(inputs(job)) * bytes);
  const char* type = job.dtype == kFloat64 ? "double" : "real";
  const Grid warps = context.grid_for(job.planes * 32, 128);
  context.launch_named("max_pool_backward", type, warps, {128}, 0, job, sums);
  if (!is_half) return;
  context.launch("pool_narrow", context.grid_for(inputs(job), 256), {256}, 0, job, sums);
}

void read_average(Args& args, PoolJob& job) {
  job.dtype = args.dtype();
  job.out = args.pointer();
  job.in = args.pointer();
  read_window(args, job);
  job.include_pad = args.flag();
  job.divisor = args.integer();
}

// dtype out x NC H W oh ow kh kw sh sw ph pw count_include_pad divisor(0 = none)
LAUNCHER(avg_pool2d) {
  PoolJob job = {};
  read_average(args, job);
  launch(context, "avg_pool", job, results(job));
}

// the same with dx dy
LAUNCHER(avg_pool2d_backward) {
  PoolJob job = {};
  read_average(args, job);
  launch(context, "avg_pool_backward", job, inputs(job));
}

// dtype out x NC H W oh ow
LAUNCHER(adaptive_avg_pool2d) {
  PoolJob job = {};
  job.dtype = args.dtype();
  job.out = args.pointer();
  job.in = args.pointer();
  read_planes(args, job);
  // A warp per result: cells may be whole planes.
  launch(context, "adaptive_pool", job, results(job) * 32);
}

// dtype dx dy NC H W oh ow
LAUNCHER(adaptive_avg_pool2d_backward) {
  PoolJob job = {};
  job.dtype = args.dtype();
  job.out = args.pointer();
  job.in = args.pointer();
  read_planes(args, job);
  launch(context, "adaptive_pool_backward", job, inputs(job));
}

}  // namespace
}  // namespace layerwise
