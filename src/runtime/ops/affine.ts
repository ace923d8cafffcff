/**
 * Affine numbers: integers that stand for (q - zero_point) * scale. Quantizing, its inverse, both at once (fake
 * quantization, with the straight-through gradients of PyTorch) and the choice of a scale. Products are in quantized.ts.
 */
import { bfloat16, float32, float64, int32, int8, Scalar, uint8, type DType } from "../dtype.ts";
import { RuntimeError } from "../errors.ts";
import { op, type ElementwiseCall, type Grads } from "../op.ts";
import { constant, e, input as leaf, param, type Expr } from "../pointwise/expr.ts";
import { resultStrides } from "../pointwise/iteration.ts";
import { PointwiseKernel } from "../pointwise/kernel.ts";
import { contiguousStrides, sameShape, wrapDim, type Shape } from "../shape.ts";
import { alias, empty, Tensor } from "../tensor.ts";
import { castOf, contiguousOf } from "./copy.ts";
import { firstOutside } from "./indexing.ts";
import { amax, amin, sumTo } from "./reduce.ts";

export type Number_ = Tensor | Scalar;

const kernels = new Map<string, PointwiseKernel>();

/** Collects the operands of a kernel whose numbers may come as tensors or as plain numbers. */
class Operands {
  readonly tensors: Tensor[] = [];
  readonly params: number[] = [];
  key = "";

  tensor(t: Tensor): Expr {
    this.key += "t";
    this.tensors.push(t);
    return leaf(this.tensors.length - 1);
  }
  number(n: number): Expr {
    this.key += "n";
    this.params.push(n);
    return param(this.params.length - 1);
  }
  either(x: Number_, value: (n: number) => number = (n) => n): Expr {
    return x instanceof Tensor ? this.tensor(x) : this.number(value(x.number));
  }
  run(name: string, dtype: DType, outputs: readonly Tensor[], expressions: Expr[]): void {
    const key = `${name}:${this.key}:${expressions.map((x) => x.id).join()}`;
    let kernel = kernels.get(key);
    if (!kernel) {
      kernel = new PointwiseKernel(name, expressions, this.tensors.length, this.params.length);
      kernels.set(key, kernel);
    }
    kernel.launch(dtype, outputs, this.tensors, this.params);
  }
}

/** A number per channel, shaped so that it meets its channel; one number for all stays as it is. */
function along(x: Number_, shape: Shape, axis: number | null, what: string): Number_ {
  if (!(x instanceof Tensor)) return x;
  if (axis === null) {
    if (x.numel !== 1) throw new RuntimeError(`[affine] ${what} has ${x.numel} elements: expected one, or an axis`);
    return alias(x, [], [], x.offset);
  }
  const d = wrapDim(axis, shape.length);
  if (x.rank !== 1 || x.numel !== shape[d]) {
    throw new RuntimeError(
      `[affine] ${what} has shape [${x.shape.join(", ")}]: expected [${shape[d]}], one number for each of axis ${d}`,
    );
  }
  const wide = shape.map((size, i) => (i === d ? size : 1));
  return alias(contiguousOf(x), wide, contiguousStrides(wide));
}

const isFloating = (x: Number_ | null): boolean => x instanceof Tensor && x.dtype.kind === "float";

/** The reciprocal of a scale in single precision: PyTorch multiplies by it. */
function reciprocalOf(o: Operands, scale: Number_): Expr {
  if (scale instanceof Tensor) return e.reciprocal(o.tensor(scale));
  return o.number(Math.fround(1 / Math.fround(scale.number)));
}

/** The integer that stands for x, which counts steps, not yet clamped. */
function quantized(scaled: Expr, zero: Expr | null, zeroIsFloating: boolean): Expr {
  if (!zero) return e.round(scaled);
  return zeroIsFloating ? e.round(e.add(scaled, zero)) : e.add(e.round(scaled), zero);
}

/** NaN goes to the lower end. */
const clamped = (q: Expr, low: Expr, high: Expr): Expr => e.fmin(e.fmax(q, low), high);

const like = (t: Tensor, dtype: DType): Tensor => empty(t.shape, dtype, t.device, resultStrides(t.shape, [t]));

type QuantizeArguments = [Tensor, Number_, Number_?, number?, number?, number?, DType?, boolean?];
type DequantizeArguments = [Tensor, Number_, Number_?, number?, DType?];

