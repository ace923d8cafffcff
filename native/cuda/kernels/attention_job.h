// Attention as its launcher hands it to the device: sizes, strides, mask. Shared by both; holds data only.
#pragma once
#include <stdint.h>

struct AttentionStrides {
  int64_t batch, head, row;
};

struct AttentionJob {
  void *out, *lse;
  const void *q, *k, *v, *mask;
  // Of the gradient; delta is the sum of out * dout of each query.
  void *dq, *dk, *dv, *delta;
  const void* dout;
  int64_t B, Hq, Hkv, Tq, Tk, D, Dv;
  AttentionStrides q_stride, k_stride, v_stride, out_stride;
  int64_t mask_batch, mask_head, mask_row, mask_column;
  double scale;
  int mask_dtype, causal;
  int keys;  // of a tile of the plain kernels
};

// The plain kernels: queries (or keys) that a block owns, threads, and the most keys (or queries) of a passing tile.
constexpr int kPlainRows = 16, kPlainThreads = 256, kPlainMostTile = 32;
constexpr int kPlainMostWidth = 256;  // of a head
