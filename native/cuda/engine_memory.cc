// The engine's other half: memory, copies, streams and events, and the device code behind an entry's name.
#include <string.h>

#include <algorithm>

#include "../cpu/program.h"
#include "engine.h"
#include "modules.h"

namespace layerwise {

const char* Context::dtype_name(Dtype dtype) {
  switch (dtype) {
    case kUint8: return "uint8";
    case kInt8: return "int8";
    case kInt16: return "int16";
    case kInt32: return "int32";
    case kInt64: return "int64";
    case kFloat16: return "float16";
    case kFloat32: return "float32";
    case kFloat64: return "float64";
    case kBool: return "bool";
    case kBfloat16: return "bfloat16";
  }
  return "unknown";
}

size_t Context::dtype_bytes(Dtype dtype) {
  switch (dtype) {
    case kInt64:
    case kFloat64: return 8;
    case kInt32:
    case kFloat32: return 4;
    case kInt16:
    case kFloat16:
    case kBfloat16: return 2;
    default: return 1;
  }
}

// Memory. These calls need no order with the ring: who frees has waited, and fresh memory has no history.

void* Engine::allocate(size_t bytes) {
  driver_.set_context(context_);
  CuPointer memory = 0;
  const CuResult result = driver_.allocate(&memory, std::max<size_t>(bytes, 1));
  if (result != kCuOutOfMemory) check(result, "allocating memory");
  return result ? nullptr : (void*)memory;
}

void Engine::release(void* block) {
  driver_.set_context(context_);
  check(driver_.release((CuPointer)block), "freeing memory");
}

void Engine::memory_info(size_t* available, size_t* total) {
  driver_.set_context(context_);
  *available = *total = 0;
  check(driver_.memory_info(available, total), "asking for the free memory");
}

void* Engine::allocate_host(size_t bytes) {
  driver_.set_context(context_);
  void* memory = nullptr;
  return driver_.host_allocate(&memory, std::max<size_t>(bytes, 1), kCuHostAllocPortable) ? nullptr : memory;
}

void Engine::release_host(void* block) {
  driver_.set_context(context_);
  check(driver_.host_release(block), "freeing pinned memory");
}

bool Engine::upload(void* to, const void* from, size_t bytes, bool is_pinned) {
  lock();
  drain(0, true);
  const CuStream stream = streams_[current_stream_];
  const ActivityScope scope(activities_.get(), 0, current_stream_);
  CuResult result = kCuSuccess;
  if (is_pinned) {
    result = driver_.upload((CuPointer)to, from, bytes, stream);
  } else if (capturing_) {
    // The bytes of now, at every replay.
    const CuPointer at = captured_table(from, bytes);
    if (at) result = driver_.copy((CuPointer)to, at, bytes, stream);
  } else {
    result = staging_->upload((CuPointer)to, from, bytes, stream);
  }
  unlock();
  return check(result, "copying to the GPU");
}

bool Engine::download(void* to, const void* from, size_t bytes, bool is_pinned) {
  lock();
  drain(0, true);
  if (!is_pinned && refuse_while_capturing()) return unlock(), false;
  const ActivityScope scope(activities_.get(), 0, current_stream_);
  const CuStream stream = streams_[current_stream_];
  const CuResult result = is_pinned ? driver_.download(to, (CuPointer)from, bytes, stream)
                                    : staging_->download(to, (CuPointer)from, bytes, stream);
  unlock();
  return check(result, "copying from the GPU");
}

void* Engine::scratch(int slot, size_t bytes) {
  std::vector<ScratchBlock>& blocks = capturing_ ? capturing_->scratch : scratch_;
  const size_t index = size_t(current_stream_) * 4 + size_t(slot & 3);
  if (index >= blocks.size()) blocks.resize(index + 1);
  ScratchBlock& scratch = blocks[index];
  if (scratch.bytes >= bytes && scratch.memory) return (void*)scratch.memory;
  const size_t rounded = std::max<size_t>(size_t(1) << 20, bytes + bytes / 4);
  if (capturing_) {
    // The smaller block stays: launches that were captured name it.
    scratch = {graph_memory(rounded), rounded};
    return (void*)scratch.memory;
  }
  // Freeing waits for the GPU by itself: what was launched with the old block is done then.
  if (scratch.memory) driver_.release(scratch.memory);
  scratch = {};
  if (const CuResult result = driver_.allocate(&scratch.memory, rounded)) {
    scratch = {};
    if (result == kCuOutOfMemory) fail("CUDA out of memory while a kernel asked for scratch memory");
    else check(result, "allocating scratch memory");
    return nullptr;
  }
  scratch.bytes = rounded;
  return (void*)scratch.memory;
}

void Engine::copy(void* to, const void* from, size_t bytes) {
  if (bytes) check(driver_.copy((CuPointer)to, (CuPointer)from, bytes, streams_[current_stream_]), "copying on the GPU");
}

void Engine::fill(void* to, uint8_t value, size_t bytes) {
  if (bytes) check(driver_.fill_bytes((CuPointer)to, value, bytes, streams_[current_stream_]), "filling memory");
}

const void* Engine::upload_table(const void* data, size_t bytes) {
  CuPointer at = 0;
  if (capturing_) return (const void*)captured_table(data, bytes);
  check(staging_->table(data, bytes, streams_[current_stream_], &at), "copying a table to the GPU");
  return (const void*)at;
}

// Streams and events

int Engine::create_stream(int priority) {
  driver_.set_context(context_);
  CuStream stream = nullptr;
  if (!check(driver_.create_stream(&stream, kCuStreamNonBlocking, priority), "making a stream")) return 0;
  lock();
  streams_.push_back(stream);
  const int number = int(streams_.size()) - 1;
  unlock();
  return number;
}

int Engine::create_event() {
  driver_.set_context(context_);
  CuEvent event = nullptr;
  if (!check(driver_.create_event(&event, kCuEventDefault), "making an event")) return -1;
  lock();
  int number = int(events_.size());
  if (free_events_.empty()) {
    events_.push_back(event);
  } else {
    number = free_events_.back();
    free_events_.pop_back();
    events_[size_t(number)] = event;
  }
  unlock();
  return number;
}

void Engine::destroy_event(int event) {
  if (event < 0 || event >= int(events_.size()) || !events_[size_t(event)]) return;
  driver_.set_context(context_);
  lock();
  drain(0, true);  // a command may still name it
  driver_.destroy_event(events_[size_t(event)]);
  events_[size_t(event)] = nullptr;
  free_events_.push_back(event);
  unlock();
}

bool Engine::query_stream(int stream) {
  driver_.set_context(context_);
  return stream >= int(streams_.size()) || driver_.query_stream(streams_[size_t(stream)]) != kCuNotReady;
}

bool Engine::synchronize_stream(int stream) {
  driver_.set_context(context_);
  if (stream >= int(streams_.size())) return false;
  return check(driver_.synchronize_stream(streams_[size_t(stream)]), "waiting for a stream");
}

bool Engine::query_event(int event) {
  driver_.set_context(context_);
  return driver_.query_event(events_[size_t(event)]) != kCuNotReady;
}

bool Engine::synchronize_event(int event) {
  driver_.set_context(context_);
  return check(driver_.synchronize_event(events_[size_t(event)]), "waiting for an event");
}

double Engine::elapsed_ms(int start, int end) {
  driver_.set_context(context_);
  float ms = 0;
  if (driver_.elapsed_ms(&ms, events_[size_t(start)], events_[size_t(end)])) return -1;
  return ms;
}

void Engine::use_stream(int stream) {
  if (stream < 0 || stream >= int(streams_.size())) return fail("[cuda] no such stream");
  current_stream_ = stream;
  stream_ = streams_[size_t(stream)];
}

void Engine::record_event(int event) {
  check(driver_.record_event(events_[size_t(event)], streams_[current_stream_]), "recording an event");
}

void Engine::wait_event(int event) {
  check(driver_.stream_wait_event(streams_[current_stream_], events_[size_t(event)], 0), "waiting for an event");
}

// Programs

DeviceProgram* Engine::define(const double* words, size_t count, const char** error) {
  std::unique_ptr<PointwiseProgram> parsed(parse_program(words, count, error));
  if (!parsed) return nullptr;
  auto program = std::make_unique<DeviceProgram>();
  program->program = *parsed;
  const size_t bytes = std::max<size_t>(sizeof(PointwiseInstruction), sizeof(PointwiseInstruction) * size_t(parsed->instructions));
  lock();
  driver_.set_context(context_);
  CuResult result = driver_.allocate(&program->code, bytes);
  if (!result) result = driver_.upload(program->code, parsed->code, bytes, setup_stream_);
  // Any stream may use it from now on.
  if (!result) result = driver_.synchronize_stream(setup_stream_);
  unlock();
  if (!check(result, "defining a pointwise program")) return *error = "[define] the GPU has no memory for it", nullptr;
  programs_.push_back(std::move(program));
  return programs_.back().get();
}

// Device code

CuModule Engine::module_of(const char* family) {
  auto known = modules_.find(family);
  if (known != modules_.end()) return known->second;
  CuModule module = nullptr;
  const Image* image = find_image(family);
  if (driver_.is_emulated) {
    check(driver_.load_module(&module, nullptr), "loading the emulated kernels");
  } else if (!image || !image->fatbin) {
    fail("[cuda] a family of kernels has no device code in this build");
  } else {
    CuResult result = driver_.load_module(&module, image->fatbin);
    // An older driver refuses what a newer compiler made; plain PTX of an older version it translates itself.
    if (result && image->ptx) result = driver_.load_module(&module, image->ptx);
    check(result, "loading GPU code");
  }
  return modules_[family] = module;
}

const Engine::Entry* Engine::find_entry(const char* name, const char* suffix, const size_t* sizes, size_t count) {
  entry_name_ = name;
  if (suffix) {
    entry_name_ += '_';
    entry_name_ += suffix;
  }
  auto known = entries_.find(entry_name_);
  if (known != entries_.end()) return &known->second;
  CuModule module = module_of(family_);
  if (!module) return nullptr;
  Entry entry;
  if (driver_.get_function(&entry.function, module, entry_name_.c_str())) {
    fail(("[cuda] the device code of '" + std::string(family_) + "' has no entry " + entry_name_).c_str());
    return nullptr;
  }
  // Arguments of another size than the parameter's would be garbage without a word.
  if (driver_.parameter_info) {
    size_t offset = 0, bytes = 0;
    for (size_t i = 0; i < count; i++) {
      const CuResult result = driver_.parameter_info(entry.function, i, &offset, &bytes);
      if (result || bytes != sizes[i]) {
        fail(("[cuda] argument " + std::to_string(i) + " of " + entry_name_ + " has " + std::to_string(sizes[i]) +
              " bytes, its parameter " + (result ? "does not exist" : "has " + std::to_string(bytes)))
                 .c_str());
        return nullptr;
      }
    }
    if (!driver_.parameter_info(entry.function, count, &offset, &bytes)) {
      fail(("[cuda] " + entry_name_ + " has more parameters than the " + std::to_string(count) + " it was given").c_str());
      return nullptr;
    }
  }
  return &(entries_[entry_name_] = entry);
}

void Engine::launch_compiled(CuFunction function, Grid grid, Grid block, const void* const* addresses) {
  check(driver_.launch(function, grid.x, grid.y, grid.z, block.x, block.y, block.z, 0, streams_[current_stream_],
                       const_cast<void**>(addresses), nullptr),
        "launching a compiled program");
}

void Engine::launch_entry(const char* name, const char* suffix, Grid grid, Grid block, size_t shared_bytes,
                          const void* const* addresses, const size_t* sizes, size_t count) {
  Entry* entry = const_cast<Entry*>(find_entry(name, suffix, sizes, count));
  if (!entry) return;
  if (shared_bytes > entry->shared_bytes) {
    if (!check(driver_.set_function_attribute(entry->function, kCuFunctionMaxDynamicShared, int(shared_bytes)),
               "asking for shared memory")) {
      return;
    }
    entry->shared_bytes = shared_bytes;
  }
  const CuResult result =
      driver_.launch(entry->function, grid.x, grid.y, grid.z, block.x, block.y, block.z, unsigned(shared_bytes),
                     streams_[current_stream_], const_cast<void**>(addresses), nullptr);
  if (result) check(result, ("launching " + entry_name_).c_str());
}

}  // namespace layerwise
