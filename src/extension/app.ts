/** Everything that commands, lenses and views share, and who is told when something changes. */
import * as vscode from "vscode";
import type { Trace } from "../protocol/trace.ts";
import * as commands from "./commands/index.ts";
import { onSettingChange, readSetting } from "./configuration.ts";
import { ChoiceMemory } from "./choices.ts";
import { Problems } from "./diagnostics.ts";
import { Inline } from "./inline.ts";
import { InputMemory } from "./inputs.ts";
import { type Job, Jobs } from "./jobs.ts";
import { lenses } from "./lenses/index.ts";
import { Language } from "./language.ts";
import { targetAt } from "../language/outline/outline.ts";
import { Output } from "./output.ts";
import { Progress } from "./progress.ts";
import { Rerun } from "./rerun.ts";
import { ResultFiles } from "./result_files.ts";
import { type Compression, type Kept, type Kind, Results } from "./results.ts";
import { Runner } from "./runner.ts";
import { Runtime } from "./runtime.ts";
import { isPythonFile, outlineOf, readText } from "./sources.ts";
import { Status } from "./status.ts";
import { type Target, targetKey } from "./target.ts";
import { DevicesView } from "./views/devices.ts";
import { GraphTabs } from "./views/graph.ts";
import { CompressionTabs } from "./views/quantize.ts";
import { ProfilerView } from "./views/profiler.ts";
import { Watch } from "./watch.ts";

type Commands = typeof commands;

const COMPRESSIONS: readonly Compression[] = ["quantize", "prune", "distill"];

export class App implements vscode.Disposable {
  readonly context: vscode.ExtensionContext;
  readonly log = vscode.window.createOutputChannel("Layerwise Log", { log: true });
  readonly output = new Output();
  readonly jobs = new Jobs((job, isProgress) => this.jobChanged(job, isProgress));
  readonly results = new Results(() => this.refresh());
  readonly inputs: InputMemory;
  readonly choices: ChoiceMemory;
  readonly runtime: Runtime;
  readonly runner = new Runner(this);
  readonly profiler = new ProfilerView(this);
  readonly graphs = new GraphTabs(this);
  readonly devices = new DevicesView(this);
  readonly quantize = new CompressionTabs(this, "quantize");
  readonly prune = new CompressionTabs(this, "prune");
  readonly distill = new CompressionTabs(this, "distill");
  readonly language: Language;
  /** Settles when the results of the last session are back. */
  readonly restored: Promise<void>;
  private readonly inline = new Inline(this);
  private readonly problems = new Problems();
  private readonly progress = new Progress(this);
  private readonly rerun = new Rerun(this);
  private readonly status: Status;
  private readonly watch = new Watch((file) => this.sourceChanged(file));
  private readonly files: ResultFiles | null;
  private readonly subscriptions: vscode.Disposable[] = [];
  /** The editor that the user last worked in; a click into a view does not change it. */
  private lastEditor: vscode.TextEditor | undefined;
  private readonly contextKeys = new Map<string, boolean>();

  constructor(context: vscode.ExtensionContext) {
    this.context = context;
    this.inputs = new InputMemory(context.workspaceState, () => this.language.argumentsChanged());
    this.choices = new ChoiceMemory(context.workspaceState);
    this.language = new Language(this);
    this.runtime = new Runtime(context, this.log);
    this.status = new Status(this);
    this.files = context.storageUri ? new ResultFiles(vscode.Uri.joinPath(context.storageUri, "results").fsPath) : null;
    this.lastEditor = vscode.window.activeTextEditor;
    this.subscribe();
    this.setContext("hasEditor", this.editor() !== undefined);
    this.restored = this.restore();
  }

  /** Commands call each other here, by a name that the compiler knows. */
  run<Name extends keyof Commands>(name: Name, target?: Target): ReturnType<Commands[Name]["run"]> {
    return commands[name].run(this, target) as ReturnType<Commands[Name]["run"]>;
  }

  /** Where the cursor is, else the file's first target. */
  suggestion(): Target | null {
    const editor = this.lastEditor;
    if (!editor || editor.document.isClosed || !isPythonFile(editor.document)) return null;
    const outline = outlineOf(editor.document);
    const found = targetAt(outline, editor.selection.active.line) ?? outline.targets[0];
    return found ? { file: editor.document.uri.fsPath, name: found.name, kind: found.kind } : null;
  }

  /** The Python editor that the user last worked in. */
  editor(): vscode.TextEditor | undefined {
    const { lastEditor } = this;
    return lastEditor && !lastEditor.document.isClosed && isPythonFile(lastEditor.document) ? lastEditor : undefined;
  }

  async traceOf(key: string): Promise<Trace | undefined> {
    const known = this.results.trace(key);
    if (known) return known;
    const trace = await this.files?.readTrace(key);
    this.results.setTrace(key, trace);
    return trace;
  }

  /** A new result: on disk for the next window, its files watched. */
  keep(kept: Kept): void {
    const key = targetKey(kept.target);
    const logged = (error: Error): void => this.log.warn(`a result could not be saved: ${error.message}`);
    this.files?.write(kept).catch(logged);
    if (kept.kind === "profile" && !kept.failure) this.files?.writeTrace(key, this.results.trace(key)).catch(logged);
  }

  async forget(kind: Kind, key: string): Promise<void> {
    this.results.remove(kind, key);
    await this.files?.remove(kind, key);
  }

