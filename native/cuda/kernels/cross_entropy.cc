// Launchers of cross entropy from logits and of its gradient.
#include "rows.h"

namespace layerwise {
namespace {

struct Classes {
  int64_t rows, classes, ignored;
  double smoothing;
};

Classes read_classes(Args& args) {
  Classes c;
  c.rows = args.integer();
  c.classes = args.integer();
  c.ignored = args.integer();
  c.smoothing = args.real();
  return c;
}

Grid block_for(Dtype dtype, const Classes& c) {
  return row_block(c.classes * int64_t(Context::dtype_bytes(dtype)) / 16, 4, 1024);
}

// dtype loss lse logits target weight rows classes ignore_index label_smoothing
LAUNCHER(cross_entropy) {
  const Dtype dtype = args.dtype();
  void* loss = args.pointer();
  void* lse = args.pointer();
  const void* logits = args.pointer();
  const void* targets = args.pointer();
  const void* weight = args.pointer();
  const Classes c = read_classes(args);
  if (!is_float(dtype)) return context.fail("[cross_entropy] expected a floating dtype");
  if (c.rows == 0) return;
  const int vector = is_vector(dtype, c.classes, logits);
  const Grid block = block_for(dtype, c);
  context.launch_typed("cross_entropy", dtype, row_grid(c.rows, block), block, 0, loss, lse, logits, targets, weight,
                       c.rows, c.classes, c.ignored, c.smoothing, vector, context.report());
}

// dtype dlogits logits lse target weight dloss rows classes ignore_index label_smoothing
LAUNCHER(cross_entropy_backward) {
  const Dtype dtype = args.dtype();
  void* dlogits = args.pointer();
  const void* logits = args.pointer();
  const void* lse = args.pointer();
  const void* targets = args.pointer();
  const void* weight = args.pointer();
  const void* dloss = args.pointer();
  const Classes c = read_classes(args);
  if (!is_float(dtype)) return context.fail("[cross_entropy_backward] expected a floating dtype");
  if (c.rows == 0) return;
  const int vector = is_vector(dtype, c.classes, logits, dlogits);
  const Grid block = block_for(dtype, c);
  context.launch_typed("cross_entropy_backward", dtype, row_grid(c.rows, block), block, 0, dlogits, logits, lse, targets,
                       weight, dloss, c.rows, c.classes, c.ignored, c.smoothing, vector);
}

}  // namespace
}  // namespace layerwise
