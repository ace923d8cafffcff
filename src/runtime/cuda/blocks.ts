/**
 * Blocks of GPU memory: parts of segments that the driver gave, chained in the order of their addresses, and the free ones
 * sorted by size. Pure bookkeeping; who gets which block is the allocator's to decide.
 */
import type { Block } from "../allocator.ts";

export class CudaBlock implements Block {
  pointer: number;
  sizeBytes: number;
  requestedBytes = 0;
  id = 0;
  readonly pool: number;
  /** Copies and kernels are in stream order: the host never has to wait before it writes. */
  readonly readyAfter = 0;
  readonly isSmall: boolean;
  isFree = true;
  /** Neighbours in the same segment. */
  before: CudaBlock | null = null;
  after: CudaBlock | null = null;
  /** Other streams that were told of it (`record_stream`): it is not free before they have passed. */
  readers: Set<number> | null = null;
  /** How many of their marks have not been passed yet. */
  nAwaited = 0;

  constructor(pointer: number, sizeBytes: number, pool: number, isSmall: boolean) {
    this.pointer = pointer;
    this.sizeBytes = sizeBytes;
    this.pool = pool;
    this.isSmall = isSmall;
  }

  /** Is it a part of a segment, not the whole? */
  get isSplit(): boolean {
    return this.before !== null || this.after !== null;
  }

  /** Cut off what lies beyond `sizeBytes`; returns it, free. */
  split(sizeBytes: number): CudaBlock {
    const rest = new CudaBlock(this.pointer + sizeBytes, this.sizeBytes - sizeBytes, this.pool, this.isSmall);
    rest.before = this;
    rest.after = this.after;
    if (this.after) this.after.before = rest;
    this.after = rest;
    this.sizeBytes = sizeBytes;
    return rest;
  }

  /** Take in the neighbour above, which must be free as this one is. The first block of a segment stays the first. */
  absorb(next: CudaBlock): void {
    this.sizeBytes += next.sizeBytes;
    this.after = next.after;
    if (next.after) next.after.before = this;
  }
}

/** Free blocks of one pool, smallest first, and lowest address first among equals. */
export class FreeBlocks {
  readonly blocks: CudaBlock[] = [];

  add(block: CudaBlock): void {
    this.blocks.splice(this.#position(block.sizeBytes, block.pointer), 0, block);
  }

  remove(block: CudaBlock): void {
    const at = this.#position(block.sizeBytes, block.pointer);
    if (this.blocks[at] !== block) throw new Error("[cuda] the allocator lost a free block");
    this.blocks.splice(at, 1);
  }

  /** The smallest block of at least `sizeBytes`; it stays in the list. */
  smallest(sizeBytes: number): CudaBlock | null {
    return this.blocks[this.#position(sizeBytes, 0)] ?? null;
  }

  #position(sizeBytes: number, pointer: number): number {
    let low = 0;
    let high = this.blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const block = this.blocks[middle]!;
      if (block.sizeBytes < sizeBytes || (block.sizeBytes === sizeBytes && block.pointer < pointer)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