  async forgetResults(): Promise<void> {
    this.results.clear();
    await this.files?.clear();
  }

  /** A module was chosen in one view: the others that show the same target show it too. */
  selected(target: Target, path: string, from: "graph" | "profiler" | Compression): void {
    if (from !== "graph") this.graphs.revealModule(target, path);
    if (from !== "profiler") this.profiler.revealModule(target, path);
    for (const verb of COMPRESSIONS) if (from !== verb) this[verb].reveal(target, path);
  }

  /** A view that tells how far this job is stands on screen. */
  isInSight({ kind, target }: Job): boolean {
    if (kind === "profile") return this.profiler.isVisible;
    if (!target) return false;
    if (kind === "graph" || kind === "inspect") return this.graphs.isVisible(target);
    const verb = COMPRESSIONS.find((each) => each === kind);
    return verb !== undefined && this[verb].tabs.isVisible(target);
  }

  /** Something that is shown has changed. */
  refresh(): void {
    const all = this.results.all();
    this.inline.schedule();
    this.problems.show(all);
    this.language.refreshLenses();
    this.profiler.refresh();
    this.graphs.refresh();
    for (const verb of COMPRESSIONS) this[verb].refresh();
    this.status.refresh();
    this.watch.follow(this.results.files()).catch((error: Error) => this.log.warn(`watching files: ${error.message}`));
    this.setContext("hasResults", all.length > 0);
    this.setContext(
      "hasProfile",
      all.some(({ kind, result }) => kind === "profile" && result !== null),
    );
    this.setContext("isRunning", this.jobs.all.length > 0);
  }

  dispose(): void {
    this.jobs.cancelAll();
    const parts = [this.runtime, this.inline, this.problems, this.status, this.watch, this.rerun, this.profiler];
    const more = [
      ...COMPRESSIONS.map((verb) => this[verb]),
      this.graphs,
      this.devices,
      this.language,
      this.output,
      this.log,
      ...this.subscriptions,
    ];
    for (const part of [...parts, ...more]) part.dispose();
  }

  private subscribe(): void {
    const { window, workspace } = vscode;
    this.subscriptions.push(
      window.onDidChangeVisibleTextEditors(() => {
        this.inline.schedule();
        this.profiler.drawMarks();
        this.status.refresh();
      }),
      window.onDidChangeActiveTextEditor((editor) => {
        if (!editor) return;
        this.lastEditor = editor;
        this.setContext("hasEditor", this.editor() !== undefined);
        this.profiler.refresh();
      }),
      window.onDidChangeTextEditorSelection(({ textEditor, kind, selections }) => {
        // Moves that commands make are the views' own.
        if (kind === undefined || kind === vscode.TextEditorSelectionChangeKind.Command) return;
        this.profiler.followCursor(textEditor.document.uri.fsPath, selections[0].active.line + 1);
      }),
      workspace.onDidChangeTextDocument(({ document }) => {
        if (isPythonFile(document)) this.inline.schedule();
      }),
      workspace.onDidGrantWorkspaceTrust(() => {
        this.refresh();
        void this.graphs.trusted();
      }),
      onSettingChange(["inlineLines", "inlineResults"], () => this.inline.schedule()),
      // What is out of date when it is switched on is run at once: the edit may have been made a moment before.
      onSettingChange(["rerunOnChange"], () => {
        const [file] = this.results.files();
        if (readSetting("rerunOnChange") && file !== undefined) this.rerun.consider(file);
      }),
      onSettingChange(
        lenses.map(({ setting }) => setting),
        () => this.language.refreshLenses(),
      ),
      this.runtime.onChange(() => {
        this.status.refresh();
        this.devices.refresh();
      }),
      onSettingChange(["device"], () => this.status.refresh()),
      this.language.onChange(() => this.status.refresh()),
    );
  }

  /** For `when` clauses; told only when it changes. */
  private setContext(key: string, value: boolean): void {
    if (this.contextKeys.get(key) === value) return;
    this.contextKeys.set(key, value);
    void vscode.commands.executeCommand("setContext", `layerwise.${key}`, value);
  }

  private async restore(): Promise<void> {
    try {
      const all = (await this.files?.readAll()) ?? [];
      for (const kept of all) {
        if (!this.results.get(kept.kind, targetKey(kept.target))) this.results.set(kept);
      }
      if (all.length > 0) this.results.refresh(null, readText);
    } catch (error) {
      this.log.warn(`the results of the last session could not be read: ${(error as Error).message}`);
    }
  }

  private jobChanged(job: Job, isProgress: boolean): void {
    this.progress.update(job);
    if (!isProgress) {
      this.refresh();
      return;
    }
    this.status.refresh();
    this.inline.schedule();
    if (job.kind === "profile") this.profiler.progress(job.message, job.fraction);
    if (job.target && (job.kind === "profile" || job.kind === "graph")) {
      this.graphs.progress(job.target, job.message, job.fraction);
    }
    const verb = COMPRESSIONS.find((each) => each === job.kind);
    if (job.target && verb) this[verb].progress(job.target, job.message, job.fraction);
  }

  private sourceChanged(file: string): void {
    this.results.refresh(file, readText);
    void this.graphs.fileChanged(file);
    if (readSetting("rerunOnChange")) this.rerun.consider(file);
  }
}
