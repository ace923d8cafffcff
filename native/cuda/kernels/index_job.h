// One reading or writing by index as its launcher hands it to the device. Shared by both; holds data only.
#pragma once
#include <stdint.h>

constexpr int kMostIndexDims = 12;  // after merging
constexpr int kMostIndices = 16;

struct IndexOperand {
  const void* index;
  int64_t stride[kMostIndexDims];
  int64_t dim_size, dim_stride;
};

// In the order of native/README.md.
enum ScatterReduce : int { kWrite, kAdd, kMultiply, kMaximum, kMinimum };

// Element p of the space of `size` goes between out + p . out_stride and src + p . src_stride; the indices move the
// side that is indexed: src when reading, out when writing.
struct IndexJob {
  void* out;
  const void* src;  // 0 when writing `value`
  int64_t total;
  int dims, indices;
  int index_dtype, dtype;
  int reduce;
  // Dimensions on which the target depends through an index have a place in the space of keys; 0 means none.
  int64_t keys;
  int64_t key_stride[kMostIndexDims];
  int64_t size[kMostIndexDims];
  int64_t out_stride[kMostIndexDims];
  int64_t src_stride[kMostIndexDims];
  double value, alpha;
  IndexOperand operand[kMostIndices];
};

// In a chain: nothing follows.
constexpr uint32_t kLast = 0xffffffffu;
