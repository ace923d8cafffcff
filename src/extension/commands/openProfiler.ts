/** Show the profiler's view with the newest profile. */
import { command } from "../command.ts";

export const openProfiler = command({
  title: "Open Profiler",
  icon: "dashboard",
  run: (app) => app.profiler.reveal(),
});
