/** Copies and casts: one pointwise kernel does them all, a memcpy where nothing changes. */
import { arithmetic } from "../autograd/engine.ts";
import { primitives } from "../autograd/inplace.ts";
import { defaultDevice, type CpuDevice, type Device } from "../device.ts";
import { complex64, float32, int16, int64, isFloat8, promoteTypes, type DType } from "../dtype.ts";
import { RuntimeError, NotImplementedError } from "../errors.ts";
import { copyValues } from "../dry_values.ts";
import { launch } from "../launch.ts";
import { copies, op, type Grads } from "../op.ts";
import { part, realOf } from "../pointwise/complex.ts";
import { constant, e, input } from "../pointwise/expr.ts";
import { bytesOf, decodeInto, encodeInto } from "../pointwise/float8.ts";
import { resultStrides } from "../pointwise/iteration.ts";
import { PointwiseKernel } from "../pointwise/kernel.ts";
import { checkNoOverlap } from "../pointwise/op.ts";
import { broadcastShapes, formatShape, sameShape } from "../shape.ts";
import { empty, Storage, Tensor } from "../tensor.ts";
import { copiedTo, transferBytes } from "../transfer.ts";

const copyKernel = new PointwiseKernel("copy", [input(0)], 1, 0);
const pairKernel = new PointwiseKernel("copy", [input(0), input(1)], 2, 0);
const nonzeroKernel = new PointwiseKernel("copy", [e.logical_or(e.ne(input(0), 0), e.ne(input(1), 0))], 2, 0);
const zeroKernel = new PointwiseKernel("zero", [constant(0)], 0, 0);

/** Overwrite `target` with `source`, converting its dtype and broadcasting. No tape, no checks. */
export function copyInto(target: Tensor, source: Tensor, nonBlocking = false): void {
  if (target.device !== source.device && !target.isMeta) {
    if (source.isMeta) throw new NotImplementedError("copying out of a meta tensor, which has no data,");
    return copyAcross(target, source, nonBlocking);
  }
  if (
    target.dtype === source.dtype &&
    sameShape(target.shape, source.shape) &&
    target.isContiguous &&
    source.isContiguous
  ) {
    if (target.numel > 0) {
      if (target.isMeta) return copyValues(target, source);
      launch("copy_bytes", [target], target.nbytes / 4, [target.pointer, source.pointer, target.nbytes]);
    }
    return;
  }
  if (isFloat8(target.dtype) || isFloat8(source.dtype)) return copyFloat8(target, source);
  if (target.dtype.kind === "complex" || source.dtype.kind === "complex") return copyParts(target, source);
  const common =
    target.dtype.kind === "float" || source.dtype.kind === "float"
      ? promoteTypes(target.dtype, source.dtype)
      : target.dtype;
  copyKernel.launch(common, [target], [source], []);
}

/** Eight-bit floats are bytes among themselves, and float32 on their way to anything else. */
function copyFloat8(target: Tensor, source: Tensor): void {
  if (target.dtype === source.dtype) return copyInto(bytesOf(target), bytesOf(source));
  if (isFloat8(target.dtype)) return encodeInto(target, castOf(source, float32));
  const wide = target.dtype === float32 && target.isContiguous && sameShape(target.shape, source.shape);
  const middle = wide ? target : empty(source.shape, float32, source.device);
  decodeInto(middle, source, () => empty(source.shape, int16, source.device));
  if (!wide) copyInto(target, middle);
}

/** Complex numbers are copied as pairs; towards a real dtype the real part goes, from one zeros come beside it. */
function copyParts(target: Tensor, source: Tensor): void {
  const dtype = realOf(promoteTypes(target.dtype, source.dtype));
  if (source.dtype.kind !== "complex") {
    copyInto(part(target, 0), source);
    zeroKernel.launch(dtype, [part(target, 1)], [], []);
  } else if (target.dtype === complex64 && source.dtype === complex64) {
    // Eight bytes each, whatever they mean.
    copyKernel.launch(int64, [withDtype(target, int64)], [withDtype(source, int64)], []);
  } else if (target.dtype.kind === "complex") {
    const inputs = [part(source, 0), part(source, 1)];
    pairKernel.launch(dtype, [part(target, 0), part(target, 1)], inputs, []);
  } else if (target.dtype.kind === "bool") {
    nonzeroKernel.launch(dtype, [target], [part(source, 0), part(source, 1)], []);
  } else {
    copyInto(target, part(source, 0));
  }
}

/** Bytes cross as they are; casts, broadcasts and strides happen on either side. */
function copyAcross(target: Tensor, source: Tensor, nonBlocking: boolean): void {
  if (!target.device.stream) return;
  if (target.dtype === source.dtype && sameShape(target.shape, source.shape)) {
    // The same order of the same bytes, whatever it is.
    const isDense = target.isContiguous || sameShape(target.strides, resultStrides(target.shape, [target]));
    if (isDense && sameShape(target.strides, source.strides)) return transferBytes(target, source, nonBlocking);
    if (target.isContiguous) return transferBytes(target, contiguousOf(source));
  }
  const packed = contiguousOf(source);
  copyInto(target, copiedTo(target.device, packed));
}

const withDtype = (t: Tensor, dtype: DType): Tensor => new Tensor(t.storage, t.shape, t.strides, t.offset, dtype);

/** A contiguous tensor with the same values: itself when it is contiguous already. */
export function contiguousOf(t: Tensor): Tensor {
  if (t.isContiguous) return t;
  const out = empty(t.shape, t.dtype, t.device);
  copyInto(out, t);
  return out;
}

