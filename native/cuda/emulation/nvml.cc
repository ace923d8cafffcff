// A stand-in for NVML that knows the emulated GPUs by the emulated driver's UUIDs: fixed readings, a power meter that
// runs with the clock. LAYERWISE_EMULATION_NVML=poor: one without an energy counter; broken: one that does not start.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

using Gpu = struct NvmlDeviceObject*;

constexpr int kNotSupported = 3, kNotFound = 6, kDriverNotLoaded = 9, kUnknown = 999;
constexpr unsigned kMilliwatts = 250000;

bool behaves(const char* as) {
  const char* how = getenv("LAYERWISE_EMULATION_NVML");
  return how && !strcmp(how, as);
}

unsigned long long total_bytes() {
  const char* text = getenv("LAYERWISE_EMULATION_BYTES");
  return text && *text ? strtoull(text, nullptr, 10) : 2ull << 30;
}

double seconds() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return double(t.tv_sec) + double(t.tv_nsec) * 1e-9;
}

}  // namespace

EXPORT int layerwise_emulated_library() { return 1; }

EXPORT int nvmlInit_v2() { return behaves("broken") ? kDriverNotLoaded : 0; }
EXPORT const char* nvmlErrorString(int result) {
  return result == kDriverNotLoaded ? "Driver Not Loaded" : "Unknown Error";
}
EXPORT int nvmlSystemGetDriverVersion(char* text, unsigned bytes) {
  snprintf(text, bytes, "580.00-emulated");
  return 0;
}
// The last byte of an emulated UUID is the GPU's number.
EXPORT int nvmlDeviceGetHandleByUUID(const char* uuid, Gpu* gpu) {
  unsigned number = 0;
  if (strlen(uuid) != 40 || sscanf(uuid + 38, "%02x", &number) != 1) return kNotFound;
  *gpu = (Gpu)(size_t)(number + 1);
  return 0;
}
EXPORT int nvmlDeviceGetHandleByPciBusId_v2(const char*, Gpu*) { return kNotFound; }
EXPORT int nvmlDeviceGetUtilizationRates(Gpu gpu, unsigned* percent) {
  percent[0] = 40 + unsigned(size_t(gpu));
  percent[1] = 12;
  return 0;
}
EXPORT int nvmlDeviceGetMemoryInfo(Gpu, unsigned long long* bytes) {
  bytes[0] = total_bytes();
  bytes[2] = total_bytes() / 4;
  bytes[1] = bytes[0] - bytes[2];
  return 0;
}
EXPORT int nvmlDeviceGetTemperature(Gpu, int sensor, unsigned* degrees) {
  if (sensor != 0) return kUnknown;
  *degrees = 54;
  return 0;
}
EXPORT int nvmlDeviceGetPowerUsage(Gpu, unsigned* milliwatts) { return *milliwatts = kMilliwatts, 0; }
EXPORT int nvmlDeviceGetEnforcedPowerLimit(Gpu, unsigned* milliwatts) { return *milliwatts = 700000, 0; }
EXPORT int nvmlDeviceGetTotalEnergyConsumption(Gpu, unsigned long long* millijoules) {
  if (behaves("poor")) return kNotSupported;
  *millijoules = (unsigned long long)(seconds() * kMilliwatts);
  return 0;
}
EXPORT int nvmlDeviceGetClockInfo(Gpu, int type, unsigned* mhz) { return *mhz = type == 1 ? 1410 : 2600, 0; }
EXPORT int nvmlDeviceGetMaxClockInfo(Gpu, int type, unsigned* mhz) { return *mhz = type == 1 ? 1980 : 2600, 0; }
EXPORT int nvmlDeviceGetCurrentClocksThrottleReasons(Gpu, unsigned long long* reasons) { return *reasons = 0x24, 0; }

struct Process {
  unsigned pid;
  unsigned long long bytes;
  unsigned gpu_instance, compute_instance;
};
EXPORT int nvmlDeviceGetComputeRunningProcesses_v3(Gpu, unsigned* count, Process* processes) {
  if (*count < 2) return 7;
  processes[0] = {unsigned(getpid()), 96ull << 20, ~0u, ~0u};
  processes[1] = {1, ~0ull, ~0u, ~0u};
  *count = 2;
  return 0;
}
