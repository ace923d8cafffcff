/**
 * Products with weights of few bits and activations in floating point: int8, int4, tables of sixteen numbers (NF4, FP4),
 * eight-bit and sixteen-bit floats, scaled in groups along each row. Kernels read the packed weights; where there
 * is none for a dtype, weights are spelled out block by block. How weights are quantized is not decided here.
 */
import {
  bfloat16,
  float16,
  float32,
  float64,
  float8_e4m3fn,
  float8_e5m2,
  int64,
  int8,
  uint8,
  type DType,
} from "../dtype.ts";
import { RuntimeError } from "../errors.ts";
import { launch, pointerOf } from "../launch.ts";
import { op, type Grads } from "../op.ts";
import { e, input as leaf } from "../pointwise/expr.ts";
import { packOf } from "../packs.ts";
import { PointwiseKernel } from "../pointwise/kernel.ts";
import { formatShape, numelOf } from "../shape.ts";
import { alias, empty, Tensor } from "../tensor.ts";
import { castOf, contiguousOf } from "./copy.ts";
import { indexSelect } from "./indexing.ts";
import { gemm, mm } from "./matmul.ts";
import { amax, sum } from "./reduce.ts";
import { reshape, transpose } from "./view.ts";

/** Its position is the number by which kernels know it. */
const formats = ["int8", "int4", "float4", "float8", "float16"] as const;
type Format = (typeof formats)[number];

/** A weight in its packed form, [n, k] numbers in groups of `group` along k. */
export interface Packed {
  format: Format;
  weight: Tensor;
  scale: Tensor;
  zero: Tensor | null;
  table: Tensor | null;
  n: number;
  k: number;
  group: number;
  /** Weight, scale and zero points as they were given: what a pack of them is remembered by. */
  given: readonly [Tensor, ...Tensor[]];
}

const storedTypes: Record<Format, readonly DType[]> = {
  int8: [int8],
  int4: [uint8],
  float4: [uint8],
  float8: [float8_e4m3fn, float8_e5m2],
  float16: [float16, bfloat16],
};

const isHalfByte = (format: Format): boolean => format === "int4" || format === "float4";

export function packedOf(
  where: string,
  weight: Tensor,
  scale: Tensor,
  zero: Tensor | null,
  table: Tensor | null,
  format: string,
  group: number,
): Packed {
  const known = formats.find((f) => f === format);
  if (!known) throw new RuntimeError(`${where} got format '${format}': expected one of ${formats.join(", ")}`);
  if (weight.rank !== 2 || !storedTypes[known].includes(weight.dtype)) {
    throw new RuntimeError(
      `${where} got a weight of ${weight.dtype.name} and shape ${formatShape(weight.shape)}: expected two dims of ` +
        `${storedTypes[known].map((d) => d.name).join(" or ")} for format ${known}`,
    );
  }
  const n = weight.shape[0]!;
  const k = weight.shape[1]! * (isHalfByte(known) ? 2 : 1);
  if (group < 0 || group % 8 !== 0) {
    throw new RuntimeError(`${where} got groups of ${group}: expected a multiple of 8, or 0 for whole rows`);
  }
  const size = group === 0 ? Math.max(k, 1) : group;
  const groups = Math.ceil(k / size);
  const expected = [n, groups];
  for (const [name, t] of [
    ["scale", scale],
    ["zero", zero],
  ] as const) {
    if (t && (t.rank !== 2 || t.shape[0] !== n || t.shape[1] !== groups)) {
      throw new RuntimeError(
        `${where} got ${name} of shape ${formatShape(t.shape)}: expected ${formatShape(expected)} for a weight of ` +
          `${n} rows of ${k} in groups of ${size}`,
      );
    }
  }
  if (zero && known !== "int8" && known !== "int4") {
    throw new RuntimeError(`${where} got zero points for format ${known}: expected none`);
  }
  if ((known === "float4") !== (table !== null) || (table && table.numel !== 16)) {
    throw new RuntimeError(
      `${where} got ${table ? `a table of ${table.numel}` : "no table"} for format ${known}: expected ` +
        (known === "float4" ? "sixteen numbers" : "none"),
    );
  }
  return {
    format: known,
    weight: contiguousOf(weight),
    scale: contiguousOf(castOf(scale, float32)),
    zero: zero && contiguousOf(castOf(zero, known === "int8" ? int8 : uint8)),
    table: table && contiguousOf(castOf(table, float32)),
    n,
    k,
    group: size,
    given: zero ? [weight, scale, zero] : [weight, scale],
  };
}

