/** What work costs, for tests: the time that a processor spends on it, which other programs on the machine do not make longer. */

/** Milliseconds of this thread's processor time that `work` takes. */
export function processorMs(work: () => unknown): number {
  const began = process.threadCpuUsage();
  work();
  return msSince(began);
}

/** Milliseconds of this thread's processor time since `began`, which is a `process.threadCpuUsage()`. */
export function msSince(began: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(began);
  return (user + system) / 1000;
}
