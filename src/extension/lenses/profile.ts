/** Measure where time and memory go in the target; while it is measured, cancel it. */
import { lens } from "../lens.ts";
import { targetKey } from "../target.ts";

export const profile = lens({
  setting: "lenses.profile",
  show(app, target) {
    const isRunning = app.jobs.of("profile", targetKey(target)) !== undefined;
    if (isRunning) return { title: "$(debug-stop) Cancel", command: "layerwise.cancel", tooltip: "Stop this profile" };
    const tooltip = "Measure time and memory by module, kernel and line, forward and backward";
    return { title: "$(dashboard) Profile", command: "layerwise.profile", tooltip };
  },
});
