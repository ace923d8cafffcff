/**
 * Kernels that only the CPU has (factorizations, Fourier transforms, special functions), for tensors wherever they live: on
 * a GPU their operands are copied to the host, computed there and copied back. It is slow, it waits, and traces say so.
 */
import { cpuDevice } from "./device.ts";
import { launch } from "./launch.ts";
import { empty, Tensor } from "./tensor.ts";
import { copiedTo, transferBytes } from "./transfer.ts";

/** What a trace adds to the name of such a kernel. */
export const ON_HOST = " (on the CPU, with copies)";

/** Matrices of up to so many rows and columns a GPU factorizes itself (native/cuda/kernels/linalg_small.h). */
const SMALL_MATRIX = 48;

/** The name of a kernel of linear algebra for matrices of this size, where a GPU has it for small ones alone. */
export function kernelForSize(kernel: string, like: Tensor, rows: number, columns = rows): string {
  const isSmall = Math.max(rows, columns) <= SMALL_MATRIX && like.device.type === "cuda";
  return isSmall ? `${kernel}_small` : kernel;
}

/** A tensor, contiguous, stands for its pointer; null for an absent one. */
export type LaunchArgument = number | Tensor | null;

/** `written` are only written, `updated` are read and written; both are among the arguments. */
export function launchAnywhere(
  kernel: string,
  written: readonly Tensor[],
  updated: readonly Tensor[],
  work: number,
  args: readonly LaunchArgument[],
): void {
  const outputs = [...written, ...updated];
  const { stream } = outputs[0]!.device;
  if (!stream || stream.has(kernel)) return launch(kernel, outputs, work, args.map(numberOf));
  const cpu = cpuDevice();
  const onHost = new Map<Tensor, Tensor>();
  const numbers = args.map((value) => {
    if (!(value instanceof Tensor)) return numberOf(value);
    let copy = onHost.get(value);
    if (!copy) {
      copy = written.includes(value) ? empty(value.shape, value.dtype, cpu) : copiedTo(cpu, value);
      onHost.set(value, copy);
    }
    return copy.pointer;
  });
  const hostOutputs = outputs.map((t) => onHost.get(t)!);
  launch(kernel, hostOutputs, work, numbers, kernel + ON_HOST);
  outputs.forEach((t, i) => transferBytes(t, hostOutputs[i]!));
}

const numberOf = (value: LaunchArgument): number => (value instanceof Tensor ? value.pointer : (value ?? 0));
