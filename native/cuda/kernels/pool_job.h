// One pooling as its launcher hands it to the device. Shared by both; holds data only.
#pragma once
#include <stdint.h>

struct PoolJob {
  void* out;          // of backward: dx
  const void* in;     // of backward: dy
  int64_t* indices;   // of max pooling, or 0
  int64_t planes, H, W, oh, ow;
  int64_t kh, kw, sh, sw, ph, pw, dh, dw;
  int64_t divisor;  // 0: count the elements
  int include_pad;
  int dtype;
};
