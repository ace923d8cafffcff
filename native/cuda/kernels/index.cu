// Reading and writing by index. Writers give the same bits in every run: positions that meet in one target form a
// chain in their order, found by comparing keys (short lines) or by sorting them (long ones), and one thread walks
// it. No atomics. Indices are clamped, never trusted to lie within their dimension.
#include "index_job.h"
#include "vectors.h"

namespace {

struct alignas(16) Bytes16 {
  uint64_t low, high;
};

DEVICE int64_t clamped(const void* index, int index_dtype, int64_t at, int64_t n) {
  int64_t i = index_dtype == kInt32 ? ((const int32_t*)index)[at] : ((const int64_t*)index)[at];
  if (i < 0) i += n;
  return i < 0 ? 0 : i >= n ? n - 1 : i;
}

struct Position {
  int64_t out, src, key, indexed;
};

DEVICE Position position_of(const IndexJob& job, int64_t element) {
  Position p = {};
  int64_t at[kMostIndices] = {};
  for (int d = job.dims - 1; d >= 0; d--) {
    const int64_t above = quotient(element, job.size[d]);
    const int64_t here = element - above * job.size[d];
    element = above;
    p.out += here * job.out_stride[d];
    p.src += here * job.src_stride[d];
    p.key += here * job.key_stride[d];
    for (int k = 0; k < job.indices; k++) at[k] += here * job.operand[k].stride[d];
  }
  for (int k = 0; k < job.indices; k++) {
    const IndexOperand& o = job.operand[k];
    p.indexed += clamped(o.index, job.index_dtype, at[k], o.dim_size) * o.dim_stride;
  }
  return p;
}

// What a position in the space of keys adds to the offsets.
struct KeyPosition {
  int64_t target, src;
};

DEVICE KeyPosition key_position(const IndexJob& job, int64_t key) {
  KeyPosition p = {};
  for (int d = 0; d < job.dims; d++) {
    if (job.key_stride[d] == 0) continue;
    const int64_t place = quotient(key, job.key_stride[d]);
    const int64_t here = place - quotient(place, job.size[d]) * job.size[d];
    p.target += here * job.out_stride[d];
    p.src += here * job.src_stride[d];
  }
  return p;
}

template <class W> DEVICE W combined(const IndexJob& job, W old, W x) {
  switch (job.reduce) {
    case kWrite: return x;
    case kAdd:
      x = x * W(job.alpha);
      return job.dtype == kBool ? W(old != 0 || x != 0) : old + x;
    case kMultiply: return old * x;
    case kMaximum: return old != old || old > x ? old : x;
    default: return old != old || old < x ? old : x;
  }
}
template <> DEVICE int64_t combined(const IndexJob& job, int64_t old, int64_t x) {
  switch (job.reduce) {
    case kWrite: return x;
    case kAdd: {
      const uint64_t scaled = uint64_t(x) * uint64_t(int64_t(job.alpha));
      return job.dtype == kBool ? old != 0 || scaled != 0 : int64_t(uint64_t(old) + scaled);
    }
    case kMultiply: return int64_t(uint64_t(old) * uint64_t(x));
    case kMaximum: return old > x ? old : x;
    default: return old < x ? old : x;
  }
}

// W: the type to compute in. Without chains no two positions meet.
template <class T>
DEVICE void index_put(const IndexJob& job, const uint32_t* next, const uint8_t* is_first) {
  for (int64_t i = thread_index(); i < job.total; i += thread_count()) {
    Position p = position_of(job, i);
    uint32_t key = uint32_t(p.key);
    if (next && (job.reduce == kWrite ? next[key] != kLast : !is_first[key])) continue;
    const int64_t to = p.out + p.indexed;
    const T given = T(job.value);
    if (!next || job.reduce == kWrite) {
      const T x = job.src ? load_as<T>(job.src, job.dtype, p.src) : given;
      const T old = job.reduce == kWrite ? T(0) : load_as<T>(job.out, job.dtype, to);
      store_as(job.out, job.dtype, to, combined(job, old, x));
      continue;
    }
    const int64_t besides = p.src - key_position(job, key).src;
    T sum = load_as<T>(job.out, job.dtype, to);
    for (; key != kLast; key = next[key]) {
      const T x = job.src ? load_as<T>(job.src, job.dtype, besides + key_position(job, key).src) : given;
      sum = combined(job, sum, x);
    }
    store_as(job.out, job.dtype, to, sum);
  }
}

template <class T> DEVICE void index_get(const IndexJob& job) {
  for (int64_t i = thread_index(); i < job.total; i += thread_count()) {
    const Position p = position_of(job, i);
    ((T*)job.out)[p.out] = ((const T*)job.src)[p.src + p.indexed];
  }
}

// Whole rows, in units of T as wide as their length and alignment allow.
template <class T>
DEVICE void index_rows(T* out, const T* in, const void* index, int index_dtype, int64_t n_index, int64_t total,
                       int64_t n, int64_t units) {
  for (int64_t i = thread_index(); i < total; i += thread_count()) {
    const int64_t row = quotient(i, units);
    const int64_t outer = quotient(row, n_index);
    const int64_t from = outer * n + clamped(index, index_dtype, row - outer * n_index, n);
    out[i] = in[from * units + i - row * units];
  }
}

}  // namespace