/** A whole weight as kernels for convolutions take it. */
export const weightArguments = (p: Packed): number[] => [
  formats.indexOf(p.format),
  p.weight.dtype.id,
  p.weight.pointer,
  p.scale.pointer,
  pointerOf(p.zero),
  pointerOf(p.table),
  p.group,
];

const lowHalf = new PointwiseKernel("unpack_int4", [e.bitwise_and(leaf(0), 15)], 1, 0);
const highHalf = new PointwiseKernel("unpack_int4", [e.bitwise_right_shift(leaf(0), 4)], 1, 0);
const twoHalves = new PointwiseKernel(
  "pack_int4",
  [e.bitwise_or(e.bitwise_and(leaf(0), 15), e.bitwise_left_shift(e.bitwise_and(leaf(1), 15), 4))],
  2,
  0,
);
const scaled = new PointwiseKernel("dequantize", [e.mul(leaf(0), leaf(1))], 2, 0);
const scaledAroundEight = new PointwiseKernel("dequantize", [e.mul(e.sub(leaf(0), 8), leaf(1))], 2, 0);
const scaledAroundZero = new PointwiseKernel("dequantize", [e.mul(e.sub(leaf(0), leaf(2)), leaf(1))], 3, 0);

/** The even or the odd elements of the last dim. */
function everyOther(t: Tensor, first: 0 | 1): Tensor {
  const last = t.rank - 1;
  const shape = t.shape.map((size, i) => (i === last ? size / 2 : size));
  const strides = t.strides.map((stride, i) => (i === last ? stride * 2 : stride));
  return alias(t, shape, strides, t.offset + first * t.strides[last]!);
}

export const packInt4 = op({
  signature: "_pack_int4(Tensor codes) -> Tensor",
  doc: "Two numbers of 0 to 15 in each byte along the last dim, the first in the lower half.",
  in: "_C",
  differentiable: false,
  forward(codes: Tensor): Tensor {
    const last = codes.shape[codes.rank - 1];
    if (codes.dtype !== uint8 || last === undefined || last % 2 !== 0) {
      throw new RuntimeError(
        `[pack_int4] got ${codes.dtype.name} of shape ${formatShape(codes.shape)}: expected uint8 with an even last dim`,
      );
    }
    const out = empty([...codes.shape.slice(0, -1), last / 2], uint8, codes.device);
    twoHalves.launch(uint8, [out], [everyOther(codes, 0), everyOther(codes, 1)], []);
    return out;
  },
});

export const unpackInt4 = op({
  signature: "_unpack_int4(Tensor packed) -> Tensor",
  doc: "The numbers of 0 to 15 that _pack_int4 put into bytes.",
  in: "_C",
  differentiable: false,
  forward(packed: Tensor): Tensor {
    if (packed.dtype !== uint8 || packed.rank === 0) {
      throw new RuntimeError(
        `[unpack_int4] got ${packed.dtype.name} of shape ${formatShape(packed.shape)}: expected uint8 with a last dim`,
      );
    }
    const out = empty([...packed.shape.slice(0, -1), packed.shape[packed.rank - 1]! * 2], uint8, packed.device);
    lowHalf.launch(uint8, [everyOther(out, 0)], [packed], []);
    highHalf.launch(uint8, [everyOther(out, 1)], [packed], []);
    return out;
  },
});

