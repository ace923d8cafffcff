/**
 * Graphs of launches (torch.cuda.CUDAGraph): what is asked of a stream between begin and end is captured by the driver and
 * run again by one call. A graph owns a pool of memory, so that the addresses it names stay good, and the place where its
 * random kernels find how far the generator has come.
 */
import type { Block } from "../allocator.ts";
import { cpuDevice } from "../device.ts";
import { RuntimeError } from "../errors.ts";
import type { CudaDevice } from "./device.ts";
import type { CudaGenerator } from "./generator.ts";

/** Seed and offset, 8 bytes each. */
const STATE_BYTES = 16;

interface RandomState {
  block: Block;
  /** By how much one replay moves the generator on. */
  increment: number;
}

/** The driver's words for what cannot be captured; the capture it happens in is lost. */
export const notWhileCapturing = (): RuntimeError =>
  new RuntimeError("CUDA error: operation not permitted when stream is capturing");

export class CudaGraph {
  readonly device: CudaDevice;
  /** The engine's number for it. */
  readonly number: number;
  pool = 0;
  readonly #states = new Map<CudaGenerator, RandomState>();
  /** Pinned blocks that its copies read. */
  readonly pinned = new Set<Block>();
  /** What waits for the graph to go before it may be given back. */
  readonly #after: (() => void)[] = [];
  readonly #whenCaptured: (() => void)[] = [];
  #state: "empty" | "capturing" | "ready" = "empty";
  /** Something happened that no capture survives. */
  isBroken = false;

  constructor(device: CudaDevice, number: number) {
    this.device = device;
    this.number = number;
  }

  /** Draw from this generator too, besides the GPU's own. */
  register(generator: CudaGenerator): void {
    if (this.#states.has(generator)) return;
    if (generator.index !== this.device.index) {
      throw new RuntimeError(
        `Expected a generator of cuda:${this.device.index} but found one of cuda:${generator.index}`,
      );
    }
    this.#states.set(generator, { block: this.device.allocate(STATE_BYTES), increment: 0 });
  }

  /** `pool` 0: one of its own. */
  begin(pool: number): void {
    const { device } = this;
    if (this.#state === "ready") {
      throw new RuntimeError(
        "This CUDAGraph instance already owns a captured graph. To capture a new graph, create a new instance.",
      );
    }
    if (device.capture) throw notWhileCapturing();
    if (device.currentStream === 0) {
      throw new RuntimeError(
        "CUDA graphs must be captured on a non-default stream. (However, after capture, it's ok to replay them on the " +
          "default stream.)",
      );
    }
    this.register(device.defaultGenerator());
    for (const [generator, state] of this.#states) {
      state.increment = 0;
      generator.capture = this;
    }
    this.pool = pool || device.allocator.newGraphPool();
    device.allocator.retainPool(this.pool);
    device.allocator.capturing = this.pool;
    device.capture = this;
    this.#state = "capturing";
    this.isBroken = false;
    device.command("graph_begin", this.number);
  }

  end(): void {
    const { device } = this;
    if (this.#state !== "capturing") throw new RuntimeError("capture_end called without a capture that it would end");
    device.command("graph_end", this.number);
    this.#leave();
    this.#state = "ready";
    try {
      device.stream.waitAll();
      if (this.isBroken) throw new RuntimeError("CUDA error: operation failed due to a previous error during capture");
    } catch (error) {
      this.reset();
      throw error;
    }
  }

  #leave(): void {
    const { device } = this;
    device.capture = null;
    for (const generator of this.#states.keys()) generator.capture = null;
    device.allocator.endCapture();
    for (const body of this.#whenCaptured.splice(0)) body();
  }

  /** Call when the capture at hand is over. */
  whenCaptured(body: () => void): void {
    this.#whenCaptured.push(body);
  }

  /** The words of a random kernel in this graph; see native/README.md. */
  randomWords(generator: CudaGenerator, increment: number): [number, number, number] {
    const state = this.#states.get(generator)!;
    const words: [number, number, number] = [state.block.pointer, -1, state.increment];
    state.increment += increment;
    return words;
  }

  replay(): void {
    const { device } = this;
    if (this.#state !== "ready") {
      throw new RuntimeError("Called CUDAGraph::replay without a preceding successful capture.");
    }
    if (device.capture) throw notWhileCapturing();
    // What the program has written into memory that is copied from must be there.
    if (this.pinned.size > 0) cpuDevice().stream?.waitAll();
    for (const [generator, { block, increment }] of this.#states) {
      if (increment === 0) continue;
      const { stream } = device;
      stream.begin("random_graph_state", 4).push(block.pointer);
      stream.pushAll(generator.words()).end(1);
      generator.offset += increment;
    }
    device.command("graph_launch", this.number);
  }

  /** Call when the graph no longer names what it captured. */
  afterwards(release: () => void): void {
    this.#after.push(release);
  }

  reset(): void {
    const { device } = this;
    if (this.#state === "empty") return;
    // Waiting would end the capture of the other one.
    if (device.capture && device.capture !== this) return device.capture.whenCaptured(() => this.reset());
    if (this.#state === "capturing") this.#leave();
    this.#state = "empty";
    // It waits until no replay is under way.
    device.command("graph_forget", this.number);
    device.stream.waitAll();
    for (const { block } of this.#states.values()) device.free(block);
    this.#states.clear();
    device.allocator.releasePool(this.pool);
    this.pinned.clear();
    for (const release of this.#after.splice(0)) release();
  }
}
