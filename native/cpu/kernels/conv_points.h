// Convolutions of 1 x 1 as products of filters with planes of pixels, which are read where they lie: nothing is turned,
// and at stride 1 nothing is copied. One group, no padding; the last vector of a plane is half empty at worst, so that
// planes of few pixels are better turned (conv_rows.h).
#pragma once
#include "conv_band.h"

namespace layerwise::NS {

// A tile of so many filters and vectors of pixels fills the registers.
#if defined(__AVX512F__)
constexpr int kPointFilters = 8, kPointVectors = 3;
#elif defined(__AVX__)
constexpr int kPointFilters = 4, kPointVectors = 3;
#else
constexpr int kPointFilters = 4, kPointVectors = 2;
#endif

LW_STATIC bool suits_points(const ConvShape& s) {
  return s.kh == 1 && s.kw == 1 && s.ph == 0 && s.pw == 0 && s.groups == 1;
}

// Panels of kPointFilters filters: [panel][channel][filter]. What ends the last panel is zero.
LW_STATIC int64_t point_weights(const ConvShape& s) { return ceil_div(s.O, kPointFilters) * kPointFilters * s.C; }

static void pack_points(Context* context, float* out, const ConvShape& s, const float* weight) {
  const int64_t size = kPointFilters * s.C;
  parallel_for(context, ceil_div(s.O, kPointFilters), 16384 / larger(1, size) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t panel = begin; panel < end; panel++) {
      const int64_t first = panel * kPointFilters;
      pack_panel(out + panel * size, kPointFilters, int(smaller(kPointFilters, s.O - first)), weight + first * s.C, s.C,
                 1, s.C);
    }
  });
}

// Pixels of one tile: V vectors, the last one of `last` numbers, and loose ones behind them.
struct PointTile {
  const float* x;
  int64_t x_plane;
  float* out;
  int64_t out_plane;
  int64_t channels, filters, last;
};

// One or four pixels behind whole vectors, which 7 x 7 and 14 x 14 leave, are summed for all filters of a panel at once.
#if defined(__AVX512F__)
constexpr bool has_loose_points = true;
#else
constexpr bool has_loose_points = false;
#endif
typedef float PanelOfPoint __attribute__((vector_size(kPointFilters * sizeof(float))));

template <int V, bool is_whole, int loose = 0>
static void multiply_tile(const PointTile& t, const float* w, const float* bias) {
  constexpr int L = int(lanes<float>), F = kPointFilters;
  Floats sum[F][V];
  PanelOfPoint apart[loose + 1];  // loose pixels
#pragma GCC unroll 4
  for (int i = 0; i < loose; i++) apart[i] = PanelOfPoint{};
#pragma GCC unroll 8
  for (int f = 0; f < F; f++) {
#pragma GCC unroll 3
    for (int v = 0; v < V; v++) sum[f][v] = Floats{};
  }
  const float* from = t.x;
  for (int64_t c = 0; c < t.channels; c++, from += t.x_plane, w += F) {
    Floats x[V];
#pragma GCC unroll 3
    for (int v = 0; v < V; v++) x[v] = is_whole || v < V - 1 ? load(from + v * L) : load_front(from + v * L, t.last);
#pragma GCC unroll 8
    for (int f = 0; f < F; f++) {
      const Floats tap = broadcast(w[f]);
#pragma GCC unroll 3
      for (int v = 0; v < V; v++) sum[f][v] += x[v] * tap;
    }
    if constexpr (loose > 0) {
      PanelOfPoint taps;
      memcpy(&taps, w, sizeof taps);
#pragma GCC unroll 4
      for (int i = 0; i < loose; i++) apart[i] += taps * (PanelOfPoint{} + from[V * L + i]);
    }
  }
#pragma GCC unroll 8
  for (int f = 0; f < F; f++) {
    if (f == t.filters) return;
    float* to = t.out + f * t.out_plane;
#pragma GCC unroll 3
    for (int v = 0; v < V; v++) {
      if (is_whole || v < V - 1) store(to + v * L, sum[f][v] + bias[f]);
      else store_front(to + v * L, sum[f][v] + bias[f], t.last);
    }
#pragma GCC unroll 4
    for (int i = 0; i < loose; i++) to[V * L + i] = apart[i][f] + bias[f];
  }
}

