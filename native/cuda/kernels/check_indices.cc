// Looking for an index out of bounds without making anybody wait: the report is read when the host next waits anyway.
#include "../launcher.h"

namespace layerwise {

// pointer dtype n low high
LAUNCHER(check_indices) {
  const void* index = args.pointer();
  const Dtype dtype = args.dtype();
  const int64_t n = args.integer();
  const int64_t low = args.integer();
  const int64_t high = args.integer();
  if (n == 0) return;
  context.launch_typed("check_indices", dtype, context.grid_for(n, 256, 1), {256}, 0, context.report(), index, n, low,
                       high);
}

}  // namespace layerwise