/** Rows [first, first + count) of the weight, spelled out into `out` [count, k]. */
function spell(out: Tensor, p: Packed, first: number, count: number): void {
  if (out.numel === 0) return;
  if (out.device.stream?.has("dequantize_low_bit")) {
    const perRow = p.scale.shape[1]!;
    launch("dequantize_low_bit", [out], out.numel, [
      formats.indexOf(p.format),
      out.dtype.id,
      out.pointer,
      p.weight.dtype.id,
      p.weight.pointer + first * p.weight.shape[1]! * p.weight.dtype.size,
      p.scale.pointer + first * perRow * 4,
      p.zero ? p.zero.pointer + first * perRow : 0,
      pointerOf(p.table),
      count,
      p.k,
      p.group,
    ]);
    return;
  }
  const rowsOf = (t: Tensor): Tensor =>
    alias(t, [count, t.shape[1]!], [t.shape[1]!, 1], t.offset + first * t.shape[1]!);
  let values = rowsOf(p.weight);
  if (isHalfByte(p.format)) values = unpackInt4(values);
  if (p.format === "float8") values = castOf(values, float32);
  if (p.table) {
    const codes = castOf(reshape(values, [count * p.k]), int64);
    values = reshape(indexSelect(p.table, 0, codes), [count, p.k]);
  }
  const scale = rowsOf(p.scale);
  const zero = p.zero && rowsOf(p.zero);
  const kernel = zero ? scaledAroundZero : p.format === "int4" ? scaledAroundEight : scaled;
  const whole = Math.floor(p.k / p.group);
  // The groups that are whole, then what is left of the last one.
  const pieces: [number, number, number][] = [[0, whole, p.group]];
  if (whole * p.group < p.k) pieces.push([whole, 1, p.k - whole * p.group]);
  for (const [at, groups, size] of pieces) {
    if (groups === 0) continue;
    const wide = (t: Tensor): Tensor =>
      alias(t, [count, groups, size], [t.strides[0]!, size, 1], t.offset + at * p.group);
    const narrow = (t: Tensor): Tensor => alias(t, [count, groups, 1], [t.strides[0]!, 1, 1], t.offset + at);
    const inputs = [wide(values), narrow(scale)];
    if (zero) inputs.push(narrow(zero));
    kernel.launch(float32, [wide(out)], inputs, []);
  }
}

export const dequantizeLowBit = op({
  signature:
    "_dequantize_low_bit(Tensor weight, Tensor scale, Tensor? zero=None, Tensor? table=None, str format='int8', int group=0, Dtype? dtype=None) -> Tensor",
  doc: "The numbers that a weight of few bits stands for.",
  in: "_C",
  differentiable: false,
  forward(
    weight: Tensor,
    scale: Tensor,
    zero: Tensor | null = null,
    table: Tensor | null = null,
    format = "int8",
    group = 0,
    dtype: DType | null = null,
  ): Tensor {
    const where = "[dequantize_low_bit]";
    const p = packedOf(where, weight, scale, zero, table, format, group);
    const target = dtype ?? float32;
    if (target.kind !== "float" || target.size < 2) {
      throw new RuntimeError(`${where} got dtype ${target.name}: expected float16, bfloat16, float32 or float64`);
    }
    const out = empty([p.n, p.k], target, weight.device);
    spell(out, p, 0, p.n);
    return out;
  },
});

/** Bytes of weights that are spelled out at a time: they should stay in the cache until they are multiplied. */
const SPELLED_BYTES = 4 << 20;

