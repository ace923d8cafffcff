// Images of bytes as convolutions read them: pixel by pixel, channels side by side and unsigned, with their padding
// around them where it is asked for. An image that lies so already is not copied. Knows nothing of weights.
#pragma once
#include "conv_taps.h"

namespace layerwise::NS {

struct Pixels {
  const uint8_t* x;
  bool is_signed, channels_last;
  int32_t zero;
  // What a zero point is once the bytes are unsigned.
  uint8_t padding() const { return uint8_t(zero + (is_signed ? 128 : 0)); }
};

// [n, y, x, channels of all groups], each group padded to whole words. Behind the last pixel lie bytes that may be read.
struct ByteImage {
  const uint8_t* data;  // of pixel (0, 0) of the padding
  int64_t pixel, row, whole;
  int64_t top, left;  // pixels of padding
  int64_t group;      // bytes of a group
};

// out[x * out_stride + i] = in[i * in_stride + x] for sixteen of each.
LW_STATIC void turn_square(uint8_t* out, int64_t out_stride, const uint8_t* in, int64_t in_stride) {
  __m128i r[16], t[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; i++) r[i] = _mm_loadu_si128((const __m128i*)(in + i * in_stride));
  // Each round interleaves rows eight apart; after four of them byte x of row i is byte i of row x.
#pragma GCC unroll 4
  for (int round = 0; round < 4; round++) {
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) {
      t[2 * i] = _mm_unpacklo_epi8(r[i], r[i + 8]);
      t[2 * i + 1] = _mm_unpackhi_epi8(r[i], r[i + 8]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) r[i] = t[i];
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; i++) _mm_storeu_si128((__m128i*)(out + i * out_stride), r[i]);
}

// Bytes of a row, a first bit turned where they are signed.
LW_STATIC void copy_bytes_as(uint8_t* __restrict__ out, const uint8_t* __restrict__ in, int64_t n, uint8_t flip) {
  if (!flip) {
    memcpy(out, in, size_t(n));
    return;
  }
#pragma omp simd
  for (int64_t i = 0; i < n; i++) out[i] = in[i] ^ flip;
}

// Row y of image n of planes: sixteen channels of sixteen pixels at a time become runs of channels.
static void turn_row(uint8_t* to, const ByteImage& image, const ConvShape& s, const Pixels& from, int64_t n, int64_t y) {
  constexpr int64_t kSide = 16;
  const int64_t plane = s.H * s.W, end = s.N * s.C * plane;
  const uint8_t flip = from.is_signed ? 128 : 0;
  for (int64_t channel = 0; channel < s.C; channel += kSide) {
    const int64_t count = smaller(kSide, s.C - channel);
    const int64_t first = (n * s.C + channel) * plane + y * s.W;
    for (int64_t at = 0; at < s.W; at += kSide) {
      const int64_t wide = smaller(kSide, s.W - at);
      uint8_t square[kSide * kSide];
      if (count == kSide && first + at + (kSide - 1) * plane + kSide <= end) {
        turn_square(square, kSide, from.x + first + at, plane);
      } else {
        for (int64_t c = 0; c < count; c++) {
          for (int64_t x = 0; x < wide; x++) square[x * kSide + c] = from.x[first + c * plane + at + x];
        }
      }
      for (int64_t x = 0; x < wide; x++) {
        uint8_t* pixel = to + (at + x) * image.pixel;
        const uint8_t* bytes = square + x * kSide;
        if (s.Cg == image.group) copy_bytes_as(pixel + channel, bytes, count, flip);
        else
          for (int64_t c = channel; c < channel + count; c++) {
            pixel[c / s.Cg * image.group + c % s.Cg] = bytes[c - channel] ^ flip;
          }
      }
    }
  }
}

// `words`: groups are padded to whole words. `pad`: the padding is made real. `slack`: bytes behind the last pixel that
// are read with it. Takes scratch slot 0 where it has to copy; false when there is no memory for that.
template <class = void>
static bool make_image(Context* context, ByteImage* image, const ConvShape& s, const Pixels& from, bool words, bool pad,
                       int64_t slack) {
  image->group = words ? ceil_div(s.Cg, 4) * 4 : s.Cg;
  image->pixel = s.groups * image->group;
  image->top = pad ? s.ph : 0;
  image->left = pad ? s.pw : 0;
  const int64_t height = s.H + 2 * image->top, width = s.W + 2 * image->left;
  image->row = width * image->pixel;
  image->whole = height * image->row;
  if (from.channels_last && !from.is_signed && image->group == s.Cg && !image->top && !image->left && !slack) {
    image->data = from.x;
    return true;
  }
  uint8_t* room = (uint8_t*)context->scratch(context, 0, size_t(s.N * image->whole + slack));
  if (!room) {
    context->fail(context, "[conv2d_int8] out of memory for the image");
    return false;
  }
  image->data = room;
  const uint8_t padding = from.padding(), flip = from.is_signed ? 128 : 0;
  parallel_for(context, s.N * height, (32 << 10) / larger(image->row, 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at++) {
      uint8_t* row = room + at * image->row;
      const int64_t n = at / height, y = at % height - image->top, side = image->left * image->pixel;
      if (y < 0 || y >= s.H) {
        memset(row, padding, size_t(image->row));
        continue;
      }
      memset(row, padding, size_t(side));
      memset(row + image->row - side, padding, size_t(side));
      uint8_t* to = row + side;
      const uint8_t* in = from.x + (n * s.H + y) * s.W * s.C;
      if (!from.channels_last) turn_row(to, *image, s, from, n, y);
      else if (s.Cg == image->group) copy_bytes_as(to, in, s.W * s.C, flip);
      else
        for (int64_t i = 0; i < s.W * s.groups; i++) copy_bytes_as(to + i * image->group, in + i * s.Cg, s.Cg, flip);
    }
  });
  return true;
}

}  // namespace layerwise::NS
