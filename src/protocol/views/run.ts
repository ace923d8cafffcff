/** Everything the run view (arguments in, outputs out) and its host say to each other. */
import type { Failure, SourceLocation } from "../source.ts";
import type { RunResult, Setup } from "../results.ts";

export interface RunState {
  target: string | null;
  /** The arguments that the next run takes; the view edits them. */
  setup: Setup | null;
  result: RunResult | null;
  stale: string | null;
  running: { target: string; message: string; fraction?: number } | null;
  failure: Failure | null;
  root: string;
}

export interface RunHost {
  state(): RunState;
  /** Run with these arguments and remember them for the target: names to values as they were typed. */
  run(given: { init: Record<string, string>; inputs: Record<string, string> }): void;
  /** Go back to inferred arguments. */
  forget(): void;
  cancel(): void;
  openSource(at: SourceLocation): void;
  copy(text: string): void;
}

export type RunNews =
  | { type: "changed" }
  | { type: "progress"; message: string; fraction?: number }
  | { type: "output"; stream: "stdout" | "stderr"; text: string };
