/**
 * Recurrent layers over whole sequences: one layer in one direction is one launch, forward and backward. The walk in ops
 * stands beside the kernels: for second derivatives, other dtypes, devices without them.
 */
import { runBackward } from "../autograd/engine.ts";
import { gradMode } from "../autograd/mode.ts";
import { float32, float64, type DType } from "../dtype.ts";
import { launch, pointerOf } from "../launch.ts";
import { op, type Grads } from "../op.ts";
import { packOf } from "../packs.ts";
import type { Shape } from "../shape.ts";
import { empty, type Tensor } from "../tensor.ts";
import { contiguousOf } from "./copy.ts";
import { zeros } from "./create.ts";
import { cat, stack } from "./join.ts";
import { gemm, linear } from "./matmul.ts";
import { dropout as dropoutOf } from "./random.ts";
import { flopsOfNetwork, layersByKernel, type LayerKernel, type Matrix, type Network } from "./recurrent_layers.ts";
import {
  commandOf,
  contiguousParts,
  flopsOf,
  GRU,
  leadOf,
  LSTM,
  names,
  RELU,
  rowsOf,
  stepsOf,
  TANH,
  walkInOps,
  walkOf,
  type Cell,
  type Walk,
} from "./recurrent_walk.ts";
import { sum } from "./reduce.ts";
import { aliasOf, select, transpose, unsqueeze, view } from "./view.ts";

/** Do the kernels take it? The meta device takes everything. */
const kernelTakes = ({ dtype, device }: Tensor): boolean =>
  (dtype === float32 || dtype === float64) && device.stream?.has("recurrent_sequence") !== false;
const hasKernel = ({ gates }: Walk): boolean => kernelTakes(gates);

/** Units stand in panels as wide as the machine's vectors; this holds them on every machine. */
const WIDEST_PANEL = 64;

/** What a packed weight is multiplied with. */
const STATE = 0;
const INPUT = 1;
const BACK = 2;

const layouts = [LSTM, GRU, TANH, RELU].map(({ mode }) =>
  [STATE, INPUT, BACK].map((use) => `recurrent ${mode} ${use}`),
);

function packedWeight(kind: Cell, weight: Tensor, use: number): number {
  const [rows, depth] = weight.shape as [number, number];
  const units = rows / kind.gates;
  const columns = Math.ceil(units / WIDEST_PANEL) * WIDEST_PANEL;
  const bytes = columns * kind.gates * depth * weight.dtype.size;
  return packOf(weight, layouts[kind.mode]![use]!, bytes, (pack) =>
    launch("recurrent_pack", [pack], weight.numel, [
      weight.dtype.id,
      pack.pointer,
      contiguousOf(weight).pointer,
      kind.mode,
      units,
      depth,
      use,
    ]),
  );
}

/** [output, last hidden, last cell, kept, cells]; the last two are empty unless a gradient will want them. */
function walkByKernel(kind: Cell, w: Walk, keeps: boolean): Tensor[] {
  const { dtype, device } = w.gates;
  const units = w.hidden.shape[1]!;
  const lead = leadOf(w.gates);
  const made = (shape: Shape): Tensor => empty(shape, dtype, device);
  const output = made([...lead, units]);
  const lastHidden = made(w.hidden.shape);
  const lastCell = made(kind.hasCell ? w.hidden.shape : [0]);
  const kept = made(keeps && kind.kept > 0 ? [...lead, kind.kept * units] : [0]);
  const cells = made(keeps && kind.hasCell ? [...lead, units] : [0]);
  const results = [output, lastHidden, lastCell, kept, cells];
  if (output.numel === 0) return results;
  const optional = (t: Tensor): number => (t.numel === 0 ? 0 : t.pointer);
  const words = commandOf(w, output, lastHidden, optional(lastCell), optional(kept), optional(cells), () =>
    packedWeight(kind, w.weight, STATE),
  );
  launch("recurrent_sequence", results, flopsOf(w), [dtype.id, kind.mode, ...words, ...stepsOf(w)]);
  return results;
}

