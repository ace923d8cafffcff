/**
 * Products of int8 numbers: linear layers of quantized activations and weights, summed in int32, and how finished sums
 * become results. Weights stay as PyTorch keeps them: what kernels want packed is kept beside them (packs.ts).
 * Convolutions are in quantized_conv.ts; choosing scales is affine.ts's business.
 */
import { float32, float64, int32, int8, uint8, type DType } from "../dtype.ts";
import { RuntimeError } from "../errors.ts";
import { launch, pointerOf } from "../launch.ts";
import { op } from "../op.ts";
import { packOf } from "../packs.ts";
import { e, input as leaf, param, type Expr } from "../pointwise/expr.ts";
import { PointwiseKernel } from "../pointwise/kernel.ts";
import { formatShape, numelOf } from "../shape.ts";
import { alias, empty, Tensor } from "../tensor.ts";
import { perColumn, qparamsOf, quantizeAffine, type Number_ } from "./affine.ts";
import { castOf, contiguousOf } from "./copy.ts";
import { full } from "./create.ts";
import { mm } from "./matmul.ts";
import { amax, amin } from "./reduce.ts";
import { reshape, transpose } from "./view.ts";

export const isByte = (t: Tensor): boolean => t.dtype === int8 || t.dtype === uint8;

/** One number: here, or in memory where a kernel will find it. */
export type Given = Tensor | number;

/** A scale or zero point: a number goes to kernels as it is. */
export function oneNumber(x: Number_, dtype: DType, what: string): Given {
  if (!(x instanceof Tensor)) return x.number;
  if (x.numel !== 1) throw new RuntimeError(`${what} has ${x.numel} elements: expected one`);
  return castOf(x.rank === 1 ? x : alias(x, [1], [1]), dtype);
}

export const inMemory = (x: Given, dtype: DType, t: Tensor): Tensor =>
  x instanceof Tensor ? x : full([1], x, dtype, t.device);

/** How kernels read it: a pointer, or 0 and the number; -1 where there is none. */
export function pushGiven(words: number[], x: Given | null): void {
  if (x === null) words.push(-1, 0);
  else if (x instanceof Tensor) words.push(x.pointer, 0);
  else words.push(0, x);
}

/** What an op was told of its numbers, as it came. */
export interface Told {
  xScale: Number_;
  xZero: Number_;
  weightScale: Tensor;
  weightZero: Tensor | null;
  bias: Tensor | null;
  outScale: Number_ | null;
  outZero: Number_ | null;
  dtype: DType | null;
  relu: boolean;
}

/** Codes of another tensor of the result's shape and dtype, added before it is rounded. */
export interface Residual {
  codes: Tensor;
  scale: number;
  zero: number;
}

/** What becomes of finished sums: to real numbers, or to the integers of the next layer. */
export interface Finish {
  xScale: Given;
  xZero: Given;
  weightScale: Tensor;
  weightZero: Tensor | null;
  bias: Tensor | null;
  outScale: Given | null;
  outZero: Given | null;
  dtype: DType;
  relu: boolean;
}

