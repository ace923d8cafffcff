// Pointwise opcodes in float32. Everything vectorises but the special functions that go to libm element by element.
#include "vector_math.h"

using T = float;
using Signed = int32_t;
#define M(name) real_##name
// What the functions of vector_math.h do not cover: angles and quotients too large for them go to libm.
#define LW_SLOW_ANGLE(a) \
  (__builtin_fabsf(a) > layerwise::NS::kMostAngle && __builtin_fabsf(a) < layerwise::NS::kInfinity)
#define LW_SLOW_QUOTIENT(a, b) (__builtin_fabsf(a) > layerwise::NS::kMostQuotient * __builtin_fabsf(b) && b != 0)

namespace layerwise::NS {

#define LW_FAST(name) \
  template <class... X> static LW_INLINE float real_##name(X... x) { return fast_##name(x...); }
#define LW_BUILTIN(name) \
  template <class... X> static LW_INLINE float real_##name(X... x) { return __builtin_##name##f(x...); }
// clang-format off
LW_FAST(exp) LW_FAST(exp2) LW_FAST(expm1) LW_FAST(log) LW_FAST(log2) LW_FAST(log10) LW_FAST(log1p)
LW_FAST(sin) LW_FAST(cos) LW_FAST(tan) LW_FAST(asin) LW_FAST(acos) LW_FAST(atan) LW_FAST(atan2)
LW_FAST(sinh) LW_FAST(cosh) LW_FAST(tanh) LW_FAST(asinh) LW_FAST(acosh) LW_FAST(atanh)
LW_FAST(sigmoid) LW_FAST(erf) LW_FAST(erfc) LW_FAST(pow) LW_FAST(hypot) LW_FAST(fmod) LW_FAST(nextafter)
LW_FAST(floor) LW_FAST(ceil) LW_FAST(trunc) LW_FAST(rint)
LW_BUILTIN(copysign) LW_BUILTIN(fabs) LW_BUILTIN(sqrt) LW_BUILTIN(lgamma)
// clang-format on
static LW_INLINE float real_slow_fmod(float a, float b) { return __builtin_fmodf(a, b); }
static LW_INLINE float real_slow_sin(float a) { return __builtin_sinf(a); }
static LW_INLINE float real_slow_cos(float a) { return __builtin_cosf(a); }
static LW_INLINE float real_slow_tan(float a) { return __builtin_tanf(a); }
// One rounding where the machine has it; otherwise through float64, which rounds twice only in rare ties.
static LW_INLINE float real_fma(float a, float b, float c) {
#if defined(__FMA__)
  return __builtin_fmaf(a, b, c);
#else
  return float(double(a) * double(b) + double(c));
#endif
}

}  // namespace layerwise::NS

#include "pointwise_real.h"

namespace layerwise::NS {
const PointwiseOp float32_ops[] = {LW_POINTWISE_OPCODES(LW_OP_ENTRY)};
}
