/** Lays graphs out off the main thread: a graph once, then one picture per set of open boxes. */
import type { Graph } from "../../src/protocol/graph.ts";
import { buildModel } from "./model.ts";
import type { GraphModel } from "./model.ts";
import { layoutPicture } from "./picture.ts";

export type ToWorker = { type: "graph"; graph: Graph } | { type: "layout"; id: number; open: number[] };

let model: GraphModel | null = null;

addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  if (data.type === "graph") {
    model = buildModel(data.graph);
    return;
  }
  try {
    if (!model) throw new Error("no graph was sent");
    postMessage({ id: data.id, picture: layoutPicture(model, new Set(data.open)) });
  } catch (error) {
    postMessage({ id: data.id, error: error instanceof Error ? error.message : String(error) });
  }
});
