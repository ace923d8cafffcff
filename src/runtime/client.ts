/**
 * The runtime process as its parent sees it: forked on first use, asked typed questions, replaced when it dies, ended
 * with its parent. Speaks src/protocol/rpc.ts; knows no editor and touches no model.
 */
import { fork, type ChildProcess } from "node:child_process";
import { needsPython, RPC_VERSION } from "../protocol/rpc.ts";
import type { DeviceState, FromRuntime, ToRuntime, Verb, Verbs } from "../protocol/rpc.ts";
import type { Failure } from "../protocol/source.ts";

/** What a fresh process is told before it starts: src/runtime/host/host.ts reads it. */
export interface RuntimeOptions {
  /** `metaOnly`: no native code is loaded, and tensors have shapes only. */
  core?: { threads?: number; metaOnly?: boolean };
  memoryLimitBytes?: number;
}

export interface RuntimeEvents {
  onReady?(about: { pid: number; device: string }): void;
  /** The process ended without having been asked to. `isGivenUp`: it will not be started again by itself. */
  onDeath?(failure: Failure, isGivenUp: boolean): void;
  onMemory?(memory: DeviceState): void;
  /** What the process wrote on its own streams, and what happened to it: lines for a log. */
  onLog?(line: string): void;
}

export interface ClientOptions extends RuntimeEvents {
  /** The bundle to fork. */
  file: string;
  /** Read anew for every process, so that settings take effect with a restart. */
  options?(): RuntimeOptions;
  environment?: NodeJS.ProcessEnv;
  /** More flags for Node, such as those of its permission model. */
  flags?: string[];
  /** How long a process may take until it is ready. */
  startMs?: number;
  /** How long a cancelled request may take to settle before the whole process is ended. */
  patienceMs?: number;
}

export interface RequestListeners {
  onOutput?(stream: "stdout" | "stderr", text: string): void;
  onProgress?(message: string, fraction?: number): void;
  signal?: AbortSignal;
}

/** A request that ended without a result. */
export class RuntimeFailure extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

interface Pending {
  id: number;
  listeners: RequestListeners;
  isCancelled: boolean;
  resolve(result: unknown): void;
  reject(failure: RuntimeFailure): void;
}

const CANCELLED: Failure = { kind: "cancelled", type: "cancelled", message: "the run was cancelled" };

/** The runtime replaces its worker 250 ms after a cancel that goes unnoticed, and grants `finally` blocks 2 s. */
const PATIENCE_MS = 3000;

/** A first start takes a snapshot of Python: 3 s on an idle machine. */
const START_MS = 60_000;

const MAX_RESTARTS = 5;
const RESTART_WINDOW_MS = 3 * 60_000;

/** Counts restarts: at most five in three minutes. */
export class RestartBudget {
  private times: number[] = [];

  /** True, and counted, when one more restart is allowed. */
  take(nowMs: number): boolean {
    this.times = this.times.filter((time) => nowMs - time < RESTART_WINDOW_MS);
    if (this.times.length >= MAX_RESTARTS) return false;
    this.times.push(nowMs);
    return true;
  }

  reset(): void {
    this.times = [];
  }
}

const KEPT_NAMES = new Set([
  "APPDATA",
  "HOME",
  "LANG",
  "LAYERWISE_CACHE",
  "LC_ALL",
  "LD_LIBRARY_PATH",
  "LOCALAPPDATA",
  "NVIDIA_VISIBLE_DEVICES",
  "PATH",
  "SYSTEMROOT",
  "TEMP",
  "TMP",
  "TMPDIR",
  "USERPROFILE",
  "XDG_CACHE_HOME",
]);

const KEPT_PREFIXES = [
  "CUDA_",
  "LAYERWISE_CUDA_",
  "LAYERWISE_EMULATION_",
  "PYTORCH_CUDA_ALLOC_CONF",
  "PYTORCH_ALLOC_CONF",
];

/** The variables that the runtime needs to find its caches and the GPU's libraries; no tokens, no Node options. */
export function clearedEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(environment)) {
    const isKept = KEPT_NAMES.has(name.toUpperCase()) || KEPT_PREFIXES.some((prefix) => name.startsWith(prefix));
    if (isKept) kept[name] = value;
  }
  // In a desktop editor the executable is Electron, which is Node only when it is told so.
  if (process.versions.electron) kept["ELECTRON_RUN_AS_NODE"] = "1";
  return kept;
}

