// Convolutions of eight-bit integers, but for those of one channel and one filter a group (quantized_depthwise.cc). The
// padding is made real and filled with zero points, so that each tap of a pixel lies at one distance from it and no
// matrix of columns is ever stored. Weights come packed; those with zero points are left to the composed form.
#include "conv_bytes.h"
#include "conv_image.h"

namespace layerwise::NS {
namespace {

constexpr int64_t kPixelBlock = 112;  // pixels that meet all panels of a task before the next ones do
constexpr int64_t kParallelProducts = 1 << 20;

// How taps are read: each by itself, or a row of the kernel as one run where its pixels lie together.
struct Taps {
  bool by_row;
  int64_t count, words;  // words: of one tap, the last one padded

  static Taps of(int64_t kh, int64_t kw, int64_t Cg, int64_t groups, int64_t dw) {
    if (groups == 1 && dw == 1) return {true, kh, ceil_div(kw * Cg, 4)};
    return {false, kh * kw, ceil_div(Cg, 4)};
  }
};

// Packed weights: panels of kPanelColumns filters of one group, word by word; behind them the sum of each column.
struct PackedWeights {
  int64_t panels, panel_bytes, columns;  // panels: of a group

  static PackedWeights of(int64_t O, int64_t groups, const Taps& taps) {
    const int64_t panels = ceil_div(O / groups, kPanelColumns);
    return {panels, taps.count * taps.words * kPanelColumns * 4, groups * panels * kPanelColumns};
  }
  int64_t sums_at() const { return columns / kPanelColumns * panel_bytes; }
};

// One of a group's panels; `weight` is its first filter, `count` of them there are.
void pack_panel(int8_t* panel, int32_t* sums, const int8_t* weight, int64_t count, int64_t kh, int64_t kw, int64_t Cg,
                const Taps& taps, bool weight_last) {
  memset(panel, 0, size_t(taps.count * taps.words * kPanelColumns * 4));
  memset(sums, 0, kPanelColumns * 4);
  const int64_t depth = kh * kw * Cg;
  for (int64_t j = 0; j < count; j++) {
    for (int64_t t = 0; t < kh * kw; t++) {
      // Where the tap begins in its run.
      const int64_t run = taps.by_row ? t / kw : t, first = taps.by_row ? t % kw * Cg : 0;
      for (int64_t c = 0; c < Cg; c++) {
        const int8_t w = weight[j * depth + (weight_last ? t * Cg + c : c * kh * kw + t)];
        const int64_t at = first + c;
        panel[((run * taps.words + at / 4) * kPanelColumns + j) * 4 + at % 4] = w;
        sums[j] += w;
      }
    }
  }
}

// Results: contiguous channels behind each pixel, or planes.
struct Output {
  void* data;
  Dtype dtype;
  bool channels_last, is_bytes, relu;
  ByteRule rule;
  Residual other;  // of bytes whose channels come last; no codes: nothing is added
};

// Calls f with what is added to the results from element `at` on.
template <class F> LW_STATIC void with_more(const Output& out, int64_t at, F f) {
  if (out.other.codes) f(out.other.at(at));
  else f(Alone());
}

// Numbers of each column of all panels, in order.
struct PanelNumbers {
  float *factor, *addend;
  int32_t* start;  // of the sums: what the zero point of x adds to them, taken off

