/**
 * The main thread's side of the runtime: starts the worker, hands it one request after another, passes its output
 * on, cancels, and replaces it when it dies. It holds no tensor and runs nothing of the user's.
 */
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import { needsPython, type Verb, type Verbs } from "../../protocol/rpc.ts";
import type { Result } from "../../protocol/results.ts";
import type { Failure } from "../../protocol/source.ts";
import { isInside, markGone, newForeignWords } from "../foreign.ts";
import { defaultCacheFolder, packagesPath, pyodideFolder, workerFile } from "../paths.ts";
import { compileProgram } from "../python/program.ts";
import type { BootTimings } from "../python/interpreter.ts";
import { askAside } from "./aside.ts";
import { answerInput, openInput } from "./input.ts";
import { gpuInUse, type DeviceMemory } from "./gpu_watch.ts";
import { Leaving } from "./leaving.ts";
import type { CancelWord, FromWorker, MemoryWords, ToWorker, WorkerStart } from "./messages.ts";
import { OutputReader, openOutput, type OutputStream } from "./output.ts";

export interface HostOptions {
  /** Options for the core: device, threads. */
  core?: Record<string, unknown>;
  /** Default: the user's cache folder; null: keep nothing. */
  cacheFolder?: string | null;
  memoryLimitBytes?: number;
  /** How long a cancelled request may go on before its worker is replaced, in milliseconds. Default 250. */
  graceMs?: number;
  isTerminal?: { stdin: boolean; stdout: boolean; stderr: boolean };
  /** The next bytes that the user typed; null at the end. Absent: scripts see an empty input. */
  readInput?(): Promise<Uint8Array | null>;
  /** One sentence worth logging, no failure. */
  onNotice?(sentence: string): void;
  /** The worker died and is being replaced. */
  onDeath?(failure: Failure): void;
  /** In place of the product's own parts, for tests. */
  packages?: string;
  preload?: string[];
  coreModule?: string;
  verbsModule?: string;
  /** No worker stands ready before a request wants one: for whoever asks once. */
  isLazy?: boolean;
}

export interface RequestOptions {
  onOutput?(stream: OutputStream, text: string): void;
  onProgress?(message: string, fraction?: number): void;
  signal?: AbortSignal;
  /** Output beyond this is dropped, with a note. Default: 10 MiB and 50,000 lines. */
  outputLimit?: { bytes: number; lines: number };
}

/** A request that ended without a result. */
export class RequestFailed extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

interface Pending {
  id: number;
  verb: Verb;
  request: Verbs[Verb]["request"];
  options: RequestOptions;
  bytes: number;
  lines: number;
  isMuted: boolean;
  isCancelled: boolean;
  /** The worker has it; before that it can be dropped without harm to anybody. */
  isPosted: boolean;
  resolve(result: unknown): void;
  reject(error: RequestFailed): void;
}

/** What every verb needs is imported once, before the snapshot: it saves half a second of each start. */
const PRELOAD = ["torch", "layerwise.probe", "layerwise.analysis"];
const DEFAULT_MEMORY_BYTES = 2 * 1024 ** 3;
const DEFAULT_OUTPUT_LIMIT = { bytes: 10 * 1024 ** 2, lines: 50_000 };
/** How long an interrupt may go unnoticed, and how long clean-up may then take. */
const DEFAULT_GRACE_MS = 250;
const CLEAN_UP_MS = 2000;
const BATCH_MS = 20;
/** WebAssembly memory never shrinks: beyond this a worker is replaced after its request. */
const RECYCLE_BYTES = 768 * 1024 ** 2;
/** A worker that dies again and again while starting is not started again. */
const MAX_FAILED_STARTS = 3;
const CLOSED: Failure = { kind: "bug", type: "closed", message: "the runtime is closed" };
const CANCELLED: Failure = { kind: "cancelled", type: "cancelled", message: "the run was cancelled" };

/** The interrupt that the user asked for is no mistake of the model. */
function asCancelled(result: Result): Result {
  const { failure } = result;
  if (result.ok || failure?.type !== "KeyboardInterrupt") return result;
  return { ...result, failure: { ...failure, kind: "cancelled" } };
}

export class RuntimeHost {
  device = "";
  timings: BootTimings | null = null;

