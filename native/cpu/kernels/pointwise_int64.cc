// Pointwise opcodes in int64: exact, wrapping. Division by zero gives 0 and remainders a, never a trap; the kernel
// reports it.
#include "convert.h"
#include "pointwise_ops.h"

namespace layerwise::NS {

using T = int64_t;

// -2^63 / -1 wraps to itself; the hardware would trap.
static LW_INLINE T quotient(T a, T b) { return b == 0 ? 0 : b == -1 ? T(0 - uint64_t(a)) : a / b; }
static LW_INLINE T rest(T a, T b) { return b == 0 ? a : b == -1 ? 0 : a % b; }
static LW_INLINE T floor_quotient(T a, T b) {
  const T q = quotient(a, b);
  return b != 0 && rest(a, b) != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}
static LW_INLINE T floor_rest(T a, T b) {
  const T r = rest(a, b);
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}
static LW_INLINE T power(T base, T exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent & 1 ? -1 : 1) : 0;
  uint64_t result = 1;
  uint64_t factor = uint64_t(base);
  for (; exponent; exponent >>= 1, factor *= factor) {
    if (exponent & 1) result *= factor;
  }
  return T(result);
}
static LW_INLINE T magnitude(T a) { return a < 0 ? T(0 - uint64_t(a)) : a; }
static LW_INLINE T common_divisor(T a, T b) {
  a = magnitude(a);
  b = magnitude(b);
  while (b != 0) {
    const T r = rest(a, b);
    a = b;
    b = r;
  }
  return magnitude(a);  // -2^63 has no magnitude of its own
}
static LW_INLINE T common_multiple(T a, T b) {
  return a == 0 || b == 0 ? 0 : magnitude(T(uint64_t(quotient(a, common_divisor(a, b))) * uint64_t(b)));
}
// Shifting by 64 or more, or by less than 0: PyTorch gives 0 to the left, the sign to the right.
static LW_INLINE T shift_left(T a, T b) { return b < 0 || b > 63 ? 0 : T(uint64_t(a) << b); }
static LW_INLINE T shift_right(T a, T b) { return a >> (b < 0 || b > 63 ? 63 : b); }

LW_OP(mov, a)
LW_OP_IOTA
LW_OP(add, T(uint64_t(a) + uint64_t(b)))
LW_OP(sub, T(uint64_t(a) - uint64_t(b)))
LW_OP(mul, T(uint64_t(a) * uint64_t(b)))
LW_OP(div, quotient(a, b))
LW_OP(floor_divide, floor_quotient(a, b))
LW_OP(remainder, floor_rest(a, b))
LW_OP(fmod, rest(a, b))
LW_OP(pow, power(a, b))
LW_OP(maximum, a > b ? a : b)
LW_OP(minimum, a < b ? a : b)
LW_OP(eq, a == b)
LW_OP(ne, a != b)
LW_OP(lt, a < b)
LW_OP(le, a <= b)
LW_OP(gt, a > b)
LW_OP(ge, a >= b)
LW_OP(logical_and, (a != 0) & (b != 0))
LW_OP(logical_or, (a != 0) | (b != 0))
LW_OP(logical_xor, (a != 0) != (b != 0))
LW_OP(logical_not, a == 0)
LW_OP(bitwise_and, a & b)
LW_OP(bitwise_or, a | b)
LW_OP(bitwise_xor, a ^ b)
LW_OP(bitwise_not, ~a)
LW_OP(bitwise_left_shift, shift_left(a, b))
LW_OP(bitwise_right_shift, shift_right(a, b))
LW_OP(where, a != 0 ? b : c)
LW_OP(fma, T(uint64_t(a) * uint64_t(b) + uint64_t(c)))
LW_OP(neg, T(0 - uint64_t(a)))
LW_OP(abs, magnitude(a))
LW_OP(sign, (a > 0) - (a < 0))
LW_OP(signbit, a < 0)
LW_OP(square, T(uint64_t(a) * uint64_t(a)))
LW_OP(isnan, 0)
LW_OP(isinf, 0)
LW_OP(isfinite, 1)
LW_OP(gcd, common_divisor(a, b))
LW_OP(lcm, common_multiple(a, b))

// The same for integers.
#define op_fmax op_maximum
#define op_fmin op_minimum
#define op_floor op_mov
#define op_ceil op_mov
#define op_round op_mov
#define op_trunc op_mov
// `define` refuses these for int64.
#define op_atan2 nullptr
#define op_hypot nullptr
#define op_copysign nullptr
#define op_nextafter nullptr
#define op_sqrt nullptr
#define op_rsqrt nullptr
#define op_reciprocal nullptr
#define op_exp nullptr
#define op_exp2 nullptr
#define op_expm1 nullptr
#define op_log nullptr
#define op_log2 nullptr
#define op_log10 nullptr
#define op_log1p nullptr
#define op_sin nullptr
#define op_cos nullptr
#define op_tan nullptr
#define op_asin nullptr
#define op_acos nullptr
#define op_atan nullptr
#define op_sinh nullptr
#define op_cosh nullptr
#define op_tanh nullptr
#define op_asinh nullptr
#define op_acosh nullptr
#define op_atanh nullptr
#define op_sigmoid nullptr
#define op_erf nullptr
#define op_erfc nullptr
#define op_erfinv nullptr
#define op_lgamma nullptr
#define op_digamma nullptr

const PointwiseOp int64_ops[] = {LW_POINTWISE_OPCODES(LW_OP_ENTRY)};

}  // namespace layerwise::NS