function multiply(out: Tensor, x: Tensor, p: Packed, bias: Tensor | null, rounds = false): void {
  const [rows, k] = x.shape as [number, number];
  const kernel = packedKernelOf(p, x);
  if (rounds && kernel !== "matmul_low_bit") return multiply(out, castOf(castOf(x, bfloat16), x.dtype), p, bias);
  if (kernel) {
    const middle = p.format === "float4" ? p.table : p.zero;
    const wanted = x.device.type === "cuda" ? castBias(bias, x.dtype) : bias && contiguousOf(castOf(bias, float32));
    launch(kernel, [out], (2 * out.numel * k) / 16, [
      out.dtype.id,
      out.pointer,
      x.pointer,
      ...(kernel === "matmul_low_bit" ? [formats.indexOf(p.format), p.weight.dtype.id] : []),
      p.weight.pointer,
      p.scale.pointer,
      ...(kernel === "matmul_low_bit" ? [pointerOf(p.zero), pointerOf(p.table)] : [pointerOf(middle)]),
      pointerOf(wanted),
      rows,
      p.n,
      k,
      p.group,
      k,
      ...(kernel === "matmul_low_bit" ? [rounds ? 1 : 0] : []),
    ]);
    return;
  }
  const rowBytes = Math.max(k * out.dtype.size, 1);
  const block = Math.max(32, Math.floor(SPELLED_BYTES / rowBytes / 32) * 32);
  const typedBias = castBias(bias, out.dtype);
  for (let first = 0; first < p.n; first += block) {
    const count = Math.min(block, p.n - first);
    const spelled = empty([count, k], out.dtype, out.device);
    spell(spelled, p, first, count);
    const columns = alias(out, [rows, count], [p.n, 1], out.offset + first);
    gemm(columns, x, transpose(spelled, 0, 1), typedBias && alias(typedBias, [count], [1], typedBias.offset + first));
  }
}

/** Runs of x that share a scale when activations are rounded to int8. */
const ACTIVATION_RUN = 128;

/** int4 weights in panels of columns, with their scales: one number of each column after the other. */
function packedInt4(p: Packed): number {
  // Panels of every instruction set fit into 64 columns; eight codes make a word.
  const columns = Math.ceil(p.n / 64) * 64;
  const groups = p.scale.shape[1]!;
  const bytes = columns * (4 * Math.ceil(p.k / 8) + (p.zero ? 5 : 4) * groups);
  const [weight, ...beside] = p.given;
  const fill = (pack: Tensor): void =>
    launch("pack_int4", [pack], p.n * p.k, [
      pack.pointer,
      p.weight.pointer,
      p.scale.pointer,
      pointerOf(p.zero),
      p.n,
      p.k,
      p.group,
    ]);
  return packOf(weight, `int4 ${p.group} ${beside.length}`, bytes, fill, beside);
}

/** The same with x in eight bits: a kernel of its own, or x rounded as it would and multiplied as usual. */
function multiplyInt8(out: Tensor, x: Tensor, p: Packed, bias: Tensor | null): void {
  const [rows, k] = x.shape as [number, number];
  if (x.device.stream?.has("matmul_int4_int8")) {
    const floatBias = bias && contiguousOf(castOf(bias, float32));
    const pack = packedInt4(p);
    launch("matmul_int4_int8", [out], (2 * out.numel * k) / 64, [
      out.dtype.id,
      out.pointer,
      x.pointer,
      pack,
      p.zero ? 1 : 0,
      pointerOf(floatBias),
      rows,
      p.n,
      k,
      p.group,
      k,
    ]);
    return;
  }
  const rounded = empty(x.shape, x.dtype, x.device);
  for (let at = 0; at < k; at += ACTIVATION_RUN) {
    const width = Math.min(ACTIVATION_RUN, k - at);
    const run = (t: Tensor): Tensor => alias(t, [rows, width], [k, 1], t.offset + at);
    const most = amax(absolute(run(x)), [1], true);
    roundedKernel.launch(float32, [run(rounded)], [run(x), most], []);
  }
  multiply(out, rounded, p, bias);
}

const absolute = (t: Tensor): Tensor => {
  const out = empty(t.shape, float32, t.device);
  absoluteKernel.launch(float32, [out], [t], []);
  return out;
};
const absoluteKernel = new PointwiseKernel("abs", [e.abs(leaf(0))], 1, 0);
const roundedKernel = new PointwiseKernel(
  "round_to_int8",
  [e.where(e.gt(leaf(1), 0), e.mul(e.round(e.mul(leaf(0), e.div(127, leaf(1)))), e.div(leaf(1), 127)), leaf(0))],
  2,
  0,
);

/** Can x be rounded so for this weight? */
const goesWith = (activations: string, { format, weight }: Packed): boolean =>
  activations === "int8" ? format === "int4" : activations === "bfloat16" && weight.dtype === bfloat16;

