// How a kernel says that a value it was given is wrong, without anybody waiting for it: one word of host memory that the
// engine reads when it next synchronises. The first report stays.
#pragma once
#include <stdint.h>

namespace layerwise {

enum ReportKind : int32_t {
  kNothing = 0, kIndexOutOfBounds = 1, kBadProbabilities = 2, kIntegerDivision = 3, kNoSuchTarget = 4,
  kNegativeRate = 5,
};

// Shared with device code, which writes `value`, `low` and `high` before `kind`.
struct Report {
  int32_t taken;
  int32_t kind;
  int64_t value, low, high;
};

}  // namespace layerwise
