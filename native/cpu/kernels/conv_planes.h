// Convolutions that sum over few channels: depthwise ones and those of the first layer. Pixels lie side by side in vectors,
// as they do in the image: a band of padded rows is laid out so that every tap is a shift of it, and then rows are one long
// run. Windows of many channels are refused; products of panels are faster there.
#pragma once
#include "conv_taps.h"

namespace layerwise::NS {

constexpr int64_t kPlaneChannels = 4, kPlaneTaps = 256, kPlaneStride = 4;  // at most
constexpr int64_t kPlaneWidth = 8192;                                       // bands are of whole rows

LW_STATIC bool suits_planes(const ConvShape& s) {
  const int64_t taps = s.Cg * s.kh * s.kw;
  return s.Cg <= kPlaneChannels && taps > 0 && taps <= kPlaneTaps && s.sh <= kPlaneStride && s.sw <= kPlaneStride &&
         s.W <= kPlaneWidth;
}

// How a band of rows lies in scratch: [channel][row phase][copy of columns][row][pitch]. Row phase p of a stride has the
// rows p, p + stride, ... of the padded image, so that neighbouring results read neighbouring numbers.
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
static void lay_band(compute<S>* band, const BandLayout& l, const ConvShape& s, const S* x, int64_t first, bool is_clean) {
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

template <int of> struct Count { static constexpr int value = of; };

// out[f][i] = bias[f] + the sum over taps of w[tap][f] * band[taps[tap] + i] for F filters and `count` numbers, which are
// V vectors, the last one perhaps not whole.
template <class S, class T, int F, int V>
LW_STATIC void sum_taps(S* out, int64_t stride, int64_t count, const T* band, const int64_t* taps, int64_t n, const T* w,
                        const T* bias) {
  constexpr int L = int(lanes<T>);
  vector<T> sum[F][V];
#pragma GCC unroll 8
  for (int f = 0; f < F; f++) {
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) sum[f][v] = vector<T>{};
  }
  for (int64_t t = 0; t < n; t++) {
    const T* from = band + taps[t];
    vector<T> x[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) x[v] = load(from + v * L);
#pragma GCC unroll 8
    for (int f = 0; f < F; f++) {
      const vector<T> tap = broadcast(w[t * F + f]);
#pragma GCC unroll 8
      for (int v = 0; v < V; v++) sum[f][v] += x[v] * tap;
    }
  }
  const int64_t last = count - (V - 1) * L;
#pragma GCC unroll 8
  for (int f = 0; f < F; f++) {
    S* to = out + f * stride;
#pragma GCC unroll 8
    for (int v = 0; v < V - 1; v++) store(to + v * L, sum[f][v] + bias[f]);
    const vector<T> rest = sum[f][V - 1] + bias[f];
    if (last == L) store(to + (V - 1) * L, rest);
    else store_some(to + (V - 1) * L, rest, last);
  }
}

// So many filters and vectors of each fill the registers.
#if defined(__AVX512F__)
constexpr int kPlaneFilters = 8, kPlaneVectors = 3;
#else
constexpr int kPlaneFilters = 4, kPlaneVectors = 2;
#endif
constexpr int kOneVectors = 8;  // of one filter

// Any count, in runs of even length.
template <class S, class T, int F>
static void sum_run(S* out, int64_t stride, int64_t count, const T* band, const BandLayout& l, int64_t n, const T* w,
                    const T* bias) {
  constexpr int64_t L = lanes<T>, most = F > 1 ? kPlaneVectors : kOneVectors;
  const int64_t vectors = ceil_div(count, L), runs = ceil_div(vectors, most);
  for (int64_t run = 0, begin = 0; run < runs; run++) {
    const int64_t end = vectors * (run + 1) / runs;
    auto go = [&](auto v) __attribute__((always_inline)) {
      constexpr int V = decltype(v)::value;
      if constexpr (V <= most) {
        sum_taps<S, T, F, V>(out + begin * L, stride, smaller(count, end * L) - begin * L, band + begin * L, l.taps, n, w,
                             bias);
      }
    };
    switch (end - begin) {
      case 1: go(Count<1>()); break;
      case 2: go(Count<2>()); break;
      case 3: go(Count<3>()); break;
      case 4: go(Count<4>()); break;
      case 5: go(Count<5>()); break;
      case 6: go(Count<6>()); break;
      case 7: go(Count<7>()); break;
      default: go(Count<8>());
    }
    begin = end;
  }
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

// The first n of a vector, n <= lanes.
LW_STATIC void store_front(float* p, Floats x, int64_t n) {
#if defined(__AVX2__) && !defined(__AVX512F__)
  const Ints lane = {0, 1, 2, 3, 4, 5, 6, 7};
  _mm256_maskstore_ps(p, (__m256i)(lane < int(n)), (__m256)x);
#else
  if (n == lanes<float>) store(p, x);
  else store_some(p, x, n);
#endif
}

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
                                    const float* weight, const float* bias) {
  parallel_for(context, s.N * s.O, 262144 / (s.oh * s.ow * K * K) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at++) {
      const int64_t image = at / s.O, filter = at % s.O;
      const float* from = x + (image * s.C + filter / s.Og) * s.H * s.W;
      sum_plane<K, stride>(out + at * s.oh * s.ow, s.oh, s.ow, weight + filter * K * K, bias ? bias[filter] : 0,
                           [&](int64_t y, int64_t x) __attribute__((always_inline)) {
                             return ImageRows<K, stride>(from, s, y * stride - s.ph, x * stride - s.pw);
                           });
    }
  });
}
#endif