const castBias = (bias: Tensor | null, dtype: DType): Tensor | null => bias && contiguousOf(castOf(bias, dtype));

/** The kernel that multiplies from the packed form, where the device has one that knows this weight. */
function packedKernelOf(p: Packed, x: Tensor): string | null {
  const { stream } = x.device;
  if (!stream || x.dtype === float64) return null;
  if (x.device.type === "cpu") return stream.has("matmul_low_bit") ? "matmul_low_bit" : null;
  const kernel = `matmul_${p.format}`;
  const isEven = p.group % 8 === 0 && p.k % p.group === 0 && p.weight.pointer % 8 === 0;
  return isEven && stream.has(kernel) ? kernel : null;
}

export const linearLowBit = op({
  signature:
    "_linear_low_bit(Tensor input, Tensor weight, Tensor scale, Tensor? zero=None, Tensor? table=None, Tensor? bias=None, str format='int8', int group=0, str activations='float') -> Tensor",
  doc: "A linear layer whose weights have few bits; x may be rounded to int8 by runs of 128 (int4 weights) or to bfloat16.",
  in: "_C",
  gradName: "LinearLowBit",
  save: ["weight", "scale", "zero", "table"],
  forward(
    input: Tensor,
    weight: Tensor,
    scale: Tensor,
    zero: Tensor | null = null,
    table: Tensor | null = null,
    bias: Tensor | null = null,
    format = "int8",
    group = 0,
    activations = "float",
  ): Tensor {
    const where = "[linear_low_bit]";
    const p = packedOf(where, weight, scale, zero, table, format, group);
    if (activations !== "float" && !goesWith(activations, p)) {
      throw new RuntimeError(
        `${where} got activations '${activations}' for format ${format} of ${p.weight.dtype.name}: expected 'float', ` +
          "'int8' for int4 weights, or 'bfloat16' for bfloat16 weights",
      );
    }
    if (input.dtype.kind !== "float" || input.dtype.size < 2) {
      throw new RuntimeError(`${where} got ${input.dtype.name} input: expected a floating dtype`);
    }
    if (input.rank === 0 || input.shape[input.rank - 1] !== p.k) {
      throw new RuntimeError(
        `${where} got input ${formatShape(input.shape)} and a weight of ${p.n} rows of ${p.k}: expected [..., ${p.k}]`,
      );
    }
    if (bias && (bias.rank !== 1 || bias.shape[0] !== p.n)) {
      throw new RuntimeError(`${where} bias has shape ${formatShape(bias.shape)}: expected [${p.n}]`);
    }
    const out = empty([...input.shape.slice(0, -1), p.n], input.dtype, input.device);
    if (out.numel > 0) {
      const rows = numelOf(input.shape.slice(0, -1));
      const wide = alias(out, [rows, p.n], [p.n, 1]);
      const x = contiguousOf(reshape(input, [rows, p.k]));
      if (activations === "int8") multiplyInt8(wide, x, p, bias);
      else multiply(wide, x, p, bias, activations === "bfloat16");
    }
    return out;
  },
  backward({ weight, scale, zero, table, format, group, needs, info }, dy): Grads {
    const rows = reshape(dy, [numelOf(dy.shape.slice(0, -1)), dy.shape[dy.rank - 1]!]);
    const spelled = (): Tensor => dequantizeLowBit(weight, scale, zero, table, format, group, dy.dtype);
    return {
      input: needs.input ? reshape(mm(rows, spelled()), info.input.shape) : null,
      bias: needs.bias ? sum(rows, [0]) : null,
    };
  },
  cost: (input: Tensor, weight: Tensor, scale: Tensor) => {
    const outputs = (input.numel / Math.max(input.shape[input.rank - 1] ?? 1, 1)) * weight.shape[0]!;
    return {
      flops: 2 * input.numel * weight.shape[0]!,
      bytes: input.nbytes + weight.nbytes + scale.nbytes + outputs * input.dtype.size,
    };
  },
});
