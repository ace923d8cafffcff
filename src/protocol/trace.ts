/**
 * One trace: what every engine produces and src/profiler reads.
 * Times are microseconds on one monotonic clock that starts at 0 with the trace. Strings and places are interned in
 * tables, events refer to them by index: a trace of a million events stays small and travels fast.
 */
import type { SourceLocation } from "./source.ts";

export const TRACE_VERSION = 1;

/** Which part of a step an op belongs to. */
export type Phase = "forward" | "backward" | "optimizer" | "other";

/** One call of an op (`torch.softmax`), as Python or the tape made it. */
export interface OpEvent {
  /** Index into `Trace.names`: the op's name, "softmax". */
  name: number;
  /** Index into `Trace.names`: what the file of a model calls the node that this op is. */
  node?: number;
  /** Index into `Trace.modules`; 0 is "outside of any module". */
  module: number;
  /** Index into `Trace.sources`, -1 when no user line is known. */
  source: number;
  phase: Phase;
  /** Which profiled step, 0-based; warm-up is not in the trace. */
  step: number;
  /** When the op was recorded on the host, and for how long the host was busy with it. */
  startUs: number;
  durationUs: number;
  /** Shapes and dtypes of the tensor inputs and outputs: "float32[2,16,64]", indices into `Trace.names`. */
  inputs: number[];
  outputs: number[];
  /** Floating-point operations and bytes moved, by the op's own cost rule; 0 for views. */
  flops: number;
  bytes: number;
}

/** One kernel launch on a device. */
export interface KernelEvent {
  /** Index into `Trace.names`: "matmul", "pointwise[gelu]". */
  name: number;
  /** Index into `Trace.ops`: the op that launched it; -1 for memory copies made by reads. */
  op: number;
  /** Index into `Trace.devices`. */
  device: number;
  stream: number;
  startUs: number;
  durationUs: number;
  flops: number;
  bytes: number;
  /** Index into `Trace.names`: the GPU's own name of its code, where it is known. */
  code?: number;
}

/** What a block of memory holds, as far as it is known when it is allocated. */
export type MemoryKind = "parameter" | "gradient" | "optimizer" | "activation" | "input" | "temporary";

/** One allocation (sizeBytes > 0) or free (< 0) of tensor memory. */
export interface MemoryEvent {
  timeUs: number;
  device: number;
  /** Which block, so that an allocation and its free can be paired. */
  block: number;
  sizeBytes: number;
  /** Totals after the event. */
  allocatedBytes: number;
  reservedBytes: number;
  /** Index into `Trace.ops`, or -1. */
  op: number;
  kind: MemoryKind;
}

/** A module instance in the order of first call; `modules[0]` stands for code outside of any module. */
export interface TraceModule {
  /** Dotted path from the root, as `named_modules` gives it: "" is the root itself, "blocks.0.attn". */
  path: string;
  /** Class name, "MultiHeadAttention". */
  type: string;
  /** Index of the parent module; -1 for modules[0] and roots. */
  parent: number;
  /** Where the class is defined, index into `Trace.sources`, or -1. */
  source: number;
  parameters: number;
  parameterBytes: number;
}

export interface TraceDevice {
  /** "cpu" or "cuda:0". */
  id: string;
  /** "AMD EPYC 9654, 2 threads, AVX-512". */
  name: string;
  /** Peak of allocated and reserved tensor memory during the trace. */
  peakAllocatedBytes: number;
  peakReservedBytes: number;
  /**
   * Of a GPU: whether CUPTI told when kernels ran, or events around them did, and then why. In ONNX Runtime: whether the GPU's clock
   * told, or nothing but the time of launching is known.
   */
  kernelTimes?: { by: "cupti" | "events" | "timestamps" | "launches"; why?: string };
}

/** One repetition of what was profiled. */
export interface TraceStep {
  startUs: number;
  endUs: number;
}

export interface Trace {
  version: typeof TRACE_VERSION;
  /** What was profiled: "train_gpt.py", "model.py::GPT". */
  target: string;
  names: string[];
  sources: SourceLocation[];
  modules: TraceModule[];
  devices: TraceDevice[];
  steps: TraceStep[];
  ops: OpEvent[];
  kernels: KernelEvent[];
  memory: MemoryEvent[];
}
