/** ONNX Runtime's own profile as a trace: its nodes as ops and kernels, modules from the scopes in their names. Pure. */
import type { Trace, TraceModule } from "../../protocol/trace.ts";
import { TRACE_VERSION } from "../../protocol/trace.ts";
import type { Placement } from "../../protocol/results.ts";
import type { SourceLocation } from "../../protocol/source.ts";
import { deviceOf } from "./providers.ts";

/** The part of a profile's events that is read. */
export interface OrtEvent {
  cat: string;
  name: string;
  ts: number;
  dur: number;
  args?: {
    op_name?: string;
    provider?: string;
    input_type_shape?: Record<string, number[]>[];
    output_type_shape?: Record<string, number[]>[];
    output_size?: string;
    activation_size?: string;
    parameter_size?: string;
  };
}

const KERNEL = "_kernel_time";
const RUN = "model_run";

/** `sources`: the line of a node, by its name, where the model tells. */
export function traceOf(
  events: readonly OrtEvent[],
  target: string,
  device: string,
  warmUp: number,
  sources: ReadonlyMap<string, SourceLocation>,
): Trace {
  const names: string[] = [];
  const numbers = new Map<string, number>();
  const name = (text: string): number => {
    const known = numbers.get(text);
    if (known !== undefined) return known;
    numbers.set(text, names.length);
    return names.push(text) - 1;
  };
  const modules: TraceModule[] = [root("", "", -1)];
  const modulePaths = new Map<string, number>();
  const module = (path: string): number => {
    const known = modulePaths.get(path);
    if (known !== undefined) return known;
    const cut = path.lastIndexOf(".");
    const parent = path === "" ? 0 : module(cut < 0 ? "" : path.slice(0, cut));
    modulePaths.set(path, modules.length);
    return modules.push(root(path, path === "" ? "model" : path.slice(cut + 1), parent)) - 1;
  };
  const runs = events.filter((event) => event.name === RUN).slice(warmUp);
  const gpu = new GpuTimes(events);
  const start = runs[0]?.ts ?? 0;
  const trace: Trace = {
    version: TRACE_VERSION,
    target,
    names,
    sources: [],
    modules,
    devices: [],
    steps: runs.map(({ ts, dur }) => ({ startUs: ts - start, endUs: ts + dur - start })),
    ops: [],
    kernels: [],
    memory: [],
  };
  const devices = new Map<string, number>();
  const deviceAt = (id: string, clock?: "timestamps" | "launches"): number => {
    const known = devices.get(id);
    if (known !== undefined) return known;
    devices.set(id, trace.devices.length);
    const times = clock ? { kernelTimes: { by: clock } } : {};
    return trace.devices.push({ id, name: "ONNX Runtime", peakAllocatedBytes: 0, peakReservedBytes: 0, ...times }) - 1;
  };
  deviceAt(device, device === "cpu" ? undefined : gpu.isThere ? "timestamps" : "launches");
  const places = new Map<string, number>();
  for (const event of events) {
    if (event.cat !== "Node" || !event.name.endsWith(KERNEL)) continue;
    const programs = gpu.next(event);
    const step = runs.findIndex(({ ts, dur }) => ts <= event.ts && event.ts <= ts + dur);
    if (step < 0) continue;
    const node = event.name.slice(0, -KERNEL.length);
    const { op_name = "", output_size, parameter_size, activation_size } = event.args ?? {};
    const bytes = [output_size, parameter_size, activation_size].reduce((sum, size) => sum + Number(size ?? 0), 0);
    const source = sources.get(node);
    let place = -1;
    if (source) {
      const key = `${source.file}:${source.line}`;
      place = places.get(key) ?? trace.sources.push(source) - 1;
      places.set(key, place);
    }
    const scope = node
      .split("/")
      .filter((part) => part !== "")
      .slice(0, -1)
      .join(".");
    const timed = { startUs: event.ts - start, durationUs: event.dur, flops: 0, bytes };
    const op = trace.ops.push({
      name: name(op_name),
      node: name(node),
      module: module(scope),
      source: place,
      phase: "forward",
      step,
      inputs: shapes(event.args?.input_type_shape).map(name),
      outputs: shapes(event.args?.output_type_shape).map(name),
      ...timed,
    });
    const provider = event.args?.provider;
    const onDevice = deviceAt(provider === undefined ? device : deviceOf(provider));
    const kernel = { op: op - 1, device: onDevice, stream: 0 };
    if (programs.length === 0) trace.kernels.push({ name: name(op_name), ...kernel, ...timed });
    for (const [i, { program, durationUs }] of programs.entries()) {
      const moved = i === 0 ? bytes : 0;
      trace.kernels.push({ name: name(program), ...kernel, ...timed, durationUs, bytes: moved });
    }
  }
  return trace;
}

