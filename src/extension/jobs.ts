/** What is running now, for lenses, views and the status bar. Runs nothing itself. */
import type { Kind } from "./results.ts";
import { type Target, longLabel, targetKey } from "./target.ts";

export interface Job {
  kind: Kind | "describe" | "devices" | "inspect";
  target: Target | null;
  message: string;
  fraction?: number;
  isCancelling: boolean;
  readonly controller: AbortController;
}

export class Jobs {
  private readonly running = new Set<Job>();
  private readonly changed: (job: Job, isProgress: boolean) => void;

  constructor(changed: (job: Job, isProgress: boolean) => void) {
    this.changed = changed;
  }

  get all(): Job[] {
    return [...this.running];
  }

  of(kind: Job["kind"], key: string): Job | undefined {
    return this.all.find((job) => job.kind === kind && job.target !== null && targetKey(job.target) === key);
  }

  begin(kind: Job["kind"], target: Target | null): Job {
    const job: Job = { kind, target, message: "starting", isCancelling: false, controller: new AbortController() };
    this.running.add(job);
    this.changed(job, false);
    return job;
  }

  progress(job: Job, message: string, fraction?: number): void {
    job.message = message;
    job.fraction = fraction;
    this.changed(job, true);
  }

  end(job: Job): void {
    if (this.running.delete(job)) this.changed(job, false);
  }

  cancel(job: Job): void {
    if (job.isCancelling) return;
    job.isCancelling = true;
    job.message = "cancelling";
    job.controller.abort();
    this.changed(job, true);
  }

  cancelAll(): void {
    for (const job of this.running) this.cancel(job);
  }
}

/** As the views' states want it. */
export function runningState(job: Job | undefined): { target: string; message: string; fraction?: number } | null {
  if (!job) return null;
  const { message, fraction } = job;
  return { target: job.target ? longLabel(job.target) : "", message, ...(fraction === undefined ? {} : { fraction }) };
}
