// The driver's functions over the host's emulation, so that tests drive the addon's real path without a GPU. Device
// memory is host memory whose borders every copy checks. With LAYERWISE_EMULATION_DEFER=1 the work of a stream waits
// until somebody synchronises with it, as on a GPU: what reads or overwrites too early then shows.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>


#include "observed.h"
#include "streams.h"
#include "threads.h"

#undef threadIdx
#undef blockIdx
#undef blockDim
#undef gridDim

namespace {

using namespace layerwise;
using emulation::about;
using emulation::enqueue;
using emulation::finish;
using emulation::finish_all;
using emulation::Guard;
using emulation::number_from;
using emulation::observed;
using emulation::refuse;
using emulation::state;
using emulation::Stream;
using emulation::stream_of;
using emulation::Work;

size_t total_bytes() {
  static const size_t bytes = number_from("LAYERWISE_EMULATION_BYTES", size_t(2) << 30);
  return bytes;
}

int device_total() {
  static const int devices = int(number_from("LAYERWISE_EMULATION_DEVICES", 1));
  return devices;
}

bool is_inside(const std::map<CuPointer, size_t>& blocks, CuPointer pointer, size_t bytes) {
  auto after = blocks.upper_bound(pointer);
  if (after == blocks.begin()) return false;
  --after;
  return pointer + bytes <= after->first + after->second;
}

bool is_device(CuPointer pointer, size_t bytes) { return is_inside(state().device_blocks, pointer, bytes); }

// What the emulated NVRTC made: a shared object whose threads are called one by one; it has no barriers.
emulation::Kernel* load_host_module(const char* path) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  unlink(path);
  if (!library) return nullptr;
  auto describe = (void (*)(const size_t**, size_t*))dlsym(library, "layerwise_module");
  auto* kernel = new emulation::Kernel{"pointwise", dlsym(library, "layerwise_thread"), nullptr, nullptr, 0};
  describe(&kernel->sizes, &kernel->count);
  kernel->thunk = [](const void* function, void** parameters) {
    ((void (*)(emulation::Block*, void**))function)(emulation::block, parameters);
  };
  return kernel;
}

// A copy from memory that is not pinned has left it when the call returns, as with the real driver.
bool is_pinned(const void* pointer, size_t bytes) { return is_inside(state().host_blocks, (CuPointer)pointer, bytes); }

}  // namespace

EXPORT int layerwise_emulated_driver() { return 1; }

// For stand-ins of NVIDIA's libraries: their work, in stream order.
EXPORT void layerwise_emulation_enqueue(CuStream stream, void (*work)(void*), void* data, const char* name) {
  Guard guard;
  auto kernel = about(emulation::WorkKind::kKernel, 0);
  kernel.name = name;
  enqueue(stream, observed(kernel, stream, [=] { work(data); }));
}

EXPORT CuResult cuInit(unsigned) { return kCuSuccess; }
EXPORT CuResult cuDriverGetVersion(int* version) { return *version = 13000, kCuSuccess; }
EXPORT CuResult cuDeviceGetCount(int* count) { return *count = device_total(), kCuSuccess; }
EXPORT CuResult cuDeviceGet(CuDevice* device, int index) {
  *device = index;
  return index >= 0 && index < device_total() ? kCuSuccess : 101;
}
EXPORT CuResult cuDeviceGetName(char* name, int bytes, CuDevice) {
  snprintf(name, size_t(bytes), "Emulated GPU");
  return kCuSuccess;
}
EXPORT CuResult cuDeviceGetUuid(CuUuid* uuid, CuDevice device) {
  memset(uuid, 0, sizeof *uuid);
  uuid->bytes[15] = (unsigned char)device;
  return kCuSuccess;
}
EXPORT CuResult cuDeviceGetAttribute(int* value, int attribute, CuDevice) {
  switch (attribute) {
    case kCuMaxThreadsPerBlock: *value = 1024; break;
    case kCuMaxSharedPerBlock: *value = 48 << 10; break;
    case kCuWarpSize: *value = 32; break;
    case kCuClockRate: *value = 1000000; break;
    case kCuMultiprocessors: *value = int(number_from("LAYERWISE_EMULATION_MULTIPROCESSORS", 2)); break;
    case kCuL2Bytes: *value = 4 << 20; break;
    case kCuMaxThreadsPerMultiprocessor: *value = 2048; break;
    // What sm_90a alone can is not emulated, so this is an sm_80.
    case kCuMajor: *value = 8; break;
    case kCuMinor: *value = 0; break;
    case kCuMaxSharedPerMultiprocessor: *value = 164 << 10; break;
    case kCuRegistersPerMultiprocessor: *value = 65536; break;
    case kCuMaxSharedOptIn: *value = 163 << 10; break;
    default: *value = 0;
  }
  return kCuSuccess;
}
EXPORT CuResult cuDeviceTotalMem_v2(size_t* bytes, CuDevice) { return *bytes = total_bytes(), kCuSuccess; }
EXPORT CuResult cuDevicePrimaryCtxRetain(CuContext* context, CuDevice device) {
  *context = (CuContext)(intptr_t)(device + 1);
  return kCuSuccess;
}
EXPORT CuResult cuDevicePrimaryCtxRelease_v2(CuDevice) { return kCuSuccess; }
EXPORT CuResult cuCtxSetCurrent(CuContext) { return kCuSuccess; }
EXPORT CuResult cuCtxSynchronize() {
  Guard guard;
  for (Stream* stream : state().streams) {
    if (const CuResult result = refuse(*stream)) return result;
  }
  finish_all();
  return kCuSuccess;
}
EXPORT CuResult cuModuleLoadData(CuModule* module, const void* image) {
  *module = image ? (CuModule)load_host_module((const char*)image) : (CuModule)1;
  return *module ? kCuSuccess : kCuInvalidValue;
}
EXPORT CuResult cuModuleUnload(CuModule) { return kCuSuccess; }
EXPORT CuResult cuModuleGetFunction(CuFunction* function, CuModule module, const char* name) {
  const bool is_built_in = module == (CuModule)1;
  const auto* kernel = is_built_in ? emulation::find_kernel(name) : (const emulation::Kernel*)module;
  *function = (CuFunction)kernel;
  return kernel ? kCuSuccess : kCuNotFound;
}
EXPORT CuResult cuFuncSetAttribute(CuFunction, int, int value) { return value <= 163 << 10 ? kCuSuccess : kCuInvalidValue; }
EXPORT CuResult cuFuncGetParamInfo(CuFunction function, size_t index, size_t* offset, size_t* bytes) {
  const auto* kernel = (const emulation::Kernel*)function;
  if (index >= kernel->count) return kCuInvalidValue;
  *offset = 0;
  *bytes = kernel->sizes[index];
  return kCuSuccess;
}

