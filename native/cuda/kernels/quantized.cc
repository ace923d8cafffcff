// Launchers of products with int8, int4 and float4 weights: few rows straight from the packed weights, many rows by
// spelling the weights out once and multiplying as usual.
#include "quantized.h"

#include "matmul_product.h"

namespace layerwise {
namespace {

// Rows from which spelling out pays: every eight rows read the packed weights again.
constexpr int64_t kSpelledRows = 33;

void run(Context& context, Dtype dtype, QuantizedJob& job) {
  const bool is_known = dtype == kFloat16 || dtype == kBfloat16 || dtype == kFloat32;
  if (!is_known) return context.fail("[matmul_quantized] expected float32, float16 or bfloat16 activations");
  if (job.group <= 0 || job.k % job.group || job.group % kQuantizedRun || uintptr_t(job.weight) % 8) {
    return context.fail("[matmul_quantized] expected groups of a multiple of 8 weights that divide the row");
  }
  if (job.m == 0 || job.n == 0) return;
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
  Product p = {};
  p.dtype = dtype;
  p.a = job.x;
  p.b = weights;
  p.c = job.out;
  p.bias = job.bias;
  p.s.m = job.m;
  p.s.n = job.n;
  p.s.k = job.k;
  p.s.a_row = job.x_row;
  p.s.a_column = 1;
  p.s.b_row = 1;
  p.s.b_column = job.k;
  p.s.c_row = job.n;
  p.s.alpha = 1;
  p.s.batches = 1;
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
