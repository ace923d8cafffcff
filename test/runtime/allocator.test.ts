/** The caching allocator, over memory that only counts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CachingAllocator, roundUpToClass, type RawMemory } from "../../src/runtime/allocator.ts";

class CountedMemory implements RawMemory {
  next = 4096;
  held = 0;
  now = 0;
  limit = Infinity;
  allocate(bytes: number): number {
    if (this.held + bytes > this.limit) return 0;
    this.held += bytes;
    const pointer = this.next;
    this.next += bytes;
    return pointer;
  }
  release(_pointer: number, bytes: number): void {
    this.held -= bytes;
  }
  drain(): void {}
  describe = () => "test";
  position = () => this.now;
}

test("size classes waste at most an eighth, or 63 bytes", () => {
  for (const bytes of [0, 1, 63, 64, 65, 1000, 1024, 1025, 4097, 100_000, 5_000_001, 2 ** 31 + 1]) {
    const size = roundUpToClass(bytes);
    assert.ok(size >= bytes, `${bytes} -> ${size}`);
    assert.ok(size - bytes <= Math.max(64, bytes / 8), `${bytes} -> ${size}`);
    assert.equal(size % 64, 0);
    assert.equal(roundUpToClass(size), size);
  }
});

test("a freed block is handed out again, and says since when it is quiet", () => {
  const memory = new CountedMemory();
  const allocator = new CachingAllocator(memory);
  const first = allocator.allocate(1000);
  memory.now = 17;
  allocator.free(first);
  const second = allocator.allocate(990);
  assert.equal(second.pointer, first.pointer);
  assert.equal(second.readyAfter, 17);
  assert.notEqual(second.id, first.id);
  assert.equal(allocator.statistics.systemAllocations, 1);
});

test("a block of the next class serves before the system is asked", () => {
  const allocator = new CachingAllocator(new CountedMemory());
  const large = allocator.allocate(1152);
  allocator.free(large);
  const small = allocator.allocate(1030);
  assert.equal(small.pointer, large.pointer);
  assert.equal(small.sizeBytes, large.sizeBytes);
  allocator.free(small);
  assert.equal(allocator.statistics.allocatedBytes, 0);
});

test("statistics count what is held and what was", () => {
  const allocator = new CachingAllocator(new CountedMemory());
  const seen: [number, number][] = [];
  allocator.listener = (block, sign, s) => seen.push([sign * block.sizeBytes, s.allocatedBytes]);
  const blocks = [64, 128, 4096].map((n) => allocator.allocate(n));
  blocks.forEach((b) => allocator.free(b));
  assert.deepEqual(seen, [
    [64, 64],
    [128, 192],
    [4096, 4288],
    [-64, 4224],
    [-128, 4096],
    [-4096, 0],
  ]);
  const s = allocator.statistics;
  assert.equal(s.peakAllocatedBytes, 4288);
  assert.equal(s.reservedBytes, 4288);
  allocator.emptyCache();
  assert.equal(s.reservedBytes, 0);
  allocator.resetPeaks();
  assert.equal(s.peakAllocatedBytes, 0);
});

test("when the system refuses, cached blocks are given back first; then the error names sizes and a way out", () => {
  const memory = new CountedMemory();
  memory.limit = 10_000_000;
  const allocator = new CachingAllocator(memory);
  allocator.free(allocator.allocate(6_000_000));
  const other = allocator.allocate(9_000_000);
  assert.equal(memory.held, other.sizeBytes);
  assert.throws(
    () => allocator.allocate(5_000_000),
    (e: Error) => /out of memory: asked for 4\.77 MiB with 9\.\d+ MiB in use.*lower the batch size/.test(e.message),
  );
  assert.equal(allocator.statistics.allocatedBytes, other.sizeBytes);
});

test("when the system refuses, what can be made again is given up before anything fails", () => {
  const memory = new CountedMemory();
  memory.limit = 8192;
  const allocator = new CachingAllocator(memory);
  const spare = allocator.allocate(4096);
  const asked: number[] = [];
  allocator.onShortage = () => {
    asked.push(memory.held);
    if (asked.length === 1) allocator.free(spare);
  };
  assert.equal(allocator.allocate(8192).sizeBytes, 8192);
  assert.deepEqual(asked, [4096]);
  assert.throws(() => allocator.allocate(64), /out of memory/);
  assert.equal(asked.length, 2);
});
