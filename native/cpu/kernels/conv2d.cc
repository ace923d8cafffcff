// conv2d and its two gradients as matrix products over packed blocks of pixels. Forward multiplies weights with
// columns; the gradient of the input is the same product, once per phase of the stride, with the taps that reach it;
// the gradient of the weight sums over pixels in a fixed cut, so that it does not depend on the number of threads. NCHW
// only, no transforms.
#include "conv_depthwise_backward.h"
#include "conv_planes.h"

namespace layerwise::NS {
namespace {

constexpr int64_t kDepth = 384;
constexpr int64_t kPixels = 256;
constexpr int64_t kTasks = 8;                       // at least so many, when the problem has them

// out[g, m, pixel] = sum over taps of a[g, m, tap] * source[pixel + tap]; a is packed in panels of kTileRows rows.
template <class T> struct TapProduct {
  Source<T> source;
  Grid grid;
  int64_t images, groups, rows, depth;
  int64_t group_shift;  // of the source
  const T* a;
  const int64_t* taps;
};

// Where results go. Strides in elements.
template <class S> struct Sink {
  S* data;
  const S* bias;
  int64_t image, channel, row, step;
  const Epilogue* epilogue = nullptr;
};

LW_STATIC int64_t panel_at(int64_t row, int64_t depth) { return row * depth; }

template <class T, class S> void write_block(const TapProduct<T>& p, const Sink<S>& sink, const T* c, int64_t stride,
                                             int64_t first_row, int64_t rows, int64_t group, int64_t begin, int64_t end,
                                             int64_t ny, int64_t nx) {
  Grid grid = {ny, nx, sink.row, sink.step, 0, sink.image};
  if (sink.step == 1 && sink.row == nx) grid.flatten();
  for (int64_t m = 0; m < rows; m++) {
    int64_t channel = group * p.rows + first_row + m;
    T bias = sink.bias ? (T)get(sink.bias + channel) : 0;
    S* to = sink.data + channel * sink.channel;
    grid.runs(begin, end, [&](int64_t at, int64_t first, int64_t n) {
      const T* from = c + m * stride + first;
      if (is_same<T, S> && sink.step == 1) {
        for (int64_t i = 0; i < n; i++) ((T*)to)[at + i] = from[i] + bias;
      } else {
        for (int64_t i = 0; i < n; i++) put(to + at + i * sink.step, (T)(from[i] + bias));
      }
      if (sink.epilogue) conclude(*sink.epilogue, to + at, n, channel);
    });
  }
}

template <class T, class S>
void multiply(Context* context, const TapProduct<T>& p, const Sink<S>& sink, int64_t ny, int64_t nx) {
  constexpr int64_t mr = kTileRows, nr = kTileColumns<T>;
  int64_t pixels = p.images * ny * nx;
  if (pixels == 0 || p.rows == 0) return;
  int64_t pixel_blocks = ceil_div(pixels, kPixels);
  int64_t block_pixels = ceil_div(ceil_div(pixels, pixel_blocks), nr) * nr;
  pixel_blocks = ceil_div(pixels, block_pixels);
  int64_t row_blocks = larger(1, smaller(ceil_div(kTasks, p.groups * pixel_blocks), p.rows / (4 * mr)));
  int64_t block_rows = ceil_div(ceil_div(p.rows, row_blocks), mr) * mr;
  row_blocks = ceil_div(p.rows, block_rows);
  int64_t passes = larger(1, ceil_div(p.depth, kDepth)), depth = ceil_div(p.depth, passes);
  int64_t reach = 0;
  for (int64_t k = 0; k < p.depth; k++) reach = larger(reach, p.taps[k]);
  reach += (p.groups - 1) * p.group_shift;

  parallel_for(context, p.groups * pixel_blocks * row_blocks, 1, [&](int64_t from, int64_t to) {
    T* b = (T*)context->scratch(context, 2, (depth * block_pixels + 2 * nr) * sizeof(T));
    T* c = (T*)context->scratch(context, 3, block_rows * block_pixels * sizeof(T));
    if (!b || !c) return context->fail(context, "[conv2d] out of memory for a block of columns");
    for (int64_t task = from; task < to; task++) {
      int64_t group = task / (pixel_blocks * row_blocks);
      int64_t begin = task / row_blocks % pixel_blocks * block_pixels, end = smaller(begin + block_pixels, pixels);
      int64_t first_row = task % row_blocks * block_rows, rows = smaller(block_rows, p.rows - first_row);
      const T* a = p.a + group * p.rows * p.depth;
      if (p.depth == 0) memset(c, 0, block_rows * block_pixels * sizeof(T));
      for (int64_t at = 0; at < p.depth; at += depth) {
        int64_t deep = smaller(depth, p.depth - at);
        for (int64_t q = begin; q < end; q += nr) {
          Runs runs;
          runs.find(p.grid, q, smaller(q + nr, end), reach, p.source.size);
          pack_pixels(b + (q - begin) * deep, nr, p.source, runs, p.grid.step_x, p.taps + at, deep,
                      group * p.group_shift);
        }
        Finish<T> finish = {1, (T)(at == 0 ? 0 : 1), nullptr};
        for (int64_t m = 0; m < rows; m += mr) {
          int height = (int)smaller(mr, rows - m);
          const T* panel = a + panel_at(first_row + m, p.depth) + at * height;
          for (int64_t q = 0; q < end - begin; q += nr) {
            int columns = (int)smaller(nr, end - begin - q);
            micro_kernel_for<T>(height, columns)(deep, panel, b + q * deep, nr, c + m * block_pixels + q, block_pixels,
                                                 1, columns, finish);
          }
        }
      }
      write_block(p, sink, c, block_pixels, first_row, rows, group, begin, end, ny, nx);
    }
  });
}

// Slot 1 holds packed weights and behind them the table of taps.
template <class T> struct Packed {
  T* a;
  int64_t* taps;
  Packed(Context* context, int64_t weights, int64_t depth) {
    int64_t bytes = ceil_div(weights * sizeof(T), 64) * 64;
    char* block = (char*)context->scratch(context, 1, bytes + larger(depth, 1) * sizeof(int64_t));
    a = (T*)block;
    taps = (int64_t*)(block + bytes);
    if (!block) context->fail(context, "[conv2d] out of memory for the packed weights");
  }
  explicit operator bool() const { return a != nullptr; }
};

template <class T, class S>
void forward(Context* context, const ConvShape& s, S* out, const S* x, const S* weight, const S* bias,
             const Epilogue& epilogue) {
  constexpr int64_t mr = kTileRows;
  int64_t depth = s.Cg * s.kh * s.kw;
  Padding pad = {s.ph, s.ph, s.pw, s.pw};
  int64_t height = s.H + 2 * s.ph, width = s.W + 2 * s.pw;
  Packed<T> packed(context, s.O * depth, depth);
  if (!packed) return;
  int64_t panels = ceil_div(s.Og, mr);
  parallel_for(context, s.groups * panels, 4, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      int64_t row = i / panels * s.Og + i % panels * mr;
      int count = (int)smaller(mr, s.Og - i % panels * mr);
      pack_panel(packed.a + row * depth, count, count, weight + row * depth, depth, 1, depth);
    }
  });
  int64_t chunk = images_at_once(s.N, s.C * height * width * sizeof(T));
  for (int64_t n = 0; n < s.N; n += chunk) {
    int64_t images = smaller(chunk, s.N - n);
    Source<T> source = pad_source<T>(context, x + n * s.C * s.H * s.W, images, s.C, s.H, s.W, pad);
    if (!source.data) return;
    for (int64_t k = 0; k < depth; k++) {
      int64_t c = k / (s.kh * s.kw), r = k / s.kw % s.kh, q = k % s.kw;
      packed.taps[k] = c * source.channel + r * s.dh * source.row + q * s.dw;
    }
    Grid grid = {s.oh, s.ow, s.sh * source.row, s.sw, 0, source.image};
    grid.flatten();
    TapProduct<T> product = {source, grid, images, s.groups, s.Og, depth, s.Cg * source.channel, packed.a, packed.taps};
    int64_t plane = s.oh * s.ow;
    Sink<S> sink = {out + n * s.O * plane, bias, s.O * plane, plane, s.ow, 1, &epilogue};
    multiply(context, product, sink, s.oh, s.ow);
  }
}

