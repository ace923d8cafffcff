/**
 * Weights of few bits under activations in float: MatMulNBits of ONNX Runtime's own domain where its blocks fit, else
 * DequantizeLinear over groups; tables of sixteen numbers (NF4, FP4) as a lookup that keeps the codes packed in the file.
 */
import { float32, uint8, type DType } from "../../../dtype.ts";
import { dataTypeNumber, type DataType } from "../../schema.ts";
import type { Name } from "../builder.ts";
import type { Call, Translator } from "../context.ts";
import { convAttributes } from "./layers.ts";
import { numbersOf, written } from "./quantized.ts";
import { reduceBy } from "./reduce.ts";

const OWN_DOMAIN = "com.microsoft";
const LEAST_BLOCK = 16;
const MOST_BLOCK = 256;
const FLOAT8_OPSET = 19;

/** What a weight's codes, scales and zero points are, as plain numbers. */
interface Weight {
  rows: number;
  columns: number;
  /** Columns that share a scale; the last group of a row may be shorter. */
  group: number;
  groups: number;
}

function weightOf(call: Call): Weight {
  const [rows, width] = call.value("weight").shape as [number, number];
  const columns = isPacked(call) ? 2 * width : width;
  const group = call.number("group") || columns;
  return { rows, columns, group, groups: Math.ceil(columns / group) };
}

const isPacked = (call: Call): boolean => call.text("format") === "int4" || call.text("format") === "float4";

/** One code a byte, 0 to 15 or 0 to 255 (int8 moved up by 128). */
function codesOf(call: Call, bytes: Uint8Array): Uint8Array {
  if (isPacked(call)) {
    const codes = new Uint8Array(2 * bytes.length);
    bytes.forEach((byte, i) => {
      codes[2 * i] = byte & 15;
      codes[2 * i + 1] = byte >> 4;
    });
    return codes;
  }
  return bytes.map((byte) => byte ^ 128);
}

function linearLowBit(call: Call): Name {
  const { graph } = call;
  const weight = weightOf(call);
  const { dtype } = call.value("input");
  const x = roundedInput(call, weight.columns);
  const bias = call.isTensor("bias") ? call.tensor("bias") : null;
  if (takesBlocks(call, weight)) {
    const product = matmulNBits(call, x, weight);
    return bias ? graph.add("Add", [product, bias]) : product;
  }
  const real = spelled(call, weight, dtype);
  const product = graph.add("MatMul", [x, graph.add("Transpose", [real], { perm: [1, 0] })]);
  return bias ? graph.add("Add", [product, bias]) : product;
}

/** Runs of x that share a scale when it is rounded to int8, as the op has them. */
const ACTIVATION_RUN = 128;

/** x as the product takes it: to bfloat16 and back, or to int8 by the largest value of each run. */
function roundedInput(call: Call, columns: number): Name {
  const { graph } = call;
  const x = call.tensor("input");
  const activations = call.text("activations");
  if (activations === "float") return x;
  const { dtype } = call.value("input");
  if (activations === "bfloat16") return graph.cast(graph.add("Cast", [x], { to: dataTypeNumber("bfloat16") }), dtype);
  const runs = Math.ceil(columns / ACTIVATION_RUN);
  const missing = runs * ACTIVATION_RUN - columns;
  const rank = call.rank("input");
  const real = graph.cast(x, float32);
  const whole = missing
    ? graph.add("Pad", [real, graph.int64([...Array<number>(2 * rank - 1).fill(0), missing])])
    : real;
  const inRuns = graph.add("Reshape", [whole, graph.int64([-1, runs, ACTIVATION_RUN])]);
  // Runs of zeros are divided by the smallest number that there is: their quotients are zero all the same.
  const most = reduceBy(call, "ReduceMax", graph.add("Abs", [inRuns]), [2], true);
  const step = graph.add("Div", [graph.add("Max", [most, graph.number(float32, 1e-30)]), graph.number(float32, 127)]);
  const rounded = graph.add("Mul", [graph.add("Round", [graph.add("Div", [inRuns, step])]), step]);
  const flat = graph.add("Reshape", [rounded, graph.int64([-1, runs * ACTIVATION_RUN])]);
  const cut = missing ? graph.add("Slice", [flat, graph.int64([0]), graph.int64([columns]), graph.int64([1])]) : flat;
  return graph.cast(graph.add("Reshape", [cut, graph.add("Shape", [x])]), dtype);
}

/** Blocks are powers of two from 16 to 256; a longer group is several blocks with one scale. 0: none fits. */
function blockOf(group: number): number {
  let block = MOST_BLOCK;
  while (block >= LEAST_BLOCK && group % block !== 0) block /= 2;
  return block >= LEAST_BLOCK ? block : 0;
}

/** Can the product be MatMulNBits? */
function takesBlocks(call: Call, { group, columns }: Weight): boolean {
  const format = call.text("format");
  if (format !== "int4" && format !== "int8") return false;
  if (!["weight", "scale"].every((name) => call.isConstant(name)) || (call.has("zero") && !call.isConstant("zero")))
    return false;
  const { dtype } = call.value("input");
  if (dtype.name !== "float32" && dtype.name !== "float16") return false;
  // One block for a long row would be padded to twice its size.
  const block = blockOf(group);
  return block > 0 && block <= 2 ** Math.ceil(Math.log2(columns));
}

