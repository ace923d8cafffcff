/**
 * Pinned memory of the host, for CPU tensors that a GPU reads while the program goes on. A block comes back to its
 * allocator only when the copies out of it are over.
 */
import { CachingAllocator, type Block } from "../allocator.ts";
import type { CpuDevice, PinnedMemory } from "../device.ts";
import { PINNED_POOL } from "../device.ts";
import type { CudaDevice } from "./device.ts";

interface Waiting {
  block: Block;
  event: number;
}

export class CudaPinnedMemory implements PinnedMemory {
  readonly #gpu: CudaDevice;
  readonly #allocator: CachingAllocator;
  /** Blocks with copies under way, and on which GPU. */
  readonly #copied = new Map<Block, CudaDevice>();
  readonly #waiting: { gpu: CudaDevice; entries: Waiting[] }[] = [];

  constructor(cpu: CpuDevice, gpu: CudaDevice) {
    this.#gpu = gpu;
    this.#allocator = new CachingAllocator({
      allocate: (bytes) => this.#gpu.addon.allocateHost(bytes),
      release: (pointer, bytes) => this.#gpu.addon.releaseHost(pointer, bytes),
      drain: () => {
        cpu.stream.waitAll();
        gpu.stream.waitAll();
      },
      describe: () => "pinned memory",
      position: () => cpu.stream.submitted,
    });
    this.#allocator.pool = PINNED_POOL;
  }

  allocate(bytes: number): Block {
    this.#collect();
    return this.#allocator.allocate(bytes);
  }

  free(block: Block): void {
    const gpu = this.#copied.get(block);
    if (!gpu) return this.#allocator.free(block);
    this.#copied.delete(block);
    const event = gpu.addon.createEvent();
    gpu.command("event_record", event);
    let queue = this.#waiting.find((q) => q.gpu === gpu);
    if (!queue) this.#waiting.push((queue = { gpu, entries: [] }));
    queue.entries.push({ block, event });
  }

  /** A copy out of the block was asked for that has not happened yet. */
  copying(block: Block, gpu: CudaDevice): void {
    this.#copied.set(block, gpu);
  }

  #collect(): void {
    for (const { gpu, entries } of this.#waiting) {
      while (entries.length > 0 && gpu.isEventDone(entries[0]!.event)) {
        const { block, event } = entries.shift()!;
        gpu.addon.destroyEvent(event);
        this.#allocator.free(block);
      }
    }
  }
}
