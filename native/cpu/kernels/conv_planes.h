// Convolutions that sum over few channels: depthwise ones and those of the first layer. Pixels lie side by side in vectors,
// as they do in the image: a band of padded rows is laid out so that every tap is a shift of it, and then rows are one long
// run. Windows of many channels are refused; products of panels are faster there.
#pragma once
#include "conv_taps.h"

namespace layerwise::NS {

constexpr int64_t kPlaneChannels = 4, kPlaneTaps = 128, kPlaneStride = 4;  // at most

LW_STATIC bool suits_planes(const ConvShape& s) {
  return s.Cg <= kPlaneChannels && s.Cg * s.kh * s.kw <= kPlaneTaps && s.sh <= kPlaneStride && s.sw <= kPlaneStride &&
         s.Cg * s.kh * s.kw > 0;
}

// How a band of rows lies in scratch: [channel][row phase][column phase][row][pitch]. Phase p of a stride has the rows
// (columns) p, p + stride, ... of the padded image, so that neighbouring results read neighbouring numbers. At stride 1
// the padding on the right of a row is the one on the left of the next.
struct BandLayout {
  int64_t pitch, rows, phase, channel, numbers;
  bool row_phases[kPlaneStride], column_phases[kPlaneStride];  // which of them a tap reads
  int64_t taps[kPlaneTaps];                                    // where each one begins

  BandLayout(const ConvShape& s, int64_t height, int64_t slack) {
    pitch = s.sw == 1 ? s.W + s.pw : ceil_div(s.W + 2 * s.pw, s.sw);
    rows = height + (s.kh - 1) * s.dh / s.sh;
    phase = rows * pitch;
    channel = s.sh * s.sw * phase;
    numbers = s.Cg * channel + s.pw + s.kw * s.dw + slack;
    for (int64_t p = 0; p < kPlaneStride; p++) row_phases[p] = column_phases[p] = false;
    int64_t* to = taps;
    for (int64_t c = 0; c < s.Cg; c++) {
      for (int64_t r = 0; r < s.kh; r++) {
        for (int64_t q = 0; q < s.kw; q++) {
          const int64_t y = r * s.dh, x = q * s.dw;
          row_phases[y % s.sh] = column_phases[x % s.sw] = true;
          *to++ = c * channel + (y % s.sh * s.sw + x % s.sw) * phase + y / s.sh * pitch + x / s.sw;
        }
      }
    }
  }
};

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
    }
  }
  for (; i < n; i++) out[i] = get(in + i * step);
}

// Rows of the padded image under the results [first, first + height) of one group.
template <class S>
static void lay_band(compute<S>* band, const BandLayout& l, const ConvShape& s, const S* x, int64_t first) {
  using T = compute<S>;
  for (int64_t c = 0; c < s.Cg; c++) {
    for (int64_t py = 0; py < s.sh; py++) {
      for (int64_t px = 0; px < s.sw; px++) {
        if (!l.row_phases[py] || !l.column_phases[px]) continue;
        const int64_t left = smaller(l.pitch, s.pw > px ? ceil_div(s.pw - px, s.sw) : 0);
        const int64_t end = s.W + s.pw > px ? ceil_div(s.W + s.pw - px, s.sw) : 0, last = larger(left, smaller(l.pitch, end));
        const S* corner = x + c * s.H * s.W + left * s.sw + px - s.pw;
        T* to = band + c * l.channel + (py * s.sw + px) * l.phase;
        for (int64_t j = 0; j < l.rows; j++, to += l.pitch) {
          const int64_t y = (first + j) * s.sh + py - s.ph;
          if (y < 0 || y >= s.H) {
            memset(to, 0, size_t(l.pitch) * sizeof(T));
            continue;
          }
          for (int64_t i = 0; i < left; i++) to[i] = 0;
          copy_row(to + left, corner + y * s.W, last - left, s.sw);
          for (int64_t i = last; i < l.pitch; i++) to[i] = 0;
        }
      }
    }
  }
}

// sums[f][i] = bias[f] + the sum over taps of w[tap][f] * band[taps[tap] + i] for F filters and V vectors.
template <class T, int F, int V>
LW_STATIC void sum_taps(T* sums, int64_t stride, const T* band, const int64_t* taps, int64_t n, const T* w, const T* bias) {
  constexpr int L = int(lanes<T>);
  vector<T> sum[F][V];
#pragma GCC unroll 4
  for (int f = 0; f < F; f++) {
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) sum[f][v] = vector<T>{};
  }
  for (int64_t t = 0; t < n; t++) {
    const T* from = band + taps[t];
    vector<T> x[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) x[v] = load(from + v * L);
#pragma GCC unroll 4
    for (int f = 0; f < F; f++) {
      const vector<T> tap = broadcast(w[t * F + f]);
#pragma GCC unroll 8
      for (int v = 0; v < V; v++) sum[f][v] += x[v] * tap;
    }
  }
