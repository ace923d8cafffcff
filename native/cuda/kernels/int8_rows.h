// Scales of rows and codes of floats on the device, chosen and rounded as the CPU's kernels do (cpu/kernels/byte_rows.h).
#pragma once
#include "int8.h"
#include "vectors.h"

DEVICE float number_of(const GivenFloat& given) { return given.at ? *given.at : given.number; }
DEVICE int number_of(const GivenInt& given) { return given.at ? *given.at : given.number; }

// A scale, and the zero point as signed codes have it.
struct Int8Scale {
  float scale;
  int zero;
};

DEVICE double magnitude_of(double x) { return x < 0 ? -x : x; }

// Steps of equal reach on both sides of zero, which is the middle code. No scale is below a float's step at one, as in torchao.
DEVICE Int8Scale int8_even_scale_of(Int8Range r, int most) {
  const float largest = -r.low > r.high ? -r.low : r.high, scale = __fdiv_rn(largest, float(most) / 2);
  return {scale > 0x1p-23f ? scale : 0x1p-23f, (most + 1) / 2};
}

// PyTorch's and FBGEMM's choice for a range and codes from 0 to `most`.
SHARED_CODE Int8Scale int8_scale_of(Int8Range r, int most) {
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
  const double low_error = -magnitude_of(low / scale), high_error = most - magnitude_of(high / scale);
  double zero = rint(low_error < high_error ? from_low : from_high);
  zero = zero > 0 ? zero : 0;
  return {float(scale), int(zero < most ? zero : most)};
}

DEVICE Int8Scale found_scale(const Int8Rows& rows, Int8Range r) {
  return rows.is_even ? int8_even_scale_of(r, rows.most) : int8_scale_of(r, rows.most);
}

DEVICE Int8Range joined(Int8Range a, Int8Range b) {
  return {b.low < a.low ? b.low : a.low, b.high > a.high ? b.high : a.high};
}

// The joined range of all threads of a one-dimensional block, in every thread.
DEVICE Int8Range join_block(Int8Range r) {
  r.low = reduce_block(r.low, 0.0f, [](float a, float b) { return b < a ? b : a; });
  r.high = reduce_block(r.high, 0.0f, [](float a, float b) { return b > a ? b : a; });
  return r;
}

// The scale of row `row`; where all rows have one, of any. Every thread of a block of `threads` must call whole_scale.
DEVICE Int8Scale whole_scale(const Int8Rows& rows, int thread, int threads) {
  Int8Scale s;
  if (rows.ranges && rows.n_ranges) {
    Int8Range r = {0, 0};
    for (int i = thread; i < rows.n_ranges; i += threads) r = joined(r, rows.ranges[i]);
    s = found_scale(rows, join_block(r));
  } else if (rows.ranges) {
    return {1, 0};
  } else {
    s = {number_of(rows.scale), number_of(rows.zero)};
  }
  s.zero -= rows.shift;
  return s;
}
DEVICE Int8Scale row_scale(const Int8Rows& rows, const Int8Scale& whole, int64_t row) {
  if (!rows.ranges || rows.n_ranges) return whole;
  Int8Scale s = found_scale(rows, rows.ranges[row]);
  s.zero -= rows.shift;
  return s;
}

// How floats of one row become signed codes.
struct Int8Rounding {
  float inverse, low, high;
  int zero;

  static DEVICE Int8Rounding of(const Int8Rows& rows, const Int8Scale& s) {
    const int zero = s.zero + rows.shift;
    return {__fdiv_rn(1, s.scale), float(rows.least - zero), float(rows.most - zero), s.zero};
  }
  DEVICE uint32_t code(float x) const {
    x = __fmul_rn(x, inverse);
    x = x > low ? x : low;  // NaN goes to the lower end
    x = x < high ? x : high;
    return uint32_t(__float2int_rn(x) + zero) & 255;
  }
};

// Calls f with a value of the element's type, for floats.
template <class F> DEVICE void with_element(int dtype, F f) {
  switch (dtype) {
    case kFloat16: return f(Half{});
    case kBfloat16: return f(Brain{});
    case kFloat64: return f(double{});
    default: return f(float{});
  }
}
DEVICE bool is_code(int dtype) { return dtype == kUint8 || dtype == kInt8; }

// Sixteen neighbours in single precision, zeros from `count` on; one access for each 16 bytes where they are whole.
template <class T> DEVICE void load_sixteen(float (&out)[16], const T* from, int64_t count) {
  constexpr int V = kPerVector<T>;
  if (count >= 16 && uintptr_t(from) % 16 == 0) {
    UNROLL for (int i = 0; i < 16; i += V) {
      float some[V];
      load_wide<V>(some, from + i);
      UNROLL for (int v = 0; v < V; v++) out[i + v] = some[v];
    }
    return;
  }
  UNROLL for (int i = 0; i < 16; i++) out[i] = i < count ? convert<float>(from[i]) : 0;
}

// Sixteen signed codes of row `row` from element k on, zeros from the row's end on. `how` is read where x holds floats.
DEVICE uint4 sixteen_codes(const Int8Rows& rows, int64_t row, int64_t k, int64_t end, const Int8Rounding& how) {
  union {
    uint32_t word[4];
    uint4 whole;
  } codes = {{0, 0, 0, 0}};
  const int64_t at = row * rows.row + k, count = end - k;
  if (is_code(rows.dtype)) {
    const uint8_t* from = (const uint8_t*)rows.x + at;
    if (count >= 16 && uintptr_t(from) % 16 == 0) {
      codes.whole = *(const uint4*)from;
      UNROLL for (int i = 0; i < 4; i++) codes.word[i] ^= rows.flip;
    } else {
      UNROLL for (int i = 0; i < 16; i++) {
        if (i < count) codes.word[i / 4] |= uint32_t(uint8_t(from[i] ^ uint8_t(rows.flip))) << i % 4 * 8;
      }
    }
    return codes.whole;
  }
  with_element(rows.dtype, [&](auto element) {
    float x[16];
    load_sixteen(x, (const decltype(element)*)rows.x + at, count);
    UNROLL for (int i = 0; i < 16; i++) {
      if (i < count) codes.word[i / 4] |= how.code(x[i]) << i % 4 * 8;
    }
  });
  return codes.whole;
}
