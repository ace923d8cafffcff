/**
 * Records a trace: ops as Python calls them, kernels as the engine times them, memory as the allocator hands it out. One
 * event per outermost call; what an op or a node of the tape does inside belongs to it.
 */
import type { Block, MemoryStatistics } from "../allocator.ts";
import { deviceName, type ComputeDevice, type CpuDevice } from "../device.ts";
import type { CudaDevice } from "../cuda/device.ts";
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
  type TraceDevice,
  type TraceModule,
  type TraceStep,
} from "../../protocol/trace.ts";
import type { SourceLocation } from "../../protocol/source.ts";
import { currentPlace, startPlaces, stopPlaces } from "./places.ts";
import { scopes } from "./scopes.ts";
import type { CommandRun } from "./kernel_times.ts";
import { DeviceTap, type Launch, type TapListener } from "./tap.ts";

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

interface LiveBlock {
  event: MemoryEvent;
  op: number;
  phase: Phase;
}

/** Copies between host and GPU, as traces name them. */
const COPIES: Partial<Record<CommandRun["kind"], string>> = {
  toDevice: "copy_to_device",
  fromDevice: "copy_from_device",
};

/** Blocks are numbered per device. */
const MOST_DEVICES = 32;

export class TraceRecorder implements Observer, TapListener {
  readonly #cpu: CpuDevice;
  readonly #devices: ComputeDevice[];
  readonly #taps: DeviceTap[] = [];
  readonly #names = new Names();
  readonly #ops: OpEvent[] = [];
  readonly #kernels: KernelEvent[] = [];
  readonly #memory: MemoryEvent[] = [];
  readonly #steps: TraceStep[] = [];
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

  /** `gpus` are those that are open; what is opened later comes by `addDevice`. */
  constructor(cpu: CpuDevice, gpus: readonly CudaDevice[] = []) {
    this.#cpu = cpu;
    this.#devices = [cpu, ...gpus];
  }

  addDevice(device: ComputeDevice): void {
    this.#taps.push(new DeviceTap(device, this.#devices.push(device) - 1, this));
  }

  #now(): number {
    return this.#cpu.addon.now() - this.#t0;
  }

  start(): void {
    this.#devices.forEach((device, number) => this.#taps.push(new DeviceTap(device, number, this)));
    this.#t0 = this.#cpu.addon.now();
    startPlaces();
    this.#rememberLive();
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
    for (const device of this.#devices) device.stream.waitAll();
    last.endUs = this.#now();
  }

  stop(target: string): Trace {
    this.#endStep();
    observer.current = null;
    scopes.listener = null;
    storageListener.onGradient = null;
    for (const tap of this.#taps) tap.stop();
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
    return {
      version: TRACE_VERSION,
      target,
      names: this.#names.list,
      sources,
      modules,
      devices: this.#devices.map((device) => ({
        id: deviceName(device),
        name: this.#describeDevice(device),
        peakAllocatedBytes: device.allocator.statistics.peakAllocatedBytes,
        peakReservedBytes: device.allocator.statistics.peakReservedBytes,
        ...this.#kernelTimes(device),
      })),
      steps: this.#steps,
      ops: this.#ops,
      kernels: this.#kernels.sort((a, b) => a.startUs - b.startUs),
      memory: this.#memory,
    };
  }

  #kernelTimes(device: ComputeDevice): Pick<TraceDevice, "kernelTimes"> {
    const times = this.#taps.find((tap) => tap.device === device)?.times;
    if (!times || times.by === "engine") return {};
    return { kernelTimes: times.why ? { by: times.by, why: times.why } : { by: times.by } };
  }

  #describeDevice(device: ComputeDevice): string {
    if (device.type === "cuda") return (device as CudaDevice).properties.name;
    const { cpu, threads, isa } = this.#cpu.addon.info();
    return `${cpu}, ${threads} threads, x86-64-${isa}`;
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

  launched(kernel: string): Launch {
    return { op: this.#current, name: this.#names.id(kernel) };
  }

  ran(tap: DeviceTap, launch: Launch | null, run: CommandRun): void {
    const { op, name } = launch ?? { op: -1, name: this.#names.id(COPIES[run.kind] ?? "copy") };
    const kernel: KernelEvent = {
      name,
      op,
      device: tap.number,
      stream: run.stream,
      startUs: run.startUs - this.#t0,
      durationUs: run.durationUs,
      flops: 0,
      bytes: run.bytes,
    };
    if (run.code) kernel.code = this.#names.id(run.code);
    this.#kernels.push(kernel);
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

  /** Blocks of all devices by one number. */
  #blockId(device: number, block: Block): number {
    return block.id * MOST_DEVICES + device;
  }

  #rememberLive(): void {
    for (const { device, number } of this.#taps) {
      const { reservedBytes } = device.allocator.statistics;
      let allocatedBytes = 0;
      const seen = new Set<Storage>();
      const add = (storage: Storage | undefined, kind: MemoryKind): void => {
        if (!storage?.block || storage.device !== device || seen.has(storage)) return;
        seen.add(storage);
        const { sizeBytes } = storage.block;
        allocatedBytes += sizeBytes;
        const block = this.#blockId(number, storage.block);
        this.#memory.push({ timeUs: 0, device: number, block, sizeBytes, allocatedBytes, reservedBytes, op: -1, kind });
      };
      for (const t of allTensors()) {
        add(t.storage, t.requiresGrad && t.isLeaf ? "parameter" : "input");
        add(t.grad?.storage, "gradient");
      }
    }
  }

  memory(tap: DeviceTap, block: Block, sign: 1 | -1, { allocatedBytes, reservedBytes }: MemoryStatistics): void {
    const op = this.#current;
    const id = this.#blockId(tap.number, block);
    const event: MemoryEvent = {
      timeUs: this.#now(),
      device: tap.number,
      block: id,
      sizeBytes: sign * block.sizeBytes,
      allocatedBytes,
      reservedBytes,
      op,
      kind: "temporary",
    };
    this.#memory.push(event);
    if (sign > 0) {
      const phase = op >= 0 ? this.#ops[op]!.phase : "other";
      this.#live.set(id, { event, op, phase });
      return;
    }
    const made = this.#live.get(id);
    if (!made) return;
    this.#live.delete(id);
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
    const number = this.#devices.indexOf(storage.device as ComputeDevice);
    if (storage.block && number >= 0) this.#gradients.add(this.#blockId(number, storage.block));
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
