/**
 * Affine integers and int8 layers in the forms that runtimes look for: QuantizeLinear and DequantizeLinear around float ops
 * (QDQ) where scales are known, DynamicQuantizeLinear with integer products where they are found on the way.
 */
import { float32, int32, int8, uint8, type DType } from "../../../dtype.ts";
import { dataTypeNumber, type DataType } from "../../schema.ts";
import type { GraphBuilder, Name } from "../builder.ts";
import { numberBytes } from "../builder.ts";
import type { Call, Translator } from "../context.ts";
import { reduceBy } from "./reduce.ts";

/** The numbers that a dtype has. */
const RANGES: Record<string, [number, number]> = { uint8: [0, 255], int8: [-128, 127], int16: [-32768, 32767] };

/** Results of DynamicQuantizeLinear, by the name of the scale: whoever quantizes by it finds the codes there. */
const dynamic = new WeakMap<GraphBuilder, Map<Name, { input: Name; codes: Name; zero: Name }>>();

function dynamicOf(graph: GraphBuilder): Map<Name, { input: Name; codes: Name; zero: Name }> {
  const known = dynamic.get(graph) ?? new Map<Name, { input: Name; codes: Name; zero: Name }>();
  dynamic.set(graph, known);
  return known;
}

/** DynamicQuantizeLinear: codes, scale, zero point (uint8). */
function quantizedOnTheFly(graph: GraphBuilder, input: Name): { codes: Name; scale: Name; zero: Name } {
  for (const [scale, known] of dynamicOf(graph)) if (known.input === input) return { ...known, scale };
  const [codes, scale, zero] = graph.addMany("DynamicQuantizeLinear", [input], 3) as [Name, Name, Name];
  dynamicOf(graph).set(scale, { input, codes, zero });
  return { codes, scale, zero };
}

/** Numbers that are there when the model is written: a plain one, or those of a tensor that never changes. */
function fixedNumbers(call: Call, name: string): number[] | null {
  if (!call.has(name)) return null;
  if (!call.isTensor(name)) return [call.number(name)];
  if (!call.isConstant(name)) return null;
  return numbersOf(call.bytes(name), call.value(name).dtype);
}

export function numbersOf(bytes: Uint8Array, dtype: DType): number[] {
  const { buffer } = bytes.slice();
  switch (dtype.name) {
    case "float32":
      return [...new Float32Array(buffer)];
    case "float64":
      return [...new Float64Array(buffer)];
    case "int64":
      return [...new BigInt64Array(buffer)].map(Number);
    case "int32":
      return [...new Int32Array(buffer)];
    case "int8":
      return [...new Int8Array(buffer)];
    case "uint8":
      return [...new Uint8Array(buffer)];
    default:
      throw new Error(`numbers of ${dtype.name} are not read here`);
  }
}

/** Numbers as a tensor of a dtype: one alone is 0-d. */
export function written(call: Call, numbers: readonly number[], dtype: DataType, isList: boolean): Name {
  const parts = numbers.map((value) => numberBytes(dtype, value));
  const size = parts[0]?.length ?? 0;
  const bytes = new Uint8Array(size * parts.length);
  parts.forEach((part, i) => bytes.set(part, i * size));
  return call.graph.constant(dtype, isList ? [numbers.length] : [], bytes);
}

/** A scale or a zero point as ONNX wants it: a constant of the right dtype, or the value that was computed. */
function operand(call: Call, name: string, dtype: DType, isList: boolean): Name {
  const numbers = fixedNumbers(call, name);
  if (numbers) return written(call, numbers, dtype.name as DataType, isList);
  return call.as(call.id(name), dtype);
}

/** The zero point; none stands for 0, which still says the dtype of the codes. */
function zeroPoint(call: Call, name: string, dtype: DType, isList: boolean, count: number): Name {
  if (call.has(name)) return operand(call, name, dtype, isList);
  return written(call, Array<number>(isList ? count : 1).fill(0), dtype.name as DataType, isList);
}

const countOf = (call: Call, name: string): number =>
  call.isTensor(name) ? call.value(name).shape.reduce((a, b) => a * b, 1) : 1;

