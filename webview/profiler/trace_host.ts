/** The profiler's host played by the page itself, from a whole profile: what the report uses. It opens no editor. */
import type { ProfileResult } from "../../src/protocol/results.ts";
import { makeTimeline, memoryCurve } from "../../src/protocol/views/columns.ts";
import type { Timeline } from "../../src/protocol/views/columns.ts";
import type { ProfilerHost } from "../../src/protocol/views/profiler.ts";
import { relatedTo } from "../../src/protocol/views/related.ts";
import type { Asked } from "../kit/port.ts";

export interface PageHostOptions {
  profile: ProfileResult;
  root: string;
}

/** Actions that need an editor do nothing here; the view hides their buttons. */
export function traceHost({ profile, root }: PageHostOptions): Asked<ProfilerHost> {
  const { trace, ...tables } = profile;
  let timeline: Timeline | null = null;
  const needTrace = () => {
    if (!trace) throw new Error("this profile carries no events");
    return trace;
  };
  const indexed = () => (timeline ??= makeTimeline(needTrace()));
  return {
    state: async () => ({
      profile: tables,
      hasTrace: trace !== undefined,
      stale: null,
      running: null,
      failure: null,
      suggestion: null,
      root,
    }),
    outline: async () => indexed().outline,
    slices: async (query) => indexed().slices(query),
    memory: async (query) => memoryCurve(needTrace(), query),
    related: async (selection) => relatedTo(needTrace(), selection),
    copy: async (text) => navigator.clipboard.writeText(text),
    select: async () => {},
    openSource: async () => {},
    profile: async () => {},
    cancel: async () => {},
    openGraph: async () => {},
    saveReport: async () => {},
  };
}
