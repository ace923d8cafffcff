// How a GPU is doing: use, memory, temperature, power, energy, clocks and who else computes on it, by NVIDIA's
// management library where it is found. Changes nothing on the GPU.
#pragma once
#include <stdint.h>

#include <string>
#include <vector>

namespace layerwise {

struct GpuProcess {
  uint32_t pid;
  double bytes;
};

// What is not known is NaN.
struct GpuReadings {
  double utilization, memory_utilization;  // shares of the last sample period, 0 to 1
  double used_bytes, total_bytes;          // of all processes
  double temperature, power_watts, power_limit_watts;
  double clock_mhz, most_clock_mhz, memory_clock_mhz;
  // Why clocks are lower than they could be, a few words each.
  std::vector<std::string> throttles;
  std::vector<GpuProcess> processes;
};

struct GpuMeter {
  // Joules since the driver was loaded; NaN where the GPU does not count them.
  double joules;
  double watts;
};

// Why there are none, one sentence; "" where they can be asked for. Looks at the library when it is first asked.
std::string readings_reason();

// By the driver's number of the GPU. False where it cannot be told which GPU that is.
bool read_gpu(int index, GpuReadings* readings);
bool read_meter(int index, GpuMeter* meter);

// The driver's own version, "580.65.06"; "" where it is not known.
std::string driver_release();

}  // namespace layerwise
