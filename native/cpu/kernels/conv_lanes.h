// Convolution with filters side by side in vectors: images as pixels whose channels lie together, the product of rows of
// numbers with a panel of filters, and the way of finished pixels back into planes. What the rows are, the callers know.
#pragma once
#include "conv_taps.h"

namespace layerwise::NS {

constexpr int64_t kPanelFilters = kTileColumns<float>;  // a panel of weights holds so many side by side
constexpr int64_t kLanesOf = lanes<float>;

// ---- pixels ---------------------------------------------------------------------------------------------------------

// Images in float, [n, y, x, channel], their padding real. A pixel is `pixel` numbers long: as many as it has channels
// where these are few, else whole vectors, and what lies behind the channels is any number.
struct PixelImage {
  float* data;
  int64_t pixel, row, whole;  // strides
};

// r[j][i] = r[i][j]. Each round interleaves vectors half a square apart; after log2 of them lane j of vector i has
// become lane i of vector j.
LW_STATIC void turn_lanes(Floats (&r)[kLanesOf]) {
  constexpr int L = int(kLanesOf);
  Ints low, high;
#pragma GCC unroll 16
  for (int i = 0; i < L; i++) {
    low[i] = i / 2 + i % 2 * L;
    high[i] = low[i] + L / 2;
  }
#pragma GCC unroll 4
  for (int round = L; round > 1; round /= 2) {
    Floats t[L];
#pragma GCC unroll 8
    for (int i = 0; i < L / 2; i++) {
      t[2 * i] = __builtin_shuffle(r[i], r[i + L / 2], low);
      t[2 * i + 1] = __builtin_shuffle(r[i], r[i + L / 2], high);
    }
#pragma GCC unroll 16
    for (int i = 0; i < L; i++) r[i] = t[i];
  }
}

// Pixels [first, first + count) of `rows` x `width` of one image, count <= lanes, all channels.
template <class S>
static void lay_pixels(const PixelImage& image, float* corner, const S* x, int64_t channels, int64_t plane,
                       int64_t width, int64_t first, int64_t count) {
  constexpr int64_t L = kLanesOf;
  float* at[L];
  for (int64_t i = 0, y = first / width, column = first % width; i < count; i++) {
    at[i] = corner + y * image.row + column * image.pixel;
    if (++column == width) column = 0, y++;
  }
  for (int64_t c = 0; c < channels; c += L) {
    const int64_t some = smaller(L, channels - c);
    const S* from = x + c * plane + first;
    Floats r[L];
    if (some == L && count == L) {
#pragma GCC unroll 16
      for (int i = 0; i < L; i++) r[i] = load(from + i * plane);
    } else {
      for (int i = 0; i < L; i++) r[i] = i < some ? load_some(from + i * plane, count, 0.0f) : Floats{};
    }
    turn_lanes(r);
    if (count == L) {
#pragma GCC unroll 16
      for (int i = 0; i < L; i++) store(at[i] + c, r[i]);
    } else {
      for (int i = 0; i < count; i++) store(at[i] + c, r[i]);
    }
  }
}

// The same where channels are fewer than lanes.
template <class S>
static void lay_thin_pixels(const PixelImage& image, float* corner, const S* x, int64_t channels, int64_t plane,
                            int64_t width, int64_t rows) {
  for (int64_t c = 0; c < channels; c++) {
    for (int64_t y = 0; y < rows; y++) {
      float* to = corner + y * image.row + c;
      const S* from = x + c * plane + y * width;
      for (int64_t i = 0; i < width; i++) to[i * channels] = get(from + i);
    }
  }
}

// Lays n images of c channels out in scratch slot 0 with `pad` around them. Null data when there is no memory.
template <class S>
PixelImage lay_images(Context* context, const S* x, int64_t n, int64_t c, int64_t h, int64_t w, Padding pad) {
  const int64_t height = h + pad.top + pad.bottom, width = w + pad.left + pad.right;
  const bool is_thin = c < kLanesOf / 2;
  const int64_t pixel = is_thin ? c : ceil_div(c, kLanesOf) * kLanesOf;
  PixelImage image = {nullptr, pixel, width * pixel, height * width * pixel};
  image.data = (float*)context->scratch(context, 0, size_t(n * image.whole + kLanesOf) * sizeof(float));
  if (!image.data) {
    context->fail(context, "[conv2d] out of memory for the padded input");
    return image;
  }
  // Small images are one piece each, larger ones pieces of whole rows.
  const int64_t piece_rows = larger(1, smaller(h, 8192 / larger(1, w * c))), pieces = ceil_div(h, piece_rows);
  parallel_for(context, n * pieces, 32768 / (piece_rows * w * c + 1), [=](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at++) {
      const int64_t i = at / pieces, first = at % pieces * piece_rows, last = smaller(h, first + piece_rows);
      float* whole = image.data + i * image.whole;
      if (first == 0) memset(whole, 0, size_t(pad.top * image.row) * sizeof(float));
      for (int64_t y = first; y < last; y++) {
        float* row = whole + (y + pad.top) * image.row;
        memset(row, 0, size_t(pad.left * pixel) * sizeof(float));
        memset(row + (pad.left + w) * pixel, 0, size_t(pad.right * pixel) * sizeof(float));
      }
      if (last == h) memset(whole + (pad.top + h) * image.row, 0, size_t(pad.bottom * image.row) * sizeof(float));
      float* corner = whole + (pad.top + first) * image.row + pad.left * pixel;
      if (is_thin) {
        lay_thin_pixels(image, corner, x + i * c * h * w + first * w, c, h * w, w, last - first);
        continue;
      }
      const int64_t pixels = (last - first) * w;
      for (int64_t q = 0; q < pixels; q += kLanesOf) {
        lay_pixels(image, corner, x + i * c * h * w + first * w, c, h * w, w, q, smaller(kLanesOf, pixels - q));
      }
    }
  });
  return image;
}

