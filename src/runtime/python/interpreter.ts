/**
 * One CPython interpreter in this thread: boots from a snapshot, shows a workspace, calls Python, resets in
 * milliseconds. It runs no verb and knows no tensor; it refuses to run user code before the walls around it stand.
 */
import { readFileSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import { defineDirectModule, directNames, placeDirectCalls, type DirectCalls, type DirectSlots } from "./direct.ts";
import { InterpreterDied, PythonFailure, WorkspaceRefused, describeDeath } from "./errors.ts";
import { hostFunctions } from "./host_functions.ts";
import { toVirtualPath } from "./host_paths.ts";
import { LibraryTree, openPackages, type FileSet } from "./library.ts";
import { NAMED_FILES, OneFileTree } from "./named_files.ts";
import { compileProgram } from "./program.ts";
import { startPyodide, type EmscriptenModule, type PublicApi, type PyProxy } from "./pyodide.ts";
import { hardenRealm } from "./realm.ts";
import { ScratchSpace } from "./scratch.ts";
import {
  readSnapshot,
  restoreMemory,
  snapshotFile,
  snapshotKey,
  takeSnapshot,
  writeSnapshot,
  type Snapshot,
} from "./snapshot.ts";
import { mountTree } from "./tree.ts";
import { SignalWord } from "./signal_word.ts";
import { Gate, Interrupted } from "./wall.ts";
import { WorkspaceTree } from "./workspace.ts";
import type { Failure } from "../../protocol/source.ts";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** What the core sees of Python. */
export interface PythonSide {
  module: EmscriptenModule;
  /** Calls "package.module:function" with plain values; only plain values come back. */
  callPython(target: string, ...positional: unknown[]): unknown;
  /** Throws when the user has cancelled. Whoever catches it must throw it on, so that it reaches Python. */
  checkInterrupt(): void;
}

/** The part of the core that the interpreter needs. */
export interface CoreSide {
  /** Becomes the Python module `_core`. */
  functions: Record<string, Function>;
  attach?(python: PythonSide): void;
  /** Become the Python module `_direct`. */
  direct?: DirectCalls;
  /** Forgets every tensor: the Python objects that held them are gone. */
  reset?(): void;
  /** The run at hand may use what this site-packages folder holds. */
  useEnvironment?(sitePackages: string): void;
}

/** Standard input and output as bytes. */
export interface StandardStreams {
  stdout(bytes: Uint8Array): void;
  stderr(bytes: Uint8Array): void;
  /** Fills the buffer with what there is, at least one byte; 0 at the end. Absent: always at the end. */
  stdin?(buffer: Uint8Array): number;
  isTerminal?: { stdin: boolean; stdout: boolean; stderr: boolean };
}

export interface BootOptions {
  core: CoreSide;
  pyodideFolder: string;
  /** Folder or zip of our Python packages. */
  packages: string;
  /** Where snapshots are kept; null: do without. */
  cacheFolder: string | null;
  streams: StandardStreams;
  /** Modules imported before the snapshot is taken. Default: torch. */
  preload?: readonly string[];
  /** Word 0 becomes 2 to interrupt; shared with the main thread. */
  interrupt?: Int32Array;
  memoryLimitBytes?: number;
  scratchLimitBytes?: number;
  /** Compiled by another thread; made here when absent. */
  program?: WebAssembly.Module;
  /** The interpreter is gone and this thread should end. */
  onFatal?(failure: Failure): void;
  /** Something worth telling once, that is no failure. */
  onNotice?(sentence: string): void;
  /** False only in the tests that prove the walls are needed. */
  hardened?: boolean;
}

export interface WorkspaceMount {
  root: string;
  writable?: boolean;
  /** Unsaved texts by absolute host path. */
  overlay?: Record<string, string>;
}

/** Milliseconds, by step. */
export interface BootTimings {
  packages: number;
  snapshot: number;
  start: number;
  restore: number;
  harden: number;
  total: number;
  /** True when the snapshot came from a file. */
  isWarm: boolean;
}

/** Where our packages lie inside the interpreter. */
export const PACKAGES_PATH = "/lib/layerwise";
const DEFAULT_MEMORY_BYTES = 2 * 1024 ** 3;
const DEFAULT_SCRATCH_BYTES = 512 * 1024 ** 2;
/** Folders of the interpreter itself, which a workspace would hide. */
const RESERVED = ["/lib", "/proc", "/dev"];

export async function bootInterpreter(options: BootOptions): Promise<Interpreter> {
  const interpreter = new Interpreter(options);
  await interpreter.boot();
  return interpreter;
}

export class Interpreter {
  module!: EmscriptenModule;
  readonly timings: BootTimings = {
    packages: 0,
    snapshot: 0,
    start: 0,
    restore: 0,
    harden: 0,
    total: 0,
    isWarm: false,
  };
  /** Counts resets; what was learned in an earlier generation is void. */
  generation = 0;
  /** Why it can no longer be used, once it cannot. */
  deathReason: string | null = null;

  private readonly options: BootOptions;
  private readonly gate: Gate | null;
  private readonly functions: Record<string, Function>;
  private readonly names = new Map<unknown, string>();
  private packages!: FileSet;
  private api!: PublicApi;
  private scratch!: ScratchSpace;
  private snapshot: Snapshot | null = null;
  private death: InterpreterDied | null = null;
  /** A dying interpreter prints which calls it was in. */
  private readonly lastOutput = new Tail();
  private callables = new Map<string, PyProxy>();
  private resolve: PyProxy | null = null;
  private slots: DirectSlots | null = null;
  private mounts: string[] = [];
  private workspace: WorkspaceTree | null = null;

  constructor(options: BootOptions) {
    this.options = options;
    this.gate = options.hardened === false ? null : new Gate(options.interrupt);
    const own = hostFunctions(options.interrupt, () => this.checkInterrupt());
    this.functions = Object.assign(Object.create(null), options.core.functions, own);
    for (const [name, target] of Object.entries(this.functions)) {
      this.names.set(target, name);
      this.gate?.callable.add(target);
    }
  }

  async boot(): Promise<void> {
    const began = performance.now();
    let last = began;
    const lap = (): number => {
      const passed = performance.now() - last;
      last += passed;
      return passed;
    };
    replaceFinalizers();
    this.packages = openPackages(this.options.packages);
    const preload = this.options.preload ?? ["torch"];
    // The walls change the program's table of functions, and memory holds indices into that table.
    const kind = this.gate ? "hardened" : "bare";
    const { direct } = this.options.core;
    // Memory names functions that are called directly by their position.
    const named = direct ? directNames(direct).join(" ") : "";
    const key = snapshotKey(
      `${kind} ${this.packages.hash} ${preload.join(" ")}\n${named}`,
      Object.keys(this.functions),
    );
    this.timings.packages = lap();
    this.snapshot = this.loadSnapshot(key);
    this.timings.snapshot = lap();
    const program = this.options.program ?? (await compileProgram(this.options.pyodideFolder, this.memoryLimit));
    if (this.snapshot && !(await this.startFromSnapshot(program, this.snapshot, key))) this.snapshot = null;
    this.timings.isWarm = this.snapshot !== null;
    if (!this.snapshot) await this.startFresh(program, preload, key);
    this.timings.start = lap();
    this.begin();
    this.timings.restore = lap();
    if (this.gate) {
      hardenRealm();
      this.gate.isOpen = false;
    }
    this.timings.harden = lap();
    this.timings.total = performance.now() - began;
  }

  /** Calls "package.module:function" with JSON-like values. Throws PythonFailure or InterpreterDied. */
  call(target: string, ...positional: Json[]): Json {
    const answer = this.guarded(() => this.callable("layerwise.entry:call")(target, JSON.stringify(positional)));
    if (typeof answer !== "string") throw new InterpreterDied("the script replaced the way results are returned");
    const reply = JSON.parse(answer) as { result: Json } | { failure: Failure };
    if ("failure" in reply) throw new PythonFailure(reply.failure);
    return reply.result;
  }

  /** As `call`, without JSON and for speed: plain values in, a plain value out, exceptions as pyodide throws them. */
  callPython(target: string, ...positional: unknown[]): unknown {
    return this.guarded(() => this.callable(target)(...positional));
  }

  /** For operations of the core that take long: throws when the user has cancelled. */
  checkInterrupt(): void {
    const { interrupt } = this.options;
    if (interrupt && Atomics.load(interrupt, 0) === 2) throw new Interrupted();
  }

  /** Shows one folder of the host at its own path, in place of the one shown before. */
  mountWorkspace(mount: WorkspaceMount): void {
    this.unmountWorkspace();
    const options = { writable: false, ...mount };
    const tree = new WorkspaceTree(options);
    this.mountFolder(options.root, tree);
    this.workspace = tree;
  }

  /** Shows one file from anywhere, to be read or to be written; where Python sees it. Until the next reset. */
  showFile(file: string, options: { writable?: boolean } = {}): string {
    const folder = new WorkspaceTree({ root: dirname(file), writable: options.writable ?? false });
    // A Python file and the index of a checkpoint need what lies beside them.
    const needsFolder = !options.writable && /\.(py|index\.json)$/.test(file);
    const mountpoint = `${NAMED_FILES}/${this.mounts.length}`;
    const tree = needsFolder ? folder : new OneFileTree(folder, file);
    this.scratch.unlocked(() => mountTree(this.module, tree, mountpoint));
    this.mounts.push(mountpoint);
    return `${mountpoint}/${basename(file)}`;
  }

  /** Shows one folder from anywhere, to be read; where Python sees it. Until the next reset. */
  showFolder(folder: string): string {
    const mountpoint = `${NAMED_FILES}/${this.mounts.length}`;
    this.scratch.unlocked(() =>
      mountTree(this.module, new WorkspaceTree({ root: folder, writable: false }), mountpoint),
    );
    this.mounts.push(mountpoint);
    return mountpoint;
  }

  /** Other unsaved texts over the folder that is shown already. */
  setOverlay(overlay: Record<string, string> | undefined): void {
    this.workspace?.setOverlay(overlay);
  }

  unmountWorkspace(): void {
    this.workspace = null;
    this.scratch.unlocked(() => {
      for (const mountpoint of this.mounts.splice(0).reverse()) {
        this.module.FS.chdir("/");
        this.module.FS.unmount(mountpoint);
        this.removeEmptyFolders(mountpoint);
      }
    });
  }

  /** Makes the packages of a site-packages folder importable, after our own and read-only; null: none. */
  setEnvironment(sitePackages: string | null): void {
    if (sitePackages !== null) {
      const inside = this.mounts.some((mounted) => `${toVirtualPath(sitePackages)}/`.startsWith(`${mounted}/`));
      if (!inside) this.mountFolder(sitePackages, new WorkspaceTree({ root: sitePackages, writable: false }));
    }
    this.call("layerwise.environment:use", sitePackages === null ? null : toVirtualPath(sitePackages));
  }

  /** False when there is no snapshot to go back to: then a new worker has to be started instead. */
  get canReset(): boolean {
    return this.snapshot !== null && this.deathReason === null;
  }

  /** Bytes of the interpreter's memory, which only grows. */
  get memoryBytes(): number {
    return this.module.HEAPU8.length;
  }

  /** Back to the state right after `import torch`: memory, files, modules, tensors. */
  reset(): void {
    if (!this.snapshot) throw new Error("[python] there is no snapshot to reset to");
    if (this.death) throw this.death;
    this.unmountWorkspace();
    this.scratch.clear();
    this.options.core.reset?.();
    this.withOpenGate(() => this.restore(this.snapshot as Snapshot, false));
    this.withOpenGate(() => this.begin());
  }

  private get memoryLimit(): number {
    return this.options.memoryLimitBytes ?? DEFAULT_MEMORY_BYTES;
  }

  private loadSnapshot(key: string): Snapshot | null {
    const folder = this.options.cacheFolder;
    if (!folder) return null;
    try {
      return readSnapshot(folder, key);
    } catch (error) {
      this.notice(`the saved start of Python cannot be used, ${(error as Error).message}; making a new one`);
      return null;
    }
  }

  private async startFromSnapshot(program: WebAssembly.Module, snapshot: Snapshot, key: string): Promise<boolean> {
    try {
      await this.start(program, true);
      if (String(snapshot.slots) !== String(this.slots)) throw new Error("its functions lie elsewhere in the program");
      this.restore(snapshot, true);
      return true;
    } catch (error) {
      this.notice(`the saved start of Python does not work, ${describeDeath(error)}; making a new one`);
      this.deathReason = null;
      this.death = null;
      if (this.options.cacheFolder) rmSync(snapshotFile(this.options.cacheFolder, key), { force: true });
      return false;
    }
  }

  private async startFresh(program: WebAssembly.Module, preload: readonly string[], key: string): Promise<void> {
    await this.start(program, false);
    const api = this.scratch.unlocked(() => this.module.API.finalizeBootstrap());
    this.api = api;
    this.scratch.unlocked(() =>
      this.module.API.initializeStreams(
        () => null,
        () => {},
        () => {},
      ),
    );
    this.options.core.attach?.(this.pythonSide());
    if (this.slots) defineDirectModule(this.module, this.options.core.direct!, this.slots);
    const plan = JSON.stringify({ preload, functions: Object.keys(this.functions) });
    const prepare = api.runPython(
      `import sys\nsys.path.insert(0, ${JSON.stringify(PACKAGES_PATH)})\nfrom layerwise.boot import prepare\nprepare`,
    ) as PyProxy;
    const trouble = prepare(plan, this.functions) as string | undefined;
    prepare.destroy();
    if (trouble) throw new Error(`Python cannot import ${preload.join(" and ")}:\n${trouble}`);
    api.runPython("import layerwise.boot\nlayerwise.boot.settle()");
    const references = this.module.API.serializeHiwireState((value) => this.nameOf(value));
    this.snapshot = takeSnapshot(this.module, references, this.slots);
    // From here on exactly as if the file had been read: every life starts the same.
    this.options.core.reset?.();
    this.restore(this.snapshot, false);
    try {
      if (this.options.cacheFolder) writeSnapshot(this.options.cacheFolder, key, this.snapshot);
    } catch (error) {
      this.notice(`the start of Python could not be saved, so each start takes longer: ${(error as Error).message}`);
    }
  }

  private async start(program: WebAssembly.Module, fromSnapshot: boolean): Promise<void> {
    const folder = this.options.pyodideFolder;
    this.module = await startPyodide({
      folder,
      program,
      fromSnapshot,
      gate: this.gate,
      mountLibrary: (module) => mountTree(module, this.library(), "/lib"),
    });
    this.gate?.attach(this.module);
    const { direct } = this.options.core;
    if (direct) this.slots = placeDirectCalls(this.module, direct, this.gate);
    this.module.API.on_fatal = (error) => this.die(error);
    this.scratch = new ScratchSpace(this.module, this.options.scratchLimitBytes ?? DEFAULT_SCRATCH_BYTES);
  }

  private library(): LibraryTree {
    const tree = new LibraryTree();
    const archive = join(this.options.pyodideFolder, "python_stdlib.zip");
    tree.addFile("python314.zip", () => readFileSync(archive), statSync(archive).size);
    tree.addFolder("python3.14/site-packages");
    tree.addFolder("python3.14/lib-dynload");
    tree.addAll(this.packages, "layerwise");
    return tree;
  }

  private restore(snapshot: Snapshot, isFresh: boolean): void {
    // Handles into the old memory must never be freed in the new one.
    this.callables = new Map();
    this.gate?.references.clear();
    this.generation += 1;
    restoreMemory(this.module, snapshot, isFresh);
    this.scratch.unlocked(() => {
      this.api = this.module.API.finalizeBootstrap(snapshot.references, (name) => this.functions[name] ?? NOTHING);
      if (isFresh)
        this.module.API.initializeStreams(
          () => null,
          () => {},
          () => {},
        );
      for (const slot of PYODIDE_SLOTS) this.module.__hiwire_set(slot, NOTHING);
    });
  }

  /** What each life needs that memory does not hold: streams, interrupts, the core, randomness. */
  private begin(): void {
    const { streams, interrupt } = this.options;
    const terminal = streams.isTerminal ?? { stdin: false, stdout: false, stderr: false };
    const writer = (write: (bytes: Uint8Array) => void) => (bytes: Uint8Array) => {
      if (this.gate?.captured) this.gate.captured.push(bytes.slice());
      else this.interruptible(() => write(bytes));
      this.lastOutput.add(bytes);
      return bytes.length;
    };
    this.scratch.unlocked(() => {
      const read = (buffer: Uint8Array): number => this.interruptible(() => streams.stdin?.(buffer) ?? 0);
      this.api.setStdin({ read, isatty: terminal.stdin });
      this.api.setStdout({ write: writer(streams.stdout), isatty: terminal.stdout });
      this.api.setStderr({ write: writer(streams.stderr), isatty: terminal.stderr });
    });
    if (interrupt) this.api.setInterruptBuffer(new SignalWord(interrupt));
    this.options.core.attach?.(this.pythonSide());
    this.resolve = this.api.runPython("from layerwise.entry import resolve\nresolve") as PyProxy;
    this.callPython("layerwise.boot:begin", terminal.stdout, terminal.stderr);
  }

  /** A system call that was interrupted: Python then raises KeyboardInterrupt by itself. */
  private interruptible<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      throw new this.module.FS.ErrnoError(this.module.ERRNO_CODES.EINTR);
    }
  }

  private pythonSide(): PythonSide {
    return {
      module: this.module,
      callPython: (target, ...positional) => this.callPython(target, ...positional),
      checkInterrupt: () => this.checkInterrupt(),
    };
  }

  private callable(target: string): PyProxy {
    const known = this.callables.get(target);
    if (known) return known;
    // User code may have changed anything by now, so this runs behind the shut gate like all of it.
    const found = this.resolve?.(target) as PyProxy;
    this.callables.set(target, found);
    return found;
  }

  private guarded<T>(action: () => T): T {
    if (this.death) throw this.death;
    try {
      return action();
    } catch (error) {
      if (isExit(error)) this.die(error);
      throw this.death ?? error;
    }
  }

  private withOpenGate<T>(action: () => T): T {
    if (!this.gate) return action();
    const before = this.gate.isOpen;
    this.gate.isOpen = true;
    try {
      return action();
    } finally {
      this.gate.isOpen = before;
    }
  }

  private mountFolder(root: string, tree: WorkspaceTree): void {
    const mountpoint = toVirtualPath(root);
    const isReserved = RESERVED.some((path) => mountpoint === path || mountpoint.startsWith(`${path}/`));
    if (mountpoint === "/" || (isReserved && !mountpoint.startsWith("/dev/shm/"))) {
      throw new WorkspaceRefused(
        `${root} cannot be the workspace: Python has files of its own at this place`,
        "Name a folder below it as the workspace",
      );
    }
    this.scratch.unlocked(() => mountTree(this.module, tree, mountpoint));
    this.mounts.push(mountpoint);
  }

  private removeEmptyFolders(path: string): void {
    const { FS } = this.module;
    for (let at = path; at.lastIndexOf("/") > 0; at = at.slice(0, at.lastIndexOf("/"))) {
      if (at === "/tmp" || at === "/home" || at === "/var/tmp") return;
      try {
        FS.rmdir(at);
      } catch {
        return;
      }
    }
  }

  private nameOf(value: object): string {
    // Each function remembers the object it was taken from; after loading it remembers nothing.
    if (value === this.functions) return "";
    const name = this.names.get(value);
    if (name === undefined) {
      const what = `a ${typeof value} with ${Object.keys(value)}`;
      throw new Error(`[python] a JavaScript object other than a core function is held by Python: ${what}`);
    }
    return name;
  }

  private die(error: unknown): void {
    if (this.deathReason) return;
    const death = new InterpreterDied(describeDeath(error), this.lastOutput.text());
    this.deathReason = death.message;
    this.death = death;
    this.options.onFatal?.(death.failure);
  }

  private notice(sentence: string): void {
    this.options.onNotice?.(sentence);
  }
}

