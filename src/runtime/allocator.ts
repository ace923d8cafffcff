/**
 * A caching allocator in the manner of PyTorch's: blocks return to free lists by size class and are handed out again
 * without asking the system, because fresh memory costs ten times the op that fills it (page faults). Frees take effect
 * at once on the submitter's side: commands run in stream order, so memory may be reused while older commands still
 * read it. Pure bookkeeping; the raw memory comes from the device.
 */
import { OutOfMemoryError } from "./errors.ts";

/** Where raw memory comes from. Both calls may be made only when the stream is idle or the block is unused. */
export interface RawMemory {
  allocate(bytes: number): number;
  release(pointer: number, bytes: number): void;
  /** Called before cached blocks go back to the system: their last readers must be done. */
  drain(): void;
  describe(): string;
  /** The number of the newest command: what a freed block may still be read by. */
  position(): number;
}

export interface Block {
  pointer: number;
  /** What the class rounds to; the caller's size is in `requestedBytes`. */
  sizeBytes: number;
  requestedBytes: number;
  /** Counts allocations, so that an allocation and its free can be paired in a trace. */
  id: number;
  /** The pool that it returns to. */
  pool: number;
  /** Host code may write into the block only when this command is done: it may still be read on behalf of its last owner. */
  readyAfter: number;
}

interface FreeList {
  sizeBytes: number;
  pointers: number[];
  /** For each pointer the newest command at the time of its free. */
  freedAt: number[];
}

export interface MemoryStatistics {
  allocatedBytes: number;
  peakAllocatedBytes: number;
  reservedBytes: number;
  peakReservedBytes: number;
  allocations: number;
  frees: number;
  /** Requests that had to ask the system. */
  systemAllocations: number;
}

export type MemoryListener = (block: Block, sign: 1 | -1, statistics: MemoryStatistics) => void;

/** What every device's allocator is: the CPU's below, a GPU's in cuda/allocator.ts. */
export interface Allocator {
  readonly statistics: MemoryStatistics;
  /** Allocated and reserved bytes, where other threads can read them at any time. */
  readonly shared: Float64Array;
  listener: MemoryListener | null;
  allocate(bytes: number): Block;
  free(block: Block): void;
  /** Give every cached block back to the system. */
  emptyCache(): void;
  resetPeaks(): void;
}

const KIB = 1024;

/** 64-byte steps up to 1 KiB, then eight classes per power of two: at most 12.5% of a block is lost to rounding. */
export function roundUpToClass(bytes: number): number {
  if (bytes <= KIB) return Math.max(64, Math.ceil(bytes / 64) * 64);
  const step = 2 ** (Math.floor(Math.log2(bytes - 1)) - 3);
  return Math.ceil(bytes / step) * step;
}

export class CachingAllocator implements Allocator {
  readonly statistics: MemoryStatistics = {
    allocatedBytes: 0,
    peakAllocatedBytes: 0,
    reservedBytes: 0,
    peakReservedBytes: 0,
    allocations: 0,
    frees: 0,
    systemAllocations: 0,
  };
  listener: MemoryListener | null = null;
  /** Called when the system has no more: frees what can be made again. */
  onShortage: (() => void) | null = null;
  readonly shared = new Float64Array(new SharedArrayBuffer(16));
  /** Marks blocks as this allocator's, where several serve one device. */
  readonly pool: number;
  readonly #raw: RawMemory;
  readonly #free = new Map<number, FreeList>();
  #nextId = 1;

  constructor(raw: RawMemory, pool = 0) {
    this.#raw = raw;
    this.pool = pool;
  }

  allocate(bytes: number): Block {
    let sizeBytes = roundUpToClass(bytes);
    let pointer = 0;
    let readyAfter = 0;
    // A cached block of one of the next two classes beats new memory: no page faults, no growth.
    for (let size = sizeBytes, tries = 0; pointer === 0 && tries < 3; tries++, size = roundUpToClass(size + 1)) {
      const cached = this.#free.get(size);
      if (!cached || cached.pointers.length === 0) continue;
      pointer = cached.pointers.pop()!;
      readyAfter = cached.freedAt.pop()!;
      sizeBytes = size;
    }
    if (pointer === 0) pointer = this.#grow(sizeBytes, bytes);
    const s = this.statistics;
    s.allocations++;
    s.allocatedBytes += sizeBytes;
    if (s.allocatedBytes > s.peakAllocatedBytes) s.peakAllocatedBytes = s.allocatedBytes;
    const block = { pointer, sizeBytes, requestedBytes: bytes, id: this.#nextId++, pool: this.pool, readyAfter };
    this.shared[0] = s.allocatedBytes;
    if (this.listener) this.listener(block, 1, s);
    return block;
  }

  free(block: Block): void {
    const s = this.statistics;
    s.frees++;
    s.allocatedBytes -= block.sizeBytes;
    let list = this.#free.get(block.sizeBytes);
    if (!list) this.#free.set(block.sizeBytes, (list = { sizeBytes: block.sizeBytes, pointers: [], freedAt: [] }));
    list.pointers.push(block.pointer);
    list.freedAt.push(this.#raw.position());
    this.shared[0] = s.allocatedBytes;
    if (this.listener) this.listener(block, -1, s);
  }

  emptyCache(): void {
    this.#raw.drain();
    for (const { sizeBytes, pointers } of this.#free.values()) {
      for (const pointer of pointers) {
        this.#raw.release(pointer, sizeBytes);
        this.statistics.reservedBytes -= sizeBytes;
      }
    }
    this.#free.clear();
    this.shared[1] = this.statistics.reservedBytes;
  }

  resetPeaks(): void {
    this.statistics.peakAllocatedBytes = this.statistics.allocatedBytes;
    this.statistics.peakReservedBytes = this.statistics.reservedBytes;
  }

  #grow(sizeBytes: number, requestedBytes: number): number {
    const s = this.statistics;
    let pointer = this.#raw.allocate(sizeBytes);
    if (pointer === 0) this.onShortage?.();
    if (pointer === 0 && s.reservedBytes > s.allocatedBytes) {
      this.emptyCache();
      pointer = this.#raw.allocate(sizeBytes);
    }
    if (pointer === 0) {
      throw new OutOfMemoryError(
        `[${this.#raw.describe()}] out of memory: asked for ${formatBytes(requestedBytes)} ` +
          `with ${formatBytes(s.allocatedBytes)} in use by tensors. Hint: lower the batch size or the sequence length`,
      );
    }
    s.systemAllocations++;
    s.reservedBytes += sizeBytes;
    this.shared[1] = s.reservedBytes;
    if (s.reservedBytes > s.peakReservedBytes) s.peakReservedBytes = s.reservedBytes;
    return pointer;
  }
}

export function formatBytes(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(2)} ${units[unit]}`;
}
