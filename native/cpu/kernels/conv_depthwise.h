// Depthwise convolutions by square windows of 3, 5 or 7: a vector is a run of one row of the result, several rows at a
// time, and what is loaded serves all of them. Other windows, strides beyond 2 and dilation are refused.
#pragma once
#include "conv_band.h"

namespace layerwise::NS {

// Products that are worth a chunk of their own.
constexpr int64_t kPlaneGrain = 65536;

// Where rows of windows are read: from a band ...
template <int stride> struct BandRows {
  const float* corner;  // of the window of the first result
  const BandLayout& l;
  // Row i of the windows, where the image has it, and its column q for results side by side.
  LW_INLINE bool has(int) const { return true; }
  LW_INLINE const float* row(int i) const { return corner + i % stride * stride * l.copy + i / stride * l.pitch; }
  LW_INLINE Floats column(const float* row, int q) const { return load(row + q % stride * l.copy + q / stride); }
};

#if defined(__AVX512F__)
// ... or from the image, where masks stand for the padding: of a row one vector is read, or two where the windows of a
// tile need them, and its columns are shifts of these.
template <int K, int stride, bool is_narrow> struct ImageRows {
  // So many results side by side see no more columns.
  static constexpr int kResults = stride == 1 ? (is_narrow ? 17 - K : 16) : ((is_narrow ? 16 : 32) - K) / 2 + 1;
  struct Row { __m512 low, high; };
  const float* corner;
  int64_t top, H, W;
  __mmask16 low, high;

  // Windows from (top, left) on, which may lie outside.
  ImageRows(const float* x, const ConvShape& s, int64_t top, int64_t left)
      : corner(x + top * s.W + left), top(top), H(s.H), W(s.W) {
    const int64_t before = smaller(32, larger(0, -left)), end = larger(before, smaller(32, s.W - left));
    const uint32_t inside = uint32_t((uint64_t(1) << end) - (uint64_t(1) << before));
    low = __mmask16(inside);
    high = __mmask16(inside >> 16);
  }
  LW_INLINE bool has(int i) const { return uint64_t(top + i) < uint64_t(H); }
  LW_INLINE Row row(int i) const {
    const float* p = corner + i * W;
    const __m512 first = _mm512_maskz_loadu_ps(low, p);
    return {first, is_narrow ? first : _mm512_maskz_loadu_ps(high, p + 16)};
  }
  LW_INLINE Floats column(const Row& row, int q) const {
    if (stride == 1 && q == 0) return (Floats)row.low;
    Ints from;
    for (int i = 0; i < 16; i++) from[i] = i * stride + q;
    if constexpr (is_narrow) return (Floats)_mm512_permutexvar_ps((__m512i)from, row.low);
    return (Floats)_mm512_permutex2var_ps(row.low, (__m512i)from, row.high);
  }
};
#endif

// R rows of one filter of K x K taps without dilation, n <= lanes numbers of each: what is loaded serves all rows whose
// windows have it.
template <int K, int stride, int R, class Rows>
LW_STATIC void sum_rows(float* out, int64_t width, const Rows& rows, const float* w, float bias, int64_t n,
                        const ChannelEpilogue& epilogue) {
  Floats sum[R];
#pragma GCC unroll 8
  for (int y = 0; y < R; y++) sum[y] = Floats{};
#pragma GCC unroll 24
  for (int i = 0; i < (R - 1) * stride + K; i++) {
    if (!rows.has(i)) continue;
    const auto row = rows.row(i);
#pragma GCC unroll 7
    for (int q = 0; q < K; q++) {
      const Floats x = rows.column(row, q);
#pragma GCC unroll 7
      for (int r = i % stride; r < K; r += stride) {
        const int y = (i - r) / stride;
        if (i >= r && y < R) sum[y] += x * broadcast(w[r * K + q]);
      }
    }
  }
#pragma GCC unroll 8
  for (int y = 0; y < R; y++) sum[y] += bias;
  epilogue(sum);
#pragma GCC unroll 8
  for (int y = 0; y < R; y++) store_front(out + y * width, sum[y], n);
}

// All results of `height` rows, so many side by side; rows_at(y, x): where the windows of the results from there on are
// read.
template <int K, int stride, int results, class At>
static void sum_plane(float* out, int64_t height, int64_t width, const float* w, float bias,
                      const ChannelEpilogue& epilogue, const At& rows_at) {
  constexpr int many = LW_VECTOR_BYTES == 64 ? 7 : 4;
  for (int64_t y = 0; y < height;) {
    auto go = [&](auto count) __attribute__((always_inline)) {
      constexpr int R = decltype(count)::value;
      for (int64_t x = 0; x < width; x += results) {
        sum_rows<K, stride, R>(out + y * width + x, width, rows_at(y, x), w, bias, smaller(results, width - x),
                               epilogue);
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
// Do tiles that see one vector of columns take no more of them than those that see two?
template <int K, int stride> LW_STATIC bool prefers_narrow(const ConvShape& s) {
  return ceil_div(s.ow, ImageRows<K, stride, true>::kResults) <= ceil_div(s.ow, ImageRows<K, stride, false>::kResults);
}

// Planes straight from the image.
template <int K, int stride, bool is_narrow>
static void convolve_rows_of_planes(Context* context, const ConvShape& s, float* out, const float* x,
                                    const float* weight, const float* bias, const Epilogue& epilogue) {
  using Rows = ImageRows<K, stride, is_narrow>;
  const int64_t plane = s.oh * s.ow;
  parallel_for(context, s.N * s.O, kPlaneGrain / (plane * K * K) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at++) {
      const int64_t image = at / s.O, filter = at % s.O;
      const float* from = x + (image * s.C + filter / s.Og) * s.H * s.W;
      float* to = out + at * plane;
      sum_plane<K, stride, Rows::kResults>(to, s.oh, s.ow, weight + filter * K * K, bias ? bias[filter] : 0,
                                           epilogue.in_registers(filter),
                                           [&](int64_t y, int64_t x) __attribute__((always_inline)) {
                                             return Rows(from, s, y * stride - s.ph, x * stride - s.pw);
                                           });
      if (epilogue.residual) epilogue(to, plane, filter);
    }
  });
}

template <int K, int stride>
static void convolve_rows_of_planes(Context* context, const ConvShape& s, float* out, const float* x,
                                    const float* weight, const float* bias, const Epilogue& epilogue) {
  if (prefers_narrow<K, stride>(s)) {
    convolve_rows_of_planes<K, stride, true>(context, s, out, x, weight, bias, epilogue);
  } else {
    convolve_rows_of_planes<K, stride, false>(context, s, out, x, weight, bias, epilogue);
  }
}
#endif

}  // namespace layerwise::NS
