// What conv2d and its gradients multiply: left(row, k) and right(k, column) of one group's matrix product, read out of
// images and weights; padding reads as 0. A column or a depth is taken apart once and used for many products.
#pragma once
#include "vectors.h"

#include "conv_job.h"

// A number of three digits: outer, then `middle` and `inner` of given sizes.
struct Digits {
  int64_t outer, middle, inner;
};
DEVICE Digits digits_of(int64_t i, int64_t middle, int64_t inner) {
  const int64_t above = quotient(i, inner);
  const int64_t outer = quotient(above, middle);
  return {outer, above - outer * middle, i - above * inner};
}

// Where an element lies.
DEVICE int64_t x_place(const ConvJob& job, int64_t image, int64_t channel, int64_t y, int64_t x) {
  return image * job.C * job.H * job.W + channel * job.x_channel + (y * job.W + x) * job.x_pixel;
}
DEVICE int64_t y_place(const ConvJob& job, int64_t image, int64_t channel, int64_t y, int64_t x) {
  return image * job.O * job.oh * job.ow + channel * job.y_channel + (y * job.ow + x) * job.y_pixel;
}
// Of one result's weights the k-th, counted through channels, rows and columns.
DEVICE int64_t weight_place(const ConvJob& job, int64_t k) {
  if (job.w_pixel == 1) return k;
  const int64_t taps = job.kh * job.kw;
  const int64_t channel = quotient(k, taps);
  return channel * job.w_channel + (k - channel * taps) * job.w_pixel;
}

// out = weight [channels, C kh kw] x windows [C kh kw, N oh ow]
template <class T> struct ForwardOperands {
  static constexpr bool kDepthIsContiguous = false;
  const ConvJob& job;
  int64_t group;

  DEVICE Digits column(int64_t i) const { return digits_of(i, job.oh, job.ow); }
  DEVICE Digits deep(int64_t k) const { return digits_of(k, job.kh, job.kw); }
  DEVICE WideOf<T> left(int64_t row, int64_t k) const {
    const int64_t first = (group * job.group_out + row) * job.depth;
    return widen(((const T*)job.weight)[first + weight_place(job, k)]);
  }
  DEVICE WideOf<T> right(const Digits& tap, const Digits& pixel) const {
    const int64_t y = pixel.middle * job.sh - job.ph + tap.middle * job.dh;
    const int64_t x = pixel.inner * job.sw - job.pw + tap.inner * job.dw;
    if (y < 0 || y >= job.H || x < 0 || x >= job.W) return 0;
    return widen(((const T*)job.x)[x_place(job, pixel.outer, group * job.group_in + tap.outer, y, x)]);
  }
  DEVICE void store(int64_t row, const Digits& pixel, WideOf<T> sum) const {
    const int64_t channel = group * job.group_out + row;
    if (job.bias) sum += widen(((const T*)job.bias)[channel]);
    ((T*)job.out)[y_place(job, pixel.outer, channel, pixel.middle, pixel.inner)] = convert<T>(sum);
  }
};

// dx = weight' [C, channels kh kw] x results [channels kh kw, N H W]
template <class T> struct InputOperands {
  static constexpr bool kDepthIsContiguous = false;
  const ConvJob& job;
  int64_t group;

  DEVICE Digits column(int64_t i) const { return digits_of(i, job.H, job.W); }
  DEVICE Digits deep(int64_t k) const { return digits_of(k, job.kh, job.kw); }
  DEVICE WideOf<T> left(int64_t row, int64_t k) const {
    const int64_t taps = job.kh * job.kw;
    const int64_t channel = quotient(k, taps);
    const int64_t first = (group * job.group_out + channel) * job.group_in * taps;
    return widen(((const T*)job.weight)[first + row * job.w_channel + (k - channel * taps) * job.w_pixel]);
  }
  DEVICE WideOf<T> right(const Digits& tap, const Digits& pixel) const {
    const int64_t above = pixel.middle + job.ph - tap.middle * job.dh;
    const int64_t left_of = pixel.inner + job.pw - tap.inner * job.dw;
    if (above < 0 || left_of < 0) return 0;
    const int64_t oy = quotient(above, job.sh), ox = quotient(left_of, job.sw);
    if (oy * job.sh != above || ox * job.sw != left_of || oy >= job.oh || ox >= job.ow) return 0;
    return widen(((const T*)job.dy)[y_place(job, pixel.outer, group * job.group_out + tap.outer, oy, ox)]);
  }
  DEVICE void store(int64_t row, const Digits& pixel, WideOf<T> sum) const {
    const int64_t at = x_place(job, pixel.outer, group * job.group_in + row, pixel.middle, pixel.inner);
    ((T*)job.out)[at] = convert<T>(sum);
  }
};

// dweight = results [channels, N oh ow] x windows' [N oh ow, C kh kw]
template <class T> struct WeightOperands {
  static constexpr bool kDepthIsContiguous = true;
  const ConvJob& job;
  int64_t group;

  DEVICE Digits column(int64_t i) const { return digits_of(i, job.kh, job.kw); }
  DEVICE Digits deep(int64_t k) const { return digits_of(k, job.oh, job.ow); }
  DEVICE WideOf<T> left(int64_t row, int64_t k) const {
    const int64_t size = job.oh * job.ow;
    const int64_t image = quotient(k, size);
    const int64_t channel = group * job.group_out + row;
    return widen(((const T*)job.dy)[image * job.O * size + channel * job.y_channel + (k - image * size) * job.y_pixel]);
  }
  DEVICE WideOf<T> right(const Digits& pixel, const Digits& tap) const {
    const int64_t y = pixel.middle * job.sh - job.ph + tap.middle * job.dh;
    const int64_t x = pixel.inner * job.sw - job.pw + tap.inner * job.dw;
    if (y < 0 || y >= job.H || x < 0 || x >= job.W) return 0;
    return widen(((const T*)job.x)[x_place(job, pixel.outer, group * job.group_in + tap.outer, y, x)]);
  }
  DEVICE void store(int64_t row, const Digits& tap, WideOf<T> sum) const {
    const int64_t first = (group * job.group_out + row) * job.group_in * job.kh * job.kw;
    const int64_t at = tap.outer * job.w_channel + (tap.middle * job.kw + tap.inner) * job.w_pixel;
    ((T*)job.out)[first + at] = convert<T>(sum);
  }
};
