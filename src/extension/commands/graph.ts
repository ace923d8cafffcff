/** Show a class or function as a graph of modules and ops in a tab beside the code. */
import { askTarget } from "../ask_target.ts";
import { command } from "../command.ts";
import { requireTrust } from "../trust.ts";

export const graph = command({
  title: "Graph",
  icon: "type-hierarchy",
  when: "editingModel",
  editorMenu: 3,
  explorerMenu: { order: 3, extensions: ["py", "onnx"] },
  async run(app, given) {
    if (!requireTrust("Graph")) return;
    const target = await askTarget(app, given, "graph", ["class", "function", "model"]);
    if (!target) return;
    await app.graphs.open(target);
    await app.graphs.draw(target);
  },
});
