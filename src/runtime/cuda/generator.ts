/**
 * Random numbers on a GPU as PyTorch draws them there: Philox, counted by a seed and an offset. The state is two numbers
 * of the host; kernels get them as arguments, and each call moves the offset on by what PyTorch's call of it would.
 */
import { RuntimeError } from "../errors.ts";
import type { CudaDevice } from "./device.ts";
import type { CudaGraph } from "./graph.ts";

/** PyTorch's default seed. */
const DEFAULT_SEED = 67280421310721n;
const BLOCK = 256;
/** Numbers that one call of the engine gives, and by which offsets count. */
const PER_CALL = 4;

export class CudaGenerator {
  readonly index: number;
  initialSeed: bigint = DEFAULT_SEED;
  offset = 0;
  /** The graph that is being captured, where it may draw from this generator. */
  capture: CudaGraph | null = null;

  constructor(index: number) {
    this.index = index;
  }

  seed(seed: bigint): void {
    if (this.capture) {
      throw new RuntimeError(
        "Cannot call CUDAGeneratorImpl::set_current_seed during CUDA graph capture. If you need this call to be captured, " +
          "please file an issue.",
      );
    }
    this.initialSeed = BigInt.asUintN(64, seed);
    this.offset = 0;
  }

  /** Low and high half of the seed, offset: the arguments by which kernels draw. */
  words(): [number, number, number] {
    return [Number(this.initialSeed & 0xffffffffn), Number(this.initialSeed >> 32n), this.offset];
  }

  /** The arguments of a kernel that fills n elements, `perThread` with each call of the engine. */
  take(device: CudaDevice, n: number, perThread = 4): [number, number, number] {
    const { multiprocessors, maxThreadsPerMultiprocessor } = device.properties;
    const full = multiprocessors * Math.floor(maxThreadsPerMultiprocessor / BLOCK);
    const blocks = Math.min(full, Math.ceil(n / BLOCK));
    return this.advance(device, n > 0 ? (Math.floor((n - 1) / (BLOCK * blocks * perThread)) + 1) * PER_CALL : 0);
  }

  /** The arguments of a kernel of which each thread draws up to `increment` numbers. */
  advance(device: CudaDevice, increment: number): [number, number, number] {
    if (device.capture && device.capture !== this.capture) {
      throw new RuntimeError("Attempt to increase offset for a CUDA generator not in capture mode.");
    }
    if (this.capture) return this.capture.randomWords(this, increment);
    const words = this.words();
    this.offset += increment;
    return words;
  }
}

const shared: (CudaGenerator | undefined)[] = [];
/** What manual_seed asked of GPUs that were not used yet. */
let seedOfAll = DEFAULT_SEED;

export function defaultCudaGenerator(index: number): CudaGenerator {
  let generator = shared[index];
  if (!generator) {
    generator = shared[index] = new CudaGenerator(index);
    generator.seed(seedOfAll);
  }
  return generator;
}

/** -1: every GPU's. */
export function seedCuda(index: number, seed: bigint): void {
  if (index >= 0) return defaultCudaGenerator(index).seed(seed);
  seedOfAll = seed;
  for (const generator of shared) generator?.seed(seed);
}

export function resetCudaGenerators(): void {
  shared.length = 0;
  seedOfAll = DEFAULT_SEED;
}
