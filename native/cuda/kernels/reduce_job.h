// One reduction as its launcher hands it to the device: dimensions that stay, dimensions that go, and what becomes of
// the result. Shared by host and device; holds data only.
#pragma once
#include <stdint.h>

// As many as PyTorch's CUDA kernels take after merging.
constexpr int kMostAxes = 25;

struct Axes {
  int64_t size[kMostAxes];
  int64_t stride[kMostAxes];
  int n;
};

// Neighbouring outputs that a thread of reduce_columns takes care of.
constexpr int kReduceColumns = 4;

// In the order of native/README.md.
enum ReduceOp : int {
  kSum, kMean, kProd, kMax, kMin, kArgmax, kArgmin, kAny, kAll, kSumSquares, kSumAbsolute, kVariance, kCountNonzero,
  kLogSumExp,
};

// What one output has become so far, for every op: sums and extremes in a, the rest where it is needed.
struct Partial {
  double a, b;
  int64_t i, j;
};

struct ReduceJob {
  const void* in;
  void* out;
  void* out2;
  Partial* partials;  // [pieces, outputs] when there are several pieces
  double parameter;
  int64_t outputs, elements;  // elements: of one output
  int64_t columns;            // neighbours in memory that are neighbouring outputs; by rows 1
  int pieces;
  int op;
  int in_dtype, out_dtype;
  Axes kept, reduced;
};
