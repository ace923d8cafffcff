/**
 * The GPU's allocator over memory that only counts: PyTorch's sizes and rules, its books, streams and pools of graphs; then
 * a random walk that holds all of it against plain bookkeeping.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Block } from "../../src/runtime/allocator.ts";
import { CudaAccounts } from "../../src/runtime/cuda/accounts.ts";
import { parseSettings } from "../../src/runtime/cuda/allocator_settings.ts";
import { CudaAllocator, type GpuMemory } from "../../src/runtime/cuda/allocator.ts";
import type { CudaBlock } from "../../src/runtime/cuda/blocks.ts";
import { OutOfMemoryError } from "../../src/runtime/errors.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

class CountedMemory implements GpuMemory {
  readonly held = new Map<number, number>();
  next = 4096;
  limit = Infinity;
  nDrained = 0;
  /** Marks that were passed; all others are waited for. */
  readonly marks = new Map<number, { stream: number; isPassed: boolean }>();
  #nextMark = 1;

  get heldBytes(): number {
    let sum = 0;
    for (const bytes of this.held.values()) sum += bytes;
    return sum;
  }
  allocate(bytes: number): number {
    if (this.heldBytes + bytes > this.limit) return 0;
    const pointer = this.next;
    this.next += bytes + 512;
    this.held.set(pointer, bytes);
    return pointer;
  }
  release(pointer: number, bytes: number): void {
    assert.equal(this.held.get(pointer), bytes, "what goes back is a whole segment");
    this.held.delete(pointer);
  }
  drain(): void {
    this.nDrained++;
    for (const mark of this.marks.values()) mark.isPassed = true;
  }
  outOfMemory = (bytes: number) => new OutOfMemoryError(`no ${bytes}`);
  mark(stream: number): number {
    this.marks.set(this.#nextMark, { stream, isPassed: false });
    return this.#nextMark++;
  }
  isPassed = (mark: number): boolean => this.marks.get(mark)!.isPassed;
  forgetMark(mark: number): void {
    assert.ok(this.marks.delete(mark), "a mark is forgotten once");
  }
}

function make(): { memory: CountedMemory; allocator: CudaAllocator; accounts: CudaAccounts } {
  const memory = new CountedMemory();
  const accounts = new CudaAccounts();
  return { memory, accounts, allocator: new CudaAllocator(memory, accounts) };
}

for (const [bytes, size, segment] of [
  [1, 512, 2 * MIB],
  [513, 1024, 2 * MIB],
  [MIB, MIB, 2 * MIB],
  [MIB + 1, MIB + 512, 20 * MIB],
  [10 * MIB - 512, 10 * MIB - 512, 20 * MIB],
  // What is left over is small enough to stay with it.
  [10 * MIB, 10 * MIB, 10 * MIB],
  [11 * MIB, 12 * MIB, 12 * MIB],
  [101 * MIB + 1, 102 * MIB, 102 * MIB],
  [100 * MIB, 100 * MIB, 100 * MIB],
] as const) {
  test(`${bytes} bytes are a block of ${size} in a segment of ${segment}`, () => {
    const { allocator, memory, accounts } = make();
    const block = allocator.allocate(bytes);
    assert.equal(block.sizeBytes, size);
    assert.equal(memory.heldBytes, segment);
    assert.equal(allocator.statistics.allocatedBytes, size);
    assert.equal(allocator.statistics.reservedBytes, segment);
    assert.equal(accounts.quantities.inactive_split_bytes.all.current, segment - size);
    assert.equal(accounts.quantities.inactive_split.all.current, segment > size ? 1 : 0);
    allocator.free(block);
    assert.equal(accounts.quantities.inactive_split.all.current, 0);
    allocator.emptyCache();
    assert.equal(memory.heldBytes, 0);
  });
}

test("the smallest block that is large enough serves, and a large one is split only where more than 1 MiB is left", () => {
  const { allocator, memory } = make();
  const [a, b] = [allocator.allocate(16 * MIB), allocator.allocate(12 * MIB)];
  allocator.free(a);
  allocator.free(b);
  const c = allocator.allocate(11 * MIB);
  assert.equal(c.pointer, b.pointer);
  assert.equal(c.sizeBytes, 12 * MIB);
  const d = allocator.allocate(14 * MIB);
  assert.equal(d.pointer, a.pointer);
  assert.equal(d.sizeBytes, 14 * MIB);
  assert.equal(allocator.allocate(2 * MIB).pointer, a.pointer + 14 * MIB);
  assert.equal(memory.held.size, 2);
});

test("neighbours that are free are joined, whatever the order in which they were dropped", () => {
  for (const order of [
    [0, 1, 2, 3],
    [3, 2, 1, 0],
    [1, 3, 0, 2],
    [2, 0, 3, 1],
  ]) {
    const { allocator, memory, accounts } = make();
    const blocks = [0, 1, 2, 3].map(() => allocator.allocate(512 * KIB));
    assert.equal(memory.held.size, 1);
    for (const i of order) allocator.free(blocks[i]!);
    assert.equal(accounts.quantities.inactive_split.all.current, 0);
    assert.equal(allocator.allocate(MIB).pointer, blocks[0]!.pointer);
    assert.equal(memory.held.size, 1);
  }
});