// sums[q][filter], rows of kPanelFilters, and a bias of each filter become out[filter * plane + q] for the first
// `filters` of a panel and q < n.
template <class S>
static void spread_pixels(S* out, int64_t plane, const float* sums, const float* bias, int64_t filters, int64_t n) {
  constexpr int64_t L = kLanesOf;
  for (int64_t f = 0; f < filters; f += L) {
    const int64_t some = smaller(L, filters - f);
    const Floats extra = load(bias + f);
    for (int64_t q = 0; q < n; q += L) {
      const int64_t count = smaller(L, n - q);
      const float* from = sums + q * kPanelFilters + f;
      S* to = out + f * plane + q;
      Floats r[L];
      // What lies behind the last pixel is read and dropped.
#pragma GCC unroll 16
      for (int i = 0; i < L; i++) r[i] = load(from + i * kPanelFilters) + extra;
      turn_lanes(r);
      if (some == L && count == L) {
#pragma GCC unroll 16
        for (int i = 0; i < L; i++) store(to + i * plane, r[i]);
      } else {
        for (int i = 0; i < some; i++) store_some(to + i * plane, r[i], count);
      }
    }
  }
}

// Pixels [begin, end), counted over all images, of one panel, and what is done to them there.
template <class S>
static void spread_block(S* out, int64_t plane, int64_t filters_of_image, const float* sums, const float* bias,
                         int64_t first, int64_t filters, int64_t begin, int64_t end, const Epilogue& epilogue) {
  for (int64_t q = begin; q < end;) {
    const int64_t i = q / plane, last = smaller(end, (i + 1) * plane);
    S* to = out + (i * filters_of_image + first) * plane + q % plane;
    spread_pixels(to, plane, sums + (q - begin) * kPanelFilters, bias, filters, last - q);
    for (int64_t f = 0; f < filters; f++) conclude(epilogue, to + f * plane, last - q, first + f);
    q = last;
  }
}

