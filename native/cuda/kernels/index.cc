// Launchers of index_select, gather, index_get, and of index_add, scatter, index_put: all but the first are one job of
// reading or writing by index. Refuses more than twelve dimensions that do not merge.
#include "index_job.h"
#include "sort_radix.h"

namespace layerwise {
namespace {

constexpr int kMostDims = 64;
// Chains along longer lines are found by sorting.
constexpr int64_t kLongestCompared = 2048;

// A job before its dimensions are merged.
struct Draft {
  int n = 0;
  int64_t size[kMostDims], out[kMostDims], src[kMostDims];
  struct {
    const void* index;
    int64_t stride[kMostDims];
    int64_t dim_size, dim_stride;
  } operand[kMostIndices];
  int indices = 0;
  // The dimension along which scatter's positions may meet; it stays by itself. -1: anywhere.
  int line = -1;

  bool read_operands(Context& context, Args& args) {
    indices = int(args.integer());
    if (indices > kMostIndices) {
      context.fail("[index] more than 16 index tensors");
      return false;
    }
    for (int k = 0; k < indices; k++) {
      operand[k].index = args.pointer();
      args.integers(operand[k].stride, n);
      operand[k].dim_size = args.integer();
      operand[k].dim_stride = args.integer();
    }
    return true;
  }

  bool merges(int a, int b) const {
    if (a == line || b == line) return false;
    if (out[a] != out[b] * size[b] || src[a] != src[b] * size[b]) return false;
    for (int k = 0; k < indices; k++) {
      if (operand[k].stride[a] != operand[k].stride[b] * size[b]) return false;
    }
    return true;
  }

  void move(int to, int from) {
    size[to] = size[from];
    out[to] = out[from];
    src[to] = src[from];
    for (int k = 0; k < indices; k++) operand[k].stride[to] = operand[k].stride[from];
  }

