// Gradients of depthwise convolutions by square windows of 3, 5 or 7 at stride 1 or 2, plane by plane in a first-level
// cache, in single precision. Sums over images are added in order, whatever the number of threads. Other windows,
// dilation and several filters of a channel are refused.
#pragma once
#include "conv_depthwise.h"

namespace layerwise::NS {

// Calls f(Count<K>, Count<stride>) for what has a kernel here; false for others.
template <class F> LW_STATIC bool with_depthwise(const ConvShape& s, F f) {
  const bool is_plain = s.kh == s.kw && s.sh == s.sw && s.dh == 1 && s.dw == 1 && s.ph < s.kh && s.pw < s.kw;
  if (!is_plain || s.Cg != 1 || s.Og != 1 || s.sh > 2) return false;
  auto by_stride = [&](auto k) {
    if (s.sh == 1) f(k, Count<1>());
    else f(k, Count<2>());
  };
  if (s.kh == 3) by_stride(Count<3>());
  else if (s.kh == 5) by_stride(Count<5>());
  else if (s.kh == 7) by_stride(Count<7>());
  else return false;
  return true;
}

// Rows that lie one behind the other.
struct PitchedRows {
  const float* corner;
  int64_t pitch;
  LW_INLINE bool has(int) const { return true; }
  LW_INLINE const float* row(int i) const { return corner + i * pitch; }
  LW_INLINE Floats column(const float* row, int q) const { return load(row + q); }
};

constexpr int64_t kDepthwiseGrain = 262144;  // products that are worth a chunk of their own

// dx is a convolution at stride 1 of the turned window with dy, whose numbers lie as far apart as the stride has them and
// have zeros between and around them.
template <int K, int stride>
static void depthwise_backward_input(Context* context, const ConvShape& s, float* dx, const float* dy,
                                     const float* weight) {
#if defined(__AVX512F__)
  if constexpr (stride == 1) {
    float* turned = (float*)context->scratch(context, 1, size_t(s.C * K * K) * sizeof(float));
    if (!turned) return context->fail(context, "[conv2d_backward_input] out of memory for the turned windows");
    for (int64_t c = 0; c < s.C * K * K; c += K * K) {
      for (int t = 0; t < K * K; t++) turned[c + t] = weight[c + K * K - 1 - t];
    }
    ConvShape back = s;
    back.H = s.oh, back.W = s.ow, back.oh = s.H, back.ow = s.W;
    back.ph = K - 1 - s.ph, back.pw = K - 1 - s.pw;
    return convolve_rows_of_planes<K, 1>(context, back, dx, dy, turned, nullptr, Epilogue());
  }
#endif
  constexpr int64_t L = lanes<float>;
  const int64_t top = K - 1 - s.ph, left = K - 1 - s.pw;
  const int64_t height = s.H + K - 1, pitch = ceil_div(s.W, L) * L + K - 1;
  parallel_for(context, s.N * s.C, kDepthwiseGrain / (s.H * s.W * K * K) + 1, [&](int64_t begin, int64_t end) {
    const size_t numbers = size_t(height * pitch + L);
    float* wide = (float*)context->scratch(context, 2, numbers * sizeof(float));
    if (!wide) return context->fail(context, "[conv2d_backward_input] out of memory for a plane");
    // Every plane writes to the same places: the zeros stay.
    memset(wide, 0, numbers * sizeof(float));
    for (int64_t at = begin; at < end; at++) {
      const float* from = dy + at * s.oh * s.ow;
      for (int64_t y = 0; y < s.oh; y++, from += s.ow) {
        float* to = wide + (y * stride + top) * pitch + left;
        for (int64_t x = 0; x < s.ow; x++) to[x * stride] = from[x];
      }
      float turned[K * K];
      for (int t = 0; t < K * K; t++) turned[t] = weight[at % s.C * K * K + K * K - 1 - t];
      sum_plane<K, 1, int(L)>(dx + at * s.H * s.W, s.H, s.W, turned, 0, {},
                      [&](int64_t y, int64_t x) __attribute__((always_inline)) {
                        return PitchedRows{wide + y * pitch + x, pitch};
                      });
    }
  });
}

// Rows of an image as the windows of one plane see them: padded, columns of each phase of the stride side by side.
template <int K, int stride> struct DepthwiseRoom {
  int64_t wide;   // numbers of a row of dy, whole vectors
  int64_t phase;  // numbers of a row's columns of one phase
  int64_t rows;
  explicit DepthwiseRoom(const ConvShape& s)
      : wide(ceil_div(s.ow, lanes<float>) * lanes<float>), phase(wide + (K - 1) / stride), rows((s.oh - 1) * stride + K) {}
  int64_t row() const { return stride * phase; }
  int64_t image() const { return rows * row(); }
};

template <int K, int stride>
static void lay_plane(float* image, const DepthwiseRoom<K, stride>& room, const ConvShape& s, const float* x) {
  for (int64_t u = s.ph; u < smaller(room.rows, s.H + s.ph); u++) {
    const float* from = x + (u - s.ph) * s.W;
    for (int p = 0; p < stride; p++) {
      float* to = image + u * room.row() + p * room.phase;
      const int64_t first = ceil_div(s.pw - p, stride);  // column of the phase that the image begins in
      const int64_t end = smaller(room.phase, ceil_div(s.W + s.pw - p, stride));
      const float* column = from + first * stride + p - s.pw;
      for (int64_t i = first; i < end; i++) to[i] = column[(i - first) * stride];
    }
  }
}

// total[r * K + q] += the products of dy with what tap (r, q) sees.
template <int K, int stride>
static void add_products(Floats* total, const float* image, const DepthwiseRoom<K, stride>& room, const ConvShape& s,
                         const float* dy, Ints inside) {
  constexpr int64_t L = lanes<float>;
  for (int r = 0; r < K; r++) {
    Floats sum[K];
#pragma GCC unroll 7
    for (int q = 0; q < K; q++) sum[q] = Floats{};
    for (int64_t y = 0; y < s.oh; y++) {
      const float *g = dy + y * room.wide, *from = image + (y * stride + r) * room.row();
      auto add = [&](int64_t x, auto is_last) __attribute__((always_inline)) {
        const Floats d = load(g + x);
#pragma GCC unroll 7
        for (int q = 0; q < K; q++) {
          Floats seen = load(from + q % stride * room.phase + q / stride + x);
          // Zeros behind a row of dy must not meet infinities.
          if constexpr (decltype(is_last)::value) seen = (Floats)((Ints)seen & inside);
          sum[q] += d * seen;
        }
      };
      int64_t x = 0;
      for (; x + L < room.wide; x += L) add(x, Count<0>());
      add(x, Count<1>());
    }
#pragma GCC unroll 7
    for (int q = 0; q < K; q++) total[r * K + q] += sum[q];
  }
}

#if defined(__AVX512F__)
// The same straight from the image, tile by tile of dy.
template <int K, int stride, bool is_narrow>
static void add_products_of_tiles(Floats (&total)[K * K], const ConvShape& s, const float* x, const float* dy) {
  using Rows = ImageRows<K, stride, is_narrow>;
  Floats sums[K * K];  // in registers
#pragma GCC unroll 25
  for (int t = 0; t < K * K; t++) sums[t] = total[t];
  for (int64_t left = 0; left < s.ow; left += Rows::kResults) {
    const __mmask16 inside = __mmask16((1u << smaller(Rows::kResults, s.ow - left)) - 1);
    Rows rows(x, s, -s.ph, left * stride - s.pw);
    for (int64_t y = 0; y < s.oh; y++, rows.top += stride, rows.corner += stride * s.W) {
      const __m512 d = _mm512_maskz_loadu_ps(inside, dy + y * s.ow + left);
#pragma GCC unroll 5
      for (int r = 0; r < K; r++) {
        if (!rows.has(r)) continue;
        const auto row = rows.row(r);
#pragma GCC unroll 5
        for (int q = 0; q < K; q++) {
          // Numbers behind a row of dy must not meet infinities.
          const __m512 seen = (__m512)rows.column(row, q);
          sums[r * K + q] = (Floats)_mm512_mask3_fmadd_ps(d, seen, (__m512)sums[r * K + q], inside);
        }
      }
    }
  }
#pragma GCC unroll 25
  for (int t = 0; t < K * K; t++) total[t] = sums[t];
}

// For windows whose sums are kept in registers.
template <int K, int stride>
static void depthwise_backward_weight_of_tiles(Context* context, const ConvShape& s, float* dweight, const float* dy,
                                               const float* x) {
  const int64_t plane = s.oh * s.ow;
  parallel_for(context, s.C, kPlaneGrain / (s.N * plane * K * K + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; c++) {
      Floats total[K * K] = {};
      for (int64_t n = 0; n < s.N; n++) {
        const int64_t at = n * s.C + c;
        const float *image = x + at * s.H * s.W, *g = dy + at * plane;
        if (prefers_narrow<K, stride>(s)) add_products_of_tiles<K, stride, true>(total, s, image, g);
        else add_products_of_tiles<K, stride, false>(total, s, image, g);
      }
      for (int t = 0; t < K * K; t++) dweight[c * K * K + t] = float(sum_lanes(total[t]));
    }
  });
}
#endif

