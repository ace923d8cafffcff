/**
 * Complex tensors: made of two real ones, looked at as pairs of reals, conjugated. Everything else about them is either
 * pointwise (pointwise/complex.ts) or composed of real ops over their parts (complex_forms.ts).
 */
import {
  complex128,
  complex64,
  float64,
  getDefaultDtype,
  isDifferentiable,
  promoteTypes,
  Scalar,
  type DType,
} from "../dtype.ts";
import { RuntimeError } from "../errors.ts";
import { op, type Grads } from "../op.ts";
import { part, realOf } from "../pointwise/complex.ts";
import { e, input as leaf } from "../pointwise/expr.ts";
import { resultStrides } from "../pointwise/iteration.ts";
import { PointwiseKernel } from "../pointwise/kernel.ts";
import { commonDevice, complexGradients } from "../pointwise/op.ts";
import { broadcastShapes } from "../shape.ts";
import { empty, Tensor } from "../tensor.ts";
import { getRegistered } from "./complex_registered.ts";
import { eq, isNan, lt } from "./comparison.ts";
import { asContiguous, copyInto, to } from "./copy.ts";
import { zeros } from "./create.ts";
import { abs, cos, mul, neg, sign, sin, trueDivide, where } from "./pointwise.ts";
import { select } from "./view.ts";

export { realOf };

const number = (value: number): Scalar => new Scalar(value, "float");
const word = (dtype: DType): string => dtype.legacy.slice(6, -6);

/** complex64 for what computes in float32 or less. */
export const complexDtype = (dtype: DType): DType =>
  dtype.kind === "complex" ? dtype : dtype === float64 ? complex128 : complex64;

// Looking at the parts

export const viewAsReal = op({
  signature: "view_as_real(Tensor input) -> Tensor",
  doc: "Complex numbers as pairs of reals in a new last dim, over the same memory.",
  in: "torch",
  view: true,
  complex: true,
  forward(input: Tensor): Tensor {
    if (input.dtype.kind !== "complex") throw new RuntimeError("view_as_real is only supported for complex tensors");
    const strides = [...input.strides.map((s) => 2 * s), 1];
    return new Tensor(input.storage, [...input.shape, 2], strides, 2 * input.offset, realOf(input.dtype));
  },
  backward: (_saved, dy): Grads => ({ input: asComplex(dy) }),
});

export const viewAsComplex = op({
  signature: "view_as_complex(Tensor input) -> Tensor",
  doc: "Pairs of reals in the last dim as complex numbers, over the same memory.",
  in: "torch",
  view: true,
  complex: true,
  forward(input: Tensor): Tensor {
    if (input.dtype.kind !== "float" || input.dtype.size < 4) {
      throw new RuntimeError(
        "view_as_complex is only supported for half, float and double tensors, but got a tensor of scalar type: " +
          word(input.dtype),
      );
    }
    const last = input.rank - 1;
    if (last < 0) throw new RuntimeError("Input tensor must have one or more dimensions");
    if (input.shape[last] !== 2) throw new RuntimeError("Tensor must have a last dimension of size 2");
    if (input.strides[last] !== 1) throw new RuntimeError("Tensor must have a last dimension with stride 1");
    const strides = input.strides.slice(0, -1);
    if (strides.some((s) => s % 2)) {
      throw new RuntimeError("Tensor must have a stride divisible by 2 for all but last dimension");
    }
    if (input.offset % 2) throw new RuntimeError("Tensor must have a storage_offset divisible by 2");
    const halves = strides.map((s) => s / 2);
    return new Tensor(input.storage, input.shape.slice(0, -1), halves, input.offset / 2, complexDtype(input.dtype));
  },
  backward: (_saved, dy): Grads => ({
    input: dy.dtype.kind === "complex" ? viewAsReal(dy) : viewAsReal(toComplex(dy)),
  }),
});

/** Pairs of reals as complex numbers, copied first where they do not lie side by side. */
export function asComplex(pairs: Tensor): Tensor {
  const last = pairs.rank - 1;
  const fits =
    pairs.strides[last] === 1 && pairs.offset % 2 === 0 && pairs.strides.slice(0, -1).every((s) => s % 2 === 0);
  return viewAsComplex(fits ? pairs : asContiguous(pairs));
}

export const real = (t: Tensor): Tensor => (t.dtype.kind === "complex" ? select(viewAsReal(t), t.rank, 0) : t);

export function imag(t: Tensor): Tensor {
  if (t.dtype.kind !== "complex") {
    throw new RuntimeError("imag is not implemented for tensors with non-complex dtypes.");
  }
  return select(viewAsReal(t), t.rank, 1);
}

op({
  signature: "real(Tensor input) -> Tensor",
  doc: "The real part, over the same memory; a real tensor itself.",
  in: "torch",
  complex: true,
  forward: real,
});
op({
  signature: "imag(Tensor input) -> Tensor",
  doc: "The imaginary part, over the same memory.",
  in: "torch",
  complex: true,
  forward: imag,
});

// Making them

const joinKernel = new PointwiseKernel("complex", [leaf(0), leaf(1)], 2, 0);

