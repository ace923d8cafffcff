// CUDA's functions of one thread for the host compiler: atomics, bits, and mathematics that C does not have.
#pragma once
#include <math.h>
#include <stdint.h>

#include <type_traits>

// Blocks run on several system threads, so these are real atomics.
template <class T, class F> inline T layerwise_atomic(T* at, F next) {
  T old;
  __atomic_load(at, &old, __ATOMIC_SEQ_CST);
  T wanted = next(old);
  while (!__atomic_compare_exchange(at, &old, &wanted, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) wanted = next(old);
  return old;
}
template <class T> inline T atomicAdd(T* at, std::type_identity_t<T> x) {
  return layerwise_atomic(at, [=](T old) { return T(old + x); });
}
template <class T> inline T atomicSub(T* at, std::type_identity_t<T> x) {
  return layerwise_atomic(at, [=](T old) { return T(old - x); });
}
template <class T> inline T atomicMax(T* at, std::type_identity_t<T> x) {
  return layerwise_atomic(at, [=](T old) { return old > x ? old : x; });
}
template <class T> inline T atomicMin(T* at, std::type_identity_t<T> x) {
  return layerwise_atomic(at, [=](T old) { return old < x ? old : x; });
}
template <class T> inline T atomicAnd(T* at, std::type_identity_t<T> x) {
  return layerwise_atomic(at, [=](T old) { return T(old & x); });
}
template <class T> inline T atomicOr(T* at, std::type_identity_t<T> x) {
  return layerwise_atomic(at, [=](T old) { return T(old | x); });
}
template <class T> inline T atomicXor(T* at, std::type_identity_t<T> x) {
  return layerwise_atomic(at, [=](T old) { return T(old ^ x); });
}
template <class T> inline T atomicExch(T* at, std::type_identity_t<T> x) {
  return layerwise_atomic(at, [=](T) { return x; });
}
template <class T> inline T atomicCAS(T* at, std::type_identity_t<T> expected, std::type_identity_t<T> wanted) {
  return layerwise_atomic(at, [=](T old) { return old == expected ? wanted : old; });
}

template <class T> inline T __ldg(const T* at) { return *at; }
template <class T> inline T __ldcs(const T* at) { return *at; }
template <class T> inline void __stcs(T* at, T value) { *at = value; }

inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __clz(int x) { return x ? __builtin_clz(unsigned(x)) : 32; }
inline int __clzll(long long x) { return x ? __builtin_clzll((unsigned long long)x) : 64; }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }
inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned((unsigned long long)a * b >> 32); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return (unsigned long long)((unsigned __int128)a * b >> 64);
}
inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned by) {
  return unsigned((((unsigned long long)high << 32 | low) << (by & 31)) >> 32);
}
inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned by) {
  return unsigned(((unsigned long long)high << 32 | low) >> (by & 31));
}
// Bytes of the eight of (b, a) chosen by the four low nibbles of `selector`.
inline unsigned __byte_perm(unsigned a, unsigned b, unsigned selector) {
  const unsigned long long bytes = (unsigned long long)b << 32 | a;
  unsigned result = 0;
  for (int i = 0; i < 4; i++) result |= unsigned(bytes >> (selector >> 4 * i & 7) * 8 & 255) << 8 * i;
  return result;
}
inline int __dp4a(int a, int b, int c) {
  for (int i = 0; i < 4; i++) c += int((signed char)(a >> 8 * i)) * int((signed char)(b >> 8 * i));
  return c;
}
inline float __int_as_float(int x) { return __builtin_bit_cast(float, x); }
inline float __uint_as_float(unsigned x) { return __builtin_bit_cast(float, x); }
inline int __float_as_int(float x) { return __builtin_bit_cast(int, x); }
inline unsigned __float_as_uint(float x) { return __builtin_bit_cast(unsigned, x); }
inline double __longlong_as_double(long long x) { return __builtin_bit_cast(double, x); }
inline long long __double_as_longlong(double x) { return __builtin_bit_cast(long long, x); }
inline int __float2int_rn(float x) { return int(rintf(x)); }
inline int __float2int_rd(float x) { return int(floorf(x)); }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fsqrt_rn(float x) { return sqrtf(x); }
inline float __frsqrt_rn(float x) { return 1.0f / sqrtf(x); }
inline float __expf(float x) { return expf(x); }
inline float __exp10f(float x) { return powf(10.0f, x); }
inline float __logf(float x) { return logf(x); }
inline float __log2f(float x) { return log2f(x); }
inline float __sinf(float x) { return sinf(x); }
inline float __cosf(float x) { return cosf(x); }
inline void __sincosf(float x, float* s, float* c) {
  *s = sinf(x);
  *c = cosf(x);
}
inline float __powf(float x, float y) { return powf(x, y); }
inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
inline double rsqrt(double x) { return 1.0 / sqrt(x); }
inline float __saturatef(float x) { return !(x > 0) ? 0.0f : x > 1 ? 1.0f : x; }
inline float sinpif(float x) { return float(sin(3.14159265358979323846 * x)); }
inline float cospif(float x) { return float(cos(3.14159265358979323846 * x)); }
inline double sinpi(double x) { return sin(3.14159265358979323846 * x); }
inline double cospi(double x) { return cos(3.14159265358979323846 * x); }

template <class A, class B> inline std::common_type_t<A, B> min(A a, B b) {
  using C = std::common_type_t<A, B>;
  return C(b) < C(a) ? C(b) : C(a);
}
template <class A, class B> inline std::common_type_t<A, B> max(A a, B b) {
  using C = std::common_type_t<A, B>;
  return C(a) < C(b) ? C(b) : C(a);
}
[[noreturn]] inline void __trap() { emulation::die("trap"); }
#undef assert
#define assert(condition) ((condition) ? void() : emulation::die("assertion failed: " #condition))
