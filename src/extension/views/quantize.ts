/** The hosts of the tabs that show a quantization, a pruning or a distillation: one per target. */
import { statSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import * as vscode from "vscode";
import type { CompressionReport, Scheme } from "../../protocol/compress.ts";
import type { Answers } from "../../protocol/views/port.ts";
import {
  type Asked,
  resultRows,
  type QuantizeChoices,
  type QuantizeHost,
  type QuantizeNews,
  type QuantizeState,
} from "../../protocol/views/quantize.ts";
import type { App } from "../app.ts";
import { askedFields, askedOf, quantizeFields } from "../choices.ts";
import { askTeacher } from "../ask_teacher.ts";
import { mergeProof } from "../compression.ts";
import { onData } from "../failure_words.ts";
import { runningState } from "../jobs.ts";
import type { Compression, Kept } from "../results.ts";
import { workspaceOf } from "../sources.ts";
import { type Target, longLabel, targetKey, targetLabel } from "../target.ts";
import { requireTrust } from "../trust.ts";
import { compressionView } from "./names.ts";
import { openModelFile } from "./open_model.ts";
import { openSource } from "./open_source.ts";
import { pickData, pickMetric, pickWeights } from "./pick_data.ts";
import { ViewTabs } from "./tabs.ts";

const titles: Record<Compression, string> = { quantize: "Quantize", prune: "Prune", distill: "Distill" };
/** Those of the commands. */
const icons: Record<Compression, string> = { quantize: "fold-down", prune: "filter", distill: "mortar-board" };
const SAVE_ANYWAY = "Save Anyway";

export class CompressionTabs implements vscode.Disposable {
  readonly tabs: ViewTabs<QuantizeHost, QuantizeNews>;
  private readonly app: App;
  private readonly verb: Compression;
  /** Which report of a target is in sight. */
  private readonly shown = new Map<string, string>();
  /** How a target is pruned or distilled next. */
  private readonly asked = new Map<string, Asked>();
  /** Which report of a target was not written, where that was tried last. */
  private readonly unsaved = new Map<string, string>();

  constructor(app: App, verb: Compression) {
    this.app = app;
    this.verb = verb;
    this.tabs = new ViewTabs<QuantizeHost, QuantizeNews>(app, {
      id: compressionView(verb),
      view: "quantize",
      title: titles[verb],
      icon: icons[verb],
      answers: (target) => this.answers(target),
    });
  }

  open(target: Target): Promise<void> {
    return this.tabs.open(target);
  }

  refresh(): void {
    this.tabs.tell({ type: "changed" });
  }

  progress(target: Target, message: string, fraction?: number): void {
    this.tabs.tellOne(target, { type: "progress", message, ...(fraction === undefined ? {} : { fraction }) });
  }

  /** A module was chosen elsewhere. */
  reveal(target: Target, path: string): void {
    this.tabs.tellOne(target, { type: "selected", path });
  }

  /** Runs the schemes that are chosen, or one of them again. */
  async quantize(target: Target, how: { only?: Scheme; sensitivity?: boolean } = {}): Promise<void> {
    const { app } = this;
    if (!requireTrust("Quantize")) return;
    const choices = app.choices.of(target);
    this.unsaved.delete(targetKey(target));
    await app.runner.perform("quantize", target, {
      fields: quantizeFields(choices, how),
      files: filesOf(choices),
      explain: (failure) => onData(failure, choices.data),
      merge: (kept, older) =>
        mergeProof(kept, older, { madeWith: choices, isPart: how.only !== undefined, isSave: false }),
    });
  }

  /** Prunings and distillations: with what they were asked for, or with the same again. */
  async compress(target: Target, asked?: Asked): Promise<void> {
    const { app, verb } = this;
    if (!requireTrust(titles[verb])) return;
    const known = asked ?? this.askedFor(target);
    // After a restart a failed one is not remembered: its command asks again.
    if (!known) return void app.run(verb, target);
    this.asked.set(targetKey(target), known);
    const choices = app.choices.of(target);
    const fields = askedFields(known, choices);
    this.unsaved.delete(targetKey(target));
    await app.runner.perform(verb, target, {
      fields,
      files: filesOf(choices),
      explain: (failure) => onData(failure, choices.data),
      // Prunings of several patterns stand side by side, as schemes do.
      merge: (kept, older) => mergeProof(kept, older, { madeWith: fields, isPart: verb === "prune", isSave: false }),
    });
  }

  private askedFor(target: Target): Asked | null {
    const made = this.kept(target)?.proof?.madeWith ?? {};
    const last = made[this.shown.get(targetKey(target)) ?? ""] ?? Object.values(made)[0];
    return this.asked.get(targetKey(target)) ?? (last && this.verb !== "quantize" ? askedOf(last) : null);
  }

  /** The report that is in sight, else the first; null where there is none that fits the source. */
  reportOf(target: Target): CompressionReport | null {
    const kept = this.kept(target);
    if (!kept?.result || kept.stale) return null;
    const { reports } = kept.result;
    return reports.find(({ name }) => name === this.shown.get(targetKey(target))) ?? reports[0] ?? null;
  }

  dispose(): void {
    this.tabs.dispose();
  }

  private kept(target: Target): Kept<Compression> | undefined {
    return this.app.results.get(this.verb, targetKey(target));
  }

  private answers(target: Target): Answers<QuantizeHost> {
    const { app, verb } = this;
    const ask = (change: Partial<Asked>): void => {
      const known = this.askedFor(target);
      if (known) this.asked.set(targetKey(target), { ...known, ...change } as Asked);
      this.settingsChanged(target);
    };
    const choose = async (change: Partial<QuantizeChoices>): Promise<void> => {
      await app.choices.change(target, change);
      this.settingsChanged(target);
    };
    return {
      state: () => this.state(target),
      ranges: ({ report, path }) => {
        const found = this.kept(target)?.result?.reports.find(({ name }) => name === report);
        return found?.layers.find((layer) => layer.path === path)?.ranges ?? null;
      },
      choose,
      ask,
      // Answered at once: the view follows the job by its news.
      quantize: (how) => void (verb === "quantize" ? this.quantize(target, how) : this.compress(target)),
      cancel: () => {
        const job = app.jobs.of(verb, targetKey(target));
        if (job) app.jobs.cancel(job);
      },
      pickData: async () => choose(await pickData(target)),
      pickMetric: async () => choose(await pickMetric(target)),
      pickWeights: async () => choose(await pickWeights(target)),
      pickTeacher: async () => {
        const teacher = await askTeacher(target);
        if (teacher !== undefined) ask({ teacher });
      },
      pickTeacherWeights: async () => {
        const { weights } = await pickWeights(target);
        if (weights !== undefined) ask({ teacherWeights: weights ?? "" });
      },
      save: (report) => void this.save(target, report),
      openSaved: () => {
        const saved = this.kept(target)?.proof?.saved;
        if (saved) void openModelFile(saved.file.file);
      },
      openSource,
      openGraph: () => void app.run("graph", target),
      copy: async (text) => vscode.env.clipboard.writeText(text),
      show: (report) => {
        if (this.shown.get(targetKey(target)) === report) return;
        this.shown.set(targetKey(target), report);
        app.graphs.refresh();
      },
      select: (path) => {
        if (path !== null) app.selected(target, path, verb);
      },
    };
  }

  /** How an attempt with other settings failed is no news any more. */
  private settingsChanged(target: Target): void {
    const { app, verb } = this;
    const kept = this.kept(target);
    if (kept?.failure && kept.result) {
      const settled = { ...kept, failure: null };
      app.results.set(settled);
      app.keep(settled);
    } else if (kept?.failure) void app.forget(verb, targetKey(target));
    this.tabs.tellOne(target, { type: "changed" });
  }

  private state(target: Target): QuantizeState {
    const { app, verb } = this;
    const kept = this.kept(target);
    const key = targetKey(target);
    const choices = app.choices.of(target);
    const asked = this.askedFor(target);
    const made = asked ? Object.entries(kept?.proof?.madeWith ?? {}) : [];
    const isAs = (fields: object, other: Asked): boolean => plainly(askedFields(other, choices)) === plainly(fields);
    return {
      verb,
      asked,
      otherwise: made.filter(([, fields]) => !isAs(fields, likeRow(asked!, fields))).map(([name]) => name),
      isNew: !made.some(([, fields]) => isAs(fields, asked!)),
      result: kept?.result ? resultRows(kept.result) : null,
      choices,
      madeWith: (kept?.proof?.madeWith ?? {}) as QuantizeState["madeWith"],
      stale: kept?.stale ?? null,
      running: runningState(app.jobs.of(verb, key)),
      failure: kept?.failure ?? null,
      suggestion: longLabel(target),
      place: placeOf(target.file),
      isFile: target.kind === "model",
      root: workspaceOf(target.file) ?? "",
      saved: kept?.proof?.saved ?? null,
      unsaved: this.unsaved.get(key) ?? null,
    };
  }

  /** Writes what was shown: the same choices again, with a file. */
  private async save(target: Target, name: string): Promise<void> {
    const { app, verb } = this;
    const kept = this.kept(target);
    const report = kept?.result?.reports.find((each) => each.name === name);
    const madeWith = kept?.proof?.madeWith[name];
    if (!report || !madeWith || !requireTrust("Save")) return;
    if (!report.worthKeeping) {
      const detail = `${report.name}: ${report.verdict}`;
      const question = "This was measured to be not worth keeping.";
      const answer = await vscode.window.showWarningMessage(question, { modal: true, detail }, SAVE_ANYWAY);
      if (answer !== SAVE_ANYWAY) return;
    }
    const place = await askPlace(target, name);
    if (!place) return;
    const fields =
      verb === "quantize"
        ? quantizeFields(madeWith as QuantizeChoices, { only: name as Scheme, file: place.fsPath })
        : { ...madeWith, file: place.fsPath };
    this.unsaved.set(targetKey(target), name);
    const written = await app.runner.perform(verb, target, {
      fields,
      merge: (now, older) => mergeProof(now, older, { madeWith, isPart: true, isSave: true }),
    });
    if (written?.failure) return;
    this.unsaved.delete(targetKey(target));
    this.tabs.tellOne(target, { type: "changed" });
  }
}

/** What is asked for now, of the pattern that a row shows. */
function likeRow(asked: Asked, madeWith: object): Asked {
  const made = askedOf(madeWith);
  if (!("pattern" in asked) || !("pattern" in made) || asked.pattern === made.pattern) return asked;
  const { amount, global, ...others } = asked;
  const own = {
    ...(made.amount === undefined ? {} : { amount: made.amount }),
    ...(made.global ? { global: true } : {}),
  };
  return { ...others, ...own, pattern: made.pattern };
}

/** For comparing: the order in which fields were set means nothing. */
function plainly(fields: object): string {
  return JSON.stringify(Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** A model that came as .onnx leaves as .onnx. */
async function askPlace(target: Target, name: string): Promise<vscode.Uri | undefined> {
  const stem = target.kind === "model" ? basename(target.file, extname(target.file)) : targetLabel(target);
  const proposed = vscode.Uri.file(join(dirname(target.file), `${stem}-${name.replaceAll(/\W+/g, "-")}.onnx`));
  const onnx = { "ONNX model": ["onnx"] };
  const others = { "safetensors with scales": ["safetensors"], "PyTorch checkpoint": ["pt"] };
  return vscode.window.showSaveDialog({
    defaultUri: proposed,
    filters: target.kind === "model" ? onnx : { ...onnx, ...others },
    title: `Save ${targetLabel(target)} as ${name}`,
  });
}

/** The folder of a file as people know it: from the workspace's root, with the root's own name where there are several. */
function placeOf(file: string): string | null {
  const folder = dirname(vscode.workspace.asRelativePath(file));
  return folder === "." ? null : folder;
}

/** Files whose change makes the proof stale. A folder of pictures is not watched: it may hold a hundred thousand. */
function filesOf({ data, prepare, metric, weights }: QuantizeChoices): string[] {
  return [data, prepare?.includes("::") ? prepare : null, metric, weights]
    .filter((path) => path !== null)
    .map((path) => path.split("::")[0])
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isDirectory() !== true);
}