EXPORT CuResult cuMemAlloc_v2(CuPointer* pointer, size_t bytes) {
  Guard guard;
  if (bytes == 0) return kCuInvalidValue;
  if (state().used + bytes > total_bytes()) return kCuOutOfMemory;
  void* memory = aligned_alloc(512, (bytes + 511) / 512 * 512);
  if (!memory) return kCuOutOfMemory;
  // NaN in every floating type and conspicuous in the others; large blocks only at both ends, for the tests' time.
  const size_t edge = size_t(1) << 20;
  memset(memory, 0xFF, bytes < edge ? bytes : edge);
  if (bytes > edge) memset((char*)memory + bytes - edge, 0xFF, edge);
  *pointer = (CuPointer)memory;
  state().device_blocks[*pointer] = bytes;
  state().used += bytes;
  return kCuSuccess;
}
EXPORT CuResult cuMemFree_v2(CuPointer pointer) {
  Guard guard;
  finish_all();  // as the real one
  auto block = state().device_blocks.find(pointer);
  if (block == state().device_blocks.end()) return kCuInvalidValue;
  state().used -= block->second;
  state().device_blocks.erase(block);
  free((void*)pointer);
  return kCuSuccess;
}
EXPORT CuResult cuMemGetInfo_v2(size_t* available, size_t* total) {
  Guard guard;
  *total = total_bytes();
  *available = total_bytes() - state().used;
  return kCuSuccess;
}
EXPORT CuResult cuMemHostAlloc(void** pointer, size_t bytes, unsigned) {
  Guard guard;
  *pointer = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  if (!*pointer) return kCuOutOfMemory;
  memset(*pointer, 0, bytes);
  state().host_blocks[(CuPointer)*pointer] = bytes;
  return kCuSuccess;
}
EXPORT CuResult cuMemFreeHost(void* pointer) {
  Guard guard;
  finish_all();
  if (!state().host_blocks.erase((CuPointer)pointer)) return kCuInvalidValue;
  free(pointer);
  return kCuSuccess;
}
EXPORT CuResult cuMemHostGetDevicePointer_v2(CuPointer* device, void* host, unsigned) {
  return *device = (CuPointer)host, kCuSuccess;
}

