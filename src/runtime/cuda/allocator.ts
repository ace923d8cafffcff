/**
 * The caching allocator of a GPU, by PyTorch's rules, so that its figures and its peaks are PyTorch's: segments of 2 MiB,
 * 20 MiB or more are asked of the driver, split on demand, and joined again when neighbours are free. Every stream has
 * blocks of its own, and so has every pool of graphs. Pure bookkeeping; memory and marks in streams come from outside.
 */
import type { Allocator, Block, MemoryListener, MemoryStatistics } from "../allocator.ts";
import type { CudaAccounts } from "./accounts.ts";
import { CudaBlock, FreeBlocks } from "./blocks.ts";

const MIB = 1024 * 1024;
const GRAIN = 512;
const LARGEST_SMALL = MIB;
const SMALL_SEGMENT = 2 * MIB;
const LARGE_SEGMENT = 20 * MIB;
/** From here on a segment is made for the one request. */
const LEAST_OWN_SEGMENT = 10 * MIB;
/** Streams have smaller numbers: a pool's key is graph pool * this + stream. */
const MOST_STREAMS = 4096;

export interface GpuMemory {
  /** 0 when there is no more. */
  allocate(bytes: number): number;
  release(pointer: number, bytes: number): void;
  /** Wait for everything that was asked for: memory that goes back must be unused. */
  drain(): void;
  outOfMemory(bytes: number): Error;
  /** A mark at the end of a stream, and whether it was passed. */
  mark(stream: number): number;
  isPassed(mark: number): boolean;
  forgetMark(mark: number): void;
}

interface Pool {
  small: FreeBlocks;
  large: FreeBlocks;
}

export const roundedSize = (bytes: number): number => Math.max(GRAIN, Math.ceil(bytes / GRAIN) * GRAIN);

function segmentSize(bytes: number): number {
  if (bytes <= LARGEST_SMALL) return SMALL_SEGMENT;
  if (bytes < LEAST_OWN_SEGMENT) return LARGE_SEGMENT;
  return Math.ceil(bytes / SMALL_SEGMENT) * SMALL_SEGMENT;
}

export class CudaAllocator implements Allocator {
  readonly statistics: MemoryStatistics = {
    allocatedBytes: 0,
    peakAllocatedBytes: 0,
    reservedBytes: 0,
    peakReservedBytes: 0,
    allocations: 0,
    frees: 0,
    systemAllocations: 0,
  };
  shared = new Float64Array(new SharedArrayBuffer(16));
  readonly accounts: CudaAccounts;
  listener: MemoryListener | null = null;
  limitBytes = Infinity;
  maxSplitBytes = Infinity;
  /** Work goes to this stream. */
  stream = 0;
  /** A pool that the program asked for; 0: the common one. */
  chosenPool = 0;
  /** While a graph is captured, its pool: only its blocks are handed out then, and nothing may wait. */
  capturing = 0;
  /** What may be given up for memory is, before the system is asked again. */
  onShortage: (() => void) | null = null;
  readonly #memory: GpuMemory;
  readonly #pools = new Map<number, Pool>();
  /** The first block of each segment. */
  readonly #segments = new Set<CudaBlock>();
  /** Freed, but another stream may still use them. */
  readonly #awaited: { block: CudaBlock; mark: number }[] = [];
  /** The same, of which nothing can be known before the capture at hand ends. */
  #deferred: CudaBlock[] = [];
  /** How many graphs use a pool. */
  readonly #users = new Map<number, number>();
  #nextId = 1;
  #nextPool = 1;

  constructor(memory: GpuMemory, accounts: CudaAccounts) {
    this.#memory = memory;
    this.accounts = accounts;
  }

  allocate(bytes: number): Block {
    const size = roundedSize(bytes);
    if (this.#awaited.length > 0 && !this.capturing) this.#collect(false);
    const key = (this.capturing || this.chosenPool) * MOST_STREAMS + this.stream;
    const pool = this.#poolOf(key);
    const free = size <= LARGEST_SMALL ? pool.small : pool.large;
    let block = this.#fitting(free, size);
    if (block) this.#take(free, block);
    else block = this.#grow(key, size, bytes);
    if (this.#isWorthSplitting(block, size)) {
      const rest = block.split(size);
      free.add(rest);
      this.accounts.inactive(rest, 1);
    }
    block.isFree = false;
    block.requestedBytes = bytes;
    block.id = this.#nextId++;
    const s = this.statistics;
    s.allocations++;
    s.allocatedBytes += block.sizeBytes;
    if (s.allocatedBytes > s.peakAllocatedBytes) s.peakAllocatedBytes = s.allocatedBytes;
    this.shared[0] = s.allocatedBytes;
    this.accounts.allocated(block, 1, this.maxSplitBytes);
    this.accounts.active(block, 1);
    if (this.listener) this.listener(block, 1, s);
    return block;
  }

  free(freed: Block): void {
    const block = freed as CudaBlock;
    const s = this.statistics;
    s.frees++;
    s.allocatedBytes -= block.sizeBytes;
    this.shared[0] = s.allocatedBytes;
    this.accounts.allocated(block, -1, this.maxSplitBytes);
    if (this.listener) this.listener(block, -1, s);
    if (!block.readers) return this.#release(block);
    // A mark that is captured is passed at every replay and so tells nothing now.
    if (this.capturing) this.#deferred.push(block);
    else this.#await(block);
  }

  /** The block is used on another stream than its own. */
  recordStream(used: Block, stream: number): void {
    const block = used as CudaBlock;
    if (block.pool % MOST_STREAMS === stream) return;
    (block.readers ??= new Set()).add(stream);
  }

  #await(block: CudaBlock): void {
    for (const stream of block.readers!) {
      block.nAwaited++;
      this.#awaited.push({ block, mark: this.#memory.mark(stream) });
    }
    block.readers = null;
  }

