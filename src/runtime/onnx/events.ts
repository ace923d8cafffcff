/** ONNX Runtime's own profile as a trace: its nodes as ops and kernels, modules from the scopes in their names. Pure. */
import type { Trace, TraceModule } from "../../protocol/trace.ts";
import { TRACE_VERSION } from "../../protocol/trace.ts";
import type { SourceLocation } from "../../protocol/source.ts";

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
  const start = runs[0]?.ts ?? 0;
  const trace: Trace = {
    version: TRACE_VERSION,
    target,
    names,
    sources: [],
    modules,
    devices: [{ id: device, name: "ONNX Runtime", peakAllocatedBytes: 0, peakReservedBytes: 0 }],
    steps: runs.map(({ ts, dur }) => ({ startUs: ts - start, endUs: ts + dur - start })),
    ops: [],
    kernels: [],
    memory: [],
  };
  const places = new Map<string, number>();
  for (const event of events) {
    if (event.cat !== "Node" || !event.name.endsWith(KERNEL)) continue;
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
      module: module(scope),
      source: place,
      phase: "forward",
      step,
      inputs: shapes(event.args?.input_type_shape).map(name),
      outputs: shapes(event.args?.output_type_shape).map(name),
      ...timed,
    });
    trace.kernels.push({ name: name(op_name), op: op - 1, device: 0, stream: 0, ...timed });
  }
  return trace;
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
