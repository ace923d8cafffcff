// Rows of activations for products of eight-bit integers: quantized on the fly, by row or all alike, or taken as the
// integers that they are. Holds no products.
#pragma once
#include "byte_panels.h"

namespace layerwise::NS {

// What is known of one row: its scale, what is still to be taken off its numbers, and the sum of those as they are stored,
// which is made only where weights have zero points.
struct RowFacts {
  float scale;
  int32_t zero, sum;
};

// Rows of x as the loops want them.
template <class Dots> struct Rows {
  const typename Dots::Element* data;
  int64_t stride;
  RowFacts* facts;
  bool is_even;  // all have the scale and the zero of the first
};

// Whole runs, and never a multiple of a page: rows that lie so would fight for the same lines of the cache.
template <class Dots> int64_t row_stride(int64_t k) {
  const int64_t whole = larger(1, ceil_div(k, Dots::kRun)) * Dots::kRun;
  return whole * int64_t(sizeof(typename Dots::Element)) % 512 ? whole : whole + Dots::kRun;
}

// Room for m rows and their numbers, in slot 0.
template <class Dots> bool make_rows(Context* context, Rows<Dots>* rows, int64_t m, int64_t k) {
  rows->stride = row_stride<Dots>(k);
  const int64_t data_bytes = ceil_div(m * rows->stride * int64_t(sizeof(typename Dots::Element)), 64) * 64;
  char* room = (char*)context->scratch(context, 0, size_t(data_bytes + m * int64_t(sizeof(RowFacts))));
  rows->data = (typename Dots::Element*)room;
  rows->facts = (RowFacts*)(room + data_bytes);
  if (!room) context->fail(context, "[linear_int8] out of memory for the quantized rows");
  return room != nullptr;
}

template <class Element> int32_t sum_of_row(const Element* x, int64_t k) {
  int32_t sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t p = 0; p < k; p++) sum += x[p];
  return sum;
}

struct Range {
  float low, high;
  void take(Range other) {
    low = other.low < low ? other.low : low;
    high = other.high > high ? other.high : high;
  }
};

static Range range_of(const float* x, int64_t k) {
  Floats low[4] = {}, high[4] = {};  // a range always holds zero
  int64_t p = 0;
  for (; p + 4 * kByteLanes <= k; p += 4 * kByteLanes) {
    for (int u = 0; u < 4; u++) {
      const Floats v = floats_at(x + p + u * kByteLanes);
      low[u] = v < low[u] ? v : low[u];
      high[u] = v > high[u] ? v : high[u];
    }
  }
  for (; p + kByteLanes <= k; p += kByteLanes) {
    const Floats v = floats_at(x + p);
    low[0] = v < low[0] ? v : low[0];
    high[0] = v > high[0] ? v : high[0];
  }
  for (int u = 1; u < 4; u++) {
    low[0] = low[u] < low[0] ? low[u] : low[0];
    high[0] = high[u] > high[0] ? high[u] : high[0];
  }
  Range r = {-max_lanes(-low[0]), max_lanes(high[0])};
  for (; p < k; p++) r.take({x[p], x[p]});
  return r;
}

struct Scale {
  float scale;
  int32_t zero;
};

static double magnitude(double x) { return x < 0 ? -x : x; }

// PyTorch's and FBGEMM's choice, the same as qparamsOf in src/runtime/ops/affine.ts.
static Scale scale_of(Range r, int32_t most) {
  constexpr float smallest = 6.1e-5f;
  double low = r.low, high = r.high;
  double scale = (high - low) / most;
  if (scale <= 0x1p-128) scale = 0.1;
  if (scale < smallest) {
    const double grown = smallest / scale, widest = double(smallest) * most;
    if (low == 0) {
      high = widest;
    } else if (high == 0) {
      low = -widest;
    } else {
      low *= grown;
      high *= grown;
    }
    scale = smallest;
  }
  const double from_low = -low / scale, from_high = most - high / scale;
  const double low_error = -magnitude(low / scale), high_error = most - magnitude(high / scale);
  double zero = __builtin_nearbyint(low_error < high_error ? from_low : from_high);
  zero = zero > 0 ? zero : 0;
  return {float(scale), int32_t(zero < most ? zero : most)};
}

// Steps of equal reach on both sides of zero, which is the middle code. No scale is below a float's step at one, as in torchao.
static Scale even_scale_of(Range r, int32_t most) {
  const float largest = -r.low > r.high ? -r.low : r.high, scale = largest / (float(most) / 2);
  return {scale > 0x1p-23f ? scale : 0x1p-23f, (most + 1) / 2};
}

// One row into bytes from `least` to `most`, or into 16 bits around its zero.
template <class Dots>
void quantize_row(typename Dots::Element* out, const float* x, int64_t k, Scale s, int32_t least, int32_t most) {
  typedef typename Dots::Element Vector __attribute__((vector_size(kByteLanes * sizeof(typename Dots::Element))));
  const Floats inverse = Floats{} + 1 / s.scale;
  const Floats low = Floats{} + float(least - s.zero), high = Floats{} + float(most - s.zero);
  const int32_t shift = Dots::kBytes ? s.zero : 0;
  auto vector_at = [&](Floats v) {
    v *= inverse;
    v = v > low ? v : low;
    v = v < high ? v : high;
    return __builtin_convertvector(rounded(v) + shift, Vector);
  };
  int64_t p = 0;
  for (; p + kByteLanes <= k; p += kByteLanes) {
    const Vector q = vector_at(floats_at(x + p));
    memcpy(out + p, &q, sizeof q);
  }
  if (p == k) return;
  float rest[kByteLanes] = {};
  memcpy(rest, x + p, size_t(k - p) * 4);
  const Vector q = vector_at(floats_at(rest));
  memcpy(out + p, &q, size_t(k - p) * sizeof(typename Dots::Element));
}

