/** Runs of a session that writes down each node, as ONNX Runtime's own events. Measures no whole call. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import type { OrtEvent } from "./events.ts";
import { createSession, type PlainTensor } from "./run.ts";

/** Its file appears when profiling ends. */
export function profiled(
  model: Uint8Array | string,
  options: InferenceSession.SessionOptions,
  inputs: Record<string, PlainTensor>,
  runs: number,
): OrtEvent[] {
  const folder = mkdtempSync(join(tmpdir(), "layerwise-onnx-"));
  try {
    const session = createSession(model, {
      ...options,
      enableProfiling: true,
      profileFilePrefix: join(folder, "profile"),
      // Beyond this level nodes lose the names by which they are found in the graph.
      graphOptimizationLevel: "extended",
    });
    for (let n = 0; n < runs; n++) session.run(inputs);
    session.endProfiling();
    session.release();
    return eventsIn(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function eventsIn(folder: string): OrtEvent[] {
  const written = readdirSync(folder).find((name) => name.endsWith(".json"));
  if (!written) throw new Error("ONNX Runtime wrote no profile");
  return JSON.parse(readFileSync(join(folder, written), "utf8")) as OrtEvent[];
}
