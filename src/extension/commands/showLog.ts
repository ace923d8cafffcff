/** Show what the extension and the runtime process noted about themselves. */
import { command } from "../command.ts";

export const showLog = command({
  title: "Show Log",
  run: (app) => app.log.show(true),
});