/** Of the walk forward: what its kernel gave for the one back. */
interface Kept {
  output: Tensor;
  kept?: Tensor;
  cells?: Tensor;
}
type Wanted = Record<(typeof names)[number], boolean>;

/** Gradients by a walk that is recorded and then walked back, for when they are differentiated again. */
function gradientsInOps(kind: Cell, w: Walk, dys: readonly (Tensor | null)[], needs: Wanted): Grads {
  // Under names of their own, so that a path from one to the other outside of the walk is not counted twice.
  const inner = { ...w };
  const asked = names.filter((name) => needs[name] && w[name]);
  const createGraph = gradMode.set(true);
  let results: Tensor[];
  try {
    for (const name of asked) inner[name] = aliasOf(w[name]!);
    results = walkInOps(kind, inner);
  } finally {
    gradMode.set(createGraph);
  }
  const used = results.flatMap((_, i) => (dys[i] ? [i] : []));
  const found = runBackward(
    used.map((i) => results[i]!),
    used.map((i) => dys[i]!),
    { retainGraph: true, createGraph, inputs: asked.map((name) => inner[name]!) },
  );
  for (const t of found) t?.release();
  return Object.fromEntries(asked.map((name, i) => [name, found[i] ?? null]));
}

/** What the kernel of the way back gives; `saved` are output, kept and cells of the walk. */
function gradientsByKernel(kind: Cell, w: Walk, saved: Kept, dys: readonly (Tensor | null)[], needs: Wanted): Grads {
  const { dtype, device } = w.gates;
  const [batch, units] = w.hidden.shape as [number, number];
  const rows = rowsOf(w.gates);
  const made = (shape: Shape): Tensor => empty(shape, dtype, device);
  const optional = (t: Tensor | null): number => (t ? contiguousOf(t).pointer : 0);
  const dgates = made(w.gates.shape);
  // A GRU's reset gate stands between the state's product and its gate: their gradients differ.
  const dproducts = kind === GRU ? made(w.gates.shape) : dgates;
  const wantsWeight = needs.weight;
  const previous = wantsWeight ? made([rows, units]) : null;
  const dhidden = made([batch, units]);
  const carried = made([batch, units]);
  const { hidden, cell } = contiguousParts(w);
  const given = [0, 1, 2].map((i) => optional(dys[i] ?? null));
  if (rows > 0) {
    launch("recurrent_backward", [dgates, dproducts, dhidden, carried], 2 * flopsOf(w), [
      dtype.id,
      kind.mode,
      dgates.pointer,
      dproducts.pointer,
      pointerOf(previous),
      dhidden.pointer,
      carried.pointer,
      ...given,
      saved.output.pointer,
      pointerOf(saved.kept),
      pointerOf(saved.cells),
      hidden.pointer,
      pointerOf(cell),
      packedWeight(kind, w.weight, BACK),
      units,
      ...stepsOf(w),
    ]);
  }
  const products = view(dproducts, [rows, kind.gates * units]);
  const dweight = wantsWeight ? made(w.weight.shape) : null;
  if (dweight) gemm(dweight, transpose(products, 0, 1), previous!);
  return {
    gates: dgates,
    hidden: dhidden,
    cell: kind.hasCell ? carried : null,
    weight: dweight,
    bias: needs.bias ? sum(products, [0]) : null,
  };
}

function gradientsOf(kind: Cell, w: Walk, saved: Kept, dys: readonly (Tensor | null)[], needs: Wanted): Grads {
  const isReady = hasKernel(w) && (kind.kept === 0 || saved.kept!.numel > 0 || saved.output.numel === 0);
  if (gradMode.enabled || !isReady) return gradientsInOps(kind, w, dys, needs);
  return gradientsByKernel(kind, w, saved, dys, needs);
}

const costOf = (gates: Tensor, hidden: Tensor) => ({ flops: 2 * gates.numel * hidden.shape[1]! });

