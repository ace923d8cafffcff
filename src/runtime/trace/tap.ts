/** What a trace listens to on one device: which launches there were, when they ran, what its allocator did. */
import type { Block, MemoryStatistics } from "../allocator.ts";
import type { ComputeDevice } from "../device.ts";

const EVENT_WORDS = 4;
/** Finished kernels are fetched from the engine when this many may wait there. */
const FETCH_AFTER = 4096;

export interface TapListener {
  /** Returns what to remember of the launch. */
  launched(kernel: string): { op: number; name: number };
  ran(tap: DeviceTap, launch: { op: number; name: number }, startUs: number, durationUs: number): void;
  memory(tap: DeviceTap, block: Block, sign: 1 | -1, statistics: MemoryStatistics): void;
}

export class DeviceTap {
  readonly device: ComputeDevice;
  /** Index into the trace's devices. */
  readonly number: number;
  readonly #listener: TapListener;
  readonly #launches = new Map<number, { op: number; name: number }>();

  constructor(device: ComputeDevice, number: number, listener: TapListener) {
    this.device = device;
    this.number = number;
    this.#listener = listener;
    const { stream, allocator } = device;
    stream.waitAll();
    this.#forgetOlder();
    stream.recording = true;
    stream.onLaunch = (command, kernel) => {
      this.#launches.set(command, listener.launched(kernel));
      if (this.#launches.size > FETCH_AFTER) this.#fetch(false);
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
    stream.recording = false;
  }

  #forgetOlder(): void {
    const buffer = new Float64Array(EVENT_WORDS * FETCH_AFTER);
    while (this.device.stream.addon.events(buffer) === FETCH_AFTER);
  }

  #fetch(all: boolean): void {
    const buffer = new Float64Array(EVENT_WORDS * FETCH_AFTER);
    for (;;) {
      const n = this.device.stream.addon.events(buffer);
      for (let i = 0; i < n; i++) {
        const [command, startUs, durationUs] = buffer.subarray(EVENT_WORDS * i, EVENT_WORDS * i + 3) as unknown as [
          number,
          number,
          number,
        ];
        const launch = this.#launches.get(command);
        if (!launch) continue;
        this.#launches.delete(command);
        this.#listener.ran(this, launch, startUs, durationUs);
      }
      if (n < FETCH_AFTER || !all) return;
    }
  }
}
