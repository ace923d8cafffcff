/**
 * Small blocks cut from larger ones, beneath the caching allocator: asking the driver costs 10-100 us and rounds up to
 * 2 MiB, whatever the size. A slab goes back when all that was cut from it has come back. Pure bookkeeping.
 */

export interface Source {
  /** 0 when there is no more. */
  allocate(bytes: number): number;
  release(pointer: number, bytes: number): void;
}

const MIB = 1024 * 1024;
const SLAB_BYTES = 2 * MIB;
/** Requests above half a slab go to the driver. */
const LARGEST_CUT = MIB;
/** The driver's own alignment; kernels count on 16 at least. */
const ALIGNMENT = 512;

interface Slab {
  pointer: number;
  used: number;
  nLive: number;
}

const rounded = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

export class SlabSource implements Source {
  readonly #source: Source;
  readonly #slabs: Slab[] = [];
  readonly #slabOf = new Map<number, Slab>();
  #current: Slab | null = null;
  /** What the driver was asked for and not given back. */
  heldBytes = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  allocate(bytes: number): number {
    if (bytes > LARGEST_CUT) return this.#take(bytes);
    const size = rounded(bytes);
    if (!this.#current || this.#current.used + size > SLAB_BYTES) {
      const pointer = this.#take(SLAB_BYTES);
      if (pointer === 0) return 0;
      this.#current = { pointer, used: 0, nLive: 0 };
      this.#slabs.push(this.#current);
    }
    const slab = this.#current;
    const pointer = slab.pointer + slab.used;
    slab.used += size;
    slab.nLive++;
    this.#slabOf.set(pointer, slab);
    return pointer;
  }

  release(pointer: number, bytes: number): void {
    const slab = this.#slabOf.get(pointer);
    if (!slab) return this.#giveBack(pointer, bytes);
    this.#slabOf.delete(pointer);
    if (--slab.nLive > 0) return;
    this.#slabs.splice(this.#slabs.indexOf(slab), 1);
    if (slab === this.#current) this.#current = null;
    this.#giveBack(slab.pointer, SLAB_BYTES);
  }

  #take(bytes: number): number {
    const pointer = this.#source.allocate(bytes);
    if (pointer !== 0) this.heldBytes += bytes;
    return pointer;
  }

  #giveBack(pointer: number, bytes: number): void {
    this.heldBytes -= bytes;
    this.#source.release(pointer, bytes);
  }
}
