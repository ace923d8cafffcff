/** Launching native kernels and moving bytes between host and device: the few lines between ops and the stream. */
import type { DType } from "./dtype.ts";
import { RuntimeError } from "./errors.ts";
import type { ComputeDevice } from "./device.ts";
import { numberOfFloat8 } from "./float8_codes.ts";
import { forgetValues, getBytes, setBytes } from "./dry_values.ts";
import { observer } from "./observer.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Launch `kernel` with `args` (native/README.md lists them per kernel); `writes` are the tensors it writes. `work` is a
 * rough count of elementary operations: it decides when the engine is woken. Traces show `label`. Nothing happens on the
 * meta device.
 */
export function launch(
  kernel: string,
  writes: readonly Tensor[],
  work: number,
  args: readonly number[],
  label = kernel,
): void {
  const { device } = writes[0]!;
  const { stream } = device;
  if (!stream) {
    if (kernel === "fill_zero") setBytes(writes[0]!, new Uint8Array(writes[0]!.nbytes));
    else writes.forEach(forgetValues);
    return;
  }
  stream.begin(kernel, args.length, label).pushAll(args);
  const command = stream.end(work / 4000);
  for (const t of writes) t.storage.lastWrite = command;
}

/** Pointer of an optional tensor: 0 stands for absent. */
export const pointerOf = (t: Tensor | null | undefined): number => (t ? t.pointer : 0);

/** Copy bytes from the host into a contiguous tensor. Waits only for older readers of its memory. */
export function writeBytes(t: Tensor, bytes: Uint8Array): void {
  if (t.numel === 0) return;
  if (!t.device.stream) return setBytes(t, bytes);
  const { storage } = t;
  storage.hostWrites++;
  if (storage.packs) storage.packs.clear();
  const device = t.device as ComputeDevice;
  device.write(t.pointer, bytes, Math.max(storage.lastWrite, storage.block!.readyAfter));
}

/** Copy the bytes of a contiguous tensor to the host, waiting for the command that made them. */
export function readBytes(t: Tensor, target: Uint8Array, isCheck = false): void {
  if (t.device.stream) {
    if (t.numel > 0) (t.device as ComputeDevice).read(t.pointer, target, t.storage.lastWrite);
  } else if (t.numel > 0 && !getBytes(t, target)) {
    throw new RuntimeError("Cannot copy out of meta tensor; no data!");
  }
  if (!isCheck) observer.current?.readBytes?.(t, target);
}

/** A value of the first element, as a number, or a bigint where a number would not be exact. */
export function readScalar(t: Tensor, isCheck = false): number | bigint | boolean {
  readBytes(t, scalarBytes.subarray(0, t.dtype.size), isCheck);
  return decode(t.dtype, scalarView, 0);
}

const scalarBytes = new Uint8Array(16);
const scalarView = new DataView(scalarBytes.buffer);

export function decode(dtype: DType, view: DataView, at: number): number | bigint | boolean {
  switch (dtype.name) {
    case "float32":
      return view.getFloat32(at, true);
    case "float64":
      return view.getFloat64(at, true);
    case "float16":
      return halfToNumber(view.getUint16(at, true));
    case "bfloat16": {
      const word = new DataView(new ArrayBuffer(4));
      word.setUint32(0, view.getUint16(at, true) << 16, true);
      return word.getFloat32(0, true);
    }
    case "int64": {
      const value = view.getBigInt64(at, true);
      const number = Number(value);
      return Number.isSafeInteger(number) ? number : value;
    }
    case "int32":
      return view.getInt32(at, true);
    case "int16":
      return view.getInt16(at, true);
    case "int8":
      return view.getInt8(at);
    case "uint8":
      return view.getUint8(at);
    case "bool":
      return view.getUint8(at) !== 0;
    case "float8_e4m3fn":
    case "float8_e5m2":
      return numberOfFloat8(view.getUint8(at), dtype);
    default:
      throw new RuntimeError(`reading ${dtype.name} is not supported`);
  }
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
