/** Switch the results at the end of lines on or off. */
import { command } from "../command.ts";
import { readSetting, writeSetting } from "../configuration.ts";

export const toggleInlineResults = command({
  title: "Toggle Inline Results",
  when: "editingPython",
  async run() {
    const isOn = readSetting("inlineResults") || readSetting("inlineLines");
    await writeSetting("inlineResults", !isOn);
    await writeSetting("inlineLines", !isOn);
  },
});