EXPORT CuResult cuMemcpyHtoDAsync_v2(CuPointer to, const void* from, size_t bytes, CuStream stream) {
  Guard guard;
  if (!is_device(to, bytes)) return kCuInvalidValue;
  const auto copy = about(emulation::WorkKind::kToDevice, bytes);
  if (is_pinned(from, bytes)) {
    return enqueue(stream, observed(copy, stream, [=] { memcpy((void*)to, from, bytes); }));
  }
  if (const CuResult result = refuse(stream_of(stream))) return result;
  std::vector<char> taken((const char*)from, (const char*)from + bytes);
  Work work = [to, taken = std::move(taken)] { memcpy((void*)to, taken.data(), taken.size()); };
  return enqueue(stream, observed(copy, stream, std::move(work)));
}
EXPORT CuResult cuMemcpyDtoHAsync_v2(void* to, CuPointer from, size_t bytes, CuStream stream) {
  Guard guard;
  if (!is_device(from, bytes)) return kCuInvalidValue;
  if (!is_pinned(to, bytes)) {
    if (const CuResult result = refuse(stream_of(stream))) return result;
    finish(stream_of(stream));
  }
  const auto copy = about(emulation::WorkKind::kFromDevice, bytes);
  return enqueue(stream, observed(copy, stream, [=] { memcpy(to, (const void*)from, bytes); }));
}
EXPORT CuResult cuMemcpyDtoDAsync_v2(CuPointer to, CuPointer from, size_t bytes, CuStream stream) {
  Guard guard;
  if (!is_device(from, bytes) || !is_device(to, bytes)) return kCuInvalidValue;
  const auto copy = about(emulation::WorkKind::kOnDevice, bytes);
  return enqueue(stream, observed(copy, stream, [=] { memmove((void*)to, (const void*)from, bytes); }));
}
EXPORT CuResult cuMemcpyPeerAsync(CuPointer to, CuContext, CuPointer from, CuContext, size_t bytes, CuStream stream) {
  return cuMemcpyDtoDAsync_v2(to, from, bytes, stream);
}
EXPORT CuResult cuMemsetD8Async(CuPointer to, unsigned char value, size_t bytes, CuStream stream) {
  Guard guard;
  if (!is_device(to, bytes)) return kCuInvalidValue;
  const auto fill = about(emulation::WorkKind::kFill, bytes, value);
  return enqueue(stream, observed(fill, stream, [=] { memset((void*)to, value, bytes); }));
}

EXPORT CuResult cuLaunchKernel(CuFunction function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                               unsigned bz, unsigned shared_bytes, CuStream stream, void** parameters, void**) {
  Guard guard;
  const bool fits = gx && gy && gz && bx && by && bz && gx <= 0x7FFFFFFF && gy <= 65535 && gz <= 65535 && bx <= 1024 &&
                    by <= 1024 && bz <= 64 && bx * by * bz <= 1024 && shared_bytes <= 163 << 10;
  if (!fits) return kCuInvalidValue;
  const auto* kernel = (const emulation::Kernel*)function;
  // Parameters are taken now, the launch may come later.
  std::vector<std::vector<char>> values;
  for (size_t i = 0; i < kernel->count; i++) {
    values.emplace_back((const char*)parameters[i], (const char*)parameters[i] + kernel->sizes[i]);
  }
  Work work = [=]() mutable {
    std::vector<void*> addresses;
    for (auto& value : values) addresses.push_back(value.data());
    emulation::run_grid(kernel, {gx, gy, gz}, {bx, by, bz}, shared_bytes, addresses.data());
  };
  auto launch = about(emulation::WorkKind::kKernel, 0);
  launch.name = kernel->name;
  launch.grid[0] = gx, launch.grid[1] = gy, launch.grid[2] = gz;
  launch.block[0] = bx, launch.block[1] = by, launch.block[2] = bz;
  return enqueue(stream, observed(launch, stream, std::move(work)));
}

EXPORT CuResult cuGetErrorName(CuResult result, const char** name) {
  switch (result) {
    case kCuInvalidValue: *name = "CUDA_ERROR_INVALID_VALUE"; break;
    case kCuOutOfMemory: *name = "CUDA_ERROR_OUT_OF_MEMORY"; break;
    case kCuNotFound: *name = "CUDA_ERROR_NOT_FOUND"; break;
    case kCuNotReady: *name = "CUDA_ERROR_NOT_READY"; break;
    case emulation::kCaptureUnsupported: *name = "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"; break;
    case emulation::kCaptureInvalidated: *name = "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED"; break;
    case emulation::kCaptureUnjoined: *name = "CUDA_ERROR_STREAM_CAPTURE_UNJOINED"; break;
    case emulation::kCaptureIsolation: *name = "CUDA_ERROR_STREAM_CAPTURE_ISOLATION"; break;
    case emulation::kCapturedEvent: *name = "CUDA_ERROR_CAPTURED_EVENT"; break;
    default: *name = "CUDA_ERROR_UNKNOWN";
  }
  return kCuSuccess;
}
EXPORT CuResult cuGetErrorString(CuResult result, const char** text) {
  switch (result) {
    case kCuInvalidValue: *text = "invalid argument"; break;
    case kCuOutOfMemory: *text = "out of memory"; break;
    case kCuNotFound: *text = "named symbol not found"; break;
    case kCuNotReady: *text = "device not ready"; break;
    case emulation::kCaptureUnsupported: *text = "operation not permitted when stream is capturing"; break;
    case emulation::kCaptureInvalidated: *text = "operation failed due to a previous error during capture"; break;
    case emulation::kCaptureUnjoined: *text = "capturing stream has unjoined work"; break;
    case emulation::kCaptureIsolation: *text = "dependency created on uncaptured work in another stream"; break;
    case emulation::kCapturedEvent: *text = "operation not permitted on an event last recorded in a capturing stream"; break;
    default: *text = "unknown error";
  }
  return kCuSuccess;
}