LW_STATIC int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

// Along one dimension: input position i = stride * a + phase is reached by tap r from output (i + pad - r * dilation) /
// stride where that divides; `first` is that output for a = 0.
struct PhaseTap { int64_t tap, first; };
LW_STATIC int64_t phase_taps(PhaseTap* out, int64_t phase, int64_t k, int64_t stride, int64_t pad, int64_t dilation) {
  int64_t n = 0;
  for (int64_t r = 0; r < k; r++) {
    int64_t reach = phase + pad - r * dilation;
    if (reach - floor_div(reach, stride) * stride == 0) out[n++] = {r, floor_div(reach, stride)};
  }
  return n;
}

constexpr int64_t kMostTaps = 256;  // of a kernel along one dimension

template <class T, class S>
void backward_input(Context* context, const ConvShape& s, S* dx, const S* dy, const S* weight) {
  constexpr int64_t mr = kTileRows;
  if (s.kh > kMostTaps || s.kw > kMostTaps)
    return context->fail(context, "[conv2d_backward_input] kernel larger than 256");
  // Padding of dy that keeps every tap of every phase inside.
  Padding pad = {
      larger(0, -floor_div(s.ph - (s.kh - 1) * s.dh, s.sh)), larger(0, floor_div(s.H - 1 + s.ph, s.sh) - (s.oh - 1)),
      larger(0, -floor_div(s.pw - (s.kw - 1) * s.dw, s.sw)), larger(0, floor_div(s.W - 1 + s.pw, s.sw) - (s.ow - 1))};
  int64_t height = s.oh + pad.top + pad.bottom, width = s.ow + pad.left + pad.right;
  int64_t panels = ceil_div(s.Cg, mr), most_depth = s.Og * s.kh * s.kw;
  Packed<T> packed(context, s.C * most_depth, most_depth);
  if (!packed) return;
  int64_t chunk = images_at_once(s.N, s.O * height * width * sizeof(T));
  for (int64_t n = 0; n < s.N; n += chunk) {
    int64_t images = smaller(chunk, s.N - n);
    Source<T> source = pad_source<T>(context, dy + n * s.O * s.oh * s.ow, images, s.O, s.oh, s.ow, pad);
    if (!source.data) return;
    for (int64_t phase = 0; phase < s.sh * s.sw; phase++) {
      int64_t py = phase / s.sw, px = phase % s.sw;
      int64_t ny = s.H > py ? ceil_div(s.H - py, s.sh) : 0, nx = s.W > px ? ceil_div(s.W - px, s.sw) : 0;
      if (ny == 0 || nx == 0) continue;
      PhaseTap rows[kMostTaps], columns[kMostTaps];
      int64_t n_rows = phase_taps(rows, py, s.kh, s.sh, s.ph, s.dh),
              n_columns = phase_taps(columns, px, s.kw, s.sw, s.pw, s.dw);
      int64_t n_taps = n_rows * n_columns, depth = s.Og * n_taps;
      // Offsets may be negative relative to pixel (0, 0) but not relative to the padded image.
      for (int64_t k = 0; k < depth; k++) {
        int64_t o = k / n_taps, r = k % n_taps / n_columns, q = k % n_columns;
        packed.taps[k] = o * source.channel + source.origin + rows[r].first * source.row + columns[q].first;
      }
      parallel_for(context, s.groups * panels, 4, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i++) {
          int64_t group = i / panels, first = i % panels * mr, count = smaller(mr, s.Cg - first);
          T* to = packed.a + group * s.Cg * depth + first * depth;
          for (int64_t o = 0; o < s.Og; o++) {
            const S* from = weight + ((group * s.Og + o) * s.Cg + first) * s.kh * s.kw;
            for (int64_t t = 0; t < n_taps; t++) {
              int64_t at = rows[t / n_columns].tap * s.kw + columns[t % n_columns].tap;
              for (int64_t j = 0; j < count; j++) *to++ = (T)get(from + j * s.kh * s.kw + at);
            }
          }
        }
      });
      Grid grid = {ny, nx, source.row, 1, 0, source.image};
      grid.flatten();
      TapProduct<T> product = {source,   grid,       images, s.groups, s.Cg, depth, s.Og * source.channel,
                               packed.a, packed.taps};
      Sink<S> sink = {dx + n * s.C * s.H * s.W + py * s.W + px, nullptr, s.C * s.H * s.W, s.H * s.W, s.sh * s.W, s.sw};
      multiply(context, product, sink, ny, nx);
    }
  }
}