const lstmSequence = op({
  signature:
    "_lstm_sequence(Tensor gates, Tensor hidden, Tensor cell, Tensor weight, Tensor? bias=None, int[]? sizes=None, bool reverse=False, bool by_sequence=False, bool keeps=False) -> (Tensor output, Tensor last_hidden, Tensor last_cell, Tensor kept, Tensor cells)",
  doc: "One LSTM layer in one direction, from what its inputs give its gates; keeps says that a gradient will be wanted.",
  in: "_C",
  gradName: "Lstm",
  save: ["gates", "hidden", "cell", "weight", "bias", "output", "kept", "cells"],
  forward(
    gates: Tensor,
    hidden: Tensor,
    cell: Tensor,
    weight: Tensor,
    bias: Tensor | null = null,
    sizes: readonly number[] | null = null,
    reverse = false,
    bySequence = false,
    keeps = false,
  ): Tensor[] {
    return walkByKernel(LSTM, walkOf(LSTM, gates, hidden, cell, weight, bias, sizes, reverse, bySequence), keeps);
  },
  backward(saved) {
    const { gates, hidden, cell, weight, bias, sizes, reverse, by_sequence: bySequence, needs, dys } = saved;
    const w = walkOf(LSTM, gates, hidden, cell, weight, bias, sizes, reverse, bySequence);
    return gradientsOf(LSTM, w, saved as unknown as Kept, dys.slice(0, 3), needs);
  },
  cost: costOf,
});

const gruSequence = op({
  signature:
    "_gru_sequence(Tensor gates, Tensor hidden, Tensor weight, Tensor? bias=None, int[]? sizes=None, bool reverse=False, bool by_sequence=False, bool keeps=False) -> (Tensor output, Tensor last_hidden, Tensor kept)",
  doc: "One GRU layer in one direction, from what its inputs give its gates; keeps says that a gradient will be wanted.",
  in: "_C",
  gradName: "Gru",
  save: ["gates", "hidden", "weight", "bias", "output", "kept"],
  forward(
    gates: Tensor,
    hidden: Tensor,
    weight: Tensor,
    bias: Tensor | null = null,
    sizes: readonly number[] | null = null,
    reverse = false,
    bySequence = false,
    keeps = false,
  ): Tensor[] {
    const w = walkOf(GRU, gates, hidden, null, weight, bias, sizes, reverse, bySequence);
    const [output, last, , kept] = walkByKernel(GRU, w, keeps) as [Tensor, Tensor, Tensor, Tensor];
    return [output, last, kept];
  },
  backward(saved) {
    const { gates, hidden, weight, bias, sizes, reverse, by_sequence: bySequence, needs, dys } = saved;
    const w = walkOf(GRU, gates, hidden, null, weight, bias, sizes, reverse, bySequence);
    return gradientsOf(GRU, w, saved as unknown as Kept, dys.slice(0, 2), { ...needs, cell: false });
  },
  cost: costOf,
});

const rnnSequence = op({
  signature:
    "_rnn_sequence(Tensor gates, Tensor hidden, Tensor weight, Tensor? bias=None, int[]? sizes=None, bool reverse=False, bool by_sequence=False, bool is_relu=False) -> (Tensor output, Tensor last_hidden)",
  doc: "One plain recurrent layer in one direction, from what its inputs give: h = tanh or relu (gates + weight h + bias).",
  in: "_C",
  gradName: "Rnn",
  save: ["gates", "hidden", "weight", "bias", "output"],
  forward(
    gates: Tensor,
    hidden: Tensor,
    weight: Tensor,
    bias: Tensor | null = null,
    sizes: readonly number[] | null = null,
    reverse = false,
    bySequence = false,
    isRelu = false,
  ): Tensor[] {
    const kind = isRelu ? RELU : TANH;
    return walkByKernel(kind, walkOf(kind, gates, hidden, null, weight, bias, sizes, reverse, bySequence), false).slice(
      0,
      2,
    );
  },
  backward(saved) {
    const { gates, hidden, weight, bias, sizes, reverse, by_sequence: bySequence, is_relu: isRelu, needs, dys } = saved;
    const kind = isRelu ? RELU : TANH;
    const w = walkOf(kind, gates, hidden, null, weight, bias, sizes, reverse, bySequence);
    return gradientsOf(kind, w, saved as unknown as Kept, dys, { ...needs, cell: false });
  },
  cost: costOf,
});