function quantizeAffine(call: Call): Name {
  const { graph } = call;
  const { dtype } = call.result;
  const [low, high] = ends(call);
  const isPlain = dtype === uint8 || dtype === int8 || (dtype.name === "int16" && graph.opset >= 21);
  const isFloatingZero = call.isTensor("zero_point") && call.value("zero_point").dtype.kind === "float";
  if (!isPlain || isFloatingZero) return codesByHand(call, low, high);
  const scale = operand(call, "scale", float32, call.has("axis"));
  const made = dynamicOf(graph).get(scale);
  if (made && made.input === call.tensor("input") && dtype === uint8 && low === 0 && high === 255) return made.codes;
  const x = call.as(call.id("input"), float32);
  const codes = quantizeLinear(
    call,
    x,
    scale,
    zeroPoint(call, "zero_point", dtype, call.has("axis"), countOf(call, "scale")),
  );
  return clipped(call, codes, dtype, low, high);
}

const ends = (call: Call): [number, number] => [call.number("quant_min"), call.number("quant_max")];

function quantizeLinear(call: Call, x: Name, scale: Name, zero: Name): Name {
  const axis = call.has("axis") ? call.axis("axis") : undefined;
  return call.graph.add("QuantizeLinear", [x, scale, zero], { axis });
}

/** Where fewer codes are used than the dtype has. */
function clipped(call: Call, codes: Name, dtype: DType, low: number, high: number): Name {
  const [least, most] = RANGES[dtype.name]!;
  if (low <= least && high >= most) return codes;
  const { graph } = call;
  return graph.add("Clip", [
    codes,
    graph.number(dtype, Math.max(low, least)),
    graph.number(dtype, Math.min(high, most)),
  ]);
}

/** Round(x / scale) + zero, in float: for codes of any range. */
function codesByHand(call: Call, low: number, high: number): Name {
  const { graph } = call;
  const { dtype } = call.result;
  return graph.cast(roundedByHand(call, low, high), dtype);
}

function roundedByHand(call: Call, low: number, high: number): Name {
  const { graph } = call;
  const x = call.as(call.id("input"), float32);
  const scaled = graph.add("Div", [x, along(call, "scale")]);
  const isFloatingZero = call.isTensor("zero_point") && call.value("zero_point").dtype.kind === "float";
  const zero = call.has("zero_point") ? along(call, "zero_point") : null;
  const inside = zero && isFloatingZero ? graph.add("Add", [scaled, zero]) : scaled;
  const rounded = graph.add("Round", [inside]);
  const codes = zero && !isFloatingZero ? graph.add("Add", [rounded, zero]) : rounded;
  return graph.add("Clip", [codes, graph.number(float32, low), graph.number(float32, high)]);
}

/** In float, shaped to meet its axis. */
function along(call: Call, name: string): Name {
  const numbers = fixedNumbers(call, name);
  const value = numbers ? written(call, numbers, "float32", call.has("axis")) : call.as(call.id(name), float32);
  if (!call.has("axis")) return value;
  const wide = Array<number>(call.rank("input")).fill(1);
  wide[call.axis("axis")] = -1;
  return call.graph.add("Reshape", [value, call.graph.int64(wide)]);
}

function dequantizeAffine(call: Call): Name {
  const { graph } = call;
  const from = call.value("input").dtype;
  const found =
    from === uint8 || from === int8 || (from === int32 && !call.has("zero_point"))
      ? graph.add(
          "DequantizeLinear",
          [
            call.tensor("input"),
            operand(call, "scale", float32, call.has("axis")),
            zeroPoint(call, "zero_point", from, call.has("axis"), countOf(call, "scale")),
          ],
          { axis: call.has("axis") ? call.axis("axis") : undefined },
        )
      : dequantizedByHand(call);
  return call.result.dtype === float32 ? found : graph.cast(found, call.result.dtype);
}

function dequantizedByHand(call: Call): Name {
  const { graph } = call;
  const codes = graph.cast(call.tensor("input"), float32);
  const shifted = call.has("zero_point") ? graph.add("Sub", [codes, along(call, "zero_point")]) : codes;
  return graph.add("Mul", [shifted, along(call, "scale")]);
}

