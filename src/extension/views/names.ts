/** Ids that package.json and the code share. */
export const CONTAINER_ID = "layerwise";
export const PROFILER_VIEW = "layerwise.profiler";
export const GRAPH_VIEW = "layerwise.graph";
export const DEVICES_VIEW = "layerwise.devices";
/** The editor of .onnx files. */
export const MODEL_EDITOR = "layerwise.onnx";

/** The editor of data files, and the files it is for. */
export const DATA_EDITOR = "layerwise.inspect";
export const DATA_FILES = ["safetensors", "gguf", "npy", "npz", "pt", "pth"];

export function compressionView(verb: "quantize" | "prune" | "distill"): string {
  return `layerwise.${verb}`;
}
