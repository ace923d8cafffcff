/** Switch all lenses off, or back on. */
import { command } from "../command.ts";
import { readSetting, writeSetting } from "../configuration.ts";
import { lenses } from "../lenses/index.ts";

const all = lenses.map(({ setting }) => setting);

export const toggleLenses = command({
  title: "Toggle Lenses",
  when: "editingPython",
  async run() {
    const isOn = all.some((name) => readSetting(name));
    for (const name of all) await writeSetting(name, !isOn);
  },
});