export function finishOf(where: string, weight: Tensor, told: Told): Finish {
  const { xScale, xZero, weightScale, weightZero, bias, outScale, outZero, relu } = told;
  const dtype = told.dtype ?? (outScale ? uint8 : float32);
  if (outScale ? dtype !== int8 && dtype !== uint8 : dtype.kind !== "float") {
    throw new RuntimeError(
      `${where} got dtype ${dtype.name}: expected ` +
        (outScale ? "uint8 or int8 for a requantized result" : "a floating dtype, or an out_scale"),
    );
  }
  return {
    xScale: oneNumber(xScale, float32, `${where} x_scale`),
    xZero: oneNumber(xZero, int32, `${where} x_zero`),
    ...weightParts(where, weight, weightScale, weightZero, bias),
    outScale: outScale && oneNumber(outScale, float32, `${where} out_scale`),
    outZero: outScale && (outZero ? oneNumber(outZero, int32, `${where} out_zero`) : 0),
    dtype,
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
function finishKernel(f: Finish, hasResidual: boolean): PointwiseKernel {
  const key = `${f.outScale !== null ? "q" : "f"}${f.bias ? "b" : ""}${f.relu ? "r" : ""}${hasResidual ? "a" : ""}`;
  const known = kernels.get(key);
  if (known) return known;
  const [sum, xScale, wScale] = [leaf(0), leaf(1), leaf(2)] as [Expr, Expr, Expr];
  let next = 3;
  const bias = f.bias ? leaf(next++) : null;
  const scale = e.mul(xScale, wScale);
  let value: Expr;
  if (f.outScale !== null) {
    const [outScale, outZero] = [leaf(next++), leaf(next++)] as [Expr, Expr];
    const total = bias ? e.add(sum, e.div(bias, scale)) : sum;
    let steps = e.mul(total, e.div(scale, outScale));
    if (hasResidual) steps = e.add(steps, e.mul(e.sub(leaf(next++), param(2)), e.div(param(3), outScale)));
    const low = f.relu ? e.fmax(outZero, param(0)) : param(0);
    value = e.fmin(e.fmax(e.add(e.round(steps), outZero), low), param(1));
  } else {
    const real = bias ? e.add(e.mul(sum, scale), bias) : e.mul(sum, scale);
    value = f.relu ? e.maximum(real, 0) : real;
  }
  const kernel = new PointwiseKernel("requantize", [value], next, f.outScale === null ? 0 : hasResidual ? 4 : 2);
  kernels.set(key, kernel);
  return kernel;
}

/** Sums of float64, which hold every integer exactly, to the result: how devices without kernels of their own do it. */
export function finishSums(
  out: Tensor,
  sums: Tensor,
  f: Finish,
  perChannel: (t: Tensor) => Tensor,
  residual: Residual | null = null,
): void {
  const inputs = [sums, inMemory(f.xScale, float32, sums), perChannel(f.weightScale)];
  if (f.bias) inputs.push(perChannel(f.bias));
  const params: number[] = [];
  if (f.outScale !== null) {
    inputs.push(inMemory(f.outScale, float32, sums), inMemory(f.outZero!, int32, sums));
    params.push(...(f.dtype === int8 ? [-128, 127] : [0, 255]));
  }
  if (residual) {
    inputs.push(residual.codes);
    params.push(residual.zero, residual.scale);
  }
  finishKernel(f, residual !== null).launch(float32, [out], inputs, params);
}

const centreKernel = new PointwiseKernel("centre", [e.sub(leaf(0), leaf(1))], 2, 0);

/** q - zero in double precision. */
export function centred(q: Tensor, zero: Tensor | null): Tensor {
  if (!zero) return castOf(q, float64);
  const out = empty(q.shape, float64, q.device);
  centreKernel.launch(float64, [out], [q, zero], []);
  return out;
}

/** FINISH of native/README.md. */
export function finishPointers(f: Finish): number[] {
  const words: number[] = [];
  pushGiven(words, f.xScale);
  pushGiven(words, f.xZero);
  words.push(f.weightScale.pointer, f.weightScale.numel === 1 ? 0 : 1);
  words.push(pointerOf(f.weightZero), f.weightZero && f.weightZero.numel > 1 ? 1 : 0, pointerOf(f.bias));
  pushGiven(words, f.outScale);
  pushGiven(words, f.outZero);
  words.push(f.relu ? 1 : 0);
  return words;
}

/** Codes that move at once on a GPU: kInt8Chunk in native/cuda/kernels/int8.h. */
const CHUNK = 16;
export const chunked = (k: number): number => Math.ceil(k / CHUNK) * CHUNK;
/** Does a weight, whose rows of k bytes lie behind each other, consist of whole chunks? */
export const areChunks = (weight: Tensor, k: number): boolean => k % CHUNK === 0 && weight.pointer % CHUNK === 0;

export function checkByte(where: string, input: Tensor): void {
  if (!isByte(input)) throw new RuntimeError(`${where} got ${input.dtype.name} input: expected uint8 or int8`);
}

/**
 * A weight as linear kernels want it, n columns of k numbers whose distances in memory are given: in panels
 * (native/cpu/kernels/byte_panels.h), on a GPU as rows of whole chunks, which mostly it has already. Ask right before the
 * launch.
 */
export function packedLinear(
  weight: Tensor,
  layout: string,
  n: number,
  k: number,
  nStep: number,
  kStep: number,
): number {
  if (weight.device.type === "cuda" && kStep === 1 && nStep === k && areChunks(weight, k)) return weight.pointer;
  const columns = Math.ceil(n / 64) * 64;
  const bytes = weight.device.type === "cuda" ? n * chunked(k) : columns * (Math.ceil(k / 4) * 4 + 4);
  return packOf(weight, layout, bytes, (pack) =>
    launch("pack_linear_int8", [pack], n * k, [pack.pointer, weight.pointer, n, k, nStep, kStep]),
  );
}

export function checkColumns(where: string, input: Tensor, weight: Tensor): void {
  const k = input.shape[input.rank - 1];
  if (weight.rank !== 2 || input.rank === 0 || k !== weight.shape[1]) {
    throw new RuntimeError(
      `${where} got input ${formatShape(input.shape)} and weight ${formatShape(weight.shape)}: expected [..., k] and [n, k]`,
    );
  }
}

export const linearCost = (input: Tensor, _scale: unknown, _zero: unknown, weight: Tensor) => ({
  flops: 2 * input.numel * weight.shape[0]!,
  bytes: input.nbytes + weight.nbytes,
});

export const linearInt8 = op({
  signature:
    "_linear_int8(Tensor input, Operand x_scale, Operand x_zero, Tensor weight, Tensor weight_scale, Tensor? weight_zero=None, Tensor? bias=None, Operand? out_scale=None, Operand? out_zero=None, Dtype? dtype=None, bool relu=False, int quant_min=0, int quant_max=255) -> Tensor",
  doc: "A linear layer of uint8, int8 or float activations (rounded to quant_min to quant_max) and int8 weights; real or requantized.",
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
    quantMin = 0,
    quantMax = 255,
  ): Tensor {
    const where = "[linear_int8]";
    checkColumns(where, input, weight);
    const isFloat = input.dtype.kind === "float";
    if (!isFloat) checkByte(where, input);
    else if (!(quantMin < 0 ? quantMin >= -128 && quantMax <= 127 : quantMax <= 255) || quantMin > quantMax) {
      throw new RuntimeError(`${where} got codes from ${quantMin} to ${quantMax}: expected those of uint8 or of int8`);
    }
    const told = { xScale, xZero, weightScale, weightZero, bias, outScale, outZero, dtype, relu };
    const f = finishOf(where, weight, told);
    const [n, k] = weight.shape as [number, number];
    const out = empty([...input.shape.slice(0, -1), n], f.dtype, input.device);
    if (out.numel === 0) return out;
    const rows = numelOf(input.shape.slice(0, -1));
    if (out.device.stream?.has("linear_int8")) {
      const x = contiguousOf(input);
      const finish = finishPointers(f);
      const pack = packedLinear(weight, "linear_int8", n, k, weight.strides[0]!, weight.strides[1]!);
      launch("linear_int8", [out], (2 * out.numel * k) / 64, [
        out.dtype.id,
        out.pointer,
        x.dtype.id,
        x.pointer,
        pack,
        ...finish,
        quantMin,
        quantMax,
        rows,
        n,
        k,
      ]);
      return out;
    }
    const codes = isFloat
      ? quantizeAffine(input, xScale, xZero, null, quantMin, quantMax, quantMin < 0 ? int8 : uint8)
      : input;
    const x = contiguousOf(codes);
    const w = contiguousOf(weight);
    const xZeros = inMemory(f.xZero, int32, x);
    const sums = mm(centred(reshape(x, [rows, k]), xZeros), transpose(centred(w, columnOf(f.weightZero)), 0, 1));
    finishSums(reshape(out, [rows, n]), sums, f, (t) => t);
    return out;
  },
  cost: linearCost,
});

export const columnOf = (zero: Tensor | null): Tensor | null => zero && alias(zero, [zero.numel, 1], [1, 1]);

export const linearInt8Dynamic = op({
  signature:
    "_linear_int8_dynamic(Tensor input, Tensor weight, Tensor weight_scale, Tensor? bias=None, Tensor? weight_zero=None, str granularity='tensor', int quant_max=255, bool relu=False, bool symmetric=False) -> Tensor",
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
    symmetric = false,
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
    const isByRow = granularity === "row";
    if (out.device.stream?.has("linear_int8_dynamic")) {
      const { weightScale: scale, weightZero: zero } = parts;
      const pack = packedLinear(weight, "linear_int8", n, k, weight.strides[0]!, weight.strides[1]!);
      launch("linear_int8_dynamic", [out], (2 * out.numel * k) / 64, [
        out.dtype.id,
        out.pointer,
        x.pointer,
        pack,
        scale.pointer,
        scale.numel === 1 ? 0 : 1,
        pointerOf(zero),
        zero && zero.numel > 1 ? 1 : 0,
        pointerOf(parts.bias),
        (isByRow ? 1 : 0) + (symmetric ? 2 : 0),
        quantMax,
        relu ? 1 : 0,
        rows,
        n,
        k,
      ]);
      return out;
    }
    const w = contiguousOf(weight);
    const flat = reshape(x, [rows, k]);
    const dims = isByRow ? [1] : [];
    const range = k === 0 ? full(isByRow ? [rows, 1] : [], 0, float32, input.device) : null;
    const low = range ?? amin(flat, dims, isByRow);
    const high = range ?? amax(flat, dims, isByRow);
    const { scale, zero } = symmetric ? evenParams(low, high, quantMax) : qparamsOf(low, high, 0, quantMax);
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

/** A float's step at one: scales are no smaller, as in torchao. */
const SMALLEST_EVEN_SCALE = 2 ** -23;
const evenKernel = new PointwiseKernel(
  "choose_qparams",
  [
    e.fmax(e.div(e.fmax(e.neg(leaf(0)), leaf(1)), e.div(param(0), 2)), SMALLEST_EVEN_SCALE),
    e.floor(e.div(e.add(param(0), 1), 2)),
  ],
  2,
  1,
);

/** Steps of equal reach on both sides of zero, which is the middle code. */
function evenParams(low: Tensor, high: Tensor, most: number): { scale: Tensor; zero: Tensor } {
  const scale = empty(low.shape, float32, low.device);
  const zero = empty(low.shape, int32, low.device);
  evenKernel.launch(float32, [scale, zero], [low, high], [most]);
  return { scale, zero };
}

const dynamicKernel = new PointwiseKernel(
  "quantize",
  [e.fmin(e.fmax(e.add(e.round(e.mul(leaf(0), e.reciprocal(leaf(1)))), leaf(2)), 0), param(0))],
  3,
  1,
);
