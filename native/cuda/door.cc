// The N-API door of cuda.node: what JavaScript can call. Computes nothing itself; without a driver it says so and
// everything else is refused.
#define NAPI_VERSION 8
#include "../common/call.h"

#include <memory>
#include <unordered_map>

#include "../common/futex.h"
#include "../cpu/pointwise.h"
#include "compiler.h"
#include "door_found.h"
#include "driver.h"
#include "engine.h"
#include "modules.h"

namespace layerwise {
namespace {

struct Door;

// One GPU as one environment sees it.
struct OpenDevice {
  int index;
  std::unique_ptr<Engine> engine;
  napi_ref ring = nullptr, control = nullptr;
  // What was allocated and not released: given back when the environment ends.
  std::unordered_map<void*, size_t> blocks;
  std::unordered_map<void*, size_t> host_blocks;

  void close() {
    if (!engine) return;
    for (auto& [block, bytes] : blocks) engine->release(block);
    for (auto& [block, bytes] : host_blocks) engine->release_host(block);
    blocks.clear();
    host_blocks.clear();
    engine.reset();
  }
};

// All state of one environment (one JavaScript thread that loaded the addon).
struct Door {
  std::vector<std::unique_ptr<OpenDevice>> devices;
};

class DeviceCall : public Call<Door, OpenDevice> {
 public:
  DeviceCall(napi_env env, napi_callback_info info) : Call(env, info, "cuda") {}
  Engine* engine() {
    if (!data->engine) fail("the engine is not open");
    return data->engine.get();
  }
};

// Of the addon

napi_value status(napi_env env, napi_callback_info raw) {
  Call<Door> call(env, raw, "cuda");
  const Driver& found = driver();
  const bool has_code = found.is_emulated || has_images();
  napi_value result = call.object();
  call.set(result, "available", found.available && has_code);
  if (!found.available) {
    call.set(result, "reason", found.reason);
  } else if (!has_code) {
    call.set(result, "reason", "this build has no GPU code: it was made without nvcc");
  }
  call.set(result, "driver", double(found.version));
  call.set(result, "path", found.path);
  call.set(result, "devices", double(found.available ? found.devices : 0));
  call.set(result, "isEmulated", found.is_emulated);
  return result;
}

std::string uuid_text(const CuUuid& uuid) {
  std::string text = "GPU-";
  char digits[3];
  for (int i = 0; i < 16; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    snprintf(digits, sizeof digits, "%02x", uuid.bytes[i]);
    text += digits;
  }
  return text;
}

napi_value devices(napi_env env, napi_callback_info raw) {
  Call<Door> call(env, raw, "cuda");
  const Driver& found = driver();
  napi_value list;
  napi_create_array(env, &list);
  for (int i = 0; found.available && i < found.devices; i++) {
    CuDevice device = 0;
    char name[128] = "";
    size_t bytes = 0;
    CuUuid uuid = {};
    found.device_get(&device, i);
    found.device_name(name, sizeof name, device);
    found.device_memory(&bytes, device);
    found.device_uuid(&uuid, device);
    auto attribute = [&](int which) {
      int value = 0;
      found.device_attribute(&value, which, device);
      return double(value);
    };
    napi_value about = call.object();
    call.set(about, "name", name);
    call.set(about, "totalBytes", double(bytes));
    call.set(about, "major", attribute(kCuMajor));
    call.set(about, "minor", attribute(kCuMinor));
    call.set(about, "multiprocessors", attribute(kCuMultiprocessors));
    call.set(about, "l2Bytes", attribute(kCuL2Bytes));
    call.set(about, "maxThreadsPerMultiprocessor", attribute(kCuMaxThreadsPerMultiprocessor));
    call.set(about, "sharedBytesPerBlock", attribute(kCuMaxSharedPerBlock));
    call.set(about, "sharedBytesPerBlockOptIn", attribute(kCuMaxSharedOptIn));
    call.set(about, "sharedBytesPerMultiprocessor", attribute(kCuMaxSharedPerMultiprocessor));
    call.set(about, "registersPerMultiprocessor", attribute(kCuRegistersPerMultiprocessor));
    call.set(about, "clockKilohertz", attribute(kCuClockRate));
    call.set(about, "isIntegrated", attribute(kCuIntegrated) != 0);
    call.set(about, "uuid", uuid_text(uuid));
    napi_set_element(env, list, uint32_t(i), about);
  }
  return list;
}

napi_value kernels(napi_env env, napi_callback_info raw) {
  Call<Door> call(env, raw, "cuda");
  std::vector<const char*> names;
  for (const LauncherEntry* entry : launcher_table()) names.push_back(entry ? entry->name : "skip");
  return call.of(names);
}

napi_value opcodes(napi_env env, napi_callback_info raw) {
#define LW_NAME(name, operands) #name,
  return Call<Door>(env, raw, "cuda").of(std::vector<const char*>{LW_POINTWISE_OPCODES(LW_NAME)});
#undef LW_NAME
}

napi_value compiler_cache(napi_env env, napi_callback_info raw) {
  Call<Door> call(env, raw, "cuda");
  const std::string folder = call.text(0);
  if (!call.failed()) set_compiler_cache(folder);
  return nullptr;
}

napi_value now(napi_env env, napi_callback_info raw) { return Call<Door>(env, raw, "cuda").of(now_us()); }

// Of a device

napi_value open(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  const double words = call.number(0);
  if (call.failed()) return nullptr;
  if (!(words >= 64 && words <= (1 << 30)) || (int64_t(words) & (int64_t(words) - 1)) || words != int64_t(words)) {
    return call.fail("open: the ring's size is a power of two of at least 64 words");
  }
  OpenDevice* device = call.data;
  if (device->engine) return call.fail("open: this thread's engine is already open");
  const napi_value ring_bytes = call.of(words * double(sizeof(double)));
  napi_value ring_memory = call.construct("SharedArrayBuffer", 1, &ring_bytes);
  napi_value ring = ring_memory ? call.construct("Float64Array", 1, &ring_memory) : nullptr;
  napi_value control = call.raw(1);
  bool is_array = false;
  if (control) napi_is_typedarray(env, control, &is_array);
  if (!is_array) {
    const napi_value control_bytes = call.of(double(Engine::kControls * sizeof(int32_t)));
    napi_value control_memory = call.construct("SharedArrayBuffer", 1, &control_bytes);
    control = control_memory ? call.construct("Int32Array", 1, &control_memory) : nullptr;
  }
  if (!ring || !control) return nullptr;
  void *ring_data, *control_data;
  size_t words_given;
  napi_typedarray_type type;
  napi_get_typedarray_info(env, ring, nullptr, nullptr, &ring_data, nullptr, nullptr);
  napi_get_typedarray_info(env, control, &type, &words_given, &control_data, nullptr, nullptr);
  if (type != napi_int32_array || words_given < Engine::kControls) {
    return call.fail("open: expected an Int32Array of at least 8 words");
  }
  std::string why;
  device->engine = Engine::open(device->index, (const double*)ring_data, int64_t(words), (int32_t*)control_data, &why);
  if (!device->engine) return call.fail(why.c_str());
  napi_create_reference(env, ring, 1, &device->ring);
  napi_create_reference(env, control, 1, &device->control);
  napi_value result = call.object();
  call.set(result, "ring", ring);
  call.set(result, "control", control);
  return result;
}

napi_value close(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  OpenDevice* device = call.data;
  device->close();
  if (device->ring) napi_delete_reference(env, device->ring);
  if (device->control) napi_delete_reference(env, device->control);
  device->ring = device->control = nullptr;
  return nullptr;
}

napi_value wake(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  if (Engine* engine = call.engine()) engine->wake();
  return nullptr;
}

napi_value wait(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  const int64_t command = call.integer(0);
  Engine* engine = call.engine();
  if (call.failed()) return nullptr;
  return call.of(engine->wait(uint32_t(command)));
}

napi_value issue(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  const int64_t command = call.integer(0);
  Engine* engine = call.engine();
  if (call.failed()) return nullptr;
  return call.of(engine->issue(uint32_t(command)));
}

napi_value allocate_in(DeviceCall& call, std::unordered_map<void*, size_t>& blocks, void* (Engine::*make)(size_t)) {
  const double bytes = call.number(0);
  Engine* engine = call.engine();
  if (call.failed()) return nullptr;
  if (!(bytes >= 0 && bytes < 9e15)) return call.of(0.0);
  void* block = (engine->*make)(size_t(bytes));
  if (block) blocks.emplace(block, size_t(bytes));
  return call.of(double((uintptr_t)block));
}

napi_value release_in(DeviceCall& call, std::unordered_map<void*, size_t>& blocks, void (Engine::*give_back)(void*)) {
  auto block = blocks.find(call.pointer(0));
  const double bytes = call.number(1);
  Engine* engine = call.engine();
  if (call.failed()) return nullptr;
  if (block == blocks.end()) return call.fail("release: no such block");
  if (double(block->second) != bytes) return call.fail("release: the block has another size");
  (engine->*give_back)(block->first);
  blocks.erase(block);
  return nullptr;
}

napi_value allocate(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  return allocate_in(call, call.data->blocks, &Engine::allocate);
}
napi_value release(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  return release_in(call, call.data->blocks, &Engine::release);
}
napi_value allocate_host(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  return allocate_in(call, call.data->host_blocks, &Engine::allocate_host);
}
napi_value release_host(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  return release_in(call, call.data->host_blocks, &Engine::release_host);
}

napi_value memory_info(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  Engine* engine = call.engine();
  if (call.failed()) return nullptr;
  size_t available, total;
  engine->memory_info(&available, &total);
  napi_value result = call.object();
  call.set(result, "freeBytes", double(available));
  call.set(result, "totalBytes", double(total));
  return result;
}

// write and read copy between a typed array and the device; upload and download between host memory and the device.
napi_value write(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  size_t length;
  void* target = call.pointer(0);
  const uint8_t* source = call.array<uint8_t>(1, napi_uint8_array, &length);
  Engine* engine = call.engine();
  if (call.failed()) return nullptr;
  return call.of(!length || engine->upload(target, source, length, false));
}
napi_value read(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  size_t length;
  const void* source = call.pointer(0);
  uint8_t* target = call.array<uint8_t>(1, napi_uint8_array, &length);
  Engine* engine = call.engine();
  if (call.failed()) return nullptr;
  return call.of(!length || engine->download(target, source, length, false));
}
napi_value upload(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  void* target = call.pointer(0);
  const void* source = call.pointer(1);
  const int64_t bytes = call.integer(2);
  const bool is_pinned = call.number(3) != 0;
  Engine* engine = call.engine();
  if (call.failed()) return nullptr;
  return call.of(bytes <= 0 || engine->upload(target, source, size_t(bytes), is_pinned));
}
napi_value download(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  void* target = call.pointer(0);
  const void* source = call.pointer(1);
  const int64_t bytes = call.integer(2);
  const bool is_pinned = call.number(3) != 0;
  Engine* engine = call.engine();
  if (call.failed()) return nullptr;
  return call.of(bytes <= 0 || engine->download(target, source, size_t(bytes), is_pinned));
}

napi_value define(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  size_t length;
  const double* words = call.array<double>(0, napi_float64_array, &length);
  Engine* engine = call.engine();
  if (call.failed()) return nullptr;
  const char* error = nullptr;
  DeviceProgram* program = engine->define(words, length, &error);
  if (!program) return call.fail(error);
  return call.of(double((uintptr_t)program));
}

// What the compiler of pointwise programs has done so far.
napi_value compiled(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  Engine* engine = call.engine();
  if (call.failed()) return nullptr;
  napi_value result = call.object();
  call.set(result, "ready", double(engine->pointwise_compiler().ready()));
  call.set(result, "failure", engine->pointwise_compiler().failure());
  return result;
}

napi_value events(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  size_t length;
  double* target = call.array<double>(0, napi_float64_array, &length);
  Engine* engine = call.engine();
  if (call.failed()) return nullptr;
  static_assert(sizeof(KernelEvent) == 4 * sizeof(double));
  return call.of(double(engine->take_events((KernelEvent*)target, length / 4)));
}

// Why CUPTI does not tell when work ran; nothing when it does from now on.
napi_value start_activities(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  Engine* engine = call.engine();
  if (call.failed()) return nullptr;
  std::string why;
  return engine->start_activities(&why) ? nullptr : call.of(why);
}
napi_value stop_activities(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  if (Engine* engine = call.engine()) engine->stop_activities();
  return nullptr;
}
napi_value activities(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  size_t length;
  double* target = call.array<double>(0, napi_float64_array, &length);
  Engine* engine = call.engine();
  if (call.failed()) return nullptr;
  static_assert(sizeof(Activity) == 7 * sizeof(double));
  ActivityLog* log = engine->activities();
  return call.of(log ? double(log->take((Activity*)target, length / 7)) : 0.0);
}
napi_value names_of_activities(napi_env env, napi_callback_info raw) {
  Call<Door> call(env, raw, "cuda");
  const std::vector<std::string> names = activity_names();
  std::vector<const char*> texts;
  for (const std::string& name : names) texts.push_back(name.c_str());
  return call.of(texts);
}

napi_value take_error(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  std::string text;
  Engine* engine = call.engine();
  if (!engine || !engine->take_error(&text)) return nullptr;
  return call.of(text);
}

napi_value create_stream(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  const int priority = int(call.number(0));
  Engine* engine = call.engine();
  if (call.failed()) return nullptr;
  return call.of(double(engine->create_stream(priority)));
}
napi_value create_event(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  Engine* engine = call.engine();
  if (call.failed()) return nullptr;
  return call.of(double(engine->create_event()));
}
napi_value destroy_event(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  const int event = int(call.number(0));
  Engine* engine = call.engine();
  if (!call.failed()) engine->destroy_event(event);
  return nullptr;
}

template <bool (Engine::*ask)(int)> napi_value about_one(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  const int which = int(call.number(0));
  Engine* engine = call.engine();
  if (call.failed()) return nullptr;
  return call.of((engine->*ask)(which));
}

napi_value elapsed_ms(napi_env env, napi_callback_info raw) {
  DeviceCall call(env, raw);
  const int start = int(call.number(0));
  const int end = int(call.number(1));
  Engine* engine = call.engine();
  if (call.failed()) return nullptr;
  return call.of(engine->elapsed_ms(start, end));
}

struct Function {
  const char* name;
  napi_callback function;
};

void add_functions(napi_env env, napi_value object, const Function* functions, size_t count, void* data) {
  for (size_t i = 0; i < count; i++) {
    napi_value function;
    napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, data, &function);
    napi_set_named_property(env, object, functions[i].name, function);
  }
}

// The object through which JavaScript drives one GPU. It has cpu.node's functions, so that one stream serves both.
napi_value device(napi_env env, napi_callback_info raw) {
  Call<Door> call(env, raw, "cuda");
  const int index = int(call.number(0));
  if (call.failed()) return nullptr;
  const Driver& found = driver();
  if (!found.available) return call.fail(found.reason.c_str());
  if (index < 0 || index >= found.devices) return call.fail("device: there is no GPU of this number");
  call.instance->devices.push_back(std::make_unique<OpenDevice>(OpenDevice{index, nullptr, nullptr, nullptr, {}, {}}));
  static const Function functions[] = {
      {"kernels", kernels},
      {"opcodes", opcodes},
      {"open", open},
      {"close", close},
      {"wake", wake},
      {"wait", wait},
      {"issue", issue},
      {"allocate", allocate},
      {"release", release},
      {"allocateHost", allocate_host},
      {"releaseHost", release_host},
      {"memoryInfo", memory_info},
      {"write", write},
      {"read", read},
      {"upload", upload},
      {"download", download},
      {"define", define},
      {"compiled", compiled},
      {"events", events},
      {"startActivities", start_activities},
      {"stopActivities", stop_activities},
      {"activities", activities},
      {"activityNames", names_of_activities},
      {"now", now},
      {"takeError", take_error},
      {"createStream", create_stream},
      {"createEvent", create_event},
      {"destroyEvent", destroy_event},
      {"queryStream", about_one<&Engine::query_stream>},
      {"synchronizeStream", about_one<&Engine::synchronize_stream>},
      {"queryEvent", about_one<&Engine::query_event>},
      {"synchronizeEvent", about_one<&Engine::synchronize_event>},
      {"elapsedMs", elapsed_ms},
  };
  napi_value object = call.object();
  add_functions(env, object, functions, std::size(functions), call.instance->devices.back().get());
  return object;
}

// The environment ends (process exit, worker.terminate()): join the threads while the rings are still there.
void at_environment_end(void* data) {
  for (auto& device : ((Door*)data)->devices) device->close();
}

void at_instance_end(napi_env, void* data, void*) { delete (Door*)data; }

napi_value initialise(napi_env env, napi_value exports) {
  Door* door = new Door;
  napi_set_instance_data(env, door, at_instance_end, nullptr);
  napi_add_env_cleanup_hook(env, at_environment_end, door);
  static const Function functions[] = {
      {"status", status}, {"devices", devices}, {"kernels", kernels},
      {"opcodes", opcodes}, {"device", device}, {"now", now},
      {"libraries", libraries}, {"addLibraryFolder", library_folders},
      {"setCompilerCache", compiler_cache}, {"readings", readings},
      {"meter", meter}, {"aboutReadings", about_readings},
  };
  add_functions(env, exports, functions, std::size(functions), nullptr);
  return exports;
}

}  // namespace
}  // namespace layerwise

NAPI_MODULE_INIT() { return layerwise::initialise(env, exports); }
