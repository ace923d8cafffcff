// The loops behind pointwise opcodes: one function per opcode and compute type over a block of contiguous elements.
#pragma once
#include "../kernel.h"
#include "../pointwise.h"

namespace layerwise::NS {

// dst may be equal to an operand, never overlap it otherwise. iota reads its first index from the int64 at `a`.
using PointwiseOp = void (*)(void* dst, const void* a, const void* b, const void* c, int64_t n);

extern const PointwiseOp float32_ops[];
extern const PointwiseOp float64_ops[];
extern const PointwiseOp int64_ops[];

#define LW_IS_IOTA(name, operands) (#name[0] == 'i' && #name[1] == 'o'),
constexpr bool kOpcodeIsIota[] = {LW_POINTWISE_OPCODES(LW_IS_IOTA)};
#undef LW_IS_IOTA

// Integer divisions give 0 for a zero divisor, the others a; the kernel then reports it.
#define LW_IS_DIVISION(name, operands) \
  (!__builtin_strcmp(#name, "div") || !__builtin_strcmp(#name, "floor_divide") || \
   !__builtin_strcmp(#name, "remainder") || !__builtin_strcmp(#name, "fmod")),
constexpr bool kOpcodeDivides[] = {LW_POINTWISE_OPCODES(LW_IS_DIVISION)};
#undef LW_IS_DIVISION

// Macros for the files that define the tables; T is the compute type there.
#define LW_OP(name, expression) \
  static void op_##name(void* to, const void* from_a, const void* from_b, const void* from_c, int64_t n) { \
    T* d = (T*)to; \
    [[maybe_unused]] const T* pa = (const T*)from_a; \
    [[maybe_unused]] const T* pb = (const T*)from_b; \
    [[maybe_unused]] const T* pc = (const T*)from_c; \
    _Pragma("omp simd") for (int64_t i = 0; i < n; i++) { \
      [[maybe_unused]] const T a = pa[i]; \
      [[maybe_unused]] const T b = pb[i]; \
      [[maybe_unused]] const T c = pc[i]; \
      d[i] = (expression); \
    } \
  }
// Looks at the whole block first; where the condition holds for one element, all take the slow expression.
#define LW_OP_UNLESS(name, condition, expression, slow_expression) \
  LW_OP(slow_##name, slow_expression) \
  LW_OP(fast_##name, expression) \
  static void op_##name(void* to, const void* from_a, const void* from_b, const void* from_c, int64_t n) { \
    const T* pa = (const T*)from_a; \
    [[maybe_unused]] const T* pb = (const T*)from_b; \
    int any = 0; \
    _Pragma("omp simd reduction(| : any)") for (int64_t i = 0; i < n; i++) { \
      [[maybe_unused]] const T a = pa[i]; \
      [[maybe_unused]] const T b = pb[i]; \
      any |= (condition) ? 1 : 0; \
    } \
    (any ? op_slow_##name : op_fast_##name)(to, from_a, from_b, from_c, n); \
  }
#define LW_OP_IOTA \
  static void op_iota(void* to, const void* first, const void*, const void*, int64_t n) { \
    T* d = (T*)to; \
    const int64_t start = *(const int64_t*)first; \
    _Pragma("omp simd") for (int64_t i = 0; i < n; i++) d[i] = T(start + i); \
  }
#define LW_OP_ENTRY(name, operands) op_##name,

}  // namespace layerwise::NS
