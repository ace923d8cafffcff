/**
 * What belongs together in a trace: the kernels, lines and modules behind a selection, and the times laid over a graph.
 * Pure functions from events to plain rows, per repetition; they choose no colours and format nothing.
 */
import type { ProfileResult } from "../results.ts";
import type { OpEvent, Trace } from "../trace.ts";
import type { CompressionReport } from "../compress.ts";
import type { GraphErrors, GraphOverlay } from "./graph.ts";
import type { Related, Selection } from "./profiler.ts";

/** The row of the module table for code outside of any module; `modules[0]` of a trace. */
export const OUTSIDE_PATH = "(outside of modules)";

function addTo<Key>(sums: Map<Key, number>, key: Key, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value);
}

/** For every module: is it the one at this path, or inside of it? Parents stand before their children. */
function insideModule(trace: Trace, path: string): boolean[] {
  const inside = new Array<boolean>(trace.modules.length).fill(false);
  trace.modules.forEach((module, i) => {
    if (i === 0) {
      inside[0] = path === OUTSIDE_PATH;
      return;
    }
    inside[i] = module.path === path || (module.parent > 0 && inside[module.parent] === true);
  });
  return inside;
}

function matcher(trace: Trace, selection: Selection): (kernelName: string, op: OpEvent) => boolean {
  switch (selection.kind) {
    case "module": {
      const inside = insideModule(trace, selection.path);
      return (_, op) => inside[op.module] === true;
    }
    case "kernel":
      return (kernelName) => kernelName === selection.name;
    case "line": {
      const matches = trace.sources.map((at) => at.file === selection.file && at.line === selection.line);
      return (_, op) => op.source >= 0 && matches[op.source] === true;
    }
  }
}

/** Kernel time that the selection shares with every module (ancestors included), kernel and line. */
export function relatedTo(trace: Trace, selection: Selection): Related {
  const matches = matcher(trace, selection);
  const nSteps = Math.max(1, trace.steps.length);
  const modules = new Map<number, number>();
  const kernels = new Map<number, number>();
  const sources = new Map<number, number>();
  for (const kernel of trace.kernels) {
    const op = trace.ops[kernel.op];
    if (!op || !matches(trace.names[kernel.name] ?? "", op)) continue;
    const timeUs = kernel.durationUs / nSteps;
    addTo(kernels, kernel.name, timeUs);
    if (op.source >= 0) addTo(sources, op.source, timeUs);
    addTo(modules, op.module, timeUs);
  }
  const byPath = new Map<string, number>();
  for (const [module, timeUs] of modules) {
    if (module === 0) addTo(byPath, OUTSIDE_PATH, timeUs);
    let at = module;
    for (let depth = 0; at > 0 && depth <= trace.modules.length; depth++) {
      addTo(byPath, trace.modules[at]!.path, timeUs);
      at = trace.modules[at]!.parent;
    }
  }
  const byLine = new Map<string, Related["lines"][number]>();
  for (const [source, timeUs] of sources) {
    const { file, line } = trace.sources[source]!;
    const key = `${file}:${line}`;
    const row = byLine.get(key) ?? { file, line, timeUs: 0 };
    row.timeUs += timeUs;
    byLine.set(key, row);
  }
  return {
    modules: [...byPath].map(([path, timeUs]) => ({ path, timeUs })),
    kernels: [...kernels].map(([name, timeUs]) => ({ name: trace.names[name] ?? "", timeUs })),
    lines: [...byLine.values()],
  };
}

/** The measurements of a profile in the form that the graph view lays over its nodes. */
export function graphOverlay(profile: ProfileResult): GraphOverlay {
  const ops = new Map<string, GraphOverlay["ops"][number]>();
  const nodes = new Map<string, number>();
  const { trace } = profile;
  const nSteps = Math.max(1, trace?.steps.length ?? 1);
  for (const kernel of trace?.kernels ?? []) {
    const op = trace!.ops[kernel.op];
    const node = op?.node === undefined ? undefined : trace!.names[op.node];
    if (node !== undefined) addTo(nodes, node, kernel.durationUs / nSteps);
    const at = op && trace!.sources[op.source];
    if (!op || !at) continue;
    const path = trace!.modules[op.module]?.path ?? "";
    const name = trace!.names[op.name] ?? "";
    const key = JSON.stringify([path, name, at.file, at.line]);
    const row = ops.get(key) ?? { path, op: name, file: at.file, line: at.line, timeUs: 0 };
    row.timeUs += kernel.durationUs / nSteps;
    ops.set(key, row);
  }
  return {
    label: `${profile.device}, ${profile.workload}`,
    modules: profile.modules.map((row) => ({
      path: row.path,
      timeUs: row.totalUs,
      memoryBytes: row.activationBytes,
    })),
    ops: [...ops.values()],
    nodes: [...nodes].map(([name, timeUs]) => ({ name, timeUs })),
  };
}

/** The errors of a report in the form that the graph view lays over its boxes: of layers that were changed. */
export function graphErrors({ description, layers }: CompressionReport): GraphErrors {
  return {
    label: description,
    layers: layers.flatMap(({ path, became, output, why }) =>
      output && why === undefined ? [{ path, became, sqnrDb: output.sqnrDb }] : [],
    ),
  };
}
