/**
 * Puts the loose events of a Chrome trace together into one trace: sorts them, nests ops by time, finds the op behind
 * each kernel and the module around each op. Where a trace holds no kernels (PyTorch on a CPU), the time that an op
 * spends outside of the ops inside it stands in for a kernel on the CPU.
 */
import type {
  KernelEvent,
  MemoryEvent,
  OpEvent,
  Phase,
  Trace,
  TraceDevice,
  TraceModule,
} from "../../protocol/trace.ts";
import type { SourceLocation } from "../../protocol/source.ts";

interface OpIn {
  name: string;
  startUs: number;
  durationUs: number;
  thread: string;
  phase: Phase;
  externalId: number | undefined;
  modulePath: string | undefined;
  moduleType: string | undefined;
  source: SourceLocation | undefined;
  inputs: string[];
  outputs: string[];
  flops: number;
  bytes: number;
}

interface KernelIn {
  name: string;
  startUs: number;
  durationUs: number;
  process: string;
  stream: number;
  externalId: number | undefined;
  correlation: number | undefined;
  flops: number;
  bytes: number;
}

interface MemoryIn {
  timeUs: number;
  process: string;
  isHost: boolean;
  block: number;
  /** Absent where only totals are known. */
  sizeBytes: number | undefined;
  allocatedBytes: number;
  reservedBytes: number;
}

interface ModuleCall {
  startUs: number;
  endUs: number;
  name: string;
  path: string | undefined;
}

/** A call that is open while the ops are walked in order of time. */
interface OpenCall {
  endUs: number;
  module: number;
}

const NOTHING: number[] = [];

export class TraceBuilder {
  #names: string[] = [];
  #nameIndex = new Map<string, number>();
  #sources: SourceLocation[] = [];
  #sourceIndex = new Map<string, number>();
  #modules: TraceModule[] = [newModule("", "", -1)];
  #moduleIndex = new Map<string, number>();
  #devices: TraceDevice[] = [];
  #deviceIndex = new Map<string, number>();
  #labels = new Map<string, string>();
  #processNames = new Map<string, string>();
  #ops: { event: OpEvent; thread: number; externalId: number | undefined }[] = [];
  #kernels: { event: KernelEvent; externalId: number | undefined; correlation: number | undefined }[] = [];
  #memory: MemoryIn[] = [];
  #calls: ModuleCall[] = [];
  #steps: { startUs: number; endUs: number }[] = [];
  #launches = new Map<number, { timeUs: number; thread: number }>();

  op(op: OpIn): void {
    const event: OpEvent = {
      name: this.#name(op.name),
      module: op.modulePath === undefined ? 0 : this.#module(op.modulePath, op.moduleType ?? ""),
      source: op.source ? this.#source(op.source) : -1,
      phase: op.phase,
      step: 0,
      startUs: op.startUs,
      durationUs: op.durationUs,
      inputs: op.inputs.length > 0 ? op.inputs.map((name) => this.#name(name)) : NOTHING,
      outputs: op.outputs.length > 0 ? op.outputs.map((name) => this.#name(name)) : NOTHING,
      flops: op.flops,
      bytes: op.bytes,
    };
    this.#ops.push({ event, thread: this.#name(op.thread), externalId: op.externalId });
  }

  kernel(kernel: KernelIn): void {
    const event: KernelEvent = {
      name: this.#name(kernel.name),
      op: -1,
      device: this.#device(kernel.process),
      stream: kernel.stream,
      startUs: kernel.startUs,
      durationUs: kernel.durationUs,
      flops: kernel.flops,
      bytes: kernel.bytes,
    };
    this.#kernels.push({ event, externalId: kernel.externalId, correlation: kernel.correlation });
  }

  launch(correlation: number, timeUs: number, thread: string): void {
    this.#launches.set(correlation, { timeUs, thread: this.#name(thread) });
  }

  moduleCall(name: string, path: string | undefined, startUs: number, durationUs: number): void {
    this.#calls.push({ startUs, endUs: startUs + durationUs, name, path });
  }

  step(startUs: number, durationUs: number): void {
    this.#steps.push({ startUs, endUs: startUs + durationUs });
  }

  memory(event: MemoryIn): void {
    this.#memory.push(event);
  }

  processLabel(process: string, label: string): void {
    this.#labels.set(process, label);
  }

  processName(process: string, name: string): void {
    this.#processNames.set(process, name);
  }

  finish(): Omit<Trace, "version" | "target"> {
    this.#ops.sort((a, b) => a.event.startUs - b.event.startUs || b.event.durationUs - a.event.durationUs);
    this.#calls.sort((a, b) => a.startUs - b.startUs || b.endUs - a.endUs);
    this.#steps.sort((a, b) => a.startUs - b.startUs);
    this.#placeOpsInModules();
    this.#markSteps();
    const parents = this.#parentOps();
    this.#spreadBackward(parents);
    if (this.#kernels.length > 0) this.#joinKernels();
    else this.#kernelsFromOps(parents);
    this.#kernels.sort((a, b) => a.event.startUs - b.event.startUs);
    const memory = this.#finishMemory();
    this.#nameDevices();
    const trace = {
      names: this.#names,
      sources: this.#sources,
      modules: this.#modules,
      devices: this.#devices,
      steps: this.#steps,
      ops: this.#ops.map((op) => op.event),
      kernels: this.#kernels.map((kernel) => kernel.event),
      memory,
    };
    startAtZero(trace);
    return trace;
  }

  #name(name: string): number {
    const known = this.#nameIndex.get(name);
    if (known !== undefined) return known;
    this.#nameIndex.set(name, this.#names.length);
    this.#names.push(name);
    return this.#names.length - 1;
  }

  #source(source: SourceLocation): number {
    const key = `${source.line} ${source.file}`;
    const known = this.#sourceIndex.get(key);
    if (known !== undefined) return known;
    this.#sourceIndex.set(key, this.#sources.length);
    this.#sources.push(source);
    return this.#sources.length - 1;
  }

  /** A module by its path; its parents are made on the way, and learn their type when it is seen. */
  #module(path: string, type: string): number {
    const known = this.#moduleIndex.get(path);
    if (known !== undefined) {
      if (type !== "") this.#modules[known]!.type = type;
      return known;
    }
    const dot = path.lastIndexOf(".");
    const parent = path === "" ? -1 : this.#module(dot < 0 ? "" : path.slice(0, dot), "");
    this.#moduleIndex.set(path, this.#modules.length);
    this.#modules.push(newModule(path, type, parent));
    return this.#modules.length - 1;
  }

