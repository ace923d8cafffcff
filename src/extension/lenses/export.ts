/** Write the target as a checked .onnx file; while it is written, cancel it. Functions leave by the command: they have no lens for it. */
import { lens } from "../lens.ts";
import { targetKey } from "../target.ts";

export const exportOnnx = lens({
  setting: "lenses.export",
  show(app, target) {
    if (target.kind !== "class") return null;
    const isRunning = app.jobs.of("export", targetKey(target)) !== undefined;
    if (isRunning) return { title: "$(debug-stop) Cancel", command: "layerwise.cancel", tooltip: "Stop this export" };
    const tooltip = "Write the class as an .onnx file, run beside the class in ONNX Runtime before it is called done";
    return { title: "$(export) Export", command: "layerwise.exportOnnx", tooltip };
  },
});
