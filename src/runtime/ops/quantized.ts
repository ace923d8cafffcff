/**
 * Products of int8 numbers: linear layers of quantized activations and weights, summed in int32, and how finished sums
 * become results. Weights stay as PyTorch keeps them: kernels pack what they need as they go. Convolutions are in
 * quantized_conv.ts; choosing scales is affine.ts's business.
 */
import { float32, float64, int32, int8, uint8, type DType } from "../dtype.ts";
import { RuntimeError } from "../errors.ts";
import { launch, pointerOf } from "../launch.ts";
import { op } from "../op.ts";
import { e, input as leaf, param, type Expr } from "../pointwise/expr.ts";
import { PointwiseKernel } from "../pointwise/kernel.ts";
import { formatShape, numelOf, type Shape } from "../shape.ts";
import { alias, empty, Tensor } from "../tensor.ts";
import { perColumn, qparamsOf, type Number_ } from "./affine.ts";
import { castOf, contiguousOf } from "./copy.ts";
import { full } from "./create.ts";
import { mm } from "./matmul.ts";
import { amax, amin } from "./reduce.ts";
import { reshape, transpose } from "./view.ts";

const isByte = (t: Tensor): boolean => t.dtype === int8 || t.dtype === uint8;

/** A scale or zero point as one number in memory beside `t`. */
function oneNumber(x: Number_, dtype: DType, t: Tensor, what: string): Tensor {
  if (!(x instanceof Tensor)) return full([1], x.number, dtype, t.device);
  if (x.numel !== 1) throw new RuntimeError(`${what} has ${x.numel} elements: expected one`);
  return castOf(alias(x, [1], [1]), dtype);
}

/** What becomes of finished sums: to real numbers, or to the integers of the next layer. */
export interface Finish {
  xScale: Tensor;
  xZero: Tensor;
  weightScale: Tensor;
  weightZero: Tensor | null;
  bias: Tensor | null;
  outScale: Tensor | null;
  outZero: Tensor | null;
  dtype: DType;
  relu: boolean;
}

export function finishOf(
  where: string,
  input: Tensor,
  xScale: Number_,
  xZero: Number_,
  weight: Tensor,
  weightScale: Tensor,
  weightZero: Tensor | null,
  bias: Tensor | null,
  outScale: Number_ | null,
  outZero: Number_ | null,
  dtype: DType | null,
  relu: boolean,
): Finish {
  const n = weight.shape[0]!;
  if (!isByte(input)) throw new RuntimeError(`${where} got ${input.dtype.name} input: expected uint8 or int8`);
  const target = dtype ?? (outScale ? uint8 : float32);
  if (outScale ? target !== int8 && target !== uint8 : target.kind !== "float") {
    throw new RuntimeError(
      `${where} got dtype ${target.name}: expected ` +
        (outScale ? "uint8 or int8 for a requantized result" : "a floating dtype, or an out_scale"),
    );
  }
  return {
    xScale: oneNumber(xScale, float32, input, `${where} x_scale`),
    xZero: oneNumber(xZero, int32, input, `${where} x_zero`),
    ...weightParts(where, weight, weightScale, weightZero, bias),
    outScale: outScale && oneNumber(outScale, float32, input, `${where} out_scale`),
    outZero:
      outScale && (outZero ? oneNumber(outZero, int32, input, `${where} out_zero`) : full([1], 0, int32, input.device)),
    dtype: target,
    relu,
  };
}

function weightParts(where: string, weight: Tensor, scale: Tensor, zero: Tensor | null, bias: Tensor | null) {
  const n = weight.shape[0]!;
  if (weight.dtype !== int8) throw new RuntimeError(`${where} got a weight of ${weight.dtype.name}: expected int8`);
  if (bias && (bias.rank !== 1 || bias.shape[0] !== n)) {
    throw new RuntimeError(`${where} bias has shape ${formatShape(bias.shape)}: expected [${n}]`);
  }
  return {
    weightScale: castOf(perColumn(scale, n, `${where} weight_scale`), float32),
    weightZero: zero && castOf(perColumn(zero, n, `${where} weight_zero`), int32),
    bias: bias && contiguousOf(castOf(bias, float32)),
  };
}

