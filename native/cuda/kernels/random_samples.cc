// Launchers of samples that take an unknown number of draws each.
#include "../launcher.h"
#include "random_job.h"

namespace layerwise {
namespace {

void draw(Context& context, Args& args, RandomKind kind) {
  RandomJob job = {};
  job.kind = kind;
  read_random(args, &job);
  job.dtype = args.dtype();
  job.out = args.pointer();
  if (kind == kBinomial) job.probabilities = args.pointer();
  const void* parameter = args.pointer();
  job.n = args.integer();
  if (job.n == 0) return;
  context.launch("random_samples", context.grid_for(job.n, kRandomThreads), {kRandomThreads}, 0, job, parameter,
                 context.report());
}

// seed_low seed_high offset dtype out alpha n
LAUNCHER(random_standard_gamma) { draw(context, args, kGamma); }
// ... out rate n
LAUNCHER(random_poisson) { draw(context, args, kPoisson); }
// ... out count prob n
LAUNCHER(random_binomial) { draw(context, args, kBinomial); }

}  // namespace
}  // namespace layerwise