export const quantizeAffine = op({
  signature:
    "_quantize_affine(Tensor input, Operand scale, Operand? zero_point=None, int? axis=None, int quant_min=-128, int quant_max=127, Dtype? dtype=None, bool divide=False) -> Tensor",
  doc: "Integers q with input = (q - zero_point) * scale, clamped to [quant_min, quant_max]; int8 unless dtype says other; divide as ONNX does.",
  in: "_C",
  differentiable: false,
  fusible(args): ElementwiseCall | null {
    const [input, scale, zero = null, , low = -128, high = 127, dtype, divide] = args as QuantizeArguments;
    const target = dtype ?? int8;
    if (!(scale instanceof Scalar) || zero instanceof Tensor || input.dtype !== float32 || target.size > 1) return null;
    const step = Math.fround(scale.number);
    const scaled = divide ? e.div(leaf(0), step) : e.mul(leaf(0), Math.fround(1 / step));
    const q = quantized(scaled, zero && constant(zero.number), false);
    const root = clamped(q, constant(low), constant(high));
    return { root, tensors: [input], params: [], dtype: float32, result: target };
  },
  forward(
    input: Tensor,
    scale: Number_,
    zeroPoint: Number_ | null = null,
    axis: number | null = null,
    low = -128,
    high = 127,
    dtype: DType | null = null,
    divide = false,
  ): Tensor {
    const target = dtype ?? int8;
    const o = new Operands();
    const x = o.tensor(input);
    const steps = along(scale, input.shape, axis, "the scale");
    // PyTorch multiplies by the reciprocal, ONNX divides: a code's difference, once in a while.
    const scaled = divide ? e.div(x, o.either(steps, Math.fround)) : e.mul(x, reciprocalOf(o, steps));
    const zero = zeroPoint && o.either(along(zeroPoint, input.shape, axis, "the zero point"));
    const q = quantized(scaled, zero, isFloating(zeroPoint));
    const out = like(input, target);
    if (target.size < 4) {
      o.run("quantize", float32, [out], [clamped(q, o.number(low), o.number(high))]);
      return out;
    }
    // Single precision has no number for the ends of 32 bits.
    const wide = like(input, float64);
    o.run("quantize", float32, [wide], [q]);
    const ends = new Operands();
    const value = ends.tensor(wide);
    ends.run("quantize", float64, [out], [clamped(value, ends.number(low), ends.number(high))]);
    return out;
  },
  cost: (input: Tensor) => ({ flops: 4 * input.numel }),
});

export const dequantizeAffine = op({
  signature:
    "_dequantize_affine(Tensor input, Operand scale, Operand? zero_point=None, int? axis=None, Dtype? dtype=None) -> Tensor",
  doc: "(input - zero_point) * scale; float32 unless dtype says otherwise.",
  in: "_C",
  differentiable: false,
  fusible(args): ElementwiseCall | null {
    const [input, scale, zero = null, , dtype] = args as DequantizeArguments;
    if (!(scale instanceof Scalar) || zero instanceof Tensor || input.dtype.size > 1 || (dtype ?? float32) !== float32)
      return null;
    const q = zero ? e.sub(leaf(0), zero.number) : leaf(0);
    return { root: e.mul(q, Math.fround(scale.number)), tensors: [input], params: [], dtype: float32, result: float32 };
  },
  forward(
    input: Tensor,
    scale: Number_,
    zeroPoint: Number_ | null = null,
    axis: number | null = null,
    dtype: DType | null = null,
  ): Tensor {
    const o = new Operands();
    const q = o.tensor(input);
    const factor = o.either(along(scale, input.shape, axis, "the scale"), Math.fround);
    const zero = zeroPoint && o.either(along(zeroPoint, input.shape, axis, "the zero point"));
    const out = like(input, dtype ?? float32);
    o.run("dequantize", float32, [out], [e.mul(zero ? e.sub(q, zero) : q, factor)]);
    return out;
  },
  cost: (input: Tensor) => ({ flops: 2 * input.numel }),
});

function checkFakeRange(zeroPoint: Number_, low: number, high: number): void {
  // The gap is PyTorch's.
  if (low > high) throw new RuntimeError("`quant_min` should be less than or         equal to `quant_max`.");
  if (isFloating(zeroPoint)) return;
  const isInside =
    zeroPoint instanceof Tensor
      ? firstOutside(castOf(zeroPoint, int32), low, high + 1) === null
      : zeroPoint.number >= low && zeroPoint.number <= high;
  if (!isInside) throw new RuntimeError("`zero_point` must be between `quant_min` and `quant_max`.");
}

interface FakeLeaves {
  o: Operands;
  x: Expr;
  q: Expr;
  zero: Expr;
  scale: Expr;
  low: Expr;
  high: Expr;
}

