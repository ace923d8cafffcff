/**
 * The worker thread: one core, one interpreter, one request at a time. Everything of the user's runs here; when it
 * cannot go on it says so and ends, and the main thread starts another.
 */
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import type { Failure } from "../protocol/source.ts";
import type { Verb, Verbs } from "../protocol/rpc.ts";
import { useForeignWords } from "./foreign.ts";
import { InputReader } from "./host/input.ts";
import type { CancelWord, FromWorker, MemoryWords, ToWorker, WorkerStart } from "./host/messages.ts";
import { OutputWriter } from "./host/output.ts";
import { InterpreterDied, PythonFailure, WorkspaceRefused } from "./python/errors.ts";
import { bootInterpreter, type CoreSide, type Interpreter } from "./python/interpreter.ts";
import { PythonSession, RequestRefused, type VerbHandler, type VerbTable } from "./session.ts";

/** What a core may offer beyond what the interpreter needs. */
interface WorkerCore extends CoreSide {
  /** The device that work goes to by default: "cpu", "cuda:0". */
  device?: string;
  cancelWords?: CancelWord[];
  memory?: MemoryWords | null;
  gpus?: MemoryWords | null;
  close?(): void;
}

const start = workerData as WorkerStart;
const port = parentPort!;
const KEPT_STDOUT_BYTES = 1 << 20;

function tell(message: FromWorker): void {
  port.postMessage(message);
}

const programArrives = new Promise<WebAssembly.Module>((resolve) => {
  port.once("message", (message: ToWorker) => {
    if (message.type === "program") resolve(message.program);
  });
});

let interpreter: Interpreter | undefined;
const checkInterrupt = (): void => interpreter?.checkInterrupt();
const writer = new OutputWriter(start.output, () => tell({ type: "output" }), checkInterrupt);
const input = new InputReader(start.input, () => tell({ type: "input" }), checkInterrupt);
let printed: Uint8Array[] = [];
let printedBytes = 0;

function keepPrinted(bytes: Uint8Array): void {
  if (printedBytes >= KEPT_STDOUT_BYTES) return;
  const part = bytes.slice(0, KEPT_STDOUT_BYTES - printedBytes);
  printed.push(part);
  printedBytes += part.length;
}

async function main(): Promise<void> {
  useForeignWords(start.foreign);
  if (start.cacheFolder) enableCompileCache(join(start.cacheFolder, "code"));
  const { createCore } = (await (start.coreModule ? import(start.coreModule) : import("./core.ts"))) as {
    createCore(options: Record<string, unknown>): WorkerCore;
  };
  const core = createCore({ cacheFolder: start.cacheFolder, ...start.core, interrupt: start.interrupt });
  interpreter = await bootInterpreter({
    core,
    program: await programArrives,
    pyodideFolder: start.pyodideFolder,
    packages: start.packages,
    cacheFolder: start.cacheFolder,
    preload: start.preload,
    interrupt: start.interrupt,
    memoryLimitBytes: start.memoryLimitBytes,
    streams: {
      stdout: (bytes) => {
        keepPrinted(bytes);
        writer.write("stdout", bytes);
      },
      stderr: (bytes) => writer.write("stderr", bytes),
      stdin: start.hasInput ? (buffer) => input.read(buffer) : undefined,
      isTerminal: start.isTerminal,
    },
    onFatal: (failure) => tell({ type: "fatal", failure }),
    onNotice: (sentence) => tell({ type: "notice", sentence }),
  });
  const { verbs } = (await (start.verbsModule ? import(start.verbsModule) : import("./verbs/index.ts"))) as {
    verbs: VerbTable;
  };
  const session = new PythonSession(core, interpreter, start.cacheFolder);
  port.on("message", (message: ToWorker) => {
    if (message.type === "request") void serve(session, verbs, message.id, message.verb, message.request);
  });
  const { device = "cpu", cancelWords = [], memory = null, gpus = null } = core;
  tell({ type: "ready", device, timings: interpreter.timings, cancelWords, memory, gpus });
}

async function serve(
  session: PythonSession,
  verbs: VerbTable,
  id: number,
  verb: Verb,
  request: Verbs[Verb]["request"],
): Promise<void> {
  printed = [];
  printedBytes = 0;
  const report = {
    progress: (message: string, fraction?: number): void => tell({ type: "progress", id, message, fraction }),
    stdout: (): string => new TextDecoder().decode(Buffer.concat(printed)),
  };
  const memory = (): number => session.interpreter.memoryBytes;
  try {
    const handler = verbs[verb] as VerbHandler | undefined;
    if (!handler) {
      throw new RequestRefused({ kind: "bug", type: "unknown-verb", message: `the runtime has no verb ${verb}` });
    }
    const result = await handler(session, request, report);
    flushPython();
    tell({ type: "result", id, result, memoryBytes: memory() });
  } catch (error) {
    flushPython();
    tell({ type: "failure", id, failure: failureOf(error), memoryBytes: memory() });
  }
  const { afterwards } = session;
  session.afterwards = null;
  if (!session.interpreter.deathReason) afterwards?.();
  if (session.interpreter.deathReason) process.exit(1);
}

function flushPython(): void {
  if (!interpreter || interpreter.deathReason) return;
  try {
    interpreter.callPython("layerwise.runner:flush");
  } catch {
    // What could not be flushed is lost with the run that broke its own streams.
  }
}

function failureOf(error: unknown): Failure {
  if (
    error instanceof PythonFailure ||
    error instanceof InterpreterDied ||
    error instanceof WorkspaceRefused ||
    error instanceof RequestRefused
  ) {
    return error.failure;
  }
  const { name = "Error", message = String(error), stack } = (error ?? {}) as Error;
  return { kind: "bug", type: name, message: firstLine(message), traceback: stack?.slice(0, 20_000) };
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0].slice(0, 500);
}

/** Python's errors say what they are in their last line. */
function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)?.slice(0, 500) ?? "";
}

main().catch((error: unknown) => {
  const message = `Python could not be started: ${lastLine((error as Error).message || String(error))}`;
  const traceback = (error as Error).message || (error as Error).stack;
  tell({
    type: "fatal",
    failure: { kind: "machine", type: "start-failed", message, ...(traceback ? { traceback } : {}) },
  });
  process.exit(1);
});
