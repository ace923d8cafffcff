/** Take all results away, from the editor, the views and the disk. */
import { command } from "../command.ts";

export const clearResults = command({
  title: "Clear Results",
  icon: "clear-all",
  when: "hasResults",
  run: (app) => app.forgetResults(),
});
