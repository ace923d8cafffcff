/**
 * When the commands of a stream ran: told by the engine's own clock, by CUPTI where a GPU has it, else by events that the
 * engine puts around each launch. Knows commands by number; what they mean is the tap's to know.
 */
import type { CudaEngine, NativeEngine } from "../native/addon.ts";
import type { Stream } from "../native/stream.ts";

/** How the times of a device's kernels were measured. */
export type KernelClock = "engine" | "cupti" | "events";

/** One command that ran; several pieces of work that it launched count as one. */
export interface CommandRun {
  /** 0 for copies between host and GPU that no command asked for. */
  command: number;
  startUs: number;
  durationUs: number;
  stream: number;
  /** Of copies and fills; 0 for kernels. */
  bytes: number;
  /** The GPU's own name of the kernel that took longest, "" where it is not told. */
  code: string;
  kind: WorkKind;
}

export type WorkKind = "kernel" | "fill" | "toDevice" | "fromDevice" | "onDevice";
const WORK_KINDS: readonly WorkKind[] = ["kernel", "fill", "toDevice", "fromDevice", "onDevice"];

export interface KernelTimes {
  readonly by: KernelClock;
  /** Why not by CUPTI, where that is the question. */
  readonly why: string;
  /** What is known by now; with `all` everything that was submitted, which the caller has waited for. */
  fetch(all: boolean): Iterable<CommandRun>;
  stop(): void;
}

const BUFFER_RECORDS = 4096;
const EVENT_WORDS = 4;
const ACTIVITY_WORDS = 7;

/** Starts recording; the stream is idle. */
export function recordTimes(stream: Stream): KernelTimes {
  const engine = stream.addon;
  if (!isCuda(engine)) return new EventTimes(stream, "engine", "");
  const why = engine.startActivities();
  return why === undefined ? new ActivityTimes(stream, engine) : new EventTimes(stream, "events", why);
}

function isCuda(engine: NativeEngine): engine is CudaEngine {
  return "startActivities" in engine;
}

/** The engine's own records: one per command, in order. */
class EventTimes implements KernelTimes {
  readonly by: KernelClock;
  readonly why: string;
  readonly #stream: Stream;
  readonly #buffer = new Float64Array(EVENT_WORDS * BUFFER_RECORDS);

  constructor(stream: Stream, by: KernelClock, why: string) {
    this.#stream = stream;
    this.by = by;
    this.why = why;
    while (stream.addon.events(this.#buffer) === BUFFER_RECORDS);
    stream.recording = true;
  }

  *fetch(all: boolean): Iterable<CommandRun> {
    const buffer = this.#buffer;
    for (;;) {
      const n = this.#stream.addon.events(buffer);
      for (let at = 0; at < n * EVENT_WORDS; at += EVENT_WORDS) {
        const [command, startUs, durationUs] = [buffer[at]!, buffer[at + 1]!, buffer[at + 2]!];
        yield { command, startUs, durationUs, stream: 0, bytes: 0, code: "", kind: "kernel" };
      }
      if (n < BUFFER_RECORDS || !all) return;
    }
  }

  stop(): void {
    this.#stream.recording = false;
  }
}

/** CUPTI's records: any number per command, in no order, each when its work is done. */
class ActivityTimes implements KernelTimes {
  readonly by = "cupti";
  readonly why = "";
  readonly #stream: Stream;
  readonly #engine: CudaEngine;
  readonly #buffer = new Float64Array(ACTIVITY_WORDS * BUFFER_RECORDS);
  readonly #open = new Map<number, CommandRun & { longestUs: number }>();
  #names: string[] = [];

  constructor(stream: Stream, engine: CudaEngine) {
    this.#stream = stream;
    this.#engine = engine;
  }

  *fetch(all: boolean): Iterable<CommandRun> {
    const buffer = this.#buffer;
    for (;;) {
      const n = this.#engine.activities(buffer);
      for (let at = 0; at < n * ACTIVITY_WORDS; at += ACTIVITY_WORDS) {
        const run = this.#read(at);
        if (run.command === 0) yield run;
        else this.#join(run);
      }
      if (n < BUFFER_RECORDS) break;
    }
    // A command is whole when somebody has waited for it.
    const done = this.#stream.done;
    for (const [command, run] of this.#open) {
      if (!all && command > done) continue;
      this.#open.delete(command);
      yield run;
    }
  }

  #read(at: number): CommandRun {
    const [command, startUs, durationUs, bytes, kind, stream, name] = this.#buffer.subarray(
      at,
      at + ACTIVITY_WORDS,
    ) as unknown as [number, number, number, number, number, number, number];
    if (name >= this.#names.length) this.#names = this.#engine.activityNames();
    const code = this.#names[name] ?? "";
    return { command, startUs, durationUs, stream, bytes, code, kind: WORK_KINDS[kind] ?? "kernel" };
  }

  #join(part: CommandRun): void {
    const whole = this.#open.get(part.command);
    if (!whole) {
      this.#open.set(part.command, { ...part, longestUs: part.durationUs });
      return;
    }
    whole.startUs = Math.min(whole.startUs, part.startUs);
    whole.durationUs += part.durationUs;
    whole.bytes += part.bytes;
    if (part.kind === "kernel" && (part.durationUs > whole.longestUs || whole.kind !== "kernel")) {
      whole.code = part.code;
      whole.longestUs = part.durationUs;
      whole.kind = "kernel";
    }
  }

  stop(): void {
    this.#engine.stopActivities();
  }
}
