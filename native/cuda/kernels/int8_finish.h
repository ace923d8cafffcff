// What becomes of exact sums of products on the device: corrections by zero points, then real numbers, integers of the next
// layer, or the sums themselves; FBGEMM's order of operations, each step rounded by itself.
#pragma once
#include "int8_rows.h"

// Of one column of the result.
struct Int8Column {
  float factor, addend;
  int zero;  // of the weight

  // `x_scale`: 1 where rows have scales of their own.
  static DEVICE Int8Column of(const Int8Finish& f, int64_t column, float x_scale) {
    const float scale =
        f.weight_scale ? __fmul_rn(f.weight_scale[column * f.weight_scale_step], x_scale) : x_scale;
    Int8Column c = {scale, f.bias ? f.bias[column] : 0, f.weight_zero ? f.weight_zero[column * f.weight_zero_step] : 0};
    if (f.is_requantized) {
      if (f.bias) c.addend = __fdiv_rn(c.addend, scale);
      c.factor = __fdiv_rn(scale, number_of(f.out_scale));
    }
    return c;
  }
};

// How results are rounded, for all alike.
struct Int8Rule {
  float low, high, more;  // ends without the zero point; the other tensor's scale in steps of the result
  int zero;

  static DEVICE Int8Rule of(const Int8Finish& f) {
    if (!f.is_requantized) return {0, 0, 0, 0};
    const int zero = number_of(f.out_zero), least = f.dtype == kInt8 ? -128 : 0;
    const int low = f.relu && zero > least ? zero : least;
    const float more = f.other ? __fdiv_rn(f.other_scale, number_of(f.out_scale)) : 0;
    return {float(low - zero), float(least + 255 - zero), more, zero};
  }
};

DEVICE int64_t int8_place(const Int8Finish& f, int64_t row, int64_t column) {
  const int64_t image = f.plane ? quotient(row, f.plane) : 0;
  return image * f.image + (row - image * f.plane) * f.out_row + column * f.out_column;
}

DEVICE uint8_t int8_rounded(const Int8Finish& f, const Int8Rule& rule, int sum, const Int8Column& c, int64_t at) {
  float y = __fmul_rn(__fadd_rn(float(sum), c.addend), c.factor);
  if (f.other) {
    const int code = f.dtype == kInt8 ? int(int8_t(f.other[at])) : int(f.other[at]);
    y = __fadd_rn(y, __fmul_rn(float(code - f.other_zero), rule.more));
  }
  y = y > rule.low ? y : rule.low;
  y = y < rule.high ? y : rule.high;
  return uint8_t(__float2int_rn(y) + rule.zero);
}

DEVICE float int8_real(const Int8Finish& f, int sum, const Int8Column& c, float row_scale) {
  const float y = __fmaf_rn(float(sum), __fmul_rn(c.factor, row_scale), c.addend);
  return f.relu && !(y > 0) ? 0 : y;
}

// One result. `row_scale`: 1 where all rows have one scale.
DEVICE void int8_store(const Int8Finish& f, const Int8Rule& rule, int64_t at, int sum, const Int8Column& c,
                       float row_scale) {
  if (f.is_requantized) ((uint8_t*)f.out)[at] = int8_rounded(f, rule, sum, c, at);
  else if (f.dtype == kInt32) ((int32_t*)f.out)[at] = sum;
  else store_as(f.out, f.dtype, at, int8_real(f, sum, c, row_scale));
}

// Eight neighbours, the first at `at`: one access.
DEVICE void int8_store_eight(const Int8Finish& f, const Int8Rule& rule, int64_t at, const int (&sum)[8],
                             const Int8Column* c, float row_scale) {
  if (f.is_requantized) {
    Pack<uint8_t, 8> pack;
    UNROLL for (int i = 0; i < 8; i++) pack.at[i] = int8_rounded(f, rule, sum[i], c[i], at + i);
    return store_pack<8>((uint8_t*)f.out + at, pack);
  }
  if (f.dtype == kInt32) {
    Pack<int32_t, 8> pack;
    UNROLL for (int i = 0; i < 8; i++) pack.at[i] = sum[i];
    return store_pack<8>((int32_t*)f.out + at, pack);
  }
  with_element(f.dtype, [&](auto element) {
    using T = decltype(element);
    Pack<T, 8> pack;
    UNROLL for (int i = 0; i < 8; i++) pack.at[i] = convert<T>(int8_real(f, sum[i], c[i], row_scale));
    store_pack<8>((T*)f.out + at, pack);
  });
}
