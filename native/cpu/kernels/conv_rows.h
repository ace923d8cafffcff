// Convolutions of any geometry as products of rows, one for each pixel of the result: what its window covers, gathered
// from images whose channels lie together, times panels of filters. Rows are gathered block by block, never all of them.
#pragma once
#include "conv_lanes.h"

namespace layerwise::NS {

// ---- weights --------------------------------------------------------------------------------------------------------

// Panels of kPanelFilters filters of one group: [group][panel][tap y][tap x][channel][filter]; zeros end the last panel.
LW_STATIC int64_t row_weights(const ConvShape& s) {
  return s.groups * ceil_div(s.Og, kPanelFilters) * kPanelFilters * s.Cg * s.kh * s.kw;
}

// read(context, to, group, panel, first channel, channels): taps of a panel's filters, [channel][tap][kPanelFilters].
template <class Read>
static void pack_rows(Context* context, float* out, const ConvShape& s, const Read& read) {
  const int64_t taps = s.kh * s.kw, panels = ceil_div(s.Og, kPanelFilters);
  const int64_t piece = larger(1, smaller(s.Cg, 128 / taps)), pieces = ceil_div(s.Cg, piece);
  const int64_t grain = larger(1, 8192 / (piece * taps * kPanelFilters));
  parallel_for(context, s.groups * panels * pieces, grain, [&](int64_t begin, int64_t end) {
    float* room = (float*)context->scratch(context, 2, size_t(piece * taps * kPanelFilters) * sizeof(float));
    if (!room) return context->fail(context, "[conv2d] out of memory for the packed weights");
    for (int64_t at = begin; at < end; at++) {
      const int64_t panel = at / pieces, first = at % pieces * piece, count = smaller(piece, s.Cg - first);
      read(context, room, panel / panels, panel % panels, first, count);
      float* to = out + panel * kPanelFilters * s.Cg * taps;
      for (int64_t c = 0; c < count; c++) {
        for (int64_t t = 0; t < taps; t++) {
          memcpy(to + (t * s.Cg + first + c) * kPanelFilters, room + (c * taps + t) * kPanelFilters,
                 kPanelFilters * sizeof(float));
        }
      }
    }
  });
}

// ---- rows -----------------------------------------------------------------------------------------------------------

// A run of numbers of a window: where it lies from the window's corner on, and where it goes in a block's rows.
struct Segment {
  int64_t from, to, length;
};

// Rows of a block of pixels: [chunk][pixel][row], and behind each chunk a vector that its last row may run over.
struct RowRoom {
  int64_t depth, row, chunks, pixels;
  RowRoom(const ConvShape& s, int64_t pixels)
      : depth(s.Cg * s.kh * s.kw), row(row_length(depth)), chunks(ceil_div(depth, row)), pixels(pixels) {}
  int64_t chunk() const { return pixels * row + kLanesOf; }
  int64_t numbers() const { return chunks * chunk(); }
};

// The runs of a window, cut where a chunk ends; `list` has room for most_segments().
LW_STATIC int64_t most_segments(const ConvShape& s, const RowRoom& room) { return s.kh * s.kw + room.chunks; }
LW_STATIC int64_t find_segments(Segment* list, const ConvShape& s, const PixelImage& image, const RowRoom& room) {
  const bool is_whole = s.groups == 1 && s.dw == 1 && image.pixel == s.Cg;  // a row of the window is one run
  const int64_t runs = is_whole ? s.kh : s.kh * s.kw, length = is_whole ? s.kw * s.Cg : s.Cg;
  int64_t n = 0, k = 0;
  for (int64_t i = 0; i < runs; i++) {
    const int64_t y = is_whole ? i : i / s.kw, x = is_whole ? 0 : i % s.kw;
    int64_t from = y * s.dh * image.row + x * s.dw * image.pixel;
    for (int64_t left = length; left > 0;) {
      const int64_t count = smaller(left, room.row - k % room.row);
      list[n++] = {from, k / room.row * room.chunk() + k % room.row, count};
      from += count;
      left -= count;
      k += count;
    }
  }
  return n;
}

// Rows of pixels [begin, end). Copies whole vectors: what is written too far is written again.
static void gather_rows(float* out, const RowRoom& room, const Segment* list, int64_t segments, const ConvShape& s,
                        const PixelImage& image, int64_t group, int64_t begin, int64_t end) {
  int64_t n = begin / (s.oh * s.ow), y = begin / s.ow % s.oh, x = begin % s.ow;
  for (int64_t q = begin; q < end; q++) {
    const float* corner =
        image.data + n * image.whole + y * s.sh * image.row + x * s.sw * image.pixel + group * s.Cg;
    for (int64_t i = 0; i < segments; i++) {
      const float* from = corner + list[i].from;
      float* to = out + list[i].to;
      for (int64_t k = 0; k < list[i].length; k += kLanesOf) store(to + k, load(from + k));
    }
    out += room.row;
    if (++x == s.ow) {
      x = 0;
      if (++y == s.oh) y = 0, n++;
    }
  }
}

// ---- all of it ------------------------------------------------------------------------------------------------------

constexpr int64_t kRowNumbers = 96 << 10;  // of a block's rows
constexpr int64_t kMostPixels = 192;
constexpr int64_t kFewPixels = 48;  // a panel's weights are read for each block

template <class S>
static void convolve_rows(Context* context, const ConvShape& s, S* out, const S* x, const float* weights,
                          const S* bias, const Epilogue& epilogue) {
  const PixelImage image = lay_images(context, x, s.N, s.C, s.H, s.W, {s.ph, s.ph, s.pw, s.pw});
  if (!image.data) return;
  const int64_t all = s.N * s.oh * s.ow, panels = ceil_div(s.Og, kPanelFilters), depth = s.Cg * s.kh * s.kw;
  int64_t pixels = larger(kFewPixels, smaller(kMostPixels, kRowNumbers / depth));
  const int64_t wanted = context->threads == 1 ? 1 : 4 * context->threads;
  if (all * s.groups < wanted * pixels) pixels = larger(kFewPixels, all * s.groups / wanted);
  const int64_t blocks = ceil_div(all, pixels);
  pixels = ceil_div(all, blocks);
  const int64_t parts = smaller(panels, ceil_div(wanted, s.groups * blocks));  // of the panels
  const RowRoom room(s, pixels);

  parallel_for(context, s.groups * blocks * parts, 1, [&](int64_t from, int64_t to) {
    const int64_t list_bytes = ceil_div(most_segments(s, room) * int64_t(sizeof(Segment)), 64) * 64;
    char* block_room = (char*)context->scratch(context, 2, size_t(list_bytes + room.numbers() * 4));
    // Behind the last pixel a vector of them may be read.
    float* sums = (float*)context->scratch(context, 3, size_t((pixels + kLanesOf) * kPanelFilters) * sizeof(float));
    if (!block_room || !sums) return context->fail(context, "[conv2d] out of memory for a block of rows");
    Segment* list = (Segment*)block_room;
    float* rows = (float*)(block_room + list_bytes);
    const int64_t segments = find_segments(list, s, image, room);
    for (int64_t task = from; task < to; task++) {
      const int64_t group = task / (blocks * parts), block = task / parts % blocks, part = task % parts;
      const int64_t begin = block * pixels, end = smaller(all, begin + pixels);
      gather_rows(rows, room, list, segments, s, image, group, begin, end);
      for (int64_t panel = panels * part / parts; panel < panels * (part + 1) / parts; panel++) {
        const int64_t filters = smaller(kPanelFilters, s.Og - panel * kPanelFilters);
        const int64_t first = group * s.Og + panel * kPanelFilters;
        const float* w = weights + (group * panels + panel) * depth * kPanelFilters;
        for (int64_t chunk = 0; chunk < room.chunks; chunk++) {
          multiply_panel(end - begin, smaller(room.row, depth - chunk * room.row), room.row,
                         rows + chunk * room.chunk(), w + chunk * room.row * kPanelFilters, filters, sums, chunk > 0);
        }
        alignas(64) float extra[kPanelFilters];
        read_bias(extra, bias, first, filters);
        spread_block(out, s.oh * s.ow, s.O, sums, extra, first, filters, begin, end, epilogue);
      }
    }
  });
}

}  // namespace layerwise::NS
