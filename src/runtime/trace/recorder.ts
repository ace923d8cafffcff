/**
 * Records a trace: ops as Python calls them, kernels as the engine times them, memory as the allocator hands it out. One
 * event per outermost call; what an op or a node of the tape does inside belongs to it.
 */
import type { Block } from "../allocator.ts";
import type { CpuDevice } from "../device.ts";
import { observer, type Observer } from "../observer.ts";
import type { OpRecord } from "../op.ts";
import { Tensor, storageListener, type Storage } from "../tensor.ts";
import { allTensors } from "../handles.ts";
import {
  TRACE_VERSION,
  type KernelEvent,
  type MemoryEvent,
  type MemoryKind,
  type OpEvent,
  type Phase,
  type Trace,
  type TraceModule,
  type TraceStep,
} from "../../protocol/trace.ts";
import type { SourceLocation } from "../../protocol/source.ts";
import { currentPlace, startPlaces, stopPlaces } from "./places.ts";
import { scopes } from "./scopes.ts";

const EVENT_WORDS = 4;
/** Finished kernels are fetched from the engine when this many may wait there. */
const FETCH_AFTER = 4096;

class Names {
  readonly list: string[] = [];
  readonly #ids = new Map<string, number>();
  id(name: string): number {
    let id = this.#ids.get(name);
    if (id === undefined) {
      id = this.list.push(name) - 1;
      this.#ids.set(name, id);
    }
    return id;
  }
}

interface Launch {
  op: number;
  name: number;
}

interface LiveBlock {
  event: MemoryEvent;
  op: number;
  phase: Phase;
}

export class TraceRecorder implements Observer {
  readonly #device: CpuDevice;
  readonly #names = new Names();
  readonly #ops: OpEvent[] = [];
  readonly #kernels: KernelEvent[] = [];
  readonly #memory: MemoryEvent[] = [];
  readonly #steps: TraceStep[] = [];
  readonly #launches = new Map<number, Launch>();
  readonly #live = new Map<number, LiveBlock>();
  /** Module numbers of Python, outermost first; and for each number its parent when it was first entered. */
  readonly #stack: number[] = [];
  readonly #parents = new Map<number, number>();
  readonly #gradients = new Set<number>();
  #t0 = 0;
  #depth = 0;
  /** Depth at which an op has stated its cost: what runs inside is not counted again. */
  #costedAt = Infinity;
  #current = -1;
  #backward = false;

  constructor(device: CpuDevice) {
    this.#device = device;
  }

