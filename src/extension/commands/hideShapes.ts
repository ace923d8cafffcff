/** Take the shapes away again. */
import { command } from "../command.ts";
import { targetKey } from "../target.ts";

export const hideShapes = command({
  title: "Hide Shapes",
  when: "hasResults",
  async run(app) {
    const shapes = app.results.all().filter(({ kind }) => kind === "shapes");
    for (const { target } of shapes) await app.forget("shapes", targetKey(target));
  },
});