/**
 * WebGPU's provider writes down what the GPU's own clock told of each program, named "node&op&program", when the profile ends. Its
 * nodes' own times are those of launching.
 */
class GpuTimes {
  readonly #left = new Map<string, OrtEvent[]>();
  /** Programs in one run of a node. */
  readonly #each = new Map<string, number>();

  constructor(events: readonly OrtEvent[]) {
    const runs = new Map<string, number>();
    for (const event of events) {
      if (event.cat === "Api") {
        const node = event.name.split("&")[0]!;
        this.#left.set(node, [...(this.#left.get(node) ?? []), event]);
      } else if (event.cat === "Node" && event.name.endsWith(KERNEL)) {
        const node = event.name.slice(0, -KERNEL.length);
        runs.set(node, (runs.get(node) ?? 0) + 1);
      }
    }
    // What does not divide evenly cannot be told apart by run.
    for (const [node, all] of this.#left) {
      const each = all.length / (runs.get(node) ?? 0);
      if (Number.isInteger(each)) this.#each.set(node, each);
    }
  }

  get isThere(): boolean {
    return this.#each.size > 0;
  }

  /** Of the next run of this event's node. */
  next({ name }: OrtEvent): { program: string; durationUs: number }[] {
    const node = name.slice(0, -KERNEL.length);
    const each = this.#each.get(node) ?? 0;
    const taken = this.#left.get(node)?.splice(0, each) ?? [];
    return each === 0
      ? []
      : taken.map(({ name: program, dur }) => ({ program: program.split("&").at(-1)!, durationUs: dur }));
  }
}

/**
 * What the nodes of each layer took in the fastest of the runs after the first, by the names of the layers' nodes. Rewritten and fused
 * nodes keep that name in front.
 */
export function timesOf(events: readonly OrtEvent[], layers: readonly string[]): Map<string, number> {
  const runs = events.filter(({ name }) => name === RUN).slice(1);
  const totals = runs.map(() => new Map<string, number>());
  for (const { cat, name, ts, dur } of events) {
    const run = runs.findIndex((one) => one.ts <= ts && ts <= one.ts + one.dur);
    if (run < 0 || cat !== "Node" || !name.endsWith(KERNEL)) continue;
    const node = name
      .slice(0, -KERNEL.length)
      .replace(/^fused /, "")
      .replace(/_token_\d+$/, "");
    const layer = layers.find((one) => node === one || node.startsWith(`${one}/`));
    if (layer !== undefined) totals[run]!.set(layer, (totals[run]!.get(layer) ?? 0) + dur);
  }
  return new Map(
    layers.flatMap((layer) => {
      const found = totals.flatMap((total) => total.get(layer) ?? []);
      return found.length > 0 ? [[layer, Math.min(...found)] as const] : [];
    }),
  );
}

/** Where nodes ran in the last run of a profile: the asked device first. */
export function placementOf(events: readonly OrtEvent[], device: string): Placement[] {
  const start = events.findLast(({ name }) => name === RUN)?.ts ?? 0;
  const found = new Map<string, Map<string, number>>([[device, new Map()]]);
  for (const { cat, name, ts, args } of events) {
    if (cat !== "Node" || !name.endsWith(KERNEL) || ts < start || !args?.provider) continue;
    const place = deviceOf(args.provider);
    const operators = found.get(place) ?? new Map<string, number>();
    found.set(place, operators.set(args.op_name ?? "", (operators.get(args.op_name ?? "") ?? 0) + 1));
  }
  return [...found].map(([place, operators]) => ({
    device: place,
    nodes: [...operators.values()].reduce((a, b) => a + b, 0),
    operators: [...operators].sort(([, a], [, b]) => b - a).map(([operator]) => operator),
  }));
}

function root(path: string, type: string, parent: number): TraceModule {
  return { path, type, parent, source: -1, parameters: 0, parameterBytes: 0 };
}

const DTYPES: Record<string, string> = { float: "float32", double: "float64", half: "float16" };

/** [{"float": [1, 3]}] is ["float32[1,3]"]. */
function shapes(described: readonly Record<string, number[]>[] = []): string[] {
  return described.flatMap((entry) =>
    Object.entries(entry).map(([dtype, dims]) => `${DTYPES[dtype] ?? dtype}[${dims.join(",")}]`),
  );
}
