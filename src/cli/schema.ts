/**
 * The shape of every document that --json prints, in one place: tests check documents against it, docs/cli.md is made
 * from it, and the types in src/protocol/results.ts are compared with it by the compiler (test/cli/schema.test.ts).
 */

type Fields = Record<string, Schema>;
export type Schema =
  | { kind: "string"; values?: readonly string[]; isOptional?: boolean }
  | { kind: "number"; values?: readonly number[]; isNullable?: boolean; isOptional?: boolean }
  | { kind: "boolean"; isOptional?: boolean }
  | { kind: "array"; of: Schema; isOptional?: boolean }
  | { kind: "record"; of: Schema; isOptional?: boolean }
  | { kind: "object"; name?: string; fields: Fields; isOptional?: boolean };

type OptionalKeys<F extends Fields> = { [Key in keyof F]: F[Key] extends { isOptional: true } ? Key : never }[keyof F];

/** The TypeScript type of what a schema accepts. */
export type Infer<S> = S extends { kind: "string"; values: readonly (infer V)[] }
  ? V
  : S extends { kind: "string" }
    ? string
    : S extends { kind: "number"; values: readonly (infer V)[] }
      ? V
      : S extends { kind: "number"; isNullable: true }
        ? number | null
        : S extends { kind: "number" }
          ? number
          : S extends { kind: "boolean" }
            ? boolean
            : S extends { kind: "array"; of: infer Item }
              ? Infer<Item>[]
              : S extends { kind: "record"; of: infer Item }
                ? Record<string, Infer<Item>>
                : S extends { kind: "object"; fields: infer F extends Fields }
                  ? { [Key in Exclude<keyof F, OptionalKeys<F>>]: Infer<F[Key]> } & {
                      [Key in OptionalKeys<F>]?: Infer<F[Key]>;
                    }
                  : never;

const string = { kind: "string" } as const;
const number = { kind: "number" } as const;
const boolean = { kind: "boolean" } as const;
const numberOrNull = { kind: "number", isNullable: true } as const;
const word = <const V extends readonly string[]>(...values: V) => ({ kind: "string", values }) as const;
const exactly = <const V extends number>(value: V) => ({ kind: "number", values: [value] }) as const;
const list = <S extends Schema>(of: S) => ({ kind: "array", of }) as const;
const record = <S extends Schema>(of: S) => ({ kind: "record", of }) as const;
const object = <const F extends Fields>(name: string, fields: F) => ({ kind: "object", name, fields }) as const;
const optional = <S extends Schema>(schema: S) => ({ ...schema, isOptional: true }) as S & { isOptional: true };

