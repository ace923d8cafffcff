/** Tensors from nothing: filled, counted, and from the host's bytes. */
import { arithmetic } from "../autograd/engine.ts";
import { defaultDevice, type Device } from "../device.ts";
import { bool, float32, float64, getDefaultDtype, int64, isFloat8, Scalar, type DType } from "../dtype.ts";
import { PythonError, RuntimeError } from "../errors.ts";
import { codeOfFloat8 } from "../float8_codes.ts";
import { launch, writeBytes } from "../launch.ts";
import { op } from "../op.ts";
import { part, realOf } from "../pointwise/complex.ts";
import { e, param } from "../pointwise/expr.ts";
import { bytesOf } from "../pointwise/float8.ts";
import { PointwiseKernel } from "../pointwise/kernel.ts";
import { resultStrides } from "../pointwise/iteration.ts";
import { formatShape, type Shape } from "../shape.ts";
import { empty as emptyTensor, Tensor } from "../tensor.ts";
import { complexGradients } from "../pointwise/op.ts";
import { fitting } from "./pointwise.ts";
import { castOf, copyInto, zerosLike } from "./copy.ts";

const fillKernel = new PointwiseKernel("fill", [param(0)], 0, 1);

/** Set every element. No tape. */
export function fillWith(t: Tensor, value: number | bigint): void {
  if (typeof value === "bigint" && !Number.isSafeInteger(Number(value))) fillLarge(t, value);
  else fillNumber(t, Number(value));
}

/** Kernel arguments are doubles: a larger integer travels as a tensor of one element. */
function fillLarge(t: Tensor, value: bigint): void {
  if (t.dtype.kind === "float") return fillNumber(t, Number(value));
  copyInto(t, integerTensor(value, t.device));
}

export function integerTensor(value: bigint, device: Device): Tensor {
  const one = emptyTensor([], int64, device);
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setBigInt64(0, value, true);
  writeBytes(one, new Uint8Array(bytes.buffer));
  return one;
}

function fillNumber(t: Tensor, value: number): void {
  if (isFloat8(t.dtype)) {
    fillNumber(bytesOf(t), codeOfFloat8(value, t.dtype));
  } else if (t.dtype.kind === "complex" && value !== 0) {
    fillComplex(t, value, 0);
  } else if (value === 0 && !Object.is(value, -0) && t.isContiguous) {
    if (t.numel > 0) launch("fill_zero", [t], t.nbytes / 8, [t.pointer, t.nbytes]);
  } else {
    fillKernel.launch(t.dtype, [t], [], [value]);
  }
}

function fillComplex(t: Tensor, re: number, im: number): void {
  fillKernel.launch(realOf(t.dtype), [part(t, 0)], [], [re]);
  fillKernel.launch(realOf(t.dtype), [part(t, 1)], [], [im]);
}

/** Set every element to what Python gave, which may be complex. */
function fillScalar(t: Tensor, value: Scalar): void {
  checkFits(value, t.dtype);
  if (value.kind !== "complex") fillWith(t, value.value);
  else if (t.dtype.kind === "complex") fillComplex(t, value.number, value.imaginary);
  else throw new RuntimeError(`value cannot be converted to type ${cName(t.dtype)} without overflow`);
}
const cNames: Record<string, string> = {
  float32: "float",
  float64: "double",
  float16: "c10::Half",
  bfloat16: "c10::BFloat16",
  int64: "int64_t",
  int32: "int",
  int16: "short",
  int8: "signed char",
  uint8: "uint8_t",
  float8_e4m3fn: "c10::Float8_e4m3fn",
  float8_e5m2: "c10::Float8_e5m2",
};
const cName = (dtype: DType): string => cNames[dtype.name] ?? dtype.name;

const largest: Record<string, number> = {
  float16: 65504,
  float8_e4m3fn: 448,
  float8_e5m2: 57344,
  bfloat16: 3.3895313892515355e38,
  float32: 3.4028234663852886e38,
};

/** A number that a dtype cannot hold is refused, not wrapped. Negative ones wrap in uint8, and anything is a bool. */
export function checkFits(value: Scalar, dtype: DType): void {
  if (value.kind === "complex" || dtype === bool || dtype.kind === "complex") return;
  const n = value.number;
  let fits = true;
  if (dtype.kind === "float") fits = !Number.isFinite(n) || Math.abs(n) <= (largest[dtype.name] ?? Infinity);
  else if (dtype.name === "uint8") fits = n > -256 && n < 256;
  else {
    const bound = 2 ** (8 * dtype.size - 1);
    fits = n >= -bound && (dtype.size === 8 ? n <= bound : n < bound);
  }
  if (!fits) throw new RuntimeError(`value cannot be converted to type ${cName(dtype)} without overflow`);
}

