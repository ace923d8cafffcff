/** Show the shapes that each line of a target makes at the end of the line. */
import { askTarget } from "../ask_target.ts";
import { command } from "../command.ts";
import { requireTrust } from "../trust.ts";

export const showShapes = command({
  title: "Show Shapes",
  icon: "symbol-array",
  when: "editingPython",
  editorMenu: 4,
  async run(app, given) {
    if (!requireTrust("Show Shapes")) return;
    const target = await askTarget(app, given, "show the shapes of");
    if (target) await app.runner.perform("shapes", target);
  },
});
