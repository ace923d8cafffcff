// What the emulated driver tells the stand-in for CUPTI: each call when it is made, and each piece of work when it has
// run. The stand-in finds `layerwise_emulation_observe` in the driver; with nobody listening nothing is measured.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace emulation {

enum class WorkKind : int { kKernel, kFill, kToDevice, kFromDevice, kOnDevice };

struct Observed {
  WorkKind kind;
  uint32_t correlation;
  uint32_t stream;
  // CLOCK_REALTIME, in nanoseconds, as CUPTI's.
  uint64_t start_ns, end_ns;
  size_t bytes;
  uint32_t value;
  const char* name;
  unsigned grid[3], block[3];
};

struct Observer {
  // On the thread that makes the call.
  void (*called)(uint32_t correlation);
  void (*ran)(const Observed& work);
};

}  // namespace emulation

// Null ends it.
extern "C" void layerwise_emulation_observe(const emulation::Observer* observer);
