/** Run the target; while it runs, cancel it. */
import { lens } from "../lens.ts";
import { targetKey } from "../target.ts";

export const run = lens({
  setting: "lenses.run",
  show(app, target) {
    const isRunning = app.jobs.of("run", targetKey(target)) !== undefined;
    if (isRunning) return { title: "$(debug-stop) Cancel", command: "layerwise.cancel", tooltip: "Stop this run" };
    const tooltip =
      target.kind === "script"
        ? "Run this file as a script"
        : `Build and call ${target.name} with inferred inputs, and show what comes out`;
    return { title: "$(play) Run", command: "layerwise.run", tooltip };
  },
});
