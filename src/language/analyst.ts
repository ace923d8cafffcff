/**
 * Decides what is analysed when: one request at a time, the file and the target at hand first, shapes before names,
 * never an older text after a newer one. Knows no feature; listeners are told what became known.
 */
import type { AnalysisRequest, AnalysisResult } from "../protocol/analysis.ts";
import type { Setup } from "../protocol/results.ts";
import { RuntimeFailure } from "../runtime/client.ts";
import type { OpenFile } from "./documents.ts";
import { TookTooLong } from "./hints_process.ts";
import type { AnalysisState } from "./messages.ts";

export interface AnalystHost {
  analyse(request: AnalysisRequest, signal: AbortSignal): Promise<AnalysisResult>;
  /** Workspace, environment, overlay and given arguments for a file, as of now. */
  context(file: OpenFile): Omit<AnalysisRequest, "target">;
  /** Something new is known about the file. */
  changed(file: OpenFile): void;
  state(file: OpenFile, state: AnalysisState["state"], sentence?: string): void;
  log(sentence: string): void;
}

/** What is found out of a file, one after the other. */
const PHASES = ["nearby shapes", "all shapes", "names"] as const;

/** For one request: a class may be slow, but the editor is not kept waiting for it. */
const SHAPES_MS = 3000;
const NAMES_MS = 6000;
/** A request for an outdated text may finish if it is about to; later it is cancelled, which costs a reset. */
const STALE_MS = 150;
/** Names wait until the typing rests. */
const REST_MS = 250;

interface Task {
  file: OpenFile;
  phase: number;
  /** Counts edits and other reasons; a task of an older turn is void. */
  turn: number;
  touchedAt: number;
}

export class Analyst {
  private readonly host: AnalystHost;
  private readonly tasks = new Map<string, Task>();
  /** Targets that could not be analysed in time, with the text that they had then. */
  private readonly tooSlow = new Map<string, string>();
  private readonly setups = new Map<string, Setup>();
  private running: { task: Task; turn: number; began: number; abort: AbortController } | null = null;
  private timer: NodeJS.Timeout | null = null;
  private waiting: { uri: string; resolve(): void }[] = [];

  constructor(host: AnalystHost) {
    this.host = host;
  }

  /** The file, or something it depends on, has changed. */
  schedule(file: OpenFile): void {
    const task = this.tasks.get(file.uri) ?? { file, phase: 0, turn: 0, touchedAt: 0 };
    Object.assign(task, { phase: 0, turn: task.turn + 1, touchedAt: performance.now() });
    this.tasks.set(file.uri, task);
    const { running } = this;
    if (running?.task === task || (running && running.task.phase > 0)) {
      const age = performance.now() - running.began;
      if (age > STALE_MS || running.task.phase > 0) running.abort.abort();
    }
    this.next();
  }

  close(uri: string): void {
    if (this.running?.task.file.uri === uri) this.running.abort.abort();
    this.tasks.delete(uri);
    this.settle(uri);
  }

  /** Resolves when all that can be known of the file is known. */
  async whenDone(uri: string): Promise<void> {
    if (!this.tasks.has(uri)) return;
    await new Promise<void>((resolve) => this.waiting.push({ uri, resolve }));
  }

  private next(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    if (this.running) return;
    const open = [...this.tasks.values()];
    if (open.length === 0) return;
    const task = open.reduce((best, other) => (isSooner(other, best) ? other : best));
    const rest = task.phase < 2 ? 0 : REST_MS - (performance.now() - task.touchedAt);
    if (rest > 0) this.timer = setTimeout(() => this.next(), rest);
    else void this.perform(task);
  }

  private async perform(task: Task): Promise<void> {
    const { file, phase, turn } = task;
    const abort = new AbortController();
    this.running = { task, turn, began: performance.now(), abort };
    const isValid = (): boolean => this.tasks.get(file.uri) === task && task.turn === turn;
    try {
      const { targets } = file.outline;
      const isFirstLookNeeded = targets.length > 1;
      if (phase === 0) this.host.state(file, "working");
      if (phase > 0 || isFirstLookNeeded || targets.length === 0) {
        await this.step(file, phase, abort.signal, isValid);
      } else {
        // Everything at once.
        await this.step(file, 1, abort.signal, isValid);
        if (isValid()) task.phase = 1;
      }
      if (isValid()) task.phase++;
    } catch (error) {
      if (isValid() && !abort.signal.aborted) {
        this.host.log(`${file.path}: ${messageOf(error)}`);
        this.finish(file, "partial", messageOf(error));
      }
    } finally {
      this.running = null;
    }
    if (isValid() && task.phase >= PHASES.length) this.finish(file, "done", unfinished(file));
    this.next();
  }

  private finish(file: OpenFile, state: AnalysisState["state"], sentence?: string): void {
    this.tasks.delete(file.uri);
    this.host.state(file, state, sentence);
    this.settle(file.uri);
  }