  #device(process: string): number {
    const known = this.#deviceIndex.get(process);
    if (known !== undefined) return known;
    this.#deviceIndex.set(process, this.#devices.length);
    this.#devices.push({ id: process, name: "", peakAllocatedBytes: 0, peakReservedBytes: 0 });
    return this.#devices.length - 1;
  }

  /** Kineto says which module calls were open and when; ours says it op by op already, and is only given its types. */
  #placeOpsInModules(): void {
    for (const call of this.#calls) {
      if (call.path !== undefined) this.#module(call.path, call.name);
    }
    const calls = this.#calls.filter((call) => call.path === undefined);
    let open: OpenCall[] = [];
    let next = 0;
    for (const { event } of this.#ops) {
      while (next < calls.length && calls[next]!.startUs <= event.startUs) {
        const call = calls[next]!;
        next++;
        open = open.filter((outer) => outer.endUs >= call.endUs);
        const outer = open[open.length - 1];
        open.push({ endUs: call.endUs, module: this.#kinetoModule(call.name, outer?.module ?? -1) });
      }
      open = open.filter((call) => call.endUs > event.startUs);
      const inner = open[open.length - 1];
      if (event.module === 0 && inner) event.module = inner.module;
    }
  }

  /** Kineto writes "Linear_3": a class and the number of the instance. */
  #kinetoModule(name: string, parent: number): number {
    const key = `kineto ${parent} ${name}`;
    const known = this.#moduleIndex.get(key);
    if (known !== undefined) return known;
    const parentPath = parent > 0 ? `${this.#modules[parent]!.path}.` : "";
    this.#moduleIndex.set(key, this.#modules.length);
    this.#modules.push(newModule(parentPath + name, name.replace(/_\d+$/, ""), parent));
    return this.#modules.length - 1;
  }

  #markSteps(): void {
    let step = 0;
    for (const { event } of this.#ops) {
      while (step + 1 < this.#steps.length && this.#steps[step + 1]!.startUs <= event.startUs) step++;
      event.step = step;
    }
  }

  /** For each op the one around it on its thread, -1 for none. */
  #parentOps(): Int32Array {
    const parents = new Int32Array(this.#ops.length).fill(-1);
    const open = new Map<number, number[]>();
    this.#ops.forEach(({ event, thread }, index) => {
      const stack = open.get(thread) ?? [];
      open.set(thread, stack);
      while (stack.length > 0 && endOf(this.#ops[stack[stack.length - 1]!]!.event) <= event.startUs) stack.pop();
      parents[index] = stack.length > 0 ? stack[stack.length - 1]! : -1;
      stack.push(index);
    });
    return parents;
  }

  #spreadBackward(parents: Int32Array): void {
    this.#ops.forEach(({ event }, index) => {
      const parent = parents[index]!;
      if (parent >= 0 && event.phase === "forward") event.phase = this.#ops[parent]!.event.phase;
    });
  }

  #joinKernels(): void {
    const byExternalId = new Map<number, number>();
    this.#ops.forEach(({ externalId }, index) => {
      if (externalId !== undefined) byExternalId.set(externalId, index);
    });
    const opsOfThread = new Map<number, number[]>();
    this.#ops.forEach(({ thread }, index) => {
      const list = opsOfThread.get(thread);
      if (list) list.push(index);
      else opsOfThread.set(thread, [index]);
    });
    for (const kernel of this.#kernels) {
      const launch = kernel.correlation === undefined ? undefined : this.#launches.get(kernel.correlation);
      const byId = kernel.externalId === undefined ? undefined : byExternalId.get(kernel.externalId);
      const op = byId ?? (launch ? this.#opAt(opsOfThread.get(launch.thread) ?? [], launch.timeUs) : -1);
      kernel.event.op = op;
    }
  }

  /** The innermost op of a thread at an instant. */
  #opAt(ops: readonly number[], timeUs: number): number {
    let low = 0;
    let high = ops.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ops[ops[middle]!]!.event.startUs <= timeUs) low = middle + 1;
      else high = middle;
    }
    // Ops nest a few levels deep: the one that holds the instant is among the last that began.
    for (let position = low - 1; position >= Math.max(0, low - 64); position--) {
      if (endOf(this.#ops[ops[position]!]!.event) >= timeUs) return ops[position]!;
    }
    return -1;
  }

  #kernelsFromOps(parents: Int32Array): void {
    const insideUs = new Float64Array(this.#ops.length);
    this.#ops.forEach(({ event }, index) => {
      const parent = parents[index]!;
      if (parent >= 0) insideUs[parent] = insideUs[parent]! + event.durationUs;
    });
    this.#ops.forEach(({ event }, index) => {
      const durationUs = event.durationUs - insideUs[index]!;
      if (durationUs <= 0) return;
      const device = this.#device("cpu");
      this.#kernels.push({
        event: {
          name: event.name,
          op: index,
          device,
          stream: 0,
          startUs: event.startUs,
          durationUs,
          flops: event.flops,
          bytes: event.bytes,
        },
        externalId: undefined,
        correlation: undefined,
      });
    });
  }

  /** Where only totals are known, each change becomes one block that is freed by the next fall. */
  #finishMemory(): MemoryEvent[] {
    this.#memory.sort((a, b) => a.timeUs - b.timeUs);
    const before = new Map<number, number>();
    const fallen: MemoryEvent[] = [];
    for (const [index, event] of this.#memory.entries()) {
      const device = this.#device(event.isHost ? "cpu" : event.process);
      const sizeBytes = event.sizeBytes ?? event.allocatedBytes - (before.get(device) ?? 0);
      before.set(device, event.allocatedBytes);
      const peak = this.#devices[device]!;
      peak.peakAllocatedBytes = Math.max(peak.peakAllocatedBytes, event.allocatedBytes);
      peak.peakReservedBytes = Math.max(peak.peakReservedBytes, event.reservedBytes);
      if (sizeBytes === 0) continue;
      fallen.push({
        timeUs: event.timeUs,
        device,
        block: event.sizeBytes === undefined ? -1 - index : event.block,
        sizeBytes,
        allocatedBytes: event.allocatedBytes,
        reservedBytes: event.reservedBytes,
        op: -1,
        kind: "temporary",
      });
    }
    return fallen;
  }

  #nameDevices(): void {
    for (const [process, index] of this.#deviceIndex) {
      const device = this.#devices[index]!;
      const label = this.#labels.get(process);
      const name = this.#processNames.get(process) ?? "";
      const gpu = /^GPU (\d+)$/.exec(label ?? "");
      if (gpu) device.id = `cuda:${gpu[1]}`;
      else if (label !== undefined) device.id = label;
      device.name = name.startsWith(`${device.id} `)
        ? name.slice(device.id.length + 1)
        : name === device.id
          ? ""
          : name;
    }
  }
}

function newModule(path: string, type: string, parent: number): TraceModule {
  return { path, type, parent, source: -1, parameters: 0, parameterBytes: 0 };
}

function endOf(event: OpEvent): number {
  return event.startUs + event.durationUs;
}

/** Kineto counts from the epoch, or from the start of the machine. */
function startAtZero(trace: Pick<Trace, "ops" | "kernels" | "memory" | "steps">): void {
  let start = Infinity;
  for (const event of trace.ops) start = Math.min(start, event.startUs);
  for (const event of trace.kernels) start = Math.min(start, event.startUs);
  for (const event of trace.memory) start = Math.min(start, event.timeUs);
  for (const step of trace.steps) start = Math.min(start, step.startUs);
  if (!Number.isFinite(start) || start === 0) return;
  for (const event of trace.ops) event.startUs -= start;
  for (const event of trace.kernels) event.startUs -= start;
  for (const event of trace.memory) event.timeUs -= start;
  for (const step of trace.steps) {
    step.startUs -= start;
    step.endUs -= start;
  }
}