// The biases of a panel's filters, zeros behind them.
template <class S> LW_STATIC void read_bias(float* to, const S* bias, int64_t first, int64_t filters) {
  for (int64_t i = 0; i < kPanelFilters; i++) to[i] = bias && i < filters ? get(bias + first + i) : 0.0f;
}

// ---- products -------------------------------------------------------------------------------------------------------

// out[i][j] (+)= the sum over k of a[i * lda + k] * panel[k][j], i < R, j < V vectors; rows of out lie a panel apart.
template <int R, int V, int lda>
static void multiply_rows(int64_t depth, const float* a, const float* panel, float* out, bool adds) {
  constexpr int L = int(kLanesOf);
  Floats sum[R][V];
#pragma GCC unroll 16
  for (int i = 0; i < R; i++) {
#pragma GCC unroll 2
    for (int j = 0; j < V; j++) sum[i][j] = Floats{};
  }
  for (int64_t k = 0; k < depth; k++) {
    Floats w[V];
#pragma GCC unroll 2
    for (int j = 0; j < V; j++) w[j] = load(panel + j * L);
#pragma GCC unroll 16
    for (int i = 0; i < R; i++) {
      const Floats x = broadcast(a[i * lda]);
#pragma GCC unroll 2
      for (int j = 0; j < V; j++) sum[i][j] += x * w[j];
    }
    a++;
    panel += kPanelFilters;
  }
#pragma GCC unroll 16
  for (int i = 0; i < R; i++) {
#pragma GCC unroll 2
    for (int j = 0; j < V; j++) {
      float* to = out + i * kPanelFilters + j * L;
      store(to, adds ? load(to) + sum[i][j] : sum[i][j]);
    }
  }
}

using MultiplyRows = void (*)(int64_t, const float*, const float*, float*, bool);

template <int V, int lda> static MultiplyRows rows_kernel(int rows) {
  switch (rows) {
    case 1: return multiply_rows<1, V, lda>;
    case 2: return multiply_rows<2, V, lda>;
    case 3: return multiply_rows<3, V, lda>;
    case 4: return multiply_rows<4, V, lda>;
#if defined(__AVX__)
    case 5: return multiply_rows<5, V, lda>;
    case 6: return multiply_rows<6, V, lda>;
#endif
#if defined(__AVX512F__)
    case 7: return multiply_rows<7, V, lda>;
    case 8: return multiply_rows<8, V, lda>;
    case 9: return multiply_rows<9, V, lda>;
    case 10: return multiply_rows<10, V, lda>;
    case 11: return multiply_rows<11, V, lda>;
    case 12: return multiply_rows<12, V, lda>;
#endif
    default: return nullptr;
  }
}

// Numbers of a row of `a` lie together up to so many; a longer depth is taken in chunks of them.
constexpr int kShortRow = 64, kLongRow = 256;
LW_STATIC int64_t row_length(int64_t depth) { return depth <= kShortRow ? kShortRow : kLongRow; }

// The same for any number of rows, in tiles of even height.
template <int lda>
static void multiply_many(int64_t rows, int64_t depth, const float* a, const float* panel, int64_t filters, float* out,
                          bool adds) {
  const int64_t tiles = ceil_div(rows, kTileRows);
  for (int64_t t = 0, begin = 0; t < tiles; t++) {
    const int64_t end = rows * (t + 1) / tiles;
    const MultiplyRows kernel =
        filters <= kLanesOf ? rows_kernel<1, lda>(int(end - begin)) : rows_kernel<2, lda>(int(end - begin));
    kernel(depth, a + begin * lda, panel, out + begin * kPanelFilters, adds);
    begin = end;
  }
}

static void multiply_panel(int64_t rows, int64_t depth, int64_t row, const float* a, const float* panel,
                           int64_t filters, float* out, bool adds) {
  if (row == kShortRow) multiply_many<kShortRow>(rows, depth, a, panel, filters, out, adds);
  else multiply_many<kLongRow>(rows, depth, a, panel, filters, out, adds);
}

}  // namespace layerwise::NS