test("each stream has blocks of its own", () => {
  const { allocator, memory } = make();
  const first = allocator.allocate(MIB);
  allocator.free(first);
  allocator.stream = 3;
  assert.notEqual(allocator.allocate(MIB).pointer, first.pointer);
  allocator.stream = 0;
  assert.equal(allocator.allocate(MIB).pointer, first.pointer);
  assert.equal(memory.held.size, 2);
});

test("a block that another stream was told of waits for it, and counts as active until then", () => {
  const { allocator, memory, accounts } = make();
  const block = allocator.allocate(MIB);
  allocator.recordStream(block, 0);
  allocator.recordStream(block, 2);
  allocator.recordStream(block, 2);
  allocator.recordStream(block, 5);
  allocator.free(block);
  assert.equal(allocator.statistics.allocatedBytes, 0);
  assert.equal(accounts.quantities.active_bytes.all.current, MIB);
  assert.deepEqual([...memory.marks.values()].map(({ stream }) => stream).sort(), [2, 5]);
  assert.notEqual(allocator.allocate(MIB).pointer, block.pointer);
  const [first, second] = [...memory.marks.values()];
  first!.isPassed = true;
  assert.notEqual(allocator.allocate(MIB).pointer, block.pointer);
  second!.isPassed = true;
  assert.equal(allocator.allocate(MIB).pointer, block.pointer);
  assert.equal(memory.marks.size, 0);
});

test("when the driver refuses, what is cached goes back and it is asked once more", () => {
  const { allocator, memory, accounts } = make();
  memory.limit = 40 * MIB;
  allocator.free(allocator.allocate(30 * MIB));
  const block = allocator.allocate(36 * MIB);
  assert.deepEqual([memory.nDrained, accounts.nRetries, accounts.nOutOfMemory], [1, 1, 0]);
  assert.equal(memory.heldBytes, 36 * MIB);
  assert.throws(() => allocator.allocate(8 * MIB), /no 8388608/);
  assert.deepEqual([accounts.nRetries, accounts.nOutOfMemory], [2, 1]);
  allocator.free(block);
  allocator.emptyCache();
  allocator.limitBytes = 10 * MIB;
  assert.throws(() => allocator.allocate(11 * MIB), /no/);
  assert.ok(allocator.allocate(10 * MIB));
});

test("max_split_size_mb keeps large blocks whole", () => {
  const { allocator, accounts } = make();
  allocator.maxSplitBytes = parseSettings("expandable_segments:True, max_split_size_mb:32").maxSplitBytes;
  const large = allocator.allocate(64 * MIB);
  assert.equal(accounts.oversize.oversize_allocations.current, 1);
  allocator.free(large);
  assert.notEqual(allocator.allocate(16 * MIB).pointer, large.pointer, "a small request leaves it alone");
  assert.equal(allocator.allocate(50 * MIB).sizeBytes, 64 * MIB, "one of about its size gets all of it");
  assert.throws(() => parseSettings("max_split_size_mb:4"), /max_split_size_mb too small, must be >= 20: got '4'/);
  assert.throws(() => parseSettings("max_splits:4"), /Unrecognized key 'max_splits' in CUDA allocator config/);
  assert.equal(parseSettings("roundup_power2_divisions:[256:1,512:2,>:4],backend:native").maxSplitBytes, Infinity);
});

test("a pool of graphs stays while a graph uses it", () => {
  const { allocator, memory } = make();
  const pool = allocator.newGraphPool();
  const outside = allocator.allocate(MIB);
  allocator.retainPool(pool);
  allocator.capturing = pool;
  const inside = allocator.allocate(MIB);
  allocator.free(outside);
  const second = allocator.allocate(MIB);
  assert.notEqual(second.pointer, outside.pointer, "nothing from outside is handed out");
  assert.equal(allocator.graphBytes, 2 * MIB);
  allocator.endCapture();
  allocator.free(inside);
  allocator.free(second);
  assert.equal(allocator.allocate(MIB).pointer, outside.pointer, "and nothing from inside afterwards");
  allocator.emptyCache();
  assert.equal(memory.held.size, 2);
  allocator.releasePool(pool);
  allocator.emptyCache();
  assert.equal(memory.held.size, 1);
});

test("during a capture nothing waits: refusal is final, and readers of other streams are asked later", () => {
  const { allocator, memory } = make();
  const pool = allocator.newGraphPool();
  memory.limit = 2 * MIB;
  const block = allocator.allocate(MIB);
  allocator.recordStream(block, 1);
  allocator.retainPool(pool);
  allocator.capturing = pool;
  allocator.free(block);
  assert.equal(memory.marks.size, 0);
  assert.throws(() => allocator.allocate(MIB), OutOfMemoryError);
  assert.equal(memory.nDrained, 0);
  allocator.endCapture();
  assert.equal(memory.marks.size, 1);
});

