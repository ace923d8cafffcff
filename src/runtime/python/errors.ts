/** The ways in which a call of the interpreter can end badly, each with a Failure ready for the person. */
import type { Failure, SourceLocation } from "../../protocol/source.ts";

/** Python raised, and the exception left the function that was called. */
export class PythonFailure extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(`${failure.type}: ${failure.message}`);
    this.failure = failure;
  }
}

/** The interpreter is beyond use; only a new one helps. */
export class InterpreterDied extends Error {
  readonly failure: Failure;
  /** `lastOutput`: the end of what was printed, in which CPython names the calls it was in. */
  constructor(reason: string, lastOutput = "") {
    super(reason);
    const at = innermostUserLine(lastOutput);
    this.failure = {
      kind: "model",
      type: "InterpreterDied",
      message: `Python stopped working: ${reason}`,
      ...(at ? { at } : {}),
      hint: "A new interpreter has been started; the next run begins clean",
    };
  }
}

function innermostUserLine(lastOutput: string): SourceLocation | null {
  const start = lastOutput.lastIndexOf("Stack (most recent call first):");
  if (start < 0) return null;
  const dump = lastOutput.slice(start);
  for (const [, file, line] of dump.matchAll(/^ {2}File "(.+)", line (\d+) in /gm)) {
    if (!file.startsWith("/lib/") && !file.includes("/site-packages/")) return { file, line: Number(line) };
  }
  return null;
}

/** The folder cannot be shown to Python. */
export class WorkspaceRefused extends Error {
  readonly failure: Failure;
  constructor(sentence: string, hint?: string) {
    super(sentence);
    this.failure = { kind: "usage", type: "workspace-refused", message: sentence, ...(hint ? { hint } : {}) };
  }
}

/** One sentence for what pyodide reports when the interpreter has come to its end. */
export function describeDeath(error: unknown): string {
  const { name = "", message = "", status } = (error ?? {}) as { name?: string; message?: string; status?: number };
  if (typeof status === "number") return `the script ended the interpreter itself with exit code ${status}`;
  if (/call stack|stack overflow/i.test(message)) return "the script nested calls deeper than the interpreter's stack";
  if (/out of bounds|null function|signature mismatch|table index/i.test(message)) {
    return "the script damaged the interpreter's memory";
  }
  if (/abort|unreachable/i.test(message)) {
    return "the interpreter gave up: the script aborted it or exhausted its memory";
  }
  return `the interpreter failed: ${`${name} ${message}`.trim().split("\n", 1)[0].slice(0, 200)}`;
}
