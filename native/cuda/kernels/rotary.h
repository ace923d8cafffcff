// Rotary embedding as its launcher hands it to the device. Holds data only.
#pragma once
#include <stdint.h>

struct RotaryJob {
  void* out;
  const void *x, *cosine, *sine;
  int64_t B, H, T, D, turned;
  int64_t x_batch, x_head, x_row, out_batch, out_head, out_row, angle_batch, angle_row;
  int32_t angle_dtype, interleaved, inverse;
};
