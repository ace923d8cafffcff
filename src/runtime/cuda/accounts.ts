/**
 * The allocator's books as PyTorch's `memory_stats` keeps them: for each quantity the current, the highest and the
 * summed values, over all blocks and by pool.
 */
import type { CudaBlock } from "./blocks.ts";

interface Counter {
  current: number;
  peak: number;
  allocated: number;
  freed: number;
}

type Pools = Record<"all" | "small_pool" | "large_pool", Counter>;
type Sign = 1 | -1;

const counter = (): Counter => ({ current: 0, peak: 0, allocated: 0, freed: 0 });
const pools = (): Pools => ({ all: counter(), small_pool: counter(), large_pool: counter() });

function change(c: Counter, by: number): void {
  c.current += by;
  if (by > 0) c.allocated += by;
  else c.freed -= by;
  if (c.current > c.peak) c.peak = c.current;
}

function changeBoth(quantity: Pools, block: CudaBlock, by: number): void {
  change(quantity.all, by);
  change(block.isSmall ? quantity.small_pool : quantity.large_pool, by);
}

export class CudaAccounts {
  readonly quantities = {
    allocation: pools(),
    allocated_bytes: pools(),
    requested_bytes: pools(),
    active: pools(),
    active_bytes: pools(),
    segment: pools(),
    reserved_bytes: pools(),
    inactive_split: pools(),
    inactive_split_bytes: pools(),
  };
  /** Of blocks too large to be split, where there is such a limit. */
  readonly oversize = { oversize_allocations: counter(), oversize_segments: counter() };
  nOutOfMemory = 0;
  nRetries = 0;

  /** Handed to a tensor, or dropped by it. */
  allocated(block: CudaBlock, sign: Sign, maxSplitBytes: number): void {
    changeBoth(this.quantities.allocation, block, sign);
    changeBoth(this.quantities.allocated_bytes, block, sign * block.sizeBytes);
    changeBoth(this.quantities.requested_bytes, block, sign * block.requestedBytes);
    if (block.sizeBytes >= maxSplitBytes) change(this.oversize.oversize_allocations, sign);
  }

  /** In use, be it only by another stream that has not come so far. */
  active(block: CudaBlock, sign: Sign): void {
    changeBoth(this.quantities.active, block, sign);
    changeBoth(this.quantities.active_bytes, block, sign * block.sizeBytes);
  }

  /** A free block appears or goes; those that are parts of segments in use cannot be given back. */
  inactive(block: CudaBlock, sign: Sign): void {
    if (!block.isSplit) return;
    changeBoth(this.quantities.inactive_split, block, sign);
    changeBoth(this.quantities.inactive_split_bytes, block, sign * block.sizeBytes);
  }

  /** The driver gave a segment, or took it back. */
  segment(block: CudaBlock, sign: Sign, maxSplitBytes: number): void {
    changeBoth(this.quantities.segment, block, sign);
    changeBoth(this.quantities.reserved_bytes, block, sign * block.sizeBytes);
    if (block.sizeBytes >= maxSplitBytes) change(this.oversize.oversize_segments, sign);
  }

  #counters(): Counter[] {
    return [...Object.values(this.quantities).flatMap((q) => Object.values(q)), ...Object.values(this.oversize)];
  }

  resetPeaks(): void {
    for (const c of this.#counters()) c.peak = c.current;
  }
  resetTotals(): void {
    for (const c of this.#counters()) c.allocated = c.freed = 0;
    this.nOutOfMemory = this.nRetries = 0;
  }
}
