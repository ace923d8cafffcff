// Kernels that read or write where an int64 (or int32) tensor says: index_select, index_add, gather, index_get,
// index_put and nonzero. Indices are trusted to lie within bounds, negative ones count from the end. Writers give the
// same result for any number of threads: two threads never write into the same slice.
#include "reduce_plan.h"

namespace layerwise::NS {
namespace {

constexpr int64_t kTaskBytes = 65536;

template <class F> LW_STATIC void with_index(Dtype dtype, F f) {
  if (dtype == kInt32) f(Tag<int32_t>{});
  else f(Tag<int64_t>{});
}
// Calls f with an unsigned type of this many bytes; for moving elements around without looking at them.
struct Bytes16 { uint64_t low, high; };
template <class F> LW_STATIC bool with_bytes(int64_t bytes, F f) {
  switch (bytes) {
    case 1: f(Tag<uint8_t>{}); return true;
    case 2: f(Tag<uint16_t>{}); return true;
    case 4: f(Tag<uint32_t>{}); return true;
    case 8: f(Tag<uint64_t>{}); return true;
    case 16: f(Tag<Bytes16>{}); return true;
    default: return false;
  }
}
LW_STATIC int64_t wrap(int64_t index, int64_t size) { return index < 0 ? index + size : index; }

// memcpy of a few bytes is a call; rows of an embedding are a few hundred.
LW_STATIC void copy_run(char* to, const char* from, int64_t bytes) {
  typedef char Block __attribute__((vector_size(LW_VECTOR_BYTES), aligned(1), may_alias));
  if (bytes > 2048 || bytes < LW_VECTOR_BYTES) {
    memcpy(to, from, bytes);
    return;
  }
  int64_t i = 0;
  for (; i + LW_VECTOR_BYTES <= bytes; i += LW_VECTOR_BYTES) *(Block*)(to + i) = *(const Block*)(from + i);
  if (i < bytes) *(Block*)(to + bytes - LW_VECTOR_BYTES) = *(const Block*)(from + bytes - LW_VECTOR_BYTES);
}

KERNEL(index_select) {
  int64_t element = args.integer();
  char* out = args.pointer<char>();
  const char* in = args.pointer<char>();
  void* index_ = args.pointer();
  Dtype index_dtype = args.dtype();
  int64_t n_index = args.integer(), outer = args.integer(), n = args.integer(), inner = args.integer();
  int64_t run = inner * element;
  with_index(index_dtype, [&](auto tag) {
    auto* index = (const typename decltype(tag)::type*)index_;
    if (inner == 1) {
      with_bytes(element, [&](auto type) {
        using T = typename decltype(type)::type;
        parallel_for(context, outer * n_index, kTaskBytes / 8, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; i++) {
            int64_t o = i / n_index;
            ((T*)out)[i] = ((const T*)in)[o * n + wrap(index[i - o * n_index], n)];
          }
        });
      });
      return;
    }
    parallel_for(context, outer * n_index, kTaskBytes / larger(run, 1), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        int64_t o = i / n_index;
        copy_run(out + i * run, in + (o * n + wrap(index[i - o * n_index], n)) * run, run);
      }
    });
  });
}

// --- index_add -------------------------------------------------------------------------------------------------------

// out += alpha * src over a run of elements.
template <class T> LW_STATIC void add_run(T* out, const T* src, int64_t n, compute<T> alpha) {
  int64_t i = 0;
  if constexpr (!is_integer<T>) {
    for (; i + lanes<T> <= n; i += lanes<T>) store(out + i, load(out + i) + load(src + i) * alpha);
  }
  for (; i < n; i++) {
    if constexpr (is_same<T, bool>) out[i] = out[i] || (src[i] && alpha != 0);
    else put(out + i, get(out + i) + get(src + i) * alpha);
  }
}

