/**
 * Layers on top of each other where no gradient is wanted: each is one launch, its inputs' products and both directions
 * within. Says no to what kernels do not take; shape errors are then found, and worded, on the way that takes everything.
 */
import { launch, pointerOf } from "../launch.ts";
import { findPack } from "../packs.ts";
import { sameShape, type Shape } from "../shape.ts";
import { empty, type Tensor } from "../tensor.ts";
import { contiguousOf } from "./copy.ts";
import { areSorted, runsOf, type Cell } from "./recurrent_walk.ts";

/** How a network is put together, whatever its layers are made of. */
export interface Network {
  input: Tensor;
  /** Of all layers and directions, [walks, batch, units]; null where they begin at zero. */
  states: readonly (Tensor | null)[];
  sizes: readonly number[] | null;
  nWalks: number;
  nDirections: number;
  units: number;
  dropout: number;
  batchFirst: boolean;
}

/** A matrix of a layer in one direction: of its input or of its state. */
export interface Matrix {
  weight: Tensor;
  bias: Tensor | null;
  /** Of a weight of integers, per column or one for all. */
  scale: Tensor | null;
}

/** A kernel for whole layers. */
export interface LayerKernel {
  name: string;
  /** What its command says before the layer. */
  head: readonly number[];
  /** Where a weight lies packed. */
  layoutOf(isInput: boolean): string;
  pack(weight: Tensor, isInput: boolean): number;
  /** Multiplications that take as long as an elementary operation. */
  perWork: number;
}

const isShape = (t: Tensor, a: number, b: number): boolean => t.rank === 2 && t.shape[0] === a && t.shape[1] === b;

/** Matrices of input and state in turn, for each walk. */
function fits(kind: Cell, n: Network, matrices: readonly Matrix[], batch: number): boolean {
  const { input, sizes, units, nWalks, nDirections } = n;
  if (input.rank !== (sizes ? 2 : 3) || input.numel === 0 || units === 0 || nWalks % nDirections !== 0) return false;
  if (sizes && (n.batchFirst || !areSorted(sizes, batch) || sizes.reduce((a, b) => a + b, 0) !== input.shape[0])) {
    return false;
  }
  for (const t of n.states) {
    if (t && (t.dtype !== input.dtype || !sameShape(t.shape, [nWalks, batch, units]))) return false;
  }
  const rows = kind.gates * units;
  let features = input.shape[input.rank - 1]!;
  for (let walk = 0; walk < nWalks; walk++) {
    if (walk > 0 && walk % nDirections === 0) features = nDirections * units;
    for (let side = 0; side < 2; side++) {
      const { weight, bias, scale } = matrices[2 * walk + side]!;
      if (!isShape(weight, rows, side === 0 ? features : units) || features === 0) return false;
      if (bias && (bias.dtype !== input.dtype || bias.rank !== 1 || bias.numel !== rows)) return false;
      if (scale === null ? weight.dtype !== input.dtype : scale.dtype !== input.dtype) return false;
      if (scale && scale.numel !== 1 && (scale.rank !== 1 || scale.numel !== rows)) return false;
    }
  }
  return true;
}

/** Where matrices lie packed, for one launch. What is packed on the way may cost others theirs, so they are looked for again. */
function packsOf(kernel: LayerKernel, matrices: readonly Matrix[]): number[] {
  const find = (i: number): number => findPack(matrices[i]!.weight, kernel.layoutOf(i % 2 === 0));
  const found = matrices.map((_, i) => find(i));
  if (!found.includes(0)) return found;
  // What is made here lives until the end of the op.
  const pack = (i: number): number => kernel.pack(matrices[i]!.weight, i % 2 === 0);
  const made = found.map((pointer, i) => pointer || pack(i));
  return made.map((pointer, i) => (found[i] ? find(i) || pack(i) : pointer));
}

/** The command that is being put together: it is copied when it is launched. */
const words: number[] = [];

/** [output, last states...] of all layers, or null where the kernel does not take them. */
export function layersByKernel(
  kind: Cell,
  n: Network,
  matrices: readonly Matrix[],
  kernel: LayerKernel,
): Tensor[] | null {
  const { sizes, units, nWalks, nDirections, batchFirst } = n;
  const { dtype, device, shape } = n.input;
  const batch = sizes ? sizes[0]! : shape[batchFirst ? 0 : 1]!;
  if (!fits(kind, n, matrices, batch)) return null;
  const stateShape: Shape = [nWalks, batch, units];
  const lastHidden = empty(stateShape, dtype, device);
  const lastCell = kind.hasCell ? empty(stateShape, dtype, device, lastHidden.strides) : null;
  const lasts = lastCell ? [lastHidden, lastCell] : [lastHidden];
  const results = lastCell ? [lastHidden, lastHidden, lastCell] : [lastHidden, lastHidden];
  const hidden = n.states[0] ? contiguousOf(n.states[0]) : null;
  const cell = n.states[1] ? contiguousOf(n.states[1]) : null;
  const numbers = matrices.map(({ bias, scale }) => ({
    bias: bias && contiguousOf(bias),
    scale: scale && contiguousOf(scale),
  }));
  const stateBytes = batch * units * dtype.size;
  const width = nDirections * units;
  let x = contiguousOf(n.input);
  let features = shape[shape.length - 1]!;
  const rows = n.input.numel / features;
  for (let walk = 0; walk < nWalks; walk += nDirections) {
    const outShape = shape.slice();
    outShape[shape.length - 1] = width;
    const output = empty(outShape, dtype, device);
    const from = walk * stateBytes;
    const own = nWalks === nDirections ? matrices : matrices.slice(2 * walk, 2 * (walk + nDirections));
    // Last: memory that is asked for later may cost them theirs.
    const packs = packsOf(kernel, own);
    words.length = 0;
    for (const word of kernel.head) words.push(word);
    words.push(nDirections, units, features, output.pointer, width);
    words.push(lastHidden.pointer + from, lastCell ? lastCell.pointer + from : 0, 0, 0);
    let work = 0;
    for (let d = 0; d < nDirections; d++) {
      const [ofInput, ofState] = [numbers[2 * (walk + d)]!, numbers[2 * (walk + d) + 1]!];
      const state = from + d * stateBytes;
      words.push(x.pointer, packs[2 * d]!, pointerOf(ofInput.bias));
      words.push(hidden ? hidden.pointer + state : 0, cell ? cell.pointer + state : 0);
      words.push(packs[2 * d + 1]!, pointerOf(ofState.bias));
      if (ofInput.scale) words.push(ofInput.scale.pointer, ofInput.scale.numel === 1 ? 0 : 1);
      if (ofState.scale) words.push(ofState.scale.pointer, ofState.scale.numel === 1 ? 0 : 1);
      work += own[2 * d]!.weight.numel + own[2 * d + 1]!.weight.numel;
    }
    if (sizes) for (const word of runsOf(sizes, false, false)) words.push(word);
    else words.push(1, shape[batchFirst ? 1 : 0]!, batch, 0, batchFirst ? 1 : 0);
    results[0] = output;
    launch(kernel.name, results, (work * rows) / kernel.perWork, words);
    x = output;
    features = width;
  }
  return [x, ...lasts];
}

/** Multiplications and additions of all layers, for the costs of their ops. */
export function flopsOfNetwork(input: Tensor, matrices: readonly (Tensor | null)[]): number {
  let perRow = 0;
  for (const t of matrices) if (t && t.rank === 2) perRow += t.numel;
  return 2 * perRow * (input.numel / Math.max(1, input.shape.at(-1) ?? 1));
}
