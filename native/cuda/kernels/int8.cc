// Launchers of linear layers of eight-bit integers. Few rows are one kernel that reads the weight once; more are tiles on
// tensor cores, with floats rounded on the way, or first and for all tiles where these are many.
#include "int8_launch.h"
#include "rows.h"

namespace layerwise {
namespace {

// Tiles of columns from which rounding floats once for all of them is worth a launch.
constexpr int64_t kRoundedTiles = 4;
constexpr int64_t kRangePiece = 4096;  // elements of a tensor whose range a block finds, at least

bool is_known(int dtype) { return is_code(dtype) || is_float(Dtype(dtype)); }

// Rows of x as codes in scratch memory; the ranges of rows on the way where `ranges` is given.
bool make_codes(Context& context, Int8Job* job, Int8Range* ranges, int64_t counters) {
  const int64_t padded = whole_chunks(job->k);
  Int8Codes codes = {job->rows, job->m, job->k, padded, (int8_t*)context.scratch(0, size_t(job->m) * size_t(padded) + 1),
                     ranges};
  if (!codes.out) return false;
  const Grid block = row_block(padded / kInt8Chunk, 1, kInt8RowThreads);
  context.launch("int8_codes", row_grid(job->m, block), block, 0, codes, job->arrived, counters);
  job->rows.x = codes.out;
  job->rows.dtype = kInt8;
  job->rows.row = padded;
  job->rows.flip = 0;
  job->rows.ranges = ranges;
  return true;
}

// The range of all of x, in pieces that its readers join; or of each row.
void find_ranges(Context& context, Int8Job* job, bool by_row, Int8Range* ranges, int64_t counters) {
  const int64_t total = job->m * job->k;
  int64_t length = job->k, pieces = job->m;
  if (!by_row) {
    pieces = blocks_of(total, kRangePiece);
    pieces = pieces < 1 ? 1 : pieces > kInt8Ranges ? kInt8Ranges : pieces;
    length = whole_chunks(blocks_of(total, pieces));
    pieces = length ? blocks_of(total, length) : 1;
    job->rows.n_ranges = int(pieces);
  }
  job->rows.ranges = ranges;
  const int dtype = job->rows.dtype;
  context.launch("int8_ranges", {unsigned(pieces)}, {kInt8RowThreads}, 0, job->rows.x, dtype, length, total, ranges,
                 job->arrived, counters);
}

// x is as it came; `is_dynamic`: its scales are yet to be found, by row or for all.
void run(Context& context, Int8Job& job, bool is_dynamic, bool by_row) {
  if (!is_known(job.rows.dtype)) return context.fail("[linear_int8] expected rows of uint8, int8 or floats");
  if (job.m == 0 || job.n == 0) return;
  job.groups = 1;
  job.splits = 1;
  job.weight_row = whole_chunks(job.k);
  job.rows.row = job.k;
  job.finish.out_row = job.n;
  job.finish.out_column = 1;
  set_wide(&job.finish, job.n, 1);
  const bool is_thin = job.m <= kInt8Thin;
  Int8Plan plan = {};
  if (!is_thin) plan = plan_int8(context, &job);
  const int64_t n_ranges = !is_dynamic ? 0 : job.m > kInt8Ranges ? job.m : kInt8Ranges;
  Int8Range* ranges = nullptr;
  if (plan.counters || is_dynamic) {
    char* room = (char*)context.scratch(1, size_t(n_ranges) * sizeof(Int8Range) + size_t(plan.counters) * 4);
    if (!room) return;
    ranges = (Int8Range*)room;
    job.arrived = (uint32_t*)(room + n_ranges * sizeof(Int8Range));
  }
  if (is_thin) {
    if (is_dynamic) find_ranges(context, &job, by_row, ranges, 0);
    const unsigned columns = kInt8ThinThreads / 32 * kInt8ThinColumns;
    return context.launch("int8_thin", {unsigned(blocks_of(job.n, columns))}, {kInt8ThinThreads}, 0, job);
  }
  const bool is_rounded = !is_code(job.rows.dtype);
  const bool is_odd = job.k % kInt8Chunk || uintptr_t(job.rows.x) % kInt8Chunk;
  // The range of a whole tensor is a launch by itself: two are enough.
  const bool is_whole = is_dynamic && !by_row;
  const bool is_first = is_rounded ? is_dynamic ? by_row : job.n > kRoundedTiles * 128 : is_odd;
  if (is_first) {
    if (!make_codes(context, &job, is_dynamic ? ranges : nullptr, plan.counters)) return;
  } else if (is_whole) {
    find_ranges(context, &job, false, ranges, plan.counters);
  } else if (plan.counters) {
    context.fill(job.arrived, 0, size_t(plan.counters) * 4);
  }
  run_int8_tiles(context, &job, plan, is_rounded && !is_first ? "int8_floats" : "int8_codes");
}

// pack weight n k n_step k_step
LAUNCHER(pack_linear_int8) {
  void *pack = args.pointer(), *weight = args.pointer();
  const int64_t n = args.integer(), k = args.integer(), n_step = args.integer(), k_step = args.integer();
  pack_int8_rows(context, pack, weight, n, k, n_step, k_step);
}

// out_dtype out x_dtype x pack FINISH least most m n k
LAUNCHER(linear_int8) {
  Int8Job job = {};
  job.finish.dtype = args.dtype();
  job.finish.out = args.pointer();
  const int dtype = args.dtype();
  set_stored(&job.rows, dtype);
  job.rows.x = args.pointer();
  job.weight = args.pointer<int8_t>();
  read_finish(args, &job.rows.scale, &job.rows.zero, &job.finish);
  job.rows.least = int(args.integer());
  job.rows.most = int(args.integer());
  if (!is_code(dtype)) {
    job.rows.flip = 0;
    job.rows.shift = job.rows.least < 0 ? 0 : 128;
  }
  job.m = args.integer();
  job.n = args.integer();
  job.k = args.integer();
  run(context, job, false, false);
}

// dtype out x pack weight_scale step weight_zero step bias by_row most relu m n k; by_row: 1 is by row, 2 symmetric, 3 both
LAUNCHER(linear_int8_dynamic) {
  Int8Job job = {};
  job.finish.dtype = job.rows.dtype = args.dtype();
  job.finish.out = args.pointer();
  job.rows.x = args.pointer();
  job.weight = args.pointer<int8_t>();
  read_weight_numbers(args, &job.finish);
  const int64_t ranges = args.integer();
  job.rows.is_even = int(ranges & 2);
  job.rows.most = int(args.integer());
  job.rows.shift = 128;
  job.finish.relu = int(args.integer());
  job.m = args.integer();
  job.n = args.integer();
  job.k = args.integer();
  if (is_code(job.rows.dtype)) return context.fail("[linear_int8_dynamic] expected rows of floats");
  run(context, job, true, ranges & 1);
}

}  // namespace

void pack_int8_rows(Context& context, void* out, const void* from, int64_t n, int64_t k, int64_t n_step,
                    int64_t k_step) {
  if (n == 0 || k == 0) return;
  const int64_t padded = whole_chunks(k), steps = blocks_of(padded, 32);
  const Grid grid = {unsigned(blocks_of(n, 32)), unsigned(steps < 65535 ? steps : 65535)};
  const char* family = context.use_family("int8");
  context.launch("int8_pack", grid, {32, 8}, 0, out, from, n, k, n_step, k_step, padded);
  context.use_family(family);
}

}  // namespace layerwise