// Each task owns a range of target rows (or of columns, when rows are few) and applies, in order, the indices that fall
// into it; so the order of additions to one element is that of the index whatever the number of threads. The order of
// visits is a counting sort by target row, made once.
template <class T, class I> void index_add(Context* context, T* out, const I* index, const T* src, int64_t n_index,
                                           int64_t outer, int64_t n, int64_t inner, compute<T> alpha) {
  int64_t work = outer * n_index * inner;
  if (work == 0) return;
  if (work < 16384 || context->threads == 1) {
    for (int64_t o = 0; o < outer; o++) {
      for (int64_t k = 0; k < n_index; k++) {
        add_run(out + (o * n + wrap(index[k], n)) * inner, src + (o * n_index + k) * inner, inner, alpha);
      }
    }
    return;
  }
  if (outer >= 8) {
    parallel_for(context, outer, 16384 / (n_index * inner), [&](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; o++) {
        for (int64_t k = 0; k < n_index; k++) {
          add_run(out + (o * n + wrap(index[k], n)) * inner, src + (o * n_index + k) * inner, inner, alpha);
        }
      }
    });
    return;
  }
  if (inner >= 256) {  // cut columns: no sorting, and no imbalance when one index dominates
    int64_t strips = larger(1, smaller(16, inner / 64)), width = ceil_div(ceil_div(inner, strips), 64) * 64;
    parallel_for(context, ceil_div(inner, width) * outer, 1, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; task++) {
        int64_t o = task % outer, from = task / outer * width, count = smaller(width, inner - from);
        for (int64_t k = 0; k < n_index; k++) {
          add_run(out + (o * n + wrap(index[k], n)) * inner + from, src + (o * n_index + k) * inner + from, count,
                  alpha);
        }
      }
    });
    return;
  }
  constexpr int64_t bins = 64;
  auto* order = (int64_t*)context->scratch(context, 0, (n_index + bins + 1) * sizeof(int64_t));
  int64_t* starts = order + n_index;
  memset(starts, 0, (bins + 1) * sizeof(int64_t));
  auto bin_of = [&](int64_t k) { return (int64_t)((double)wrap(index[k], n) * bins / n); };
  for (int64_t k = 0; k < n_index; k++) starts[bin_of(k) + 1]++;
  for (int64_t b = 0; b < bins; b++) starts[b + 1] += starts[b];
  int64_t next[bins];
  memcpy(next, starts, sizeof next);
  for (int64_t k = 0; k < n_index; k++) order[next[bin_of(k)]++] = k;
  parallel_for(context, bins * outer, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; task++) {
      int64_t o = task / bins, b = task % bins;
      for (int64_t i = starts[b]; i < starts[b + 1]; i++) {
        int64_t k = order[i];
        add_run(out + (o * n + wrap(index[k], n)) * inner, src + (o * n_index + k) * inner, inner, alpha);
      }
    }
  });
}

KERNEL(index_add) {
  Dtype dtype = args.dtype();
  void *out = args.pointer(), *index = args.pointer();
  Dtype index_dtype = args.dtype();
  void* src = args.pointer();
  int64_t n_index = args.integer(), outer = args.integer(), n = args.integer(), inner = args.integer();
  double alpha = args.real();
  with_any(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    with_index(index_dtype, [&](auto index_tag) {
      using I = typename decltype(index_tag)::type;
      index_add(context, (T*)out, (const I*)index, (const T*)src, n_index, outer, n, inner, (compute<T>)alpha);
    });
  });
}

// --- gather ----------------------------------------------------------------------------------------------------------

struct Shape {
  int n;
  int64_t size[kMaxDims];
  int64_t count() const {
    int64_t total = 1;
    for (int i = 0; i < n; i++) total *= size[i];
    return total;
  }
};
LW_STATIC Shape read_shape(Args& args, int n) {
  Shape shape;
  shape.n = n;
  args.integers(shape.size, n);
  return shape;
}

// Walks rows (runs of the last dimension) of a shape, keeping an offset per operand.
template <int K> struct RowWalk {
  const Shape& shape;
  const int64_t* strides[K];
  int64_t at[kMaxDims];
  int64_t offset[K];

  void seek(int64_t row) {
    for (int k = 0; k < K; k++) offset[k] = 0;
    for (int d = shape.n - 2; d >= 0; d--) {
      at[d] = row % shape.size[d];
      row /= shape.size[d];
      for (int k = 0; k < K; k++) offset[k] += at[d] * strides[k][d];
    }
  }
  void next() {
    for (int d = shape.n - 2; d >= 0; d--) {
      for (int k = 0; k < K; k++) offset[k] += strides[k][d];
      if (++at[d] < shape.size[d]) return;
      for (int k = 0; k < K; k++) offset[k] -= at[d] * strides[k][d];
      at[d] = 0;
    }
  }
};

// A scalar is a row of one element.
LW_STATIC void at_least_one_dim(Shape& shape) {
  if (shape.n == 0) shape = {1, {1}};
}
LW_STATIC int64_t row_count(const Shape& shape) {
  int64_t rows = 1;
  for (int d = 0; d < shape.n - 1; d++) rows *= shape.size[d];
  return rows;
}