/** One layer in one direction: [output, last states...]. */
type Layer = (x: Tensor, states: Tensor[], walk: number, reverse: boolean, bySequence: boolean) => Tensor[];

/** Layers on top of each other, in one direction or both: [output, last states of all layers and directions...]. */
export function networkOf(network: Network, layer: Layer): Tensor[] {
  const { input, states, sizes, nWalks, nDirections, units, dropout, batchFirst } = network;
  const drops = dropout > 0 && nWalks > nDirections;
  // Random numbers are drawn in the order of memory, which is PyTorch's: steps first.
  const isTurned = batchFirst && drops;
  const bySequence = batchFirst && !isTurned;
  const batch = sizes ? sizes[0]! : input.shape[batchFirst ? 0 : 1]!;
  let zero: Tensor | null = null;
  const start = (given: Tensor | null, walk: number): Tensor =>
    given ? select(given, 0, walk) : (zero ??= zeros([batch, units], input.dtype, input.device));
  const lasts = states.map((): Tensor[] => []);
  let x = isTurned ? transpose(input, 0, 1) : input;
  for (let walk = 0; walk < nWalks; walk += nDirections) {
    if (drops && walk > 0) x = dropoutOf(x, dropout);
    const outputs: Tensor[] = [];
    for (let d = 0; d < nDirections; d++) {
      const first = states.map((given) => start(given, walk + d));
      const [output, ...last] = layer(x, first, walk + d, d === 1, bySequence) as [Tensor, ...Tensor[]];
      outputs.push(output);
      lasts.forEach((parts, which) => parts.push(last[which]!));
    }
    x = outputs.length === 1 ? outputs[0]! : cat(outputs, -1);
  }
  const joined = lasts.map((parts) => (parts.length === 1 ? unsqueeze(parts[0]!, 0) : stack(parts)));
  return [isTurned ? transpose(x, 0, 1) : x, ...joined];
}

/** Weights and biases as modules hold them: of each walk both weights, then both biases. */
function matricesOf(weights: readonly Tensor[], hasBiases: boolean): Matrix[] {
  const found: Matrix[] = [];
  const per = hasBiases ? 4 : 2;
  for (let at = 0; at < weights.length; at += per) {
    for (let side = at; side < at + 2; side++) {
      found.push({ weight: weights[side]!, bias: hasBiases ? weights[side + 2]! : null, scale: null });
    }
  }
  return found;
}

const realKernel = (kind: Cell, dtype: DType): LayerKernel => ({
  name: "recurrent_sequence",
  head: [dtype.id, kind.mode],
  perWork: 12,
  layoutOf: (isInput) => layouts[kind.mode]![isInput ? INPUT : STATE]!,
  pack: (weight, isInput) => packedWeight(kind, weight, isInput ? INPUT : STATE),
});

/** The network of floats: each layer is one product for all steps, then the walk. */
function floatNetwork(
  kind: Cell,
  input: Tensor,
  states: readonly (Tensor | null)[],
  sizes: readonly number[] | null,
  weights: readonly Tensor[],
  hasBiases: boolean,
  bidirectional: boolean,
  dropout: number,
  batchFirst: boolean,
): Tensor[] {
  const per = hasBiases ? 4 : 2;
  const network = {
    input,
    states,
    sizes,
    nWalks: weights.length / per,
    nDirections: bidirectional ? 2 : 1,
    units: weights[1]!.shape[1]!,
    dropout,
    batchFirst,
  };
  const isRecorded = gradMode.enabled && [input, ...states, ...weights].some((t) => t?.requiresGrad);
  const isPlain = dropout === 0 || weights.length / per <= network.nDirections;
  if (!isRecorded && isPlain && kernelTakes(input)) {
    const found = layersByKernel(kind, network, matricesOf(weights, hasBiases), realKernel(kind, input.dtype));
    if (found) return found;
  }
  return networkOf(network, (x, [hidden, cell = null], walk, reverse, bySequence) => {
    const own: (Tensor | undefined)[] = weights.slice(walk * per, (walk + 1) * per);
    const [inputWeight, weight, inputBias = null, bias = null] = own;
    const gates = linear(x, inputWeight!, inputBias);
    const w = walkOf(kind, gates, hidden!, cell, weight!, bias, sizes, reverse, bySequence);
    if (!hasKernel(w)) return walkInOps(kind, w);
    const keeps = gradMode.enabled && [gates, hidden, cell, weight, bias].some((t) => t?.requiresGrad);
    if (kind === LSTM) return lstmSequence(gates, hidden!, cell!, weight!, bias, sizes, reverse, bySequence, keeps);
    if (kind === GRU) return gruSequence(gates, hidden!, weight!, bias, sizes, reverse, bySequence, keeps);
    return rnnSequence(gates, hidden!, weight!, bias, sizes, reverse, bySequence, kind === RELU);
  });
}