  // Neighbouring dimensions that every operand walks alike become one.
  void merge() {
    int kept = 0;
    for (int d = 0; d < n; d++) {
      if (size[d] == 1 && d != line) continue;
      const bool was_line = d == line;
      move(kept, d);
      if (was_line) line = kept;
      const bool joins = kept > 0 && merges(kept - 1, kept);
      if (joins) {
        const int64_t together = size[kept - 1] * size[kept];
        move(kept - 1, kept);
        size[kept - 1] = together;
      } else {
        kept++;
      }
    }
    n = kept;
  }
};

// False when there is nothing to do, or after a failure.
bool make_job(Context& context, Draft& draft, IndexJob& job) {
  draft.merge();
  if (draft.n > kMostIndexDims) {
    context.fail("[index] more than 12 dimensions that do not merge");
    return false;
  }
  job.dims = draft.n;
  job.indices = draft.indices;
  job.total = 1;
  for (int d = 0; d < draft.n; d++) {
    job.size[d] = draft.size[d];
    job.out_stride[d] = draft.out[d];
    job.src_stride[d] = draft.src[d];
    job.total *= draft.size[d];
  }
  for (int k = 0; k < draft.indices; k++) {
    IndexOperand& o = job.operand[k];
    o.index = draft.operand[k].index;
    o.dim_size = draft.operand[k].dim_size;
    o.dim_stride = draft.operand[k].dim_stride;
    for (int d = 0; d < draft.n; d++) o.stride[d] = draft.operand[k].stride[d];
    if (o.dim_size == 0) return false;
  }
  return job.total > 0;
}

const char* size_suffix(int64_t bytes) {
  switch (bytes) {
    case 1: return "1";
    case 2: return "2";
    case 4: return "4";
    case 8: return "8";
    case 16: return "16";
    default: return nullptr;
  }
}

void get(Context& context, Draft& draft, IndexJob& job, int64_t element) {
  const char* suffix = size_suffix(element);
  if (!suffix) return context.fail("[index] expected elements of 1, 2, 4, 8 or 16 bytes");
  if (!make_job(context, draft, job)) return;
  context.launch_named("index_get", suffix, context.grid_for(job.total, 256), {256}, 0, job);
}

// Which dimensions decide on the target through an index, or let positions meet there.
void find_keys(IndexJob& job, int line) {
  job.keys = 1;
  for (int d = job.dims - 1; d >= 0; d--) {
    bool is_key = d == line || (job.out_stride[d] == 0 && job.size[d] > 1);
    for (int k = 0; k < job.indices; k++) is_key = is_key || job.operand[k].stride[d] != 0;
    job.key_stride[d] = is_key ? job.keys : 0;
    if (is_key) job.keys *= job.size[d];
  }
}

// Bits of the largest target offset.
int key_bits(const IndexJob& job) {
  int64_t most = 0;
  for (int d = 0; d < job.dims; d++) {
    if (job.key_stride[d]) most += (job.size[d] - 1) * job.out_stride[d];
    if (job.out_stride[d] < 0) return 64;
  }
  for (int k = 0; k < job.indices; k++) {
    if (job.operand[k].dim_stride < 0) return 64;
    most += (job.operand[k].dim_size - 1) * job.operand[k].dim_stride;
  }
  int bits = 0;
  while (bits < 63 && most >> bits) bits++;
  return bits;
}

void put(Context& context, Draft& draft, IndexJob& job) {
  if (!make_job(context, draft, job)) return;
  find_keys(job, draft.line);
  const int64_t length = draft.line >= 0 ? job.size[draft.line] : job.keys;
  const int64_t step = draft.line >= 0 ? job.key_stride[draft.line] : 1;
  uint32_t* next = nullptr;
  uint8_t* is_first = nullptr;
  if (length > 1) {
    RadixBuffers buffers;
    if (!buffers.reserve(context, 1, job.keys, 8)) return;
    next = (uint32_t*)context.scratch(2, size_t(job.keys) * (sizeof(uint32_t) + 1));
    if (!next) return;
    is_first = (uint8_t*)(next + job.keys);
    const Grid grid = context.grid_for(job.keys, 256);
    auto* keys = (uint64_t*)buffers.keys;
    context.launch("index_keys", grid, {256}, 0, job, keys, buffers.places);
    if (length <= kLongestCompared) {
      context.launch("index_chain_lines", grid, {256}, 0, next, is_first, keys, job.keys, length, step);
    } else {
      buffers.sort(context, key_bits(job));
      context.launch("index_chain_sorted", grid, {256}, 0, next, is_first, buffers.keys, buffers.places, job.keys);
    }
  }
  const bool is_real = job.dtype == kFloat16 || job.dtype == kBfloat16 || job.dtype == kFloat32;
  const char* type = is_real ? "real" : job.dtype == kFloat64 ? "double" : "whole";
  context.launch_named("index_put", type, context.grid_for(job.total, 256), {256}, 0, job, next, is_first);
}

// element_bytes out in index index_dtype n_index outer n inner
LAUNCHER(index_select) {
  const int64_t element = args.integer();
  void* out = args.pointer();
  const void* in = args.pointer();
  const void* index = args.pointer();
  const int index_dtype = args.dtype();
  const int64_t n_index = args.integer();
  const int64_t outer = args.integer();
  const int64_t n = args.integer();
  const int64_t run = args.integer() * element;
  if (outer * n_index * run == 0 || n == 0) return;
  int64_t unit = 16;
  while (((uint64_t(out) | uint64_t(in) | uint64_t(run)) & (unit - 1)) != 0) unit /= 2;
  const int64_t units = run / unit;
  const int64_t total = outer * n_index * units;
  context.launch_named("index_rows", size_suffix(unit), context.grid_for(total, 256), {256}, 0, out, in, index,
                       index_dtype, n_index, total, n, units);
}

// dtype out index index_dtype src n_index outer n inner alpha
LAUNCHER(index_add) {
  IndexJob job = {};
  job.dtype = args.dtype();
  job.out = args.pointer();
  const void* index = args.pointer();
  job.index_dtype = args.dtype();
  job.src = args.pointer();
  const int64_t n_index = args.integer();
  const int64_t outer = args.integer();
  const int64_t n = args.integer();
  const int64_t inner = args.integer();
  job.alpha = args.real();
  job.reduce = kAdd;
  Draft draft;
  draft.n = 3;
  const int64_t size[] = {outer, n_index, inner};
  const int64_t to[] = {n * inner, 0, 1};
  const int64_t from[] = {n_index * inner, inner, 1};
  for (int d = 0; d < 3; d++) {
    draft.size[d] = size[d];
    draft.out[d] = to[d];
    draft.src[d] = from[d];
    draft.operand[0].stride[d] = d == 1;
  }
  draft.operand[0].index = index;
  draft.operand[0].dim_size = n;
  draft.operand[0].dim_stride = inner;
  draft.indices = 1;
  put(context, draft, job);
}

// element_bytes ndim dim sizes[ndim] out index outStride[ndim] indexStride[ndim] in inStride[ndim] in_n
LAUNCHER(gather) {
  const int64_t element = args.integer();
  Draft draft;
  draft.n = int(args.integer());
  const int dim = int(args.integer());
  args.integers(draft.size, draft.n);
  IndexJob job = {};
  job.index_dtype = kInt64;
  job.out = args.pointer();
  auto& operand = draft.operand[0];
  operand.index = args.pointer();
  args.integers(draft.out, draft.n);
  args.integers(operand.stride, draft.n);
  job.src = args.pointer();
  args.integers(draft.src, draft.n);
  operand.dim_size = args.integer();
  operand.dim_stride = draft.n ? draft.src[dim] : 1;
  if (draft.n) draft.src[dim] = 0;
  draft.indices = 1;
  get(context, draft, job, element);
}

// dtype reduce ndim dim sizes[ndim] out outStride[ndim] index indexStride[ndim] src srcStride[ndim] value out_n
LAUNCHER(scatter) {
  IndexJob job = {};
  job.dtype = args.dtype();
  job.reduce = int(args.integer());
  job.index_dtype = kInt64;
  job.alpha = 1;
  Draft draft;
  draft.n = int(args.integer());
  const int dim = int(args.integer());
  args.integers(draft.size, draft.n);
  job.out = args.pointer();
  args.integers(draft.out, draft.n);
  auto& operand = draft.operand[0];
  operand.index = args.pointer();
  args.integers(operand.stride, draft.n);
  job.src = args.pointer();
  args.integers(draft.src, draft.n);
  job.value = args.real();
  operand.dim_size = args.integer();
  operand.dim_stride = draft.n ? draft.out[dim] : 1;
  if (draft.n) {
    draft.out[dim] = 0;
    draft.line = dim;
  }
  draft.indices = 1;
  put(context, draft, job);
}

// element_bytes ndim sizes[ndim] out in inStride[ndim] nindex {index indexStride[ndim] dimSize dimStride}[nindex]
LAUNCHER(index_get) {
  const int64_t element = args.integer();
  Draft draft;
  draft.n = int(args.integer());
  args.integers(draft.size, draft.n);
  IndexJob job = {};
  job.index_dtype = kInt64;
  job.out = args.pointer();
  job.src = args.pointer();
  args.integers(draft.src, draft.n);
  int64_t stride = 1;
  for (int d = draft.n - 1; d >= 0; d--) {
    draft.out[d] = stride;
    stride *= draft.size[d];
  }
  if (!draft.read_operands(context, args)) return;
  get(context, draft, job, element);
}

// dtype accumulate ndim sizes[ndim] out outStride[ndim] src srcStride[ndim] nindex {...}[nindex], as above
LAUNCHER(index_put) {
  IndexJob job = {};
  job.dtype = args.dtype();
  job.reduce = args.flag() ? kAdd : kWrite;
  job.index_dtype = kInt64;
  job.alpha = 1;
  Draft draft;
  draft.n = int(args.integer());
  args.integers(draft.size, draft.n);
  job.out = args.pointer();
  args.integers(draft.out, draft.n);
  job.src = args.pointer();
  args.integers(draft.src, draft.n);
  if (!draft.read_operands(context, args)) return;
  put(context, draft, job);
}

}  // namespace
}  // namespace layerwise