KERNEL(gather) {
  int64_t element = args.integer();
  int ndim = (int)args.integer(), dim = (int)args.integer();
  Shape shape = read_shape(args, ndim);
  void* out_ = args.pointer();
  auto* index = args.pointer<const int64_t>();
  int64_t out_stride[kMaxDims] = {}, index_stride[kMaxDims] = {}, in_stride[kMaxDims] = {};
  args.integers(out_stride, ndim);
  args.integers(index_stride, ndim);
  void* in_ = args.pointer();
  args.integers(in_stride, ndim);
  int64_t in_n = args.integer();
  at_least_one_dim(shape);
  int last = shape.n - 1;
  int64_t n = shape.size[last], rows = row_count(shape), along = in_stride[dim];
  in_stride[dim] = 0;
  if (n == 0) return;
  with_bytes(element, [&](auto tag) {
    using T = typename decltype(tag)::type;
    parallel_for(context, rows, larger(1, 8192 / n), [&](int64_t begin, int64_t end) {
      RowWalk<3> walk = {shape, {out_stride, index_stride, in_stride}, {}, {}};
      walk.seek(begin);
      for (int64_t row = begin; row < end; row++, walk.next()) {
        T* out = (T*)out_ + walk.offset[0];
        const int64_t* where = index + walk.offset[1];
        const T* in = (const T*)in_ + walk.offset[2];
        if (out_stride[last] == 1 && index_stride[last] == 1) {
          int64_t next = in_stride[last];
          for (int64_t i = 0; i < n; i++) out[i] = in[i * next + wrap(where[i], in_n) * along];
          continue;
        }
        for (int64_t i = 0; i < n; i++) {
          out[i * out_stride[last]] = in[i * in_stride[last] + wrap(where[i * index_stride[last]], in_n) * along];
        }
      }
    });
  });
}

// --- advanced indexing -----------------------------------------------------------------------------------------------

constexpr int kMaxIndices = 16;
struct IndexOperand {
  const int64_t* index;
  int64_t stride[kMaxDims];
  int64_t dim_size, dim_stride;
};
struct IndexOperands {
  int n;
  IndexOperand list[kMaxIndices];

  // Where element i of the row at these offsets lives in the indexed tensor.
  int64_t place(const int64_t* offsets, int64_t i, int last) const {
    int64_t out = 0;
    for (int k = 0; k < n; k++) {
      const IndexOperand& op = list[k];
      out += wrap(op.index[offsets[k] + i * op.stride[last]], op.dim_size) * op.dim_stride;
    }
    return out;
  }
};
LW_STATIC bool read_indices(Context* context, Args& args, int ndim, IndexOperands& out) {
  out.n = (int)args.integer();
  if (out.n > kMaxIndices) {
    context->fail(context, "[index] more than 16 index tensors");
    return false;
  }
  for (int k = 0; k < out.n; k++) {
    IndexOperand& op = out.list[k];
    op.index = args.pointer<const int64_t>();
    for (int d = 0; d < kMaxDims; d++) op.stride[d] = 0;
    args.integers(op.stride, ndim);
    op.dim_size = args.integer();
    op.dim_stride = args.integer();
  }
  return true;
}
LW_STATIC void index_offsets(const Shape& shape, const IndexOperands& indices, int64_t row, int64_t* offsets) {
  for (int k = 0; k < indices.n; k++) {
    offsets[k] = 0;
    int64_t rest = row;
    for (int d = shape.n - 2; d >= 0; d--) {
      offsets[k] += rest % shape.size[d] * indices.list[k].stride[d];
      rest /= shape.size[d];
    }
  }
}

// Whether an index is the same along the last dimension: then rows can be copied whole.
LW_STATIC bool constant_along(const IndexOperands& indices, int last) {
  for (int k = 0; k < indices.n; k++) {
    if (indices.list[k].stride[last] != 0) return false;
  }
  return true;
}

KERNEL(index_get) {
  int64_t element = args.integer();
  int ndim = (int)args.integer();
  Shape shape = read_shape(args, ndim);
  void *out_ = args.pointer(), *in_ = args.pointer();
  int64_t in_stride[kMaxDims] = {};
  args.integers(in_stride, ndim);
  IndexOperands indices;
  if (!read_indices(context, args, ndim, indices)) return;
  at_least_one_dim(shape);
  int last = shape.n - 1;
  int64_t n = shape.size[last], rows = row_count(shape);
  if (n == 0) return;
  bool whole_rows = constant_along(indices, last);
  with_bytes(element, [&](auto tag) {
    using T = typename decltype(tag)::type;
    parallel_for(context, rows, larger(1, 4096 / n), [&](int64_t begin, int64_t end) {
      RowWalk<1> walk = {shape, {in_stride}, {}, {}};
      walk.seek(begin);
      for (int64_t row = begin; row < end; row++, walk.next()) {
        int64_t offsets[kMaxIndices];
        index_offsets(shape, indices, row, offsets);
        T* out = (T*)out_ + row * n;
        const T* in = (const T*)in_ + walk.offset[0];
        if (whole_rows) {
          in += indices.place(offsets, 0, last);
          if (in_stride[last] == 1) copy_run((char*)out, (const char*)in, n * sizeof(T));
          else for (int64_t i = 0; i < n; i++) out[i] = in[i * in_stride[last]];
        } else {
          for (int64_t i = 0; i < n; i++) out[i] = in[i * in_stride[last] + indices.place(offsets, i, last)];
        }
      }
    });
  });
}

