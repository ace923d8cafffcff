/**
 * A trace cut to what a screen can show, as typed columns that travel cheaply, and the pure functions that cut it.
 * A range with more events than pixels comes back merged, so an answer never grows with the trace.
 */
import type { SourceLocation } from "../source.ts";
import type { KernelEvent, MemoryKind, OpEvent, Phase, Trace, TraceStep } from "../trace.ts";

export const PHASES: readonly Phase[] = ["forward", "backward", "optimizer", "other"];
export const MEMORY_KINDS: readonly MemoryKind[] = [
  "parameter",
  "gradient",
  "optimizer",
  "activation",
  "input",
  "temporary",
];

export interface TimelineLane {
  /** "host", or the id of a device. */
  device: string;
  /** -1 for the host. */
  stream: number;
}

/** What the slices' indices mean; asked for once per trace. */
export interface TimelineOutline {
  startUs: number;
  endUs: number;
  lanes: TimelineLane[];
  names: string[];
  modules: { path: string; type: string; parent: number }[];
  sources: SourceLocation[];
  steps: TraceStep[];
}

export interface TimelineQuery {
  startUs: number;
  endUs: number;
  /** Events shorter than one pixel are merged with their neighbours. */
  pixels: number;
}

/** One entry per drawn slice. A merged slice carries the names of its longest event. */
export interface TimelineSlices {
  lane: Uint16Array;
  startUs: Float64Array;
  endUs: Float64Array;
  /** Indices into the outline. */
  name: Uint32Array;
  op: Uint32Array;
  module: Uint32Array;
  /** -1 when no line is known. */
  source: Int32Array;
  /** Index into `PHASES`. */
  phase: Uint8Array;
  /** How many events were merged into the slice. */
  count: Uint32Array;
  flops: Float64Array;
  bytes: Float64Array;
}

export interface MemoryQuery {
  device: number;
  startUs: number;
  endUs: number;
  points: number;
}

/** Allocated bytes over time, by kind; each point is the highest moment of its stretch. */
export interface MemoryCurve {
  timeUs: Float64Array;
  /** One column per entry of `MEMORY_KINDS`. */
  kinds: Float64Array[];
  reservedBytes: Float64Array;
}

export interface Timeline {
  outline: TimelineOutline;
  slices(query: TimelineQuery): TimelineSlices;
}

interface LaneEvents {
  events: (KernelEvent | OpEvent)[];
  /** Latest end among this event and all before it: non-decreasing, so it can be searched. */
  latestEndUs: Float64Array;
}

function laneEvents(events: (KernelEvent | OpEvent)[]): LaneEvents {
  const sorted = events.sort((a, b) => a.startUs - b.startUs);
  const latestEndUs = new Float64Array(sorted.length);
  let latest = -Infinity;
  for (let i = 0; i < sorted.length; i++) {
    const event = sorted[i]!;
    latest = Math.max(latest, event.startUs + event.durationUs);
    latestEndUs[i] = latest;
  }
  return { events: sorted, latestEndUs };
}

