// Products of eight-bit integers as launchers hand them to the device, and the sizes of their tiles. Holds data only.
#pragma once
#include <stdint.h>

constexpr int kInt8Thin = 8;         // of int8_thin: the most rows of x
constexpr int kInt8ThinThreads = 256;
constexpr int kInt8ThinColumns = 2;  // of the result that a warp makes at once
constexpr int kInt8ThinDepth = 2048; // codes of each row that lie in shared memory at a time
constexpr int kInt8Chunk = 16;       // codes that move at once: rows of weights and of codes are multiples of it
constexpr int kInt8Depth = 128;      // codes of k per stage of a tile
constexpr int kInt8Ranges = 256;     // the most pieces in which the range of a whole tensor is found
constexpr int kInt8RowThreads = 256;

// A number by itself, or where it will be when the kernel runs.
struct GivenFloat {
  const float* at;
  float number;
};
struct GivenInt {
  const int32_t* at;
  int32_t number;
};

struct Int8Range {
  float low, high;
};

// Rows of x: codes, or floats that become codes. Kernels multiply signed codes: unsigned ones lie `shift` lower.
struct Int8Rows {
  const void* x;
  int dtype;
  int64_t row;      // elements from row to row
  int shift;        // 0 or 128
  uint32_t flip;    // what makes stored codes signed: 0, or the upper bit of each byte
  int least, most;  // ends of the codes of floats
  int is_even;      // found scales reach as far on both sides of zero
  // Scales: given, or by the range of each row, or by that of all (in pieces).
  GivenFloat scale;
  GivenInt zero;
  const Int8Range* ranges;  // or null
  int n_ranges;             // 0: one for each row
};

// What becomes of sums: real numbers, the integers of the next layer, or sums.
struct Int8Finish {
  const float* weight_scale;    // or null: 1
  const int32_t* weight_zero;   // or null
  const float* bias;            // or null
  int weight_scale_step, weight_zero_step;
  int is_requantized, relu;
  GivenFloat out_scale;
  GivenInt out_zero;
  const uint8_t* other;  // codes that are added before rounding, or null; they lie as the result does
  float other_scale;
  int other_zero;
  void* out;
  int dtype;
  // Result (row, column) of group g lies at (row / plane) * image + row % plane * out_row + (g * n + column) * out_column.
  int64_t plane, image, out_row, out_column;
  int is_wide;  // eight neighbours are one access
};

// Where rows of x are read from images: row = one pixel of the result, k = taps of the kernel and their channels.
struct Int8Image {
  int64_t H, W, C, group_in;  // channels lie last
  int kh, kw, sh, sw, ph, pw, dh, dw;
  int64_t oh, ow;
};

struct Int8Job {
  Int8Rows rows;
  const int8_t* weight;  // [groups, n] rows of `weight_row` codes
  int64_t weight_row;
  Int8Finish finish;
  int64_t m, n, k, groups;
  // How many blocks share k, how long a share is; each leaves its sums in `partials`, and the last to come, which
  // `arrived` tells, adds them up.
  int splits;
  int64_t split_depth;
  int32_t* partials;
  uint32_t* arrived;
  Int8Image image;
};

// x as codes of signed bytes in rows of whole chunks, zeros behind their ends.
struct Int8Codes {
  Int8Rows rows;
  int64_t m, k, padded;
  int8_t* out;
  Int8Range* ranges;  // where those of rows are found on the way, or null
};

// The windows of an image as rows of signed bytes: taps, then channels, of each group by itself; or of an image with one
// tap: the image with its channels last.
struct Int8Windows {
  const uint8_t* x;
  uint32_t flip;
  GivenInt zero;  // of x as it is stored
  Int8Image image;
  int64_t x_channel, x_pixel;
  int64_t N, groups, padded;
  int8_t* out;  // [N, oh, ow, groups, padded]
};

struct Int8Depthwise {
  const uint8_t* x;
  int is_signed;
  GivenFloat x_scale;
  GivenInt x_zero;
  const int8_t* weight;  // [kh, kw, C]
  Int8Finish finish;
  Int8Image image;
  int64_t x_channel, x_pixel, N;
};
