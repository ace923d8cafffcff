/**
 * What each verb answers: the same document that `layerwise VERB --json` prints, that the runtime process sends to the
 * extension, and that docs/cli.md describes. Sizes in bytes, times in microseconds unless the name says otherwise.
 */
import type { Failure, SourceLocation } from "./source.ts";
import type { Inspection } from "./inspect.ts";
import type { Trace } from "./trace.ts";
import type { Graph } from "./graph.ts";
import type { AnalysisResult } from "./analysis.ts";
import type { DistillResult, PruneResult, QuantizeResult } from "./compress.ts";

/** A tensor as it is shown to people: never its data, always what one needs to trust or doubt it. */
export interface TensorSummary {
  /** Where it sits in the result: "output", "output[0]", "output.logits", or the name of an input. */
  name: string;
  shape: number[];
  dtype: string;
  device: string;
  /** Absent for an empty tensor and on the meta device. */
  statistics?: { min: number; max: number; mean: number; std: number; nans: number; infs: number; zeros: number };
  /** The first values as Python prints them, at most 200 characters. */
  preview?: string;
}

/** How a constructor or forward argument got its value. */
export interface ArgumentChoice {
  name: string;
  /** As written on the command line: "64" for a constructor argument, "float32[2,16,64]" for a tensor. */
  value: string;
  from: "given" | "remembered" | "call" | "annotation" | "default" | "layers" | "name";
  /** A sentence for the person: "from the call in line 40". */
  why?: string;
}

/** The part that all results share. `ok: false` always carries a failure and may carry what was done until then. */
export interface ResultHead {
  version: 1;
  verb:
    | "analyse"
    | "run"
    | "profile"
    | "graph"
    | "shapes"
    | "devices"
    | "python"
    | "describe"
    | "export"
    | "inspect"
    | "quantize"
    | "prune"
    | "distill";
  target: string;
  ok: boolean;
  failure?: Failure;
}

/** Arguments with which a target was built and called. */
export interface Setup {
  init: ArgumentChoice[];
  inputs: ArgumentChoice[];
}

export interface RunResult extends ResultHead {
  verb: "run";
  setup: Setup;
  device: string;
  outputs: TensorSummary[];
  /** A result that is no tensor, as `repr` prints it. */
  value?: string;
  /** One call after warm-up. */
  timeUs: number;
  /** Peak tensor memory of the call above what was there before it. */
  peakBytes: number;
  parameters: number;
  parameterBytes: number;
  stdout: string;
  /** Of an .onnx file on another device than the CPU: where its nodes ran. */
  placement?: Placement[];
}

/** A device and what ONNX Runtime ran on it: what the asked one has no kernel for runs on the CPU. */
export interface Placement {
  device: string;
  nodes: number;
  /** Names of operators, most nodes first. */
  operators: string[];
}

/** A duration as it should be reported: after warm-up, over several repetitions. */
export interface Timing {
  medianUs: number;
  minUs: number;
  maxUs: number;
  /** (p75 - p25) / median: what "until the spread is under 5%" is measured by. */
  spread: number;
  repetitions: number;
}

export interface ModuleRow {
  path: string;
  type: string;
  depth: number;
  calls: number;
  /** Kernel time of the module with and without its children. */
  totalUs: number;
  selfUs: number;
  forwardUs: number;
  backwardUs: number;
  share: number;
  flops: number;
  bytes: number;
  parameters: number;
  parameterBytes: number;
  /** Bytes of outputs allocated inside it in forward and alive when it returned. */
  activationBytes: number;
  source?: SourceLocation;
}

/** The columns of `torch.profiler`'s `key_averages().table()`. */
export interface KernelRow {
  name: string;
  selfUs: number;
  selfShare: number;
  totalUs: number;
  totalShare: number;
  averageUs: number;
  calls: number;
  selfBytes: number;
  flops: number;
  /** The ops that launched it, most time first. */
  ops: string[];
}

export interface LineRow {
  source: SourceLocation;
  /** The text of the line, trimmed. */
  text: string;
  totalUs: number;
  forwardUs: number;
  backwardUs: number;
  share: number;
  flops: number;
  bytes: number;
  /** Memory allocated by ops of this line. */
  allocatedBytes: number;
  calls: number;
  hottest: string;
}

export interface MemorySummary {
  device: string;
  peakAllocatedBytes: number;
  peakReservedBytes: number;
  /** What was alive at the peak, by kind. */
  atPeak: {
    parameter: number;
    gradient: number;
    optimizer: number;
    activation: number;
    input: number;
    temporary: number;
  };
  allocations: number;
  allocatedBytes: number;
  /** The allocations that were largest at the peak, largest first. */
  largest: { sizeBytes: number; op: string; module: string; source?: SourceLocation }[];
}

