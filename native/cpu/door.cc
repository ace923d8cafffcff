// The N-API door: what JavaScript can call. The only file that includes node_api.h; it computes nothing itself.
#define NAPI_VERSION 8
#include <node_api.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "../common/cpuid.h"
#include "../common/futex.h"
#include "engine.h"
#include "memory.h"
#include "pointwise.h"
#include "program.h"

namespace layerwise {
namespace {

// All state of one environment (one JavaScript thread that loaded the addon).
struct Door {
  std::unique_ptr<Engine> engine;
  napi_ref ring = nullptr, control = nullptr;
  std::vector<std::unique_ptr<PointwiseProgram>> programs;
  std::unordered_map<void*, size_t>
      blocks;  // what was allocated and not released: given back when the environment ends
  std::unordered_map<void*, size_t> maps;  // parts of files
  int threads = usable_processors();

  ~Door() {
    engine.reset();
    for (auto& [block, bytes] : blocks) release_block(block, bytes);
    for (auto& [start, bytes] : maps) unmap_file(start, bytes);
  }
};

// The arguments of one call, with conversions that throw a JavaScript exception once and then answer with zeros.
class Call {
 public:
  Call(napi_env env, napi_callback_info info) : env(env) {
    size_t count = kMost;
    void* data;
    napi_get_cb_info(env, info, &count, arguments_, nullptr, &data);
    count_ = count;
    void* instance;
    napi_get_instance_data(env, &instance);
    door = (Door*)instance;
  }

  const napi_env env;
  Door* door;

  double number(size_t index) {
    double value = 0;
    if (index >= count_ || napi_get_value_double(env, arguments_[index], &value) != napi_ok) {
      fail("an argument is not a number");
    }
    return value;
  }
  int64_t integer(size_t index) { return (int64_t)number(index); }
  void* pointer(size_t index) { return (void*)integer(index); }

  // The memory of a typed array of the given type.
  template <class T> T* array(size_t index, napi_typedarray_type type, size_t* length) {
    napi_typedarray_type actual;
    void* data = nullptr;
    *length = 0;
    if (index >= count_ ||
        napi_get_typedarray_info(env, arguments_[index], &actual, length, &data, nullptr, nullptr) != napi_ok ||
        actual != type) {
      *length = 0;
      fail(type == napi_uint8_array ? "an argument is not a Uint8Array" : "an argument is not a Float64Array");
      return nullptr;
    }
    return (T*)data;
  }

  Engine* engine() {
    if (!door->engine) fail("the engine is not open");
    return door->engine.get();
  }

  void fail(const char* text) {
    if (failed_) return;
    failed_ = true;
    std::string message = "[cpu] ";
    message += text;
    napi_throw_error(env, "ERR_LAYERWISE", message.c_str());
  }
  bool failed() const { return failed_; }

  napi_value number_value(double value) {
    napi_value result;
    napi_create_double(env, value, &result);
    return result;
  }
  napi_value bool_value(bool value) {
    napi_value result;
    napi_get_boolean(env, value, &result);
    return result;
  }
  napi_value text_value(const char* text) {
    napi_value result;
    napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &result);
    return result;
  }

