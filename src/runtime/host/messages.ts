/**
 * What the main thread and the worker say to each other. Bytes that Python prints or reads travel through shared
 * memory.
 */
import type { Result } from "../../protocol/results.ts";
import type { Verb, Verbs } from "../../protocol/rpc.ts";
import type { Failure } from "../../protocol/source.ts";
import type { ForeignWords } from "../foreign.ts";
import type { BootTimings } from "../python/interpreter.ts";
import type { InputChannel } from "./input.ts";
import type { OutputChannel } from "./output.ts";

/** Everything a worker is started with. */
export interface WorkerStart {
  input: InputChannel;
  output: OutputChannel;
  /** Word 0 becomes 2 to interrupt Python. */
  interrupt: Int32Array<SharedArrayBuffer>;
  /** Is it inside of a call that cannot be interrupted? */
  foreign: ForeignWords;
  pyodideFolder: string;
  packages: string;
  cacheFolder: string | null;
  preload?: string[];
  memoryLimitBytes: number;
  isTerminal: { stdin: boolean; stdout: boolean; stderr: boolean };
  hasInput: boolean;
  /** Options for the core, passed through. */
  core: Record<string, unknown>;
  /** Modules to use in place of the product's own core and verbs: for tests. */
  coreModule?: string;
  verbsModule?: string;
}

/** A word of shared memory that makes the core's engine stop what it is doing when it becomes 1. */
export interface CancelWord {
  words: Int32Array<SharedArrayBuffer>;
  index: number;
}

/** Allocated and reserved bytes of tensor memory, kept up to date by the core. */
export type MemoryWords = Float64Array<SharedArrayBuffer>;

export type ToWorker =
  | { type: "program"; program: WebAssembly.Module }
  | { type: "request"; id: number; verb: Verb; request: Verbs[Verb]["request"] };

export type FromWorker =
  | {
      type: "ready";
      device: string;
      timings: BootTimings;
      cancelWords: CancelWord[];
      memory: MemoryWords | null;
      /** Of GPUs: src/runtime/cuda/gauges.ts. */
      gpus: MemoryWords | null;
    }
  | { type: "result"; id: number; result: Result; memoryBytes: number }
  | { type: "failure"; id: number; failure: Failure; memoryBytes: number }
  | { type: "progress"; id: number; message: string; fraction?: number }
  | { type: "notice"; sentence: string }
  /** There is something to read in the output ring. */
  | { type: "output" }
  /** Python waits for input. */
  | { type: "input" }
  /** The interpreter is beyond use; the worker ends. */
  | { type: "fatal"; failure: Failure };
