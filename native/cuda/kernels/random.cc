// Launchers of random numbers. In place of a state they get a seed and an offset, which the caller moves on by what the
// grid chosen here consumes: see src/runtime/cuda/generator.ts.
#include "random_job.h"

#include "../launcher.h"

namespace layerwise {
namespace {

// PyTorch's grid: no larger than fills the GPU once.
Grid grid_of(const Context& context, int64_t n) {
  const DeviceFacts& device = context.device();
  const int64_t full = int64_t(device.multiprocessors) * (device.threads_per_multiprocessor / kRandomThreads);
  const int64_t needed = (n + kRandomThreads - 1) / kRandomThreads;
  return {unsigned(needed < full ? needed : full)};
}

RandomJob read_job(Args& args, RandomKind kind) {
  RandomJob job = {};
  job.kind = kind;
  read_random(args, &job);
  job.dtype = args.dtype();
  job.out = args.pointer();
  job.n = args.integer();
  return job;
}

void draw(Context& context, const char* name, const RandomJob& job, bool is_wide) {
  if (job.n == 0) return;
  context.launch_named(name, is_wide ? "8" : "4", grid_of(context, job.n), {kRandomThreads}, 0, job);
}

bool is_wide(const RandomJob& job) { return Context::dtype_bytes(Dtype(job.dtype)) == 8; }

void draw_numbers(Context& context, Args& args, RandomKind kind, int parameters) {
  RandomJob job = read_job(args, kind);
  job.a = args.real();
  if (parameters > 1) job.b = args.real();
  draw(context, "random_numbers", job, is_wide(job));
}

// seed_low seed_high offset dtype out n from to
LAUNCHER(random_uniform) { draw_numbers(context, args, kUniform, 2); }
// ... mean std
LAUNCHER(random_normal) { draw_numbers(context, args, kNormal, 2); }
// ... lambda
LAUNCHER(random_exponential) { draw_numbers(context, args, kExponential, 1); }
// ... median sigma
LAUNCHER(random_cauchy) { draw_numbers(context, args, kCauchy, 2); }
// ... mean std
LAUNCHER(random_log_normal) { draw_numbers(context, args, kLogNormal, 2); }
// ... p
LAUNCHER(random_geometric) { draw_numbers(context, args, kGeometric, 1); }

// ... low high; from 2^28 numbers on words of 64 bits are drawn, as in PyTorch
LAUNCHER(random_integer) {
  RandomJob job = read_job(args, kInteger);
  job.low = args.integer();
  job.range = uint64_t(args.integer()) - uint64_t(job.low);
  draw(context, "random_integers", job, job.range >= 1ull << 28);
}

// ... lowHigh lowLow rangeHigh rangeLow
LAUNCHER(random_integer_wide) {
  RandomJob job = read_job(args, kInteger);
  const uint64_t low_high = uint64_t(args.integer());
  const uint64_t low_low = uint64_t(args.integer());
  const uint64_t range_high = uint64_t(args.integer());
  const uint64_t range_low = uint64_t(args.integer());
  job.low = int64_t(low_high << 32 | low_low);
  job.range = range_high << 32 | range_low;
  if (job.range == 0) return context.fail("[random_integer_wide] expected a range above 0");
  draw(context, "random_integers", job, true);
}

LAUNCHER(random_full) {
  const RandomJob job = read_job(args, kFull);
  draw(context, "random_integers", job, is_wide(job));
}

// ... p pTensor pDtype
LAUNCHER(random_bernoulli) {
  RandomJob job = read_job(args, kBernoulli);
  job.a = args.real();
  job.probabilities = args.pointer();
  job.probabilities_dtype = args.dtype();
  draw(context, "random_numbers", job, false);
}

// seed_low seed_high offset dtype out(int64 [rows, samples]) weights rows n samples
LAUNCHER(random_multinomial) {
  RandomJob job = {};
  read_random(args, &job);
  const int dtype = args.dtype();
  int64_t* out = args.pointer<int64_t>();
  const void* weights = args.pointer();
  const int64_t rows = args.integer();
  const int64_t n = args.integer();
  const int64_t samples = args.integer();
  if (rows * samples == 0) return;
  if (rows > 0x7fffffff || n == 0) {
    return context.fail("[random_multinomial] expected weights, and less than 2^31 rows");
  }
  auto* sums = (double*)context.scratch(0, size_t(rows) * size_t(n) * sizeof(double));
  if (!sums) return;
  const int64_t drawn = rows * samples;
  context.launch("multinomial_sums", {unsigned(rows)}, {kRandomThreads}, 0, sums, weights, dtype, n);
  context.launch("multinomial_draw", grid_of(context, drawn), {kRandomThreads}, 0, out, sums, job.seed,
                 job.offset, job.state, drawn, samples, n);
}

// state seed_low seed_high offset: what the random kernels of a graph begin from
LAUNCHER(random_graph_state) {
  uint64_t* state = args.pointer<uint64_t>();
  RandomJob job = {};
  read_random(args, &job);
  context.launch("random_graph_state", {1}, {1}, 0, state, job.seed, job.offset);
}

}  // namespace
}  // namespace layerwise
