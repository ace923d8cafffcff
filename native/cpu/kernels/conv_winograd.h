// Convolutions of 3 x 3 at stride 1 by way of Winograd's F(2 x 2, 3 x 3): a tile of 2 x 2 results takes 16 products in
// place of 36. Its factors are 1 and 1/2, so that it errs no more than sums of nine products do; Lavin and Gray, "Fast
// algorithms for convolutional neural networks" (2015), arXiv:1509.09308. Infinities and NaN would spread over a tile:
// where a result is not finite the caller has to compute again in another way.
#pragma once
#include "conv_lanes.h"

namespace layerwise::NS {

constexpr int64_t kPoints = 16;

// ---- weights --------------------------------------------------------------------------------------------------------

// Panels of kPanelFilters filters: [panel][point][channel][filter]. What ends the last panel is zero.
LW_STATIC int64_t winograd_weights(int64_t filters, int64_t channels) {
  return ceil_div(filters, kPanelFilters) * kPanelFilters * kPoints * channels;
}

// g[3] of a row or a column becomes four: G g.
LW_STATIC void transform_weight(Floats (&u)[4], Floats a, Floats b, Floats c) {
  const Floats ends = (a + c) * 0.5f, middle = b * 0.5f;
  u[0] = a;
  u[1] = ends + middle;
  u[2] = ends - middle;
  u[3] = c;
}

// read(context, to, 0, panel, first channel, channels): taps of a panel's filters, [channel][tap][kPanelFilters].
template <class Read>
static void pack_winograd(Context* context, float* out, int64_t filters, int64_t channels, const Read& read) {
  // That are read at a time: so many that groups of weights with few bits end with them.
  constexpr int64_t kChannels = 32;
  const int64_t panels = ceil_div(filters, kPanelFilters), pieces = ceil_div(channels, kChannels);
  parallel_for(context, panels * pieces, 1, [&](int64_t begin, int64_t end) {
    float* taps = (float*)context->scratch(context, 2, size_t(kChannels * 9 * kPanelFilters) * sizeof(float));
    if (!taps) return context->fail(context, "[conv2d] out of memory for the packed weights");
    for (int64_t piece = begin; piece < end; piece++) {
      const int64_t panel = piece / pieces, first = piece % pieces * kChannels;
      const int64_t count = smaller(kChannels, channels - first);
      read(context, taps, 0, panel, first, count);
      float* to = out + (panel * kPoints * channels + first) * kPanelFilters;
      for (int64_t c = 0; c < count; c++) {
        for (int64_t v = 0; v < kPanelFilters; v += kLanesOf) {
          const float* g = taps + c * 9 * kPanelFilters + v;
          Floats half[3][4];  // by column of g
#pragma GCC unroll 3
          for (int x = 0; x < 3; x++) {
            transform_weight(half[x], load(g + x * kPanelFilters), load(g + (3 + x) * kPanelFilters),
                             load(g + (6 + x) * kPanelFilters));
          }
#pragma GCC unroll 4
          for (int y = 0; y < 4; y++) {
            Floats u[4];
            transform_weight(u, half[0][y], half[1][y], half[2][y]);
#pragma GCC unroll 4
            for (int x = 0; x < 4; x++) store(to + ((y * 4 + x) * channels + c) * kPanelFilters + v, u[x]);
          }
        }
      }
    }
  });
}

// ---- images ---------------------------------------------------------------------------------------------------------

// A block of tiles: rows of tiles [begin, end), counted over all images.
struct TileRows {
  int64_t begin, end;
};

struct WinogradShape {
  int64_t images, channels, filters, oh, ow;
  int64_t tall, wide;  // tiles of an image
  int64_t chunks, row;  // of channels; numbers of a row of `a`

