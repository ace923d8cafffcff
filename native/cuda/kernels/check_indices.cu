// One pass over the indices; the first thread that finds a wrong one leaves it in host memory.
#include "../gpu.h"

#include "../report.h"

template <class T> DEVICE void check_indices(void* to, const T* index, int64_t n, int64_t low, int64_t high) {
  auto* report = (layerwise::Report*)to;
  for (int64_t i = thread_index(); i < n; i += thread_count()) {
    const int64_t value = int64_t(index[i]);
    if (value >= low && value < high) continue;
    if (atomicCAS(&report->taken, 0, 1) != 0) return;
    report->value = value;
    report->low = low;
    report->high = high;
    __threadfence_system();
    report->kind = layerwise::kIndexOutOfBounds;
    return;
  }
}

ENTRIES_INTEGERS(check_indices, (void* report, const T* index, int64_t n, int64_t low, int64_t high),
                 (report, index, n, low, high))
