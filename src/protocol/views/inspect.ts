/** Everything the view of a data file and its host say to each other. */
import type { InspectResult } from "../results.ts";
import type { Failure } from "../source.ts";

export interface InspectState {
  /** Absolute path. */
  file: string;
  result: InspectResult | null;
  /** One sentence when the file has changed since it was read. */
  stale: string | null;
  running: { target: string; message: string; fraction?: number } | null;
  failure: Failure | null;
}

export interface InspectHost {
  state(): InspectState;
  /** Read the file again; with all its data when statistics are wanted. */
  read(how: { statistics: boolean }): void;
  cancel(): void;
  copy(text: string): void;
}

export type InspectNews = { type: "changed" } | { type: "progress"; message: string; fraction?: number };
