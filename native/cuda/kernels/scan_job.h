// One scan as its launcher hands it to the device. Shared by both; holds data only.
#pragma once
#include <stdint.h>

enum ScanOp : int { kCumsum, kCumprod, kCummax, kCummin, kLogcumsumexp };

// What a prefix has become, for every op: a number (floats in real, the rest wrapping in whole) and its place.
struct Prefix {
  double real;
  int64_t whole;
  int64_t place;  // -1: nothing seen yet
};

struct ScanJob {
  const void* in;
  void* out;
  int64_t* indices;
  Prefix* pieces_before;  // [lines, pieces]: first each piece's own total, then what comes before the piece
  int64_t lines, n, inner;
  int64_t piece;  // elements of one piece
  int pieces;
  int op;
  int in_dtype, out_dtype;
};
