/** Measure a class, a function or the file as a script, and show the profile in its view and beside the lines. */
import { askTarget } from "../ask_target.ts";
import { command } from "../command.ts";
import { requireTrust } from "../trust.ts";

export const profile = command({
  title: "Profile",
  icon: "dashboard",
  when: "editingModel",
  editorMenu: 2,
  explorerMenu: { order: 2, extensions: ["py", "onnx"] },
  async run(app, given) {
    if (!requireTrust("Profile")) return;
    const target = await askTarget(app, given, "profile");
    if (!target) return;
    await app.profiler.reveal();
    await app.runner.perform("profile", target);
  },
});
