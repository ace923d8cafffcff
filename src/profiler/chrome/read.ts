/**
 * Reads a Chrome trace, ours or PyTorch's (Kineto), into a trace and a list of problems. It streams, never throws on a
 * bad event, and takes what it understands: ops, kernels, module calls, steps, flow from op to kernel, memory.
 */
import type { Phase, Trace } from "../../protocol/trace.ts";
import { TRACE_VERSION } from "../../protocol/trace.ts";
import { TraceBuilder } from "./builder.ts";
import { EventScanner } from "./scan.ts";

export interface ReadTrace {
  trace: Trace;
  /** One sentence each; equal ones are counted, and at most `MOST_PROBLEMS` kinds are kept. */
  problems: string[];
}

const MOST_PROBLEMS = 20;

/** Kineto's categories of what runs on a device. */
const DEVICE_CATEGORIES = new Set(["kernel", "gpu_memcpy", "gpu_memset", "Kernel", "Memcpy", "Memset"]);
const OP_CATEGORIES = new Set(["cpu_op", "Operator"]);
const RUNTIME_CATEGORIES = new Set(["cuda_runtime", "cuda_driver", "Runtime"]);

interface RawEvent {
  ph?: unknown;
  cat?: unknown;
  name?: unknown;
  pid?: unknown;
  tid?: unknown;
  ts?: unknown;
  dur?: unknown;
  args?: Record<string, unknown>;
}