// Sequential in row-major order, so that the last write wins and sums have one order; only whole rows that no index
// tells apart are cut between threads.
template <class T> void index_put(Context* context, const Shape& shape, T* out_, const int64_t* out_stride,
                                  const T* src_, const int64_t* src_stride, const IndexOperands& indices,
                                  bool accumulate) {
  int last = shape.n - 1;
  int64_t n = shape.size[last], rows = row_count(shape);
  bool whole_rows = constant_along(indices, last);
  auto apply = [&](int64_t from, int64_t to) {
    RowWalk<2> walk = {shape, {out_stride, src_stride}, {}, {}};
    walk.seek(0);
    for (int64_t row = 0; row < rows; row++, walk.next()) {
      int64_t offsets[kMaxIndices];
      index_offsets(shape, indices, row, offsets);
      T* out = out_ + walk.offset[0];
      const T* src = src_ + walk.offset[1];
      if (whole_rows) {
        out += indices.place(offsets, 0, last);
        if (accumulate && out_stride[last] == 1 && src_stride[last] == 1) {
          add_run(out + from, src + from, to - from, (compute<T>)1);
          continue;
        }
      }
      for (int64_t i = from; i < to; i++) {
        T* target = out + i * out_stride[last] + (whole_rows ? 0 : indices.place(offsets, i, last));
        const T* value = src + i * src_stride[last];
        if (accumulate) add_run(target, value, 1, (compute<T>)1);
        else *target = *value;
      }
    }
  };
  if (rows * n == 0) return;
  // Columns of one output row never collide when strides differ from 0.
  bool can_cut = whole_rows && n >= 128 && out_stride[last] != 0 && rows * n >= 32768;
  if (!can_cut) {
    apply(0, n);
    return;
  }
  int64_t strips = smaller(8, n / 64);
  parallel_for(context, strips, 1, [&](int64_t begin, int64_t end) {
    for (int64_t s = begin; s < end; s++) apply(n * s / strips, n * (s + 1) / strips);
  });
}

KERNEL(index_put) {
  Dtype dtype = args.dtype();
  bool accumulate = args.integer() != 0;
  int ndim = (int)args.integer();
  Shape shape = read_shape(args, ndim);
  int64_t out_stride[kMaxDims] = {}, src_stride[kMaxDims] = {};
  void* out = args.pointer();
  args.integers(out_stride, ndim);
  void* src = args.pointer();
  args.integers(src_stride, ndim);
  IndexOperands indices;
  if (!read_indices(context, args, ndim, indices)) return;
  at_least_one_dim(shape);
  with_any(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    index_put(context, shape, (T*)out, out_stride, (const T*)src, src_stride, indices, accumulate);
  });
}

// --- nonzero ---------------------------------------------------------------------------------------------------------

KERNEL(nonzero_count) {
  Dtype dtype = args.dtype();
  void* in_ = args.pointer();
  int64_t n = args.integer();
  int64_t* out = args.pointer<int64_t>();
  constexpr int64_t piece = 1 << 16;
  int64_t pieces = ceil_div(n, piece);
  auto* counts = (int64_t*)context->scratch(context, 0, (pieces + 1) * sizeof(int64_t));
  with_any(dtype, [&](auto tag) {
    auto* in = (const typename decltype(tag)::type*)in_;
    parallel_for(context, pieces, 1, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; p++) {
        int64_t count = 0;
        for (int64_t i = p * piece; i < smaller((p + 1) * piece, n); i++) count += get(in + i) != 0;
        counts[p] = count;
      }
    });
  });
  int64_t total = 0;
  for (int64_t p = 0; p < pieces; p++) total += counts[p];
  *out = total;
}

KERNEL(nonzero) {
  Dtype dtype = args.dtype();
  void* in_ = args.pointer();
  int ndim = (int)args.integer();
  Shape shape = read_shape(args, ndim);
  int64_t* out = args.pointer<int64_t>();
  int64_t n = shape.count();
  with_any(dtype, [&](auto tag) {
    auto* in = (const typename decltype(tag)::type*)in_;
    for (int64_t i = 0; i < n; i++) {
      if (get(in + i) == 0) continue;
      int64_t rest = i;
      for (int d = ndim - 1; d >= 0; d--) {
        out[d] = rest % shape.size[d];
        rest /= shape.size[d];
      }
      out += ndim;
    }
  });
}

}  // namespace
}  // namespace layerwise::NS
