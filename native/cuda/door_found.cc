// The part of the door that tells what was found: libraries, and how GPUs are doing, whether they are open or not.
#define NAPI_VERSION 8
#include "door_found.h"

#include "../common/call.h"
#include "cudnn.h"
#include "libraries.h"
#include "nvml.h"

namespace layerwise {

napi_value libraries(napi_env env, napi_callback_info raw) {
  Call<void> call(env, raw, "cuda");
  napi_value list;
  napi_create_array(env, &list);
  for (int kind = 0; kind < kLibraries; kind++) {
    const Library& one = library(LibraryKind(kind));
    napi_value about = call.object();
    call.set(about, "name", one.name);
    call.set(about, "purpose", one.what_for);
    call.set(about, "path", one.path);
    // Found is not yet serving.
    const std::string failure = kind == kCudnn ? cudnn_failure() : "";
    call.set(about, "reason", failure.empty() ? one.reason : failure);
    call.set(about, "version", library_version(LibraryKind(kind)));
    napi_set_element(env, list, uint32_t(kind), about);
  }
  return list;
}

napi_value library_folders(napi_env env, napi_callback_info raw) {
  Call<void> call(env, raw, "cuda");
  const std::string folder = call.text(0);
  if (!call.failed()) add_library_folders({folder});
  return nullptr;
}

// Of a GPU by its number, whether it is open or not; what is not known is left out.
napi_value readings(napi_env env, napi_callback_info raw) {
  Call<void> call(env, raw, "cuda");
  const int index = int(call.number(0));
  GpuReadings read;
  if (call.failed() || !read_gpu(index, &read)) return nullptr;
  napi_value about = call.object();
  auto set = [&](const char* name, double value) {
    if (value == value) call.set(about, name, value);
  };
  set("utilization", read.utilization);
  set("memoryUtilization", read.memory_utilization);
  set("usedBytes", read.used_bytes);
  set("totalBytes", read.total_bytes);
  set("temperatureC", read.temperature);
  set("powerW", read.power_watts);
  set("powerLimitW", read.power_limit_watts);
  set("clockMhz", read.clock_mhz);
  set("maxClockMhz", read.most_clock_mhz);
  set("memoryClockMhz", read.memory_clock_mhz);
  std::vector<const char*> throttles;
  for (const std::string& words : read.throttles) throttles.push_back(words.c_str());
  call.set(about, "throttles", call.of(throttles));
  napi_value processes;
  napi_create_array(env, &processes);
  for (const GpuProcess& process : read.processes) {
    napi_value one = call.object();
    call.set(one, "pid", double(process.pid));
    if (process.bytes == process.bytes) call.set(one, "bytes", process.bytes);
    uint32_t length = 0;
    napi_get_array_length(env, processes, &length);
    napi_set_element(env, processes, length, one);
  }
  call.set(about, "processes", processes);
  return about;
}

napi_value meter(napi_env env, napi_callback_info raw) {
  Call<void> call(env, raw, "cuda");
  const int index = int(call.number(0));
  GpuMeter read;
  if (call.failed() || !read_meter(index, &read)) return nullptr;
  napi_value about = call.object();
  if (read.joules == read.joules) call.set(about, "joules", read.joules);
  if (read.watts == read.watts) call.set(about, "watts", read.watts);
  return about;
}

// "" where readings can be asked for.
napi_value about_readings(napi_env env, napi_callback_info raw) {
  Call<void> call(env, raw, "cuda");
  napi_value about = call.object();
  call.set(about, "reason", readings_reason());
  call.set(about, "driverRelease", driver_release());
  return about;
}

}  // namespace layerwise
