// Launchers of layer_norm, rms_norm and their gradients, and of batch norm's backward sums.
#include "rows.h"

namespace layerwise {
namespace {

constexpr int64_t kGradientSlots = 2;  // as in norm.cu

struct Forward {
  Dtype dtype;
  void *out, *mean, *rstd;
  const void *x, *weight, *bias;
  int64_t rows, n;
  double eps;
};

void forward(Context& context, const Forward& f, int centred) {
  if (f.rows == 0 || f.n == 0) return;
  const int vector = is_vector(f.dtype, f.n, f.out, f.x, f.weight, f.bias);
  const int64_t accesses = vector ? f.n * int64_t(Context::dtype_bytes(f.dtype)) / 16 : f.n;
  const Grid block = row_block(accesses, 2, 512);
  context.launch_typed("norm_rows", f.dtype, row_grid(f.rows, block), block, 0, f.out, f.mean, f.rstd, f.x, f.weight,
                       f.bias, f.rows, f.n, f.eps, centred, vector);
}

struct Backward {
  Dtype dtype;
  void *dx, *dweight, *dbias;
  const void *dy, *x, *mean, *rstd, *weight;
  int64_t rows, n;
};

void* partials_for(Context& context, const Backward& b, int64_t shares) {
  const size_t wide = b.dtype == kFloat64 ? 8 : 4;
  return context.scratch(0, size_t(shares) * 2 * size_t(b.n) * wide);
}

void add_shares(Context& context, const Backward& b, const void* partials, int shares) {
  const int dtype = b.dtype;
  context.launch_named("norm_backward_sums", b.dtype == kFloat64 ? "float64" : "float32",
                       {unsigned((b.n + 31) / 32)}, {32, 8}, 0, b.dweight, b.dbias, dtype, partials, shares, b.n);
}

void backward(Context& context, const Backward& b) {
  if (b.n == 0) return;
  const bool has_sums = b.dweight || b.dbias;
  const size_t bytes = Context::dtype_bytes(b.dtype);
  const int64_t vectors = b.n * int64_t(bytes) / 16;
  const unsigned most = bytes == 2 ? 512 : 1024;
  if (b.rows && is_vector(b.dtype, b.n, b.dx, b.dy, b.x, b.weight) && vectors <= kGradientSlots * most) {
    const Grid block = row_block(vectors, kGradientSlots, most);
    // Twice what runs at once; a share needs some rows for its sums to be worth writing.
    const int64_t fits = int64_t(context.device().multiprocessors) * (1024 / (block.x * block.y)) * 2;
    const int64_t worth = (b.rows + int64_t(block.y) * 4 - 1) / (int64_t(block.y) * 4);
    const int64_t blocks = has_sums ? (fits < worth ? fits : worth) : (b.rows + block.y - 1) / block.y;
    const int64_t shares = blocks * block.y;
    void* partials = has_sums ? partials_for(context, b, shares) : nullptr;
    if (has_sums && !partials) return;
    context.launch_typed("norm_backward_fused", b.dtype, {unsigned(blocks)}, block, 0, b.dx, partials, b.dy, b.x,
                         b.mean, b.rstd, b.weight, b.rows, b.n);
    if (has_sums) add_shares(context, b, partials, int(shares));
    return;
  }
  if (b.dx && b.rows) {
    const Grid block = row_block(b.n, 4, 512);
    context.launch_typed("norm_backward_rows", b.dtype, row_grid(b.rows, block), block, 0, b.dx, b.dy, b.x, b.mean,
                         b.rstd, b.weight, b.rows, b.n);
  }
  if (!has_sums) return;
  const unsigned strips = unsigned((b.n + 31) / 32);
  int64_t shares = 8 * int64_t(context.device().multiprocessors) / strips;
  const int64_t worth = (b.rows + 63) / 64;
  shares = shares < 1 ? 1 : shares > worth ? (worth ? worth : 1) : shares;
  void* partials = partials_for(context, b, shares);
  if (!partials) return;
  context.launch_typed("norm_backward_columns", b.dtype, {strips, unsigned(shares)}, {32, 8}, 0, partials, b.dy, b.x,
                       b.mean, b.rstd, b.rows, b.n);
  add_shares(context, b, partials, int(shares));
}

// dtype out mean rstd x weight bias rows n eps
LAUNCHER(layer_norm) {
  Forward f = {};
  f.dtype = args.dtype();
  f.out = args.pointer();
  f.mean = args.pointer();
  f.rstd = args.pointer();
  f.x = args.pointer();
  f.weight = args.pointer();
  f.bias = args.pointer();
  f.rows = args.integer();
  f.n = args.integer();
  f.eps = args.real();
  if (!is_float(f.dtype)) return context.fail("[layer_norm] expected a floating dtype");
  forward(context, f, 1);
}

// dtype out rstd x weight rows n eps
LAUNCHER(rms_norm) {
  Forward f = {};
  f.dtype = args.dtype();
  f.out = args.pointer();
  f.rstd = args.pointer();
  f.x = args.pointer();
  f.weight = args.pointer();
  f.rows = args.integer();
  f.n = args.integer();
  f.eps = args.real();
  if (!is_float(f.dtype)) return context.fail("[rms_norm] expected a floating dtype");
  forward(context, f, 0);
}

// dtype dx dweight dbias dy x mean rstd weight rows n
LAUNCHER(layer_norm_backward) {
  Backward b = {};
  b.dtype = args.dtype();
  b.dx = args.pointer();
  b.dweight = args.pointer();
  b.dbias = args.pointer();
  b.dy = args.pointer();
  b.x = args.pointer();
  b.mean = args.pointer();
  b.rstd = args.pointer();
  b.weight = args.pointer();
  b.rows = args.integer();
  b.n = args.integer();
  if (!is_float(b.dtype)) return context.fail("[layer_norm_backward] expected a floating dtype");
  backward(context, b);
}

// dtype dx dweight dy x rstd weight rows n
LAUNCHER(rms_norm_backward) {
  Backward b = {};
  b.dtype = args.dtype();
  b.dx = args.pointer();
  b.dweight = args.pointer();
  b.dy = args.pointer();
  b.x = args.pointer();
  b.rstd = args.pointer();
  b.weight = args.pointer();
  b.rows = args.integer();
  b.n = args.integer();
  if (!is_float(b.dtype)) return context.fail("[rms_norm_backward] expected a floating dtype");
  backward(context, b);
}

// dtype sum_dy sum_dy_xmu dy x mean N C S
LAUNCHER(batch_norm_backward_stats) {
  const Dtype dtype = args.dtype();
  void* sum = args.pointer();
  void* sum_xmu = args.pointer();
  const void* dy = args.pointer();
  const void* x = args.pointer();
  const void* mean = args.pointer();
  const int64_t N = args.integer(), C = args.integer(), S = args.integer();
  if (!is_float(dtype)) return context.fail("[batch_norm_backward_stats] expected a floating dtype");
  if (C == 0) return;
  // S == 1: channels are neighbours, a thread each.
  const Grid block = S == 1 ? Grid{1, 128} : row_block(N * S, 8, 512);
  const int64_t blocks = (C + block.y - 1) / block.y;
  int64_t shares = 8 * int64_t(context.device().multiprocessors) / blocks;
  const int64_t worth = N * S / (int64_t(block.x) * 16);
  shares = shares > worth ? worth : shares;
  if (shares < 1) shares = 1;
  Backward b = {};
  b.dtype = dtype == kFloat64 ? kFloat64 : kFloat32;  // what the sums are stored in
  b.dweight = sum;
  b.dbias = sum_xmu;
  b.n = C;
  void* partials = partials_for(context, b, shares);
  if (!partials) return;
  context.launch_typed("batch_norm_backward_sums", dtype, {unsigned(blocks), unsigned(shares)}, block, 0, partials, dy,
                       x, mean, N, C, S);
  add_shares(context, b, partials, int(shares));
}

}  // namespace
}  // namespace layerwise