/** What training aware of quantization leaves behind: QDQ where the codes fit into a byte. */
function fakeQuantize(call: Call): Name {
  const { graph } = call;
  const [low, high] = [call.number("quant_min"), call.number("quant_max")];
  const { dtype } = call.result;
  const codeDtype = low >= 0 && high <= 255 ? uint8 : low >= -128 && high <= 127 ? int8 : null;
  const isFixed = fixedNumbers(call, "scale") !== null && fixedNumbers(call, "zero_point") !== null;
  let found: Name;
  if (codeDtype && isFixed) {
    const isList = call.has("axis");
    const scale = operand(call, "scale", float32, isList);
    const zero = zeroPoint(call, "zero_point", codeDtype, isList, countOf(call, "scale"));
    const codes = clipped(
      call,
      quantizeLinear(call, call.as(call.id("input"), float32), scale, zero),
      codeDtype,
      low,
      high,
    );
    found = graph.add("DequantizeLinear", [codes, scale, zero], { axis: isList ? call.axis("axis") : undefined });
  } else {
    const codes = roundedByHand(call, low, high);
    found = graph.add("Mul", [graph.add("Sub", [codes, along(call, "zero_point")]), along(call, "scale")]);
  }
  return dtype === float32 ? found : graph.cast(found, dtype);
}

function chooseQparams(call: Call): Name[] {
  const { graph } = call;
  if (call.number("quant_min") !== 0 || call.number("quant_max") !== 255) {
    return call.fail("ONNX chooses scales for codes of 0 to 255 alone");
  }
  const { scale, zero } = quantizedOnTheFly(graph, call.as(call.id("input"), float32));
  return [scale, graph.cast(zero, int32)];
}

/** An int8 weight [n, k] as [k, n]. */
function turned(call: Call): Name {
  if (!call.isConstant("weight")) return call.fail("its weight is computed");
  const [rows, columns] = call.value("weight").shape as [number, number];
  const bytes = call.bytes("weight");
  const result = new Uint8Array(bytes.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = bytes[row * columns + column]!;
  }
  const name = call.valueOf(call.id("weight")).leaf?.name ?? "weight";
  return call.graph.constant("int8", [columns, rows], result, `${name}_transposed`);
}

/** Scale and zero point of a weight: one for all is 0-d, one for each row a list. */
function weightOperand(call: Call, name: string, dtype: DType): Name {
  return operand(call, name, dtype, countOf(call, name) > 1);
}

function weightZero(call: Call): Name {
  const isList = countOf(call, "weight_scale") > 1;
  if (!call.has("weight_zero")) return zeroPoint(call, "weight_zero", int8, isList, countOf(call, "weight_scale"));
  return operand(call, "weight_zero", int8, countOf(call, "weight_zero") > 1);
}

/** Bias and relu, then the dtype of the result. */
function finished(call: Call, product: Name, bias: Name | null): Name {
  const { graph } = call;
  let found = bias ? graph.add("Add", [product, bias]) : product;
  if (call.flag("relu")) found = graph.add("Relu", [found]);
  const { dtype } = call.result;
  if (call.has("out_scale")) {
    const zero = zeroPoint(call, "out_zero", dtype, false, 1);
    return graph.add("QuantizeLinear", [found, operand(call, "out_scale", float32, false), zero]);
  }
  return dtype === float32 ? found : graph.cast(found, dtype);
}

function biasOf(call: Call): Name | null {
  return call.isTensor("bias") ? call.as(call.id("bias"), float32) : null;
}

function linearInt8Dynamic(call: Call): Name {
  const { graph } = call;
  const most = call.number("quant_max");
  const x = call.as(call.id("input"), float32);
  const weight = turned(call);
  const weightScale = weightOperand(call, "weight_scale", float32);
  if (call.text("granularity") === "tensor" && most === 255 && !call.flag("symmetric")) {
    const { codes, scale, zero } = quantizedOnTheFly(graph, x);
    const sums = graph.add("MatMulInteger", [codes, weight, zero, weightZero(call)]);
    const factor = graph.add("Mul", [scale, weightScale]);
    return finished(call, graph.add("Mul", [graph.cast(sums, float32), factor]), biasOf(call));
  }
  const { codes, scale, zero } = codesOfRows(call, x, most);
  // Only products of unshifted codes are known to all runtimes: what the zero points add is taken off again.
  const sums = graph.add("MatMulInteger", [
    graph.add("Cast", [codes], { to: dataTypeNumber("uint8") }),
    weight,
    "",
    weightZero(call),
  ]);
  const shift = graph.add("Mul", [zero, columnSums(call)]);
  const whole = graph.add("Sub", [graph.cast(sums, float32), shift]);
  const product = graph.add("Mul", [graph.add("Mul", [whole, scale]), weightScale]);
  return finished(call, product, biasOf(call));
}