  private async step(file: OpenFile, phase: number, signal: AbortSignal, isValid: () => boolean): Promise<void> {
    const names = this.ordered(file);
    // The class that is edited, or the first one that an editor shows, does not wait for the others.
    const nearby = file.lastEditedLine === null ? topmost(file, names) : names.slice(0, 1);
    const wanted = phase === 0 ? nearby : names;
    if (wanted.length === 0 && phase !== 1) return;
    await this.ask(file, wanted, phase === 2, signal, isValid);
  }

  /** In a long file one budget is not enough: what it did not reach is asked for again, as long as that brings something. */
  private async ask(
    file: OpenFile,
    wanted: string[],
    symbols: boolean,
    signal: AbortSignal,
    isValid: () => boolean,
  ): Promise<void> {
    const request: AnalysisRequest = {
      target: file.path,
      ...this.host.context(file),
      only: wanted,
      symbols,
      budgetMs: symbols ? NAMES_MS : SHAPES_MS,
      previous: this.previous(file),
    };
    try {
      const result = await this.host.analyse(request, signal);
      if (!isValid()) return;
      this.accept(file, result);
      const untried = result.targets.filter(({ isUntried }) => isUntried).map(({ name }) => name);
      if (untried.length > 0 && untried.length < wanted.length) await this.ask(file, untried, symbols, signal, isValid);
    } catch (error) {
      if (!(error instanceof TookTooLong)) throw error;
      if (isValid()) await this.oneByOne(file, request, wanted, signal, isValid);
    }
  }

  /** One of several targets holds up the rest: find it, and leave it out until it is edited. */
  private async oneByOne(
    file: OpenFile,
    request: AnalysisRequest,
    names: string[],
    signal: AbortSignal,
    isValid: () => boolean,
  ): Promise<void> {
    for (const name of names) {
      if (!isValid() || signal.aborted) return;
      try {
        this.accept(file, await this.host.analyse({ ...request, only: [name] }, signal));
      } catch (error) {
        if (!(error instanceof TookTooLong)) throw error;
        this.tooSlow.set(key(file, name), this.textOf(file, name));
        this.host.log(`${file.path}::${name} did not come to an end in time: left out until it is edited`);
      }
    }
  }

  private accept(file: OpenFile, result: AnalysisResult): void {
    for (const { name, setup, problems } of result.targets) {
      const isSettled = setup.inputs.length + setup.init.length > 0 && problems.length === 0;
      if (isSettled) this.setups.set(key(file, name), setup);
      else this.setups.delete(key(file, name));
    }
    // A syntax error says nothing new about what stood there before it.
    if (result.ok || result.targets.length > 0) file.accept(result);
    this.host.changed(file);
  }

  /**
   * The target under the last edit first, then those in view, then from the bottom up: what is below uses what is above.
   * Scripts come last.
   */
  private ordered(file: OpenFile): string[] {
    const line = file.lastEditedLine;
    const isNear = (target: { line: number; endLine: number }): boolean =>
      line !== null && target.line - 2 <= line && line <= target.endLine + 1;
    return file.outline.targets
      .filter(({ name }) => this.tooSlow.get(key(file, name)) !== this.textOf(file, name))
      .toReversed()
      .toSorted(
        (a, b) =>
          Number(isNear(b)) - Number(isNear(a)) ||
          Number(isScript(a)) - Number(isScript(b)) ||
          Number(isShown(file, b)) - Number(isShown(file, a)),
      )
      .map(({ name }) => name);
  }

  private previous(file: OpenFile): Record<string, Setup> {
    const found: Record<string, Setup> = {};
    for (const { name } of file.outline.targets) {
      const setup = this.setups.get(key(file, name));
      if (setup) found[name] = setup;
    }
    return found;
  }

  private textOf(file: OpenFile, name: string): string {
    const target = file.outline.targets.find((other) => other.name === name);
    if (!target) return "";
    const start = { line: target.line, character: 0 };
    return file.document.getText({ start, end: { line: target.endLine + 1, character: 0 } });
  }

  private settle(uri: string): void {
    const done = this.waiting.filter((other) => other.uri === uri);
    this.waiting = this.waiting.filter((other) => other.uri !== uri);
    for (const { resolve } of done) resolve();
  }
}

function isSooner(a: Task, b: Task): boolean {
  return a.phase < b.phase || (a.phase === b.phase && a.touchedAt > b.touchedAt);
}

/** What an editor shows: where it has not asked yet, the top of the file. */
function topmost(file: OpenFile, names: readonly string[]): string[] {
  const found = file.outline.targets.filter(({ name }) => names.includes(name));
  const first = found.find((target) => isShown(file, target)) ?? found[0];
  return first ? [first.name] : [];
}

function isShown({ shown }: OpenFile, target: { line: number; endLine: number }): boolean {
  return shown !== null && target.line <= shown.to && shown.from <= target.endLine;
}

function isScript({ kind }: { kind: string }): boolean {
  return kind === "script";
}

function key(file: OpenFile, name: string): string {
  return `${file.path}::${name}`;
}

function unfinished(file: OpenFile): string | undefined {
  return [...file.analyses.values()].find(({ incomplete }) => incomplete)?.incomplete;
}

function messageOf(error: unknown): string {
  if (error instanceof RuntimeFailure) return error.failure.message;
  return error instanceof Error ? error.message : String(error);
}