function fakeLeaves(
  input: Tensor,
  scale: Number_,
  zero: Number_,
  axis: number | null,
  low: number,
  high: number,
): FakeLeaves {
  const o = new Operands();
  const x = o.tensor(input);
  const s = along(scale, input.shape, axis, "the scale");
  const factor = o.either(s, Math.fround);
  const inverse = s instanceof Tensor ? e.reciprocal(factor) : reciprocalOf(o, s);
  const offset = o.either(along(zero, input.shape, axis, "the zero point"));
  const q = quantized(e.mul(x, inverse), offset, isFloating(zero));
  return { o, x, q, zero: offset, scale: factor, low: o.number(low), high: o.number(high) };
}

function fakeQuantized(input: Tensor, scale: Number_, zero: Number_, axis: number | null, low: number, high: number) {
  const f = fakeLeaves(input, scale, zero, axis, low, high);
  const out = like(input, input.dtype);
  const value = e.mul(e.sub(clamped(f.q, f.low, f.high), f.zero), f.scale);
  f.o.run("fake_quantize", float32, [out], [value]);
  return out;
}

/** What was not clamped passes its gradient on. */
function straightThrough(
  dy: Tensor,
  input: Tensor,
  scale: Number_,
  zero: Number_,
  axis: number | null,
  low: number,
  high: number,
): Tensor {
  const f = fakeLeaves(input, scale, zero, axis, low, high);
  const gradient = f.o.tensor(dy);
  const isInside = e.mul(e.ge(f.q, f.low), e.le(f.q, f.high));
  const out = like(input, dy.dtype);
  f.o.run("fake_quantize_backward", float32, [out], [e.where(isInside, gradient, constant(0))]);
  return out;
}

export const fakeQuantizePerTensor = op({
  signature:
    "fake_quantize_per_tensor_affine(Tensor input, Operand scale, Operand zero_point, int quant_min, int quant_max) -> Tensor",
  doc: "What is left of input after quantizing it and back; the gradient passes where nothing was clamped.",
  in: "torch",
  gradName: "FakeQuantizePerTensorAffineCachemask",
  save: ["input", "scale", "zero_point"],
  forward(input: Tensor, scale: Number_, zeroPoint: Number_, low: number, high: number): Tensor {
    checkFakeRange(zeroPoint, low, high);
    return fakeQuantized(input, scale, zeroPoint, null, low, high);
  },
  backward({ input, scale, zero_point: zero, quant_min: low, quant_max: high, needs }, dy): Grads {
    return { input: needs.input ? straightThrough(dy, input, scale, zero, null, low, high) : null };
  },
  cost: (input: Tensor) => ({ flops: 6 * input.numel }),
});

export const fakeQuantizePerChannel = op({
  signature:
    "fake_quantize_per_channel_affine(Tensor input, Tensor scale, Tensor zero_point, int axis, int quant_min, int quant_max) -> Tensor",
  doc: "What is left of input after quantizing each channel of axis by its own scale, and back.",
  in: "torch",
  gradName: "FakeQuantizePerChannelAffineCachemask",
  save: ["input", "scale", "zero_point"],
  forward(input: Tensor, scale: Tensor, zeroPoint: Tensor, axis: number, low: number, high: number): Tensor {
    checkChannels(input, scale, zeroPoint, axis);
    checkFakeRange(zeroPoint, low, high);
    return fakeQuantized(input, scale, zeroPoint, axis, low, high);
  },
  backward({ input, scale, zero_point: zero, axis, quant_min: low, quant_max: high, needs }, dy): Grads {
    return { input: needs.input ? straightThrough(dy, input, scale, zero, axis, low, high) : null };
  },
  cost: (input: Tensor) => ({ flops: 6 * input.numel }),
});

function checkChannels(input: Tensor, scale: Tensor, zeroPoint: Tensor, axis: number): void {
  if (scale.dtype !== float32 && scale.dtype !== bfloat16) {
    throw new RuntimeError(`Scale must be Float or BFloat16, found ${scale.dtype.legacy.slice(6, -6)}`);
  }
  if (!["int32", "float32", "float16"].includes(zeroPoint.dtype.name)) {
    throw new RuntimeError(`Zero-point must be Int32, Float or Half, found ${zeroPoint.dtype.legacy.slice(6, -6)}`);
  }
  if (scale.rank !== 1) throw new RuntimeError("scale should be a 1-D tensor");
  if (zeroPoint.rank !== 1) throw new RuntimeError("zero point should be a 1-D tensor");
  if (scale.numel !== zeroPoint.numel) {
    throw new RuntimeError("scale and zero-point need to have the same dimensions");
  }
  if (axis < 0 || axis >= input.rank) {
    throw new RuntimeError("`axis` must be between 0 and number of dimensions of input");
  }
  if (scale.numel !== input.shape[axis]) {
    throw new RuntimeError("dimensions of scale and zero-point are not consistent with input tensor");
  }
}