export const complex = op({
  signature: "complex(Tensor real, Tensor imag) -> Tensor",
  doc: "real + imag * 1j.",
  in: "torch",
  complex: true,
  forward(re: Tensor, im: Tensor): Tensor {
    const bad = [re, im].some((t) => t.dtype.kind !== "float" || t.dtype.size < 4);
    if (bad) {
      throw new RuntimeError(
        `Expected both inputs to be Half, Float or Double tensors but got ${word(re.dtype)} and ${word(im.dtype)}`,
      );
    }
    if (re.dtype !== im.dtype) {
      throw new RuntimeError(
        `Expected object of scalar type ${word(re.dtype)} but got scalar type ${word(im.dtype)} for second argument`,
      );
    }
    const shape = broadcastShapes(re.shape, im.shape);
    const out = empty(shape, complexDtype(re.dtype), commonDevice([re, im]), resultStrides(shape, [re, im]));
    joinKernel.launch(re.dtype, [part(out, 0), part(out, 1)], [re, im], []);
    return out;
  },
  backward: ({ needs }, dy): Grads => ({
    real: needs.real ? real(dy) : null,
    imag: needs.imag ? (dy.dtype.kind === "complex" ? imag(dy) : zerosLikeReal(dy)) : null,
  }),
});

/** re + im * 1j, im zero when left out; complex tensors as they are. */
export function toComplex(re: Tensor, im: Tensor | null = null): Tensor {
  if (!im) return to(re, complexDtype(re.dtype));
  return complex(re, im);
}

op({
  signature: "polar(Tensor abs, Tensor angle) -> Tensor",
  doc: "abs * exp(angle * 1j).",
  in: "torch",
  complex: true,
  save: ["result"],
  forward: (size: Tensor, angle: Tensor): Tensor =>
    complex(mul(size, cos!(angle)) as Tensor, mul(size, sin!(angle)) as Tensor),
  backward({ result, needs }, dy): Grads {
    const back = conj(toComplex(dy));
    return {
      abs: needs.abs ? real(mul(back, sgn(result)) as Tensor) : null,
      // The real part of back * result * 1j.
      angle: needs.angle ? neg!(imag(mul(back, result) as Tensor)) : null,
    };
  },
});

export const zerosLikeReal = (t: Tensor): Tensor => zeros(t.shape, realOf(t.dtype), t.device);
export const complexLike = (t: Tensor, like: Tensor): Tensor => to(t, like.dtype);

// Conjugates, sizes and directions

const conjKernel = new PointwiseKernel("conj", [leaf(0), e.neg(leaf(1))], 2, 0);

const conjugate = op({
  signature: "conj_physical(Tensor input) -> Tensor",
  doc: "The complex conjugate, as a tensor of its own.",
  gradName: "ConjPhysical",
  complex: true,
  forward(input: Tensor): Tensor {
    if (input.dtype.kind !== "complex") return input;
    const out = empty(input.shape, input.dtype, input.device, resultStrides(input.shape, [input]));
    conjKernel.launch(realOf(input.dtype), [part(out, 0), part(out, 1)], [part(input, 0), part(input, 1)], []);
    return out;
  },
  backward: (_saved, dy): Grads => ({ input: conj(dy) }),
}) as (t: Tensor) => Tensor;

/** The conjugate; a real tensor itself. */
export const conj = (t: Tensor): Tensor => (t.dtype.kind === "complex" ? conjugate(t) : t);

op({
  signature: "_conj(Tensor input) -> Tensor",
  doc: "The complex conjugate. Unlike PyTorch's it is computed at once.",
  in: "_C",
  complex: true,
  gradName: "Conj",
  forward: conj,
});

/** A number of size one in the same direction; zero stays. */
export const sgn = op({
  signature: "sgn(Tensor input) -> Tensor",
  doc: "The sign of a real number; of a complex one its direction, with size one.",
  complex: true,
  forward(input: Tensor): Tensor {
    if (input.dtype.kind !== "complex") return sign!(input);
    const isZero = eq!(input, number(0));
    // A size of one where there is no direction: no gradient passes there, and none is NaN.
    const safe = where(isZero, number(1), input) as Tensor;
    return where(isZero, number(0), trueDivide(input, abs!(safe))) as Tensor;
  },
}) as (t: Tensor) => Tensor;

export const angle = op({
  signature: "angle(Tensor input) -> Tensor",
  doc: "The angle to the positive real axis, in radians.",
  complex: true,
  forward(input: Tensor): Tensor {
    if (input.dtype.kind !== "complex") {
      const x = isDifferentiable(input.dtype) ? input : to(input, promoteTypes(input.dtype, getDefaultDtype()));
      // Two numbers alone would make a tensor of the default dtype, and round pi to it.
      const flat = mul(to(lt!(x, number(0)), x.dtype), number(Math.PI)) as Tensor;
      return where(isNan(x), x, flat) as Tensor;
    }
    const isZero = eq!(input, number(0));
    const re = real(input);
    return getRegistered<Tensor>("atan2", imag(input), where(isZero, number(1), re));
  },
}) as (t: Tensor) => Tensor;

complexGradients.conj = conj;
complexGradients.real = real;
complexGradients.copyInto = copyInto;
complexGradients.own.set("abs", (saved, dy) => {
  const z = saved.input as Tensor;
  return { input: mul(dy, sgn(z)) as Tensor };
});