template <int K, int stride>
static void depthwise_backward_weight(Context* context, const ConvShape& s, float* dweight, const float* dy,
                                      const float* x) {
#if defined(__AVX512F__)
  if constexpr (K <= 5) return depthwise_backward_weight_of_tiles<K, stride>(context, s, dweight, dy, x);
#endif
  constexpr int64_t L = lanes<float>;
  const DepthwiseRoom<K, stride> room(s);
  const int64_t plane = s.oh * s.ow;
  Ints inside;
  for (int i = 0; i < L; i++) inside[i] = room.wide - L + i < s.ow ? -1 : 0;
  parallel_for(context, s.C, kDepthwiseGrain / (s.N * plane * K * K + 1) + 1, [&](int64_t begin, int64_t end) {
    const size_t numbers = size_t(room.image() + s.oh * room.wide);
    float* image = (float*)context->scratch(context, 2, numbers * sizeof(float));
    if (!image) return context->fail(context, "[conv2d_backward_weight] out of memory for a plane");
    memset(image, 0, numbers * sizeof(float));
    float* g = image + room.image();
    for (int64_t c = begin; c < end; c++) {
      Floats total[K * K] = {};
      for (int64_t n = 0; n < s.N; n++) {
        lay_plane(image, room, s, x + (n * s.C + c) * s.H * s.W);
        const float* from = dy + (n * s.C + c) * plane;
        for (int64_t y = 0; y < s.oh; y++) memcpy(g + y * room.wide, from + y * s.ow, size_t(s.ow) * sizeof(float));
        add_products(total, image, room, s, g, inside);
      }
      for (int t = 0; t < K * K; t++) dweight[c * K * K + t] = float(sum_lanes(total[t]));
    }
  });
}

}  // namespace layerwise::NS