/** Each row (or the whole) by its own range, in float: what DynamicQuantizeLinear does for a whole tensor and 255. */
function codesOfRows(call: Call, x: Name, most: number): { codes: Name; scale: Name; zero: Name } {
  const { graph } = call;
  const rank = call.rank("input");
  const dims = call.text("granularity") === "row" ? [rank - 1] : Array.from({ length: rank }, (_, i) => i);
  const none = graph.number(float32, 0);
  const low = graph.add("Min", [reduceBy(call, "ReduceMin", x, dims, true), none]);
  const high = graph.add("Max", [reduceBy(call, "ReduceMax", x, dims, true), none]);
  const ends = [none, graph.number(float32, most)];
  if (call.flag("symmetric")) {
    const largest = graph.add("Max", [graph.add("Neg", [low]), high]);
    const step = graph.add("Div", [largest, graph.number(float32, most / 2)]);
    const scale = graph.add("Max", [step, graph.number(float32, 2 ** -23)]);
    const zero = graph.number(float32, Math.floor((most + 1) / 2));
    const steps = graph.add("Add", [graph.add("Round", [graph.add("Div", [x, scale])]), zero]);
    return { codes: graph.add("Clip", [steps, ...ends]), scale, zero };
  }
  const span = graph.add("Div", [graph.add("Sub", [high, low]), graph.number(float32, most)]);
  const scale = graph.add("Where", [graph.add("Equal", [span, none]), graph.number(float32, 1), span]);
  const zero = graph.add("Clip", [graph.add("Round", [graph.add("Div", [graph.add("Neg", [low]), scale])]), ...ends]);
  const rounded = graph.add("Round", [graph.add("Div", [x, scale])]);
  return { codes: graph.add("Clip", [graph.add("Add", [rounded, zero]), ...ends]), scale, zero };
}

/** What one step of the activations' zero point adds to each column. */
function columnSums(call: Call): Name {
  const [rows, columns] = call.value("weight").shape as [number, number];
  const codes = new Int8Array(call.bytes("weight").slice().buffer);
  const zeros = fixedNumbers(call, "weight_zero") ?? [0];
  const sums = Array.from({ length: rows }, (_, row) => {
    const part = codes.subarray(row * columns, (row + 1) * columns);
    return part.reduce((a, b) => a + b, 0) - columns * (zeros[row % zeros.length] ?? 0);
  });
  return written(call, sums, "float32", true);
}

function linearInt8(call: Call): Name {
  const { graph } = call;
  const weight = graph.add(
    "DequantizeLinear",
    [turned(call), weightOperand(call, "weight_scale", float32), weightZero(call)],
    {
      axis: 1,
    },
  );
  return finished(call, graph.add("MatMul", [dequantizedInput(call), weight]), biasOf(call));
}

/** What is left of the input once it has been codes: those that come in, or those that the product makes of floats. */
function dequantizedInput(call: Call): Name {
  const given = call.value("input").dtype;
  const isFloat = given.kind === "float";
  const dtype = !isFloat ? given : ends(call)[0] < 0 ? int8 : uint8;
  const scale = operand(call, "x_scale", float32, false);
  const zero = zeroPoint(call, "x_zero", dtype, false, 1);
  let codes = call.tensor("input");
  if (isFloat) {
    const made = call.graph.add("QuantizeLinear", [call.as(call.id("input"), float32), scale, zero]);
    codes = clipped(call, made, dtype, ...ends(call));
  }
  return call.graph.add("DequantizeLinear", [codes, scale, zero]);
}