  /** Blocks whose marks have been passed; all of them when everything has been waited for. */
  #collect(all: boolean): void {
    let kept = 0;
    for (const entry of this.#awaited) {
      if (!all && !this.#memory.isPassed(entry.mark)) {
        this.#awaited[kept++] = entry;
        continue;
      }
      this.#memory.forgetMark(entry.mark);
      if (--entry.block.nAwaited === 0) this.#release(entry.block);
    }
    this.#awaited.length = kept;
  }

  #poolOf(key: number): Pool {
    let pool = this.#pools.get(key);
    if (!pool) this.#pools.set(key, (pool = { small: new FreeBlocks(), large: new FreeBlocks() }));
    return pool;
  }

  #listOf(block: CudaBlock): FreeBlocks {
    const pool = this.#poolOf(block.pool);
    return block.isSmall ? pool.small : pool.large;
  }

  #fitting(free: FreeBlocks, size: number): CudaBlock | null {
    const block = free.smallest(size);
    if (!block) return null;
    // What is never split serves requests of about its own size alone.
    if (size < this.maxSplitBytes && block.sizeBytes >= this.maxSplitBytes) return null;
    if (size >= this.maxSplitBytes && block.sizeBytes >= size + LARGE_SEGMENT) return null;
    return block;
  }

  #isWorthSplitting(block: CudaBlock, size: number): boolean {
    const rest = block.sizeBytes - size;
    return block.isSmall ? rest >= GRAIN : size < this.maxSplitBytes && rest > LARGEST_SMALL;
  }

  #take(free: FreeBlocks, block: CudaBlock): void {
    free.remove(block);
    this.accounts.inactive(block, -1);
  }

  /** Back to the free blocks, joined with its neighbours. */
  #release(block: CudaBlock): void {
    this.accounts.active(block, -1);
    const free = this.#listOf(block);
    const { before, after } = block;
    let joined = block;
    if (after?.isFree) {
      this.#take(free, after);
      block.absorb(after);
    }
    if (before?.isFree) {
      this.#take(free, before);
      before.absorb(block);
      joined = before;
    }
    joined.isFree = true;
    free.add(joined);
    this.accounts.inactive(joined, 1);
  }

  #grow(key: number, size: number, requestedBytes: number): CudaBlock {
    const bytes = segmentSize(size);
    let pointer = this.#ask(bytes);
    // Giving back waits for the GPU, which a capture cannot.
    if (pointer === 0 && !this.capturing) {
      this.accounts.nRetries++;
      this.onShortage?.();
      this.emptyCache();
      pointer = this.#ask(bytes);
    }
    if (pointer === 0) {
      this.accounts.nOutOfMemory++;
      throw this.#memory.outOfMemory(requestedBytes);
    }
    const block = new CudaBlock(pointer, bytes, key, size <= LARGEST_SMALL);
    this.#segments.add(block);
    const s = this.statistics;
    s.systemAllocations++;
    s.reservedBytes += bytes;
    if (s.reservedBytes > s.peakReservedBytes) s.peakReservedBytes = s.reservedBytes;
    this.shared[1] = s.reservedBytes;
    this.accounts.segment(block, 1, this.maxSplitBytes);
    return block;
  }

  #ask(bytes: number): number {
    return this.statistics.reservedBytes + bytes <= this.limitBytes ? this.#memory.allocate(bytes) : 0;
  }

  /** Give back every segment of which nothing is used, but those that a graph counts on. */
  emptyCache(): void {
    this.#memory.drain();
    this.#collect(true);
    const s = this.statistics;
    for (const block of this.#segments) {
      if (!block.isFree || block.isSplit || this.#users.has(Math.floor(block.pool / MOST_STREAMS))) continue;
      this.#listOf(block).remove(block);
      this.#segments.delete(block);
      this.#memory.release(block.pointer, block.sizeBytes);
      s.reservedBytes -= block.sizeBytes;
      this.accounts.segment(block, -1, this.maxSplitBytes);
    }
    this.shared[1] = s.reservedBytes;
  }

  // Pools of graphs

  newGraphPool(): number {
    return this.#nextPool++;
  }

  retainPool(pool: number): void {
    this.#users.set(pool, (this.#users.get(pool) ?? 0) + 1);
  }

  /** A graph is gone: when it was the last, what the pool still holds goes back as other memory does. */
  releasePool(pool: number): void {
    const users = (this.#users.get(pool) ?? 0) - 1;
    if (users > 0) this.#users.set(pool, users);
    else this.#users.delete(pool);
  }

  endCapture(): void {
    this.capturing = 0;
    const blocks = this.#deferred;
    this.#deferred = [];
    for (const block of blocks) this.#await(block);
  }

  /** Bytes that graphs hold. */
  get graphBytes(): number {
    let bytes = 0;
    for (const { block } of this.eachBlock()) if (!block.isFree && block.pool >= MOST_STREAMS) bytes += block.sizeBytes;
    return bytes;
  }

  /** Every block, by segment in the order in which the driver gave them. */
  *eachBlock(): Iterable<{ segment: CudaBlock; block: CudaBlock }> {
    for (const segment of this.#segments) {
      for (let block: CudaBlock | null = segment; block; block = block.after) yield { segment, block };
    }
  }

  static streamOf = (block: Block): number => block.pool % MOST_STREAMS;
  static graphPoolOf = (block: Block): number => Math.floor(block.pool / MOST_STREAMS);

  resetPeaks(): void {
    this.statistics.peakAllocatedBytes = this.statistics.allocatedBytes;
    this.statistics.peakReservedBytes = this.statistics.reservedBytes;
    this.accounts.resetPeaks();
  }
}