const place = {
  file: string,
  line: number,
  endLine: optional(number),
  col: optional(number),
  endCol: optional(number),
} as const;
export const SOURCE = object("SourceLocation", place);
const FRAME = object("StackFrame", { ...place, function: string, isUser: boolean });
export const FAILURE = object("Failure", {
  kind: word("model", "usage", "machine", "cancelled", "bug"),
  type: string,
  message: string,
  at: optional(SOURCE),
  frames: optional(list(FRAME)),
  traceback: optional(string),
  hint: optional(string),
});
const choice = {
  name: string,
  value: string,
  from: word("given", "remembered", "call", "annotation", "default", "layers", "name"),
  why: optional(string),
} as const;
const CHOICE = object("ArgumentChoice", choice);
const SETUP = object("Setup", { init: list(CHOICE), inputs: list(CHOICE) });
const STATISTICS = object("Statistics", {
  min: number,
  max: number,
  mean: number,
  std: number,
  nans: number,
  infs: number,
  zeros: number,
});
const TENSOR = object("TensorSummary", {
  name: string,
  shape: list(number),
  dtype: string,
  device: string,
  statistics: optional(STATISTICS),
  preview: optional(string),
});
const PLACEMENT = object("Placement", { device: string, nodes: number, operators: list(string) });
const TIMING = object("Timing", {
  medianUs: number,
  minUs: number,
  maxUs: number,
  spread: number,
  repetitions: number,
});
const MODULE = object("ModuleRow", {
  path: string,
  type: string,
  depth: number,
  calls: number,
  totalUs: number,
  selfUs: number,
  forwardUs: number,
  backwardUs: number,
  share: number,
  flops: number,
  bytes: number,
  parameters: number,
  parameterBytes: number,
  activationBytes: number,
  source: optional(SOURCE),
});
const KERNEL = object("KernelRow", {
  name: string,
  selfUs: number,
  selfShare: number,
  totalUs: number,
  totalShare: number,
  averageUs: number,
  calls: number,
  selfBytes: number,
  flops: number,
  ops: list(string),
});
const LINE = object("LineRow", {
  source: SOURCE,
  text: string,
  totalUs: number,
  forwardUs: number,
  backwardUs: number,
  share: number,
  flops: number,
  bytes: number,
  allocatedBytes: number,
  calls: number,
  hottest: string,
});
const BY_KIND = object("BytesByKind", {
  parameter: number,
  gradient: number,
  optimizer: number,
  activation: number,
  input: number,
  temporary: number,
});
const BLOCK = object("MemoryBlock", { sizeBytes: number, op: string, module: string, source: optional(SOURCE) });
const MEMORY = object("MemorySummary", {
  device: string,
  peakAllocatedBytes: number,
  peakReservedBytes: number,
  atPeak: BY_KIND,
  allocations: number,
  allocatedBytes: number,
  largest: list(BLOCK),
});
const PHASE = word("forward", "backward", "optimizer", "other");
const TRACE = object("Trace", {
  version: exactly(1),
  target: string,
  names: list(string),
  sources: list(SOURCE),
  modules: list(
    object("TraceModule", {
      path: string,
      type: string,
      parent: number,
      source: number,
      parameters: number,
      parameterBytes: number,
    }),
  ),
  devices: list(
    object("TraceDevice", {
      id: string,
      name: string,
      peakAllocatedBytes: number,
      peakReservedBytes: number,
      kernelTimes: optional(
        object("KernelClock", { by: word("cupti", "events", "timestamps", "launches"), why: optional(string) }),
      ),
    }),
  ),
  steps: list(object("TraceStep", { startUs: number, endUs: number })),
  ops: list(
    object("OpEvent", {
      name: number,
      module: number,
      source: number,
      phase: PHASE,
      step: number,
      startUs: number,
      durationUs: number,
      inputs: list(number),
      outputs: list(number),
      flops: number,
      bytes: number,
    }),
  ),
  kernels: list(
    object("KernelEvent", {
      name: number,
      op: number,
      device: number,
      stream: number,
      startUs: number,
      durationUs: number,
      flops: number,
      bytes: number,
      code: optional(number),
    }),
  ),
  memory: list(
    object("MemoryEvent", {
      timeUs: number,
      device: number,
      block: number,
      sizeBytes: number,
      allocatedBytes: number,
      reservedBytes: number,
      op: number,
      kind: word("parameter", "gradient", "optimizer", "activation", "input", "temporary"),
    }),
  ),
});
const GRAPH = object("Graph", {
  version: exactly(1),
  target: string,
  nodes: list(
    object("GraphNode", {
      id: number,
      kind: word("input", "output", "parameter", "constant", "op"),
      label: string,
      group: number,
      outputs: list(object("GraphTensor", { shape: list(number), dtype: string })),
      attributes: record(string),
      source: optional(SOURCE),
      flops: number,
      bytes: number,
    }),
  ),
  edges: list(object("GraphEdge", { from: number, output: number, to: number })),
  groups: list(
    object("GraphGroup", {
      id: number,
      parent: number,
      label: string,
      path: string,
      type: string,
      source: optional(SOURCE),
      call: optional(SOURCE),
      parameters: number,
      parameterBytes: number,
    }),
  ),
});
const HINT = object("ShapeHint", {
  source: SOURCE,
  name: string,
  shape: list(number),
  dtype: string,
  device: string,
  passes: number,
  first: optional(list(number)),
});
const INSPECTED_TENSOR = object("InspectedTensor", {
  name: string,
  dtype: string,
  shape: list(number),
  sizeBytes: number,
  file: optional(string),
  statistics: optional(STATISTICS),
});
const INSPECTED_VALUE = object("InspectedValue", { name: string, dtype: string, shape: list(string) });
const INSPECTED_GRAPH = object("InspectedGraph", {
  name: string,
  inputs: list(INSPECTED_VALUE),
  outputs: list(INSPECTED_VALUE),
  operators: list(object("OperatorCount", { name: string, count: number })),
});
const READINGS = object("DeviceReadings", {
  utilization: optional(number),
  memoryUtilization: optional(number),
  usedBytes: optional(number),
  totalBytes: optional(number),
  temperatureC: optional(number),
  powerW: optional(number),
  powerLimitW: optional(number),
  clockMhz: optional(number),
  maxClockMhz: optional(number),
  memoryClockMhz: optional(number),
  throttles: list(string),
  processes: list(object("GpuProcess", { pid: number, bytes: optional(number) })),
});
const WAY = object("WayToGet", { system: string, command: optional(string), url: optional(string) });
const DEVICE = object("DeviceInfo", {
  id: string,
  kind: word("device", "library"),
  available: boolean,
  description: string,
  totalBytes: optional(number),
  freeBytes: optional(number),
  name: optional(string),
  facts: optional(list(string)),
  isEmulated: optional(boolean),
  readings: optional(READINGS),
  purpose: optional(string),
  path: optional(string),
  libraryVersion: optional(string),
  reason: optional(string),
  instead: optional(string),
  get: optional(list(WAY)),
});

