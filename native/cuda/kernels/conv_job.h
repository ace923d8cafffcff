// One convolution as its launcher hands it to the device, and the tiles in which it is multiplied. Shared by both;
// holds data only.
#pragma once
#include <stdint.h>

// A block of 256 threads makes a tile of 64 x 64 results, 16 products deep at a time.
constexpr int kConvThreads = 256;
constexpr int kConvTile = 64;
constexpr int kConvDepth = 16;

struct ConvJob {
  void* out;
  const void* x;       // or 0, as the others, where a product does not need it
  const void* weight;
  const void* dy;
  const void* bias;
  void* partials;  // [pieces, groups, M, N] in the type of sums, when the depth is cut in pieces
  int64_t N, C, H, W, O, kh, kw, sh, sw, ph, pw, dh, dw, groups;
  int64_t oh, ow;
  int64_t group_in, group_out;  // channels of one group
  // Elements from channel to channel and from pixel to pixel of x (and dx), of the result (and dy), of the weight (and
  // dweight), where a tap is a pixel: row-major ones, or channels last.
  int64_t x_channel, x_pixel, y_channel, y_pixel, w_channel, w_pixel;
  // The product of each group: rows, columns, depth, and how much of the depth one block takes.
  int64_t rows, columns, depth, piece;
  int pieces;
  int dtype;
  int is_channels_last;
};
