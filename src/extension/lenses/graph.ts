/** Show the target as a graph of modules and ops. A script has no one model, so it has no graph. */
import { lens } from "../lens.ts";

export const graph = lens({
  setting: "lenses.graph",
  show(_, target) {
    if (target.kind === "script") return null;
    const tooltip = "Show modules and ops as a graph, linked to the source";
    return { title: "$(type-hierarchy) Graph", command: "layerwise.graph", tooltip };
  },
});
