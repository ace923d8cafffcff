// NVML by dlopen: its few functions and structures are declared here, after its documentation. GPUs are matched by
// UUID, then by their place on the bus: NVML counts them in another order than the driver does.
#include "nvml.h"

#include <math.h>
#include <stdio.h>

#include <map>
#include <mutex>

#include "driver.h"
#include "libraries.h"

namespace layerwise {
namespace {

using Gpu = struct NvmlDeviceObject*;

struct Utilization {
  unsigned gpu, memory;
};
struct Memory {
  unsigned long long total, free, used;
};
struct Process {
  unsigned pid;
  unsigned long long bytes;
  unsigned gpu_instance, compute_instance;
};
static_assert(sizeof(Process) == 24);

enum Clock : int { kSmClock = 1, kMemoryClock = 2 };
constexpr int kTemperatureOfGpu = 0;
constexpr size_t kMostProcesses = 64;
// What is not told, of a process of another container for example.
constexpr unsigned long long kUnknownBytes = ~0ull;

#define LW_NVML_FUNCTIONS(_) \
  _(init, nvmlInit_v2, ()) \
  _(error_text, nvmlErrorString, (int)) \
  _(by_uuid, nvmlDeviceGetHandleByUUID, (const char*, Gpu*)) \
  _(by_bus, nvmlDeviceGetHandleByPciBusId_v2, (const char*, Gpu*)) \
  _(driver_version, nvmlSystemGetDriverVersion, (char*, unsigned))

// Each of these may be missing, or refuse on some GPUs.
#define LW_NVML_READINGS(_) \
  _(utilization, nvmlDeviceGetUtilizationRates, (Gpu, Utilization*)) \
  _(memory, nvmlDeviceGetMemoryInfo, (Gpu, Memory*)) \
  _(temperature, nvmlDeviceGetTemperature, (Gpu, int, unsigned*)) \
  _(power, nvmlDeviceGetPowerUsage, (Gpu, unsigned*)) \
  _(power_limit, nvmlDeviceGetEnforcedPowerLimit, (Gpu, unsigned*)) \
  _(energy, nvmlDeviceGetTotalEnergyConsumption, (Gpu, unsigned long long*)) \
  _(clock, nvmlDeviceGetClockInfo, (Gpu, int, unsigned*)) \
  _(most_clock, nvmlDeviceGetMaxClockInfo, (Gpu, int, unsigned*)) \
  _(throttles, nvmlDeviceGetCurrentClocksThrottleReasons, (Gpu, unsigned long long*)) \
  _(events, nvmlDeviceGetCurrentClocksEventReasons, (Gpu, unsigned long long*)) \
  _(processes, nvmlDeviceGetComputeRunningProcesses_v3, (Gpu, unsigned*, Process*))

struct Nvml {
#define LW_MEMBER(member, its_symbol, arguments) int(*member) arguments = nullptr;
  LW_NVML_READINGS(LW_MEMBER)
  int (*init)() = nullptr;
  const char* (*error_text)(int) = nullptr;
  int (*by_uuid)(const char*, Gpu*) = nullptr;
  int (*by_bus)(const char*, Gpu*) = nullptr;
  int (*driver_version)(char*, unsigned) = nullptr;
#undef LW_MEMBER
  std::string reason;
};

const Nvml& nvml() {
  static const Nvml found = [] {
    Nvml n;
    const Library& from = library(kNvml);
    if (!from.handle) return n.reason = "NVML was " + from.reason, n;
    // The real library knows nothing of the emulated GPU.
    if (driver().is_emulated && !from.symbol("layerwise_emulated_library")) {
      return n.reason = "NVML does not know the emulated GPU", n;
    }
#define LW_FIND(member, its_symbol, arguments) \
  n.member = (decltype(n.member))from.symbol(#its_symbol); \
  if (!n.member) return n.reason = "NVML has no " #its_symbol, n;
    LW_NVML_FUNCTIONS(LW_FIND)
#undef LW_FIND
#define LW_FIND(member, its_symbol, arguments) n.member = (decltype(n.member))from.symbol(#its_symbol);
    LW_NVML_READINGS(LW_FIND)
#undef LW_FIND
    if (const int result = n.init()) n.reason = std::string("NVML does not start: ") + n.error_text(result);
    return n;
  }();
  return found;
}

std::string uuid_of(CuDevice device) {
  CuUuid uuid = {};
  driver().device_uuid(&uuid, device);
  std::string text = "GPU-";
  char digits[3];
  for (int i = 0; i < 16; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    snprintf(digits, sizeof digits, "%02x", uuid.bytes[i]);
    text += digits;
  }
  return text;
}

std::string bus_of(CuDevice device) {
  constexpr int kBus = 33, kSlot = 34, kDomain = 50;  // CU_DEVICE_ATTRIBUTE_PCI_*
  int bus = 0, slot = 0, domain = 0;
  driver().device_attribute(&bus, kBus, device);
  driver().device_attribute(&slot, kSlot, device);
  driver().device_attribute(&domain, kDomain, device);
  char text[32];
  snprintf(text, sizeof text, "%08X:%02X:%02X.0", unsigned(domain), unsigned(bus), unsigned(slot));
  return text;
}

Gpu gpu_of(int index) {
  static std::mutex lock;
  static std::map<int, Gpu> known;
  const Nvml& n = nvml();
  const Driver& d = driver();
  if (!n.reason.empty() || !d.available || index < 0 || index >= d.devices) return nullptr;
  std::lock_guard<std::mutex> guard(lock);
  const auto before = known.find(index);
  if (before != known.end()) return before->second;
  CuDevice device = 0;
  Gpu gpu = nullptr;
  if (d.device_get(&device, index)) return nullptr;
  if (n.by_uuid(uuid_of(device).c_str(), &gpu) && n.by_bus(bus_of(device).c_str(), &gpu)) gpu = nullptr;
  return known[index] = gpu;
}

// One number that a function writes, scaled; NaN where it refuses.
template <class Value, class Function, class... A> double ask(Function function, double scale, Gpu gpu, A... more) {
  Value value = 0;
  return function && !function(gpu, more..., &value) ? double(value) * scale : NAN;
}

std::vector<std::string> words_of(unsigned long long reasons) {
  static const struct {
    unsigned long long bit;
    const char* words;
  } kWords[] = {
      {0x2, "clocks set by an application"}, {0x4, "power limit"},  {0x8, "hardware slowdown"},
      {0x10, "synchronised clocks"},         {0x20, "temperature"}, {0x40, "temperature (hardware)"},
      {0x80, "power brake"},                 {0x100, "display clocks"},
  };
  std::vector<std::string> all;
  for (const auto& [bit, words] : kWords) {
    if (reasons & bit) all.push_back(words);
  }
  return all;
}

}  // namespace

std::string readings_reason() { return nvml().reason; }

bool read_gpu(int index, GpuReadings* r) {
  const Gpu gpu = gpu_of(index);
  if (!gpu) return false;
  const Nvml& n = nvml();
  *r = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, {}, {}};
  Utilization utilization = {};
  if (n.utilization && !n.utilization(gpu, &utilization)) {
    r->utilization = utilization.gpu / 100.0;
    r->memory_utilization = utilization.memory / 100.0;
  }
  Memory memory = {};
  if (n.memory && !n.memory(gpu, &memory)) {
    r->used_bytes = double(memory.used);
    r->total_bytes = double(memory.total);
  }
  r->temperature = ask<unsigned>(n.temperature, 1, gpu, kTemperatureOfGpu);
  r->power_watts = ask<unsigned>(n.power, 1e-3, gpu);
  r->power_limit_watts = ask<unsigned>(n.power_limit, 1e-3, gpu);
  r->clock_mhz = ask<unsigned>(n.clock, 1, gpu, int(kSmClock));
  r->most_clock_mhz = ask<unsigned>(n.most_clock, 1, gpu, int(kSmClock));
  r->memory_clock_mhz = ask<unsigned>(n.clock, 1, gpu, int(kMemoryClock));
  unsigned long long reasons = 0;
  const auto throttles = n.throttles ? n.throttles : n.events;
  if (throttles && !throttles(gpu, &reasons)) r->throttles = words_of(reasons);
  Process processes[kMostProcesses];
  unsigned count = kMostProcesses;
  if (n.processes && n.processes(gpu, &count, processes) != 0) count = 0;
  for (unsigned i = 0; n.processes && i < count; i++) {
    const Process& process = processes[i];
    r->processes.push_back({process.pid, process.bytes == kUnknownBytes ? NAN : double(process.bytes)});
  }
  return true;
}

bool read_meter(int index, GpuMeter* meter) {
  const Gpu gpu = gpu_of(index);
  if (!gpu) return false;
  meter->joules = ask<unsigned long long>(nvml().energy, 1e-3, gpu);
  meter->watts = ask<unsigned>(nvml().power, 1e-3, gpu);
  return true;
}

std::string driver_release() {
  char text[96] = "";
  if (!nvml().reason.empty() || nvml().driver_version(text, sizeof text)) return "";
  return text;
}

}  // namespace layerwise
