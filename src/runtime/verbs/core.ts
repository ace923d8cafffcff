/** What the verbs need of the core, and nothing else of it. */
import type { Graph } from "../../protocol/graph.ts";
import type { Trace } from "../../protocol/trace.ts";
import type { CpuDevice } from "../device.ts";
import type { CoreSide } from "../python/interpreter.ts";

export interface VerbCore extends CoreSide {
  /** Where tensors live unless they say otherwise: "cpu", "cuda:0". */
  device: string;
  /** null where the core was made without native code. */
  cpu: CpuDevice | null;
  trace: {
    start(): void;
    /** Marks the beginning of the next repetition. */
    step(): void;
    stop(target: string): Trace;
  };
  graph: {
    start(): void;
    stop(target: string): Graph;
  };
}

/** Functions of the core that are also Python's. */
export interface CoreFunctions {
  synchronize(): void;
  set_threads(count: number): void;
  memory_allocated(): number;
  memory_peak(): number;
  memory_reset_peaks(): void;
}

export function coreFunctions(core: CoreSide): CoreFunctions {
  return core.functions as unknown as CoreFunctions;
}
