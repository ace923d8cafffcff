/** Switch the shapes behind lines on or off. */
import { command } from "../command.ts";
import { readSetting, writeSetting } from "../configuration.ts";

export const toggleShapes = command({
  title: "Toggle Shapes",
  icon: "symbol-array",
  when: "editingPython",
  editorMenu: 6,
  async run() {
    await writeSetting("hints.enabled", !readSetting("hints.enabled"));
  },
});