export function full(shape: Shape, value: number | bigint, dtype: DType, device: Device): Tensor {
  const out = emptyTensor(shape, dtype, device);
  fillWith(out, value);
  return out;
}
export const zeros = (shape: Shape, dtype: DType, device: Device): Tensor => full(shape, 0, dtype, device);

function checkSize(size: Shape): void {
  for (const n of size) {
    if (n < 0) throw new RuntimeError(`Trying to create tensor with negative dimension ${n}: ${formatShape(size)}`);
  }
}

export const emptyOp = op({
  signature: "empty(int[] size, Dtype? dtype, Device? device) -> Tensor",
  doc: "Uninitialised memory.",
  in: "_C",
  differentiable: false,
  forward(size: Shape, dtype: DType | null, device: Device | null): Tensor {
    checkSize(size);
    return emptyTensor(size, dtype ?? getDefaultDtype(), device ?? defaultDevice());
  },
});

export const emptyLike = op({
  signature: "_empty_like(Tensor input, Dtype? dtype, Device? device) -> Tensor",
  doc: "Uninitialised memory in the shape and memory order of input.",
  in: "_C",
  differentiable: false,
  forward: (input: Tensor, dtype: DType | null, device: Device | null): Tensor =>
    emptyTensor(input.shape, dtype ?? input.dtype, device ?? input.device, resultStrides(input.shape, [input])),
});

export const emptyStrided = op({
  signature: "empty_strided(int[] size, int[] stride, Dtype? dtype, Device? device) -> Tensor",
  doc: "Uninitialised memory with the given strides, in elements.",
  in: "_C",
  differentiable: false,
  forward(size: Shape, stride: Shape, dtype: DType | null, device: Device | null): Tensor {
    checkSize(size);
    let extent = 1;
    size.forEach((n, i) => (extent += (n - 1) * stride[i]!));
    if (size.includes(0)) extent = 0;
    const storage = emptyTensor([extent], dtype ?? getDefaultDtype(), device ?? defaultDevice());
    return new Tensor(storage.storage, size, stride, 0, storage.dtype);
  },
});

export const fullOp = op({
  signature: "full(int[] size, Scalar fill_value, Dtype? dtype, Device? device) -> Tensor",
  doc: "Every element the same number.",
  in: "_C",
  differentiable: false,
  forward(size: Shape, fill: Scalar, dtype: DType | null, device: Device | null): Tensor {
    checkSize(size);
    const out = emptyTensor(size, dtype ?? getDefaultDtype(), device ?? defaultDevice());
    fillScalar(out, fill);
    return out;
  },
});

// start + index * step, in the compute type of the result.
const arangeKernel = new PointwiseKernel("arange", [e.add(param(0), e.mul(e.iota(), param(1)))], 0, 2);
// Both halves count from their own end, so that the last element is exactly `end`, as PyTorch computes it.
const linspaceKernel = new PointwiseKernel(
  "linspace",
  [
    e.where(
      e.lt(e.iota(), param(3)),
      e.fma(param(2), e.iota(), param(0)),
      e.fma(e.neg(param(2)), e.sub(param(4), e.iota()), param(1)),
    ),
  ],
  0,
  5,
);

export const arange = op({
  signature: "arange(float start, float end, float step, Dtype dtype, Device? device) -> Tensor",
  doc: "Numbers from start up to, not including, end.",
  in: "_C",
  differentiable: false,
  forward(start: number, end: number, step: number, dtype: DType, device: Device | null): Tensor {
    if (dtype.kind === "bool" || dtype.kind === "complex") {
      const word = dtype.legacy.slice(6, -6);
      throw new PythonError("NotImplementedError", `"arange_cpu" not implemented for '${word}'`);
    }
    if (step === 0) throw new RuntimeError("step must be nonzero");
    if (!Number.isFinite(start) || !Number.isFinite(end)) {
      const shown = (n: number): string => String(n).replace("Infinity", "inf").replace("NaN", "nan");
      throw new RuntimeError(`unsupported range: ${shown(start)} -> ${shown(end)}`);
    }
    if (dtype.kind === "int") [start, end, step] = [start, end, step].map(Math.trunc) as [number, number, number];
    if (step === 0) throw new RuntimeError("step must be nonzero");
    if ((step > 0 && start > end) || (step < 0 && start < end)) {
      throw new RuntimeError("upper bound and lower bound inconsistent with step sign");
    }
    const out = emptyTensor([Math.ceil((end - start) / step)], dtype, device ?? defaultDevice());
    arangeKernel.launch(dtype, [out], [], [start, step]);
    return out;
  },
});