function firstAbove(values: Float64Array, limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

export function traceRange(trace: Trace): { startUs: number; endUs: number } {
  let startUs = Infinity;
  let endUs = -Infinity;
  for (const list of [trace.ops, trace.kernels]) {
    for (const event of list) {
      startUs = Math.min(startUs, event.startUs);
      endUs = Math.max(endUs, event.startUs + event.durationUs);
    }
  }
  return endUs > startUs ? { startUs, endUs } : { startUs: 0, endUs: 1 };
}

/** Index a trace by lane (host first, then device and stream), ready to be asked for ranges. */
export function makeTimeline(trace: Trace): Timeline {
  const lanes: TimelineLane[] = [{ device: "host", stream: -1 }];
  const perLane: (KernelEvent | OpEvent)[][] = [trace.ops.slice()];
  const laneOf = new Map<string, (KernelEvent | OpEvent)[]>();
  for (const kernel of trace.kernels) {
    const key = `${kernel.device} ${kernel.stream}`;
    let events = laneOf.get(key);
    if (!events) {
      events = [];
      laneOf.set(key, events);
      lanes.push({ device: trace.devices[kernel.device]?.id ?? "device", stream: kernel.stream });
      perLane.push(events);
    }
    events.push(kernel);
  }
  const indexed = perLane.map(laneEvents);
  const outline: TimelineOutline = {
    ...traceRange(trace),
    lanes,
    names: trace.names,
    modules: trace.modules.map(({ path, type, parent }) => ({ path, type, parent })),
    sources: trace.sources,
    steps: trace.steps,
  };
  return { outline, slices: (query) => cutSlices(trace, indexed, query) };
}

interface Slice {
  lane: number;
  startUs: number;
  endUs: number;
  longestUs: number;
  event: KernelEvent | OpEvent;
  count: number;
  flops: number;
  bytes: number;
}

function cutSlices(trace: Trace, lanes: LaneEvents[], query: TimelineQuery): TimelineSlices {
  const pixelUs = (query.endUs - query.startUs) / Math.max(1, query.pixels);
  const slices: Slice[] = [];
  lanes.forEach(({ events, latestEndUs }, lane) => {
    let pending: Slice | null = null;
    for (let i = firstAbove(latestEndUs, query.startUs); i < events.length; i++) {
      const event = events[i]!;
      if (event.startUs > query.endUs) break;
      const endUs = event.startUs + event.durationUs;
      if (endUs < query.startUs) continue;
      if (pending && event.durationUs < pixelUs && endUs - pending.startUs <= pixelUs) {
        pending.endUs = Math.max(pending.endUs, endUs);
        pending.count++;
        pending.flops += event.flops;
        pending.bytes += event.bytes;
        if (event.durationUs > pending.longestUs) {
          pending.longestUs = event.durationUs;
          pending.event = event;
        }
        continue;
      }
      const slice: Slice = {
        lane,
        startUs: event.startUs,
        endUs,
        longestUs: event.durationUs,
        event,
        count: 1,
        flops: event.flops,
        bytes: event.bytes,
      };
      slices.push(slice);
      pending = event.durationUs < pixelUs ? slice : null;
    }
  });
  return sliceColumns(trace, slices);
}

function sliceColumns(trace: Trace, slices: Slice[]): TimelineSlices {
  const n = slices.length;
  const columns: TimelineSlices = {
    lane: new Uint16Array(n),
    startUs: new Float64Array(n),
    endUs: new Float64Array(n),
    name: new Uint32Array(n),
    op: new Uint32Array(n),
    module: new Uint32Array(n),
    source: new Int32Array(n),
    phase: new Uint8Array(n),
    count: new Uint32Array(n),
    flops: new Float64Array(n),
    bytes: new Float64Array(n),
  };
  slices.forEach((slice, i) => {
    const { event } = slice;
    const op = "device" in event ? trace.ops[event.op] : event;
    columns.lane[i] = slice.lane;
    columns.startUs[i] = slice.startUs;
    columns.endUs[i] = slice.endUs;
    columns.name[i] = event.name;
    columns.op[i] = op?.name ?? event.name;
    columns.module[i] = op?.module ?? 0;
    columns.source[i] = op?.source ?? -1;
    columns.phase[i] = PHASES.indexOf(op?.phase ?? "other");
    columns.count[i] = slice.count;
    columns.flops[i] = slice.flops;
    columns.bytes[i] = slice.bytes;
  });
  return columns;
}

/** Allocated bytes by kind over a range, at most `points + 2` points. */
export function memoryCurve(trace: Trace, query: MemoryQuery): MemoryCurve {
  const { device, startUs, endUs } = query;
  const nKinds = MEMORY_KINDS.length;
  const stretchUs = (endUs - startUs) / Math.max(1, query.points);
  const held = new Array<number>(nKinds).fill(0);
  const rows: { timeUs: number; held: number[]; total: number; reservedBytes: number }[] = [];
  let reservedBytes = 0;
  let total = 0;
  let stretch = -1;
  const row = (timeUs: number) => ({ timeUs, held: held.slice(), total, reservedBytes });
  let opened = false;
  for (const event of trace.memory) {
    if (event.device !== device) continue;
    if (event.timeUs > endUs) break;
    if (!opened && event.timeUs >= startUs) {
      rows.push(row(startUs));
      opened = true;
    }
    const kind = Math.max(0, MEMORY_KINDS.indexOf(event.kind));
    held[kind] = Math.max(0, held[kind]! + event.sizeBytes);
    total = held.reduce((sum, bytes) => sum + bytes, 0);
    reservedBytes = event.reservedBytes;
    if (event.timeUs < startUs) continue;
    const at = Math.floor((event.timeUs - startUs) / stretchUs);
    const last = rows[rows.length - 1];
    if (at !== stretch || !last) rows.push(row(event.timeUs));
    else if (total >= last.total) rows[rows.length - 1] = row(event.timeUs);
    stretch = at;
  }
  if (!opened) rows.push(row(startUs));
  rows.push(row(endUs));
  return {
    timeUs: Float64Array.from(rows, (r) => r.timeUs),
    kinds: MEMORY_KINDS.map((_, kind) => Float64Array.from(rows, (r) => r.held[kind]!)),
    reservedBytes: Float64Array.from(rows, (r) => r.reservedBytes),
  };
}