const kernels = new Map<string, PointwiseKernel>();

/** FBGEMM's order of operations: PyTorch's quantized layers round where it rounds. */
function finishKernel(f: Finish): PointwiseKernel {
  const key = `${f.outScale ? "q" : "f"}${f.bias ? "b" : ""}${f.relu ? "r" : ""}`;
  const known = kernels.get(key);
  if (known) return known;
  const [sum, xScale, wScale] = [leaf(0), leaf(1), leaf(2)] as [Expr, Expr, Expr];
  let next = 3;
  const bias = f.bias ? leaf(next++) : null;
  const scale = e.mul(xScale, wScale);
  let value: Expr;
  if (f.outScale) {
    const [outScale, outZero] = [leaf(next++), leaf(next++)] as [Expr, Expr];
    const total = bias ? e.add(sum, e.div(bias, scale)) : sum;
    const q = e.add(e.round(e.mul(total, e.div(scale, outScale))), outZero);
    const low = f.relu ? e.fmax(outZero, param(0)) : param(0);
    value = e.fmin(e.fmax(q, low), param(1));
  } else {
    const real = bias ? e.add(e.mul(sum, scale), bias) : e.mul(sum, scale);
    value = f.relu ? e.maximum(real, 0) : real;
  }
  const kernel = new PointwiseKernel("requantize", [value], next, f.outScale ? 2 : 0);
  kernels.set(key, kernel);
  return kernel;
}

/** Sums of float64, which hold every integer exactly, to the result: how devices without kernels of their own do it. */
export function finishSums(out: Tensor, sums: Tensor, f: Finish, perChannel: (t: Tensor) => Tensor): void {
  const inputs = [sums, f.xScale, perChannel(f.weightScale)];
  if (f.bias) inputs.push(perChannel(f.bias));
  const ends = f.dtype === int8 ? [-128, 127] : [0, 255];
  if (f.outScale) inputs.push(f.outScale, f.outZero!);
  finishKernel(f).launch(float32, [out], inputs, f.outScale ? ends : []);
}

const centreKernel = new PointwiseKernel("centre", [e.sub(leaf(0), leaf(1))], 2, 0);

/** q - zero in double precision. */
export function centred(q: Tensor, zero: Tensor | null): Tensor {
  if (!zero) return castOf(q, float64);
  const out = empty(q.shape, float64, q.device);
  centreKernel.launch(float64, [out], [q, zero], []);
  return out;
}

export const finishPointers = (f: Finish): number[] => [
  pointerOf(f.xScale),
  pointerOf(f.xZero),
  f.weightScale.pointer,
  f.weightScale.numel === 1 ? 0 : 1,
  pointerOf(f.weightZero),
  f.weightZero && f.weightZero.numel > 1 ? 1 : 0,
  pointerOf(f.bias),
  pointerOf(f.outScale),
  pointerOf(f.outZero),
  f.relu ? 1 : 0,
];

function checkColumns(where: string, input: Tensor, weight: Tensor): void {
  const k = input.shape[input.rank - 1];
  if (weight.rank !== 2 || input.rank === 0 || k !== weight.shape[1]) {
    throw new RuntimeError(
      `${where} got input ${formatShape(input.shape)} and weight ${formatShape(weight.shape)}: expected [..., k] and [n, k]`,
    );
  }
}

const linearCost = (input: Tensor, _scale: unknown, _zero: unknown, weight: Tensor) => ({
  flops: 2 * input.numel * weight.shape[0]!,
  bytes: input.nbytes + weight.nbytes,
});

