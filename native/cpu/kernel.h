// The contract of a CPU kernel. Included by every file of kernels/, which is compiled once per instruction set with
// -DNS=v2|v3|v4. Two rules for those files: everything they define is static or lives in namespace NS, and no standard
// header with inline functions is included (the linker would merge such functions across instruction sets). No dynamic
// initialisation either: it would run AVX-512 code at load time on a machine that has none; that is why a kernel
// registers through a linker section.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

namespace layerwise {

#define LW_INLINE inline __attribute__((always_inline))

// PyTorch's ScalarType numbers.
// clang-format off
enum Dtype : int {
  kUint8 = 0, kInt8 = 1, kInt16 = 2, kInt32 = 3, kInt64 = 4, kFloat16 = 5, kFloat32 = 6, kFloat64 = 7, kBool = 11,
  kBfloat16 = 15,
};
// clang-format on

// Reads a command's arguments in order. Integers and pointers are exact in a double.
struct Args {
  const double* at;
  LW_INLINE double real() { return *at++; }
  LW_INLINE int64_t integer() { return (int64_t)*at++; }
  LW_INLINE Dtype dtype() { return (Dtype)(int)*at++; }
  template <class T = void> LW_INLINE T* pointer() { return (T*)(int64_t)*at++; }
  // A run of n integers, copied out.
  LW_INLINE void integers(int64_t* out, int64_t n) {
    for (int64_t i = 0; i < n; i++) out[i] = integer();
  }
};

// What a running kernel may use. Owned by the engine, lives for one command.
struct Context {
  // Run body(begin, end) over [0, n) in chunks of at least `grain` (each begins at a multiple of it), on the pool;
  // returns when all are done. Nested calls run inline.
  void (*parallel)(Context*, int64_t n, int64_t grain, void (*body)(void* capture, int64_t begin, int64_t end),
                   void* capture);
  // Scratch memory of the calling thread, 64-byte aligned, kept between commands; slot 0..4 are separate blocks. A
  // larger request for the same slot moves it and loses what it held.
  void* (*scratch)(Context*, int slot, size_t bytes);
  // Text of an error; the command's results are then undefined. At most one per command.
  void (*fail)(Context*, const char* text);
  int threads;
  // A kernel that may run for long sets this: once the user cancels, `parallel` then leaves out chunks that have not
  // begun. Only for kernels in which no chunk writes a size or an index that later code trusts.
  bool cancellable;
  void* engine;
};

template <class F> LW_INLINE void parallel_for(Context* c, int64_t n, int64_t grain, F body) {
  if (n <= 0) return;
  c->parallel(
      c, n, grain < 1 ? 1 : grain, [](void* f, int64_t b, int64_t e) { (*(F*)f)(b, e); }, &body);
}

using Kernel = void (*)(Context*, Args);

// One kernel of one instruction set; the engine picks the variant of the best instruction set that the machine has.
struct KernelEntry {
  const char* name;
  int isa;
  Kernel run;
};

#define LW_STR2(x) #x
#define LW_STR(x) LW_STR2(x)
// KERNEL(softmax) { ...uses `context` and `args`... }
#define KERNEL(name) \
  static void kernel_##name(Context* context, Args args); \
  static const KernelEntry entry_##name = {#name, LW_STR(NS)[1] - '0', kernel_##name}; \
  __attribute__((used, section("layerwise_kernels"))) static const KernelEntry* const pointer_##name = &entry_##name; \
  static void kernel_##name([[maybe_unused]] Context* context, [[maybe_unused]] Args args)

}  // namespace layerwise