const head = <const V extends string>(verb: V) =>
  ({
    version: exactly(1),
    verb: word(verb),
    target: string,
    ok: boolean,
    failure: optional(FAILURE),
  }) as const;

const EXPORT_CHECK = object("ExportCheck", {
  sizes: record(number),
  outputs: list(object("CheckedOutput", { name: string, shape: list(number), absolute: number, relative: number })),
  ok: boolean,
});
const DIFFERENCE = object("Difference", {
  sqnrDb: numberOrNull,
  cosine: number,
  maxError: number,
  relativeError: number,
  broken: optional(number),
  weakest: optional(object("WeakestOutput", { name: string, sqnrDb: number })),
});
const HISTOGRAM = object("Histogram", { low: number, high: number, counts: list(number) });
const RANGES = object("Ranges", { before: HISTOGRAM, after: HISTOGRAM });
const LAYER = object("LayerReport", {
  path: string,
  type: string,
  source: optional(SOURCE),
  became: string,
  why: optional(string),
  parameters: number,
  beforeBytes: number,
  afterBytes: number,
  weight: optional(DIFFERENCE),
  output: optional(DIFFERENCE),
  inPlace: optional(DIFFERENCE),
  beforeUs: optional(number),
  afterUs: optional(number),
  sensitivity: optional(DIFFERENCE),
  zeros: optional(number),
  ranges: optional(object("LayerRanges", { weight: optional(RANGES), output: optional(RANGES) })),
});
const COMPRESSION = object("CompressionReport", {
  name: string,
  description: string,
  verdict: string,
  worthKeeping: boolean,
  beforeBytes: number,
  afterBytes: number,
  latency: object("Latency", { before: TIMING, after: TIMING }),
  speed: object("Speed", { change: word("faster", "slower", "same"), factor: number, noise: number }),
  output: DIFFERENCE,
  metrics: list(
    object("Metric", {
      name: string,
      before: number,
      after: number,
      better: word("higher", "lower"),
      samples: number,
    }),
  ),
  layers: list(LAYER),
  losses: optional(list(number)),
  keptForBudget: optional(list(string)),
});
const compression = {
  setup: SETUP,
  device: string,
  data: object("DataChoice", { ...choice, samples: number, isRandom: boolean }),
  reports: list(COMPRESSION),
  notes: list(string),
  file: optional(
    object("CompressedFile", {
      file: string,
      format: word("onnx", "safetensors", "pt"),
      bytes: number,
      contents: string,
      checks: list(EXPORT_CHECK),
    }),
  ),
  stdout: string,
} as const;

const EXPORTED = object("ExportedValue", { name: string, dtype: string, shape: list(string) });