  static size_t bytes(int64_t columns) { return size_t(columns) * 12; }
  static PanelNumbers make(char* room, const ConvShape& s, const PackedWeights& p, const int32_t* sums,
                           const FinishArguments& f, int32_t zero) {
    PanelNumbers c = {(float*)room, (float*)room + p.columns, (int32_t*)room + 2 * p.columns};
    const float x_scale = *f.x_scale;
    for (int64_t i = 0; i < p.columns; i++) {
      const int64_t group = i / (p.panels * kPanelColumns), column = i % (p.panels * kPanelColumns);
      const int64_t channel = group * s.Og + smaller(column, s.Og - 1);
      const float scale = x_scale * f.weight_scale[channel * f.weight_scale_step];
      const float bias = f.bias ? f.bias[channel] : 0;
      c.factor[i] = f.out_scale ? scale / *f.out_scale : scale;
      c.addend[i] = f.out_scale && f.bias ? bias / scale : bias;
      c.start[i] = -zero * sums[i];
    }
    return c;
  }
};

template <class S>
LW_STATIC void write_planes(S* data, const ConvShape& s, int64_t at, int height, int64_t channel, int64_t width,
                            const S* values) {
  const int64_t plane = s.oh * s.ow;
  for (int i = 0; i < height;) {
    const int64_t n = (at + i) / plane, pixel = (at + i) % plane;
    const int run = int(smaller(height - i, plane - pixel));
    S* to = data + (n * s.O + channel) * plane + pixel;
    for (int64_t j = 0; j < width; j++) {
      for (int r = 0; r < run; r++) to[j * plane + r] = values[(i + r) * kPanelColumns + j];
    }
    i += run;
  }
}

constexpr int kMostRows = 12;

// A tile of sums: `height` pixels from `at` on, `width` channels from `channel` on, columns from `column` on.
template <class S>
void write_tile(const Output& out, const ConvShape& s, const PanelNumbers& c, int64_t at, int height, int64_t channel,
                int64_t width, int64_t column, const int32_t* sums) {
  S* data = (S*)out.data;
  const float *factor = c.factor + column, *addend = c.addend + column;
  if constexpr (is_same<S, uint8_t>) {
    if (out.channels_last) {
      return with_more(out, at * s.O + channel, [&](auto more) {
        finish_rows(data + at * s.O + channel, s.O, sums, height, width, addend, factor, out.rule, more);
      });
    }
    uint8_t values[kMostRows * kPanelColumns];
    finish_rows(values, kPanelColumns, sums, height, width, addend, factor, out.rule, Alone());
    write_planes(data, s, at, height, channel, width, values);
  } else {
    S values[kMostRows * kPanelColumns];
    for (int i = 0; i < height; i++) {
      float y[kPanelColumns];
      for (int64_t j = 0; j < width; j += kByteLanes) {
        Ints sum;
        memcpy(&sum, sums + i * kPanelColumns + j, sizeof sum);
        Floats real = __builtin_convertvector(sum, Floats) * floats_at(factor + j) + floats_at(addend + j);
        if (out.relu) real = real > 0 ? real : Floats{};
        memcpy(y + j, &real, sizeof real);
      }
      store_run(out.channels_last ? data + (at + i) * s.O + channel : values + i * kPanelColumns, y, 1, width);
    }
    if (!out.channels_last) write_planes(data, s, at, height, channel, width, values);
  }
}

struct Tile {
  int64_t taps, words;
  const uint8_t* const* x;
  const int64_t* offsets;
  const int8_t* panel;
  const int32_t* start;

