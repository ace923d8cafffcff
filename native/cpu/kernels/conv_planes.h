// Convolutions that sum over few channels: depthwise ones and those of the first layer. Pixels lie side by side in
// vectors, as they do in the image, and every tap is a shift of a band of rows. Windows of many channels are refused;
// products of panels are faster there.
#pragma once
#include "conv_depthwise.h"

namespace layerwise::NS {

// out[f][i] = bias[f] + the sum over taps of w[tap][f] * band[taps[tap] + i] for F filters and `count` numbers, which
// are V vectors, the last one perhaps not whole.
template <class S, class T, int F, int V>
LW_STATIC void sum_taps(S* out, int64_t stride, int64_t count, const T* band, const int64_t* taps, int64_t n,
                        const T* w, const T* bias) {
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
        const int64_t some = smaller(count, end * L) - begin * L;
        sum_taps<S, T, F, V>(out + begin * L, stride, some, band + begin * L, l.taps, n, w, bias);
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

// A group's weights as sum_taps reads them: blocks of kPlaneFilters filters, [tap][filter], then single ones.
template <class S> static void pack_taps(compute<S>* to, int64_t filters, const S* weight, int64_t n) {
  for (int64_t o = 0; o < filters;) {
    const int64_t F = o + kPlaneFilters <= filters ? kPlaneFilters : 1;
    pack_panel(to, int(F), int(F), weight + o * n, n, 1, n);
    o += F, to += F * n;
  }
}

template <class S>
void convolve_planes(Context* context, const ConvShape& s, S* out, const S* x, const S* weight, const S* bias,
                     const Epilogue& epilogue) {
  using T = compute<S>;
  if (s.N * s.O * s.oh * s.ow == 0) return;
#if defined(__AVX512F__)
  if constexpr (is_same<S, float>) {
    const bool is_done = with_rows(s, [&](auto k, auto step) {
      convolve_rows_of_planes<decltype(k)::value, decltype(step)::value>(context, s, out, x, weight, bias, epilogue);
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
    parallel_for(context, s.groups, 16384 / larger(1, s.Og * n) + 1, [&](int64_t begin, int64_t end) {
      for (int64_t g = begin * s.Og; g < end * s.Og; g += s.Og) pack_taps(room + g * n, s.Og, weight + g * n, n);
    });
    packed = room;
  }
  const int64_t work = s.Og * height * l.pitch * n;
  parallel_for(context, s.N * s.groups * bands, 262144 / larger(1, work) + 1, [&](int64_t begin, int64_t end) {
    T* band = (T*)context->scratch(context, 2, size_t(l.numbers) * sizeof(T));
    T* sums = (T*)context->scratch(context, 3, size_t(sums_numbers) * sizeof(T));
    if (!band || (sums_numbers > 0 && !sums)) {
      return context->fail(context, "[conv2d] out of memory for a band of rows");
    }
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
        bool is_done = false;
        if constexpr (is_same<S, float> && F == 1) {
          // Rows much shorter than a vector are better off as one run.
          is_done = s.ow > L / 3 && with_rows(s, [&](auto k, auto step) {
            constexpr int K = decltype(k)::value, stride = decltype(step)::value;
            sum_plane<K, stride, int(L)>(to, rows, s.ow, packed + filter * n, extra[0], ChannelEpilogue(),
                                 [&](int64_t y, int64_t x) __attribute__((always_inline)) {
                                   return BandRows<stride>{band + y * l.pitch + x, l};
                                 });
          });
        }
        const T* w = packed + filter * n;
        if (is_done) {
        } else if (is_tight) {
          sum_run<S, T, F>(to, plane, rows * s.ow, band, l, n, w, extra);
        } else if constexpr (F == 1) {
          sum_run<T, T, 1>(sums, 0, (rows - 1) * l.pitch + s.ow, band, l, n, w, extra);
          join_rows(to, sums, rows, s.ow, l.pitch, rows * s.ow);
        }
        for (int i = 0; i < F; i++) conclude(epilogue, to + i * plane, rows * s.ow, filter + i);
      };
      int64_t f = 0;
      for (; f + kPlaneFilters <= s.Og; f += kPlaneFilters) filters(Count<kPlaneFilters>(), f);
      for (; f < s.Og; f++) filters(Count<1>(), f);
    }
  });
}

}  // namespace layerwise::NS