function matmulNBits(call: Call, x: Name, { rows, columns, group, groups }: Weight): Name {
  const { graph } = call;
  const bits = call.text("format") === "int4" ? 4 : 8;
  const perByte = 8 / bits;
  const codes = codesOf(call, call.bytes("weight"));
  const middle = 1 << (bits - 1);
  const block = blockOf(group);
  const blocks = Math.ceil(columns / block);
  const blob = block / perByte;
  const bytes = new Uint8Array(rows * blocks * blob);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < blocks * block; column++) {
      const code = column < columns ? codes[row * columns + column]! : middle;
      const at = row * blocks * block + column;
      bytes[Math.floor(at / perByte)]! |= code << (bits * (at % perByte));
    }
  }
  const { dtype } = call.value("input");
  const groupOf = (at: number): number =>
    Math.floor(at / blocks) * groups + Math.floor(((at % blocks) * block) / group);
  const groupScales = numbersOf(call.bytes("scale"), float32);
  const scales = Array.from({ length: rows * blocks }, (_, at) => groupScales[groupOf(at)]!);
  const name = call.valueOf(call.id("weight")).leaf?.name ?? "weight";
  const inputs = [
    x,
    graph.constant("uint8", [rows, blocks, blob], bytes, `${name}_${bits}bits`),
    written(call, scales, dtype.name as DataType, true),
    zeroBytes(call, rows, blocks, bits, groupOf),
  ];
  return graph.addMany("MatMulNBits", inputs, 1, { K: columns, N: rows, bits, block_size: block }, OWN_DOMAIN)[0]!;
}

/** Zero points in as many bits as the codes, each row beginning a byte; none stands for the middle. */
function zeroBytes(call: Call, rows: number, blocks: number, bits: number, groupOf: (at: number) => number): Name {
  if (!call.has("zero")) return "";
  const zeros = bits === 4 ? call.bytes("zero") : call.bytes("zero").map((byte) => byte ^ 128);
  const perByte = 8 / bits;
  const width = Math.ceil(blocks / perByte);
  const bytes = new Uint8Array(rows * width);
  for (let row = 0; row < rows; row++) {
    for (let b = 0; b < blocks; b++) {
      bytes[row * width + Math.floor(b / perByte)]! |= zeros[groupOf(row * blocks + b)]! << (bits * (b % perByte));
    }
  }
  return call.graph.constant("uint8", [rows * width], bytes, "zero_points");
}

/** The weight in float, [rows, columns], made from its codes in the graph; also for codes that were picked there. */
function spelled(call: Call, { columns, group, groups }: Weight, dtype: DType): Name {
  const { graph } = call;
  const format = call.text("format");
  if (format === "float8" && graph.opset < FLOAT8_OPSET)
    call.fail(`float8 came with opset ${FLOAT8_OPSET}, this is ${graph.opset}`);
  const isRagged = columns % group !== 0;
  let codes =
    format === "float8" || format === "float16" ? graph.cast(call.tensor("weight"), float32) : realCodes(call, columns);
  if (isRagged) {
    const more = groups * group - columns;
    codes = graph.add("Pad", [codes, graph.int64([0, 0, 0, more])]);
  }
  const grouped = graph.add("Reshape", [codes, graph.int64([-1, groups, group])]);
  const perGroup = (name: string): Name =>
    graph.add("Reshape", [call.as(call.id(name), float32), graph.int64([-1, groups, 1])]);
  const zero = call.has("zero") ? perGroup("zero") : format === "int4" ? graph.number(float32, 8) : null;
  const shifted = zero ? graph.add("Sub", [grouped, zero]) : grouped;
  const real = graph.add("Mul", [shifted, perGroup("scale")]);
  const flat = graph.add("Reshape", [real, graph.int64([-1, groups * group])]);
  const cut = isRagged ? graph.add("Slice", [flat, graph.int64([0]), graph.int64([columns]), graph.int64([1])]) : flat;
  return dtype === float32 ? cut : graph.cast(cut, dtype);
}

/** Codes as floats: bytes as they are, halves of bytes taken apart, tables looked up. */
function realCodes(call: Call, columns: number): Name {
  const { graph } = call;
  if (!isPacked(call)) return graph.cast(call.tensor("weight"), float32);
  const codes = graph.add("Reshape", [halves(call, "weight"), graph.int64([-1, columns])]);
  if (call.text("format") === "int4") return graph.cast(codes, float32);
  const places = graph.add("Cast", [codes], { to: dataTypeNumber("int32") });
  return graph.add("Gather", [call.as(call.id("table"), float32), places], { axis: 0 });
}

/** The two codes of each byte, the lower half first, in a dimension of their own; by shifts, which old opsets have too. */
function halves(call: Call, name: string): Name {
  const { graph } = call;
  const packed = call.tensor(name);
  const four = graph.number(uint8, 4);
  const high = graph.add("BitShift", [packed, four], { direction: "RIGHT" });
  const low = graph.add("Sub", [packed, graph.add("BitShift", [high, four], { direction: "LEFT" })]);
  const pairs = [low, high].map((half) => graph.add("Unsqueeze", [half, graph.int64([-1])]));
  return graph.add("Concat", pairs, { axis: -1 });
}

function dequantizeLowBit(call: Call): Name {
  return spelled(call, weightOf(call), call.result.dtype);
}

function convLowBit(call: Call): Name {
  const { graph } = call;
  const size = call.numbers("size");
  const rows = spelled(call, weightOf(call), call.value("input").dtype);
  const weight = graph.add("Reshape", [rows, graph.int64(size)]);
  return graph.add("Conv", [call.tensor("input"), weight, call.optional("bias")], convAttributes(call, size));
}

function unpackInt4(call: Call): Name {
  return call.graph.add("Reshape", [halves(call, "packed"), call.graph.sizes(call.resultShape)]);
}

export const lowBitOps: Record<string, Translator> = {
  _linear_low_bit: linearLowBit,
  _conv2d_low_bit: convLowBit,
  _dequantize_low_bit: dequantizeLowBit,
  _unpack_int4: unpackInt4,
};
