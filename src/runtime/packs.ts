/**
 * Weights in the order in which a kernel wants them, remembered by the storage that holds them: packed at the first
 * product, freed with the storage or once it is written to. Who packs and what lies in a pack is the ops' business.
 */
import { uint8 } from "./dtype.ts";
import { sameShape, type Shape } from "./shape.ts";
import { empty, type Storage, type Tensor } from "./tensor.ts";

/** A storage whose packs were outdated so often is written all the time: packing it is part of each call. */
const MOST_OUTDATED = 3;

interface Pack {
  layout: string;
  offset: number;
  shape: Shape;
  strides: Shape;
  storage: Storage;
}

/** Those that hold memory, so that it can be given up when there is too little. */
const holders = new Set<Packs>();

/** The packs of one storage, good for one version of it. */
export class Packs {
  readonly #entries: Pack[] = [];
  #version = -1;
  #lastWrite = -1;
  #outdated = 0;

  /** Where the pack of a weight lies in this layout; 0 when there is none, or no longer. */
  find(weight: Tensor, layout: string): number {
    const { storage } = weight;
    if (storage.version !== this.#version || storage.lastWrite !== this.#lastWrite) {
      if (this.#entries.length > 0) this.#outdated++;
      this.clear();
      this.#version = storage.version;
      this.#lastWrite = storage.lastWrite;
      return 0;
    }
    for (const pack of this.#entries) {
      if (pack.layout !== layout || pack.offset !== weight.offset) continue;
      if (sameShape(pack.shape, weight.shape) && sameShape(pack.strides, weight.strides)) return pack.storage.pointer;
    }
    return 0;
  }

  /** Owns `storage` from now on, where that is worth it. */
  keep(weight: Tensor, layout: string, storage: Storage): void {
    if (this.#outdated >= MOST_OUTDATED) return;
    storage.refs++;
    const { offset, shape, strides } = weight;
    this.#entries.push({ layout, offset, shape, strides, storage });
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
 * strides. Where there is no pack yet, `fill` launches what writes one of `bytes` bytes. The next thing to do with the
 * pointer is the launch that reads it: whoever allocates in between may find packs given up for memory.
 */
export function packOf(weight: Tensor, layout: string, bytes: number, fill: (pack: Tensor) => void): number {
  const packs = (weight.storage.packs ??= new Packs());
  const known = packs.find(weight, layout);
  if (known) return known;
  const pack = empty([bytes], uint8, weight.device);
  fill(pack);
  packs.keep(weight, layout, pack.storage);
  return pack.pointer;
}

/** Free every pack: the next products pack again. */
export function dropAllPacks(): void {
  for (const packs of [...holders]) packs.clear();
}
