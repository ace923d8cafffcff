/**
 * Weights in the order in which a kernel wants them, remembered by the storage that holds them: packed at the first
 * product, freed with the storage or once it is written to. Who packs and what lies in a pack is the ops' business.
 */
import { uint8, type DType } from "./dtype.ts";
import { sameShape, type Shape } from "./shape.ts";
import { empty, type Storage, type Tensor } from "./tensor.ts";

/** A storage whose packs were outdated so often is written all the time: packing it is part of each call. */
const MOST_OUTDATED = 3;

/** Which elements of a storage a tensor is. */
interface View {
  offset: number;
  shape: Shape;
  strides: Shape;
}

/** A tensor beside the weight, as it was when the pack was made. */
interface Seen extends View {
  storage: Storage;
  dtype: DType;
  version: number;
  lastWrite: number;
  hostWrites: number;
}

interface Pack extends View {
  layout: string;
  beside: readonly Seen[];
  storage: Storage;
}

const isSameView = (a: View, b: View): boolean =>
  a.offset === b.offset && sameShape(a.shape, b.shape) && sameShape(a.strides, b.strides);

const seen = ({ storage, dtype, offset, shape, strides }: Tensor): Seen => {
  const { version, lastWrite, hostWrites } = storage;
  return { storage, dtype, offset, shape, strides, version, lastWrite, hostWrites };
};

const isAsSeen = (then: Seen, now: Tensor): boolean =>
  then.storage === now.storage &&
  then.version === now.storage.version &&
  then.lastWrite === now.storage.lastWrite &&
  then.hostWrites === now.storage.hostWrites &&
  then.dtype === now.dtype &&
  isSameView(then, now);

/** Those that hold memory, so that it can be given up when there is too little. */
const holders = new Set<Packs>();

/** The packs of one storage, good for one version of it. */
export class Packs {
  readonly #entries: Pack[] = [];
  #version = -1;
  #lastWrite = -1;
  #outdated = 0;

  /** Was this version of the weight asked for before, and is its storage not written all the time? */
  knows({ storage }: Tensor): boolean {
    const isSame = storage.version === this.#version && storage.lastWrite === this.#lastWrite;
    return isSame && this.#outdated < MOST_OUTDATED;
  }

  /** Where the pack of a weight lies in this layout; 0 when there is none, or no longer. */
  find(weight: Tensor, layout: string, beside: readonly Tensor[]): number {
    const { storage } = weight;
    if (storage.version !== this.#version || storage.lastWrite !== this.#lastWrite) {
      if (this.#entries.length > 0) this.#outdated++;
      this.clear();
      this.#version = storage.version;
      this.#lastWrite = storage.lastWrite;
      return 0;
    }
    const at = this.#entries.findIndex((pack) => pack.layout === layout && isSameView(pack, weight));
    const found = this.#entries[at];
    if (!found) return 0;
    if (beside.every((tensor, i) => isAsSeen(found.beside[i]!, tensor))) return found.storage.pointer;
    this.#outdated++;
    found.storage.release();
    this.#entries.splice(at, 1);
    return 0;
  }

  /** Owns `storage` from now on, where that is worth it. */
  keep(weight: Tensor, layout: string, beside: readonly Tensor[], storage: Storage): void {
    if (this.#outdated >= MOST_OUTDATED) return;
    storage.refs++;
    const { offset, shape, strides } = weight;
    this.#entries.push({ layout, offset, shape, strides, beside: beside.map(seen), storage });
    holders.add(this);
  }

  /** Commands under way may still read what is freed here: memory is handed out again in stream order. */
  clear(): void {
    if (this.#entries.length === 0) return;
    for (const { storage } of this.#entries) storage.release();
    this.#entries.length = 0;
    holders.delete(this);
  }
}

/**
 * Where `weight` lies packed: `layout` names the order, and everything that shapes it but the weight's offset, shape and
 * strides; how many tensors lie `beside` it in the pack, too. Where there is no pack yet, `fill` launches what writes one of
 * `bytes` bytes. The next thing to do with the pointer is the launch that reads it: whoever allocates in between may find
 * packs given up for memory. While a graph is captured nothing is kept: its replays pack for themselves.
 */
export function packOf(
  weight: Tensor,
  layout: string,
  bytes: number,
  fill: (pack: Tensor) => void,
  beside: readonly Tensor[] = [],
): number {
  const { queue } = weight.device;
  if (queue === null) {
    const pack = empty([bytes], uint8, weight.device);
    fill(pack);
    return pack.pointer;
  }
  const packs = (weight.storage.packs ??= new Packs());
  // Another stream does not wait for the one that packed.
  const order = queue ? `${layout} on ${queue}` : layout;
  const known = packs.find(weight, order, beside);
  if (known) return known;
  const pack = empty([bytes], uint8, weight.device);
  fill(pack);
  packs.keep(weight, order, beside, pack.storage);
  return pack.pointer;
}

/** Where `weight` lies packed already, by itself; 0 where it does not. Good until somebody allocates. */
export const findPack = (weight: Tensor, layout: string): number => weight.storage.packs?.find(weight, layout, []) ?? 0;

/**
 * The same for weights that may be in training: whoever uses a version for the first time gets 0 and packs by itself, the
 * second finds a pack.
 */
export function packOfSettled(
  weight: Tensor,
  layout: string,
  bytes: number,
  fill: (pack: Tensor) => void,
  beside: readonly Tensor[] = [],
): number {
  const packs = (weight.storage.packs ??= new Packs());
  if (packs.knows(weight)) return packOf(weight, layout, bytes, fill, beside);
  packs.find(weight, layout, beside);
  return 0;
}

/** Free every pack: the next products pack again. */
export function dropAllPacks(): void {
  for (const packs of [...holders]) packs.clear();
}
