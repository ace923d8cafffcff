// Launchers of conv2d and both gradients: cuDNN's where it is found, else each a matrix product per group whose operands
// are read straight out of the images. Groups with few channels are summed directly, without tiles.
#include "conv_job.h"

#include "../cudnn.h"
#include "../launcher.h"

namespace layerwise {
namespace {

// Fewer rows than this would leave most of a tile empty.
constexpr int64_t kFewestRows = 8;

// N C H W O kh kw sh sw ph pw dh dw groups
void read_geometry(Args& args, ConvJob& job, bool is_channels_last) {
  int64_t* const fields[] = {&job.N,  &job.C,  &job.H,  &job.W,  &job.O,  &job.kh, &job.kw,
                             &job.sh, &job.sw, &job.ph, &job.pw, &job.dh, &job.dw, &job.groups};
  for (int64_t* field : fields) *field = args.integer();
  job.oh = (job.H + 2 * job.ph - job.dh * (job.kh - 1) - 1) / job.sh + 1;
  job.ow = (job.W + 2 * job.pw - job.dw * (job.kw - 1) - 1) / job.sw + 1;
  job.group_in = job.C / job.groups;
  job.group_out = job.O / job.groups;
  job.is_channels_last = is_channels_last;
  const auto layout = [is_channels_last](int64_t channels, int64_t pixels, int64_t* channel, int64_t* pixel) {
    *channel = is_channels_last ? 1 : pixels;
    *pixel = is_channels_last ? channels : 1;
  };
  layout(job.C, job.H * job.W, &job.x_channel, &job.x_pixel);
  layout(job.O, job.oh * job.ow, &job.y_channel, &job.y_pixel);
  layout(job.group_in, job.kh * job.kw, &job.w_channel, &job.w_pixel);
}

bool is_float(int dtype) {
  return dtype == kFloat16 || dtype == kBfloat16 || dtype == kFloat32 || dtype == kFloat64;
}

int64_t tiles(int64_t n) { return (n + kConvTile - 1) / kConvTile; }

// One product: in tiles, or directly where rows are few. Only `can_cut` ones may be cut along their depth.
void multiply(Context& context, ConvJob& job, const char* tiled, const char* direct, bool can_cut) {
  if (!is_float(job.dtype)) return context.fail("[conv2d] expected a floating dtype");
  const int64_t results = job.groups * job.rows * job.columns;
  if (results == 0) return;
  const Dtype dtype = Dtype(job.dtype);
  job.piece = job.depth;
  job.pieces = 1;
  if (job.rows < kFewestRows) {
    // A thread per result, or a block where the depth is that of a whole batch of images.
    const Grid grid = context.grid_for(can_cut ? results * kConvThreads : results, kConvThreads);
    return context.launch_typed(direct, dtype, grid, {kConvThreads}, 0, job);
  }
  if (tiles(job.columns) > 0x7fffffff || tiles(job.rows) > 65535 || job.groups > 65535) {
    return context.fail("[conv2d] too large for one launch");
  }
  const int64_t blocks = tiles(job.rows) * tiles(job.columns) * job.groups;
  if (can_cut) {
    int64_t pieces = 2 * int64_t(context.device().multiprocessors) / blocks;
    const int64_t most = job.depth / (8 * kConvDepth);
    pieces = pieces < most ? pieces : most;
    if (pieces * job.groups > 65535) pieces = 65535 / job.groups;
    if (pieces > 1) {
      const int64_t steps = (job.depth + kConvDepth - 1) / kConvDepth;
      job.piece = (steps + pieces - 1) / pieces * kConvDepth;
      job.pieces = int((job.depth + job.piece - 1) / job.piece);
      const size_t bytes = job.dtype == kFloat64 ? 8 : 4;
      job.partials = context.scratch(0, size_t(job.pieces) * size_t(results) * bytes);
      if (!job.partials) return;
    }
  }
  const Grid grid = {unsigned(tiles(job.columns)), unsigned(tiles(job.rows)), unsigned(job.groups * job.pieces)};
  context.launch_typed(tiled, dtype, grid, {kConvThreads}, 0, job);
  if (job.pieces > 1) context.launch("conv_join", context.grid_for(results, 256), {256}, 0, job, results);
}

// enabled tf32 tries deterministic
LAUNCHER(convolution_options) {
  CudnnOptions options;
  options.is_enabled = args.flag();
  options.allows_tf32 = args.flag();
  options.tries = args.flag();
  options.is_deterministic = args.flag();
  set_cudnn_options(context.device_index(), options);
}

// dtype out x weight bias N C H W O kh kw sh sw ph pw dh dw groups
void forward(Context& context, Args args, bool is_channels_last) {
  ConvJob job = {};
  job.dtype = args.dtype();
  job.out = args.pointer();
  job.x = args.pointer();
  job.weight = args.pointer();
  job.bias = args.pointer();
  read_geometry(args, job, is_channels_last);
  job.rows = job.group_out;
  job.columns = job.N * job.oh * job.ow;
  job.depth = job.group_in * job.kh * job.kw;
  if (run_cudnn(context, job, Convolving::kForward)) return;
  multiply(context, job, "conv_forward", "conv_forward_direct", false);
}
LAUNCHER(conv2d) { forward(context, args, false); }
LAUNCHER(conv2d_channels_last) { forward(context, args, true); }

// dtype dx dy weight N C H W O kh kw sh sw ph pw dh dw groups
void backward_input(Context& context, Args args, bool is_channels_last) {
  ConvJob job = {};
  job.dtype = args.dtype();
  job.out = args.pointer();
  job.dy = args.pointer();
  job.weight = args.pointer();
  read_geometry(args, job, is_channels_last);
  job.rows = job.group_in;
  job.columns = job.N * job.H * job.W;
  job.depth = job.group_out * job.kh * job.kw;
  if (run_cudnn(context, job, Convolving::kInput)) return;
  multiply(context, job, "conv_input", "conv_input_direct", false);
}
LAUNCHER(conv2d_backward_input) { backward_input(context, args, false); }
LAUNCHER(conv2d_backward_input_channels_last) { backward_input(context, args, true); }

// dtype dweight dy x N C H W O kh kw sh sw ph pw dh dw groups
void backward_weight(Context& context, Args args, bool is_channels_last) {
  ConvJob job = {};
  job.dtype = args.dtype();
  job.out = args.pointer();
  job.dy = args.pointer();
  job.x = args.pointer();
  read_geometry(args, job, is_channels_last);
  job.rows = job.group_out;
  job.columns = job.group_in * job.kh * job.kw;
  job.depth = job.N * job.oh * job.ow;
  if (run_cudnn(context, job, Convolving::kWeight)) return;
  multiply(context, job, "conv_weight", "conv_weight_direct", true);
}
LAUNCHER(conv2d_backward_weight) { backward_weight(context, args, false); }
LAUNCHER(conv2d_backward_weight_channels_last) { backward_weight(context, args, true); }

}  // namespace
}  // namespace layerwise