export const linearInt8 = op({
  signature:
    "_linear_int8(Tensor input, Operand x_scale, Operand x_zero, Tensor weight, Tensor weight_scale, Tensor? weight_zero=None, Tensor? bias=None, Operand? out_scale=None, Operand? out_zero=None, Dtype? dtype=None, bool relu=False) -> Tensor",
  doc: "A linear layer of uint8 or int8 activations and int8 weights, summed in int32; real or requantized.",
  in: "_C",
  differentiable: false,
  forward(
    input: Tensor,
    xScale: Number_,
    xZero: Number_,
    weight: Tensor,
    weightScale: Tensor,
    weightZero: Tensor | null = null,
    bias: Tensor | null = null,
    outScale: Number_ | null = null,
    outZero: Number_ | null = null,
    dtype: DType | null = null,
    relu = false,
  ): Tensor {
    const where = "[linear_int8]";
    checkColumns(where, input, weight);
    const f = finishOf(
      where,
      input,
      xScale,
      xZero,
      weight,
      weightScale,
      weightZero,
      bias,
      outScale,
      outZero,
      dtype,
      relu,
    );
    const [n, k] = weight.shape as [number, number];
    const out = empty([...input.shape.slice(0, -1), n], f.dtype, input.device);
    if (out.numel === 0) return out;
    const rows = numelOf(input.shape.slice(0, -1));
    const x = contiguousOf(input);
    const w = contiguousOf(weight);
    if (out.device.stream?.has("linear_int8")) {
      launch("linear_int8", [out], (2 * out.numel * k) / 64, [
        out.dtype.id,
        out.pointer,
        x.dtype.id,
        x.pointer,
        w.pointer,
        ...finishPointers(f),
        rows,
        n,
        k,
      ]);
      return out;
    }
    const sums = mm(centred(reshape(x, [rows, k]), f.xZero), transpose(centred(w, columnOf(f.weightZero)), 0, 1));
    finishSums(reshape(out, [rows, n]), sums, f, (t) => t);
    return out;
  },
  cost: linearCost,
});

const columnOf = (zero: Tensor | null): Tensor | null => zero && alias(zero, [zero.numel, 1], [1, 1]);

export const linearInt8Dynamic = op({
  signature:
    "_linear_int8_dynamic(Tensor input, Tensor weight, Tensor weight_scale, Tensor? bias=None, Tensor? weight_zero=None, str granularity='tensor', int quant_max=255, bool relu=False) -> Tensor",
  doc: "A linear layer of int8 weights whose activations are quantized on the fly: the whole tensor or each row by its own range.",
  in: "_C",
  differentiable: false,
  forward(
    input: Tensor,
    weight: Tensor,
    weightScale: Tensor,
    bias: Tensor | null = null,
    weightZero: Tensor | null = null,
    granularity = "tensor",
    quantMax = 255,
    relu = false,
  ): Tensor {
    const where = "[linear_int8_dynamic]";
    checkColumns(where, input, weight);
    if (input.dtype.kind !== "float") {
      throw new RuntimeError(`${where} got ${input.dtype.name} input: expected a floating dtype`);
    }
    if (granularity !== "tensor" && granularity !== "row") {
      throw new RuntimeError(`${where} got granularity '${granularity}': expected 'tensor' or 'row'`);
    }
    if (quantMax < 1 || quantMax > 255) throw new RuntimeError(`${where} got quant_max ${quantMax}: expected 1 to 255`);
    const parts = weightParts(where, weight, weightScale, weightZero, bias);
    const [n, k] = weight.shape as [number, number];
    const out = empty([...input.shape.slice(0, -1), n], input.dtype, input.device);
    if (out.numel === 0) return out;
    const rows = numelOf(input.shape.slice(0, -1));
    const x = contiguousOf(input);
    const w = contiguousOf(weight);
    const isByRow = granularity === "row";
    if (out.device.stream?.has("linear_int8_dynamic")) {
      const { weightScale: scale, weightZero: zero } = parts;
      launch("linear_int8_dynamic", [out], (2 * out.numel * k) / 64, [
        out.dtype.id,
        out.pointer,
        x.pointer,
        w.pointer,
        scale.pointer,
        scale.numel === 1 ? 0 : 1,
        pointerOf(zero),
        zero && zero.numel > 1 ? 1 : 0,
        pointerOf(parts.bias),
        isByRow ? 1 : 0,
        quantMax,
        relu ? 1 : 0,
        rows,
        n,
        k,
      ]);
      return out;
    }
    const flat = reshape(x, [rows, k]);
    const dims = isByRow ? [1] : [];
    const range = k === 0 ? full(isByRow ? [rows, 1] : [], 0, float32, input.device) : null;
    const { scale, zero } = qparamsOf(
      range ?? amin(flat, dims, isByRow),
      range ?? amax(flat, dims, isByRow),
      0,
      quantMax,
    );
    const q = empty(flat.shape, uint8, input.device);
    dynamicKernel.launch(float32, [q], [flat, scale, zero], [quantMax]);
    const sums = mm(centred(q, zero), transpose(centred(w, columnOf(parts.weightZero)), 0, 1));
    const f: Finish = { ...parts, xScale: scale, xZero: zero, outScale: null, outZero: null, dtype: out.dtype, relu };
    finishSums(reshape(out, [rows, n]), sums, f, (t) => t);
    return out;
  },
  cost: (input: Tensor, weight: Tensor) => ({
    flops: 2 * input.numel * weight.shape[0]!,
    bytes: input.nbytes + weight.nbytes,
  }),
});

