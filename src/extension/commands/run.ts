/** Run a class, a function or the file as a script, and show what comes out beside the code. */
import { askTarget } from "../ask_target.ts";
import { command } from "../command.ts";
import { readSetting } from "../configuration.ts";
import { requireTrust } from "../trust.ts";

export const run = command({
  title: "Run",
  icon: "play",
  when: "editingModel",
  editorMenu: 1,
  explorerMenu: { order: 1, extensions: ["py", "onnx"] },
  async run(app, given) {
    if (!requireTrust("Run")) return;
    const target = await askTarget(app, given, "run");
    if (!target) return;
    // What a script prints is its result.
    if (target.kind === "script" || !readSetting("inlineResults")) app.output.show();
    await app.runner.perform("run", target);
  },
});
