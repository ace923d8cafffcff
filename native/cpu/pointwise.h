// Pointwise programs: straight-line code over blocks of elements in one compute type. They are how every elementwise op,
// cast, copy, fill and optimizer step is expressed, and how several of them become one kernel.
//
// Format (doubles): compute inputs consts temporaries instructions outputs  {opcode dst a b c}[instructions]  value[outputs]
//   compute   0 float32, 1 float64, 2 int64. Loads convert each input to it, stores convert to the output's dtype.
//   values    0..inputs-1 are inputs, then constants (given at launch), then temporaries.
//   outputs   for each output the value that is stored into it.
// Comparisons, logic and the mask of `where` are 0 or 1 in the compute type. Stores: to bool is x != 0; float to integer
// truncates as C does; integers wrap; float32 to float16/bfloat16 rounds to nearest even.
#pragma once

// Name, number of operands. The order is the opcode. Meanings are torch's functions of the same name unless said.
#define LW_POINTWISE_OPCODES(_) \
  _(mov, 1) _(iota, 0) /* row-major index of the element */ \
  _(add, 2) _(sub, 2) _(mul, 2) _(div, 2) /* true division; integers: truncated */ \
  _(floor_divide, 2) _(remainder, 2) /* Python's % */ _(fmod, 2) _(pow, 2) _(atan2, 2) _(hypot, 2) _(copysign, 2) _(nextafter, 2) \
  _(maximum, 2) _(minimum, 2) /* NaN wins */ _(fmax, 2) _(fmin, 2) \
  _(eq, 2) _(ne, 2) _(lt, 2) _(le, 2) _(gt, 2) _(ge, 2) \
  _(logical_and, 2) _(logical_or, 2) _(logical_xor, 2) _(logical_not, 1) \
  _(bitwise_and, 2) _(bitwise_or, 2) _(bitwise_xor, 2) _(bitwise_not, 1) _(bitwise_left_shift, 2) _(bitwise_right_shift, 2) \
  _(where, 3) /* a != 0 ? b : c */ _(fma, 3) /* a*b + c */ \
  _(neg, 1) _(abs, 1) _(sign, 1) _(signbit, 1) _(square, 1) _(sqrt, 1) _(rsqrt, 1) _(reciprocal, 1) \
  _(exp, 1) _(exp2, 1) _(expm1, 1) _(log, 1) _(log2, 1) _(log10, 1) _(log1p, 1) \
  _(sin, 1) _(cos, 1) _(tan, 1) _(asin, 1) _(acos, 1) _(atan, 1) _(sinh, 1) _(cosh, 1) _(tanh, 1) _(asinh, 1) _(acosh, 1) _(atanh, 1) \
  _(sigmoid, 1) _(erf, 1) _(erfc, 1) _(erfinv, 1) _(lgamma, 1) _(digamma, 1) \
  _(floor, 1) _(ceil, 1) _(round, 1) /* half to even */ _(trunc, 1) \
  _(isnan, 1) _(isinf, 1) _(isfinite, 1) _(gcd, 2) _(lcm, 2)
