/**
 * What a recurrent layer in one direction walks through: checked arguments, the steps as kernels read them, and the walk
 * composed of ops, which the tape records and every device can do.
 */
import { RuntimeError } from "../errors.ts";
import { pointerOf } from "../launch.ts";
import { formatShape, numelOf, sameShape, type Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { relu } from "./activation.ts";
import { contiguousOf } from "./copy.ts";
import { cat } from "./join.ts";
import { linear } from "./matmul.ts";
import { add, mul, sigmoid, sub, tanh } from "./pointwise.ts";
import { linearInt8, linearInt8Dynamic } from "./quantized.ts";
import { chunk, narrow, reshape, transpose } from "./view.ts";

/** The kernels' number of a cell, how many gates it has, and how many numbers of each unit its gradient wants. */
export interface Cell {
  name: string;
  mode: number;
  gates: number;
  kept: number;
  hasCell: boolean;
}
export const LSTM: Cell = { name: "lstm", mode: 0, gates: 4, kept: 4, hasCell: true };
export const GRU: Cell = { name: "gru", mode: 1, gates: 3, kept: 4, hasCell: false };
export const TANH: Cell = { name: "rnn", mode: 2, gates: 1, kept: 0, hasCell: false };
export const RELU: Cell = { name: "rnn", mode: 3, gates: 1, kept: 0, hasCell: false };

/** One layer in one direction: what its walk needs. `cell` is null but for an LSTM. */
export interface Walk {
  gates: Tensor;
  hidden: Tensor;
  cell: Tensor | null;
  weight: Tensor;
  bias: Tensor | null;
  /** Rows of each step. */
  sizes: readonly number[];
  order: Order;
  /** A weight of int8 meets states that are rounded in every step. */
  bytes: Bytes | null;
}

/** How states become integers: by the range of each row, of all rows together, or by a scale that is given. */
export interface Bytes {
  weightScale: Tensor;
  granularity: "row" | "tensor" | "given";
  quantMin: number;
  quantMax: number;
  scale: Tensor | null;
  zero: Tensor | null;
}

/** From the last step to the first; the rows of a sequence together, [batch, steps, ...], and not those of a step. */
interface Order {
  reverse: boolean;
  bySequence: boolean;
}

export const names = ["gates", "hidden", "cell", "weight", "bias"] as const;

/** Do steps begin with all sequences, and are there never more of them than before? */
export const areSorted = (sizes: readonly number[], batch: number): boolean =>
  sizes[0] === batch && sizes.every((n, t) => n >= 1 && n <= (sizes[t - 1] ?? batch));

export function walkOf(
  kind: Cell,
  gates: Tensor,
  hidden: Tensor,
  cell: Tensor | null,
  weight: Tensor,
  bias: Tensor | null,
  sizes: readonly number[] | null,
  reverse: boolean,
  bySequence: boolean,
  bytes: Bytes | null = null,
): Walk {
  const where = `[${kind.name}_sequence]`;
  const [batch, units] = hidden.shape as [number, number];
  const rows = kind.gates * units;
  const expects = (what: string, t: Tensor, shape: Shape): void => {
    if (!sameShape(t.shape, shape)) {
      throw new RuntimeError(`${where} got ${what} of shape ${formatShape(t.shape)}: expected ${formatShape(shape)}`);
    }
  };
  if (hidden.rank !== 2) throw new RuntimeError(`${where} got hidden of ${hidden.rank} dimensions: expected 2`);
  if (cell) expects("cell", cell, [batch, units]);
  expects("weight", weight, [rows, units]);
  if (bias) expects("bias", bias, [rows]);
  let each = sizes;
  if (each) {
    const total = each.reduce((a, b) => a + b, 0);
    if (!areSorted(each, batch) || bySequence) {
      throw new RuntimeError(`${where} got sizes ${formatShape(each)}: expected ${batch} first and never more after`);
    }
    expects("gates", gates, [total, rows]);
  } else {
    const steps = gates.shape[bySequence ? 1 : 0];
    if (steps === 0) throw new RuntimeError("Expected sequence length to be larger than 0 in RNN");
    expects("gates", gates, bySequence ? [batch, steps!, rows] : [steps!, batch, rows]);
    each = new Array<number>(steps!).fill(batch);
  }
  for (const t of [hidden, cell, bytes ? null : weight, bias]) {
    if (t && t.dtype !== gates.dtype) {
      throw new RuntimeError(`${where} got ${t.dtype.name} beside gates of ${gates.dtype.name}: expected one dtype`);
    }
  }
  return { gates, hidden, cell, weight, bias, sizes: each, order: { reverse, bySequence }, bytes };
}

/** Steps as the kernels read them: runs of equal ones, and their order. */
export function runsOf(sizes: readonly number[], reverse: boolean, bySequence: boolean): number[] {
  const runs: number[] = [];
  sizes.forEach((size, t) => {
    if (t > 0 && sizes[t - 1] === size) runs[runs.length - 2]!++;
    else runs.push(1, size);
  });
  return [runs.length / 2, ...runs, reverse ? 1 : 0, bySequence ? 1 : 0];
}
export const stepsOf = ({ sizes, order }: Walk): number[] => runsOf(sizes, order.reverse, order.bySequence);

/** A walk from gates as the kernels read a layer of one direction: the layer's words, then the direction's. */
export const commandOf = (
  w: Walk,
  output: Tensor,
  lastHidden: Tensor,
  lastCell: number,
  kept: number,
  cells: number,
  packedWeight: () => number,
): number[] => {
  const units = w.hidden.shape[1]!;
  const { gates, hidden, cell, bias } = contiguousParts(w);
  return [
    ...[1, units, 0, output.pointer, units, lastHidden.pointer, lastCell, kept, cells],
    ...[gates.pointer, 0, 0, hidden.pointer, pointerOf(cell), packedWeight(), pointerOf(bias)],
  ];
};

export const leadOf = (gates: Tensor): Shape => gates.shape.slice(0, -1);
export const rowsOf = (gates: Tensor): number => numelOf(leadOf(gates));
export const flopsOf = (w: Walk): number => (2 * w.gates.numel * w.hidden.shape[1]!) / 16;

/** What kernels read; packed weights come last, since memory that is asked for later may cost them theirs. */
export const contiguousParts = ({ gates, hidden, cell, bias }: Walk) => ({
  gates: contiguousOf(gates),
  hidden: contiguousOf(hidden),
  cell: cell && contiguousOf(cell),
  bias: bias && contiguousOf(bias),
});

function productOf({ weight, bias, bytes }: Walk, hidden: Tensor): Tensor {
  if (!bytes) return linear(hidden, weight, bias);
  const { weightScale, granularity, quantMin, quantMax, scale, zero } = bytes;
  if (granularity !== "given") return linearInt8Dynamic(hidden, weight, weightScale, bias, null, granularity, quantMax);
  const floats = hidden.dtype;
  return linearInt8(
    hidden,
    scale!,
    zero!,
    weight,
    weightScale,
    null,
    bias,
    null,
    null,
    floats,
    false,
    quantMin,
    quantMax,
  );
}

/** One step of `kind` in ops: the new states, hidden first. */
function stepInOps(kind: Cell, w: Walk, fromInput: Tensor, state: readonly Tensor[]): Tensor[] {
  const fromHidden = productOf(w, state[0]!);
  if (kind === LSTM) {
    const [i, f, g, o] = chunk(add(fromInput, fromHidden) as Tensor, 4, -1) as [Tensor, Tensor, Tensor, Tensor];
    const cell = add(mul(sigmoid!(f), state[1]!), mul(sigmoid!(i), tanh!(g))) as Tensor;
    return [mul(sigmoid!(o), tanh!(cell)) as Tensor, cell];
  }
  if (kind === GRU) {
    const [xr, xz, xn] = chunk(fromInput, 3, -1) as [Tensor, Tensor, Tensor];
    const [hr, hz, hn] = chunk(fromHidden, 3, -1) as [Tensor, Tensor, Tensor];
    const reset = sigmoid!(add(xr, hr) as Tensor);
    const update = sigmoid!(add(xz, hz) as Tensor);
    const fresh = tanh!(add(xn, mul(reset, hn)) as Tensor);
    return [add(mul(sub(state[0]!, fresh), update), fresh) as Tensor];
  }
  const total = add(fromInput, fromHidden) as Tensor;
  return [kind === RELU ? relu(total) : tanh!(total)];
}

/** The walk in ops, which the tape records: [output, last hidden, last cell if there is one]. */
export function walkInOps(kind: Cell, w: Walk): Tensor[] {
  const { sizes, order } = w;
  const byStep = order.bySequence ? transpose(w.gates, 0, 1) : w.gates;
  const flat = reshape(byStep, [rowsOf(byStep), byStep.shape.at(-1)!]);
  const starts: number[] = [];
  sizes.reduce((at, size) => (starts.push(at), at + size), 0);
  const start = w.cell ? [w.hidden, w.cell] : [w.hidden];
  const first = (n: number, t: Tensor): Tensor => (t.shape[0] === n ? t : narrow(t, 0, 0, n));
  const outputs: Tensor[] = [];
  /** States of the sequences that are over, shortest last. */
  const finished: Tensor[][] = [];
  const times = sizes.map((_, t) => (order.reverse ? sizes.length - 1 - t : t));
  let state = start.map((t) => first(sizes[times[0]!]!, t));
  for (const t of times) {
    const size = sizes[t]!;
    const before = state[0]!.shape[0]!;
    if (size > before) {
      state = state.map((now, k) => cat([now, narrow(start[k]!, 0, before, size - before)]));
    } else if (size < before) {
      finished.unshift(state.map((now) => narrow(now, 0, size, before - size)));
      state = state.map((now) => first(size, now));
    }
    state = stepInOps(kind, w, narrow(flat, 0, starts[t]!, size), state);
    outputs[t] = state[0]!;
  }
  const last = state.map((now, k) => (finished.length ? cat([now, ...finished.map((part) => part[k]!)]) : now));
  const output = reshape(cat(outputs), [...leadOf(byStep), w.hidden.shape[1]!]);
  return [order.bySequence ? transpose(output, 0, 1) : output, ...last];
}
