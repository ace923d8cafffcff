/** What the target was last called with; a click edits it. Absent before the first run. */
import { lens } from "../lens.ts";
import { setupOf } from "../setup.ts";

const LONGEST = 60;

export const inputs = lens({
  setting: "lenses.inputs",
  show(app, target) {
    const setup = target.kind === "script" ? null : setupOf(app.results, target);
    if (!setup || setup.init.length + setup.inputs.length === 0) return null;
    const given = app.inputs.of(target);
    const texts = setup.inputs
      .filter(({ from }) => from !== "default")
      .map(({ name, value }) => `${name} = ${given.inputs[name] ?? value}`);
    const text = texts.join(", ") || "arguments";
    return {
      title: `$(edit) ${text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text}`,
      command: "layerwise.editInputs",
      tooltip: "Edit the arguments; they are remembered for this target",
    };
  },
});
