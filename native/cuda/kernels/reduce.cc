// The reduce launcher: merges dimensions, decides who shares an output, and cuts long reductions into pieces.
#include <stdio.h>

#include "../launcher.h"
#include "reduce_job.h"

namespace layerwise {
namespace {

// Elements that a thread should at least have before a reduction is cut into more pieces.
constexpr int64_t kThreadElements = 16;
constexpr int64_t kMostPieces = 1024;

// A list of dimensions as the command gives it; there may be more of them than a job holds after merging.
struct Dimensions {
  static constexpr int kMost = 64;
  int n = 0;
  int64_t size[kMost], stride[kMost];

  static Dimensions read(Args& args) {
    Dimensions d;
    d.n = int(args.integer());
    args.integers(d.size, d.n);
    args.integers(d.stride, d.n);
    return d;
  }
  int64_t count() const {
    int64_t total = 1;
    for (int i = 0; i < n; i++) total *= size[i];
    return total;
  }
  void sort_by_stride() {
    for (int i = 1; i < n; i++) {
      for (int j = i; j > 0 && stride[j] > stride[j - 1]; j--) {
        const int64_t s = size[j], t = stride[j];
        size[j] = size[j - 1], stride[j] = stride[j - 1];
        size[j - 1] = s, stride[j - 1] = t;
      }
    }
  }
  // Without dimensions of size 1, neighbours that are one run of memory merged. False when too many are left.
  bool merge(Axes* axes) const {
    axes->n = 0;
    for (int i = 0; i < n; i++) {
      if (size[i] == 1) continue;
      const int last = axes->n - 1;
      if (last >= 0 && axes->stride[last] == size[i] * stride[i]) {
        axes->size[last] *= size[i];
        axes->stride[last] = stride[i];
        continue;
      }
      if (axes->n == kMostAxes) return false;
      axes->size[axes->n] = size[i];
      axes->stride[axes->n++] = stride[i];
    }
    return true;
  }
};

const char* rule_of(int op, bool has_places) {
  switch (op) {
    case kSum:
    case kMean: return "sum";
    case kProd: return "product";
    case kMax:
    case kMin: return has_places ? "place" : "extreme";
    case kArgmax:
    case kArgmin: return "place";
    case kVariance: return "variance";
    case kLogSumExp: return "logsumexp";
    default: return "mapped";
  }
}

int power_of_two_at_least(int64_t n, int most) {
  int power = 1;
  while (power < n && power < most) power *= 2;
  return power;
}

int64_t pieces_for(const Context& context, int64_t blocks, int64_t elements, int64_t lanes) {
  const int64_t wanted = 4 * context.device().multiprocessors / (blocks > 0 ? blocks : 1);
  const int64_t most = elements / (lanes * kThreadElements);
  int64_t pieces = wanted < most ? wanted : most;
  if (pieces > kMostPieces) pieces = kMostPieces;
  return pieces < 1 ? 1 : pieces;
}

bool is_small_float(Dtype dtype) { return dtype == kFloat32 || dtype == kFloat16 || dtype == kBfloat16; }

// Four columns per thread need all their addresses to be of whole vectors.
bool takes_four(const ReduceJob& job, size_t bytes) {
  if (job.columns % 4 || (uintptr_t)job.in % (4 * bytes)) return false;
  for (int i = 0; i < job.reduced.n; i++) {
    if (job.reduced.stride[i] % 4) return false;
  }
  for (int i = 0; i + 1 < job.kept.n; i++) {
    if (job.kept.stride[i] % 4) return false;
  }
  return true;
}

// Everything but the dimensions is in `job`.
void reduce(Context& context, ReduceJob& job, const Dimensions& kept, Dimensions reduced) {
  const Dtype dtype = Dtype(job.in_dtype);
  job.outputs = kept.count();
  job.elements = reduced.count();
  if (job.outputs == 0) return;
  const bool is_float = is_small_float(dtype) || dtype == kFloat64;
  const bool has_places = job.op == kArgmax || job.op == kArgmin || ((job.op == kMax || job.op == kMin) && job.out2);
  if (!is_float && (job.op == kVariance || job.op == kLogSumExp)) {
    return context.fail("[reduce] this operation is not defined for the dtype of its input");
  }
  if (!has_places) reduced.sort_by_stride();
  if (!kept.merge(&job.kept) || !reduced.merge(&job.reduced)) {
    return context.fail("[reduce] more than 25 dimensions that are not neighbours in memory");
  }

  const bool is_typed = is_small_float(dtype) && job.op != kProd;
  const char* suffix = is_typed ? Context::dtype_name(dtype) : is_float ? "real" : "whole";
  const int last = job.reduced.n - 1;
  const bool has_runs = last >= 0 && job.reduced.stride[last] == 1;
  const bool by_columns = !has_runs && job.kept.n > 0 && job.kept.stride[job.kept.n - 1] == 1;
  job.columns = by_columns ? job.kept.size[job.kept.n - 1] : 1;
  const char* rule = rule_of(job.op, has_places || !is_typed);
  char name[48];
  Grid block;
  int64_t blocks;
  if (by_columns && is_typed && takes_four(job, Context::dtype_bytes(dtype))) {
    snprintf(name, sizeof name, "reduce_columns_%s", rule);
    block.x = unsigned(power_of_two_at_least(job.columns / kReduceColumns, 32));
    block.y = 256 / block.x;
    const int64_t width = block.x * kReduceColumns;
    blocks = job.outputs / job.columns * ((job.columns + width - 1) / width);
    job.pieces = int(pieces_for(context, blocks, job.elements, block.y));
  } else {
    snprintf(name, sizeof name, "reduce_rows_%s", rule);
    // Neighbouring outputs that are neighbours in memory: a thread each, so that warps read runs.
    const int vector = is_typed && has_runs ? int(16 / Context::dtype_bytes(dtype)) : 1;
    const int64_t lanes = (job.elements + 2 * vector - 1) / (2 * vector);
    block.x = by_columns && job.columns >= 32 ? 1 : unsigned(power_of_two_at_least(lanes, 512));
    block.y = block.x < 256 ? 256 / block.x : 1;
    blocks = (job.outputs + block.y - 1) / block.y;
    job.pieces = int(pieces_for(context, blocks, job.elements, block.x * vector));
  }
  if (blocks > 0x7fffffff) return context.fail("[reduce] too many results for one launch");
  const Grid grid = {unsigned(blocks), unsigned(job.pieces)};
  if (job.pieces > 1) {
    job.partials = (Partial*)context.scratch(0, size_t(job.pieces) * size_t(job.outputs) * sizeof(Partial));
    if (!job.partials) return;
  }
  context.launch_named(name, suffix, grid, block, 0, job);
  if (job.pieces == 1) return;
  const int is_whole = is_float ? 0 : 1;
  context.launch("reduce_finish", {unsigned((job.outputs + 7) / 8)}, {32, 8}, 0, job, is_whole);
}

LAUNCHER(reduce) {
  ReduceJob job = {};
  job.op = int(args.integer());
  job.in = args.pointer();
  job.in_dtype = args.dtype();
  job.out = args.pointer();
  job.out_dtype = args.dtype();
  job.out2 = args.pointer();
  const Dimensions kept = Dimensions::read(args);
  const Dimensions reduced = Dimensions::read(args);
  job.parameter = args.real();
  reduce(context, job, kept, reduced);
}

// dtype mean var x N C S
LAUNCHER(batch_norm_stats) {
  ReduceJob job = {};
  job.op = kVariance;
  const Dtype dtype = args.dtype();
  if (!is_small_float(dtype) && dtype != kFloat64) {
    return context.fail("[batch_norm_stats] expected a floating dtype");
  }
  job.in_dtype = dtype;
  job.out_dtype = dtype == kFloat64 ? kFloat64 : kFloat32;
  job.out2 = args.pointer();
  job.out = args.pointer();
  job.in = args.pointer();
  const int64_t N = args.integer(), C = args.integer(), S = args.integer();
  reduce(context, job, {1, {C}, {S}}, {2, {N, S}, {C * S, 1}});
}

}  // namespace
}  // namespace layerwise
