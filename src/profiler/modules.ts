/** Time, work and memory by module: one row per module, parents before children. Pure: a trace in, rows out. */
import type { ModuleRow } from "../protocol/results.ts";
import type { Trace } from "../protocol/trace.ts";
import { ancestries, forwardScopes } from "./scopes.ts";
import { PHASES, StepSums, isOp, phaseIndex, share, stepCount, stepOfKernel, stepOfMemory, stepOfOp } from "./steps.ts";

/** The row for what ran outside of any module. */
export const OUTSIDE = "(outside of modules)";

export function modules(trace: Trace): ModuleRow[] {
  const self = kernelTime(trace);
  const work = opWork(trace);
  const calls = callCounts(trace);
  const activations = activationBytes(trace);
  const rows = trace.modules.map((module, index): ModuleRow => {
    const time = PHASES.map((_, phase) => self.perStep(index * PHASES.length + phase));
    const source = trace.sources[module.source];
    return {
      path: index === 0 ? OUTSIDE : module.path,
      type: module.type,
      depth: 0,
      calls: calls.perStep(index),
      totalUs: 0,
      selfUs: time.reduce((sum, value) => sum + value, 0),
      forwardUs: time[phaseIndex("forward")]!,
      backwardUs: time[phaseIndex("backward")]!,
      share: 0,
      flops: work.flops.perStep(index),
      bytes: work.bytes.perStep(index),
      parameters: module.parameters,
      parameterBytes: module.parameterBytes,
      activationBytes: activations.perStep(index),
      ...(source ? { source } : {}),
    };
  });
  const allUs = rows.reduce((sum, row) => sum + row.selfUs, 0);
  return inTreeOrder(trace, rows, allUs);
}

/** Cell = module * PHASES.length + phase. */
function kernelTime(trace: Trace): StepSums {
  const sums = new StepSums(trace.modules.length * PHASES.length, stepCount(trace));
  for (const kernel of trace.kernels) {
    const op = isOp(trace, kernel.op) ? trace.ops[kernel.op] : undefined;
    const module = op ? validModule(trace, op.module) : 0;
    const phase = phaseIndex(op?.phase ?? "other");
    sums.add(module * PHASES.length + phase, stepOfKernel(trace, kernel), kernel.durationUs);
  }
  return sums;
}

function opWork(trace: Trace): { flops: StepSums; bytes: StepSums } {
  const flops = new StepSums(trace.modules.length, stepCount(trace));
  const bytes = new StepSums(trace.modules.length, stepCount(trace));
  trace.ops.forEach((op, index) => {
    const module = validModule(trace, op.module);
    flops.add(module, stepOfOp(trace, index), op.flops);
    bytes.add(module, stepOfOp(trace, index), op.bytes);
  });
  return { flops, bytes };
}

function callCounts(trace: Trace): StepSums {
  const calls = new StepSums(trace.modules.length, stepCount(trace));
  for (const scope of forwardScopes(trace)) calls.add(scope.module, stepOfOp(trace, scope.firstOp), 1);
  return calls;
}

/** Bytes made in a forward call, and still there when the next op after the call begins. */
function activationBytes(trace: Trace): StepSums {
  const sums = new StepSums(trace.modules.length, stepCount(trace));
  const around = scopesAround(trace);
  const freedUs = freeTimes(trace);
  trace.memory.forEach((event, index) => {
    if (event.sizeBytes <= 0 || !isOp(trace, event.op)) return;
    for (const { module, leftUs } of around(event.op)) {
      if (freedUs[index]! >= leftUs) sums.add(module, stepOfMemory(trace, event), event.sizeBytes);
    }
  });
  return sums;
}

/** For a forward op: the modules it runs in, and when each was left. */
function scopesAround(trace: Trace): (op: number) => { module: number; leftUs: number }[] {
  const paths = ancestries(trace);
  const callsOf = trace.modules.map((): { firstOp: number; lastOp: number; leftUs: number }[] => []);
  for (const scope of forwardScopes(trace)) {
    const next = trace.ops[scope.lastOp + 1];
    callsOf[scope.module]!.push({ ...scope, leftUs: next ? next.startUs : scope.endUs });
  }
  return (op) => {
    const event = trace.ops[op]!;
    if (event.phase !== "forward") return [];
    return (paths[event.module] ?? []).map((module) => ({ module, leftUs: callOf(callsOf[module]!, op).leftUs }));
  };
}

/** The call that holds an op: the last one that began at it or before. */
function callOf<Call extends { firstOp: number }>(calls: readonly Call[], op: number): Call {
  let low = 0;
  let high = calls.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (calls[middle]!.firstOp <= op) low = middle;
    else high = middle - 1;
  }
  return calls[low]!;
}

/** For each memory event that allocates: when its block was freed; Infinity for never. */
function freeTimes(trace: Trace): Float64Array {
  const freed = new Float64Array(trace.memory.length).fill(Infinity);
  const live = new Map<number, number>();
  trace.memory.forEach((event, index) => {
    if (event.sizeBytes > 0) {
      live.set(event.block, index);
      return;
    }
    const allocation = live.get(event.block);
    if (allocation !== undefined) freed[allocation] = event.timeUs;
    live.delete(event.block);
  });
  return freed;
}

/** Adds the children's figures to their parents, and puts parents before children. */
function inTreeOrder(trace: Trace, rows: ModuleRow[], allUs: number): ModuleRow[] {
  const children = rows.map((): number[] => []);
  const roots: number[] = [];
  const seen = new Set<number>();
  rows.forEach((_, index) => {
    const parent = trace.modules[index]!.parent;
    if (index === 0 || parent <= 0 || parent >= rows.length) roots.push(index);
    else children[parent]!.push(index);
  });
  const ordered: ModuleRow[] = [];
  const visit = (index: number, depth: number): void => {
    if (seen.has(index)) return;
    seen.add(index);
    const row = rows[index]!;
    row.depth = depth;
    row.totalUs = row.selfUs;
    ordered.push(row);
    for (const child of children[index]!) {
      visit(child, depth + 1);
      const part = rows[child]!;
      row.totalUs += part.totalUs;
      row.forwardUs += part.forwardUs;
      row.backwardUs += part.backwardUs;
      row.flops += part.flops;
      row.bytes += part.bytes;
    }
    row.share = share(row.totalUs, allUs);
  };
  for (const root of roots) visit(root, 0);
  return ordered.filter((row) => row.path !== OUTSIDE || row.selfUs > 0 || row.flops > 0);
}

function validModule(trace: Trace, module: number): number {
  return module > 0 && module < trace.modules.length ? module : 0;
}