function conv2dInt8(call: Call): Name {
  const { graph } = call;
  if (!call.isConstant("weight")) return call.fail("its weight is computed");
  const isBatched = call.rank("input") === 4;
  const lifted = (x: Name): Name => (isBatched ? x : graph.add("Unsqueeze", [x, graph.int64([0])]));
  const padding = call.numbers("padding");
  const attributes = {
    kernel_shape: call.value("weight").shape.slice(2),
    strides: call.numbers("stride"),
    pads: [...padding, ...padding],
    dilations: call.numbers("dilation"),
    group: call.number("groups"),
  };
  const weight = call.tensor("weight");
  const isFixed = fixedNumbers(call, "x_scale") !== null;
  const hasZeros = call.has("weight_zero") && !fixedNumbers(call, "weight_zero")?.every((zero) => zero === 0);
  let found: Name;
  // Integer convolutions know no zero points of a weight's channels.
  if (isFixed || hasZeros) {
    const scale = weightOperand(call, "weight_scale", float32);
    const real = graph.add("DequantizeLinear", [weight, scale, weightZero(call)], { axis: 0 });
    found = graph.add("Conv", [lifted(dequantizedInput(call)), real, integerBias(call) ?? ""], attributes);
    found = finished(call, found, otherOf(call));
  } else {
    const zero = zeroPoint(call, "x_zero", call.value("input").dtype, false, 1);
    const sums = graph.add("ConvInteger", [lifted(call.tensor("input")), weight, zero], attributes);
    const perChannel = (name: Name): Name => graph.add("Reshape", [name, graph.int64([-1, 1, 1])]);
    const factor = graph.add("Mul", [
      operand(call, "x_scale", float32, false),
      perChannel(weightOperand(call, "weight_scale", float32)),
    ]);
    const bias = biasOf(call);
    const real = graph.add("Mul", [graph.cast(sums, float32), factor]);
    const total = bias ? graph.add("Add", [real, perChannel(bias)]) : real;
    found = finished(call, total, otherOf(call));
  }
  return isBatched ? found : graph.add("Squeeze", [found, graph.int64([0])]);
}

/** What is added to a convolution's result before it is rounded. */
function otherOf(call: Call): Name | null {
  if (!call.has("other")) return null;
  const numbers = ["other_scale", "other_zero"].map((name) => call.number(name)) as [number, number];
  const { dtype } = call.value("other");
  const [scale, zero] = [
    written(call, [numbers[0]], "float32", false),
    written(call, [numbers[1]], dtype.name as "uint8" | "int8", false),
  ];
  return call.graph.add("DequantizeLinear", [call.tensor("other"), scale, zero]);
}

/** The bias in codes of 32 bits, as integer convolutions of runtimes take it; as it is where it would not fit. */
function integerBias(call: Call): Name | null {
  if (!call.isTensor("bias")) return null;
  const scales = fixedNumbers(call, "weight_scale");
  const inputScale = fixedNumbers(call, "x_scale")?.[0];
  if (!scales || inputScale === undefined || !call.isConstant("bias") || call.value("bias").dtype !== float32)
    return biasOf(call);
  const bias = numbersOf(call.bytes("bias"), float32);
  const steps = bias.map((_, i) => Math.fround(inputScale * scales[i % scales.length]!));
  const codes = bias.map((value, i) => Math.round(value / steps[i]!));
  if (codes.some((code) => !(Math.abs(code) < 2 ** 31))) return biasOf(call);
  const { graph } = call;
  return graph.add("DequantizeLinear", [written(call, codes, "int32", true), written(call, steps, "float32", true)], {
    axis: 0,
  });
}

function intProduct(call: Call): Name {
  return call.graph.add("MatMulInteger", [call.tensor("input"), call.tensor("mat2")]);
}

function linearSums(call: Call): Name {
  const zero = zeroPoint(call, "x_zero", call.value("input").dtype, false, 1);
  const zeros = call.has("weight_zero") ? operand(call, "weight_zero", int8, countOf(call, "weight_zero") > 1) : "";
  return call.graph.add("MatMulInteger", [call.tensor("input"), turned(call), zero, zeros]);
}

export const quantizedOps: Record<string, Translator> = {
  _quantize_affine: quantizeAffine,
  _dequantize_affine: dequantizeAffine,
  _choose_qparams: chooseQparams,
  fake_quantize_per_tensor_affine: fakeQuantize,
  fake_quantize_per_channel_affine: fakeQuantize,
  _linear_int8: linearInt8,
  _linear_int8_dynamic: linearInt8Dynamic,
  _conv2d_int8: conv2dInt8,
  _int_mm: intProduct,
  _linear_int8_sums: linearSums,
};