// Row i of x in single precision: itself, or spelled out into the calling thread's slot 3.
template <class S> const float* float_row(Context* context, const S* x, int64_t i, int64_t k) {
  if constexpr (is_same<S, float>) {
    return x + i * k;
  } else {
    float* row = (float*)context->scratch(context, 3, size_t(larger(k, 1)) * 4);
    if (row) load_run(row, x + i * k, 1, k);
    return row;
  }
}

constexpr const char* kNoRoom = "[linear_int8_dynamic] out of memory for a row";

// How numbers become integers from `least` to `most`, neither below 0 nor above 255: by a scale that is given, or by that
// of the range of all or of each row.
struct Quantize {
  int32_t least, most;
  bool is_given, by_row, is_symmetric;
  Scale given;
  Scale of(Range r) const { return is_symmetric ? even_scale_of(r, most) : scale_of(r, most); }
};

template <class Dots, class S>
bool quantize_rows(Context* context, Rows<Dots>* rows, const S* x, int64_t m, int64_t k, const Quantize& how, bool needs_sums) {
  if (!make_rows(context, rows, m, k)) return false;
  rows->is_even = !how.by_row;
  constexpr int64_t kPieces = 64;
  Range ranges[kPieces];
  for (Range& r : ranges) r = {0, 0};
  const int64_t grain = (32 << 10) / larger(k, 1) + 1;
  const int64_t rows_of_piece = larger(ceil_div(m, kPieces), grain);
  Scale whole = how.given;
  if (!how.by_row && !how.is_given) {
    parallel_for(context, ceil_div(m, rows_of_piece), 1, [&](int64_t begin, int64_t end) {
      for (int64_t piece = begin; piece < end; piece++) {
        const int64_t last = smaller((piece + 1) * rows_of_piece, m);
        for (int64_t i = piece * rows_of_piece; i < last; i++) {
          const float* row = float_row(context, x, i, k);
          if (!row) return context->fail(context, kNoRoom);
          ranges[piece].take(range_of(row, k));
        }
      }
    });
    for (int64_t piece = 1; piece < kPieces; piece++) ranges[0].take(ranges[piece]);
    whole = how.of(ranges[0]);
  }
  parallel_for(context, m, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const float* row = float_row(context, x, i, k);
      if (!row) return context->fail(context, kNoRoom);
      const Scale s = how.by_row ? how.of(range_of(row, k)) : whole;
      typename Dots::Element* to = (typename Dots::Element*)rows->data + i * rows->stride;
      quantize_row<Dots>(to, row, k, s, how.least, how.most);
      rows->facts[i] = {s.scale, Dots::kBytes ? s.zero : 0, needs_sums ? sum_of_row(to, k) : 0};
    }
  });
  return true;
}

// Rows that are integers already, with a scale and a zero for all; only their form changes.
template <class Dots>
bool adopt_rows(Context* context, Rows<Dots>* rows, Dtype dtype, const uint8_t* x, int64_t m, int64_t k, Scale given,
                bool needs_sums) {
  if (!make_rows(context, rows, m, k)) return false;
  rows->is_even = true;
  const int32_t zero = given.zero;
  const bool is_signed = dtype == kInt8;
  const int32_t left = Dots::kBytes ? zero + (is_signed ? 128 : 0) : 0;
  // Many rows whose distance is a multiple of half a page would fight for the same lines of the cache.
  const bool is_ready = Dots::kBytes && !is_signed && k % kPanelDepth == 0 && (m <= 4 || k % 2048 != 0);
  parallel_for(context, m, (64 << 10) / larger(k, 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const uint8_t* from = x + i * k;
      typename Dots::Element* to = (typename Dots::Element*)rows->data + i * rows->stride;
      if (Dots::kBytes) {
        const uint8_t flipped = is_signed ? 128 : 0;
        if (!is_ready) {
#pragma omp simd
          for (int64_t p = 0; p < k; p++) to[p] = from[p] ^ flipped;
        }
      } else if (is_signed) {
#pragma omp simd
        for (int64_t p = 0; p < k; p++) to[p] = int16_t(int8_t(from[p]) - zero);
      } else {
#pragma omp simd
        for (int64_t p = 0; p < k; p++) to[p] = int16_t(from[p] - zero);
      }
      int32_t sum = 0;
      if (needs_sums) sum = is_ready ? sum_of_row(from, k) : sum_of_row(to, k);
      rows->facts[i] = {given.scale, left, sum};
    }
  });
  if (is_ready) {
    rows->data = (const typename Dots::Element*)x;
    rows->stride = k;
  }
  return true;
}

}  // namespace layerwise::NS
