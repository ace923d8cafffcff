// What the row and column kernels share on the device: vectors of elements that move as one access, exchanges between
// lanes for values of any size, and code that is compiled once instead of into every kernel. Included after gpu.h.
#pragma once
#include "../gpu.h"

#ifdef __CUDACC__
#define SHARED_CODE static __device__ __noinline__
// Of a kernel's large parameter: its address may be taken without a copy per thread.
#define GRID_CONSTANT const __grid_constant__
#else
#define SHARED_CODE static inline
#define GRID_CONSTANT const
#endif

template <class T, int V> struct alignas(sizeof(T) * V) Pack {
  T at[V];
};

// As many elements as 16 bytes hold: what one access of a thread moves at best.
template <class T> constexpr int kPerVector = 16 / sizeof(T);

template <int V, class T> DEVICE Pack<T, V> load_pack(const T* from) { return *(const Pack<T, V>*)from; }
template <int V, class T> DEVICE void store_pack(T* to, const Pack<T, V>& pack) { *(Pack<T, V>*)to = pack; }

template <int V, class T, class W> DEVICE void load_wide(W (&out)[V], const T* from) {
  const Pack<T, V> pack = load_pack<V>(from);
  UNROLL for (int i = 0; i < V; i++) out[i] = convert<W>(pack.at[i]);
}
template <int V, class T, class W> DEVICE void store_narrow(T* to, const W (&values)[V]) {
  Pack<T, V> pack;
  UNROLL for (int i = 0; i < V; i++) pack.at[i] = convert<T>(values[i]);
  store_pack<V>(to, pack);
}

// The value of the lane whose number differs in the bits of `offset`, for any type of whole words.
template <class S> DEVICE S swap_lanes(const S& value, int offset) {
  static_assert(sizeof(S) % 4 == 0, "whole words");
  union Words {
    S value;
    uint32_t at[sizeof(S) / 4];
    DEVICE Words() {}
  };
  Words mine, theirs;
  mine.value = value;
  UNROLL for (int i = 0; i < int(sizeof(S) / 4); i++) theirs.at[i] = __shfl_xor_sync(~0u, mine.at[i], offset);
  return theirs.value;
}

// The states of the lanes that share a row joined in their order, the result in all of them: blockDim.x lanes per row (a
// power of two, at most 1024), blockDim.y rows per block. Every thread of the block must call it.
template <class S, class Join> DEVICE S join_row(S s, Join join) {
  const int lanes = blockDim.x;
  for (int offset = 1; offset < 32 && offset < lanes; offset *= 2) {
    const S other = swap_lanes(s, offset);
    s = (threadIdx.x & offset) == 0 ? join(s, other) : join(other, s);
  }
  if (lanes <= 32) return s;
  __shared__ double memory[32 * sizeof(S) / 8];
  const int warps = lanes / 32;
  S* states = (S*)memory + threadIdx.y * warps;
  __syncthreads();  // those of an earlier call have been read
  if (threadIdx.x % 32 == 0) states[threadIdx.x / 32] = s;
  __syncthreads();
  s = states[0];
  for (int warp = 1; warp < warps; warp++) s = join(s, states[warp]);
  return s;
}

DEVICE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
DEVICE int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

// 64-bit division costs some eighty instructions; indices are mostly small.
DEVICE int64_t quotient(int64_t a, int64_t b) {
  if (((a | b) >> 32) == 0) return int64_t(uint32_t(a) / uint32_t(b));
  return a / b;
}

// The elementary functions in the type they are computed in.
DEVICE float exp_of(float x) { return expf(x); }
DEVICE double exp_of(double x) { return exp(x); }
DEVICE float log_of(float x) { return logf(x); }
DEVICE double log_of(double x) { return log(x); }
DEVICE float sqrt_of(float x) { return sqrtf(x); }
DEVICE double sqrt_of(double x) { return sqrt(x); }
template <class W> DEVICE W minus_infinity() { return W(-infinity()); }

// PyTorch's maximum: a NaN on either side wins.
template <class W> DEVICE W max_or_nan(W a, W b) { return b > a || b != b ? b : a; }