export class RuntimeClient {
  private readonly options: ClientOptions;
  private readonly budget = new RestartBudget();
  private readonly pending = new Map<number, Pending>();
  private child: ChildProcess | null = null;
  private ready: Promise<void> = Promise.resolve();
  private isReady = false;
  private startFailure: Failure | null = null;
  private nextId = 1;
  private isGivenUp = false;
  private isDisposed = false;

  constructor(options: ClientOptions) {
    this.options = options;
  }

  get isRunning(): boolean {
    return this.child !== null;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Resolves when a process stands ready, starting one when needed: a first start takes seconds that no request owes. */
  async whenReady(): Promise<void> {
    if (this.isDisposed) throw new RuntimeFailure(closed("the runtime is closed"));
    if (this.isGivenUp) throw new RuntimeFailure(givenUp());
    if (!this.child) this.start();
    await this.ready.catch((error: Error) => {
      throw new RuntimeFailure(this.startFailure ?? diedFailure(error.message));
    });
  }

  /** Settles exactly once: with the verb's result, or by throwing RuntimeFailure. Starts the process when needed. */
  async request<V extends Verb>(
    verb: V,
    request: Verbs[V]["request"],
    listeners: RequestListeners = {},
  ): Promise<Verbs[V]["result"]> {
    if (this.isDisposed) throw new RuntimeFailure(closed("the runtime is closed"));
    if (listeners.signal?.aborted) throw new RuntimeFailure(CANCELLED);
    if (this.isGivenUp) throw new RuntimeFailure(givenUp());
    if (!this.child) this.start();
    return await new Promise<Verbs[V]["result"]>((resolve, reject) => {
      const pending: Pending = {
        id: this.nextId++,
        listeners,
        isCancelled: false,
        resolve: resolve as (result: unknown) => void,
        reject,
      };
      this.pending.set(pending.id, pending);
      listeners.signal?.addEventListener("abort", () => this.cancel(pending), { once: true });
      const { child } = this;
      // A process that begins keeps what it is sent.
      const may = needsPython(verb, request) ? this.ready : Promise.resolve();
      may.then(
        () => {
          if (!this.pending.has(pending.id) || this.child !== child) return;
          this.send({ type: "request", id: pending.id, verb, request });
        },
        () => {},
      );
    });
  }

  /** Ends the process, fails what was under way and starts anew, also after the client has given up. */
  async restart(): Promise<void> {
    this.budget.reset();
    this.isGivenUp = false;
    this.end(closed("the runtime was restarted"));
    this.start();
    await this.ready;
  }

  /** Ends the process without a word; the next request starts one with the options of then. */
  stop(): void {
    this.end(closed("the runtime was stopped"));
  }

  dispose(): void {
    this.isDisposed = true;
    this.end(closed("the runtime was closed"));
  }

  private start(): void {
    const { file, options, environment = process.env, flags = [], onLog } = this.options;
    this.startFailure = null;
    this.isReady = false;
    const child = fork(file, [], {
      execArgv: ["--disallow-code-generation-from-strings", ...flags],
      serialization: "advanced",
      env: {
        ...clearedEnvironment(environment),
        LAYERWISE_RUNTIME_OPTIONS: JSON.stringify(options?.() ?? {}),
      },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.child = child;
    onLog?.(`runtime process ${child.pid} started`);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8");
      stream?.on("data", (text: string) => onLog?.(`runtime: ${text.trimEnd()}`));
    }
    const startMs = this.options.startMs ?? START_MS;
    const late = setTimeout(() => {
      this.startFailure = tooSlow(startMs);
      child.kill("SIGKILL");
    }, startMs);
    this.ready = new Promise((resolve, reject) => {
      child.on("message", (message: FromRuntime) => {
        if (this.child !== child) return;
        if (message.type === "ready") {
          if (message.version !== RPC_VERSION) {
            this.startFailure = wrongVersion(message.version);
            child.kill("SIGKILL");
            return;
          }
          clearTimeout(late);
          this.isReady = true;
          this.options.onReady?.({ pid: message.pid, device: message.device });
          resolve();
        } else this.receive(message);
      });
      const gone = (how: string): void => {
        clearTimeout(late);
        reject(new Error(how));
        if (this.child === child) this.died(how);
      };
      child.on("error", (error) => gone(error.message));
      child.on("exit", (code, signal) => gone(signal ?? `exit code ${code}`));
    });
    this.ready.catch(() => {});
  }

  private receive(message: FromRuntime): void {
    switch (message.type) {
      case "memory":
        this.options.onMemory?.(message);
        return;
      case "output":
        this.pending.get(message.id)?.listeners.onOutput?.(message.stream, message.text);
        return;
      case "progress":
        this.pending.get(message.id)?.listeners.onProgress?.(message.message, message.fraction);
        return;
      case "result":
        this.settle(message.id, message.result);
        return;
      case "failure":
        // Id 0 is the process itself: it could not start, and says why before it ends.
        if (message.id === 0) this.startFailure = message.failure;
        else this.take(message.id)?.reject(new RuntimeFailure(message.failure));
        return;
      default:
        this.options.onLog?.(`unknown message from the runtime: ${JSON.stringify(message).slice(0, 200)}`);
    }
  }

  /** Python notices a cancel as KeyboardInterrupt, which would read as a failure of the model. */
  private settle(id: number, result: Verbs[Verb]["result"]): void {
    const pending = this.take(id);
    if (pending?.isCancelled && !result.ok) pending.reject(new RuntimeFailure(CANCELLED));
    else pending?.resolve(result);
  }

  private take(id: number): Pending | undefined {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    return pending;
  }

  private send(message: ToRuntime): void {
    const { child } = this;
    if (!child?.connected) return;
    child.send(message, (error) => {
      if (error && this.child === child) this.options.onLog?.(`could not reach the runtime: ${error.message}`);
    });
  }

  private cancel(pending: Pending): void {
    if (!this.pending.has(pending.id) || pending.isCancelled) return;
    pending.isCancelled = true;
    if (!this.isReady) {
      // It was not sent yet, and a process that starts slowly has done nothing wrong.
      this.take(pending.id)?.reject(new RuntimeFailure(CANCELLED));
      return;
    }
    const { child } = this;
    this.send({ type: "cancel", id: pending.id });
    setTimeout(() => {
      if (!this.pending.has(pending.id) || this.child !== child) return;
      this.options.onLog?.(`request ${pending.id} did not react to its cancellation: the process is replaced`);
      this.end(closed("the runtime was replaced because another run did not react to its cancellation"));
      if (!this.isDisposed) this.start();
    }, this.options.patienceMs ?? PATIENCE_MS).unref();
  }

  /** Ends the process on purpose; what is under way fails with this reason, what was cancelled is cancelled. */
  private end(reason: Failure): void {
    const { child } = this;
    this.child = null;
    child?.kill("SIGKILL");
    this.settleAll(reason);
  }

  private died(how: string): void {
    this.child = null;
    const failure = this.startFailure ?? diedFailure(how);
    this.options.onLog?.(`runtime process ended: ${how}`);
    const mayRestart = !this.isDisposed && this.budget.take(Date.now());
    this.isGivenUp = !mayRestart;
    this.settleAll(failure);
    // One that cannot even start waits for the next request, instead of failing five times at once.
    if (mayRestart && this.isReady) this.start();
    this.options.onDeath?.(failure, this.isGivenUp);
  }

  private settleAll(failure: Failure): void {
    const lost = [...this.pending.values()];
    this.pending.clear();
    for (const pending of lost) pending.reject(new RuntimeFailure(pending.isCancelled ? CANCELLED : failure));
  }
}

function closed(message: string): Failure {
  return { kind: "cancelled", type: "closed", message };
}

function diedFailure(how: string): Failure {
  return {
    kind: "machine",
    type: "runtime-died",
    message: `the runtime process ended unexpectedly (${how})`,
    hint: "a new one has been started: run again",
  };
}

function givenUp(): Failure {
  return {
    kind: "machine",
    type: "runtime-given-up",
    message: `the runtime process ended more than ${MAX_RESTARTS} times within ${RESTART_WINDOW_MS / 60_000} minutes`,
    hint: "look into the log, then use 'Layerwise: Restart Runtime'",
  };
}

function tooSlow(startMs: number): Failure {
  return {
    kind: "machine",
    type: "start-timeout",
    message: `the runtime was not ready ${startMs / 1000} s after its start`,
    hint: "run again when the machine is less busy",
  };
}

function wrongVersion(version: unknown): Failure {
  return {
    kind: "bug",
    type: "rpc-version",
    message: `the runtime speaks version ${String(version)}, expected ${RPC_VERSION}: reinstall the extension`,
  };
}
