// The only include of a device file. nvcc sees thin names over CUDA; the host compiler sees the same names over the
// emulation, which runs the threads of a block as fibers. No standard header, no CUDA runtime, no host code here.
#pragma once
#include <stdint.h>

#ifdef __CUDACC__
#define DEVICE __device__ __forceinline__
#define LW_GLOBAL extern "C" __global__
#define LW_REGISTER(name)
#define LW_IS_EMULATED 0
// Shared memory whose size the launch gives. One per kernel.
#define DYNAMIC_SHARED(type, name) \
  extern __shared__ __align__(128) unsigned char layerwise_dynamic_shared[]; \
  type* name = reinterpret_cast<type*>(layerwise_dynamic_shared)
#define UNROLL _Pragma("unroll")
#else
#define LW_IS_EMULATED 1
#include "emulation/device.h"
#endif

// What the machine offers beyond sm_75. Emulation has everything but what needs LW_HAS_SM90.
#if LW_IS_EMULATED || !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
#define LW_HAS_SM80 1
#else
#define LW_HAS_SM80 0
#endif
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define LW_HAS_SM90 1
#else
#define LW_HAS_SM90 0
#endif

// KERNEL(name, (parameters)) { body }: an entry of the module, found by its name.
#define KERNEL(name, parameters) \
  LW_GLOBAL void name parameters; \
  LW_REGISTER(name) \
  LW_GLOBAL void name parameters
// The same with the most threads per block and the fewest blocks per multiprocessor that the compiler should aim for.
#define KERNEL_BOUNDED(name, threads, blocks, parameters) \
  LW_GLOBAL void __launch_bounds__(threads, blocks) name parameters; \
  LW_REGISTER(name) \
  LW_GLOBAL void __launch_bounds__(threads, blocks) name parameters

// Entries of a template: ENTRY(softmax_rows, float32, float, (T* out, const T* x, int64_t n), (out, x, n)) makes the
// entry softmax_rows_float32, which calls softmax_rows<float>. In the parameters T is the type.
#define ENTRY(name, suffix, type, parameters, arguments) \
  namespace entry_##name##_##suffix { \
  using T = type; \
  KERNEL(name##_##suffix, parameters) { name<T> arguments; } \
  }
#define ENTRIES_HALVES(name, parameters, arguments) \
  ENTRY(name, float16, Half, parameters, arguments) \
  ENTRY(name, bfloat16, Brain, parameters, arguments)
#define ENTRIES_FLOATS(name, parameters, arguments) \
  ENTRIES_HALVES(name, parameters, arguments) \
  ENTRY(name, float32, float, parameters, arguments) \
  ENTRY(name, float64, double, parameters, arguments)
#define ENTRIES_INTEGERS(name, parameters, arguments) \
  ENTRY(name, uint8, uint8_t, parameters, arguments) \
  ENTRY(name, int8, int8_t, parameters, arguments) \
  ENTRY(name, int16, int16_t, parameters, arguments) \
  ENTRY(name, int32, int32_t, parameters, arguments) \
  ENTRY(name, int64, int64_t, parameters, arguments)
#define ENTRIES_NUMBERS(name, parameters, arguments) \
  ENTRIES_FLOATS(name, parameters, arguments) \
  ENTRIES_INTEGERS(name, parameters, arguments)
#define ENTRIES_ALL(name, parameters, arguments) \
  ENTRIES_NUMBERS(name, parameters, arguments) \
  ENTRY(name, bool, bool, parameters, arguments)
// By the size of an element, for kernels that only move: T is an unsigned type of 1, 2, 4, 8 or 16 bytes.
#define ENTRIES_SIZES(name, parameters, arguments) \
  ENTRY(name, 1, uint8_t, parameters, arguments) \
  ENTRY(name, 2, uint16_t, parameters, arguments) \
  ENTRY(name, 4, uint32_t, parameters, arguments) \
  ENTRY(name, 8, uint64_t, parameters, arguments)

#include "numbers.h"
#include "tensor_cores.h"
