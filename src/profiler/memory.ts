/**
 * What held memory at the peak. Pure. Blocks that were there before the trace began have no event: they count as
 * parameters up to the size of the parameters, and as inputs beyond it.
 */
import type { MemorySummary } from "../protocol/results.ts";
import type { MemoryEvent, MemoryKind, Trace } from "../protocol/trace.ts";
import { isOp, nameOf } from "./steps.ts";

const LARGEST = 10;

/** One summary per device of the trace. */
export function memory(trace: Trace): MemorySummary[] {
  return trace.devices.map((_, device) => deviceMemory(trace, device));
}

function deviceMemory(trace: Trace, device: number): MemorySummary {
  const events = trace.memory.filter((event) => event.device === device);
  const peak = peakOf(events);
  const atPeak: Record<MemoryKind, number> = {
    parameter: 0,
    gradient: 0,
    optimizer: 0,
    activation: 0,
    input: 0,
    temporary: 0,
  };
  const live = liveAt(events, peak.index);
  let known = 0;
  for (const event of live) {
    atPeak[event.kind] += event.sizeBytes;
    known += event.sizeBytes;
  }
  const unknown = Math.max(0, peak.allocatedBytes - known);
  const parameters = Math.min(unknown, Math.max(0, parameterBytes(trace) - atPeak.parameter));
  atPeak.parameter += parameters;
  atPeak.input += unknown - parameters;
  const allocations = events.filter((event) => event.sizeBytes > 0);
  return {
    device: trace.devices[device]!.id,
    peakAllocatedBytes: Math.max(peak.allocatedBytes, trace.devices[device]!.peakAllocatedBytes),
    peakReservedBytes: Math.max(peak.reservedBytes, trace.devices[device]!.peakReservedBytes),
    atPeak,
    allocations: allocations.length,
    allocatedBytes: allocations.reduce((sum, event) => sum + event.sizeBytes, 0),
    largest: live
      .sort((a, b) => b.sizeBytes - a.sizeBytes)
      .slice(0, LARGEST)
      .map((event) => describe(trace, event)),
  };
}

function peakOf(events: readonly MemoryEvent[]): { index: number; allocatedBytes: number; reservedBytes: number } {
  let index = -1;
  let allocatedBytes = 0;
  let reservedBytes = 0;
  events.forEach((event, position) => {
    reservedBytes = Math.max(reservedBytes, event.reservedBytes);
    if (event.allocatedBytes > allocatedBytes) {
      allocatedBytes = event.allocatedBytes;
      index = position;
    }
  });
  return { index, allocatedBytes, reservedBytes };
}

/** Allocations up to and including `index` that were not freed by then. */
function liveAt(events: readonly MemoryEvent[], index: number): MemoryEvent[] {
  const live = new Map<number, MemoryEvent>();
  for (let position = 0; position <= index; position++) {
    const event = events[position]!;
    if (event.sizeBytes > 0) live.set(event.block, event);
    else live.delete(event.block);
  }
  return [...live.values()];
}

function parameterBytes(trace: Trace): number {
  return trace.modules
    .filter((module, index) => index > 0 && module.parent <= 0)
    .reduce((sum, module) => sum + module.parameterBytes, 0);
}

function describe(trace: Trace, event: MemoryEvent): MemorySummary["largest"][number] {
  if (!isOp(trace, event.op)) return { sizeBytes: event.sizeBytes, op: event.kind, module: "" };
  const op = trace.ops[event.op]!;
  const source = trace.sources[op.source];
  return {
    sizeBytes: event.sizeBytes,
    op: nameOf(trace, op.name),
    module: op.module > 0 ? (trace.modules[op.module]?.path ?? "") : "",
    ...(source ? { source } : {}),
  };
}
