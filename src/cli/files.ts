/** Files that the command line writes: in pieces, so that a long trace never stands in memory twice. */
import { closeSync, openSync, writeSync } from "node:fs";
import { writeChrome } from "../profiler/chrome/write.ts";
import type { Trace } from "../protocol/trace.ts";
import { UsageError } from "./command.ts";
import type { Terminal } from "./terminal.ts";

/** "-" is standard output. */
export async function writeTrace(trace: Trace, file: string, terminal: Terminal): Promise<void> {
  if (file === "-") {
    for (const piece of writeChrome(trace)) terminal.out(piece);
    return;
  }
  let handle: number;
  try {
    handle = openSync(file, "w");
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  try {
    for (const piece of writeChrome(trace)) writeSync(handle, piece);
  } finally {
    closeSync(handle);
  }
  terminal.error(`wrote ${file}\n`);
}
