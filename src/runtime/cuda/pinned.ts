/**
 * Pinned memory of the host, for CPU tensors that a GPU reads while the program goes on. A block comes back to its
 * allocator only when the copies out of it are over.
 */
import { CachingAllocator, type Block } from "../allocator.ts";
import type { CpuDevice, PinnedMemory } from "../device.ts";
import { PINNED_POOL } from "../device.ts";
import type { CudaDevice } from "./device.ts";
import type { CudaGraph } from "./graph.ts";

interface Waiting {
  block: Block;
  events: number[];
}

export class CudaPinnedMemory implements PinnedMemory {
  readonly #gpu: CudaDevice;
  readonly #allocator: CachingAllocator;
  /** Blocks with copies under way: on which GPU, and on which of its streams. */
  readonly #copied = new Map<Block, { gpu: CudaDevice; streams: Set<number> }>();
  /** Blocks that graphs copy from. */
  readonly #inGraphs = new Map<Block, CudaGraph[]>();
  readonly #waiting: { gpu: CudaDevice; entries: Waiting[] }[] = [];

  constructor(cpu: CpuDevice, gpu: CudaDevice) {
    this.#gpu = gpu;
    const raw = {
      allocate: (bytes: number) => this.#gpu.addon.allocateHost(bytes),
      release: (pointer: number, bytes: number) => this.#gpu.addon.releaseHost(pointer, bytes),
      drain: () => {
        cpu.stream.waitAll();
        gpu.stream.waitAll();
      },
      describe: () => "pinned memory",
      position: () => cpu.stream.submitted,
    };
    this.#allocator = new CachingAllocator(raw, PINNED_POOL);
  }

  allocate(bytes: number): Block {
    this.#collect();
    return this.#allocator.allocate(bytes);
  }

  free(block: Block): void {
    // Every replay of a graph reads what it copies from.
    const graph = this.#inGraphs.get(block)?.find((g) => g.pinned.has(block));
    if (graph) return graph.afterwards(() => this.free(block));
    this.#inGraphs.delete(block);
    const copies = this.#copied.get(block);
    if (!copies) return this.#allocator.free(block);
    const { gpu, streams } = copies;
    // A mark would become a part of the graph.
    if (gpu.capture) return gpu.capture.whenCaptured(() => this.free(block));
    this.#copied.delete(block);
    let queue = this.#waiting.find((q) => q.gpu === gpu);
    if (!queue) this.#waiting.push((queue = { gpu, entries: [] }));
    queue.entries.push({ block, events: [...streams].map((stream) => gpu.mark(stream)) });
  }

  /** A copy out of the block, or into it, was asked of the GPU's current stream that has not happened yet. */
  copying(block: Block, gpu: CudaDevice): void {
    if (gpu.capture) {
      gpu.capture.pinned.add(block);
      this.#inGraphs.set(block, [...(this.#inGraphs.get(block) ?? []), gpu.capture]);
      return;
    }
    const copies = this.#copied.get(block);
    if (copies) copies.streams.add(gpu.currentStream);
    else this.#copied.set(block, { gpu, streams: new Set([gpu.currentStream]) });
  }

  #collect(): void {
    for (const { gpu, entries } of this.#waiting) {
      while (entries.length > 0 && entries[0]!.events.every((event) => gpu.isEventDone(event))) {
        const { block, events } = entries.shift()!;
        for (const event of events) gpu.addon.destroyEvent(event);
        this.#allocator.free(block);
      }
    }
  }
}