  #now(): number {
    return this.#device.addon.now() - this.#t0;
  }

  start(): void {
    const { stream, allocator, addon } = this.#device;
    stream.waitAll();
    this.#fetch(true);
    this.#kernels.length = 0;
    this.#t0 = addon.now();
    startPlaces();
    stream.recording = true;
    stream.onLaunch = (command, kernel) => {
      this.#launches.set(command, { op: this.#current, name: this.#names.id(kernel) });
      if (this.#launches.size > FETCH_AFTER) this.#fetch(false);
    };
    this.#rememberLive();
    allocator.resetPeaks();
    allocator.listener = (block, sign, s) => this.#onMemory(block, sign, s.allocatedBytes, s.reservedBytes);
    storageListener.onGradient = (storage) => this.#markGradient(storage);
    scopes.listener = {
      enterModule: (module) => {
        if (!this.#parents.has(module)) this.#parents.set(module, this.#stack[this.#stack.length - 1] ?? -1);
        this.#stack.push(module);
      },
      exitModule: () => void this.#stack.pop(),
    };
    observer.current = this;
  }

  /** The next repetition begins. */
  step(): void {
    this.#endStep();
    this.#steps.push({ startUs: this.#now(), endUs: 0 });
  }

  #endStep(): void {
    const last = this.#steps[this.#steps.length - 1];
    if (!last || last.endUs > 0) return;
    this.#device.stream.waitAll();
    last.endUs = this.#now();
  }

  stop(target: string): Trace {
    this.#endStep();
    observer.current = null;
    scopes.listener = null;
    storageListener.onGradient = null;
    const { stream, allocator } = this.#device;
    allocator.listener = null;
    stream.waitAll();
    stream.onLaunch = null;
    this.#fetch(true);
    stream.recording = false;
    for (const { event, phase } of this.#live.values()) this.#settle(event, phase, false);
    this.#shareCosts();
    const places = stopPlaces();
    const sources: SourceLocation[] = places.sources.map(({ function: _, ...place }) => place);
    const modules: TraceModule[] = [{ path: "", type: "", parent: -1, source: -1, parameters: 0, parameterBytes: 0 }];
    places.modules.forEach((m, number) => {
      const source = m.file ? sources.push({ file: m.file, line: m.line }) - 1 : -1;
      modules.push({
        path: m.path,
        type: m.type,
        parent: (this.#parents.get(number) ?? -1) + 1,
        source,
        parameters: m.parameters,
        parameterBytes: m.parameterBytes,
      });
    });
    const { cpu, threads, isa } = this.#device.addon.info();
    return {
      version: TRACE_VERSION,
      target,
      names: this.#names.list,
      sources,
      modules,
      devices: [
        {
          id: "cpu",
          name: `${cpu}, ${threads} threads, x86-64-${isa}`,
          peakAllocatedBytes: allocator.statistics.peakAllocatedBytes,
          peakReservedBytes: allocator.statistics.peakReservedBytes,
        },
      ],
      steps: this.#steps,
      ops: this.#ops,
      kernels: this.#kernels.sort((a, b) => a.startUs - b.startUs),
      memory: this.#memory,
    };
  }

  // Ops

  #open(name: string, module: number, source: number, phase: Phase): number {
    this.#current =
      this.#ops.push({
        name: this.#names.id(name),
        module,
        source,
        phase,
        step: Math.max(0, this.#steps.length - 1),
        startUs: this.#now(),
        durationUs: 0,
        inputs: [],
        outputs: [],
        flops: 0,
        bytes: 0,
      }) - 1;
    return this.#current;
  }

  beginOp(record: OpRecord, args: readonly unknown[]): number {
    this.#depth++;
    if (this.#depth === 1) {
      const { source, isOptimizer } = currentPlace();
      const module = (this.#stack[this.#stack.length - 1] ?? -1) + 1;
      this.#open(record.name.replace(/^_/, ""), module, source, isOptimizer ? "optimizer" : "forward");
      this.#ops[this.#current]!.inputs = tensorsOf(args).map((t) => this.#describe(t));
    }
    if (record.spec.cost && this.#depth < this.#costedAt) {
      this.#costedAt = this.#depth;
      const op = this.#ops[this.#current]!;
      op.flops += record.spec.cost(...(args as never[])).flops;
    }
    return this.#depth;
  }

  endOp(call: number, record: OpRecord, args: readonly unknown[], result: unknown): void {
    if (call === this.#costedAt) this.#costedAt = Infinity;
    const op = this.#ops[this.#current];
    if (op && !record.spec.view && (call === 1 || this.#backward)) {
      // Nested ops move bytes inside the caches as often as not: only what crosses the outermost call is counted.
      if (call === 1 || call === 2) op.bytes += bytesOf(tensorsOf(args)) + bytesOf(tensorsOf([result]));
    }
    if (call === 1 && op) {
      op.outputs = tensorsOf([result]).map((t) => this.#describe(t));
      op.durationUs = this.#now() - op.startUs;
      this.#current = -1;
    }
    this.#depth--;
  }

  abortOp(call: number): void {
    if (call === this.#costedAt) this.#costedAt = Infinity;
    this.#depth--;
    if (call === 1) this.#current = -1;
  }

  origin(): number {
    return this.#current;
  }

  beginBackward(origin: number, name: string): void {
    this.#depth++;
    if (this.#depth > 1) return;
    this.#backward = true;
    const forward = origin >= 0 ? this.#ops[origin] : undefined;
    this.#open(name.replace(/Backward\d*$/, "") + "Backward", forward?.module ?? 0, forward?.source ?? -1, "backward");
  }

  endBackward(): void {
    this.#depth--;
    if (this.#depth > 0) return;
    this.#backward = false;
    const op = this.#ops[this.#current];
    if (op) op.durationUs = this.#now() - op.startUs;
    this.#current = -1;
  }

  #describe(t: Tensor): number {
    return this.#names.id(`${t.dtype.name}[${t.shape.join()}]`);
  }

  // Kernels

  #fetch(all: boolean): void {
    const buffer = new Float64Array(EVENT_WORDS * FETCH_AFTER);
    for (;;) {
      const n = this.#device.addon.events(buffer);
      for (let i = 0; i < n; i++) {
        const command = buffer[EVENT_WORDS * i]!;
        const launch = this.#launches.get(command);
        if (!launch) continue;
        this.#launches.delete(command);
        this.#kernels.push({
          name: launch.name,
          op: launch.op,
          device: 0,
          stream: 0,
          startUs: buffer[EVENT_WORDS * i + 1]! - this.#t0,
          durationUs: buffer[EVENT_WORDS * i + 2]!,
          flops: 0,
          bytes: 0,
        });
      }
      if (n < FETCH_AFTER || !all) return;
    }
  }

  /** An op's cost goes to the kernel that ran longest for it: the others prepared its operands. */
  #shareCosts(): void {
    const longest = new Map<number, KernelEvent>();
    for (const kernel of this.#kernels) {
      const best = longest.get(kernel.op);
      if (!best || kernel.durationUs > best.durationUs) longest.set(kernel.op, kernel);
    }
    for (const [op, kernel] of longest) {
      const event = this.#ops[op];
      if (!event) continue;
      kernel.flops = event.flops;
      kernel.bytes = event.bytes;
    }
  }

  // Memory

  #rememberLive(): void {
    const { statistics } = this.#device.allocator;
    let allocatedBytes = 0;
    const seen = new Set<Storage>();
    for (const t of allTensors()) {
      const { storage } = t;
      if (seen.has(storage) || !storage.block) continue;
      seen.add(storage);
      allocatedBytes += storage.block.sizeBytes;
      const kind: MemoryKind = t.requiresGrad && t.isLeaf ? "parameter" : "input";
      this.#addLive(storage.block, kind, allocatedBytes, statistics.reservedBytes);
      const gradient = t.grad?.storage;
      if (gradient?.block && !seen.has(gradient)) {
        seen.add(gradient);
        allocatedBytes += gradient.block.sizeBytes;
        this.#addLive(gradient.block, "gradient", allocatedBytes, statistics.reservedBytes);
      }
    }
  }

  #addLive(block: Block, kind: MemoryKind, allocatedBytes: number, reservedBytes: number): void {
    this.#memory.push({
      timeUs: 0,
      device: 0,
      block: block.id,
      sizeBytes: block.sizeBytes,
      allocatedBytes,
      reservedBytes,
      op: -1,
      kind,
    });
  }

  #onMemory(block: Block, sign: 1 | -1, allocatedBytes: number, reservedBytes: number): void {
    const op = this.#current;
    const event: MemoryEvent = {
      timeUs: this.#now(),
      device: 0,
      block: block.id,
      sizeBytes: sign * block.sizeBytes,
      allocatedBytes,
      reservedBytes,
      op,
      kind: "temporary",
    };
    this.#memory.push(event);
    if (sign > 0) {
      const phase = op >= 0 ? this.#ops[op]!.phase : "other";
      this.#live.set(block.id, { event, op, phase });
      return;
    }
    const made = this.#live.get(block.id);
    if (!made) return;
    this.#live.delete(block.id);
    event.op = made.op;
    this.#settle(made.event, made.phase, made.op === op && op >= 0);
    event.kind = made.event.kind;
  }

  /** What a block was for is known when it goes, or when the trace ends. */
  #settle(event: MemoryEvent, phase: Phase, diedInItsOp: boolean): void {
    if (this.#gradients.has(event.block)) event.kind = "gradient";
    else if (phase === "other") event.kind = "input";
    else if (diedInItsOp) event.kind = "temporary";
    else if (phase === "forward") event.kind = "activation";
    else if (phase === "optimizer") event.kind = this.#live.has(event.block) ? "optimizer" : "temporary";
    else event.kind = "temporary";
  }

  #markGradient(storage: Storage): void {
    if (storage.block) this.#gradients.add(storage.block.id);
  }
}

function tensorsOf(values: readonly unknown[]): Tensor[] {
  const out: Tensor[] = [];
  for (const v of values) {
    if (v instanceof Tensor) out.push(v);
    else if (Array.isArray(v)) for (const t of v) if (t instanceof Tensor) out.push(t);
  }
  return out;
}

const bytesOf = (tensors: readonly Tensor[]): number => tensors.reduce((sum, t) => sum + t.nbytes, 0);
