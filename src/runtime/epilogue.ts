/**
 * A convolution, or a batch norm by running statistics, is held back until the next launch: where that is a norm, a sum
 * or an activation of the result, it is done in the same launch while the numbers are in the cache. Which of the results in
 * between are written is decided when the launch is published: those that somebody still has. Numbers are the same in
 * both cases. Nothing is held while a trace listens, and nothing on a GPU.
 */
import { float32 } from "./dtype.ts";
import type { Command, Held, Stream } from "./native/stream.ts";
import { observer } from "./observer.ts";
import type { PointwiseKernel } from "./pointwise/kernel.ts";
import { sameShape, type Shape } from "./shape.ts";
import type { Storage, Tensor } from "./tensor.ts";

/** What the kernels know by number: Activation in native/cpu/kernels/epilogue.h. */
const activations = new Map<string, number>(
  ["", "relu", "hardtanh", "hardswish", "hardsigmoid", "silu", "sigmoid"].map((name, i) => [name, i]),
);
/** Kernels that have a twin with an epilogue, and where their arguments name the result. */
const heads = new Map<string, number>([
  ["conv2d", 1],
  ["conv2d_points", 1],
  ["conv2d_rows", 1],
  ["conv2d_winograd", 1],
  ["batch_norm", 1],
]);

/** One launch as it is without the others. */
interface Step {
  command: Command;
  written: Storage;
  /** Where: the storage may be gone by the time that the launch is published. */
  pointer: number;
  /** What it adds to the epilogue of a launch before it. */
  part: { norm?: readonly number[]; residual?: number; activation?: readonly number[] };
}

/** of an epilogue: a norm, a sum, an activation, in this order. */
const rankOf = ({ part }: Step): number => (part.activation ? 3 : part.residual ? 2 : part.norm ? 1 : 0);

class HeldLaunches implements Held {
  readonly steps: Step[] = [];
  readonly shape: Shape;
  us = 0;
  readonly #reads: Storage[] = [];

  constructor(shape: Shape) {
    this.shape = shape;
  }

  get last(): Step {
    return this.steps[this.steps.length - 1]!;
  }

  add(step: Step, reads: readonly (Tensor | null)[], us: number): void {
    this.steps.push(step);
    this.us += us;
    // Freed memory is handed out in stream order, which one launch for several is not.
    for (const t of reads) if (t && this.#reads.push(t.storage)) t.storage.refs++;
  }

  writes(storage: Storage): boolean {
    return this.steps.some((step) => step.written === storage);
  }

  commands(): Command[] {
    const commands: Command[] = [];
    const { steps } = this;
    for (let first = 0, end = 1; first < steps.length; first = end++) {
      while (end < steps.length && isGone(steps[end - 1]!, steps[end]!)) end++;
      const fused = end > first + 1 ? inOne(steps.slice(first, end)) : null;
      if (fused) commands.push(fused);
      else for (let i = first; i < end; i++) commands.push(steps[i]!.command);
    }
    for (const storage of this.#reads) storage.release();
    return commands;
  }
}

/** Can nobody see what `step` writes once `next` is done? */
const isGone = (step: Step, next: Step): boolean => step.written === next.written || step.written.block === null;

function inOne(steps: readonly Step[]): Command | null {
  const { kernel, args } = steps[0]!.command;
  const at = heads.get(kernel);
  if (at === undefined) return null;
  const parts = Object.assign({}, ...steps.map((step) => step.part)) as Step["part"];
  const epilogue = [...(parts.norm ?? [0, 0, 0, 0, 0]), parts.residual ?? 0, ...(parts.activation ?? [0, 0, 0])];
  const out = steps[steps.length - 1]!.pointer;
  // A norm that comes first is the epilogue's own: what is left are its operands and sizes.
  const own = kernel === "batch_norm" ? [out, args[2]!, ...args.slice(7, 10)] : args.with(at, out);
  return { kernel: `${kernel}_epilogue`, args: [...epilogue, ...own] };
}

const heldBy = (stream: Stream): HeldLaunches | null => stream.held as HeldLaunches | null;

/** Does this tensor hold, in order, all that the last of the held launches writes? */
function isResult(t: Tensor, held: HeldLaunches): boolean {
  const { written } = held.last;
  return t.storage === written && t.nbytes === written.sizeBytes && t.dtype === float32 && t.isContiguous;
}

/** Launch what others may follow; `reads` are all tensors that it reads, `out` is fresh. */
export function launchHeld(
  kernel: string,
  out: Tensor,
  reads: readonly (Tensor | null)[],
  work: number,
  args: readonly number[],
): void {
  const stream = out.device.stream!;
  const held = new HeldLaunches(out.shape);
  const part = kernel === "batch_norm" ? { norm: [...args.slice(3, 7), args[10]!] } : {};
  stream.hold(held);
  held.add({ command: { kernel, args }, written: out.storage, pointer: out.pointer, part }, reads, work / 4000);
  out.storage.lastWrite = stream.count();
}

/** May launches into this tensor be held? */
export function canHold(out: Tensor): boolean {
  const { stream } = out.device;
  return out.dtype === float32 && !!stream?.has("conv2d_epilogue") && !stream.onLaunch && !observer.current;
}

/** Do the batch norm whose arguments these are with what is held, if it makes its `x`. */
export function followNorm(
  out: Tensor,
  x: Tensor,
  others: readonly (Tensor | null)[],
  args: readonly number[],
): boolean {
  const stream = out.device.stream!;
  const held = heldBy(stream);
  if (!held || rankOf(held.last) >= 1 || !isResult(x, held) || !sameShape(x.shape, held.shape)) return false;
  if (others.some((t) => t && held.writes(t.storage))) return false;
  const part = { norm: [...args.slice(3, 7), args[10]!] };
  held.add({ command: { kernel: "batch_norm", args }, written: out.storage, pointer: out.pointer, part }, others, 0);
  out.storage.lastWrite = stream.count();
  return true;
}

/** Do this pointwise launch, whose operands are contiguous and of one size, with what is held; `args` are its own. */
export function followPointwise(
  kernel: PointwiseKernel,
  out: Tensor,
  inputs: readonly Tensor[],
  params: readonly number[],
  args: () => number[],
): boolean {
  const stream = out.device.stream!;
  const held = heldBy(stream);
  if (!held || out.dtype !== float32) return false;
  let part: Step["part"];
  let others: readonly Tensor[] = [];
  const activation = activations.get(kernel.name);
  if (activation !== undefined && inputs.length === 1) {
    if (rankOf(held.last) >= 3 || !isResult(inputs[0]!, held)) return false;
    part = { activation: [activation, params[0] ?? 0, params[1] ?? 0] };
  } else if (kernel.isPlainSum && inputs.length === 2) {
    const at = isResult(inputs[0]!, held) ? 0 : 1;
    const other = inputs[1 - at]!;
    if (rankOf(held.last) >= 2 || !isResult(inputs[at]!, held)) return false;
    if (other.dtype !== float32 || other.numel !== out.numel) return false;
    if (held.writes(other.storage) || other.storage === out.storage) return false;
    part = { residual: other.pointer };
    others = [other];
  } else return false;
  // In place of something else than the result: that is written as it comes.
  if (out.storage !== held.last.written && (out.offset !== 0 || out.nbytes !== out.storage.sizeBytes)) return false;
  held.add(
    { command: { kernel: "pointwise", args: args() }, written: out.storage, pointer: out.pointer, part },
    others,
    0,
  );
  out.storage.lastWrite = stream.count();
  return true;
}