export interface ProfileResult extends ResultHead {
  verb: "profile";
  setup: Setup;
  device: string;
  /** What one repetition does: "forward", "forward + backward", "script". */
  workload: string;
  total: Timing;
  forward: Timing;
  backward?: Timing;
  modules: ModuleRow[];
  kernels: KernelRow[];
  lines: LineRow[];
  memory: MemorySummary[];
  /** How kernels were timed: by CUPTI, by events around launches (and then why), by the GPU's clock, or as launches alone. */
  kernelTimes?: { device: string; by: "cupti" | "events" | "timestamps" | "launches"; why?: string }[];
  /** Of an .onnx file on another device than the CPU: where its nodes ran. */
  placement?: Placement[];
  /** What one untraced repetition took from the GPU's supply, and its mean power: of the whole board, idle draw included. */
  energyJ?: number;
  powerW?: number;
  /** Whether the GPU's own counter told, or its power draw over time. */
  energyBy?: "counter" | "power";
  parameters: number;
  parameterBytes: number;
  stdout: string;
  /** The events behind the tables; left out of `--json` unless `--trace -` asks for it. */
  trace?: Trace;
}

export interface GraphResult extends ResultHead {
  verb: "graph";
  setup: Setup;
  graph: Graph;
}

/** Shapes of the tensors that a line made, in the order of evaluation. */
export interface ShapeHint {
  source: SourceLocation;
  /** The name it was assigned to, or the op that made it. */
  name: string;
  shape: number[];
  dtype: string;
  device: string;
  /** How often the line ran; `shape` is the last pass, `first` the first one where it differs. */
  passes: number;
  first?: number[];
}

export interface ShapesResult extends ResultHead {
  verb: "shapes";
  setup: Setup;
  hints: ShapeHint[];
}

/** A line to copy into a terminal, or a page where it is explained. */
export interface WayToGet {
  system: string;
  command?: string;
  url?: string;
}

/** What a GPU tells of itself at this moment; what it does not tell is absent. */
export interface DeviceReadings {
  /** Shares of the last sample period in which kernels ran, and in which memory was used. */
  utilization?: number;
  memoryUtilization?: number;
  /** Of all processes. */
  usedBytes?: number;
  totalBytes?: number;
  temperatureC?: number;
  powerW?: number;
  powerLimitW?: number;
  clockMhz?: number;
  maxClockMhz?: number;
  memoryClockMhz?: number;
  /** Why clocks are lower than they could be, a few words each. */
  throttles: string[];
  processes: { pid: number; bytes?: number }[];
}

export interface DeviceInfo {
  /** "cpu", "cuda:0"; for parts that were looked for: "oneDNN", "cuBLASLt". */
  id: string;
  kind: "device" | "library";
  available: boolean;
  /** One sentence: what was found, or why not and how to get it. */
  description: string;
  totalBytes?: number;
  freeBytes?: number;
  /** Of a device: its maker's name for it, and facts a few words each. */
  name?: string;
  facts?: string[];
  /** Not a GPU but the tests' emulation of one. */
  isEmulated?: boolean;
  readings?: DeviceReadings;
  /** Of a library: what it is for, where it is, its own version, why it was not found. */
  purpose?: string;
  path?: string;
  libraryVersion?: string;
  reason?: string;
  /** What does the work without it. */
  instead?: string;
  /** How to get what is missing. */
  get?: WayToGet[];
}

export interface DevicesResult extends ResultHead {
  verb: "devices";
  devices: DeviceInfo[];
}

/** The whole document; where `ok` is false only the head is there. */
export interface InspectResult extends ResultHead, Inspection {
  verb: "inspect";
}

export interface PythonResult extends ResultHead {
  verb: "python";
  exitCode: number;
}

/** What can be run in a file, found without running it. */
export interface TargetInfo {
  /** "MultiHeadAttention"; "" for the file as a script. */
  name: string;
  kind: "class" | "function" | "script";
  source: SourceLocation;
  /** Proposed arguments, with their reasons; empty until asked for in full. */
  setup: Setup;
}

export interface DescribeResult extends ResultHead {
  verb: "describe";
  targets: TargetInfo[];
}

/** How far ONNX Runtime's outputs are from the runtime's own, for one set of input sizes. */
export interface ExportCheck {
  /** Sizes of the dynamic dimensions: { batch: 3 }. */
  sizes: Record<string, number>;
  /** By output: the largest difference, and the same divided by the largest value. */
  outputs: { name: string; shape: number[]; absolute: number; relative: number }[];
  ok: boolean;
}

export interface ExportResult extends ResultHead {
  verb: "export";
  setup: Setup;
  /** Absolute path of what was written. */
  file: string;
  bytes: number;
  opset: number;
  nodes: number;
  parameters: number;
  inputs: { name: string; dtype: string; shape: string[] }[];
  outputs: { name: string; dtype: string; shape: string[] }[];
  checks: ExportCheck[];
  /** The first node whose value differs, where a check failed. */
  diverges?: { node: string; op: string; source?: SourceLocation; relative: number };
}

export type Result =
  | RunResult
  | ProfileResult
  | GraphResult
  | ShapesResult
  | DevicesResult
  | PythonResult
  | DescribeResult
  | AnalysisResult
  | ExportResult
  | InspectResult
  | QuantizeResult
  | PruneResult
  | DistillResult;
