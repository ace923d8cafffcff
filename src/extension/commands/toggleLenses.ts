/** Switch all lenses off, or back on. */
import { command } from "../command.ts";
import { readSetting, writeSetting } from "../configuration.ts";

const all = ["lenses.run", "lenses.profile", "lenses.graph", "lenses.quantize", "lenses.inputs"] as const;

export const toggleLenses = command({
  title: "Toggle Lenses",
  when: "editingPython",
  async run() {
    const isOn = all.some((name) => readSetting(name));
    for (const name of all) await writeSetting(name, !isOn);
  },
});
