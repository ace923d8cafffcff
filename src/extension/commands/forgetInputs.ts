/** Go back to inferred arguments for a target. */
import { askTarget } from "../ask_target.ts";
import { command } from "../command.ts";

export const forgetInputs = command({
  title: "Forget Inputs",
  when: "editingPython",
  async run(app, given) {
    const target = await askTarget(app, given, "forget the inputs of", ["class", "function"]);
    if (!target) return;
    await app.inputs.forget(target);
    app.refresh();
  },
});