#pragma GCC unroll 4
  for (int f = 0; f < F; f++) {
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) store(sums + f * stride + v * L, sum[f][v] + bias[f]);
  }
}

constexpr int kPlaneFilters = 4;
template <int F> constexpr int kPlaneVectors = LW_VECTOR_BYTES == 64 && F > 1 ? 4 : F > 1 ? 2 : 8;

// `count` numbers of F filters, whole vectors written.
template <class T, int F>
static void sum_run(T* sums, int64_t stride, int64_t count, const T* band, const BandLayout& l, int64_t n, const T* w,
                    const T* bias) {
  constexpr int64_t L = lanes<T>, V = kPlaneVectors<F>;
  int64_t i = 0;
  for (; i + (V - 1) * L < count; i += V * L) sum_taps<T, F, V>(sums + i, stride, band + i, l.taps, n, w, bias);
  if (i + (V / 2 - 1) * L < count) {
    sum_taps<T, F, V / 2>(sums + i, stride, band + i, l.taps, n, w, bias);
    i += V / 2 * L;
  }
  for (; i < count; i += L) sum_taps<T, F, 1>(sums + i, stride, band + i, l.taps, n, w, bias);
}

// Rows of `width` numbers, `pitch` apart, one behind the other; up to `room` numbers may be written.
template <class S>
LW_STATIC void join_rows(S* out, const compute<S>* sums, int64_t rows, int64_t width, int64_t pitch, int64_t room) {
  constexpr int64_t L = lanes<S>;
  const S* end = out + room;
  for (int64_t y = 0; y < rows; y++, out += width, sums += pitch) {
    for (int64_t x = 0; x < width; x += L) {
      // What is written too far is written again.
      if (out + x + L <= end) store(out + x, load(sums + x));
      else store_some(out + x, load(sums + x), smaller(L, width - x));
    }
  }
}

template <int of> struct Count { static constexpr int value = of; };

template <class S>
void convolve_planes(Context* context, const ConvShape& s, S* out, const S* x, const S* weight, const S* bias) {
  using T = compute<S>;
  constexpr int64_t L = lanes<T>, band_numbers = 4096;
  const int64_t n = s.Cg * s.kh * s.kw, plane = s.oh * s.ow;
  const int64_t row = (s.sw == 1 ? s.W + s.pw : ceil_div(s.W + 2 * s.pw, s.sw)), reach = (s.kh - 1) * s.dh / s.sh;
  // Bands of so many rows that they stay close, but are not mostly what two of them share.
  const int64_t most = larger(larger(4, 2 * reach), band_numbers / larger(1, row * s.sh * s.sw * s.Cg));
  const int64_t bands = ceil_div(s.oh, most), height = ceil_div(s.oh, bands);
  const BandLayout l(s, height, 8 * L);
  const int64_t sums_stride = ceil_div(height * l.pitch, L) * L + 8 * L;
  const int64_t work = s.Og * height * l.pitch * n;
  parallel_for(context, s.N * s.groups * bands, 262144 / larger(1, work) + 1, [&](int64_t begin, int64_t end) {
    T* band = (T*)context->scratch(context, 2, size_t(l.numbers) * sizeof(T));
    T* sums = (T*)context->scratch(context, 3, size_t(kPlaneFilters * sums_stride) * sizeof(T));
    if (!band || !sums) return context->fail(context, "[conv2d] out of memory for a band of rows");
    memset(band, 0, size_t(l.numbers) * sizeof(T));
    for (int64_t at = begin; at < end; at++) {
      const int64_t image = at / bands / s.groups, group = at / bands % s.groups;
      const int64_t first = at % bands * height, rows = smaller(height, s.oh - first);
      if (rows <= 0) continue;
      lay_band(band, l, s, x + (image * s.C + group * s.Cg) * s.H * s.W, first);
      const int64_t count = (rows - 1) * l.pitch + s.ow;
      auto filters = [&](auto size, int64_t f) __attribute__((always_inline)) {
        constexpr int F = decltype(size)::value;
        T w[F * kPlaneTaps], extra[F];
        for (int i = 0; i < F; i++) {
          const int64_t filter = group * s.Og + f + i;
          for (int64_t t = 0; t < n; t++) w[t * F + i] = get(weight + filter * n + t);
          extra[i] = bias ? get(bias + filter) : T(0);
        }
        sum_run<T, F>(sums, sums_stride, count, band, l, n, w, extra);
        for (int i = 0; i < F; i++) {
          S* to = out + (image * s.O + group * s.Og + f + i) * plane + first * s.ow;
          join_rows(to, sums + i * sums_stride, rows, s.ow, l.pitch, rows * s.ow);
        }
      };
      int64_t f = 0;
      for (; f + kPlaneFilters <= s.Og; f += kPlaneFilters) filters(Count<kPlaneFilters>(), f);
      for (; f < s.Og; f++) filters(Count<1>(), f);
    }
  });
}

}  // namespace layerwise::NS
