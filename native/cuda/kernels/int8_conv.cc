// Launchers of convolutions of eight-bit integers. Images with channels last, whole chunks of them in a group, are
// multiplied as they lie; what is not so becomes rows of windows first, or an image with its channels last.
#include "int8_launch.h"

namespace layerwise {
namespace {

struct Conv {
  int64_t N, O, groups;
  bool x_last, out_last;
  Int8Image image;
};

// N C H W [O] kh kw sh sw ph pw dh dw [groups]: those in brackets but where each channel is a group
void read_geometry(Args& args, bool is_depthwise, Conv* c) {
  Int8Image& g = c->image;
  c->x_last = args.flag();
  c->out_last = args.flag();
  c->N = args.integer();
  g.C = args.integer();
  g.H = args.integer();
  g.W = args.integer();
  c->O = is_depthwise ? g.C : args.integer();
  int* const fields[] = {&g.kh, &g.kw, &g.sh, &g.sw, &g.ph, &g.pw, &g.dh, &g.dw};
  for (int* field : fields) *field = int(args.integer());
  c->groups = is_depthwise ? g.C : args.integer();
  g.group_in = g.C / c->groups;
  g.oh = (g.H + 2 * g.ph - g.dh * (g.kh - 1) - 1) / g.sh + 1;
  g.ow = (g.W + 2 * g.pw - g.dw * (g.kw - 1) - 1) / g.sw + 1;
}

// Where results lie.
void set_places(const Conv& c, Int8Finish* f) {
  const int64_t plane = c.image.oh * c.image.ow;
  if (c.out_last) {
    f->out_row = c.O;
    f->out_column = 1;
  } else {
    f->plane = plane;
    f->image = c.O * plane;
    f->out_row = 1;
    f->out_column = plane;
  }
  set_wide(f, c.O / c.groups, c.groups);
}

// Windows of x as rows in scratch memory, by whose shape x is known from then on: one tap of whole chunks. False after a
// failure.
bool make_windows(Context& context, const Conv& c, const Int8Image& image, int64_t groups, Int8Job* job) {
  Int8Windows w = {};
  w.x = (const uint8_t*)job->rows.x;
  w.flip = job->rows.flip;
  w.zero = job->rows.zero;
  w.image = image;
  w.x_channel = c.x_last ? 1 : image.H * image.W;
  w.x_pixel = c.x_last ? image.C : 1;
  w.N = c.N;
  w.groups = groups;
  w.padded = whole_chunks(image.kh * image.kw * image.group_in);
  const int64_t bytes = c.N * image.oh * image.ow * groups * w.padded;
  w.out = (int8_t*)context.scratch(0, size_t(bytes));
  if (!w.out) return false;
  context.launch("int8_windows", context.grid_for(bytes / kInt8Chunk, 256), {256}, 0, w);
  job->rows.x = w.out;
  job->rows.flip = 0;
  return true;
}

// pack weight weight_last O Cg kh kw groups dw
LAUNCHER(pack_conv2d_int8) {
  void *pack = args.pointer(), *weight = args.pointer();
  const bool weight_last = args.flag();
  const int64_t O = args.integer(), channels = args.integer(), kh = args.integer(), kw = args.integer();
  const int64_t taps = kh * kw, depth = channels * taps, padded = whole_chunks(depth);
  if (O == 0 || depth == 0) return;
  if (weight_last) return pack_int8_rows(context, pack, weight, O, depth, depth, 1);
  context.launch("int8_pack_taps", context.grid_for(O * padded, 256), {256}, 0, pack, weight, O, channels, taps, padded);
}

// pack weight C kh kw
LAUNCHER(pack_depthwise_int8) {
  void *pack = args.pointer(), *weight = args.pointer();
  const int64_t C = args.integer(), kh = args.integer(), kw = args.integer();
  const int64_t taps = kh * kw, one = 1, depth = C * taps;
  if (depth == 0) return;
  context.launch("int8_pack_taps", context.grid_for(depth, 256), {256}, 0, pack, weight, one, C, taps, depth);
}

// out_dtype out x_dtype x pack FINISH other other_scale other_zero x_last out_last N C H W O kh kw sh sw ph pw dh dw groups
LAUNCHER(conv2d_int8) {
  Int8Job job = {};
  job.finish.dtype = args.dtype();
  job.finish.out = args.pointer();
  const int dtype = args.dtype();
  if (!is_code(dtype)) return context.fail("[conv2d_int8] expected images of uint8 or int8");
  set_stored(&job.rows, dtype);
  job.rows.x = args.pointer();
  job.weight = args.pointer<int8_t>();
  read_finish(args, &job.rows.scale, &job.rows.zero, &job.finish);
  job.finish.other = args.pointer<uint8_t>();
  job.finish.other_scale = float(args.real());
  job.finish.other_zero = int(args.integer());
  Conv c = {};
  read_geometry(args, false, &c);
  c.x_last = c.x_last || c.image.C == 1;
  c.out_last = c.out_last || c.O == 1;
  if (job.finish.weight_zero) return context.fail("[conv2d_int8] expected weights without zero points");
  if (job.finish.other && (!job.finish.is_requantized || !c.out_last)) {
    return context.fail("[conv2d_int8] expected a sum to be bytes, channels last");
  }
  set_places(c, &job.finish);
  Int8Image& g = c.image;
  job.m = c.N * g.oh * g.ow;
  job.n = c.O / c.groups;
  job.k = g.kh * g.kw * g.group_in;
  job.groups = c.groups;
  if (job.m == 0 || job.n == 0) return;
  job.weight_row = whole_chunks(job.k);
  const bool is_even = g.group_in % kInt8Chunk == 0;
  job.image = g;
  if (!is_even) {
    if (!make_windows(context, c, g, c.groups, &job)) return;
    const int64_t padded = job.weight_row;
    job.image = {g.oh, g.ow, c.groups * padded, padded, 1, 1, 1, 1, 0, 0, 1, 1, g.oh, g.ow};
    job.k = padded;
  } else if (!c.x_last || uintptr_t(job.rows.x) % kInt8Chunk) {
    const Int8Image whole = {g.H, g.W, g.C, g.C, 1, 1, 1, 1, 0, 0, 1, 1, g.H, g.W};
    if (!make_windows(context, c, whole, 1, &job)) return;
  }
  const Int8Plan plan = plan_int8(context, &job);
  if (plan.counters) {
    job.arrived = (uint32_t*)context.scratch(1, size_t(plan.counters) * 4);
    if (!job.arrived) return;
    context.fill(job.arrived, 0, size_t(plan.counters) * 4);
  }
  run_int8_tiles(context, &job, plan, "int8_image");
}

// out_dtype out x_dtype x pack FINISH x_last out_last N C H W kh kw sh sw ph pw dh dw
LAUNCHER(depthwise_conv2d_int8) {
  Int8Depthwise job = {};
  job.finish.dtype = args.dtype();
  job.finish.out = args.pointer();
  const int dtype = args.dtype();
  if (!is_code(dtype)) return context.fail("[conv2d_int8] expected images of uint8 or int8");
  job.is_signed = dtype == kInt8;
  job.x = args.pointer<uint8_t>();
  job.weight = args.pointer<int8_t>();
  read_finish(args, &job.x_scale, &job.x_zero, &job.finish);
  Conv c = {};
  read_geometry(args, true, &c);
  if (job.finish.weight_zero) return context.fail("[conv2d_int8] expected weights without zero points");
  set_places(c, &job.finish);
  job.image = c.image;
  job.N = c.N;
  job.x_channel = c.x_last ? 1 : c.image.H * c.image.W;
  job.x_pixel = c.x_last ? c.image.C : 1;
  const int64_t threads = c.N * c.image.oh * blocks_of(c.image.ow, 4) * blocks_of(c.image.C, 4);
  if (threads) context.launch("int8_depthwise", context.grid_for(threads, 256), {256}, 0, job);
}

}  // namespace
}  // namespace layerwise
