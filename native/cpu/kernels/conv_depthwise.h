// Depthwise convolutions by square windows of 3, 5 or 7: a vector is a run of one row of the result, several rows at a
// time, and what is loaded serves all of them. Other windows, strides beyond 2 and dilation are refused.
#pragma once
#include "conv_band.h"

namespace layerwise::NS {

// Where rows of windows are read: from a band ...
template <int stride> struct BandRows {
  const float* corner;  // of the window of the first result
  const BandLayout& l;
  // Column q of the windows in row i, for results side by side.
  LW_INLINE Floats at(int i, int q) const {
    return load(corner + (i % stride * stride + q % stride) * l.copy + i / stride * l.pitch + q / stride);
  }
};

#if defined(__AVX512F__)
// ... or from the image, where masks stand for the padding.
template <int K, int stride> struct ImageRows {
  const float* corner;
  int64_t top, H, W;
  uint32_t inside[K];  // of each column, the numbers from it on that are in the image
  Ints even, odd;

  // Windows from (top, left) on, which may lie outside.
  ImageRows(const float* x, const ConvShape& s, int64_t top, int64_t left)
      : corner(x + top * s.W + left), top(top), H(s.H), W(s.W) {
    for (int q = 0; q < K; q++) {
      const int64_t before = smaller(32, larger(0, -left - q)), end = larger(0, smaller(32, s.W - left - q));
      inside[q] = uint32_t(((uint64_t(1) << end) - 1) >> before << before);
    }
    for (int i = 0; i < 16; i++) even[i] = 2 * i, odd[i] = 2 * i + 1;
  }
  LW_INLINE Floats at(int i, int q) const {
    const uint32_t is_row = uint64_t(top + i) < uint64_t(H) ? ~0u : 0;
    const int base = stride == 2 ? q / 2 * 2 : q;
    const uint32_t mask = inside[base] & is_row;
    const float* p = corner + i * W + base;
    const Floats low = (Floats)_mm512_maskz_loadu_ps((__mmask16)mask, p);
    if constexpr (stride == 1) return low;
    const Floats high = (Floats)_mm512_maskz_loadu_ps((__mmask16)(mask >> 16), p + 16);
    return __builtin_shuffle(low, high, q % 2 ? odd : even);
  }
};
#endif

// R rows of one filter of K x K taps without dilation, n <= lanes numbers of each: what is loaded serves all rows whose
// windows have it.
template <int K, int stride, int R, class Rows>
LW_STATIC void sum_rows(float* out, int64_t width, const Rows& rows, const float* w, float bias, int64_t n) {
  Floats sum[R];
#pragma GCC unroll 8
  for (int y = 0; y < R; y++) sum[y] = Floats{};
#pragma GCC unroll 24
  for (int i = 0; i < (R - 1) * stride + K; i++) {
#pragma GCC unroll 7
    for (int q = 0; q < K; q++) {
      const Floats x = rows.at(i, q);
#pragma GCC unroll 7
      for (int r = i % stride; r < K; r += stride) {
        const int y = (i - r) / stride;
        if (i >= r && y < R) sum[y] += x * broadcast(w[r * K + q]);
      }
    }
  }
#pragma GCC unroll 8
  for (int y = 0; y < R; y++) store_front(out + y * width, sum[y] + bias, n);
}

// All results of `height` rows; rows_at(y, x): where the windows of the results from there on are read.
template <int K, int stride, class At>
static void sum_plane(float* out, int64_t height, int64_t width, const float* w, float bias, const At& rows_at) {
  constexpr int L = int(lanes<float>), many = LW_VECTOR_BYTES == 64 ? 7 : 4;
  for (int64_t y = 0; y < height;) {
    auto go = [&](auto count) __attribute__((always_inline)) {
      constexpr int R = decltype(count)::value;
      for (int64_t x = 0; x < width; x += L) {
        sum_rows<K, stride, R>(out + y * width + x, width, rows_at(y, x), w, bias, smaller(L, width - x));
      }
      y += R;
    };
    const int64_t left = height - y;
    if (left >= many) go(Count<many>());
    else if (left >= 4) go(Count<4>());
    else if (left >= 2) go(Count<2>());
    else go(Count<1>());
  }
}

// Calls f(Count<K>, Count<stride>) for windows that have a kernel of their own; false for others.
template <class F> LW_STATIC bool with_rows(const ConvShape& s, F f) {
  const bool is_square = s.kh == s.kw && s.sh == s.sw && s.dh == 1 && s.dw == 1;
  if (!is_square || s.Cg > 1 || s.Og >= kPlaneFilters) return false;
  if (s.kh == 3 && s.sh == 1) f(Count<3>(), Count<1>());
  else if (s.kh == 3 && s.sh == 2) f(Count<3>(), Count<2>());
  else if (s.kh == 5 && s.sh == 1) f(Count<5>(), Count<1>());
  else if (s.kh == 5 && s.sh == 2) f(Count<5>(), Count<2>());
  else if (s.kh == 7 && s.sh == 1) f(Count<7>(), Count<1>());
  else return false;
  return true;
}

#if defined(__AVX512F__)
// Planes straight from the image.
template <int K, int stride>
static void convolve_rows_of_planes(Context* context, const ConvShape& s, float* out, const float* x,
                                    const float* weight, const float* bias, const Epilogue& epilogue) {
  parallel_for(context, s.N * s.O, 262144 / (s.oh * s.ow * K * K) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at++) {
      const int64_t image = at / s.O, filter = at % s.O;
      const float* from = x + (image * s.C + filter / s.Og) * s.H * s.W;
      sum_plane<K, stride>(out + at * s.oh * s.ow, s.oh, s.ow, weight + filter * K * K, bias ? bias[filter] : 0,
                           [&](int64_t y, int64_t x) __attribute__((always_inline)) {
                             return ImageRows<K, stride>(from, s, y * stride - s.ph, x * stride - s.pw);
                           });
      conclude(epilogue, out + at * s.oh * s.ow, s.oh * s.ow, filter);
    }
  });
}
#endif

}  // namespace layerwise::NS
