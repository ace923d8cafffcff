/**
 * Carries out what a lens or command asks for: makes the request, follows its progress, keeps its result with the
 * stamps of its sources. Shows nothing: others listen to results and jobs.
 */
import type { Result } from "../protocol/results.ts";
import type { TargetRequest, Verb, Verbs } from "../protocol/rpc.ts";
import type { Failure } from "../protocol/source.ts";
import { RuntimeFailure } from "../runtime/client.ts";
import type { App } from "./app.ts";
import { readSetting } from "./configuration.ts";
import { inEditor } from "./failure_words.ts";
import { requestFields } from "./inputs.ts";
import type { Job } from "./jobs.ts";
import { type Kept, type Kind, profileNotes } from "./results.ts";
import { overlay, readText, resolveInWorkspace, workspaceOf } from "./sources.ts";
import { filesBehind } from "../language/outline/imports.ts";
import { makeStamps } from "./stamps.ts";
import { type Target, longLabel, targetKey } from "./target.ts";

/** What a kind of request takes beside the target. */
export interface How {
  fields?: object;
  /** Files that the result also stands on: data, checkpoints. */
  files?: string[];
  /** Combines what came with what was there; without it, what came replaces it. */
  merge?(kept: Kept, older: Kept | undefined): void;
  /** Adds to a failure what only whoever asked can know. */
  explain?(failure: Failure): Failure;
}

export class Runner {
  private readonly app: App;

  constructor(app: App) {
    this.app = app;
  }

  /** Null when it was cancelled. A newer job of the same kind replaces an older one. */
  async perform(kind: Kind, target: Target, how: How = {}): Promise<Kept | null> {
    const { app } = this;
    const key = targetKey(target);
    const running = app.jobs.of(kind, key);
    if (running) app.jobs.cancel(running);
    const job = app.jobs.begin(kind, target);
    const root = workspaceOf(target.file) ?? "";
    const files = [...filesBehind(target.file, root, readText), ...(how.files ?? [])];
    const stamps = makeStamps(files, readText);
    const older = app.results.get(kind, key);
    const kept: Kept = {
      kind,
      target,
      result: kind === "run" ? null : (older?.result ?? null),
      failure: null,
      durationMs: 0,
      stamps,
      stale: null,
      failureStamps: {},
      isFailureStale: false,
      notes: [],
      ...(older?.proof ? { proof: older.proof } : {}),
    };
    const began = performance.now();
    try {
      const result = await this.request(kind, target, job, how);
      kept.durationMs = performance.now() - began;
      if (result.ok) {
        this.fill(kept, result);
        how.merge?.(kept, older);
      } else this.fail(kept, result.failure ?? noReason(kind), how);
    } catch (error) {
      kept.durationMs = performance.now() - began;
      this.fail(kept, failureOf(error), how);
    } finally {
      app.jobs.end(job);
    }
    app.output.tell(kept);
    if (kept.failure?.kind === "cancelled") {
      // How an earlier attempt with other settings failed is no news any more.
      if (how.merge && older?.failure) app.results.set({ ...older, failure: null });
      app.refresh();
      return null;
    }
    app.results.set(kept);
    // The source may have changed while it ran.
    app.results.refresh(null, readText);
    app.keep(kept);
    return kept;
  }

  /** Asks the runtime anything else, visible as a job. */
  async ask<V extends Verb>(
    kind: Job["kind"],
    verb: V,
    target: Target | null,
    request: Verbs[V]["request"],
    began: (job: Job) => void = () => {},
  ): Promise<Verbs[V]["result"]> {
    const job = this.app.jobs.begin(kind, target);
    began(job);
    try {
      return await this.send(verb, request, job);
    } finally {
      this.app.jobs.end(job);
    }
  }

  targetRequest(target: Target): TargetRequest {
    const environment = readSetting("environment").trim();
    const threads = readSetting("threads");
    const workspace = workspaceOf(target.file);
    return {
      target: targetKey(target),
      overlay: overlay(),
      device: readSetting(target.kind === "model" ? "onnx.device" : "device"),
      // As in a terminal: a script may write its checkpoints. Only trusted folders come this far.
      writable: true,
      ...(workspace ? { workspace } : {}),
      ...(threads > 0 ? { threads } : {}),
      ...(environment === "" ? {} : { env: resolveInWorkspace(environment, target.file) }),
      ...requestFields(this.app.inputs.of(target)),
    };
  }

  private async request(kind: Kind, target: Target, job: Job, how: How): Promise<Result> {
    const request = { ...this.targetRequest(target), ...how.fields };
    switch (kind) {
      case "run":
        // The file's classes do not matter here: a script is run as `python FILE` does.
        return target.kind === "script"
          ? this.send("python", { ...request, argv: [] }, job)
          : this.send("run", request, job);
      case "profile":
        return this.send(
          "profile",
          {
            ...request,
            ...(target.kind === "script" ? { argv: [] } : {}),
            backward: readSetting("profile.backward"),
            maxRepetitions: readSetting("profile.repetitions"),
            maxTimeMs: readSetting("profile.timeMs"),
          },
          job,
        );
      case "graph":
        return this.send("graph", request, job);
      case "quantize":
      case "prune":
      case "distill":
      case "export":
        // Their fields were made by whoever asked for them.
        return this.send(kind, request as Verbs[typeof kind]["request"], job);
    }
  }

  private send<V extends Verb>(verb: V, request: Verbs[V]["request"], job: Job): Promise<Verbs[V]["result"]> {
    const { app } = this;
    const title = job.target ? longLabel(job.target) : "";
    let isTitled = false;
    return app.runtime.client.request(verb, request, {
      signal: job.controller.signal,
      onProgress: (message, fraction) => {
        if (!job.isCancelling) app.jobs.progress(job, message, fraction);
      },
      onOutput: (_, text) => {
        if (!isTitled) app.output.title(title);
        isTitled = true;
        app.output.append(text);
      },
    });
  }

  private fill(kept: Kept, result: Result): void {
    const { app } = this;
    switch (result.verb) {
      case "profile": {
        const { trace, ...tables } = result;
        kept.result = tables;
        kept.notes = profileNotes(tables);
        app.results.setTrace(targetKey(kept.target), trace);
        return;
      }
      case "run":
      case "python":
      case "graph":
      case "quantize":
      case "prune":
      case "distill":
      case "export":
        kept.result = result;
        return;
      default:
        throw new Error(`the runtime answered with a result of ${result.verb}`);
    }
  }

  /** An older profile or graph stays, with its own stamps and notes; a run shows what there is. */
  private fail(kept: Kept, failure: Failure, { explain = (same) => same }: How): void {
    kept.failure = explain(inEditor(failure, workspaceOf(kept.target.file) ?? ""));
    kept.failureStamps = kept.stamps;
    const older = this.app.results.get(kept.kind, targetKey(kept.target));
    if (kept.result && older) {
      kept.notes = older.notes;
      kept.stamps = older.stamps;
    }
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof RuntimeFailure) return error.failure;
  return { kind: "bug", type: "extension-error", message: (error as Error).message ?? String(error) };
}

function noReason(kind: Kind): Failure {
  return { kind: "bug", type: "no-reason", message: `the runtime reported a failed ${kind} without a reason` };
}
