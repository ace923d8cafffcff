// Bands of rows of an image, padded and laid out so that every tap of a window is a shift of one run of numbers, for
// the kernels that compute convolutions over few channels without gathering windows. No sums here.
#pragma once
#include "conv_taps.h"

namespace layerwise::NS {

template <int of> struct Count { static constexpr int value = of; };

// So many filters and vectors of each fill the registers.
#if defined(__AVX512F__)
constexpr int kPlaneFilters = 8, kPlaneVectors = 3;
#else
constexpr int kPlaneFilters = 4, kPlaneVectors = 2;
#endif
constexpr int kOneVectors = 8;  // of one filter

constexpr int64_t kPlaneChannels = 8, kPlaneTaps = 256, kPlaneStride = 4;  // at most
constexpr int64_t kPlaneWidth = 8192;                                       // bands are of whole rows

LW_STATIC bool suits_planes(const ConvShape& s) {
  const int64_t taps = s.Cg * s.kh * s.kw;
  return s.Cg <= kPlaneChannels && taps > 0 && taps <= kPlaneTaps && s.sh <= kPlaneStride && s.sw <= kPlaneStride &&
         s.W <= kPlaneWidth;
}

// How a band of rows lies in scratch: [channel][row phase][copy of columns][row][pitch]. Row phase p of a stride has
// the rows p, p + stride, ... of the padded image, so that neighbouring results read neighbouring numbers.
// For few filters columns lie likewise, and at stride 1 the padding on the right of a row is the one on the left of the
// next; a run of rows has numbers between them that are dropped. For many filters it pays to copy the columns of each
// tap: then rows are as long as those of the result.
struct BandLayout {
  int64_t copies, between;  // copies of columns, and how many columns one begins after the other
  int64_t pitch, rows, copy, channel, numbers;
  bool row_phases[kPlaneStride], is_read[kPlaneTaps];  // row phases and copies that a tap reads
  int64_t taps[kPlaneTaps];                            // where each one begins

  BandLayout(const ConvShape& s, int64_t height, int64_t slack, bool is_tight) {
    copies = is_tight ? s.kw : s.sw;
    between = is_tight ? s.dw : 1;
    pitch = is_tight ? s.ow : s.sw == 1 ? s.W + s.pw : ceil_div(s.W + 2 * s.pw, s.sw);
    rows = height + (s.kh - 1) * s.dh / s.sh;
    copy = rows * pitch;
    channel = s.sh * copies * copy;
    numbers = s.Cg * channel + s.pw + s.kw * s.dw + slack;
    for (bool& is : row_phases) is = false;
    for (bool& is : is_read) is = false;
    int64_t* to = taps;
    for (int64_t c = 0; c < s.Cg; c++) {
      for (int64_t r = 0; r < s.kh; r++) {
        for (int64_t q = 0; q < s.kw; q++) {
          const int64_t y = r * s.dh, x = q * s.dw, at = is_tight ? q : x % s.sw;
          row_phases[y % s.sh] = is_read[at] = true;
          *to++ = c * channel + (y % s.sh * copies + at) * copy + y / s.sh * pitch + (is_tight ? 0 : x / s.sw);
        }
      }
    }
  }
};

// The first n of a vector, 0 < n <= lanes; nothing behind them is read.
LW_STATIC Floats load_front(const float* p, int64_t n) {
#if defined(__AVX2__) && !defined(__AVX512F__)
  const Ints lane = {0, 1, 2, 3, 4, 5, 6, 7};
  return (Floats)_mm256_maskload_ps(p, (__m256i)(lane < int(n)));
#else
  return n == lanes<float> ? load(p) : load_some(p, n, 0.0f);
#endif
}

// Writes the first n of a vector, 0 < n <= lanes.
LW_STATIC void store_front(float* p, Floats x, int64_t n) {
#if defined(__AVX2__) && !defined(__AVX512F__)
  const Ints lane = {0, 1, 2, 3, 4, 5, 6, 7};
  _mm256_maskstore_ps(p, (__m256i)(lane < int(n)), (__m256)x);
#else
  if (n == lanes<float>) store(p, x);
  else store_some(p, x, n);
#endif
}

// out[i] = in[i * step], i < n, nothing read or written behind the last.
template <class S> LW_STATIC void copy_row(compute<S>* out, const S* in, int64_t n, int64_t step) {
  constexpr int64_t L = lanes<S>;
  int64_t i = 0;
  if (step == 1) {
    for (; i + L <= n; i += L) store(out + i, load(in + i));
    if (i < n) store_some(out + i, load_some(in + i, n - i, 0), n - i);
    return;
  }
  if constexpr (is_same<compute<S>, float>) {
    if (step == 2) {
      Ints even;
      for (int64_t k = 0; k < L; k++) even[k] = 2 * k;
      for (; i + L < n; i += L) store(out + i, __builtin_shuffle(load(in + 2 * i), load(in + 2 * i + L), even));
      if constexpr (LW_VECTOR_BYTES == 64 && is_same<S, float>) {
        const int64_t left = 2 * (n - i) - 1;  // numbers up to the last one that is wanted
        if (left <= 0) return;
        const Floats low = load_some(in + 2 * i, smaller(left, L), 0);
        const Floats high = left > L ? load_some(in + 2 * i + L, left - L, 0) : Floats{};
        return store_some(out + i, __builtin_shuffle(low, high, even), n - i);
      }
    }
  }
  for (; i < n; i++) out[i] = get(in + i * step);
}

// Rows of the padded image under the results [first, first + height) of one group. The padding is zero already, except
// for rows above and below the image where an earlier band may have left others.
template <class S>
static void lay_band(compute<S>* band, const BandLayout& l, const ConvShape& s, const S* x, int64_t first,
                     bool is_clean) {
  using T = compute<S>;
  for (int64_t c = 0; c < s.Cg; c++) {
    for (int64_t py = 0; py < s.sh; py++) {
      const int64_t top = first * s.sh + py - s.ph;
      for (int64_t i = 0; i < l.copies; i++) {
        if (!l.row_phases[py] || !l.is_read[i]) continue;
        const int64_t px = i * l.between;
        const int64_t left = smaller(l.pitch, s.pw > px ? ceil_div(s.pw - px, s.sw) : 0);
        const int64_t end = smaller(l.pitch, s.W + s.pw > px ? ceil_div(s.W + s.pw - px, s.sw) : 0);
        const S* corner = x + c * s.H * s.W + left * s.sw + px - s.pw;
        T* to = band + c * l.channel + (py * l.copies + i) * l.copy;
        for (int64_t j = 0, y = top; j < l.rows; j++, y += s.sh, to += l.pitch) {
          if (y >= 0 && y < s.H) copy_row(to + left, corner + y * s.W, end - left, s.sw);
          else if (!is_clean) memset(to, 0, size_t(l.pitch) * sizeof(T));
        }
      }
    }
  }
}

}  // namespace layerwise::NS