const dynamicKernel = new PointwiseKernel(
  "quantize",
  [e.fmin(e.fmax(e.add(e.round(e.mul(leaf(0), e.reciprocal(leaf(1)))), leaf(2)), 0), param(0))],
  3,
  1,
);

export const intMm = op({
  signature: "_int_mm(Tensor input, Tensor mat2) -> Tensor",
  doc: "The product of a matrix of int8 or uint8 and one of int8, summed in int32.",
  in: "torch",
  differentiable: false,
  forward(input: Tensor, mat2: Tensor): Tensor {
    const where = "int_mm_out_cpu:";
    for (const [name, t] of [
      ["self", input],
      ["mat2", mat2],
    ] as const) {
      if (t.rank !== 2) throw new RuntimeError(`${where} Expected ${name} to be of dimension 2 but got ${t.rank}`);
    }
    const [m, k] = input.shape as [number, number];
    if (k !== mat2.shape[0]) {
      throw new RuntimeError(`${where} self.size(1) needs to match mat2.size(0) but got ${k} and ${mat2.shape[0]}`);
    }
    if (!isByte(input)) {
      throw new RuntimeError(`${where} Expected self dtype to be int8 or uint8 but got ${cppName(input.dtype)}`);
    }
    if (mat2.dtype !== int8) {
      throw new RuntimeError(`${where} Expected mat2 dtype to be of type int8 but got ${cppName(mat2.dtype)}`);
    }
    const n = mat2.shape[1]!;
    const out = empty([m, n], int32, input.device);
    if (out.numel === 0) return out;
    const x = contiguousOf(input);
    const w = contiguousOf(transpose(mat2, 0, 1));
    if (out.device.stream?.has("int_mm")) {
      launch("int_mm", [out], (2 * out.numel * k) / 64, [out.pointer, x.dtype.id, x.pointer, w.pointer, m, n, k]);
      return out;
    }
    const sums = mm(castOf(x, float64), transpose(castOf(w, float64), 0, 1));
    return castOf(sums, int32);
  },
  cost: (input: Tensor, mat2: Tensor) => ({ flops: 2 * input.numel * (mat2.shape[1] ?? 1) }),
});

const cppName = (dtype: DType): string =>
  ({ float32: "float", float64: "double", int32: "int", int64: "long int", uint8: "unsigned char" })[dtype.name] ??
  dtype.name;
