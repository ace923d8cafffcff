// Launchers of products with int8, int4 and float4 weights: few rows straight from the packed weights, some dozens on
// tensor cores with weights spelled out tile by tile, many by spelling them out once and multiplying as usual.
#include "quantized.h"

#include "matmul_product.h"

namespace layerwise {
namespace {

// Rows from which spelling out pays: every eight rows read the packed weights again.
constexpr int64_t kSpelledRows = 33;
// The same where tensor cores multiply tiles: every 64 rows spell the weights again, which cost more to read back.
constexpr int64_t kMostTileRows = 256;

// 16-bit floats whose rows begin at 16 bytes, on a machine that multiplies them.
bool takes_tiles(const Context& context, Dtype dtype, const QuantizedJob& job) {
  if (dtype != kFloat16 && (dtype != kBfloat16 || !context.device().has(80))) return false;
  return job.m > kQuantizedRows && job.m <= kMostTileRows && uintptr_t(job.x) % 16 == 0 && job.x_row % 8 == 0;
}

Product product_of(Dtype dtype, const QuantizedJob& job) {
  Product p = {};
  p.dtype = dtype;
  p.a = job.x;
  p.c = job.out;
  p.bias = job.bias;
  p.s.m = job.m;
  p.s.n = job.n;
  p.s.k = job.k;
  p.s.a_row = job.x_row;
  p.s.a_column = 1;
  p.s.c_row = job.n;
  p.s.alpha = 1;
  p.s.batches = 1;
  return p;
}

void run_tiles(Context& context, Dtype dtype, const QuantizedJob& job) {
  static const char* const names[] = {"quantized_tile_int8", "quantized_tile_int4", "quantized_tile_float4"};
  constexpr size_t kShared = 3 * 2 * kQuantizedTile * kTensorDepth * 2;
  Product p = product_of(dtype, job);
  MatmulShape& s = p.s;
  const TilePlan plan = plan_tiles(context, s, kQuantizedTile, kQuantizedTile, kTensorDepth, 4);
  s.stages = 3;
  s.c_vector = uintptr_t(job.out) % 16 == 0 && s.c_row % 8 == 0;
  if (s.splits > 1) {
    s.partials = context.scratch(3, size_t(s.splits) * size_t(s.m) * size_t(s.n) * 4);
    if (!s.partials) return;
  }
  const Grid grid = {unsigned(plan.tiles), unsigned(s.splits)};
  context.launch_typed(names[job.format], dtype, grid, {kQuantizedTileThreads}, kShared, job, s);
  if (s.splits == 1) return;
  const char* family = context.use_family("matmul");
  context.launch_typed("matmul_finish", dtype, context.grid_for(s.m * s.n, 256), {256}, 0, p.c, p.bias, s);
  context.use_family(family);
}

void run(Context& context, Dtype dtype, QuantizedJob& job) {
  const bool is_known = dtype == kFloat16 || dtype == kBfloat16 || dtype == kFloat32;
  if (!is_known) return context.fail("[matmul_quantized] expected float32, float16 or bfloat16 activations");
  if (job.group <= 0 || job.k % job.group || job.group % kQuantizedRun || uintptr_t(job.weight) % 8) {
    return context.fail("[matmul_quantized] expected groups of a multiple of 8 weights that divide the row");
  }
  if (job.m == 0 || job.n == 0) return;
  if (takes_tiles(context, dtype, job)) return run_tiles(context, dtype, job);
  if (job.m < kSpelledRows) {
    const Grid grid = {unsigned((job.n + kQuantizedThreads / 32 - 1) / (kQuantizedThreads / 32)),
                       unsigned((job.m + kQuantizedRows - 1) / kQuantizedRows)};
    return context.launch_typed("quantized_thin", dtype, grid, {kQuantizedThreads}, 0, job);
  }
  // Slot 2 is where matmul would pack its second operand; what is spelled out needs no packing.
  void* weights = context.scratch(2, size_t(job.n) * size_t(job.k) * Context::dtype_bytes(dtype));
  if (!weights) return;
  context.launch_typed("quantized_spell", dtype, context.grid_for(job.n * job.k / kQuantizedRun, 256), {256}, 0, weights,
                       job);
  Product p = product_of(dtype, job);
  p.b = weights;
  p.s.b_row = 1;
  p.s.b_column = job.k;
  const char* family = context.use_family("matmul");
  run_matmul(context, p);
  context.use_family(family);
}

void read_sizes(Args& args, QuantizedJob* job) {
  job->bias = args.pointer();
  job->m = args.integer();
  job->n = args.integer();
  job->k = args.integer();
  job->group = args.integer();
  job->x_row = args.integer();
}

void run_integers(Context& context, Args& args, WeightFormat format) {
  QuantizedJob job = {};
  job.format = format;
  const Dtype dtype = args.dtype();
  job.out = args.pointer();
  job.x = args.pointer();
  job.weight = args.pointer();
  job.scale = args.pointer<float>();
  job.zero = args.pointer();
  read_sizes(args, &job);
  run(context, dtype, job);
}

// dtype out x weight scale zero bias m n k group x_row
LAUNCHER(matmul_int8) { run_integers(context, args, kWeightInt8); }
LAUNCHER(matmul_int4) { run_integers(context, args, kWeightInt4); }

// dtype out x weight scale table bias m n k group x_row
LAUNCHER(matmul_float4) {
  QuantizedJob job = {};
  job.format = kWeightFloat4;
  const Dtype dtype = args.dtype();
  job.out = args.pointer();
  job.x = args.pointer();
  job.weight = args.pointer();
  job.scale = args.pointer<float>();
  job.table = args.pointer<float>();
  read_sizes(args, &job);
  run(context, dtype, job);
}

}  // namespace
}  // namespace layerwise