/** Pieces are UTF-8 bytes or text; for a .gz file the caller puts `zlib.createGunzip()` in between. */
export async function readChrome(
  pieces: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
  target: string,
): Promise<ReadTrace> {
  const problems = new Problems();
  const builder = new TraceBuilder();
  const scanner = new EventScanner({
    event: (text) => readEvent(text, builder, problems),
    problem: (message) => problems.add(message),
  });
  const decoder = new TextDecoder("utf-8");
  try {
    for await (const piece of pieces) {
      scanner.write(typeof piece === "string" ? piece : decoder.decode(piece, { stream: true }));
    }
    scanner.write(decoder.decode());
    scanner.end();
  } catch (error) {
    // A damaged .gz or an unreadable disk: what was read until here is still worth showing.
    problems.add(`the file could not be read to its end: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { trace: { version: TRACE_VERSION, target, ...builder.finish() }, problems: problems.list() };
}

function readEvent(text: string, builder: TraceBuilder, problems: Problems): void {
  let event: RawEvent;
  try {
    event = JSON.parse(text) as RawEvent;
  } catch {
    problems.add("an event is not valid JSON: skipped it");
    return;
  }
  if (event.ph === "M") {
    readMetadata(event, builder);
    return;
  }
  if (event.ph === "C" || (event.ph === "i" && event.name === "[memory]")) {
    readMemory(event, builder, problems);
    return;
  }
  if (event.ph !== "X") return;
  const { name, ts, dur } = event;
  if (typeof name !== "string" || !isTime(ts) || !isTime(dur) || dur < 0) {
    problems.add("an event lacks a name, a start or a duration: skipped it");
    return;
  }
  readSlice(event, name, ts, dur, builder);
}

function readSlice(event: RawEvent, name: string, ts: number, dur: number, builder: TraceBuilder): void {
  const category = typeof event.cat === "string" ? event.cat : "";
  const args = event.args && typeof event.args === "object" ? event.args : {};
  if (OP_CATEGORIES.has(category)) {
    builder.op({
      name,
      startUs: ts,
      durationUs: dur,
      thread: `${event.pid} ${event.tid}`,
      phase: phaseOf(name, args),
      externalId: numberIn(args, "External id") ?? numberIn(args, "external id"),
      modulePath: stringIn(args, "module"),
      moduleType: stringIn(args, "type"),
      source: sourceOf(args),
      inputs: shapesOf(args, "inputs") ?? kinetoInputs(args),
      outputs: shapesOf(args, "outputs") ?? [],
      flops: numberIn(args, "flops") ?? 0,
      bytes: numberIn(args, "bytes") ?? 0,
    });
  } else if (DEVICE_CATEGORIES.has(category)) {
    builder.kernel({
      name,
      startUs: ts,
      durationUs: dur,
      process: String(event.pid),
      stream: numberIn(args, "stream") ?? (typeof event.tid === "number" ? event.tid : 0),
      externalId: numberIn(args, "External id") ?? numberIn(args, "external id"),
      correlation: numberIn(args, "correlation"),
      flops: numberIn(args, "flops") ?? 0,
      bytes: numberIn(args, "bytes") ?? 0,
    });
  } else if (RUNTIME_CATEGORIES.has(category)) {
    const correlation = numberIn(args, "correlation");
    if (correlation !== undefined) builder.launch(correlation, ts, `${event.pid} ${event.tid}`);
  } else if (name.startsWith("nn.Module: ")) {
    builder.moduleCall(name.slice("nn.Module: ".length), stringIn(args, "module"), ts, dur);
  } else if (name.startsWith("ProfilerStep#")) {
    // Kineto repeats each step on the device's own track; the host's one is what counts.
    if (category !== "gpu_user_annotation") builder.step(ts, dur);
  }
}

function readMetadata(event: RawEvent, builder: TraceBuilder): void {
  const label = event.name === "process_labels" ? event.args?.["labels"] : undefined;
  const name = event.name === "process_name" ? event.args?.["name"] : undefined;
  if (typeof label === "string") builder.processLabel(String(event.pid), label);
  if (typeof name === "string") builder.processName(String(event.pid), name);
}

function readMemory(event: RawEvent, builder: TraceBuilder, problems: Problems): void {
  const args = event.args ?? {};
  const allocated = numberIn(args, "Total Allocated") ?? numberIn(args, "allocated");
  if (allocated === undefined) return;
  if (!isTime(event.ts)) {
    problems.add("a memory event has no time: skipped it");
    return;
  }
  builder.memory({
    timeUs: event.ts,
    process: String(event.pid),
    isHost: numberIn(args, "Device Type") === 0,
    block: numberIn(args, "Addr") ?? 0,
    sizeBytes: numberIn(args, "Bytes"),
    allocatedBytes: allocated,
    reservedBytes: numberIn(args, "Total Reserved") ?? numberIn(args, "reserved") ?? allocated,
  });
}

/** PyTorch names the tape's own ops so; everything under them on that thread is backward as well. */
function phaseOf(name: string, args: Record<string, unknown>): Phase {
  const phase = args["phase"];
  if (phase === "forward" || phase === "backward" || phase === "optimizer" || phase === "other") return phase;
  if (name.startsWith("autograd::engine") || /Backward\d*$/.test(name) || name.startsWith("torch::autograd::")) {
    return "backward";
  }
  return name.startsWith("Optimizer.") ? "optimizer" : "forward";
}

function sourceOf(args: Record<string, unknown>): { file: string; line: number } | undefined {
  const source = stringIn(args, "source");
  const match = source === undefined ? null : /^(.*):(\d+)$/.exec(source);
  return match ? { file: match[1]!, line: Number(match[2]) } : undefined;
}

function shapesOf(args: Record<string, unknown>, key: string): string[] | undefined {
  const shapes = args[key];
  return Array.isArray(shapes) ? shapes.filter((shape) => typeof shape === "string") : undefined;
}

const KINETO_DTYPES: Record<string, string> = {
  float: "float32",
  double: "float64",
  "c10::Half": "float16",
  "c10::BFloat16": "bfloat16",
  "long int": "int64",
  int: "int32",
  short: "int16",
  "signed char": "int8",
  "unsigned char": "uint8",
  bool: "bool",
};

/** Kineto's "Input Dims" beside "Input type": only the tensors among them. */
function kinetoInputs(args: Record<string, unknown>): string[] {
  const dims = args["Input Dims"];
  const types = args["Input type"];
  if (!Array.isArray(dims) || !Array.isArray(types)) return [];
  return dims.flatMap((shape: unknown, index) => {
    const dtype = KINETO_DTYPES[String(types[index])];
    return dtype && Array.isArray(shape) ? [`${dtype}[${shape.join(",")}]`] : [];
  });
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function numberIn(args: Record<string, unknown>, key: string): number | undefined {
  const value = args[key];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function stringIn(args: Record<string, unknown>, key: string): string | undefined {
  const value = args[key];
  return typeof value === "string" ? value : undefined;
}

class Problems {
  #counts = new Map<string, number>();

  add(message: string): void {
    if (this.#counts.has(message) || this.#counts.size < MOST_PROBLEMS) {
      this.#counts.set(message, (this.#counts.get(message) ?? 0) + 1);
    }
  }

  list(): string[] {
    return [...this.#counts].map(([message, count]) => (count > 1 ? `${message} (${count} times)` : message));
  }
}
