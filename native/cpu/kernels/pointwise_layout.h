// The iteration space of a pointwise launch: its dimensions reordered and merged so that inner loops are long and walk
// the output's memory in order. Knows strides only, nothing of programs.
#pragma once
#include "convert.h"

namespace layerwise::NS {

constexpr int kMostDims = 64;
constexpr int kMostOperands = 32;

struct Operand {
  char* base;
  Dtype dtype;
  int bytes;                  // of an element
  int64_t stride[kMostDims];  // elements
};

struct Space {
  int ndim;
  int64_t size[kMostDims];
  int64_t elements;
  int operands;
  int outputs_from;  // operands before it are inputs
  Operand operand[kMostOperands];
};

// Puts dimension `from` at position `to` and moves those between.
static inline void move_dim(Space& s, int from, int to) {
  const int step = from < to ? 1 : -1;
  for (int d = from; d != to; d += step) {
    const int64_t size = s.size[d];
    s.size[d] = s.size[d + step];
    s.size[d + step] = size;
    for (int k = 0; k < s.operands; k++) {
      int64_t* stride = s.operand[k].stride;
      const int64_t held = stride[d];
      stride[d] = stride[d + step];
      stride[d + step] = held;
    }
  }
}

static inline int64_t magnitude_of(int64_t x) { return x < 0 ? -x : x; }

// Sorts dimensions by the first output's strides, largest first; ties (stride 0 cannot occur in an output) keep their
// order.
static inline void sort_dims(Space& s) {
  const int64_t* stride = s.operand[s.outputs_from].stride;
  for (int d = 1; d < s.ndim; d++) {
    int to = d;
    while (to > 0 && magnitude_of(stride[to - 1]) < magnitude_of(stride[d])) to--;
    if (to != d) move_dim(s, d, to);
  }
}

// Drops dimensions of size 1 and merges neighbours that every operand walks as one.
static inline void merge_dims(Space& s) {
  int kept = 0;
  for (int d = 0; d < s.ndim; d++) {
    if (s.size[d] == 1) continue;
    bool merges = kept > 0;
    for (int k = 0; merges && k < s.operands; k++) {
      merges = s.operand[k].stride[kept - 1] == s.operand[k].stride[d] * s.size[d];
    }
    const int to = merges ? kept - 1 : kept++;
    s.size[to] = merges ? s.size[to] * s.size[d] : s.size[d];
    for (int k = 0; k < s.operands; k++) s.operand[k].stride[to] = s.operand[k].stride[d];
  }
  if (kept == 0) {
    s.size[0] = 1;
    for (int k = 0; k < s.operands; k++) s.operand[k].stride[0] = 1;
    kept = 1;
  }
  s.ndim = kept;
}

// Does the operand lie in memory exactly in the order of iteration?
static inline bool is_dense(const Space& s, const Operand& o) {
  int64_t expected = 1;
  for (int d = s.ndim - 1; d >= 0; d--) {
    if (o.stride[d] != expected) return false;
    expected *= s.size[d];
  }
  return true;
}

// Is the operand the same for every value of the first `dims` dimensions?
static inline bool is_constant_over(const Operand& o, int dims) {
  for (int d = 0; d < dims; d++) {
    if (o.stride[d] != 0) return false;
  }
  return true;
}

// Bytes from the lowest to one past the highest that the operand touches.
static inline void extent(const Space& s, const Operand& o, char** low, char** high) {
  int64_t below = 0, above = 0;
  for (int d = 0; d < s.ndim; d++) {
    const int64_t reach = o.stride[d] * (s.size[d] - 1);
    (reach < 0 ? below : above) += reach;
  }
  *low = o.base + below * o.bytes;
  *high = o.base + (above + 1) * o.bytes;
}

// Walks the first `dims` dimensions in row-major order and keeps every operand's offset (in elements) up to date.
struct Odometer {
  const Space* space;
  int dims;
  int64_t index[kMostDims];
  int64_t offset[kMostOperands];

  void start(const Space& s, int over, int64_t position) {
    space = &s;
    dims = over;
    for (int k = 0; k < s.operands; k++) offset[k] = 0;
    for (int d = dims - 1; d >= 0; d--) {
      index[d] = position % s.size[d];
      position /= s.size[d];
      for (int k = 0; k < s.operands; k++) offset[k] += index[d] * s.operand[k].stride[d];
    }
  }
  LW_INLINE void next() {
    const Space& s = *space;
    for (int d = dims - 1; d >= 0; d--) {
      if (++index[d] < s.size[d]) {
        for (int k = 0; k < s.operands; k++) offset[k] += s.operand[k].stride[d];
        return;
      }
      index[d] = 0;
      for (int k = 0; k < s.operands; k++) offset[k] -= s.operand[k].stride[d] * (s.size[d] - 1);
    }
  }
};

}  // namespace layerwise::NS
