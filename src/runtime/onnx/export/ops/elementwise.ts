/** Elementwise ops: a single operator where ONNX has one, else the expression that the op is. */
import { bool, type DType } from "../../../dtype.ts";
import type { Name } from "../builder.ts";
import type { Call, Translator } from "../context.ts";
import { translateExpressions } from "../expressions.ts";

/** Any op that is declared by an expression. */
export function elementwise(call: Call): Name {
  const { recorded } = call;
  const { root, params, paramAt = [], dtype, result } = recorded.record.spec.expression!(recorded.raw);
  const ids = recorded.arguments.flatMap((argument) => ("value" in argument ? [argument.value] : []));
  // Bools enter as bools: comparisons and conditions need them so.
  const inputs = ids.map((id) => {
    const own = call.valueOf(id).dtype;
    return own === bool ? call.nameOf(id) : call.as(id, dtype);
  });
  const areBool = ids.map((id) => call.valueOf(id).dtype === bool);
  const [found] = translateExpressions(call.graph, [root], {
    inputs,
    areBool,
    params: numbersOf(call, params, paramAt, dtype),
    dtype,
    result,
    fail: (why) => call.fail(why),
  });
  return found!;
}

/** Numbers of an expression as they are in every call: computed where they follow from the size of an input. */
export function numbersOf(
  call: Call,
  params: readonly number[],
  positions: readonly number[],
  dtype: DType,
): (number | Name)[] {
  const names = positions.map((position) => call.recorded.record.signature.arguments[position]!.name);
  const compiled = call.sizedNumbers.find((name) => !names.includes(name));
  if (compiled !== undefined) return call.fail(`${compiled} depends on the size of an input`);
  return params.map((value, i) => {
    const sized = call.sizedNumber(names[i]!);
    if (!sized) return value;
    const isWhole = sized.form === "itself" && sized.divisor === 1;
    if (dtype.kind !== "float" && !isWhole) return call.fail(`${names[i]!} depends on the size of an input`);
    return call.graph.sizedNumber(sized, dtype);
  });
}

/** One input, one operator, in the dtype of the input. */
const unary =
  (opType: string, attributes: (call: Call) => Record<string, { float: number }> = () => ({})): Translator =>
  (call) => {
    if (call.value("input").dtype.kind !== "float") return elementwise(call);
    return call.graph.add(opType, [call.tensor("input")], attributes(call));
  };

const float = (call: Call, name: string): { float: number } => ({ float: call.number(name) });

/** Only where the model's opset has the operator. */
const since =
  (opset: number, translator: Translator): Translator =>
  (call) =>
    call.graph.opset >= opset ? translator(call) : elementwise(call);

function clip(call: Call, low: number | null, high: number | null): Name {
  const { dtype } = call.value("input");
  const bound = (value: number | null): Name => (value === null ? "" : call.graph.number(dtype, value));
  return call.graph.add("Clip", [call.tensor("input"), bound(low), bound(high)]);
}

function clamp(call: Call): Name {
  const isPlain =
    !call.isTensor("min") &&
    !call.isTensor("max") &&
    call.result.dtype === call.value("input").dtype &&
    call.sizedNumbers.length === 0;
  return isPlain ? clip(call, call.optionalNumber("min"), call.optionalNumber("max")) : elementwise(call);
}

function castTo(call: Call): Name {
  const dtype = call.plain("dtype") as DType;
  return call.as(call.id("input"), dtype);
}

/** Of a real number: half a turn below zero. NaN stays. */
function angle(call: Call): Name {
  const { graph } = call;
  const { dtype } = call.result;
  const x = call.as(call.id("input"), dtype);
  const zero = graph.number(dtype, 0);
  const found = graph.add("Where", [graph.add("Less", [x, zero]), graph.number(dtype, Math.PI), zero]);
  return graph.add("Where", [graph.add("IsNaN", [x]), x, found]);
}

const itself: Translator = (call) => call.tensor("input");

export const elementwiseOps: Record<string, Translator> = {
  relu: unary("Relu"),
  leaky_relu: unary("LeakyRelu", (call) => ({ alpha: float(call, "negative_slope") })),
  elu: unary("Elu", (call) => ({ alpha: float(call, "alpha") })),
  celu: unary("Celu", (call) => ({ alpha: float(call, "alpha") })),
  selu: unary("Selu"),
  hardswish: unary("HardSwish"),
  hardsigmoid: unary("HardSigmoid", () => ({ alpha: { float: 1 / 6 }, beta: { float: 0.5 } })),
  mish: since(18, unary("Mish")),
  gelu: since(20, (call) => {
    if (call.value("input").dtype.kind !== "float") return elementwise(call);
    return call.graph.add("Gelu", [call.tensor("input")], { approximate: call.text("approximate") });
  }),
  silu: (call) => {
    const x = call.tensor("input");
    return call.graph.add("Mul", [x, call.graph.add("Sigmoid", [x])]);
  },
  hardtanh: (call) => clip(call, call.number("min_val"), call.number("max_val")),
  clamp,
  _cast: castTo,
  _to_device: itself,
  // No gradient flows in an exported model, and every value stands for itself.
  clone: itself,
  _contiguous: itself,
  detach: itself,
  _alias: itself,
  // Real numbers are their own conjugates.
  conj_physical: itself,
  _conj: itself,
  real: itself,
  sgn: (call) => call.graph.add("Sign", [call.tensor("input")]),
  angle,
};