  WinogradShape(int64_t n, int64_t c, int64_t o, int64_t height, int64_t width)
      : images(n), channels(c), filters(o), oh(height), ow(width), tall(ceil_div(height, 2)), wide(ceil_div(width, 2)) {
    row = row_length(c);
    chunks = ceil_div(c, row);
  }
  int64_t rows() const { return images * tall; }
  int64_t panels() const { return ceil_div(filters, kPanelFilters); }
  // The first pixel of a row of tiles, counted over all images.
  int64_t pixel(int64_t tile_row) const { return (tile_row / tall * oh + smaller(oh, tile_row % tall * 2)) * ow; }
};

// Where a block's transformed tiles lie: [chunk][point][tile][row]. A vector more between points keeps them off the
// same set of the cache.
struct TileRoom {
  int64_t tiles, row, point, chunk;
  TileRoom(int64_t tiles, const WinogradShape& s) : tiles(tiles), row(s.row) {
    point = tiles * row + kLanesOf;
    chunk = kPoints * point;
  }
  int64_t numbers(const WinogradShape& s) const { return s.chunks * chunk; }
};

// B^T d of a column.
LW_STATIC void transform_pixels(Floats (&v)[4], const Floats (&d)[4]) {
  v[0] = d[0] - d[2];
  v[1] = d[1] + d[2];
  v[2] = d[2] - d[1];
  v[3] = d[1] - d[3];
}

LW_STATIC void read_column(Floats (&v)[4], const float* p, int64_t row) {
  const Floats d[4] = {load(p), load(p + row), load(p + 2 * row), load(p + 3 * row)};
  transform_pixels(v, d);
}

// One row of tiles of an image whose padding holds them all; `out` is the place of the first.
static void transform_row(float* out, const TileRoom& room, const WinogradShape& s, const PixelImage& image,
                          int64_t row) {
  const float* from = image.data + row / s.tall * image.whole + row % s.tall * 2 * image.row;
  for (int64_t c = 0; c < s.channels; c += kLanesOf) {
    float* to = out + c / room.row * room.chunk + c % room.row;
    Floats column[4][4];
    read_column(column[0], from + c, image.row);
    read_column(column[1], from + c + image.pixel, image.row);
    for (int64_t t = 0; t < s.wide; t++) {
      const float* p = from + c + (2 * t + 2) * image.pixel;
      read_column(column[2], p, image.row);
      read_column(column[3], p + image.pixel, image.row);
#pragma GCC unroll 4
      for (int y = 0; y < 4; y++) {
        const Floats d[4] = {column[0][y], column[1][y], column[2][y], column[3][y]};
        Floats v[4];
        transform_pixels(v, d);
#pragma GCC unroll 4
        for (int x = 0; x < 4; x++) store(to + (y * 4 + x) * room.point, v[x]);
      }
#pragma GCC unroll 4
      for (int y = 0; y < 4; y++) {
        column[0][y] = column[2][y];
        column[1][y] = column[3][y];
      }
      to += room.row;
    }
  }
}

// ---- results --------------------------------------------------------------------------------------------------------

// A^T m of a row or a column.
LW_STATIC void transform_sums(Floats (&y)[2], Floats a, Floats b, Floats c, Floats d) {
  y[0] = a + b + c;
  y[1] = b - c - d;
}

// Sums [point][tile][filter] of one panel become pixels [pixel][filter] of the block. `bad` becomes NaN in lanes that
// met a result that is not finite.
static void finish_tiles(float* out, const float* sums, int64_t point, const WinogradShape& s, TileRows rows,
                         int64_t filters, Floats* bad) {
  const int64_t start = s.pixel(rows.begin);
  for (int64_t v = 0; v < filters; v += kLanesOf) {
    Floats worst = *bad;
    const float* m = sums + v;
    for (int64_t r = rows.begin; r < rows.end; r++) {
      float* to = out + (s.pixel(r) - start) * kPanelFilters + v;
      const bool has_below = r % s.tall * 2 + 1 < s.oh;
      for (int64_t t = 0; t < s.wide; t++, m += kPanelFilters) {
        Floats half[4][2];
#pragma GCC unroll 4
        for (int x = 0; x < 4; x++) {
          transform_sums(half[x], load(m + x * point), load(m + (4 + x) * point), load(m + (8 + x) * point),
                         load(m + (12 + x) * point));
        }
        const bool has_right = 2 * t + 1 < s.ow;
#pragma GCC unroll 2
        for (int y = 0; y < 2; y++) {
          if (y == 1 && !has_below) break;
          Floats pair[2];
          transform_sums(pair, half[0][y], half[1][y], half[2][y], half[3][y]);
          float* pixel = to + (y * s.ow + 2 * t) * kPanelFilters;
          worst += pair[0] * 0.0f;
          store(pixel, pair[0]);
          if (has_right) {
            worst += pair[1] * 0.0f;
            store(pixel + kPanelFilters, pair[1]);
          }
        }
      }
    }
    *bad = worst;
  }
}

// ---- all of it ------------------------------------------------------------------------------------------------------

constexpr int64_t kBlockNumbers = 160 << 10;  // of a block's rooms: most of a second-level cache
constexpr int64_t kMostTiles = 128;
constexpr int64_t kFewTiles = 48;   // a panel's weights are read for each block
constexpr int64_t kLeastTiles = 32;

// What came of it: a failure was reported, and of sums that are not finite the results may be wrong.
enum Finite { kFinite, kNotFinite, kFailed };

// out = convolution + bias, of one group.
template <class S>
static Finite convolve_winograd(Context* context, const ConvShape& conv, S* out, const S* x, const float* weights,
                                const S* bias, const Epilogue& epilogue) {
  const int64_t c = conv.C, o = conv.O;
  const WinogradShape s(conv.N, c, o, conv.oh, conv.ow);
  const Padding pad = {conv.ph, s.tall * 2 + 2 - conv.H - conv.ph, conv.pw, s.wide * 2 + 2 - conv.W - conv.pw};
  const PixelImage image = lay_images(context, x, conv.N, c, conv.H, conv.W, pad);
  if (!image.data) return kFailed;

  int64_t tiles = larger(kFewTiles, smaller(kMostTiles, kBlockNumbers / (kPoints * c + 20 * kPanelFilters)));
  const int64_t wanted = context->threads == 1 ? 1 : 4 * context->threads;
  if (s.rows() * s.wide < wanted * tiles) tiles = larger(kLeastTiles, s.rows() * s.wide / wanted);
  int64_t block_rows = larger(1, tiles / s.wide);
  const int64_t blocks = ceil_div(s.rows(), block_rows);
  block_rows = ceil_div(s.rows(), blocks);
  const TileRoom room(block_rows * s.wide, s);
  const int64_t sums_point = room.tiles * kPanelFilters + kLanesOf;
  // Behind the pixels of a block a vector of them may be read.
  const int64_t pixels = block_rows * 2 * s.ow + kLanesOf;
  int is_finite = 1;

  auto transform = [&](float* a, int64_t row) {
    transform_row(a + row % block_rows * s.wide * room.row, room, s, image, row);
  };
  auto multiply = [&](const float* a, int64_t block, int64_t panel) {
    float* sums = (float*)context->scratch(
        context, 3, size_t(kPoints * sums_point + pixels * kPanelFilters) * sizeof(float));
    if (!sums) return context->fail(context, "[conv2d] out of memory for a block of sums");
    float* finished = sums + kPoints * sums_point;
    const TileRows rows = {block * block_rows, smaller(s.rows(), (block + 1) * block_rows)};
    const int64_t count = (rows.end - rows.begin) * s.wide;
    const int64_t first = panel * kPanelFilters, filters = smaller(kPanelFilters, o - first);
    for (int64_t point = 0; point < kPoints; point++) {
      for (int64_t chunk = 0; chunk < s.chunks; chunk++) {
        const int64_t depth = smaller(s.row, c - chunk * s.row);
        multiply_panel(count, depth, s.row, a + chunk * room.chunk + point * room.point,
                       weights + ((panel * kPoints + point) * c + chunk * s.row) * kPanelFilters, filters,
                       sums + point * sums_point, chunk > 0);
      }
    }
    Floats bad = {};
    finish_tiles(finished, sums, sums_point, s, rows, filters, &bad);
    if (sum_lanes(bad) != 0) __atomic_store_n(&is_finite, 0, __ATOMIC_RELAXED);
    alignas(64) float extra[kPanelFilters];
    read_bias(extra, bias, first, filters);
    spread_block(out, s.oh * s.ow, o, finished, extra, first, filters, s.pixel(rows.begin), s.pixel(rows.end), epilogue);
  };

  if (blocks >= 2 * context->threads || context->threads == 1) {
    parallel_for(context, blocks, 1, [&](int64_t begin, int64_t end) {
      float* a = (float*)context->scratch(context, 2, size_t(room.numbers(s)) * sizeof(float));
      if (!a) return context->fail(context, "[conv2d] out of memory for a block of tiles");
      for (int64_t block = begin; block < end; block++) {
        const int64_t last = smaller(s.rows(), (block + 1) * block_rows);
        for (int64_t row = block * block_rows; row < last; row++) transform(a, row);
        for (int64_t panel = 0; panel < s.panels(); panel++) multiply(a, block, panel);
      }
    });
  } else {
    float* a = (float*)context->scratch(context, 2, size_t(blocks * room.numbers(s)) * sizeof(float));
    if (!a) {
      context->fail(context, "[conv2d] out of memory for the tiles");
      return kFailed;
    }
    parallel_for(context, s.rows(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; row++) transform(a + row / block_rows * room.numbers(s), row);
    });
    parallel_for(context, blocks * s.panels(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; task++) {
        multiply(a + task / s.panels() * room.numbers(s), task / s.panels(), task % s.panels());
      }
    });
  }
  return is_finite ? kFinite : kNotFinite;
}

}  // namespace layerwise::NS
