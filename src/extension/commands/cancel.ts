/** Stop what runs: of one target when its lens was clicked, else everything. */
import { command } from "../command.ts";
import { targetKey } from "../target.ts";

export const cancel = command({
  title: "Cancel",
  icon: "debug-stop",
  when: "isRunning",
  run(app, given) {
    const isMeant = (key: string | null): boolean => !given || key === targetKey(given);
    const jobs = app.jobs.all.filter(({ target }) => isMeant(target && targetKey(target)));
    for (const job of jobs) app.jobs.cancel(job);
  },
});