 private:
  static constexpr size_t kMost = 5;
  napi_value arguments_[kMost];
  size_t count_ = 0;
  bool failed_ = false;
};

napi_value info(napi_env env, napi_callback_info raw) {
  Call call(env, raw);
  napi_value result, libraries;
  napi_create_object(env, &result);
  napi_create_object(env, &libraries);
  char isa[] = "v2";
  isa[1] = char('0' + kernel_table().isa);
  char name[49];
  cpu_name(name);
  const char* first = name + strspn(name, " ");
  for (size_t end = strlen(name); end > 0 && name[end - 1] == ' '; end--) name[end - 1] = 0;
  napi_set_named_property(env, result, "isa", call.text_value(isa));
  napi_set_named_property(env, result, "cpu", call.text_value(first));
  napi_set_named_property(env, result, "threads", call.number_value(call.door->threads));
  napi_set_named_property(env, result, "physicalBytes", call.number_value(double(physical_bytes())));
  napi_set_named_property(env, result, "libraries", libraries);
  return result;
}

napi_value string_list(napi_env env, const std::vector<const char*>& names) {
  napi_value list;
  napi_create_array_with_length(env, names.size(), &list);
  for (uint32_t i = 0; i < names.size(); i++) {
    napi_value text;
    napi_create_string_utf8(env, names[i], NAPI_AUTO_LENGTH, &text);
    napi_set_element(env, list, i, text);
  }
  return list;
}

napi_value kernels(napi_env env, napi_callback_info) {
  std::vector<const char*> names;
  for (const KernelEntry* entry : kernel_table().entries) names.push_back(entry ? entry->name : "skip");
  return string_list(env, names);
}

napi_value opcodes(napi_env env, napi_callback_info) {
#define LW_NAME(name, operands) #name,
  return string_list(env, {LW_POINTWISE_OPCODES(LW_NAME)});
#undef LW_NAME
}

// new Type(...arguments) with a constructor of the global object; null with a pending exception on failure.
napi_value construct(napi_env env, const char* type, size_t count, const napi_value* arguments) {
  napi_value global, constructor, result = nullptr;
  napi_get_global(env, &global);
  napi_get_named_property(env, global, type, &constructor);
  napi_new_instance(env, constructor, count, arguments, &result);
  return result;
}

napi_value open(napi_env env, napi_callback_info raw) {
  Call call(env, raw);
  const double words = call.number(0);
  if (call.failed()) return nullptr;
  if (!(words >= 64 && words <= (1 << 30)) || (int64_t(words) & (int64_t(words) - 1)) || words != int64_t(words)) {
    return call.fail("open: the ring's size is a power of two of at least 64 words"), nullptr;
  }
  Door* door = call.door;
  if (door->engine) return call.fail("open: this thread's engine is already open"), nullptr;
  const napi_value ring_bytes = call.number_value(words * sizeof(double));
  const napi_value control_bytes = call.number_value(Engine::kControls * sizeof(int32_t));
  napi_value ring_memory = construct(env, "SharedArrayBuffer", 1, &ring_bytes);
  napi_value control_memory = construct(env, "SharedArrayBuffer", 1, &control_bytes);
  if (!ring_memory || !control_memory) return nullptr;
  napi_value ring = construct(env, "Float64Array", 1, &ring_memory);
  napi_value control = construct(env, "Int32Array", 1, &control_memory);
  if (!ring || !control) return nullptr;
  void *ring_data, *control_data;
  napi_get_typedarray_info(env, ring, nullptr, nullptr, &ring_data, nullptr, nullptr);
  napi_get_typedarray_info(env, control, nullptr, nullptr, &control_data, nullptr, nullptr);
  napi_create_reference(env, ring, 1, &door->ring);
  napi_create_reference(env, control, 1, &door->control);
  door->engine =
      std::make_unique<Engine>((const double*)ring_data, int64_t(words), (int32_t*)control_data, door->threads);
  napi_value result;
  napi_create_object(env, &result);
  napi_set_named_property(env, result, "ring", ring);
  napi_set_named_property(env, result, "control", control);
  return result;
}

napi_value close(napi_env env, napi_callback_info raw) {
  Call call(env, raw);
  Door* door = call.door;
  door->engine.reset();
  door->programs.clear();
  if (door->ring) napi_delete_reference(env, door->ring);
  if (door->control) napi_delete_reference(env, door->control);
  door->ring = door->control = nullptr;
  return nullptr;
}

napi_value set_threads(napi_env env, napi_callback_info raw) {
  Call call(env, raw);
  const double threads = call.number(0);
  if (call.failed()) return nullptr;
  if (!(threads >= 1 && threads <= 1024)) return call.fail("setThreads: expected 1 to 1024 threads"), nullptr;
  call.door->threads = int(threads);
  if (call.door->engine) call.door->engine->set_threads(int(threads));
  return nullptr;
}

napi_value wake(napi_env env, napi_callback_info raw) {
  Call call(env, raw);
  if (Engine* engine = call.engine()) engine->wake();
  return nullptr;
}

napi_value wait(napi_env env, napi_callback_info raw) {
  Call call(env, raw);
  const int64_t command = call.integer(0);
  Engine* engine = call.engine();
  if (call.failed()) return nullptr;
  return call.bool_value(engine->wait(uint32_t(command)));
}

napi_value allocate(napi_env env, napi_callback_info raw) {
  Call call(env, raw);
  const double bytes = call.number(0);
  if (call.failed()) return nullptr;
  if (!(bytes >= 0 && bytes < 9e15)) return call.number_value(0);
  void* block = allocate_block(size_t(bytes));
  if (block) call.door->blocks.emplace(block, size_t(bytes));
  return call.number_value(double((uintptr_t)block));
}

napi_value release(napi_env env, napi_callback_info raw) {
  Call call(env, raw);
  auto block = call.door->blocks.find(call.pointer(0));
  const double bytes = call.number(1);
  if (call.failed()) return nullptr;
  if (block == call.door->blocks.end()) return call.fail("release: no such block"), nullptr;
  if (double(block->second) != bytes) return call.fail("release: the block has another size"), nullptr;
  release_block(block->first, block->second);
  call.door->blocks.erase(block);
  return nullptr;
}

napi_value map(napi_env env, napi_callback_info raw) {
  Call call(env, raw);
  const double descriptor = call.number(0), offset = call.number(1), bytes = call.number(2);
  if (call.failed()) return nullptr;
  if (!(descriptor >= 0 && descriptor < 1e9 && offset >= 0 && offset < 9e15 && bytes > 0 && bytes < 9e15))
    return call.number_value(0);
  void* start = map_file(int(descriptor), uint64_t(offset), size_t(bytes));
  if (start) call.door->maps.emplace(start, size_t(bytes));
  return call.number_value(double((uintptr_t)start));
}

napi_value unmap(napi_env env, napi_callback_info raw) {
  Call call(env, raw);
  auto found = call.door->maps.find(call.pointer(0));
  if (call.failed()) return nullptr;
  if (found == call.door->maps.end()) return call.fail("unmap: no such part of a file"), nullptr;
  unmap_file(found->first, found->second);
  call.door->maps.erase(found);
  return nullptr;
}

napi_value write(napi_env env, napi_callback_info raw) {
  Call call(env, raw);
  size_t length;
  void* target = call.pointer(0);
  const uint8_t* source = call.array<uint8_t>(1, napi_uint8_array, &length);
  if (!call.failed() && length) memcpy(target, source, length);
  return nullptr;
}

napi_value read(napi_env env, napi_callback_info raw) {
  Call call(env, raw);
  size_t length;
  const void* source = call.pointer(0);
  uint8_t* target = call.array<uint8_t>(1, napi_uint8_array, &length);
  if (!call.failed() && length) memcpy(target, source, length);
  return nullptr;
}

napi_value define(napi_env env, napi_callback_info raw) {
  Call call(env, raw);
  size_t length;
  const double* words = call.array<double>(0, napi_float64_array, &length);
  call.engine();
  if (call.failed()) return nullptr;
  const char* error = nullptr;
  PointwiseProgram* program = parse_program(words, length, &error);
  if (!program) return call.fail(error), nullptr;
  call.door->programs.emplace_back(program);
  return call.number_value(double((uintptr_t)program));
}

napi_value events(napi_env env, napi_callback_info raw) {
  Call call(env, raw);
  size_t length;
  double* target = call.array<double>(0, napi_float64_array, &length);
  Engine* engine = call.engine();
  if (call.failed()) return nullptr;
  static_assert(sizeof(Event) == 4 * sizeof(double));
  return call.number_value(double(engine->take_events((Event*)target, length / 4)));
}

napi_value now(napi_env env, napi_callback_info raw) { return Call(env, raw).number_value(now_us()); }

napi_value take_error(napi_env env, napi_callback_info raw) {
  Call call(env, raw);
  std::string text;
  Engine* engine = call.engine();
  if (!engine || !engine->take_error(&text)) return nullptr;
  return call.text_value(text.c_str());
}

template <class T> int64_t first_outside(const void* data, int64_t n, double low, double high) {
  const T* values = (const T*)data;
  for (int64_t i = 0; i < n; i++) {
    // Bounds beyond the type's range must not wrap: compare exactly, in 64 bits; high may be 2^53 at most.
    if (int64_t(values[i]) < int64_t(low) || int64_t(values[i]) >= int64_t(high)) return i;
  }
  return -1;
}

napi_value check_indices(napi_env env, napi_callback_info raw) {
  Call call(env, raw);
  const void* data = call.pointer(0);
  const int dtype = int(call.integer(1));
  const int64_t n = call.integer(2);
  const double low = call.number(3);
  const double high = call.number(4);
  if (call.failed()) return nullptr;
  switch (dtype) {
    case kUint8: return call.number_value(double(first_outside<uint8_t>(data, n, low, high)));
    case kInt8: return call.number_value(double(first_outside<int8_t>(data, n, low, high)));
    case kInt16: return call.number_value(double(first_outside<int16_t>(data, n, low, high)));
    case kInt32: return call.number_value(double(first_outside<int32_t>(data, n, low, high)));
    case kInt64: return call.number_value(double(first_outside<int64_t>(data, n, low, high)));
    default: return call.fail("checkIndices: indices are integers"), nullptr;
  }
}

// The environment ends (process exit, worker.terminate()): join the threads while the ring is still there.
void at_environment_end(void* data) { ((Door*)data)->engine.reset(); }

void at_instance_end(napi_env, void* data, void*) { delete (Door*)data; }

napi_value initialise(napi_env env, napi_value exports) {
  Door* door = new Door;
  napi_set_instance_data(env, door, at_instance_end, nullptr);
  napi_add_env_cleanup_hook(env, at_environment_end, door);
  const struct {
    const char* name;
    napi_callback function;
  } functions[] = {
      {"info", info},
      {"kernels", kernels},
      {"opcodes", opcodes},
      {"open", open},
      {"close", close},
      {"setThreads", set_threads},
      {"wake", wake},
      {"wait", wait},
      {"allocate", allocate},
      {"release", release},
      {"map", map},
      {"unmap", unmap},
      {"write", write},
      {"read", read},
      {"define", define},
      {"events", events},
      {"now", now},
      {"takeError", take_error},
      {"checkIndices", check_indices},
  };
  for (const auto& f : functions) {
    napi_value function;
    napi_create_function(env, f.name, NAPI_AUTO_LENGTH, f.function, nullptr, &function);
    napi_set_named_property(env, exports, f.name, function);
  }
  return exports;
}

}  // namespace
}  // namespace layerwise

NAPI_MODULE_INIT() { return layerwise::initialise(env, exports); }
