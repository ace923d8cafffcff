/** Questions that need no Python, each answered by a thread of its own (../aside.ts). Knows which they are from the protocol. */
import { Worker } from "node:worker_threads";
import type { Result } from "../../protocol/results.ts";
import type { Verb, Verbs } from "../../protocol/rpc.ts";
import type { Failure } from "../../protocol/source.ts";
import { markGone, newForeignWords, type ForeignWords } from "../foreign.ts";
import { asideFile } from "../paths.ts";
import type { Leaving } from "./leaving.ts";

export interface AsideQuestion {
  verb: Verb;
  request: Verbs[Verb]["request"];
  foreign: ForeignWords;
}

export type FromAside =
  | { type: "progress"; message: string; fraction: number | undefined }
  | { type: "result"; result: Result }
  | { type: "failure"; failure: Failure };

export interface AsideOptions {
  onProgress?(message: string, fraction?: number): void;
  signal?: AbortSignal;
}

/** `fail` makes the error that whoever asked is given. */
export function askAside(
  verb: Verb,
  request: Verbs[Verb]["request"],
  { onProgress, signal }: AsideOptions,
  leaving: Leaving,
  fail: (failure: Failure) => Error,
): Promise<Result> {
  const foreign = newForeignWords();
  const workerData: AsideQuestion = { verb, request, foreign };
  const worker = new Worker(asideFile, { name: "layerwise-aside", workerData, env: {} });
  const cancelled: Failure = { kind: "cancelled", type: "cancelled", message: "the run was cancelled" };
  const died = (how: string): Failure => ({
    kind: "machine",
    type: "died",
    message: `the thread that reads files ${how}`,
  });
  return new Promise<Result>((resolve, reject) => {
    const refuse = (failure: Failure): void => reject(fail(failure));
    const abort = (): void => refuse(cancelled);
    signal?.addEventListener("abort", abort, { once: true });
    worker.on("message", (message: FromAside) => {
      if (message.type === "progress") onProgress?.(message.message, message.fraction);
      else if (message.type === "result") resolve(message.result);
      else refuse(message.failure);
    });
    worker.on("error", (error) => refuse(died(`failed: ${error.message}`)));
    worker.on("exit", (code) => {
      markGone(foreign);
      refuse(died(`ended with code ${code}`));
    });
  }).finally(() => leaving.end(worker, foreign));
}
