/**
 * What quantizing, pruning and distilling a model cost and gain: one proof for all three. A report compares a model with
 * what became of it, on the same data, whole and layer by layer; nothing is written unless a file is asked for.
 */
import type { ArgumentChoice, ExportCheck, ResultHead, Setup, Timing } from "./results.ts";
import type { TargetRequest } from "./rpc.ts";
import type { SourceLocation } from "./source.ts";

/** How weights (and activations) are stored. dynamic, static and qat are int8 for weights and activations; fp8 is e4m3. */
export type Scheme =
  "dynamic" | "static" | "qat" | "int8" | "int4" | "nf4" | "fp4" | "fp8" | "fp8-e5m2" | "fp16" | "bf16";

/** How the numbers of a scheme are found. */
export type Method = "nearest" | "gptq" | "awq" | "smoothquant";

/** What watches activations during calibration. */
export type Observer = "minmax" | "average" | "histogram" | "entropy" | "percentile" | "mse";

/** What a layer that is kept is stored as; float32: as it was. */
export type KeptAs = "float32" | "fp16" | "bf16" | "int8";

export interface KeptLayer {
  /** Path of a module; * stands for anything. */
  path: string;
  /** Absent: as `keepAs` says. */
  as?: KeptAs;
}

/** What embeddings, and weights that are tied to one, are stored as; keep: as they were. */
export type EmbeddingForm = "int8" | "int4" | "fp16" | "bf16" | "keep";

/** The data on which a model is calibrated and judged, and the function that judges. */
export interface ProofRequest extends TargetRequest {
  /**
   * Samples: a picture or a folder of pictures, .npy, .npz, .pt, .safetensors, or FILE.py::function, which returns or yields them.
   * Folders in the folder are classes.
   */
  data?: string;
  /**
   * How pictures become inputs: "imagenet", "MEAN/DEVIATION" (one of each, or one for each channel), or FILE.py::function, which is
   * called with a PIL image and returns a tensor. Absent: 0 to 1, or what the model's own configuration says.
   */
  prepare?: string;
  /** At most this many samples. */
  samples?: number;
  /** FILE.py::function, called with the model, which returns a number; else top-1 agreement or perplexity where they fit. */
  metric?: string;
  /** Where to write: .onnx, .safetensors, .pt; absolute. Absent: nothing is kept. */
  file?: string;
  /** Most time in milliseconds for measuring each report. Default 1500. */
  maxTimeMs?: number;
}

export interface QuantizeRequest extends ProofRequest {
  /** One or several, compared side by side; a file takes one. */
  schemes: Scheme[];
  method?: Method;
  observer?: Observer;
  /** Columns that share a scale, for int4, nf4, fp4 (and int8); 0: one scale per row. */
  group?: number;
  symmetric?: boolean;
  /** float: products of weight-only schemes do not round their inputs, which int4 (to int8) and bf16 do on a CPU. */
  activations?: "float" | "rounded";
  perChannel?: boolean;
  /** Layers that the scheme leaves alone. */
  keep?: KeptLayer[];
  /** What kept layers are stored as, those for the budget too, where they do not say it themselves. Default: float32. */
  keepAs?: KeptAs;
  /** Default: int8, in fp16 and bf16 as the rest. */
  embeddings?: EmbeddingForm;
  /** Rank layers by what quantizing each alone costs. */
  sensitivity?: boolean;
  /** Lowest signal-to-noise ratio of the outputs in decibels: layers are kept, most sensitive first, until it holds. */
  budgetDb?: number;
  /** Training steps of qat. */
  steps?: number;
}

export interface PruneRequest extends ProofRequest {
  /** channels: removed for good, with every shape that depends on them; "2:4": n kept of every m along the input. */
  pattern: "unstructured" | "channels" | `${number}:${number}`;
  /** Share of weights (or channels) that go, 0 to 1; n:m says it by itself. */
  amount?: number;
  /** Over all layers at once instead of the same share in each. */
  global?: boolean;
  /** Paths of modules that stay as they are; * stands for anything. */
  keep?: string[];
  /** Training steps after pruning, on the data. */
  steps?: number;
}

