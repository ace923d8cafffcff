/** Where layouts are made: at once for small graphs, in a worker made from a blob for large ones. The newest wins. */
import type { GraphModel } from "./model.ts";
import { layoutPicture } from "./picture.ts";
import type { Picture } from "./picture.ts";
import type { ToWorker } from "./worker.ts";
import workerSource from "./worker.ts?worker";

/** Below this many nodes and groups a layout takes less than a frame or two. */
const SMALL = 800;

export interface Layouter {
  layout(open: ReadonlySet<number>): Promise<Picture | null>;
  close(): void;
}

export function makeLayouter(model: GraphModel): Layouter {
  if (model.parent.length < SMALL) return { layout: async (open) => layoutPicture(model, open), close: () => {} };
  const url = URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }));
  const worker = new Worker(url);
  URL.revokeObjectURL(url);
  const send = (message: ToWorker): void => worker.postMessage(message);
  send({ type: "graph", graph: model.graph });
  let newest = 0;
  return {
    layout(open) {
      const id = ++newest;
      return new Promise((resolve, reject) => {
        const done = ({ data }: MessageEvent<{ id: number; picture?: Picture; error?: string }>): void => {
          if (data.id !== id) return;
          worker.removeEventListener("message", done);
          if (data.error) reject(new Error(data.error));
          else resolve(id === newest ? data.picture! : null);
        };
        worker.addEventListener("message", done);
        worker.addEventListener("error", (event) => reject(new Error(event.message || "the layout worker failed")), {
          once: true,
        });
        send({ type: "layout", id, open: [...open] });
      });
    },
    close: () => worker.terminate(),
  };
}