/** One per verb that has --json. Where `ok` is false, only the fields of the head are promised. */
export const DOCUMENTS = {
  run: object("RunResult", {
    ...head("run"),
    setup: SETUP,
    device: string,
    outputs: list(TENSOR),
    value: optional(string),
    timeUs: number,
    peakBytes: number,
    parameters: number,
    parameterBytes: number,
    stdout: string,
    placement: optional(list(PLACEMENT)),
  }),
  profile: object("ProfileResult", {
    ...head("profile"),
    setup: SETUP,
    device: string,
    workload: string,
    total: TIMING,
    forward: TIMING,
    backward: optional(TIMING),
    modules: list(MODULE),
    kernels: list(KERNEL),
    lines: list(LINE),
    memory: list(MEMORY),
    kernelTimes: optional(
      list(
        object("KernelTimes", {
          device: string,
          by: word("cupti", "events", "timestamps", "launches"),
          why: optional(string),
        }),
      ),
    ),
    energyJ: optional(number),
    powerW: optional(number),
    energyBy: optional(word("counter", "power")),
    parameters: number,
    parameterBytes: number,
    stdout: string,
    placement: optional(list(PLACEMENT)),
    trace: optional(TRACE),
  }),
  shapes: object("ShapesResult", { ...head("shapes"), setup: SETUP, hints: list(HINT) }),
  graph: object("GraphResult", { ...head("graph"), setup: SETUP, graph: GRAPH }),
  export: object("ExportResult", {
    ...head("export"),
    setup: SETUP,
    file: string,
    bytes: number,
    opset: number,
    nodes: number,
    parameters: number,
    inputs: list(EXPORTED),
    outputs: list(EXPORTED),
    checks: list(EXPORT_CHECK),
    diverges: optional(object("Divergence", { node: string, op: string, source: optional(SOURCE), relative: number })),
  }),
  quantize: object("QuantizeResult", { ...head("quantize"), ...compression }),
  prune: object("PruneResult", { ...head("prune"), ...compression }),
  distill: object("DistillResult", { ...head("distill"), ...compression }),
  inspect: object("InspectResult", {
    ...head("inspect"),
    format: word(
      "pytorch",
      "pytorch-legacy",
      "pytorch-shards",
      "safetensors",
      "safetensors-shards",
      "npy",
      "npz",
      "gguf",
      "onnx",
    ),
    description: string,
    fileBytes: number,
    metadata: record(string),
    tensors: list(INSPECTED_TENSOR),
    totals: object("InspectedTotals", { tensors: number, elements: number, sizeBytes: number }),
    graph: optional(INSPECTED_GRAPH),
    notes: list(string),
  }),
  devices: object("DevicesResult", { ...head("devices"), devices: list(DEVICE) }),
} as const;

/** What every failed document has. */
export const FAILED = object("Failed", {
  version: exactly(1),
  verb: string,
  target: string,
  ok: boolean,
  failure: FAILURE,
});

/** What is wrong with a document, in sentences; none when it fits. Fields that the schema does not know are wrong. */
export function mistakes(schema: Schema, value: unknown, path = "$"): string[] {
  switch (schema.kind) {
    case "array":
      if (!Array.isArray(value)) return [`${path} is ${kindOf(value)}: expected a list`];
      return value.flatMap((item, index) => mistakes(schema.of, item, `${path}[${index}]`));
    case "record":
      if (!isObject(value)) return [`${path} is ${kindOf(value)}: expected an object`];
      return Object.entries(value).flatMap(([key, item]) => mistakes(schema.of, item, `${path}.${key}`));
    case "object":
      if (!isObject(value)) return [`${path} is ${kindOf(value)}: expected an object`];
      return [
        ...Object.keys(value)
          .filter((key) => !Object.hasOwn(schema.fields, key))
          .map((key) => `${path}.${key} is not in the schema`),
        ...Object.entries(schema.fields).flatMap(([key, field]) => {
          if (value[key] === undefined) return field.isOptional ? [] : [`${path}.${key} is missing`];
          return mistakes(field, value[key], `${path}.${key}`);
        }),
      ];
    default: {
      if (value === null && schema.kind === "number" && schema.isNullable) return [];
      if (typeof value !== schema.kind) return [`${path} is ${kindOf(value)}: expected a ${schema.kind}`];
      const values: readonly unknown[] | undefined = schema.kind === "boolean" ? undefined : schema.values;
      return values && !values.includes(value)
        ? [`${path} is ${JSON.stringify(value)}: expected ${values.join(" or ")}`]
        : [];
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "a list" : `a ${typeof value}`;
}

/** The named objects of a schema as TypeScript reads them, outermost first; made once for the documentation. */
export function definitions(schema: Schema): Map<string, string> {
  const found = new Map<string, string>();
  const visit = (at: Schema): void => {
    if (at.kind === "array" || at.kind === "record") return visit(at.of);
    if (at.kind !== "object" || !at.name || found.has(at.name)) return;
    const fields = Object.entries(at.fields).map(
      ([key, field]) => `  ${key}${field.isOptional ? "?" : ""}: ${typeText(field)};`,
    );
    found.set(at.name, `${at.name} {\n${fields.join("\n")}\n}`);
    Object.values(at.fields).forEach(visit);
  };
  visit(schema);
  return found;
}

function typeText(schema: Schema): string {
  switch (schema.kind) {
    case "array":
      return `${typeText(schema.of)}[]`;
    case "record":
      return `{ [name: string]: ${typeText(schema.of)} }`;
    case "object":
      return schema.name ?? "object";
    case "boolean":
      return "boolean";
    default:
      if (schema.kind === "number" && schema.isNullable) return "number | null";
      return schema.values ? schema.values.map((value) => JSON.stringify(value)).join(" | ") : schema.kind;
  }
}
