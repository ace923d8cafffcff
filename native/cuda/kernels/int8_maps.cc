// Launchers of what stands between products of eight-bit integers; each is one launch.
#include <vector>

#include "../launcher.h"
#include "int8_maps.h"

namespace layerwise {
namespace {

constexpr unsigned kThreads = 256;

int64_t blocks_of(int64_t size, int64_t block) { return (size + block - 1) / block; }
int64_t fours_of(int64_t n) { return blocks_of(n, 4); }

// dtype out a a_scale a_zero b b_scale b_zero out_scale out_zero relu n
LAUNCHER(add_int8) {
  Int8Add job = {};
  job.is_signed = args.dtype() == kInt8;
  job.out = args.pointer<uint8_t>();
  job.a = args.pointer<uint8_t>();
  job.a_scale = float(args.real());
  job.a_zero = int(args.integer());
  job.b = args.pointer<uint8_t>();
  job.b_scale = float(args.real());
  job.b_zero = int(args.integer());
  job.inverse = 1.0f / float(args.real());
  job.zero = int(args.integer());
  job.relu = int(args.integer());
  job.n = args.integer();
  if (job.n) context.launch("int8_add", context.grid_for(fours_of(job.n), kThreads), {kThreads}, 0, job);
}

// dtype out a a_zero b b_zero factor out_zero relu images pixels channels
LAUNCHER(mul_int8) {
  Int8Mul job = {};
  job.is_signed = args.dtype() == kInt8;
  job.out = args.pointer<uint8_t>();
  job.a = args.pointer<uint8_t>();
  job.a_zero = int(args.integer());
  job.b = args.pointer<uint8_t>();
  job.b_zero = int(args.integer());
  job.factor = float(args.real());
  job.zero = int(args.integer());
  job.relu = int(args.integer());
  job.images = args.integer();
  job.pixels = args.integer();
  job.channels = args.integer();
  const int64_t threads = job.images * job.pixels * fours_of(job.channels);
  if (threads) context.launch("int8_mul", context.grid_for(threads, kThreads), {kThreads}, 0, job);
}

// dtype out factor addend zero relu pixels n {x channels}[n]
LAUNCHER(affine_int8) {
  Int8Affine job = {};
  job.is_signed = args.dtype() == kInt8;
  job.out = args.pointer<uint8_t>();
  job.factor = args.pointer<float>();
  job.addend = args.pointer<float>();
  job.zero = int(args.integer());
  job.relu = int(args.integer());
  job.pixels = args.integer();
  std::vector<Int8Part> parts(size_t(args.integer()));
  int64_t widest = 0;
  for (Int8Part& part : parts) {
    part.x = args.pointer<uint8_t>();
    part.channels = args.integer();
    part.first = job.channels;
    job.channels += part.channels;
    widest = part.channels > widest ? part.channels : widest;
  }
  if (job.pixels * job.channels == 0) return;
  if (parts.size() > 65535) return context.fail("[affine_int8] at most 65535 tensors are joined");
  job.parts = (const Int8Part*)context.upload_table(parts.data(), parts.size() * sizeof(Int8Part));
  if (!job.parts) return;
  Grid grid = context.grid_for(job.pixels * fours_of(widest), kThreads);
  grid.y = unsigned(parts.size());
  context.launch("int8_affine", grid, {kThreads}, 0, job);
}

// out out_stride in rows run table
LAUNCHER(map_int8) {
  void* out = args.pointer();
  const int64_t stride = args.integer();
  const void* in = args.pointer();
  const int64_t rows = args.integer(), run = args.integer();
  const void* table = args.pointer();
  if (rows * run == 0) return;
  context.launch("int8_map", context.grid_for(rows * fours_of(run), kThreads), {kThreads}, 0, out, stride, in, rows, run,
                 table);
}

void run_pool(Context& context, const Int8Pool& job) {
  const int64_t threads = job.N * job.oh * job.ow * fours_of(job.C);
  if (threads) context.launch("int8_pool", context.grid_for(threads, kThreads), {kThreads}, 0, job);
}

void read_pool(Args& args, Int8Pooling kind, Int8Pool* job) {
  job->kind = kind;
  job->is_signed = args.dtype() == kInt8;
  job->out = args.pointer<uint8_t>();
  job->x = args.pointer<uint8_t>();
  if (kind != kInt8Largest) job->zero = int(args.integer());
  int64_t* const sizes[] = {&job->N, &job->C, &job->H, &job->W, &job->oh, &job->ow};
  for (int64_t* size : sizes) *size = args.integer();
  job->dh = job->dw = 1;
  if (kind == kInt8Adaptive) return;
  int64_t* const window[] = {&job->kh, &job->kw, &job->sh, &job->sw, &job->ph, &job->pw};
  for (int64_t* size : window) *size = args.integer();
}

// dtype out x N C H W oh ow kh kw sh sw ph pw dh dw
LAUNCHER(max_pool2d_int8) {
  Int8Pool job = {};
  read_pool(args, kInt8Largest, &job);
  job.dh = args.integer();
  job.dw = args.integer();
  run_pool(context, job);
}

// dtype out x zero N C H W oh ow kh kw sh sw ph pw count_include_pad divisor(0 = none)
LAUNCHER(avg_pool2d_int8) {
  Int8Pool job = {};
  read_pool(args, kInt8Average, &job);
  job.includes_padding = args.flag();
  job.divisor = args.integer();
  run_pool(context, job);
}

// dtype out x zero N C H W oh ow
LAUNCHER(adaptive_avg_pool2d_int8) {
  Int8Pool job = {};
  read_pool(args, kInt8Adaptive, &job);
  run_pool(context, job);
}

// dtype out_dtype out x scale zero out_scale(0 = real numbers) out_zero images pixels channels
LAUNCHER(mean_int8) {
  Int8Mean job = {};
  job.is_signed = args.dtype() == kInt8;
  const Dtype out_dtype = args.dtype();
  job.out = args.pointer();
  job.x = args.pointer<uint8_t>();
  const float scale = float(args.real());
  job.zero = int(args.integer());
  const float out_scale = float(args.real());
  job.inverse = out_dtype == kFloat32 ? 0 : 1.0f / out_scale;
  job.out_zero = int(args.integer());
  job.images = args.integer();
  job.pixels = args.integer();
  job.channels = args.integer();
  job.factor = scale / float(job.pixels);
  const int64_t blocks = job.images * blocks_of(job.channels, 4 * kInt8MeanLanes);
  if (blocks) context.launch("int8_mean", {unsigned(blocks)}, {kInt8MeanLanes, kInt8MeanRows}, 0, job);
}

}  // namespace
}  // namespace layerwise