// The target of every position in the space of keys, as an offset; places count up for the sort.
KERNEL(index_keys, (GRID_CONSTANT IndexJob job, uint64_t* keys, uint32_t* places)) {
  for (int64_t i = thread_index(); i < job.keys; i += thread_count()) {
    int64_t target = 0;
    int64_t at[kMostIndices] = {};
    for (int d = 0; d < job.dims; d++) {
      if (job.key_stride[d] == 0) continue;
      const int64_t place = quotient(i, job.key_stride[d]);
      const int64_t here = place - quotient(place, job.size[d]) * job.size[d];
      target += here * job.out_stride[d];
      for (int k = 0; k < job.indices; k++) at[k] += here * job.operand[k].stride[d];
    }
    for (int k = 0; k < job.indices; k++) {
      const IndexOperand& o = job.operand[k];
      target += clamped(o.index, job.index_dtype, at[k], o.dim_size) * o.dim_stride;
    }
    keys[i] = uint64_t(target);
    places[i] = uint32_t(i);
  }
}

// Positions meet only along lines of n positions `step` apart: look for the nearest equal key on both sides.
KERNEL(index_chain_lines,
       (uint32_t* next, uint8_t* is_first, const uint64_t* keys, int64_t count, int64_t n, int64_t step)) {
  for (int64_t i = thread_index(); i < count; i += thread_count()) {
    const int64_t place = quotient(i, step);
    const int64_t here = place - quotient(place, n) * n;
    const uint64_t key = keys[i];
    uint32_t follows = kLast;
    for (int64_t j = 1; here + j < n; j++) {
      if (keys[i + j * step] != key) continue;
      follows = uint32_t(i + j * step);
      break;
    }
    next[i] = follows;
    bool first = true;
    for (int64_t j = 1; j <= here && first; j++) first = keys[i - j * step] != key;
    is_first[i] = first;
  }
}

KERNEL(index_chain_sorted,
       (uint32_t* next, uint8_t* is_first, const uint64_t* keys, const uint32_t* places, int64_t count)) {
  for (int64_t i = thread_index(); i < count; i += thread_count()) {
    const bool has_next = i + 1 < count && keys[i + 1] == keys[i];
    next[places[i]] = has_next ? places[i + 1] : kLast;
    is_first[places[i]] = i == 0 || keys[i - 1] != keys[i];
  }
}

#define ENTRIES_MOVED(name, parameters, arguments) \
  ENTRIES_SIZES(name, parameters, arguments) \
  ENTRY(name, 16, Bytes16, parameters, arguments)

ENTRIES_MOVED(index_rows,
              (T* out, const T* in, const void* index, int index_dtype, int64_t n_index, int64_t total, int64_t n,
               int64_t units),
              (out, in, index, index_dtype, n_index, total, n, units))
ENTRIES_MOVED(index_get, (GRID_CONSTANT IndexJob job), (job))
ENTRY(index_put, real, float, (GRID_CONSTANT IndexJob job, const uint32_t* next, const uint8_t* is_first),
      (job, next, is_first))
ENTRY(index_put, double, double, (GRID_CONSTANT IndexJob job, const uint32_t* next, const uint8_t* is_first),
      (job, next, is_first))
ENTRY(index_put, whole, int64_t, (GRID_CONSTANT IndexJob job, const uint32_t* next, const uint8_t* is_first),
      (job, next, is_first))