  private readonly options: HostOptions;
  private program: Promise<WebAssembly.Module> | null = null;
  private worker: Worker | null = null;
  private readonly leaving = new Leaving();
  private channels = newChannels();
  private cancelWords: CancelWord[] = [];
  private memoryWords: MemoryWords | null = null;
  private gpuWords: MemoryWords | null = null;
  private reader = new OutputReader(this.channels.output);
  private ready: Promise<void> = Promise.resolve();
  private queue: Pending[] = [];
  private current: Pending | null = null;
  private nextId = 1;
  private failedStarts = 0;
  private isClosed = false;
  private lastDeliveryMs = 0;
  private batchTimer: NodeJS.Timeout | null = null;
  private cancelTimer: NodeJS.Timeout | null = null;
  private inputRest: Uint8Array = new Uint8Array(0);

  private constructor(options: HostOptions) {
    this.options = options;
  }

  /** Resolves when Python can be used. */
  static async start(options: HostOptions = {}): Promise<RuntimeHost> {
    const host = RuntimeHost.begin(options);
    await host.ready;
    return host;
  }

  /** Requests may come at once; those that need Python wait for it. */
  static begin(options: HostOptions = {}): RuntimeHost {
    // Has effect on threads started from now on; the worker checks it and refuses to start otherwise.
    setFlagsFromString("--disallow-code-generation-from-strings");
    // Loading the interpreter makes tens of megabytes of short-lived objects: a larger nursery saves a tenth of it.
    setFlagsFromString("--min-semi-space-size=16");
    const host = new RuntimeHost(options);
    if (!options.isLazy) host.spawn();
    return host;
  }

  /** Python can be used, or why it cannot. */
  async whenReady(): Promise<void> {
    await this.ready;
  }

  /** What tensors hold at this moment, also while Python runs: on the GPU in use, else on the CPU. */
  get memory(): DeviceMemory & { index?: number } {
    const gpu = gpuInUse(this.gpuWords);
    const [allocatedBytes = 0, reservedBytes = 0] = this.memoryWords ?? [];
    if (gpu && (gpu.allocatedBytes > 0 || allocatedBytes === 0)) return gpu;
    return { device: this.device, allocatedBytes, reservedBytes };
  }

