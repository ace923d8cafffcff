/** Everything the profiler view and its host say to each other. */
import type { Failure, SourceLocation } from "../source.ts";
import type { ProfileResult } from "../results.ts";
import type { MemoryCurve, MemoryQuery, TimelineOutline, TimelineQuery, TimelineSlices } from "./columns.ts";

/** What the user chose; every table, the timeline and the editor show the same choice. */
export type Selection =
  { kind: "module"; path: string } | { kind: "kernel"; name: string } | { kind: "line"; file: string; line: number };

/** How much kernel time the chosen thing shares with every other thing, per repetition. */
export interface Related {
  modules: { path: string; timeUs: number }[];
  kernels: { name: string; timeUs: number }[];
  lines: { file: string; line: number; timeUs: number }[];
}

/** All that the view shows at a glance. Several parts may hold at once: an old profile while a new one is running. */
export interface ProfilerState {
  /** The profile without its events; these are asked for as columns. */
  profile: Omit<ProfileResult, "trace"> | null;
  hasTrace: boolean;
  /** One sentence when the profile no longer fits the source: "model.py was edited after this profile". */
  stale: string | null;
  running: { target: string; message: string; fraction?: number } | null;
  /** Why the last attempt failed; the profile before it stays. */
  failure: Failure | null;
  /** What the "Profile" button would profile: "model.py::GPT"; null when nothing is open that could be. */
  suggestion: string | null;
  /** Folder that file names are shown relative to. */
  root: string;
}

/** The view asks, the host answers. */
export interface ProfilerHost {
  state(): ProfilerState;
  outline(): TimelineOutline;
  slices(query: TimelineQuery): TimelineSlices;
  memory(query: MemoryQuery): MemoryCurve;
  related(selection: Selection): Related;
  /** The user chose something: the host marks the lines in the editor. */
  select(selection: Selection | null): void;
  openSource(at: SourceLocation): void;
  /** Put text on the clipboard. */
  copy(text: string): void;
  /** Profile the suggestion, or the same target again. */
  profile(): void;
  cancel(): void;
  openGraph(): void;
  saveReport(): void;
}

/** The host tells, nobody answers. */
export type ProfilerNews =
  | { type: "changed" }
  | { type: "progress"; message: string; fraction?: number }
  | { type: "selected"; selection: Selection | null };