template <class T, class S>
void backward_weight(Context* context, const ConvShape& s, S* dweight, const S* dy, const S* x) {
  constexpr int64_t mr = kTileRows, nr = kTileColumns<T>;
  constexpr int64_t deep = 256;  // pixels of one step
  int64_t depth = s.Cg * s.kh * s.kw, plane = s.oh * s.ow;
  Padding pad = {s.ph, s.ph, s.pw, s.pw};
  int64_t height = s.H + 2 * s.ph, width = s.W + 2 * s.pw;
  int64_t chunk = images_at_once(s.N, s.C * height * width * sizeof(T));
  int64_t column_blocks = ceil_div(depth, 384), block_columns = ceil_div(ceil_div(depth, column_blocks), nr) * nr;
  column_blocks = ceil_div(depth, block_columns);
  int64_t pieces = larger(1, smaller(ceil_div(kTasks, s.groups * column_blocks), chunk * plane / (4 * deep)));
  int64_t total = s.O * depth;
  int64_t sums_bytes = ceil_div(pieces * total * sizeof(T), 64) * 64;
  char* block = (char*)context->scratch(context, 1, sums_bytes + depth * sizeof(int64_t));
  if (!block) return context->fail(context, "[conv2d_backward_weight] out of memory for partial sums");
  T* sums = (T*)block;
  int64_t* taps = (int64_t*)(block + sums_bytes);
  memset(sums, 0, pieces * total * sizeof(T));

  for (int64_t n = 0; n < s.N; n += chunk) {
    int64_t images = smaller(chunk, s.N - n), pixels = images * plane;
    Source<T> source = pad_source<T>(context, x + n * s.C * s.H * s.W, images, s.C, s.H, s.W, pad);
    if (!source.data) return;
    int64_t reach = (s.groups - 1) * s.Cg * source.channel;
    for (int64_t k = 0; k < depth; k++) {
      int64_t c = k / (s.kh * s.kw), r = k / s.kw % s.kh, q = k % s.kw;
      taps[k] = c * source.channel + r * s.dh * source.row + q * s.dw;
    }
    if (depth > 0) reach += taps[depth - 1];
    Grid grid = {s.oh, s.ow, s.sh * source.row, s.sw, 0, source.image};
    grid.flatten();
    Grid dy_grid = {1, plane, 0, 1, n * s.O * plane, s.O * plane};

    parallel_for(context, s.groups * column_blocks * pieces, 1, [&](int64_t from, int64_t to) {
      int64_t a_size = ceil_div(s.Og, mr) * mr * deep, b_size = block_columns * deep;
      T* a = (T*)context->scratch(context, 2, (a_size + b_size) * sizeof(T));
      T* b = a + a_size;
      constexpr int64_t stage_stride = deep + 4 * lanes<T>;  // off a power of two, and room for overrunning copies
      T* stage = (T*)context->scratch(context, 3, (nr + 1) * stage_stride * sizeof(T));
      if (!a || !stage) return context->fail(context, "[conv2d_backward_weight] out of memory for a block");
      for (int64_t task = from; task < to; task++) {
        int64_t group = task / (column_blocks * pieces), piece = task % pieces;
        int64_t first = task / pieces % column_blocks * block_columns, columns = smaller(block_columns, depth - first);
        T* c = sums + piece * total + group * s.Og * depth + first;
        int64_t last = pixels * (piece + 1) / pieces;
        for (int64_t q = pixels * piece / pieces; q < last; q += deep) {
          int64_t count = smaller(deep, last - q);
          for (int64_t m = 0; m < s.Og; m += mr) {
            int rows = (int)smaller(mr, s.Og - m);
            dy_grid.runs(q, q + count, [&](int64_t at, int64_t begin, int64_t length) {
              pack_panel(a + m * count + begin * rows, rows, rows, dy + at + (group * s.Og + m) * plane, plane, 1,
                         length);
            });
          }
          Runs runs;
          runs.find(grid, q, q + count, reach, source.size);
          for (int64_t k = 0; k < columns; k += nr) {
            int64_t width = smaller(nr, columns - k);
            pack_pixels(stage, stage_stride, source, runs, grid.step_x, taps + first + k, width,
                        group * s.Cg * source.channel);
            pack_panel(b + k * count, (int)nr, (int)width, (const T*)stage, stage_stride, 1, count);
          }
          for (int64_t m = 0; m < s.Og; m += mr) {
            int rows = (int)smaller(mr, s.Og - m);
            for (int64_t k = 0; k < columns; k += nr) {
              int width = (int)smaller(nr, columns - k);
              micro_kernel_for<T>(rows, width)(count, a + m * count, b + k * count, nr, c + m * depth + k, depth, 1,
                                               width, {1, 1, nullptr});
            }
          }
        }
      }
    });
  }
  parallel_for(context, total, 16384, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      T sum = sums[i];
      for (int64_t piece = 1; piece < pieces; piece++) sum += sums[piece * total + i];
      put(dweight + i, sum);
    }
  });
}

