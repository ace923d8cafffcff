// CUDA's device side for the host compiler: every thread of a block is a fiber, blocks run one after another on each of
// a few system threads. Barriers, shuffles, votes and atomics mean what they mean on a GPU; the order in which threads
// run is chosen by the tests. Memory ordering, bank conflicts and clocks are not modelled.
#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

#include <utility>

#define DEVICE inline __attribute__((always_inline))
#define __device__
#define __host__
#define __global__
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#define __restrict__ __restrict
#define __launch_bounds__(...)
#define __align__(n) alignas(n)
#define __shared__ static thread_local
#define __constant__ static const
#define LW_GLOBAL extern "C" __attribute__((visibility("hidden")))
#define LW_REGISTER(name) static const emulation::Registration registration_##name(#name, &name);
#define DYNAMIC_SHARED(type, name) type* name = reinterpret_cast<type*>(emulation::block->dynamic_shared)
#define UNROLL

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
};
#define LW_VECTORS(type, base) \
  struct alignas(2 * sizeof(base)) type##2 { \
    base x, y; \
  }; \
  struct type##3 { \
    base x, y, z; \
  }; \
  struct alignas(4 * sizeof(base) > 16 ? 16 : 4 * sizeof(base)) type##4 { \
    base x, y, z, w; \
  }; \
  inline type##2 make_##type##2(base x, base y) { return {x, y}; } \
  inline type##4 make_##type##4(base x, base y, base z, base w) { return {x, y, z, w}; }
LW_VECTORS(char, signed char)
LW_VECTORS(uchar, unsigned char)
LW_VECTORS(short, short)
LW_VECTORS(ushort, unsigned short)
LW_VECTORS(int, int)
LW_VECTORS(uint, unsigned)
LW_VECTORS(longlong, long long)
LW_VECTORS(ulonglong, unsigned long long)
LW_VECTORS(float, float)
LW_VECTORS(double, double)
#undef LW_VECTORS

namespace emulation {

// What the lanes of a warp say to each other in one collective operation: 32 bytes each.
struct Exchange {
  uint32_t mask = 0;
  uint32_t arrived = 0;
  unsigned generation = 0;  // counts completions
  uint32_t said[32][8];
};

struct Block {
  dim3 thread_index, block_index, block_size, grid_size;
  int thread = 0;  // within the block, row-major
  void* dynamic_shared = nullptr;
};
extern constinit thread_local Block* block;

// __syncthreads and its three forms that count.
enum class Vote { kNone, kAny, kAll, kCount };
int barrier(Vote vote, int predicate);
// Meets the other lanes of `mask`, leaving `bytes` bytes for them to read; all have arrived on return.
const Exchange* meet(uint32_t mask, const void* bytes, int count);
[[noreturn]] void die(const char* what);

// An entry of the module, with the sizes of its parameters and how to call it from an array of their addresses.
using Thunk = void (*)(const void* function, void** parameters);
struct Registration {
  template <class... A>
  Registration(const char* name, void (*function)(A...))
      : Registration(name, (const void*)function, call<A...>, sizes<A...>(), sizeof...(A)) {}
  Registration(const char* name, const void* function, Thunk thunk, const size_t* sizes, size_t count);

  template <class... A> static const size_t* sizes() {
    static const size_t list[] = {sizeof(A)..., 0};
    return list;
  }
  template <class... A> static void call(const void* function, void** parameters) {
    call_with<A...>((void (*)(A...))function, parameters, std::make_index_sequence<sizeof...(A)>());
  }

 private:
  template <class... A, size_t... positions>
  static void call_with(void (*function)(A...), [[maybe_unused]] void** parameters, std::index_sequence<positions...>) {
    function(*(A*)parameters[positions]...);
  }
};

template <class T> inline T read(const Exchange* exchange, int lane) {
  T value;
  memcpy(&value, exchange->said[lane], sizeof value);
  return value;
}
inline int lane() { return block->thread & 31; }

// Asynchronous copies happen when they are waited for, so that a missing wait shows.
void copy_later(void* to, const void* from, bool present);
void commit_copies();
void wait_copies(int pending);

template <class T> inline T shuffle(uint32_t mask, T value, int source) {
  static_assert(sizeof(T) <= 8, "shuffles move up to 8 bytes");
  const Exchange* exchange = meet(mask, &value, sizeof value);
  // A lane that is not there: its value is undefined on a GPU, here the caller's own.
  return exchange->arrived >> source & 1 ? read<T>(exchange, source) : value;
}

}  // namespace emulation

#define threadIdx (emulation::block->thread_index)
#define blockIdx (emulation::block->block_index)
#define blockDim (emulation::block->block_size)
#define gridDim (emulation::block->grid_size)
constexpr int warpSize = 32;

inline void __syncthreads() { emulation::barrier(emulation::Vote::kNone, 0); }
inline int __syncthreads_or(int p) { return emulation::barrier(emulation::Vote::kAny, p); }
inline int __syncthreads_and(int p) { return emulation::barrier(emulation::Vote::kAll, p); }
inline int __syncthreads_count(int p) { return emulation::barrier(emulation::Vote::kCount, p); }
inline void __syncwarp(uint32_t mask = ~0u) { emulation::meet(mask, nullptr, 0); }
inline void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
inline void __threadfence_block() {}
inline void __threadfence_system() { __threadfence(); }

template <class T> T __shfl_sync(uint32_t mask, T value, int source, int width = 32) {
  const int base = emulation::lane() & ~(width - 1);
  return emulation::shuffle(mask, value, base + (source & (width - 1)));
}
template <class T> T __shfl_xor_sync(uint32_t mask, T value, int bits, int width = 32) {
  const int lane = emulation::lane();
  const int end = (lane & ~(width - 1)) + width;
  return emulation::shuffle(mask, value, (lane ^ bits) < end ? lane ^ bits : lane);
}
template <class T> T __shfl_down_sync(uint32_t mask, T value, unsigned by, int width = 32) {
  const int lane = emulation::lane();
  const int end = (lane & ~(width - 1)) + width;
  return emulation::shuffle(mask, value, lane + int(by) < end ? lane + int(by) : lane);
}
template <class T> T __shfl_up_sync(uint32_t mask, T value, unsigned by, int width = 32) {
  const int lane = emulation::lane();
  const int base = lane & ~(width - 1);
  return emulation::shuffle(mask, value, lane - int(by) >= base ? lane - int(by) : lane);
}
inline uint32_t __ballot_sync(uint32_t mask, int predicate) {
  const uint32_t said = predicate != 0;
  const emulation::Exchange* exchange = emulation::meet(mask, &said, sizeof said);
  uint32_t votes = 0;
  for (int lane = 0; lane < 32; lane++) {
    if (exchange->arrived >> lane & 1) votes |= exchange->said[lane][0] << lane;
  }
  return votes;
}
inline int __any_sync(uint32_t mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
inline int __all_sync(uint32_t mask, int predicate) { return __ballot_sync(mask, !predicate) == 0; }
template <class T> uint32_t __match_any_sync(uint32_t mask, T value) {
  const emulation::Exchange* exchange = emulation::meet(mask, &value, sizeof value);
  uint32_t same = 0;
  for (int lane = 0; lane < 32; lane++) {
    if (exchange->arrived >> lane & 1 && !memcmp(exchange->said[lane], &value, sizeof value)) same |= 1u << lane;
  }
  return same;
}
inline uint32_t __activemask() { return ~0u; }

#include "functions.h"