export const theNetwork = "over sequences [steps, batch, features], batch first, or packed with the sizes of steps";

// Sizes stand before weights: lists reach the runtime through one room, and only tensors may still lie in it at the call.
export const lstmNetwork = op({
  signature:
    "_lstm(Tensor input, Tensor? hidden, Tensor? cell, int[]? sizes, Tensor[] weights, bool has_biases=True, bool bidirectional=False, float dropout=0.0, bool batch_first=False) -> (Tensor output, Tensor last_hidden, Tensor last_cell)",
  doc: `LSTM layers on top of each other, ${theNetwork}.`,
  in: "_C",
  forward: (
    input: Tensor,
    hidden: Tensor | null,
    cell: Tensor | null,
    sizes: readonly number[] | null,
    weights: Tensor[],
    hasBiases = true,
    bidirectional = false,
    dropout = 0,
    batchFirst = false,
  ): Tensor[] =>
    floatNetwork(LSTM, input, [hidden, cell], sizes, weights, hasBiases, bidirectional, dropout, batchFirst),
  cost: (input, _hidden, _cell, _sizes, weights) => ({ flops: flopsOfNetwork(input, weights) }),
});

export const gruNetwork = op({
  signature:
    "_gru(Tensor input, Tensor? hidden, int[]? sizes, Tensor[] weights, bool has_biases=True, bool bidirectional=False, float dropout=0.0, bool batch_first=False) -> (Tensor output, Tensor last_hidden)",
  doc: `GRU layers on top of each other, ${theNetwork}.`,
  in: "_C",
  forward: (
    input: Tensor,
    hidden: Tensor | null,
    sizes: readonly number[] | null,
    weights: Tensor[],
    hasBiases = true,
    bidirectional = false,
    dropout = 0,
    batchFirst = false,
  ): Tensor[] => floatNetwork(GRU, input, [hidden], sizes, weights, hasBiases, bidirectional, dropout, batchFirst),
  cost: (input, _hidden, _sizes, weights) => ({ flops: flopsOfNetwork(input, weights) }),
});

export const rnnNetwork = op({
  signature:
    "_rnn(Tensor input, Tensor? hidden, int[]? sizes, Tensor[] weights, bool has_biases=True, bool bidirectional=False, float dropout=0.0, bool batch_first=False, bool is_relu=False) -> (Tensor output, Tensor last_hidden)",
  doc: `Plain recurrent layers on top of each other, ${theNetwork}.`,
  in: "_C",
  forward: (
    input: Tensor,
    hidden: Tensor | null,
    sizes: readonly number[] | null,
    weights: Tensor[],
    hasBiases = true,
    bidirectional = false,
    dropout = 0,
    batchFirst = false,
    isRelu = false,
  ): Tensor[] => {
    const kind = isRelu ? RELU : TANH;
    return floatNetwork(kind, input, [hidden], sizes, weights, hasBiases, bidirectional, dropout, batchFirst);
  },
  cost: (input, _hidden, _sizes, weights) => ({ flops: flopsOfNetwork(input, weights) }),
});
