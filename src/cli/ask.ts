/** One question to the runtime: starts it, shows output and progress, lets Ctrl-C cancel, prints JSON or text. */
import type { Result } from "../protocol/results.ts";
import type { Verb, Verbs } from "../protocol/rpc.ts";
import type { Arguments } from "./command.ts";
import { connect } from "./connect.ts";
import { exitCode, failureText } from "./failure.ts";
import { leave } from "./leave.ts";
import type { Terminal } from "./terminal.ts";

/** What to do with the text that user code prints while it runs. */
export type Listener = (stream: "stdout" | "stderr", text: string) => void;

export const silent: Listener = () => {};

export function stream(terminal: Terminal): Listener {
  return (name, text) => (name === "stdout" ? terminal.out(text) : terminal.error(text));
}

/** After Ctrl-C user code gets this long to end; then the process ends without it. */
const PATIENCE_MS = 6000;

export async function request<V extends Verb>(
  verb: V,
  asked: Verbs[V]["request"],
  terminal: Terminal,
  listener: Listener,
): Promise<Verbs[V]["result"]> {
  const cancel = new AbortController();
  const interrupt = (signal: NodeJS.Signals): void => {
    if (cancel.signal.aborted) leave(signal);
    cancel.abort(signal);
    setTimeout(() => leave(signal), PATIENCE_MS).unref();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    return await connect(verb, asked, {
      output: listener,
      progress: (message, fraction) => terminal.progress(message, fraction),
      signal: cancel.signal,
    });
  } finally {
    terminal.clearProgress();
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

/** `show` prints or writes a result that went well; failures and JSON look the same for every verb. */
export async function ask<V extends Verb>(
  verb: V,
  asked: Verbs[V]["request"],
  args: Arguments,
  terminal: Terminal,
  show: (result: Verbs[V]["result"]) => void | Promise<void>,
): Promise<number> {
  const isJson = args.has("json");
  // With --json the document holds what was printed; without it, it appears as it comes.
  const listener: Listener = isJson
    ? (name, text) => (name === "stderr" ? terminal.error(text) : undefined)
    : stream(terminal);
  const result = await request(verb, asked, terminal, listener);
  const isShown = result.ok && (!isJson || writesFiles(verb) || args.has("html"));
  if (isShown) await show(result);
  if (isJson) terminal.line(JSON.stringify(withoutTrace(result)));
  if (result.failure) terminal.error(failureText(result.failure, terminal.errorStyle));
  return exitCode(result.failure);
}

/** These verbs have more to do than to print; what they print is left out under --json by themselves. */
function writesFiles(verb: Verb): boolean {
  return verb === "profile" || verb === "graph";
}

/** A failed profile may carry its events; a document of megabytes helps nobody. */
function withoutTrace(result: Result): Result {
  if (result.verb !== "profile" || result.ok) return result;
  const { trace: _, ...rest } = result;
  return rest;
}