  template <class Dots, class End> LW_INLINE void run(int height, bool is_wide, int64_t column, const End& end) const {
    const auto tile = is_wide ? conv_tile_of<Dots, End, 2>(height) : conv_tile_of<Dots, End, 1>(height);
    tile(taps, words, x, offsets, panel + column * 4, start + column, end);
  }
};

// Computes a tile and writes it.
template <class Dots, class S>
void put_tile(const Tile& tile, const Output& out, const ConvShape& s, const PanelNumbers& c, int64_t at, int height,
              int64_t channel, int64_t width, int64_t column) {
#if defined(__AVX512F__)
  if constexpr (is_same<S, uint8_t> && is_same<Dots, Fourfold>) {
    if (out.channels_last && (width == 2 * kByteLanes || width == kByteLanes)) {
      const int64_t first = at * s.O + channel;
      return with_more(out, first, [&](auto more) {
        uint8_t* data = (uint8_t*)out.data + first;
        const ToBytes<decltype(more)> end = {data, s.O, c.addend + column, c.factor + column, out.rule, more};
        tile.run<Dots>(height, width > kByteLanes, 0, end);
      });
    }
  }
#endif
  alignas(64) int32_t sums[kMostRows * kPanelColumns];
  for (int64_t j = 0; j < width; j += 2 * kByteLanes) tile.run<Dots>(height, width - j > kByteLanes, j, ToSums{sums + j});
  write_tile<S>(out, s, c, at, height, channel, width, column, sums);
}

// Where the pixels [from, to) of the results begin to read.
void find_pixels(const uint8_t** out, const ByteImage& image, const ConvShape& s, int64_t from, int64_t to) {
  int64_t x = from % s.ow, y = from / s.ow % s.oh, n = from / (s.oh * s.ow);
  for (int64_t at = from; at < to; at++) {
    const int64_t row = y * s.sh - s.ph + image.top, column = x * s.sw - s.pw + image.left;
    *out++ = image.data + n * image.whole + row * image.row + column * image.pixel;
    if (++x < s.ow) continue;
    x = 0;
    if (++y < s.oh) continue;
    y = 0, n++;
  }
}

template <class Dots, class S>
void convolve(Context* context, const ConvShape& s, const ByteImage& image, const Taps& taps, const PackedWeights& p,
              const int8_t* weight, const PanelNumbers& c, const int64_t* offsets, const Output& out) {
  const int64_t pixels = s.N * s.oh * s.ow, all_panels = s.groups * p.panels;
  const bool is_worth = pixels * s.O * s.kh * s.kw * s.Cg >= kParallelProducts && context->threads > 1;
  // Groups of panels only where pixels are too few to go round.
  const int64_t blocks = ceil_div(pixels, kPixelBlock);
  int64_t parts = is_worth ? smaller(all_panels, ceil_div(4 * context->threads, blocks)) : 1;
  const int64_t panels_of_part = ceil_div(all_panels, parts);
  parts = ceil_div(all_panels, panels_of_part);
  const int64_t tasks = blocks * parts;
  parallel_for(context, tasks, is_worth ? 1 : tasks, [&](int64_t begin, int64_t end) {
    const uint8_t *first[kPixelBlock], *shifted[kPixelBlock];
    for (int64_t task = begin; task < end; task++) {
      const int64_t from = task / parts * kPixelBlock, count = smaller(kPixelBlock, pixels - from);
      find_pixels(first, image, s, from, from + count);
      const int64_t tiles = ceil_div(count, Dots::kRows);
      const int64_t panel_end = smaller((task % parts + 1) * panels_of_part, all_panels);
      for (int64_t i = task % parts * panels_of_part; i < panel_end; i++) {
        const int64_t group = i / p.panels, channel = group * s.Og + i % p.panels * kPanelColumns;
        const int64_t width = smaller(kPanelColumns, (group + 1) * s.Og - channel);
        const uint8_t* const* starts = first;
        if (group) {
          for (int64_t q = 0; q < count; q++) shifted[q] = first[q] + group * image.group;
          starts = shifted;
        }
        const int8_t* panel = weight + i * p.panel_bytes;
        for (int64_t t = 0; t < tiles; t++) {
          const int64_t at = t * count / tiles;
          const int height = int((t + 1) * count / tiles - at);
          const Tile tile = {taps.count, taps.words, starts + at, offsets, panel, c.start + i * kPanelColumns};
          put_tile<Dots, S>(tile, out, s, c, from + at, height, channel, width, i * kPanelColumns);
        }
      }
    }
  });
}

}  // namespace

// pack weight weight_last O Cg kh kw groups dw
KERNEL(pack_conv2d_int8) {
  int8_t* pack = args.pointer<int8_t>();
  const int8_t* weight = args.pointer<int8_t>();
  const bool weight_last = args.integer() != 0;
  const int64_t O = args.integer(), Cg = args.integer(), kh = args.integer(), kw = args.integer();
  const int64_t groups = args.integer(), dw = args.integer(), Og = O / groups;
  const Taps taps = Taps::of(kh, kw, Cg, groups, dw);
  const PackedWeights p = PackedWeights::of(O, groups, taps);
  int32_t* sums = (int32_t*)(pack + p.sums_at());
  parallel_for(context, groups * p.panels, (16 << 10) / p.panel_bytes + 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t group = i / p.panels, first = i % p.panels * kPanelColumns;
      pack_panel(pack + i * p.panel_bytes, sums + i * kPanelColumns, weight + (group * Og + first) * kh * kw * Cg,
                 smaller(kPanelColumns, Og - first), kh, kw, Cg, taps, weight_last);
    }
  });
}