/** A learned zero point is a float that is rounded here and clamped. */
function roundedZero(zeroPoint: Tensor, low: number, high: number, isForward: boolean): Tensor {
  const o = new Operands();
  const z = o.tensor(zeroPoint);
  const near = isForward ? e.round(z) : e.trunc(clamped(e.add(z, 0.5), o.number(low), o.number(high)));
  const out = empty(zeroPoint.shape, int32, zeroPoint.device);
  o.run("zero_point", float32, [out], [clamped(near, o.number(low), o.number(high))]);
  return out;
}

/**
 * Gradients of a learned scale and zero point (Esser et al. 2019): within the range the scale sees its rounding error,
 * outside both see the end that was clamped to.
 */
function learnedGradients(
  dy: Tensor,
  input: Tensor,
  scale: Tensor,
  zeroPoint: Tensor,
  axis: number | null,
  low: number,
  high: number,
  factor: number,
): Grads {
  const zero = roundedZero(zeroPoint, low, high, false);
  const f = fakeLeaves(input, scale, zero, axis, low, high);
  const gradient = f.o.tensor(dy);
  const strength = f.o.number(factor);
  const isInside = e.mul(e.ge(f.q, f.low), e.le(f.q, f.high));
  const back = e.mul(e.sub(clamped(f.q, f.low, f.high), f.zero), f.scale);
  const error = e.mul(e.sub(back, f.x), e.reciprocal(f.scale));
  const end = e.sub(clamped(f.q, f.low, f.high), f.zero);
  const weighted = e.mul(gradient, strength);
  const outputs = [0, 1, 2].map(() => like(input, dy.dtype));
  f.o.run("learnable_backward", float32, outputs, [
    e.where(isInside, gradient, constant(0)),
    e.mul(e.where(isInside, error, end), weighted),
    e.where(isInside, constant(0), e.mul(e.neg(f.scale), weighted)),
  ]);
  const wide = input.shape.map((size, i) => (i === axis ? size : 1));
  const [dx, dscale, dzero] = outputs as [Tensor, Tensor, Tensor];
  const gathered = (t: Tensor, model: Tensor): Tensor =>
    castOf(alias(contiguousOf(sumTo(t, wide)), model.shape, contiguousStrides(model.shape)), model.dtype);
  return { input: dx, scale: gathered(dscale, scale), zero_point: gathered(dzero, zeroPoint) };
}

export const learnablePerTensor = op({
  signature:
    "_fake_quantize_learnable_per_tensor_affine(Tensor input, Tensor scale, Tensor zero_point, int quant_min, int quant_max, float grad_factor=1.0) -> Tensor",
  doc: "Fake quantization whose scale and zero point are learned.",
  in: "torch",
  gradName: "FakeQuantizeLearnablePerTensorAffine",
  save: ["input", "scale", "zero_point"],
  forward(input: Tensor, scale: Tensor, zeroPoint: Tensor, low: number, high: number, _factor?: number): Tensor {
    return fakeQuantized(input, scale, roundedZero(zeroPoint, low, high, true), null, low, high);
  },
  backward: ({ input, scale, zero_point: zero, quant_min: low, quant_max: high, grad_factor: factor }, dy): Grads =>
    learnedGradients(dy, input, scale, zero, null, low, high, factor),
});

export const learnablePerChannel = op({
  signature:
    "_fake_quantize_learnable_per_channel_affine(Tensor input, Tensor scale, Tensor zero_point, int axis, int quant_min, int quant_max, float grad_factor=1.0) -> Tensor",
  doc: "Fake quantization whose scales and zero points, one per channel, are learned.",
  in: "torch",
  gradName: "FakeQuantizeLearnablePerChannelAffine",
  save: ["input", "scale", "zero_point"],
  forward(
    input: Tensor,
    scale: Tensor,
    zeroPoint: Tensor,
    axis: number,
    low: number,
    high: number,
    _factor?: number,
  ): Tensor {
    return fakeQuantized(input, scale, roundedZero(zeroPoint, low, high, true), axis, low, high);
  },
  backward: (
    { input, scale, zero_point: zero, axis, quant_min: low, quant_max: high, grad_factor: factor },
    dy,
  ): Grads => learnedGradients(dy, input, scale, zero, axis, low, high, factor),
});

