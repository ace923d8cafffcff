// Pointwise opcodes in float64. Transcendental functions call libm.
#include "convert.h"

using T = double;
using Signed = int64_t;
#define M(name) real_##name
#define LW_SLOW_ANGLE(a) false
#define LW_SLOW_QUOTIENT(a, b) false

namespace layerwise::NS {

#define LW_BUILTIN(name) \
  template <class... X> static LW_INLINE double real_##name(X... x) { return __builtin_##name(x...); }
// clang-format off
LW_BUILTIN(exp) LW_BUILTIN(exp2) LW_BUILTIN(expm1) LW_BUILTIN(log) LW_BUILTIN(log2) LW_BUILTIN(log10) LW_BUILTIN(log1p)
LW_BUILTIN(sin) LW_BUILTIN(cos) LW_BUILTIN(tan) LW_BUILTIN(asin) LW_BUILTIN(acos) LW_BUILTIN(atan) LW_BUILTIN(atan2)
LW_BUILTIN(sinh) LW_BUILTIN(cosh) LW_BUILTIN(tanh) LW_BUILTIN(asinh) LW_BUILTIN(acosh) LW_BUILTIN(atanh)
LW_BUILTIN(erf) LW_BUILTIN(erfc) LW_BUILTIN(pow) LW_BUILTIN(hypot) LW_BUILTIN(fmod) LW_BUILTIN(nextafter)
LW_BUILTIN(floor) LW_BUILTIN(ceil) LW_BUILTIN(trunc) LW_BUILTIN(rint)
LW_BUILTIN(copysign) LW_BUILTIN(fabs) LW_BUILTIN(sqrt) LW_BUILTIN(lgamma) LW_BUILTIN(fma)
// clang-format on
static LW_INLINE double real_slow_fmod(double a, double b) { return __builtin_fmod(a, b); }
static LW_INLINE double real_slow_sin(double a) { return __builtin_sin(a); }
static LW_INLINE double real_slow_cos(double a) { return __builtin_cos(a); }
static LW_INLINE double real_slow_tan(double a) { return __builtin_tan(a); }
static LW_INLINE double real_sigmoid(double x) {
  const double e = __builtin_exp(-__builtin_fabs(x));
  return (x < 0 ? e : 1) / (1 + e);
}

}  // namespace layerwise::NS

#include "pointwise_real.h"

namespace layerwise::NS {
const PointwiseOp float64_ops[] = {LW_POINTWISE_OPCODES(LW_OP_ENTRY)};
}
