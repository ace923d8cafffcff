/** The results that are shown: one per target and kind, with what they were made from. Knows no editor and no files. */
import type { CompressedFile, DistillResult, PruneResult, QuantizeResult } from "../protocol/compress.ts";
import type { ExportResult, GraphResult, ProfileResult, PythonResult, RunResult } from "../protocol/results.ts";
import type { Failure } from "../protocol/source.ts";
import type { Trace } from "../protocol/trace.ts";
import { lineLabel } from "./labels.ts";
import type { ReadText } from "../language/outline/imports.ts";
import { type Stamps, staleReason } from "./stamps.ts";
import { type Target, targetKey } from "./target.ts";

export type ProfileTables = Omit<ProfileResult, "trace">;

/** What is kept of each kind; a profile's events are kept apart, because they are large. */
export interface ResultOf {
  run: RunResult | PythonResult;
  profile: ProfileTables;
  graph: GraphResult;
  quantize: QuantizeResult;
  prune: PruneResult;
  distill: DistillResult;
  export: ExportResult;
}
export type Kind = keyof ResultOf;
export const KINDS: readonly Kind[] = ["run", "profile", "graph", "quantize", "prune", "distill", "export"];
/** Ways to make a model smaller; their results are shown in one kind of view. */
export type Compression = "quantize" | "prune" | "distill";

/** Words for people: "model.py was edited after this profile". */
export const nouns: Record<Kind, string> = {
  run: "run",
  profile: "profile",
  graph: "graph",
  quantize: "comparison",
  prune: "pruning",
  distill: "distillation",
  export: "export",
};

/** A text at the end of a line, in the file as it was. */
export interface LineNote {
  file: string;
  /** 1-based. */
  line: number;
  /** What stood there, trimmed: the note follows it. */
  text: string;
  label: string;
  /** 0..1: how much of the time; absent where that means nothing. */
  share?: number;
}

export interface Kept<K extends Kind = Kind> {
  kind: K;
  target: Target;
  /** The last one that went through; of runs the last one at all. */
  result: ResultOf[K] | null;
  /** Why the last attempt failed. */
  failure: Failure | null;
  durationMs: number;
  stamps: Stamps;
  /** One sentence when the source has changed since. */
  stale: string | null;
  /** The texts of the attempt that failed, when there was one, and whether they have changed since. */
  failureStamps: Stamps;
  isFailureStale: boolean;
  notes: LineNote[];
  /** Of compressions: what each report was asked for with, by its name, and what was written last. */
  proof?: { madeWith: Record<string, object>; saved: { report: string; file: CompressedFile } | null };
}

export class Results {
  private readonly kept = new Map<string, Kept>();
  private readonly traces = new Map<string, Trace>();
  private readonly changed: () => void;

  constructor(changed: () => void) {
    this.changed = changed;
  }

  get<K extends Kind>(kind: K, key: string): Kept<K> | undefined {
    return this.kept.get(`${kind} ${key}`) as Kept<K> | undefined;
  }

  all(): Kept[] {
    return [...this.kept.values()];
  }

  /** The newest of a kind. */
  latest<K extends Kind>(kind: K): Kept<K> | undefined {
    return this.all().findLast((kept): kept is Kept<K> => kept.kind === kind);
  }

  set(kept: Kept): void {
    const id = `${kept.kind} ${targetKey(kept.target)}`;
    // Taken out first, so that the newest stands last.
    this.kept.delete(id);
    this.kept.set(id, kept);
    this.changed();
  }

  setTrace(key: string, trace: Trace | undefined): void {
    if (trace) this.traces.set(key, trace);
    else this.traces.delete(key);
  }

  trace(key: string): Trace | undefined {
    return this.traces.get(key);
  }

  remove(kind: Kind, key: string): void {
    if (!this.kept.delete(`${kind} ${key}`)) return;
    if (kind === "profile") this.traces.delete(key);
    this.changed();
  }

  clear(): void {
    this.kept.clear();
    this.traces.clear();
    this.changed();
  }

  /** Every file behind a result. */
  files(): string[] {
    return [...new Set(this.all().flatMap((kept) => Object.keys({ ...kept.stamps, ...kept.failureStamps })))];
  }

  /** Looks again at the results that a file stands behind; gives those that no longer fit and did before. */
  refresh(file: string | null, read: ReadText): Kept[] {
    const turned: Kept[] = [];
    let isChanged = false;
    for (const kept of this.all()) {
      const isBehind = Object.hasOwn(kept.stamps, file ?? "") || Object.hasOwn(kept.failureStamps, file ?? "");
      if (file !== null && !isBehind) continue;
      const stale = staleReason(kept.stamps, read, nouns[kept.kind]);
      const isFailureStale = staleReason(kept.failureStamps, read, nouns[kept.kind]) !== null;
      if (stale === kept.stale && isFailureStale === kept.isFailureStale) continue;
      if ((stale !== null && kept.stale === null) || (isFailureStale && !kept.isFailureStale)) turned.push(kept);
      kept.stale = stale;
      kept.isFailureStale = isFailureStale;
      isChanged = true;
    }
    if (isChanged) this.changed();
    return turned;
  }
}

export function profileNotes(profile: ProfileTables): LineNote[] {
  return profile.lines
    .filter((row) => row.source.line > 0 && row.totalUs > 0)
    .map((row) => ({
      file: row.source.file,
      line: row.source.line,
      text: row.text,
      label: lineLabel(row),
      share: row.share,
    }));
}