void run(Context* context, Args args, Epilogue epilogue = {}) {
  context->cancellable = true;
  Dtype dtype = args.dtype();
  void *out = args.pointer(), *x = args.pointer(), *weight = args.pointer(), *bias = args.pointer();
  ConvShape s = ConvShape::read(args);
  if (!epilogue.prepare(context, out, s.O)) return;
  bool known = with_float(dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
    auto go = suits_planes(s) ? convolve_planes<S> : forward<compute<S>, S>;
    go(context, s, (S*)out, (const S*)x, (const S*)weight, (const S*)bias, epilogue);
  });
  if (!known) context->fail(context, "[conv2d] expected a floating dtype");
}

KERNEL(conv2d) { run(context, args); }

KERNEL(conv2d_epilogue) {
  const Epilogue epilogue = Epilogue::read(args);
  run(context, args, epilogue);
}

KERNEL(conv2d_backward_input) {
  context->cancellable = true;
  Dtype dtype = args.dtype();
  void *dx = args.pointer(), *dy = args.pointer(), *weight = args.pointer();
  ConvShape s = ConvShape::read(args);
  bool known = with_float(dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
    if constexpr (is_same<S, float>) {
      const bool is_done = with_depthwise(s, [&](auto k, auto step) {
        depthwise_backward_input<decltype(k)::value, decltype(step)::value>(context, s, (S*)dx, (S*)dy, (S*)weight);
      });
      if (is_done) return;
    }
    backward_input<compute<S>, S>(context, s, (S*)dx, (const S*)dy, (const S*)weight);
  });
  if (!known) context->fail(context, "[conv2d_backward_input] expected a floating dtype");
}

KERNEL(conv2d_backward_weight) {
  context->cancellable = true;
  Dtype dtype = args.dtype();
  void *dweight = args.pointer(), *dy = args.pointer(), *x = args.pointer();
  ConvShape s = ConvShape::read(args);
  bool known = with_float(dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
    if constexpr (is_same<S, float>) {
      const bool is_done = with_depthwise(s, [&](auto k, auto step) {
        depthwise_backward_weight<decltype(k)::value, decltype(step)::value>(context, s, (S*)dweight, (S*)dy, (S*)x);
      });
      if (is_done) return;
    }
    backward_weight<compute<S>, S>(context, s, (S*)dweight, (const S*)dy, (const S*)x);
  });
  if (!known) context->fail(context, "[conv2d_backward_weight] expected a floating dtype");
}

}  // namespace
}  // namespace layerwise::NS
