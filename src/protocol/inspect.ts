/** What `layerwise inspect` answers about a file of tensors or a model. Plain data; nothing of a file was run for it. */

export interface InspectedTensor {
  name: string;
  /** PyTorch's name of the element type, or GGML's for quantized blocks. */
  dtype: string;
  shape: number[];
  sizeBytes: number;
  /** The file of a checkpoint in several files that holds it. */
  file?: string;
  /** With --stats, for numbers that have an order; absent for an empty tensor. */
  statistics?: { min: number; max: number; mean: number; std: number; nans: number; infs: number; zeros: number };
}

/** An input or output of a graph. */
export interface InspectedValue {
  name: string;
  dtype: string;
  /** Sizes, names of sizes, or "?". */
  shape: string[];
}

export interface InspectedGraph {
  name: string;
  inputs: InspectedValue[];
  outputs: InspectedValue[];
  /** Most frequent first. */
  operators: { name: string; count: number }[];
}

export interface Inspection {
  format:
    | "pytorch"
    | "pytorch-legacy"
    | "pytorch-shards"
    | "safetensors"
    | "safetensors-shards"
    | "npy"
    | "npz"
    | "gguf"
    | "onnx";
  /** "PyTorch checkpoint, zip format 3". */
  description: string;
  fileBytes: number;
  metadata: Record<string, string>;
  tensors: InspectedTensor[];
  totals: {
    tensors: number;
    elements: number;
    /** Memory that is shared counts once for each tensor that shares it. */
    sizeBytes: number;
  };
  graph?: InspectedGraph;
  /** Sentences worth knowing: shared memory, classes that cannot be loaded, missing shards. */
  notes: string[];
}
