/** Shapes as people read them: "[B, T, 64]", and "float16[2, 16, 64]" where the dtype is worth a word. Pure. */
import type { LineHint, TensorShape } from "../../protocol/analysis.ts";

export function dimsText({ shape, dims }: TensorShape, useNames: boolean): string {
  return `[${(useNames ? (dims ?? shape) : shape).join(", ")}]`;
}

/** The dtype where it is not the default one, the device where it is not where everything is. */
export function tensorText(tensor: TensorShape, useNames: boolean): string {
  const dtype = tensor.dtype === "float32" ? "" : tensor.dtype;
  const device = isPlainDevice(tensor.device) ? "" : ` ${tensor.device}`;
  return `${dtype}${dimsText(tensor, useNames)}${device}`;
}

/** Shapes are found on the meta device, where every tensor of the default device then lives. */
function isPlainDevice(device: string): boolean {
  return device === "meta" || device === "cpu";
}

/** "[B, 3, 64]", or of a loop that changes it "[B, 3, 64] … [B, 3, 8]". */
export function hintText(hint: LineHint, useNames: boolean): string {
  const last = tensorText(hint, useNames);
  if (!hint.first) return last;
  const first = tensorText(hint.first, useNames);
  return first === last ? last : `${first} … ${last}`;
}

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];

export function bytesText(bytes: number): string {
  const unit = bytes === 0 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** unit;
  return `${unit === 0 ? value : value.toPrecision(3)} ${UNITS[unit]}`;
}

/** "786 K", "1.34 G". */
export function countText(count: number): string {
  const steps = ["", " K", " M", " G", " T", " P"];
  const step = count < 1000 ? 0 : Math.min(steps.length - 1, Math.floor(Math.log10(count) / 3));
  const value = count / 1000 ** step;
  return `${step === 0 ? value : value.toPrecision(3)}${steps[step]}`;
}
