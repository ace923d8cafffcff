/** Compare ways of quantizing the target; while they are compared, cancel it. Layers are a class's. */
import { lens } from "../lens.ts";
import { targetKey } from "../target.ts";

export const quantize = lens({
  setting: "lenses.quantize",
  show(app, target) {
    if (target.kind !== "class") return null;
    const isRunning = app.jobs.of("quantize", targetKey(target)) !== undefined;
    if (isRunning) {
      return { title: "$(debug-stop) Cancel", command: "layerwise.cancel", tooltip: "Stop this comparison" };
    }
    const tooltip = "Compare int8, int4, fp8 and more: size, time and error of every layer, before anything is kept";
    return { title: "$(fold-down) Quantize", command: "layerwise.quantize", tooltip };
  },
});