export interface DistillRequest extends ProofRequest {
  /** FILE.py::Class of the model that teaches; the target learns. */
  teacher: string;
  /** Constructor arguments and checkpoint of the teacher. */
  teacherInit?: string;
  teacherWeights?: string;
  steps?: number;
  temperature?: number;
  /** Weight of the teacher's soft targets against the data's own labels, 0 to 1. */
  alpha?: number;
  /** Pairs of module paths whose outputs are matched: {student: teacher}. */
  hidden?: Record<string, string>;
  learningRate?: number;
}

/** How far `after` is from `before`, over all elements. */
export interface Difference {
  /** 10 log10(sum before^2 / sum (before - after)^2); null when equal (infinite). */
  sqnrDb: number | null;
  cosine: number;
  maxError: number;
  /** maxError over the largest |before|. */
  relativeError: number;
  /** Elements that became NaN or infinite; absent for none. The other figures leave them out. */
  broken?: number;
  /** Of all outputs of a model: the one that is clearly further off than all of them together. */
  weakest?: { name: string; sqnrDb: number };
}

/** Equal bins from low to high; values outside are in none. */
export interface Histogram {
  low: number;
  high: number;
  counts: number[];
}

export interface LayerReport {
  path: string;
  type: string;
  source?: SourceLocation;
  /** What it became: "int4 group 32", "float32", "fp16", "37 of 64 channels". */
  became: string;
  /** Why it stayed as it was, where it did: "kept by request", "3 columns do not fill a group". */
  why?: string;
  parameters: number;
  beforeBytes: number;
  afterBytes: number;
  /** Of its weights, and of its output given the unquantized model's input to it. */
  weight?: Difference;
  output?: Difference;
  /** Output in place: with everything before it changed too. */
  inPlace?: Difference;
  beforeUs?: number;
  afterUs?: number;
  /** The model's outputs when this layer alone is changed. */
  sensitivity?: Difference;
  /** Share of zeros after, for pruning. */
  zeros?: number;
  ranges?: {
    weight?: { before: Histogram; after: Histogram };
    output?: { before: Histogram; after: Histogram };
  };
}

/** How two times compare once their spread is weighed. */
export interface Speed {
  /** same: within what the times differ by themselves. */
  change: "faster" | "slower" | "same";
  /** 1.3: so many times as fast, or as slow; 1 where they are the same. Rounded as far as the times carry. */
  factor: number;
  /** Times that differ by less than this share are the same. */
  noise: number;
}

/** One way of compressing the model, measured. */
export interface CompressionReport {
  /** "int4", "static", "2:4", "distilled". */
  name: string;
  /** As a person would write it down: "int4, groups of 32, GPTQ". */
  description: string;
  /** One sentence, the bad news first: "Slower (1.3x) and no smaller: not worth keeping." */
  verdict: string;
  worthKeeping: boolean;
  beforeBytes: number;
  afterBytes: number;
  /** One forward call on the first sample, before and after interleaved. */
  latency: { before: Timing; after: Timing };
  /** What the latency comes to: the verdict says the same. */
  speed: Speed;
  /** Of the model's outputs, over all samples. */
  output: Difference;
  /** On the person's data: higher or lower is better. */
  metrics: { name: string; before: number; after: number; better: "higher" | "lower"; samples: number }[];
  layers: LayerReport[];
  /** Loss by step, where something was trained. */
  losses?: number[];
  /** Layers that were kept to hold the budget, in the order in which they were. */
  keptForBudget?: string[];
}

/** A file that was written, and read again before it was called done. */
export interface CompressedFile {
  file: string;
  format: "onnx" | "safetensors" | "pt";
  bytes: number;
  /** Sentences on what is inside: "QDQ, opset 21", "MatMulNBits for 12 layers". */
  contents: string;
  checks: ExportCheck[];
}

interface CompressionHead extends ResultHead {
  setup: Setup;
  device: string;
  /** Where the samples came from: "data.npy, 64 samples"; "random inputs, 8 samples" is said plainly. */
  data: ArgumentChoice & { samples: number; isRandom: boolean };
  reports: CompressionReport[];
  /** Sentences on what makes the figures doubtful: "The model gives other outputs for the same inputs: ...". */
  notes: string[];
  file?: CompressedFile;
  stdout: string;
}

export interface QuantizeResult extends CompressionHead {
  verb: "quantize";
}

export interface PruneResult extends CompressionHead {
  verb: "prune";
}

export interface DistillResult extends CompressionHead {
  verb: "distill";
}