// out_dtype out x_dtype x pack FINISH other other_scale other_zero x_last out_last  N C H W O kh kw sh sw ph pw dh dw groups
KERNEL(conv2d_int8) {
  context->cancellable = true;
  Output out;
  out.dtype = args.dtype();
  out.data = args.pointer();
  Pixels from;
  from.is_signed = args.dtype() == kInt8;
  from.x = args.pointer<uint8_t>();
  const int8_t* weight = args.pointer<int8_t>();
  const FinishArguments f = FinishArguments::read(args);
  out.other.codes = args.pointer<uint8_t>();
  const float other_scale = float(args.real());
  const int32_t other_zero = int32_t(args.integer());
  from.channels_last = args.integer() != 0;
  out.channels_last = args.integer() != 0;
  const ConvShape s = ConvShape::read(args);
  // Planes of one channel are both.
  from.channels_last |= s.C == 1;
  out.channels_last |= s.O == 1;
  if (f.weight_zero) return context->fail(context, "[conv2d_int8] expected weights without zero points");
  from.zero = *f.x_zero;
  out.is_bytes = f.out_scale != nullptr;
  out.relu = f.relu;
  if (out.is_bytes) out.rule = ByteRule::of(f, out.dtype);
  if (out.other.codes) {
    if (!out.is_bytes || !out.channels_last) {
      return context->fail(context, "[conv2d_int8] expected a sum to be bytes, channels last");
    }
    out.other.factor = other_scale / *f.out_scale;
    out.other.flip = out.rule.flip;
    out.other.zero = other_zero + out.rule.flip;
  }
  const Taps taps = Taps::of(s.kh, s.kw, s.Cg, s.groups, s.dw);
  const PackedWeights p = PackedWeights::of(s.O, s.groups, taps);
  ByteImage image;
  // A run that does not end with a word is read up to the word's end.
  const int64_t slack = taps.by_row ? taps.words * 4 - s.kw * s.Cg : 0;
  if (!make_image(context, &image, s, from, !taps.by_row, true, slack)) return;
  char* room = (char*)context->scratch(context, 1, PanelNumbers::bytes(p.columns) + size_t(taps.count) * 8);
  if (!room) return context->fail(context, "[conv2d_int8] out of memory for the scales");
  int64_t* offsets = (int64_t*)room;
  for (int64_t t = 0; t < taps.count; t++) {
    const int64_t r = taps.by_row ? t : t / s.kw, q = taps.by_row ? 0 : t % s.kw;
    offsets[t] = r * s.dh * image.row + q * s.dw * image.pixel;
  }
  const int32_t* sums = (const int32_t*)(weight + p.sums_at());
  const PanelNumbers c = PanelNumbers::make(room + taps.count * 8, s, p, sums, f, from.padding());
  with_conv_dots([&](auto dots) {
    using Dots = decltype(dots);
    if (out.is_bytes) return convolve<Dots, uint8_t>(context, s, image, taps, p, weight, c, offsets, out);
    with_float(out.dtype, [&](auto tag) {
      using S = typename decltype(tag)::type;
      convolve<Dots, S>(context, s, image, taps, p, weight, c, offsets, out);
    });
  });
}

}  // namespace layerwise::NS
