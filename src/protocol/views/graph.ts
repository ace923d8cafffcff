/** Everything the graph view and its host say to each other. */
import type { Failure, SourceLocation } from "../source.ts";
import type { Graph } from "../graph.ts";
import type { InspectedValue } from "../inspect.ts";
import type { ArgumentChoice, TensorSummary } from "../results.ts";

/** Measurements laid over the graph; per repetition, in microseconds and bytes. */
export interface GraphOverlay {
  /** What was measured: "cpu, forward + backward". */
  label: string;
  modules: { path: string; timeUs: number; memoryBytes: number }[];
  /** Kernel time of one op kind on one source line inside one module. */
  ops: { path: string; op: string; file: string; line: number; timeUs: number }[];
  /** Kernel time of each node of a model's file, by its name. */
  nodes: { name: string; timeUs: number }[];
}

/** What quantizing did to each layer, for colours and tips. */
export interface GraphErrors {
  /** Which report: "int4, groups of 32". */
  label: string;
  /** Signal over noise of each layer's output in decibels; null where it is exact. */
  layers: { path: string; became: string; sqnrDb: number | null }[];
}

/** A model's own file, which has no source beside it: what it takes and gives, and what its last run gave. */
export interface ModelFile {
  /** Null until it is read, and where it cannot be. */
  facts: { opset: string; nodes: number; fileBytes: number; producer: string } | null;
  /** Why nothing is known about what it takes and gives: its weights lie in a file that is not there. */
  problem: string | null;
  /** It is being read for the first time. */
  isOpening: boolean;
  inputs: InspectedValue[];
  outputs: InspectedValue[];
  run: {
    inputs: ArgumentChoice[];
    outputs: TensorSummary[];
    timeUs: number;
    device: string;
    stale: string | null;
  } | null;
  isRunning: boolean;
  /** The graph as ONNX Runtime makes it before it runs, instead of as it was written. */
  isOptimized: boolean;
}

export interface GraphState {
  model: ModelFile | null;
  graph: Graph | null;
  overlay: GraphOverlay | null;
  errors: GraphErrors | null;
  stale: string | null;
  running: { target: string; message: string; fraction?: number } | null;
  failure: Failure | null;
  suggestion: string | null;
  root: string;
  /** False where the folder is not trusted: then a model's file is not opened. */
  isTrusted: boolean;
}

export interface GraphHost {
  state(): GraphState;
  openSource(at: SourceLocation): void;
  copy(text: string): void;
  /** The host asks where to put it. */
  saveSvg(svg: string): void;
  /** Make the graph of the suggestion, or of the same target again. */
  graph(): void;
  /** Of a model's file: run it once. */
  run(): void;
  editInputs(): void;
  optimize(isOptimized: boolean): void;
  /** Profile the target, so that time and memory can be laid over. */
  profile(): void;
  /** Quantize the target, so that errors can be laid over. */
  quantize(): void;
  cancel(): void;
  /** Where the person decides whether to trust the folder. */
  manageTrust(): void;
  /** The user chose a module: other views of the same model show it too. */
  select(path: string): void;
}

export type GraphNews =
  | { type: "changed" }
  | { type: "progress"; message: string; fraction?: number }
  /** Show and select what stands at this place: a module path, or the first node of a source line. */
  | { type: "reveal"; path?: string; at?: { file: string; line: number } };
