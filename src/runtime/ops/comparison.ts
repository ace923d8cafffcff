/** Elementwise comparison, logic and bits: pointwise expressions like the rest, with bool or integer results. */
import { e } from "../pointwise/expr.ts";
import { pointwise } from "../pointwise/op.ts";
import { refuse, refuseAs } from "./pointwise.ts";

const compare = [
  ["eq", "Where input equals other.", []],
  ["ne", "Where input differs from other.", ["not_equal"]],
  ["lt", "Where input < other.", ["less"]],
  ["le", "Where input <= other.", ["less_equal"]],
  ["gt", "Where input > other.", ["greater"]],
  ["ge", "Where input >= other.", ["greater_equal"]],
  ["logical_and", "Where both are nonzero.", []],
  ["logical_or", "Where either is nonzero.", []],
  ["logical_xor", "Where exactly one is nonzero.", []],
] as const;
const compared = Object.fromEntries(
  compare.map(([name, doc, names]) => [
    name,
    pointwise({
      signature: `${name}(Tensor input, ${name.startsWith("logical") ? "Tensor" : "Operand"} other) -> Tensor`,
      doc,
      aliases: names.flatMap((n) => [`torch.${n}`, `Tensor.${n}`]),
      dtype: "bool",
      expr: ({ input, other }) => e[name](input, other),
    }),
  ]),
);
export const { eq, ne, lt, le, gt, ge } = compared as Record<string, ReturnType<typeof pointwise>>;

const tests = [
  ["logical_not", "Where input is zero."],
  ["isnan", "Where input is NaN."],
  ["isinf", "Where input is infinite."],
  ["isfinite", "Where input is neither NaN nor infinite."],
  ["signbit", "Where the sign bit is set."],
] as const;
const tested = Object.fromEntries(
  tests.map(([name, doc]) => [
    name,
    pointwise({
      signature: `${name}(Tensor input) -> Tensor`,
      doc,
      dtype: "bool",
      inplace: name === "logical_not",
      expr: ({ input }) => e[name](input),
    }),
  ]),
);
export const isNan = tested.isnan!;

const bitwise = [
  ["bitwise_and", "Bits set in both; `&`."],
  ["bitwise_or", "Bits set in either; `|`."],
  ["bitwise_xor", "Bits set in exactly one; `^`."],
  ["bitwise_left_shift", "Bits moved up; `<<`."],
  ["bitwise_right_shift", "Bits moved down; `>>`."],
] as const;
const onlyIntegers = refuse("float");
for (const [name, doc] of bitwise) {
  const shift = name.endsWith("shift") ? `${name[8]}shift` : "";
  pointwise({
    signature: `${name}(Tensor input, Operand other) -> Tensor`,
    doc,
    check: shift ? (dtype) => refuse("float", "bool")(dtype, shift) : onlyIntegers,
    expr: ({ input, other }) => e[name](input, other),
  });
}
pointwise({
  signature: "_bitwise_not_int(Tensor input) -> Tensor",
  doc: "All bits flipped.",
  in: "_C",
  check: refuseAs("bitwise_not_cpu", "float"),
  expr: ({ input }) => e.bitwise_not(input),
});