/** `t` in another dtype, itself when it has it. No tape. */
export function castOf(t: Tensor, dtype: DType): Tensor {
  if (t.dtype === dtype) return t;
  const out = empty(t.shape, dtype, t.device, resultStrides(t.shape, [t]));
  copyInto(out, t);
  return out;
}

export const cast = op({
  signature: "_cast(Tensor input, Dtype dtype) -> Tensor",
  doc: "Convert to another dtype; the same dtype gives a copy.",
  in: "_C",
  gradName: "ToCopy",
  forward(input: Tensor, dtype: DType): Tensor {
    const out = empty(input.shape, dtype, input.device, resultStrides(input.shape, [input]));
    copyInto(out, input);
    return out;
  },
  backward: ({ needs, info }, dy) => ({ input: needs.input ? to(dy, info.input.dtype) : null }),
});

/** Convert only when needed; recorded on the tape. */
export function to(t: Tensor, dtype: DType): Tensor {
  return t.dtype === dtype ? t : cast(t, dtype);
}

export const toDevice = op({
  signature: "_to_device(Tensor input, Device? device, bool non_blocking=False) -> Tensor",
  doc: "A copy on another device.",
  in: "_C",
  gradName: "ToCopy",
  forward(input: Tensor, device: Device | null, nonBlocking = false): Tensor {
    const target = device ?? defaultDevice();
    const out = empty(input.shape, input.dtype, target, resultStrides(input.shape, [input]));
    copyInto(out, input, nonBlocking);
    return out;
  },
  backward: ({ info }, dy): Grads => ({
    input: dy.device === info.input.device ? dy : toDevice(dy, info.input.device),
  }),
});

export const pinMemory = op({
  signature: "_pin_memory(Tensor input) -> Tensor",
  doc: "A copy in memory that a GPU copies from by itself.",
  in: "_C",
  differentiable: false,
  forward(input: Tensor): Tensor {
    if (input.device.type !== "cpu") {
      throw new RuntimeError(`cannot pin '${input.dtype.legacy}' only dense CPU tensors can be pinned`);
    }
    const { pinned } = input.device as CpuDevice;
    if (!pinned) throw new RuntimeError("Cannot access accelerator device when none is available.");
    const strides = resultStrides(input.shape, [input]);
    const sizeBytes = input.nbytes;
    const storage = new Storage(input.device, sizeBytes, sizeBytes > 0 ? pinned.allocate(sizeBytes) : null);
    const out = new Tensor(storage, input.shape, strides, 0, input.dtype);
    copyInto(out, input);
    return out;
  },
});

export const clone = op({
  signature: "clone(Tensor input) -> Tensor",
  doc: "A copy with its own memory, in the layout of the input.",
  in: "_C",
  forward(input: Tensor): Tensor {
    const out = empty(input.shape, input.dtype, input.device, resultStrides(input.shape, [input]));
    copyInto(out, input);
    return out;
  },
  backward: (_saved, dy) => ({ input: dy }),
});

export const contiguous = op({
  signature: "_contiguous(Tensor input) -> Tensor",
  doc: "A copy in row-major order.",
  in: "_C",
  gradName: "Clone",
  forward(input: Tensor): Tensor {
    const out = empty(input.shape, input.dtype, input.device);
    copyInto(out, input);
    return out;
  },
  backward: (_saved, dy) => ({ input: dy }),
});

/** Row-major, recorded on the tape; itself when it is so already. */
export const asContiguous = (t: Tensor): Tensor => (t.isContiguous ? t : contiguous(t));

export const copy_ = op({
  signature: "copy_(Tensor input, Tensor src, bool non_blocking=False) -> Tensor",
  doc: "Overwrite with the values of src, converted and broadcast.",
  in: "Tensor",
  gradName: "CopyBackwards",
  mutates: true,
  mixesDevices: true,
  forward(input: Tensor, src: Tensor, nonBlocking = false): Tensor {
    const shape = broadcastShapes(input.shape, src.shape);
    checkNoOverlap(input);
    if (!sameShape(shape, input.shape)) {
      throw new RuntimeError(
        `output with shape ${formatShape(input.shape)} doesn't match the broadcast shape ${formatShape(shape)}`,
      );
    }
    copyInto(input, src, nonBlocking);
    return input;
  },
  // The old value is gone: its gradient is zero.
  backward: ({ needs }, dy) => ({ input: needs.input ? zerosLike(dy) : null, src: needs.src ? dy : null }),
});

/** Zeros in the shape of a gradient. */
export function zerosLike(t: Tensor): Tensor {
  const out = empty(t.shape, t.dtype, t.device);
  if (isFloat8(t.dtype)) {
    primitives.zero(out);
    return out;
  }
  zeroKernel.launch(
    out.dtype.kind === "complex" ? realOf(out.dtype) : out.dtype,
    [out.dtype.kind === "complex" ? part(out, 0) : out],
    [],
    [],
  );
  if (out.dtype.kind === "complex") zeroKernel.launch(realOf(out.dtype), [part(out, 1)], [], []);
  return out;
}

copies.clone = (t) => {
  const out = empty(t.shape, t.dtype, t.device, resultStrides(t.shape, [t]));
  copyInto(out, t);
  return out;
};
arithmetic.clone = copies.clone;
arithmetic.cast = to;
primitives.copyInto = copyInto;
primitives.zero = (t) => {
  if (t.isMeta || t.numel === 0) return;
  if (t.isContiguous) launch("fill_zero", [t], t.nbytes / 8, [t.pointer, t.nbytes]);
  else if (t.dtype.kind === "complex") for (const which of [0, 1] as const) primitives.zero(part(t, which));
  else if (isFloat8(t.dtype)) primitives.zero(bytesOf(t));
  else zeroKernel.launch(t.dtype, [t], [], []);
};
