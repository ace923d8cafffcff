// Types of elements on the device: 16-bit floats as plain storage, conversions as PyTorch does them, and the type in
// which each is computed. Included through gpu.h only.
#pragma once

struct alignas(2) Half {
  uint16_t bits;
};
struct alignas(2) Brain {
  uint16_t bits;
};

template <class To, class From> DEVICE To bits_of(From x) {
  static_assert(sizeof(To) == sizeof(From), "the same bits");
#ifdef __CUDACC__
  To to;
  memcpy(&to, &x, sizeof to);
  return to;
#else
  return __builtin_bit_cast(To, x);
#endif
}

DEVICE float to_float(Half x) {
#ifdef __CUDACC__
  float y;
  asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x.bits));
  return y;
#else
  return float(bits_of<_Float16>(x.bits));
#endif
}
DEVICE float to_float(Brain x) { return bits_of<float>(uint32_t(x.bits) << 16); }
DEVICE float to_float(float x) { return x; }

DEVICE Half to_half(float x) {
#ifdef __CUDACC__
  Half y;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
  return y;
#else
  return Half{bits_of<uint16_t>(_Float16(x))};
#endif
}
DEVICE Brain to_brain(float x) {
#if defined(__CUDACC__) && LW_HAS_SM80
  Brain y;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
  return y;
#else
  const uint32_t bits = bits_of<uint32_t>(x);
  const bool is_nan = x != x;
  return Brain{uint16_t(is_nan ? 0x7FFF : (bits + 0x7FFF + (bits >> 16 & 1)) >> 16)};
#endif
}

// The type in which sums and products of T are computed.
template <class T> struct Wide { using Type = int64_t; };
template <> struct Wide<Half> { using Type = float; };
template <> struct Wide<Brain> { using Type = float; };
template <> struct Wide<float> { using Type = float; };
template <> struct Wide<double> { using Type = double; };
template <class T> using WideOf = typename Wide<T>::Type;

// load_as<float>(x): an element in another type, converted as PyTorch converts.
template <class To, class From> struct Convert {
  static DEVICE To from(From x) { return To(x); }
};
template <class To> struct Convert<To, Half> {
  static DEVICE To from(Half x) { return To(to_float(x)); }
};
template <class To> struct Convert<To, Brain> {
  static DEVICE To from(Brain x) { return To(to_float(x)); }
};
template <class From> struct Convert<Half, From> {
  static DEVICE Half from(From x) { return to_half(float(x)); }
};
template <class From> struct Convert<Brain, From> {
  static DEVICE Brain from(From x) { return to_brain(float(x)); }
};
template <> struct Convert<Half, Half> {
  static DEVICE Half from(Half x) { return x; }
};
template <> struct Convert<Brain, Brain> {
  static DEVICE Brain from(Brain x) { return x; }
};
template <> struct Convert<Half, Brain> {
  static DEVICE Half from(Brain x) { return to_half(to_float(x)); }
};
template <> struct Convert<Brain, Half> {
  static DEVICE Brain from(Half x) { return to_brain(to_float(x)); }
};
template <class From> struct Convert<bool, From> {
  static DEVICE bool from(From x) { return x != From(0); }
};
template <> struct Convert<bool, bool> {
  static DEVICE bool from(bool x) { return x; }
};
template <> struct Convert<bool, Half> {
  static DEVICE bool from(Half x) { return (x.bits & 0x7FFF) != 0; }
};
template <> struct Convert<bool, Brain> {
  static DEVICE bool from(Brain x) { return (x.bits & 0x7FFF) != 0; }
};
// Floats to narrow integers go through int64 and wrap, as on the CPU; out of int64's range the result is not defined.
#define LW_NARROW(type) \
  template <> struct Convert<type, float> { \
    static DEVICE type from(float x) { return type(int64_t(x)); } \
  }; \
  template <> struct Convert<type, double> { \
    static DEVICE type from(double x) { return type(int64_t(x)); } \
  }; \
  template <> struct Convert<type, Half> { \
    static DEVICE type from(Half x) { return type(int64_t(to_float(x))); } \
  }; \
  template <> struct Convert<type, Brain> { \
    static DEVICE type from(Brain x) { return type(int64_t(to_float(x))); } \
  };
