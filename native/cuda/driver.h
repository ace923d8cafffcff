// The CUDA driver API as far as we use it, found with dlopen: nothing of NVIDIA's is linked or included, so that the
// addon builds and loads on every machine. The numbers are those of cuda.h, which promises to keep them.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include <string>

namespace layerwise {

using CuResult = int;
using CuDevice = int;
using CuPointer = unsigned long long;
using CuContext = struct CuContextObject*;
using CuModule = struct CuModuleObject*;
using CuFunction = struct CuFunctionObject*;
using CuStream = struct CuStreamObject*;
using CuEvent = struct CuEventObject*;
using CuGraph = struct CuGraphObject*;
using CuGraphExec = struct CuGraphExecObject*;

struct CuUuid {
  unsigned char bytes[16];
};

// clang-format off
enum : CuResult {
  kCuSuccess = 0, kCuInvalidValue = 1, kCuOutOfMemory = 2, kCuNoBinaryForGpu = 209, kCuUnsupportedPtx = 222,
  kCuNotFound = 500, kCuNotReady = 600, kCuIllegalAddress = 700, kCuNotSupported = 801,
};
enum CuDeviceAttribute : int {
  kCuMaxThreadsPerBlock = 1, kCuMaxSharedPerBlock = 8, kCuWarpSize = 10, kCuClockRate = 13, kCuMultiprocessors = 16,
  kCuIntegrated = 18, kCuL2Bytes = 38, kCuMaxThreadsPerMultiprocessor = 39, kCuMajor = 75, kCuMinor = 76,
  kCuMaxSharedPerMultiprocessor = 81, kCuRegistersPerMultiprocessor = 82, kCuMaxSharedOptIn = 97,
};
enum CuFunctionAttribute : int { kCuFunctionMaxDynamicShared = 8 };
enum : unsigned {
  kCuEventDefault = 0, kCuEventDisableTiming = 2, kCuStreamNonBlocking = 1, kCuHostAllocPortable = 1,
  kCuHostAllocMapped = 2, kCuStreamCaptureRelaxed = 2,
};
// clang-format on

// member, symbol, arguments. The symbol carries the version that the numbers and structures here belong to.
#define LW_CUDA_FUNCTIONS(_) \
  _(init, cuInit, (unsigned)) \
  _(driver_version, cuDriverGetVersion, (int*)) \
  _(device_count, cuDeviceGetCount, (int*)) \
  _(device_get, cuDeviceGet, (CuDevice*, int)) \
  _(device_name, cuDeviceGetName, (char*, int, CuDevice)) \
  _(device_uuid, cuDeviceGetUuid, (CuUuid*, CuDevice)) \
  _(device_attribute, cuDeviceGetAttribute, (int*, int, CuDevice)) \
  _(device_memory, cuDeviceTotalMem_v2, (size_t*, CuDevice)) \
  _(retain_context, cuDevicePrimaryCtxRetain, (CuContext*, CuDevice)) \
  _(release_context, cuDevicePrimaryCtxRelease_v2, (CuDevice)) \
  _(set_context, cuCtxSetCurrent, (CuContext)) \
  _(synchronize_context, cuCtxSynchronize, ()) \
  _(load_module, cuModuleLoadData, (CuModule*, const void*)) \
  _(unload_module, cuModuleUnload, (CuModule)) \
  _(get_function, cuModuleGetFunction, (CuFunction*, CuModule, const char*)) \
  _(set_function_attribute, cuFuncSetAttribute, (CuFunction, int, int)) \
  _(allocate, cuMemAlloc_v2, (CuPointer*, size_t)) \
  _(release, cuMemFree_v2, (CuPointer)) \
  _(memory_info, cuMemGetInfo_v2, (size_t*, size_t*)) \
  _(host_allocate, cuMemHostAlloc, (void**, size_t, unsigned)) \
  _(host_release, cuMemFreeHost, (void*)) \
  _(host_device_pointer, cuMemHostGetDevicePointer_v2, (CuPointer*, void*, unsigned)) \
  _(upload, cuMemcpyHtoDAsync_v2, (CuPointer, const void*, size_t, CuStream)) \
  _(download, cuMemcpyDtoHAsync_v2, (void*, CuPointer, size_t, CuStream)) \
  _(copy, cuMemcpyDtoDAsync_v2, (CuPointer, CuPointer, size_t, CuStream)) \
  _(copy_peer, cuMemcpyPeerAsync, (CuPointer, CuContext, CuPointer, CuContext, size_t, CuStream)) \
  _(fill_bytes, cuMemsetD8Async, (CuPointer, unsigned char, size_t, CuStream)) \
  _(launch, cuLaunchKernel, \
    (CuFunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CuStream, void**, void**)) \
  _(create_stream, cuStreamCreateWithPriority, (CuStream*, unsigned, int)) \
  _(destroy_stream, cuStreamDestroy_v2, (CuStream)) \
  _(synchronize_stream, cuStreamSynchronize, (CuStream)) \
  _(query_stream, cuStreamQuery, (CuStream)) \
  _(stream_wait_event, cuStreamWaitEvent, (CuStream, CuEvent, unsigned)) \
  _(create_event, cuEventCreate, (CuEvent*, unsigned)) \
  _(destroy_event, cuEventDestroy_v2, (CuEvent)) \
  _(record_event, cuEventRecord, (CuEvent, CuStream)) \
  _(query_event, cuEventQuery, (CuEvent)) \
  _(synchronize_event, cuEventSynchronize, (CuEvent)) \
  _(elapsed_ms, cuEventElapsedTime, (float*, CuEvent, CuEvent)) \
  _(error_name, cuGetErrorName, (CuResult, const char**)) \
  _(error_text, cuGetErrorString, (CuResult, const char**))

// What newer drivers have and we can do without: null where absent.
#define LW_CUDA_OPTIONAL(_) \
  _(parameter_info, cuFuncGetParamInfo, (CuFunction, size_t, size_t*, size_t*)) \
  _(begin_capture, cuStreamBeginCapture_v2, (CuStream, int)) \
  _(end_capture, cuStreamEndCapture, (CuStream, CuGraph*)) \
  _(instantiate_graph, cuGraphInstantiateWithFlags, (CuGraphExec*, CuGraph, unsigned long long)) \
  _(launch_graph, cuGraphLaunch, (CuGraphExec, CuStream)) \
  _(destroy_graph, cuGraphDestroy, (CuGraph)) \
  _(destroy_graph_exec, cuGraphExecDestroy, (CuGraphExec))

struct Driver {
#define LW_MEMBER(member, symbol, arguments) CuResult(*member) arguments = nullptr;
  LW_CUDA_FUNCTIONS(LW_MEMBER)
  LW_CUDA_OPTIONAL(LW_MEMBER)
#undef LW_MEMBER
  bool available = false;
  // Why not, one sentence.
  std::string reason;
  // Where it was found.
  std::string path;
  int version = 0;  // 13000 for 13.0
  int devices = 0;
  // The emulated driver of the tests brings its kernels along.
  bool is_emulated = false;

  // "CUDA_ERROR_OUT_OF_MEMORY: out of memory"
  std::string explain(CuResult result) const;
};

// Looks for the driver once per process: $LAYERWISE_CUDA_DRIVER, else libcuda.so.1 where the system keeps it.
const Driver& driver();

}  // namespace layerwise
