/**
 * Layers on top of each other where no gradient is wanted: each is one launch, its inputs' products and both directions
 * within. Says no to what kernels do not take; shape errors are then found, and worded, on the way that takes everything.
 */
import { launch } from "../launch.ts";
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

/** Where all matrices lie packed: what is packed on the way may cost others theirs, so they are looked for again. */
function packsOf(kernel: LayerKernel, matrices: readonly Matrix[]): number[] {
  const layouts = [kernel.layoutOf(true), kernel.layoutOf(false)] as const;
  const find = ({ weight }: Matrix, i: number): number => findPack(weight, layouts[i % 2]!);
  const known = matrices.map(find);
  if (!known.includes(0)) return known;
  // What is made here lives until the end of the op.
  const pack = (i: number): number => kernel.pack(matrices[i]!.weight, i % 2 === 0);
  const made = known.map((pointer, i) => pointer || pack(i));
  return made.map((pointer, i) => (known[i] ? find(matrices[i]!, i) || pack(i) : pointer));
}

/** [output, last states...] of all layers, or null where the kernel does not take them. */
export function layersByKernel(
  kind: Cell,
  n: Network,
  matrices: readonly Matrix[],
  kernel: LayerKernel,
): Tensor[] | null {
  const { states, sizes, units, nWalks, nDirections, batchFirst } = n;
  const { dtype, device } = n.input;
  const { shape } = n.input;
  const batch = sizes ? sizes[0]! : shape[batchFirst ? 0 : 1]!;
  if (!fits(kind, n, matrices, batch)) return null;
  const lead = shape.slice(0, -1);
  const stateShape: Shape = [nWalks, batch, units];
  const stateBytes = batch * units * dtype.size;
  const lasts = states.map(() => empty(stateShape, dtype, device));
  const given = states.map((t) => t && contiguousOf(t));
  const biases = matrices.map(({ bias }) => bias && contiguousOf(bias));
  const scales = matrices.map(({ scale }) => scale && contiguousOf(scale));
  const first = contiguousOf(n.input);
  const outputs: Tensor[] = [];
  for (let walk = 0; walk < nWalks; walk += nDirections) {
    outputs.push(empty([...lead, nDirections * units], dtype, device));
  }
  const packs = packsOf(kernel, matrices);
  const steps = sizes ? runsOf(sizes, false, false) : [1, shape[batchFirst ? 1 : 0]!, batch, 0, batchFirst ? 1 : 0];
  const at = (t: Tensor | null | undefined, walk: number): number => (t ? t.pointer + walk * stateBytes : 0);
  let x = first;
  outputs.forEach((output, layer) => {
    const walk = layer * nDirections;
    const features = x.shape[x.rank - 1]!;
    const args = [...kernel.head, nDirections, units, features, output.pointer, nDirections * units];
    args.push(at(lasts[0], walk), at(lasts[1], walk), 0, 0);
    let work = 0;
    for (let d = walk; d < walk + nDirections; d++) {
      const [i, h] = [2 * d, 2 * d + 1];
      args.push(x.pointer, packs[i]!, biases[i]?.pointer ?? 0, at(given[0], d), at(given[1], d));
      args.push(packs[h]!, biases[h]?.pointer ?? 0);
      for (const place of [i, h]) {
        const scale = scales[place];
        if (scale) args.push(scale.pointer, scale.numel === 1 ? 0 : 1);
        work += matrices[place]!.weight.numel;
      }
    }
    args.push(...steps);
    launch(kernel.name, [output, ...lasts], (work * (output.numel / (nDirections * units))) / 8, args);
    x = output;
  });
  return [x, ...lasts];
}

/** Multiplications and additions of all layers, for the costs of their ops. */
export function flopsOfNetwork(input: Tensor, matrices: readonly (Tensor | null)[]): number {
  let perRow = 0;
  for (const t of matrices) if (t && t.rank === 2) perRow += t.numel;
  return 2 * perRow * (input.numel / Math.max(1, input.shape.at(-1) ?? 1));
}
