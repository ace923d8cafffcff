// What the launchers of linear layers and of convolutions of eight-bit integers share: reading FINISH of native/README.md,
// choosing tiles and shares of k, memory for both.
#pragma once
#include "int8.h"
#include "matmul_product.h"

namespace layerwise {

// `pointer number`: in memory where the pointer is positive, absent at -1.
inline bool read_given(Args& args, GivenFloat* given) {
  const int64_t pointer = args.integer();
  *given = {pointer > 0 ? (const float*)pointer : nullptr, float(args.real())};
  return pointer >= 0;
}
inline bool read_given(Args& args, GivenInt* given) {
  const int64_t pointer = args.integer();
  *given = {pointer > 0 ? (const int32_t*)pointer : nullptr, int32_t(args.integer())};
  return pointer >= 0;
}

// weight_scale step weight_zero step bias
inline void read_weight_numbers(Args& args, Int8Finish* f) {
  f->weight_scale = args.pointer<float>();
  f->weight_scale_step = int(args.integer());
  f->weight_zero = args.pointer<int32_t>();
  f->weight_zero_step = int(args.integer());
  f->bias = args.pointer<float>();
}

// FINISH
inline void read_finish(Args& args, GivenFloat* x_scale, GivenInt* x_zero, Int8Finish* f) {
  read_given(args, x_scale);
  read_given(args, x_zero);
  read_weight_numbers(args, f);
  f->is_requantized = read_given(args, &f->out_scale);
  read_given(args, &f->out_zero);
  f->relu = int(args.integer());
}

inline bool is_code(int dtype) { return dtype == kUint8 || dtype == kInt8; }
inline int64_t whole_chunks(int64_t k) { return blocks_of(k, kInt8Chunk) * kInt8Chunk; }

// Stored codes are multiplied as signed ones.
inline void set_stored(Int8Rows* rows, int dtype) {
  rows->dtype = dtype;
  rows->shift = dtype == kInt8 ? 0 : 128;
  rows->flip = dtype == kInt8 ? 0 : 0x80808080u;
}

// Can eight neighbours of the result be one access?
inline void set_wide(Int8Finish* f, int64_t n, int64_t groups) {
  const int64_t bytes = int64_t(Context::dtype_bytes(Dtype(f->dtype))) * 8;
  f->is_wide = f->out_column == 1 && uintptr_t(f->out) % bytes == 0 && f->out_row % 8 == 0 && f->image % 8 == 0 &&
               (groups == 1 || n % 8 == 0);
}

// How a product is laid out over blocks.
struct Int8Plan {
  TilePlan tiles;
  size_t shared;
  int64_t counters;  // of tiles that several blocks share
};

inline Int8Plan plan_int8(const Context& context, Int8Job* job) {
  constexpr size_t kStages = 3, kLarge = 2 * 128 * kInt8Depth, kSmall = 2 * 64 * kInt8Depth;
  MatmulShape s = {};
  s.m = job->m;
  s.n = job->n;
  s.k = job->k;
  s.batches = job->groups;
  Int8Plan plan = {plan_tiles(context, s, 128, 64, kInt8Depth, 4), 0, 0};
  // Beside the stages there is what a block shares otherwise.
  if (plan.tiles.is_large && context.device().shared_bytes < int(kStages * kLarge + 1024)) {
    plan.tiles = {false, blocks_of(s.m, 64) * blocks_of(s.n, 64)};
  }
  plan.shared = kStages * (plan.tiles.is_large ? kLarge : kSmall);
  job->splits = s.splits;
  job->split_depth = s.split_depth;
  if (s.splits > 1) plan.counters = plan.tiles.tiles * job->groups;
  return plan;
}

// Launches int8_<left>_large or _small of the family in use. `arrived` holds zeros by then where there are counters.
inline void run_int8_tiles(Context& context, Int8Job* job, const Int8Plan& plan, const char* left) {
  const int64_t tile = plan.tiles.is_large ? 128 : 64;
  if (job->splits > 1) {
    const int64_t shares = plan.counters * job->splits;
    job->partials = (int32_t*)context.scratch(3, size_t(shares) * size_t(tile * tile) * 4);
    if (!job->partials) return;
  }
  if (job->groups > 65535) return context.fail("[int8] a convolution has at most 65535 groups");
  const Grid grid = {unsigned(plan.tiles.tiles), unsigned(job->splits), unsigned(job->groups)};
  context.launch_named(left, plan.tiles.is_large ? "large" : "small", grid, {unsigned(2 * tile)}, plan.shared, *job);
}

// A weight as rows of whole chunks, by int8_pack of family "int8".
void pack_int8_rows(Context& context, void* out, const void* from, int64_t n, int64_t k, int64_t n_step, int64_t k_step);

}  // namespace layerwise