export const linspace = op({
  signature: "linspace(float start, float end, int steps, Dtype? dtype, Device? device) -> Tensor",
  doc: "Evenly spaced numbers from start to end, both included.",
  in: "_C",
  differentiable: false,
  forward(start: number, end: number, steps: number, dtype: DType | null, device: Device | null): Tensor {
    if (steps < 0) throw new RuntimeError("number of steps must be non-negative");
    if (dtype?.kind === "complex") {
      const complexOut = emptyTensor([steps], dtype, device ?? defaultDevice());
      copyInto(complexOut, linspace(start, end, steps, realOf(dtype), device));
      return complexOut;
    }
    const wanted = dtype ?? getDefaultDtype();
    // Whole numbers are the truncated positions, not positions of whole steps.
    const isInteger = wanted.kind === "int";
    const out = emptyTensor([steps], isInteger ? float64 : wanted, device ?? defaultDevice());
    if (steps === 1) fillWith(out, start);
    else {
      const step = (end - start) / (steps - 1);
      linspaceKernel.launch(
        out.dtype,
        [out],
        [],
        [start, end, out.dtype === float32 ? Math.fround(step) : step, Math.floor(steps / 2), steps - 1],
      );
    }
    return isInteger ? castOf(out, wanted) : out;
  },
});

/** Keep (0 elsewhere) where column - row {<=,>=} diagonal, over the last two dims of a contiguous tensor. */
const column = e.remainder(e.iota(), param(0));
const row = e.remainder(e.floor_divide(e.iota(), param(0)), param(1));
const distance = e.sub(column, row);
export const triangleMasks = {
  lower: new PointwiseKernel("tril_mask", [e.le(distance, param(2))], 0, 3),
  upper: new PointwiseKernel("triu_mask", [e.ge(distance, param(2))], 0, 3),
};
const diagonalKernel = new PointwiseKernel("eye", [e.eq(distance, 0)], 0, 2);

export const eye = op({
  signature: "eye(int n, int m, Dtype? dtype, Device? device) -> Tensor",
  doc: "Ones on the diagonal, zeros elsewhere.",
  in: "_C",
  differentiable: false,
  forward(n: number, m: number, dtype: DType | null, device: Device | null): Tensor {
    if (n < 0) throw new RuntimeError(`n must be greater or equal to 0, got ${n}`);
    if (m < 0) throw new RuntimeError(`m must be greater or equal to 0, got ${m}`);
    const out = emptyTensor([n, m], dtype ?? getDefaultDtype(), device ?? defaultDevice());
    // Counted in int64 whatever the result's dtype.
    if (out.dtype.kind === "complex") fillWith(out, 0);
    diagonalKernel.launch(int64, [out.dtype.kind === "complex" ? part(out, 0) : out], [], [m, n]);
    return out;
  },
});

export const fill_ = op({
  signature: "fill_(Tensor input, Operand value) -> Tensor",
  doc: "Set every element to a number.",
  in: "Tensor",
  mutates: true,
  mixesDevices: true,
  forward(input: Tensor, value: Scalar | Tensor): Tensor {
    if (value instanceof Tensor) {
      if (value.rank > 0) {
        throw new RuntimeError(
          `fill_ only supports 0-dimension value tensor but got tensor with ${value.rank} dimensions.`,
        );
      }
      copyInto(input, value);
    } else fillScalar(input, value);
    return input;
  },
  backward: ({ needs }, dy) => ({ input: needs.input ? zerosLike(dy) : null, value: needs.value ? dy : null }),
});

export const zero_ = op({
  signature: "zero_(Tensor input) -> Tensor",
  doc: "Set every element to zero.",
  in: "Tensor",
  mutates: true,
  forward(input: Tensor): Tensor {
    fillWith(input, 0);
    return input;
  },
  backward: (_saved, dy) => ({ input: zerosLike(dy) }),
});

fitting.check = checkFits;
complexGradients.zerosLike = zerosLike;
arithmetic.onesLike = (t) => full(t.shape, 1, t.dtype, t.device);