/** Scales below this lose too much to their reciprocal: PyTorch's and FBGEMM's limit. */
const SMALLEST_SCALE = Math.fround(6.1e-5);

/**
 * The scale and the zero point of [min, max], by the rule of PyTorch and FBGEMM: the range is widened to hold zero, and
 * zero becomes an integer. `low` and `high` are tensors of any one shape; so are the results.
 */
export function qparamsOf(low: Tensor, high: Tensor, qmin: number, qmax: number): { scale: Tensor; zero: Tensor } {
  const o = new Operands();
  const a = e.fmin(o.tensor(low), constant(0));
  const b = e.fmax(o.tensor(high), constant(0));
  const [first, last] = [o.number(qmin), o.number(qmax)];
  const steps = e.sub(last, first);
  const plain = e.div(e.sub(b, a), steps);
  const isNothing = e.le(plain, 2 ** -128);
  const given = e.where(isNothing, constant(0.1), plain);
  const isSmall = e.lt(given, SMALLEST_SCALE);
  const scale = e.where(isSmall, constant(SMALLEST_SCALE), given);
  // A scale that was raised widens the range with it.
  const grown = e.div(constant(SMALLEST_SCALE), given);
  const widest = e.mul(constant(SMALLEST_SCALE), steps);
  const bottom = e.where(isSmall, e.where(e.eq(a, 0), a, e.where(e.eq(b, 0), e.neg(widest), e.mul(a, grown))), a);
  const top = e.where(isSmall, e.where(e.eq(a, 0), widest, e.where(e.eq(b, 0), b, e.mul(b, grown))), b);
  const fromBottom = e.sub(first, e.div(bottom, scale));
  const fromTop = e.sub(last, e.div(top, scale));
  const bottomError = e.sub(e.abs(first), e.abs(e.div(bottom, scale)));
  const topError = e.sub(e.abs(last), e.abs(e.div(top, scale)));
  const zero = e.where(e.lt(bottomError, topError), fromBottom, fromTop);
  const outputs = [empty(low.shape, float32, low.device), empty(low.shape, int32, low.device)] as const;
  o.run("choose_qparams", float64, outputs, [scale, clamped(e.round(zero), first, last)]);
  return { scale: outputs[0], zero: outputs[1] };
}

/** By ONNX's rule for uint8: single precision, and no scale is too small. Made once: calls of small layers are short. */
const plainQparams = (() => {
  const a = e.fmin(leaf(0), constant(0));
  const b = e.fmax(leaf(1), constant(0));
  const steps = e.div(e.sub(b, a), constant(255));
  const scale = e.where(e.eq(steps, 0), constant(1), steps);
  const zero = clamped(e.round(e.div(e.neg(a), scale)), constant(0), constant(255));
  return new PointwiseKernel("choose_qparams", [scale, zero], 2, 0);
})();

function plainQparamsOf(low: Tensor, high: Tensor): Tensor[] {
  const outputs = [empty(low.shape, float32, low.device), empty(low.shape, uint8, low.device)];
  plainQparams.launch(float32, outputs, [low, high], []);
  return outputs;
}

export const chooseQparams = op({
  signature:
    "_choose_qparams(Tensor input, int quant_min=0, int quant_max=255, bool onnx=False) -> (Tensor scale, Tensor zero_point)",
  doc: "The scale and the zero point that hold all of input; by the rule of ONNX's DynamicQuantizeLinear where onnx says so.",
  in: "_C",
  differentiable: false,
  forward(input: Tensor, low = 0, high = 255, onnx = false): Tensor[] {
    if (onnx) return plainQparamsOf(amin(input), amax(input));
    const { scale, zero } = qparamsOf(amin(input), amax(input), low, high);
    return [scale, zero];
  },
  cost: (input: Tensor) => ({ flops: 2 * input.numel }),
});

/** Do two scales or zero points have a shape in common with the columns of a weight: one for all, or one each? */
export function perColumn(t: Tensor, n: number, what: string): Tensor {
  const flat = t.rank === 1 && sameShape(t.shape, [n]) ? t : t.numel === 1 ? alias(t, [1], [1]) : null;
  if (!flat) throw new RuntimeError(`${what} has shape [${t.shape.join(", ")}]: expected [${n}] or [1]`);
  return contiguousOf(flat);
}