// The walk

function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What must hold at every moment, worked out from nothing but the blocks. */
function check(allocator: CudaAllocator, memory: CountedMemory, live: Set<Block>): void {
  const sums = { allocated: 0, active: 0, reserved: 0, requested: 0, splits: 0, splitBytes: 0 };
  const seen = new Set<Block>();
  const segments = new Map<CudaBlock, number>();
  for (const { segment, block } of allocator.eachBlock()) {
    const expected = segment.pointer + (segments.get(segment) ?? 0);
    assert.equal(block.pointer, expected, "blocks follow each other without gap or overlap");
    segments.set(segment, (segments.get(segment) ?? 0) + block.sizeBytes);
    assert.equal(block.pool, segment.pool);
    sums.reserved += block.sizeBytes;
    if (block.isFree) {
      assert.ok(!block.after?.isFree, "free neighbours are joined");
      if (block.isSplit) sums.splits++;
      if (block.isSplit) sums.splitBytes += block.sizeBytes;
      continue;
    }
    sums.active += block.sizeBytes;
    if (!live.has(block)) continue;
    seen.add(block);
    sums.allocated += block.sizeBytes;
    sums.requested += block.requestedBytes;
  }
  assert.equal(seen.size, live.size, "every block that is held lies in a segment");
  for (const [segment, bytes] of segments) assert.equal(memory.held.get(segment.pointer), bytes);
  const { quantities } = allocator.accounts;
  assert.deepEqual(
    {
      allocated: quantities.allocated_bytes.all.current,
      active: quantities.active_bytes.all.current,
      reserved: quantities.reserved_bytes.all.current,
      requested: quantities.requested_bytes.all.current,
      splits: quantities.inactive_split.all.current,
      splitBytes: quantities.inactive_split_bytes.all.current,
    },
    sums,
  );
  assert.equal(allocator.statistics.allocatedBytes, sums.allocated);
  assert.equal(allocator.statistics.reservedBytes, sums.reserved);
  assert.equal(memory.heldBytes, sums.reserved);
  for (const quantity of Object.values(quantities)) {
    assert.equal(quantity.all.current, quantity.small_pool.current + quantity.large_pool.current);
    assert.equal(quantity.all.current, quantity.all.allocated - quantity.all.freed);
    assert.ok(quantity.all.peak >= quantity.all.current && quantity.all.current >= 0);
  }
}

function walk(seed: number, steps: number): void {
  const random = randomSource(seed);
  const pick = (n: number): number => Math.floor(random() * n);
  const { allocator, memory } = make();
  memory.limit = 300 * MIB;
  if (seed % 3 === 0) allocator.maxSplitBytes = 24 * MIB;
  const live = new Set<Block>();
  const pools: number[] = [];
  for (let step = 0; step < steps; step++) {
    const what = pick(100);
    if (what < 50) {
      const bytes = 1 + pick(pick(4) === 0 ? 40 * MIB : pick(2) === 0 ? 3 * MIB : 5000);
      try {
        const block = allocator.allocate(bytes);
        assert.ok(block.sizeBytes >= bytes && !live.has(block));
        live.add(block);
      } catch (error) {
        assert.ok(error instanceof OutOfMemoryError);
        for (const block of [...live].filter(() => pick(2) === 0)) {
          live.delete(block);
          allocator.free(block);
        }
      }
    } else if (what < 85 && live.size > 0) {
      const block = [...live][pick(live.size)]!;
      live.delete(block);
      allocator.free(block);
    } else if (what < 89) allocator.stream = pick(3);
    else if (what < 93 && live.size > 0) allocator.recordStream([...live][pick(live.size)]!, pick(3));
    else if (what < 95) for (const mark of memory.marks.values()) mark.isPassed ||= pick(2) === 0;
    else if (what < 96 && !allocator.capturing) allocator.emptyCache();
    else if (what < 98 && allocator.capturing) allocator.endCapture();
    else if (what < 98) {
      const pool = allocator.newGraphPool();
      pools.push(pool);
      allocator.retainPool(pool);
      allocator.capturing = pool;
    } else if (pools.length > 0 && !allocator.capturing) allocator.releasePool(pools.splice(pick(pools.length), 1)[0]!);
    if (step % 7 === 0) check(allocator, memory, live);
  }
  allocator.endCapture();
  for (const block of live) allocator.free(block);
  for (const pool of pools) allocator.releasePool(pool);
  allocator.emptyCache();
  check(allocator, memory, new Set());
  assert.equal(memory.heldBytes, 0, "everything goes back");
  assert.equal(memory.marks.size, 0);
}

const first = Number(process.env.LAYERWISE_FUZZ_SEED ?? Math.floor(Date.now() / 1000) % 100_000);
test(`a random walk over streams, readers and pools (seeds from ${first})`, () => {
  for (let seed = first; seed < first + 12; seed++) {
    try {
      walk(seed, 1500);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});