LW_NARROW(uint8_t)
LW_NARROW(int8_t)
LW_NARROW(int16_t)
LW_NARROW(int32_t)
#undef LW_NARROW

template <class To, class From> DEVICE To convert(From x) { return Convert<To, From>::from(x); }
// An element in the type it is computed in.
template <class T> DEVICE WideOf<T> widen(T x) { return convert<WideOf<T>>(x); }

// PyTorch's ScalarType numbers, for kernels that take a dtype at run time.
enum DeviceDtype : int {
  kUint8 = 0, kInt8 = 1, kInt16 = 2, kInt32 = 3, kInt64 = 4, kFloat16 = 5, kFloat32 = 6, kFloat64 = 7, kBool = 11,
  kBfloat16 = 15,
};

template <class To> DEVICE To load_as(const void* base, int dtype, int64_t index) {
  switch (dtype) {
    case kUint8: return convert<To>(((const uint8_t*)base)[index]);
    case kInt8: return convert<To>(((const int8_t*)base)[index]);
    case kInt16: return convert<To>(((const int16_t*)base)[index]);
    case kInt32: return convert<To>(((const int32_t*)base)[index]);
    case kInt64: return convert<To>(((const int64_t*)base)[index]);
    case kFloat16: return convert<To>(((const Half*)base)[index]);
    case kFloat32: return convert<To>(((const float*)base)[index]);
    case kFloat64: return convert<To>(((const double*)base)[index]);
    case kBool: return convert<To>(((const bool*)base)[index]);
    default: return convert<To>(((const Brain*)base)[index]);
  }
}

template <class From> DEVICE void store_as(void* base, int dtype, int64_t index, From x) {
  switch (dtype) {
    case kUint8: ((uint8_t*)base)[index] = convert<uint8_t>(x); break;
    case kInt8: ((int8_t*)base)[index] = convert<int8_t>(x); break;
    case kInt16: ((int16_t*)base)[index] = convert<int16_t>(x); break;
    case kInt32: ((int32_t*)base)[index] = convert<int32_t>(x); break;
    case kInt64: ((int64_t*)base)[index] = convert<int64_t>(x); break;
    case kFloat16: ((Half*)base)[index] = convert<Half>(x); break;
    case kFloat32: ((float*)base)[index] = convert<float>(x); break;
    case kFloat64: ((double*)base)[index] = convert<double>(x); break;
    case kBool: ((bool*)base)[index] = convert<bool>(x); break;
    default: ((Brain*)base)[index] = convert<Brain>(x); break;
  }
}

DEVICE float infinity() { return bits_of<float>(0x7F800000u); }
DEVICE float not_a_number() { return bits_of<float>(0x7FC00000u); }

// Grid-stride loops: for (int64_t i = thread_index(); i < n; i += thread_count()).
DEVICE int64_t thread_index() { return int64_t(blockIdx.x) * blockDim.x + threadIdx.x; }
DEVICE int64_t thread_count() { return int64_t(gridDim.x) * blockDim.x; }

// The combined value of all lanes of a warp, in every lane; `combine(a, b)` is associative and commutative.
template <class T, class F> DEVICE T reduce_warp(T value, F combine) {
  UNROLL for (int offset = 16; offset > 0; offset /= 2) value = combine(value, __shfl_xor_sync(~0u, value, offset));
  return value;
}

// The combined value of all threads of a one-dimensional block, in every thread. Every thread calls it; blockDim.x is a
// multiple of 32, at most 1024. The order of combination depends on the block's size alone.
template <class T, class F> DEVICE T reduce_block(T value, T neutral, F combine) {
  __shared__ T partial[32];
  value = reduce_warp(value, combine);
  const int warp = threadIdx.x / 32;
  const int warps = blockDim.x / 32;
  if (warps == 1) return value;
  __syncthreads();  // an earlier call may still be reading
  if (threadIdx.x % 32 == 0) partial[warp] = value;
  __syncthreads();
  value = int(threadIdx.x % 32) < warps ? partial[threadIdx.x % 32] : neutral;
  return reduce_warp(value, combine);
}
