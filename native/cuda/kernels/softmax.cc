// Launchers of softmax, log_softmax and their gradients.
#include "rows.h"

namespace layerwise {
namespace {

struct Slices {
  int64_t outer, n, inner;
  int log;
  bool is_empty() const { return outer == 0 || n == 0 || inner == 0; }
};

Slices read_slices(Args& args) {
  Slices s;
  s.outer = args.integer();
  s.n = args.integer();
  s.inner = args.integer();
  s.log = args.flag();
  return s;
}

// Neighbouring columns side by side; rows of threads share a column when there are few columns.
struct ColumnLayout {
  Grid grid, block;
  int64_t strips;
  explicit ColumnLayout(const Slices& s) {
    block = {32, 1};
    while (block.y < 16 && int64_t(block.y) * 8 < s.n) block.y *= 2;
    strips = (s.inner + 31) / 32;
    grid = {unsigned(s.outer * strips)};
  }
};

// dtype out in outer n inner log
LAUNCHER(softmax) {
  const Dtype dtype = args.dtype();
  void* out = args.pointer();
  const void* x = args.pointer();
  const Slices s = read_slices(args);
  if (!is_float(dtype)) return context.fail("[softmax] expected a floating dtype");
  if (s.is_empty()) return;
  const size_t bytes = Context::dtype_bytes(dtype);
  if (s.inner > 1) {
    const ColumnLayout layout(s);
    const size_t state = 2 * (dtype == kFloat64 ? 8 : 4);
    context.launch_typed("softmax_columns", dtype, layout.grid, layout.block, layout.block.x * layout.block.y * state,
                         out, x, s.n, s.inner, layout.strips, s.log);
    return;
  }
  const int vector = is_vector(dtype, s.n, out, x);
  const Grid block = row_block(vector ? s.n * bytes / 16 : s.n, 4, 1024);
  const size_t cache = size_t(s.n) * bytes * block.y;
  const int cached = cache <= kMostRowCache;
  context.launch_typed("softmax_rows", dtype, row_grid(s.outer, block), block, cached ? cache : 0, out, x, s.outer, s.n,
                       s.log, vector, cached);
}

// dtype dx dy y outer n inner log
LAUNCHER(softmax_backward) {
  const Dtype dtype = args.dtype();
  void* dx = args.pointer();
  const void* dy = args.pointer();
  const void* y = args.pointer();
  const Slices s = read_slices(args);
  if (!is_float(dtype)) return context.fail("[softmax_backward] expected a floating dtype");
  if (s.is_empty()) return;
  const size_t bytes = Context::dtype_bytes(dtype);
  if (s.inner > 1) {
    const ColumnLayout layout(s);
    const size_t state = dtype == kFloat64 ? 8 : 4;
    context.launch_typed("softmax_backward_columns", dtype, layout.grid, layout.block,
                         layout.block.x * layout.block.y * state, dx, dy, y, s.n, s.inner, layout.strips, s.log);
    return;
  }
  const int vector = is_vector(dtype, s.n, dx, dy, y);
  const Grid block = row_block(vector ? s.n * bytes / 16 : s.n, 4, 1024);
  const size_t cache = 2 * size_t(s.n) * bytes * block.y;
  const int cached = cache <= kMostRowCache;
  context.launch_typed("softmax_backward_rows", dtype, row_grid(s.outer, block), block, cached ? cache : 0, dx, dy, y,
                       s.outer, s.n, s.log, vector, cached);
}

}  // namespace
}  // namespace layerwise