// Weights as sum_taps reads them: of each group blocks of kPlaneFilters filters, [tap][filter], then single ones.
template <class S> static void pack_taps(compute<S>* to, const ConvShape& s, const S* weight, int64_t n) {
  for (int64_t o = 0; o < s.O;) {
    const int64_t F = o % s.Og + kPlaneFilters <= s.Og ? kPlaneFilters : 1;
    for (int64_t i = 0; i < F; i++) {
      for (int64_t t = 0; t < n; t++) to[t * F + i] = get(weight + (o + i) * n + t);
    }
    o += F, to += F * n;
  }
}

template <class S>
void convolve_planes(Context* context, const ConvShape& s, S* out, const S* x, const S* weight, const S* bias) {
  using T = compute<S>;
#if defined(__AVX512F__)
  if constexpr (is_same<S, float>) {
    const bool is_done = with_rows(s, [&](auto k, auto step) {
      convolve_rows_of_planes<decltype(k)::value, decltype(step)::value>(context, s, out, x, weight, bias);
    });
    if (is_done) return;
  }
#endif
  constexpr int64_t L = lanes<T>, band_numbers = 4096;
  const int64_t n = s.Cg * s.kh * s.kw, plane = s.oh * s.ow;
  const bool is_tight = s.Og >= kPlaneFilters;
  // Bands of so many rows that they stay close, but are not mostly what two of them share.
  const int64_t row = BandLayout(s, 1, 0, is_tight).numbers / larger(1, 1 + (s.kh - 1) * s.dh / s.sh);
  const int64_t most = larger(larger(4, 2 * (s.kh - 1) * s.dh / s.sh), band_numbers / larger(1, row));
  const int64_t height = ceil_div(s.oh, ceil_div(s.oh, most)), bands = ceil_div(s.oh, height);
  const BandLayout l(s, height, (kOneVectors + 1) * L, is_tight);
  const int64_t sums_numbers = is_tight ? 0 : (ceil_div(height * l.pitch, L) + 1) * L;
  const T* packed = (const T*)weight;
  if (!is_same<S, T> || is_tight) {
    T* room = (T*)context->scratch(context, 1, size_t(s.O * n) * sizeof(T));
    if (!room) return context->fail(context, "[conv2d] out of memory for the packed weights");
    pack_taps(room, s, weight, n);
    packed = room;
  }
  const int64_t work = s.Og * height * l.pitch * n;
  parallel_for(context, s.N * s.groups * bands, 262144 / larger(1, work) + 1, [&](int64_t begin, int64_t end) {
    T* band = (T*)context->scratch(context, 2, size_t(l.numbers) * sizeof(T));
    T* sums = (T*)context->scratch(context, 3, size_t(sums_numbers) * sizeof(T));
    if (!band || (sums_numbers > 0 && !sums)) return context->fail(context, "[conv2d] out of memory for a band of rows");
    memset(band, 0, size_t(l.numbers) * sizeof(T));
    for (int64_t at = begin; at < end; at++) {
      const int64_t image = at / bands / s.groups, group = at / bands % s.groups;
      const int64_t first = at % bands * height, rows = smaller(height, s.oh - first);
      lay_band(band, l, s, x + (image * s.C + group * s.Cg) * s.H * s.W, first, bands == 1);
      auto filters = [&](auto count, int64_t f) __attribute__((always_inline)) {
        constexpr int F = decltype(count)::value;
        const int64_t filter = group * s.Og + f;
        S* to = out + (image * s.O + filter) * plane + first * s.ow;
        T extra[F];
        for (int i = 0; i < F; i++) extra[i] = bias ? get(bias + filter + i) : T(0);
        if constexpr (is_same<S, float> && F == 1) {
          // Rows much shorter than a vector are better off as one run.
          const bool is_done = s.ow > L / 3 && with_rows(s, [&](auto k, auto step) {
            constexpr int K = decltype(k)::value, stride = decltype(step)::value;
            sum_plane<K, stride>(to, rows, s.ow, packed + filter * n, extra[0],
                                 [&](int64_t y, int64_t x) __attribute__((always_inline)) {
                                   return BandRows<stride>{band + y * l.pitch + x, l};
                                 });
          });
          if (is_done) return;
        }
        const T* w = packed + filter * n;
        if (is_tight) return sum_run<S, T, F>(to, plane, rows * s.ow, band, l, n, w, extra);
        if constexpr (F == 1) {
          sum_run<T, T, 1>(sums, 0, (rows - 1) * l.pitch + s.ow, band, l, n, w, extra);
          join_rows(to, sums, rows, s.ow, l.pitch, rows * s.ow);
        }
      };
      int64_t f = 0;
      for (; f + kPlaneFilters <= s.Og; f += kPlaneFilters) filters(Count<kPlaneFilters>(), f);
      for (; f < s.Og; f++) filters(Count<1>(), f);
    }
  });
}

}  // namespace layerwise::NS