  /** Settles exactly once: with the verb's result, or by throwing RequestFailed. Requests wait for their turn. */
  request<V extends Verb>(
    verb: V,
    request: Verbs[V]["request"],
    options: RequestOptions = {},
  ): Promise<Verbs[V]["result"]> {
    // Other verbs than the product's are asked where they are.
    const isAside = !needsPython(verb, request) && this.options.verbsModule === undefined;
    if (isAside && !this.isClosed && !options.signal?.aborted) {
      const asked = askAside(verb, request, options, this.leaving, (failure) => new RequestFailed(failure));
      return asked as Promise<Verbs[V]["result"]>;
    }
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        id: this.nextId++,
        verb,
        request,
        options,
        bytes: 0,
        lines: 0,
        isMuted: false,
        isCancelled: false,
        isPosted: false,
        resolve: resolve as (result: unknown) => void,
        reject,
      };
      if (this.isClosed) return reject(new RequestFailed(CLOSED));
      if (options.signal?.aborted) return reject(new RequestFailed(CANCELLED));
      options.signal?.addEventListener("abort", () => this.cancelRequest(pending), { once: true });
      this.queue.push(pending);
      void this.pump();
    });
  }

  /** Cancels what runs now. The second time, or when nothing helps, the worker is ended. */
  cancel(): void {
    if (this.current) this.cancelRequest(this.current);
  }

  /** Ends the worker and starts another; what runs now fails. */
  async restart(): Promise<void> {
    this.replaceWorker({ kind: "cancelled", type: "restarted", message: "the runtime was restarted" });
    await this.ready;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    const closed: Failure = { kind: "cancelled", type: "closed", message: "the runtime was closed" };
    for (const waiting of this.queue.splice(0)) waiting.reject(new RequestFailed(closed));
    const end = this.detachWorker();
    this.settle((pending) => pending.reject(new RequestFailed(closed)));
    end?.();
    await this.leaving.all();
  }

  /** Is a worker inside of code that nobody can interrupt? Then an orderly end of the process would wait for it. */
  get isHeldUp(): boolean {
    return this.leaving.isHeldUp || isInside(this.channels.foreign);
  }

  private spawn(): void {
    const { memoryLimitBytes = DEFAULT_MEMORY_BYTES } = this.options;
    this.program ??= compileProgram(pyodideFolder, memoryLimitBytes);
    this.channels = newChannels();
    this.reader = new OutputReader(this.channels.output);
    this.cancelWords = [];
    this.memoryWords = null;
    this.gpuWords = null;
    const { core, cacheFolder, readInput } = this.options;
    const start: WorkerStart = {
      ...this.channels,
      pyodideFolder,
      packages: this.options.packages ?? packagesPath,
      cacheFolder: cacheFolder === undefined ? defaultCacheFolder() : cacheFolder,
      preload: this.options.preload ?? (this.options.packages ? undefined : PRELOAD),
      memoryLimitBytes: this.options.memoryLimitBytes ?? DEFAULT_MEMORY_BYTES,
      isTerminal: this.options.isTerminal ?? { stdin: false, stdout: false, stderr: false },
      hasInput: readInput !== undefined,
      // The worker has no environment of its own.
      core: {
        cudaAddon: process.env.LAYERWISE_CUDA_ADDON,
        cudaAllocator: process.env.PYTORCH_CUDA_ALLOC_CONF || process.env.PYTORCH_ALLOC_CONF,
        ...core,
      },
      coreModule: this.options.coreModule,
      verbsModule: this.options.verbsModule,
    };
    const worker = new Worker(workerFile, {
      name: "layerwise-python",
      workerData: start,
      // User code must not learn the host's environment, and pyodide must not write to our output.
      env: {},
      stdout: true,
      stderr: true,
      resourceLimits: { maxYoungGenerationSizeMb: 64, stackSizeMb: STACK_MB },
    });
    worker.stdout.resume();
    worker.stderr.resume();
    this.worker = worker;
    this.ready = new Promise((resolve, reject) => {
      worker.on("message", (message: FromWorker) => {
        if (this.worker !== worker) return;
        if (message.type === "ready") {
          this.failedStarts = 0;
          this.device = message.device;
          this.timings = message.timings;
          this.cancelWords = message.cancelWords;
          this.memoryWords = message.memory;
          this.gpuWords = message.gpus;
          resolve();
        } else if (message.type === "fatal" && this.timings === null) {
          reject(new RequestFailed(message.failure));
        }
        this.receive(message);
      });
      worker.on("error", (error) => {
        reject(new RequestFailed(failureOfError(error)));
        if (this.worker === worker) this.replaceWorker(failureOfError(error));
      });
      worker.on("exit", (code) => {
        markGone(start.foreign);
        const failure = died(`the worker ended with code ${code}`);
        reject(new RequestFailed(failure));
        if (this.worker === worker) this.replaceWorker(failure);
      });
    });
    this.ready.catch(() => {});
    this.program.then(
      (program) => worker.postMessage({ type: "program", program } satisfies ToWorker),
      (error: Error) => this.replaceWorker({ kind: "machine", type: "start-failed", message: error.message }),
    );
  }

  private async pump(): Promise<void> {
    if (this.current || this.isClosed) return;
    const next = this.queue.shift();
    if (!next) return;
    this.current = next;
    if (!this.worker && this.options.isLazy) this.spawn();
    try {
      await this.ready;
    } catch (error) {
      if (this.current === next) this.settle(() => next.reject(error as RequestFailed));
      return;
    }
    // A cancel may have come while the worker started.
    if (this.current !== next) return;
    Atomics.store(this.channels.interrupt, 0, 0);
    this.reader.startOver();
    next.isPosted = true;
    const { id, verb, request } = next;
    this.worker?.postMessage({ type: "request", id, verb, request } satisfies ToWorker);
  }

  private receive(message: FromWorker): void {
    const { current } = this;
    switch (message.type) {
      case "output":
        this.scheduleDelivery();
        return;
      case "input":
        void this.answerInput();
        return;
      case "progress":
        if (current?.id === message.id) current.options.onProgress?.(message.message, message.fraction);
        return;
      case "notice":
        this.options.onNotice?.(message.sentence);
        return;
      case "fatal":
        this.replaceWorker(message.failure);
        return;
      case "result":
      case "failure":
        if (current?.id !== message.id) return;
        this.deliver();
        this.finish(message);
        return;
      default:
    }
  }

  private finish(message: Extract<FromWorker, { type: "result" | "failure" }>): void {
    const needsNewWorker = message.memoryBytes > RECYCLE_BYTES && !this.options.isLazy;
    const end = needsNewWorker ? this.detachWorker() : null;
    if (needsNewWorker) this.spawn();
    end?.();
    this.settle((pending) => {
      if (message.type === "result")
        pending.resolve(pending.isCancelled ? asCancelled(message.result) : message.result);
      else if (pending.isCancelled && message.failure.kind !== "bug") pending.reject(new RequestFailed(CANCELLED));
      else pending.reject(new RequestFailed(message.failure));
    });
  }

  private settle(how: (pending: Pending) => void): void {
    const pending = this.current;
    this.current = null;
    if (this.cancelTimer) clearTimeout(this.cancelTimer);
    this.cancelTimer = null;
    if (pending) how(pending);
    void this.pump();
  }

  private cancelRequest(pending: Pending): void {
    if (pending !== this.current) {
      const position = this.queue.indexOf(pending);
      if (position < 0) return;
      this.queue.splice(position, 1);
      pending.reject(new RequestFailed(CANCELLED));
      return;
    }
    if (!pending.isPosted) {
      this.settle(() => pending.reject(new RequestFailed(CANCELLED)));
      return;
    }
    if (pending.isCancelled) {
      this.replaceWorker(CANCELLED);
      return;
    }
    pending.isCancelled = true;
    for (const { words, index } of this.cancelWords) Atomics.store(words, index, 1);
    const { interrupt } = this.channels;
    Atomics.store(interrupt, 0, 2);
    Atomics.notify(interrupt, 0);
    this.cancelTimer = setTimeout(() => {
      // Python clears the word when it raises KeyboardInterrupt: then clean-up is under way.
      const isNoticed = Atomics.load(interrupt, 0) === 0;
      if (!isNoticed) return this.replaceWorker(CANCELLED);
      this.cancelTimer = setTimeout(() => this.replaceWorker(CANCELLED), CLEAN_UP_MS);
    }, this.options.graceMs ?? DEFAULT_GRACE_MS);
  }

  /** Fails what runs now, ends the worker and starts the next one. */
  private replaceWorker(failure: Failure): void {
    const end = this.detachWorker();
    if (!end) return;
    this.deliver();
    const hadStarted = this.timings !== null;
    this.timings = null;
    if (failure.kind !== "cancelled") this.options.onDeath?.(failure);
    if (!hadStarted) this.failedStarts += 1;
    const isNeeded = !this.isClosed && !this.options.isLazy;
    if (isNeeded && this.failedStarts < MAX_FAILED_STARTS) this.spawn();
    else this.ready = Promise.reject(new RequestFailed(failure));
    this.ready.catch(() => {});
    this.settle((pending) => pending.reject(new RequestFailed(pending.isCancelled ? CANCELLED : failure)));
    end();
  }

  /** How to end the worker that there was: at once, or as soon as it comes out of foreign code. */
  private detachWorker(): (() => void) | null {
    const { worker } = this;
    const { foreign } = this.channels;
    this.worker = null;
    if (!worker) return null;
    return () => this.leaving.end(worker, foreign);
  }

  private scheduleDelivery(): void {
    if (this.batchTimer) return;
    const wait = this.lastDeliveryMs + BATCH_MS - performance.now();
    if (wait <= 0) this.deliver();
    else this.batchTimer = setTimeout(() => this.deliver(), wait);
  }

  private deliver(): void {
    if (this.batchTimer) clearTimeout(this.batchTimer);
    this.batchTimer = null;
    this.lastDeliveryMs = performance.now();
    this.reader.drain((stream, text) => this.deliverText(stream, text));
  }

  private deliverText(stream: OutputStream, text: string): void {
    const { current } = this;
    if (!current?.options.onOutput || current.isMuted) return;
    const limit = current.options.outputLimit ?? DEFAULT_OUTPUT_LIMIT;
    current.bytes += text.length;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) current.lines += 1;
    current.options.onOutput(stream, text);
    if (current.bytes < limit.bytes && current.lines < limit.lines) return;
    current.isMuted = true;
    this.reader.mute(true);
    const note = `\n[output] more than ${limit.lines} lines or ${limit.bytes} bytes: the rest is not shown\n`;
    current.options.onOutput("stderr", note);
  }

  private async answerInput(): Promise<void> {
    const { input } = this.channels;
    if (this.inputRest.length === 0) this.inputRest = (await this.options.readInput?.()) ?? new Uint8Array(0);
    this.inputRest = answerInput(input, this.inputRest);
  }
}

const STACK_MB = 64;

function newChannels(): Pick<WorkerStart, "input" | "output" | "interrupt" | "foreign"> {
  const interrupt = new Int32Array(new SharedArrayBuffer(4));
  return { input: openInput(), output: openOutput(), interrupt, foreign: newForeignWords() };
}

function died(reason: string): Failure {
  return {
    kind: "model",
    type: "InterpreterDied",
    message: `Python stopped working: ${reason}`,
    hint: "A new interpreter has been started; the next run begins clean",
  };
}

function failureOfError(error: unknown): Failure {
  const { code, message = String(error) } = (error ?? {}) as NodeJS.ErrnoException;
  if (code === "ERR_WORKER_OUT_OF_MEMORY") return died("it exhausted the memory of its thread");
  return { kind: "bug", type: "worker-error", message: message.split("\n", 1)[0].slice(0, 500) };
}
