/** Show what runs printed, with results and tracebacks in full. */
import { command } from "../command.ts";

export const showOutput = command({
  title: "Show Output",
  icon: "output",
  run: (app) => app.output.show(),
});