// The tiles of `count` pixels of one panel of filters.
static void multiply_tiles(PointTile t, int64_t count, const float* w, const float* bias) {
  constexpr int64_t L = lanes<float>;
  const int64_t behind = count % L;
  const int64_t loose = (behind == 1 || behind == 4) && has_loose_points && count > L ? behind : 0;
  const int64_t vectors = ceil_div(count - loose, L), tiles = ceil_div(vectors, kPointVectors);
  t.last = count - loose - (vectors - 1) * L;
  for (int64_t i = 0, begin = 0; i < tiles; i++) {
    const int64_t end = vectors * (i + 1) / tiles;
    auto go = [&](auto v) __attribute__((always_inline)) {
      constexpr int V = decltype(v)::value;
      if (end < vectors || (t.last == L && !loose)) return multiply_tile<V, true>(t, w, bias);
      if constexpr (has_loose_points) {
        if (loose == 1) return multiply_tile<V, true, 1>(t, w, bias);
        if (loose == 4) return multiply_tile<V, true, 4>(t, w, bias);
      }
      multiply_tile<V, false>(t, w, bias);
    };
    switch (end - begin) {
      case 1: go(Count<1>()); break;
      case 2: go(Count<2>()); break;
      default: go(Count<kPointVectors>());
    }
    t.x += (end - begin) * L;
    t.out += (end - begin) * L;
    begin = end;
  }
}

constexpr int64_t kPointNumbers = 160 << 10;  // of a block of pixels: most of a second-level cache
constexpr int64_t kMostPoints = 768;         // with their filters in the first-level cache for what follows

static void convolve_points(Context* context, const ConvShape& s, float* out, const float* x, const float* weights,
                            const float* bias, const Epilogue& epilogue) {
  const int64_t plane = s.oh * s.ow, panels = ceil_div(s.O, kPointFilters);
  if (s.sh != 1 || s.sw != 1) {  // the pixels that are read, side by side
    float* room = (float*)context->scratch(context, 0, size_t(s.N * s.C * plane) * sizeof(float));
    if (!room) return context->fail(context, "[conv2d] out of memory for the pixels between strides");
    parallel_for(context, s.N * s.C, 32768 / larger(1, plane) + 1, [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; c++) {
        for (int64_t y = 0; y < s.oh; y++) {
          copy_row(room + c * plane + y * s.ow, x + (c * s.H + y * s.sh) * s.W, s.ow, s.sw);
        }
      }
    });
    x = room;
  }
  constexpr int64_t tile = kPointVectors * lanes<float>;
  const int64_t most = larger(tile, smaller(kMostPoints, kPointNumbers / larger(1, s.C)) / tile * tile);
  const int64_t pixels = ceil_div(ceil_div(plane, ceil_div(plane, most)), tile) * tile;
  const int64_t blocks = ceil_div(plane, pixels);
  const int64_t work = smaller(pixels, plane) * s.C * kPointFilters;
  parallel_for(context, s.N * blocks * panels, (1 << 18) / larger(1, work) + 1, [&](int64_t from, int64_t to) {
    for (int64_t task = from; task < to; task++) {
      const int64_t image = task / panels / blocks, begin = task / panels % blocks * pixels;
      const int64_t first = task % panels * kPointFilters, count = smaller(pixels, plane - begin);
      PointTile t;
      t.x = x + image * s.C * plane + begin;
      t.out = out + (image * s.O + first) * plane + begin;
      t.x_plane = t.out_plane = plane;
      t.channels = s.C;
      t.filters = smaller(kPointFilters, s.O - first);
      float extra[kPointFilters];
      for (int64_t f = 0; f < kPointFilters; f++) extra[f] = bias && f < t.filters ? bias[first + f] : 0;
      multiply_tiles(t, count, weights + first * s.C, extra);
      for (int64_t f = 0; f < t.filters; f++) conclude(epilogue, t.out + f * plane, count, first + f);
    }
  });
}

}  // namespace layerwise::NS
