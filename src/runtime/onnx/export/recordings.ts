/** The door through which Python makes recordings of a model: one call each, with inputs of other sizes. */
import { get } from "../../handles.ts";
import { doubtOf } from "./doubt.ts";
import { CallRecorder, type Recording } from "./record.ts";
import { recordedSteps, type StepArgument } from "./steps.ts";
import { dimensionsOf, type RecordedDimension } from "./sizes.ts";

/** While a call is recorded; names of inputs and outputs go here too. */
export const exporting = { current: null as CallRecorder | null };

let finished: Recording[] = [];

export const exportFunctions = {
  export_begin(): number {
    exporting.current = new CallRecorder();
    exporting.current.start();
    return 1;
  },
  export_input(handle: number, name: string): number {
    exporting.current?.nameInput(get(handle), name);
    return 1;
  },
  export_output(handle: number, name: string): number {
    exporting.current?.nameOutput(get(handle), name);
    return 1;
  },
  /** What runs until the next call is one step; nothing of it is written down by itself. */
  export_open_step(): number {
    exporting.current?.openStep();
    return 1;
  },
  /** The step's name, arguments and results as JSON; "" when it failed. */
  export_close_step(json: string): number {
    if (json === "") {
      exporting.current?.dropStep();
      return 1;
    }
    const { name, given, results } = JSON.parse(json) as { name: string; given: StepArgument[]; results: number[] };
    exporting.current?.closeStep(recordedSteps.get(name)!, given, results.map(get));
    return 1;
  },
  /** Within a step: a body, whose inputs stand for tensors of the outside, {"given", "inputs"}. */
  export_open_body(json: string): number {
    const { given, inputs } = JSON.parse(json) as { given: number[]; inputs: number[] };
    exporting.current?.openBody(recordedSteps.get("_body_open")!, given, inputs.map(get));
    return 1;
  },
  /** What it gives, as a list of handles; a body that fails ends the recording. */
  export_close_body(json: string): number {
    exporting.current?.closeBody(recordedSteps.get("_body_close")!, JSON.parse(json) as number[]);
    return 1;
  },
  /** Keeps the recording; false forgets it, because the call failed. */
  export_end(isKept: boolean): number {
    const recording = exporting.current?.stop();
    exporting.current = null;
    if (!recording) return 0;
    if (isKept) finished.push(recording);
    else recording.release();
    return 1;
  },
  /** The next size to record, as JSON: {"dimension", "size"}; "null" where the sizes so far say everything. */
  export_doubt(json: string): string {
    const { dimensions, steps } = JSON.parse(json) as { dimensions: RecordedDimension[]; steps: number[] };
    return JSON.stringify(doubtOf(finished, dimensionsOf(dimensions), steps));
  },
  /** Takes back the last one that was kept; 0 when there is none. */
  export_forget(): number {
    const last = finished.pop();
    last?.release();
    return last ? 1 : 0;
  },
};

/** Everything that was recorded since the last time; the caller releases it. */
export function takeRecordings(): Recording[] {
  const taken = finished;
  finished = [];
  return taken;
}

/** The interpreter is gone, and its tensors with it. */
export function forgetRecordings(): void {
  exporting.current = null;
  finished = [];
}
