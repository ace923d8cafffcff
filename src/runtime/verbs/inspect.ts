/** What is in a file of tensors or a model. Runs nothing in it; a file that cannot be read gets its sentence. */
import { basename, resolve } from "node:path";
import type { InspectResult } from "../../protocol/results.ts";
import type { InspectRequest } from "../../protocol/rpc.ts";
import { inspectFile, type InspectOptions } from "../files/inspect.ts";
import { FileFormatError } from "../files/source.ts";
import type { VerbHandler } from "../session.ts";
import type { VerbCore } from "./core.ts";

export const inspectRequest = ({ file, statistics }: InspectRequest): InspectResult =>
  inspected(file, { statistics: statistics ?? false }, basename(file));

export const inspect: VerbHandler<"inspect", VerbCore> = (_, request) => inspectRequest(request);

/** `written`: the file as the person named it. */
export function inspected(file: string, options: InspectOptions, written: string): InspectResult {
  const target = resolve(file);
  const head = { version: 1, verb: "inspect", target } as const;
  try {
    return { ...head, ok: true, ...inspectFile(target, options) };
  } catch (error) {
    const failure =
      error instanceof FileFormatError
        ? { type: "bad-file", message: `${written}: ${error.message}`, ...(error.hint ? { hint: error.hint } : {}) }
        : unreadable(written, error);
    // Only the head of a result is promised where `ok` is false.
    return { ...head, ok: false, failure: { kind: "model", ...failure } } as unknown as InspectResult;
  }
}

function unreadable(written: string, error: unknown): { type: string; message: string } {
  const { code } = error as NodeJS.ErrnoException;
  const known: Record<string, string> = {
    ENOENT: "there is no such file",
    EACCES: "reading it is not allowed",
    ENOTDIR: "there is no such file",
  };
  if (code === undefined) throw error;
  return { type: "unreadable", message: `${written}: ${known[code] ?? (error as Error).message}` };
}