/** Where pyodide keeps its own objects for Python: the globals, its interface, its module, a timer. */
const PYODIDE_SLOTS = [1, 2, 3, 4, 5, 6];
const NOTHING: object = Object.freeze(Object.create(null));

/**
 * A proxy of an earlier life, collected late, would free memory of the restored heap; so nothing is ever freed that
 * way.
 */
function replaceFinalizers(): void {
  globalThis.FinalizationRegistry = class {
    register(): void {}
    unregister(): boolean {
      return false;
    }
  } as unknown as FinalizationRegistryConstructor;
}

/** The last bytes of a stream, at little cost per write. */
class Tail {
  private readonly bytes = new Uint8Array(8192);
  private end = 0;

  add(added: Uint8Array): void {
    const part = added.subarray(-this.bytes.length);
    const room = this.bytes.length - this.end;
    this.bytes.set(part.subarray(0, room), this.end);
    this.bytes.set(part.subarray(room), 0);
    this.end = (this.end + part.length) % this.bytes.length;
  }

  text(): string {
    return Buffer.concat([this.bytes.subarray(this.end), this.bytes.subarray(0, this.end)]).toString("utf8");
  }
}

function isExit(error: unknown): boolean {
  return typeof error === "object" && error !== null && (error as Error).name === "ExitStatus";
}
