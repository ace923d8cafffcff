/**
 * The allocator's books as PyTorch's `memory_stats` keeps them: for each quantity the current, the highest and the
 * summed values, over all blocks and by pool. Small blocks are those up to 1 MiB.
 */
import type { Accounts, Block } from "../allocator.ts";

interface Counter {
  current: number;
  peak: number;
  allocated: number;
  freed: number;
}

type Pools = Record<"all" | "small_pool" | "large_pool", Counter>;

const LARGEST_SMALL = 1024 * 1024;
const counter = (): Counter => ({ current: 0, peak: 0, allocated: 0, freed: 0 });
const pools = (): Pools => ({ all: counter(), small_pool: counter(), large_pool: counter() });

function change(quantity: Pools, sizeBytes: number, by: number): void {
  for (const c of [quantity.all, sizeBytes > LARGEST_SMALL ? quantity.large_pool : quantity.small_pool]) {
    c.current += by;
    if (by > 0) c.allocated += by;
    else c.freed -= by;
    if (c.current > c.peak) c.peak = c.current;
  }
}

export class CudaAccounts implements Accounts {
  readonly quantities = {
    allocation: pools(),
    allocated_bytes: pools(),
    requested_bytes: pools(),
    segment: pools(),
    reserved_bytes: pools(),
  };
  nOutOfMemory = 0;
  nRetries = 0;

  blockTaken(block: Block): void {
    this.#block(block, 1);
  }
  blockFreed(block: Block): void {
    this.#block(block, -1);
  }
  #block({ sizeBytes, requestedBytes }: Block, sign: 1 | -1): void {
    change(this.quantities.allocation, sizeBytes, sign);
    change(this.quantities.allocated_bytes, sizeBytes, sign * sizeBytes);
    change(this.quantities.requested_bytes, sizeBytes, sign * requestedBytes);
  }
  grown(sizeBytes: number): void {
    change(this.quantities.segment, sizeBytes, 1);
    change(this.quantities.reserved_bytes, sizeBytes, sizeBytes);
  }
  shrunk(sizeBytes: number): void {
    change(this.quantities.segment, sizeBytes, -1);
    change(this.quantities.reserved_bytes, sizeBytes, -sizeBytes);
  }
  retried(): void {
    this.nRetries++;
  }
  failed(): void {
    this.nOutOfMemory++;
  }

  resetPeaks(): void {
    for (const quantity of Object.values(this.quantities)) {
      for (const c of Object.values(quantity)) c.peak = c.current;
    }
  }
  resetTotals(): void {
    for (const quantity of Object.values(this.quantities)) {
      for (const c of Object.values(quantity)) c.allocated = c.freed = 0;
    }
    this.nOutOfMemory = this.nRetries = 0;
  }
}
