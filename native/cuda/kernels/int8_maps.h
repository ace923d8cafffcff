// What stands between products of eight-bit integers, as launchers hand it to the device. Holds data only.
#pragma once
#include <stdint.h>

constexpr int kInt8MeanLanes = 32;   // of four channels each
constexpr int kInt8MeanRows = 8;     // pixels of a mean that are read side by side
constexpr int64_t kInt8AtOnce = 64;  // elements of a sum that PyTorch takes at once; the rest rounds elsewhere
constexpr int kInt8Together = 16;    // channels of an average, likewise

// Bytes in, bytes out: signed or not.
struct Int8Add {
  uint8_t* out;
  const uint8_t *a, *b;
  float a_scale, b_scale, inverse;
  int a_zero, b_zero, zero, is_signed, relu;
  int64_t n;
};

// Codes [images, pixels, channels] by codes [images, channels].
struct Int8Mul {
  uint8_t* out;
  const uint8_t *a, *b;
  int a_zero, b_zero, zero, is_signed, relu;
  float factor;
  int64_t images, pixels, channels;
};

// One of the tensors that are joined by their channels.
struct Int8Part {
  const uint8_t* x;
  int64_t channels, first;
};
struct Int8Affine {
  uint8_t* out;
  const Int8Part* parts;
  const float *factor, *addend;
  int zero, is_signed, relu;
  int64_t pixels, channels;
};

enum Int8Pooling : int { kInt8Largest, kInt8Average, kInt8Adaptive };
// Windows over [N, H, W, C]; planes are images of one channel.
struct Int8Pool {
  uint8_t* out;
  const uint8_t* x;
  int kind, zero, is_signed, includes_padding;
  int64_t N, C, H, W, oh, ow, kh, kw, sh, sw, ph, pw, dh, dw, divisor;
};

struct Int8Mean {
  void* out;
  const uint8_t* x;
  float factor, inverse;  // inverse 0: real numbers
  int zero, out_zero, is_signed;
  int64_t images, pixels, channels;
};
