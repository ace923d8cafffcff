/** What a trace listens to on one device: which launches there were, when they ran, what its allocator did. */
import type { Block, MemoryStatistics } from "../allocator.ts";
import type { ComputeDevice } from "../device.ts";
import { recordTimes, type CommandRun, type KernelTimes } from "./kernel_times.ts";

/** Finished kernels are fetched from the engine after this many launches. */
const FETCH_AFTER = 4096;

export interface Launch {
  op: number;
  name: number;
}

export interface TapListener {
  /** Returns what to remember of the launch. */
  launched(kernel: string): Launch;
  /** `launch` is null for copies between host and GPU that no launch asked for. */
  ran(tap: DeviceTap, launch: Launch | null, run: CommandRun): void;
  memory(tap: DeviceTap, block: Block, sign: 1 | -1, statistics: MemoryStatistics): void;
}

export class DeviceTap {
  readonly device: ComputeDevice;
  /** Index into the trace's devices. */
  readonly number: number;
  readonly times: KernelTimes;
  readonly #listener: TapListener;
  readonly #launches = new Map<number, Launch>();
  #launchesSinceFetch = 0;

  constructor(device: ComputeDevice, number: number, listener: TapListener) {
    this.device = device;
    this.number = number;
    this.#listener = listener;
    const { stream, allocator } = device;
    stream.waitAll();
    this.times = recordTimes(stream);
    stream.onLaunch = (command, kernel) => {
      this.#launches.set(command, listener.launched(kernel));
      if (++this.#launchesSinceFetch > FETCH_AFTER) this.#fetch(false);
    };
    allocator.resetPeaks();
    allocator.listener = (block, sign, statistics) => listener.memory(this, block, sign, statistics);
  }

  stop(): void {
    const { stream, allocator } = this.device;
    allocator.listener = null;
    stream.waitAll();
    stream.onLaunch = null;
    this.#fetch(true);
    this.times.stop();
  }

  #fetch(all: boolean): void {
    this.#launchesSinceFetch = 0;
    const { done } = this.device.stream;
    for (const run of this.times.fetch(all)) {
      if (run.command === 0) {
        this.#listener.ran(this, null, run);
        continue;
      }
      const launch = this.#launches.get(run.command);
      if (!launch) continue;
      this.#launches.delete(run.command);
      this.#listener.ran(this, launch, run);
    }
    // Commands that put nothing on the GPU (choosing a stream, recording an event) have no times by CUPTI.
    if (this.times.by !== "cupti") return;
    for (const command of this.#launches.keys()) {
      if (command > done) break;
      this.#launches.delete(command);
    }
  }
}
