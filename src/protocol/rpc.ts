/**
 * The conversation with the runtime process, over Node's IPC channel (structured clone). The process speaks first
 * (`ready`). Every request settles exactly once: with a result, or with a failure.
 */
import type { AnalysisRequest, AnalysisResult } from "./analysis.ts";
import type {
  DescribeResult,
  DevicesResult,
  ExportResult,
  GraphResult,
  InspectResult,
  ProfileResult,
  PythonResult,
  RunResult,
  ShapesResult,
} from "./results.ts";
import type {
  DistillRequest,
  DistillResult,
  PruneRequest,
  PruneResult,
  QuantizeRequest,
  QuantizeResult,
} from "./compress.ts";
import type { Failure } from "./source.ts";

export const RPC_VERSION = 1;

/** What to run and with what. Paths are absolute host paths. */
export interface TargetRequest {
  /** "/w/model.py", "/w/model.py::GPT", "/w/model.py::step". */
  target: string;
  /** Import root, also the only folder user code can see; default: the folder of the file. */
  workspace?: string;
  /** The text of the file when the editor holds unsaved changes. */
  overlay?: Record<string, string>;
  /** Constructor arguments as Python keyword arguments: "dim=64, heads=4". */
  init?: string;
  /** Inputs by name: {x: "float32[2,16,64]"}. */
  inputs?: Record<string, string>;
  /** A checkpoint that is loaded into the model first; absolute. */
  weights?: string;
  device?: string;
  /** What runs an .onnx file: ONNX Runtime, unless the runtime's own engine is named. */
  engine?: "onnxruntime" | "layerwise";
  threads?: number;
  /** A virtual environment whose pure-Python packages can be imported. */
  env?: string;
  /** May user code write into the workspace? False in untrusted folders. */
  writable?: boolean;
  /** Command-line arguments of a script. */
  argv?: string[];
}

export interface ProfileRequest extends TargetRequest {
  /** Profile the backward pass too, of the sum of all floating outputs unless the target returns a loss. Default true. */
  backward?: boolean;
  /** Most repetitions, and most time in milliseconds spent on them. */
  maxRepetitions?: number;
  maxTimeMs?: number;
}

export interface GraphRequest extends TargetRequest {
  /** Of an .onnx file: as ONNX Runtime runs it, after its optimizations. */
  optimized?: boolean;
}

export interface DescribeRequest extends TargetRequest {
  /** Import the file on the meta device to propose arguments; otherwise only its text is parsed. */
  full?: boolean;
}

export interface ExportRequest extends TargetRequest {
  /** Where to write; absolute. */
  file: string;
  opset?: number;
  /** Names of axes by input and axis: { x: { "0": "batch" } }. */
  dynamic?: Record<string, Record<string, string>>;
}

export interface InspectRequest {
  /** Absolute. */
  file: string;
  /** Read all data, for smallest, largest, mean and NaN counts. */
  statistics?: boolean;
}

/** Where libraries are looked for besides the usual places; only folders that are trusted. */
export type DevicesRequest = Pick<TargetRequest, "workspace" | "env">;

/** Verbs and their types: the one table that client, server and command line share. */
export interface Verbs {
  analyse: { request: AnalysisRequest; result: AnalysisResult };
  run: { request: TargetRequest; result: RunResult };
  profile: { request: ProfileRequest; result: ProfileResult };
  graph: { request: GraphRequest; result: GraphResult };
  shapes: { request: TargetRequest; result: ShapesResult };
  python: { request: TargetRequest; result: PythonResult };
  describe: { request: DescribeRequest; result: DescribeResult };
  devices: { request: DevicesRequest; result: DevicesResult };
  export: { request: ExportRequest; result: ExportResult };
  inspect: { request: InspectRequest; result: InspectResult };
  quantize: { request: QuantizeRequest; result: QuantizeResult };
  prune: { request: PruneRequest; result: PruneResult };
  distill: { request: DistillRequest; result: DistillResult };
}
export type Verb = keyof Verbs;

/** Of a GPU while something runs on it: all processes' memory, share of time in kernels. What is not told is absent. */
export interface GpuNow {
  usedBytes?: number;
  totalBytes?: number;
  utilization?: number;
  temperatureC?: number;
  powerW?: number;
}

/** Tensor memory on the device in use. */
export interface DeviceState {
  device: string;
  allocatedBytes: number;
  reservedBytes: number;
  gpu?: GpuNow;
}

export type ToRuntime =
  { type: "request"; id: number; verb: Verb; request: Verbs[Verb]["request"] } | { type: "cancel"; id: number };

/** Files are read, and .onnx graphs drawn, without Python: no start has to be waited for, and nothing that runs already. */
export function needsPython<V extends Verb>(verb: V, request: Verbs[V]["request"]): boolean {
  if (verb === "inspect") return false;
  const { target, engine } = request as TargetRequest;
  return verb !== "graph" || engine === "layerwise" || !/\.onnx$/i.test(target);
}

export type FromRuntime =
  | { type: "ready"; version: typeof RPC_VERSION; pid: number; device: string }
  | { type: "result"; id: number; result: Verbs[Verb]["result"] }
  /** The request could not be carried out at all; a model that failed is a result with `ok: false`. */
  | { type: "failure"; id: number; failure: Failure }
  | { type: "output"; id: number; stream: "stdout" | "stderr"; text: string }
  | { type: "progress"; id: number; message: string; /** 0..1 when known. */ fraction?: number }
  | ({ type: "memory" } & DeviceState);
