// Launchers of sort and topk along the last dimension: short lines in shared memory, long ones by digits. topk sorts
// the line and keeps its beginning. Always stable, so `stable` and `sorted` are met whatever they say.
#include "sort_radix.h"

namespace layerwise {
namespace {

struct Lines {
  Dtype dtype;
  void* values;
  int64_t* indices;
  const void* in;
  int64_t outer, n, take;
  int descending;
};

void sort_lines(Context& context, const Lines& a) {
  if (a.outer == 0 || a.n == 0 || a.take == 0) return;
  const int dtype = a.dtype;
  const int bytes = int(Context::dtype_bytes(a.dtype));
  if (a.n <= kSortShort) {
    if (a.outer > 0x7fffffff) return context.fail("[sort] too many lines for one launch");
    int padded = 2;
    while (padded < a.n) padded *= 2;
    const int half = padded / 2;
    const unsigned threads = half < 32 ? 32 : half > 512 ? 512 : unsigned(half);
    context.launch("sort_short", {unsigned(a.outer)}, {threads}, size_t(padded) * 12, a.values, a.indices, a.in, dtype,
                   bytes, a.n, a.take, padded, a.descending);
    return;
  }
  RadixBuffers buffers;
  if (!buffers.reserve(context, a.outer, a.n, bytes == 8 ? 8 : 4)) return;
  const int64_t count = a.outer * a.n;
  context.launch_named("radix_read", bytes == 8 ? "8" : "4", context.grid_for(count, 256), {256}, 0, buffers.keys,
                       buffers.places, a.in, dtype, count, a.n, a.descending);
  buffers.sort(context, 8 * bytes);
  const int64_t kept = a.outer * a.take;
  context.launch("sort_write", context.grid_for(kept, 256), {256}, 0, a.values, a.indices, a.in, buffers.places, bytes,
                 kept, a.n, a.take);
}

// dtype values indices in outer n descending stable
LAUNCHER(sort) {
  Lines a = {};
  a.dtype = args.dtype();
  a.values = args.pointer();
  a.indices = args.pointer<int64_t>();
  a.in = args.pointer();
  a.outer = args.integer();
  a.n = a.take = args.integer();
  a.descending = args.flag();
  sort_lines(context, a);
}

// dtype values indices in outer n k largest sorted
LAUNCHER(topk) {
  Lines a = {};
  a.dtype = args.dtype();
  a.values = args.pointer();
  a.indices = args.pointer<int64_t>();
  a.in = args.pointer();
  a.outer = args.integer();
  a.n = args.integer();
  a.take = args.integer();
  a.descending = args.flag();
  sort_lines(context, a);
}

}  // namespace
}  // namespace layerwise
