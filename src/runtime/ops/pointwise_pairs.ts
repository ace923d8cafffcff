/** Elementwise functions of two tensors beyond arithmetic: expressions like those of pointwise.ts. */
import { NotImplementedError, RuntimeError } from "../errors.ts";
import { constant, e } from "../pointwise/expr.ts";
import { pointwise } from "../pointwise/op.ts";
import { Tensor } from "../tensor.ts";
import { refuse } from "./pointwise.ts";

for (const [name, doc] of [
  ["atan2", "The angle of (other, input)."],
  ["hypot", "sqrt(input^2 + other^2)."],
  ["copysign", "input's magnitude with other's sign."],
] as const) {
  pointwise({
    signature: `${name}(Tensor input, ${name === "copysign" ? "Operand" : "Tensor"} other) -> Tensor`,
    doc,
    dtype: name === "hypot" ? "promote" : "float",
    check: name === "hypot" ? refuse("bool", "int") : undefined,
    aliases: name === "atan2" ? ["torch.arctan2", "Tensor.arctan2"] : [],
    expr: ({ input, other }) => e[name](input, other),
  });
}
pointwise({
  signature: "nextafter(Tensor input, Tensor other) -> Tensor",
  doc: "The next float towards other.",
  check: (dtype, name) => {
    refuse("bool", "int")(dtype, name);
    // The kernel's own steps are those of float32.
    if (dtype.size === 2) throw new NotImplementedError("nextafter of half precision");
  },
  expr: ({ input, other }) => e.nextafter(input, other),
  // PyTorch hands the gradient on to input as if it were the identity.
  gradient: { input: (_leaves, _y, dy) => dy, other: () => constant(0) },
});
pointwise({
  signature: "heaviside(Tensor input, Tensor values) -> Tensor",
  doc: "0 below zero, 1 above, values at zero.",
  underivable: "heaviside",
  check: (_dtype, _name, [input, values]) => {
    if ((input as Tensor).dtype !== (values as Tensor).dtype) {
      throw new RuntimeError("heaviside is not yet implemented for tensors with different dtypes.");
    }
  },
  expr: ({ input, values }) => e.where(e.eq(input, 0), values, e.gt(input, 0)),
});
for (const name of ["gcd", "lcm"] as const) {
  pointwise({
    signature: `${name}(Tensor input, Tensor other) -> Tensor`,
    doc: name === "gcd" ? "The greatest common divisor." : "The least common multiple.",
    check: refuse("float", "bool"),
    expr: ({ input, other }) => e[name](input, other),
  });
}
pointwise({
  signature: "xlogy(Tensor input, Operand other) -> Tensor",
  doc: "input * log(other), 0 where input is 0.",
  aliases: ["special.xlogy"],
  dtype: "float",
  expr: ({ input, other }) => e.where(e.isnan(other), NaN, e.where(e.eq(input, 0), 0, e.mul(input, e.log(other)))),
});
pointwise({
  signature: "logaddexp2(Tensor input, Tensor other) -> Tensor",
  doc: "log2(2^input + 2^other), without overflow.",
  inplace: false,
  check: refuse("bool", "int"),
  expr: ({ input, other }) => {
    const larger = e.maximum(input, other);
    return e.where(
      e.logical_and(e.isinf(input), e.eq(input, other)),
      input,
      e.add(larger, e.mul(Math.LOG2E, e.log1p(e.exp2(e.neg(e.abs(e.sub(input, other))))))),
    );
  },
  gradient: {
    input: ({ input }, y, dy) => e.mul(dy, e.exp2(e.sub(input, y))),
    other: ({ other }, y, dy) => e.mul(dy, e.exp2(e.sub(other, y))),
  },
});
pointwise({
  signature: "logaddexp(Tensor input, Tensor other) -> Tensor",
  doc: "log(exp(input) + exp(other)), without overflow.",
  inplace: false,
  check: refuse("bool", "int"),
  expr: ({ input, other }) => {
    const larger = e.maximum(input, other);
    return e.where(
      e.logical_and(e.isinf(input), e.eq(input, other)),
      input,
      e.add(larger, e.log1p(e.exp(e.neg(e.abs(e.sub(input, other)))))),
    );
  },
  gradient: {
    input: ({ input }, y, dy) => e.mul(dy, e.exp(e.sub(input, y))),
    other: ({ other }, y, dy) => e.mul(dy, e.exp(e.sub(other, y))),
  },
});
