/**
 * A trace in the Chrome trace event format that Perfetto and chrome://tracing open and that PyTorch's own profiler
 * writes: one process per device with one thread per stream, one process for the host with ops and module calls, memory
 * as counters, arrows from an op to its kernels. Yields text in pieces, so that a long trace never stands in one string.
 */
import type { Trace } from "../../protocol/trace.ts";
import { forwardScopes } from "../scopes.ts";
import { isOp, nameOf } from "../steps.ts";

/** The host's process; device d is process d + 1. */
const HOST = 0;
const OPS_THREAD = 1;
const MODULES_THREAD = 2;
const STEPS_THREAD = 3;
const PIECE = 64 * 1024;

interface ChromeEvent {
  ph: "X" | "M" | "C" | "s" | "f";
  name: string;
  pid: number;
  tid?: number;
  ts?: number;
  dur?: number;
  cat?: string;
  id?: number;
  bp?: "e";
  args?: Record<string, unknown>;
}

export function* writeChrome(trace: Trace): Generator<string> {
  const head = { schemaVersion: 1, displayTimeUnit: "ms", layerwise: { version: trace.version, target: trace.target } };
  let piece = `${JSON.stringify(head).slice(0, -1)},"traceEvents":[\n`;
  let isFirst = true;
  for (const event of chromeEvents(trace)) {
    piece += isFirst ? JSON.stringify(event) : `,\n${JSON.stringify(event)}`;
    isFirst = false;
    if (piece.length > PIECE) {
      yield piece;
      piece = "";
    }
  }
  yield `${piece}\n]}\n`;
}

function* chromeEvents(trace: Trace): Generator<ChromeEvent> {
  yield* metadata(trace);
  yield* stepEvents(trace);
  yield* opEvents(trace);
  yield* moduleEvents(trace);
  yield* kernelEvents(trace);
  yield* memoryEvents(trace);
}

function* metadata(trace: Trace): Generator<ChromeEvent> {
  yield { ph: "M", name: "process_name", pid: HOST, args: { name: "host" } };
  yield { ph: "M", name: "thread_name", pid: HOST, tid: OPS_THREAD, args: { name: "ops" } };
  yield { ph: "M", name: "thread_name", pid: HOST, tid: MODULES_THREAD, args: { name: "modules" } };
  yield { ph: "M", name: "thread_name", pid: HOST, tid: STEPS_THREAD, args: { name: "steps" } };
  for (const [device, { id, name }] of trace.devices.entries()) {
    const pid = device + 1;
    yield { ph: "M", name: "process_name", pid, args: { name: `${id} ${name}`.trim() } };
    yield { ph: "M", name: "process_labels", pid, args: { labels: id } };
  }
  const streams = new Set(trace.kernels.map((kernel) => `${kernel.device + 1} ${kernel.stream}`));
  for (const stream of [...streams].sort()) {
    const [pid, tid] = stream.split(" ").map(Number) as [number, number];
    yield { ph: "M", name: "thread_name", pid, tid, args: { name: `stream ${tid}` } };
  }
}

function* stepEvents(trace: Trace): Generator<ChromeEvent> {
  for (const [index, step] of trace.steps.entries()) {
    yield {
      ph: "X",
      cat: "user_annotation",
      name: `ProfilerStep#${index}`,
      pid: HOST,
      tid: STEPS_THREAD,
      ts: step.startUs,
      dur: step.endUs - step.startUs,
    };
  }
}

function* opEvents(trace: Trace): Generator<ChromeEvent> {
  for (const [index, op] of trace.ops.entries()) {
    const source = trace.sources[op.source];
    const module = op.module > 0 ? trace.modules[op.module] : undefined;
    yield {
      ph: "X",
      cat: "cpu_op",
      name: nameOf(trace, op.name),
      pid: HOST,
      tid: OPS_THREAD,
      ts: op.startUs,
      dur: op.durationUs,
      args: {
        "External id": index + 1,
        phase: op.phase,
        ...(module ? { module: module.path, type: module.type } : {}),
        ...(source ? { source: `${source.file}:${source.line}` } : {}),
        inputs: op.inputs.map((name) => nameOf(trace, name)),
        outputs: op.outputs.map((name) => nameOf(trace, name)),
        flops: op.flops,
        bytes: op.bytes,
      },
    };
  }
}

function* moduleEvents(trace: Trace): Generator<ChromeEvent> {
  for (const scope of forwardScopes(trace)) {
    const module = trace.modules[scope.module]!;
    yield {
      ph: "X",
      cat: "python_function",
      name: `nn.Module: ${module.type}`,
      pid: HOST,
      tid: MODULES_THREAD,
      ts: scope.startUs,
      dur: scope.endUs - scope.startUs,
      args: { module: module.path },
    };
  }
}

function* kernelEvents(trace: Trace): Generator<ChromeEvent> {
  for (const [index, kernel] of trace.kernels.entries()) {
    const pid = kernel.device + 1;
    const hasOp = isOp(trace, kernel.op);
    yield {
      ph: "X",
      cat: "kernel",
      name: nameOf(trace, kernel.name),
      pid,
      tid: kernel.stream,
      ts: kernel.startUs,
      dur: kernel.durationUs,
      args: {
        ...(hasOp ? { "External id": kernel.op + 1 } : {}),
        ...(kernel.code === undefined ? {} : { code: nameOf(trace, kernel.code) }),
        flops: kernel.flops,
        bytes: kernel.bytes,
      },
    };
    if (!hasOp) continue;
    const op = trace.ops[kernel.op]!;
    const arrow = { cat: "ac2g", name: "ac2g", id: index + 1 } as const;
    yield { ph: "s", ...arrow, pid: HOST, tid: OPS_THREAD, ts: op.startUs };
    yield { ph: "f", bp: "e", ...arrow, pid, tid: kernel.stream, ts: kernel.startUs };
  }
}

function* memoryEvents(trace: Trace): Generator<ChromeEvent> {
  for (const event of trace.memory) {
    yield {
      ph: "C",
      name: `memory of ${trace.devices[event.device]?.id ?? event.device}`,
      pid: event.device + 1,
      ts: event.timeUs,
      args: { allocated: event.allocatedBytes, reserved: event.reservedBytes },
    };
  }
}
