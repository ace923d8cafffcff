/**
 * The envelope of every message between a view and its host. The view speaks first (`ready`), the host answers with
 * its version (`welcome`); from then on the view asks and the host answers or tells news. It knows nothing of what is
 * said: that stands in one file per view.
 */
export const PORT_VERSION = 1;

export type ViewName = "profiler" | "graph" | "inspect" | "quantize" | "run" | "devices";

export type ToHost =
  | { type: "ready"; view: ViewName; version: number }
  /** Settled by exactly one `answer` with the same id. */
  | { type: "ask"; id: number; method: string; argument: unknown }
  /** Something the view could not handle, in one sentence for the log. */
  | { type: "problem"; message: string };

export type ToView =
  | { type: "welcome"; version: number }
  | { type: "answer"; id: number; ok: true; value: unknown }
  | { type: "answer"; id: number; ok: false; error: string }
  | { type: "news"; news: { type: string } };

/** How the host implements the questions of a view: the same names, each may answer later. */
export type Answers<Host> = {
  [Method in keyof Host]: Host[Method] extends (argument: infer Argument) => infer Value
    ? (argument: Argument) => Value | Promise<Value>
    : never;
};
