/**
 * ONNX Runtime's package as it lies here: its own interface, and beneath it the native sessions, which run when they are called.
 * Loaded when it is first asked for; where it cannot be, one sentence says why.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import type { InferenceSession, OnnxValue } from "onnxruntime-node";
import { RuntimeError } from "../errors.ts";
import { foreign } from "../foreign.ts";
import { isBundled } from "../paths.ts";

/** What the package says of a value that goes in or comes out. */
export interface NativeValue {
  name: string;
  isTensor: boolean;
  /** TensorProto.DataType; absent where it is no tensor. */
  type: number;
  /** -1 where a size is open: then its name stands in `symbolicDimensions`, or nothing. */
  shape: number[];
  symbolicDimensions: string[];
}

/** A session below the package's promises. */
export interface NativeSession {
  loadModel(path: string, options: InferenceSession.SessionOptions): void;
  loadModel(buffer: ArrayBuffer, at: number, length: number, options: InferenceSession.SessionOptions): void;
  readonly inputMetadata: NativeValue[];
  readonly outputMetadata: NativeValue[];
  run(
    feeds: Record<string, OnnxValue>,
    fetches: Record<string, null>,
    options: InferenceSession.RunOptions,
  ): Record<string, OnnxValue>;
  endProfiling(): void;
  dispose(): void;
}

type OnnxRuntime = typeof import("onnxruntime-node") & {
  binding: { InferenceSession: new () => NativeSession };
  initOrt(): void;
};

let loaded: OnnxRuntime | null = null;
const require = createRequire(import.meta.url);

/** In a bundle both parts are one file beside the native libraries. */
const BUNDLE = "./onnxruntime/lib/index.cjs";

export function onnxRuntime(): OnnxRuntime {
  if (loaded) return loaded;
  try {
    foreign(() => {
      loaded = isBundled
        ? require(BUNDLE)
        : { ...require("onnxruntime-node"), ...require("onnxruntime-node/dist/binding.js") };
      loaded!.initOrt();
    });
  } catch (error) {
    loaded = null;
    throw new RuntimeError(`ONNX Runtime itself cannot be loaded: ${(error as Error).message.split("\n")[0]}`);
  }
  return loaded!;
}

/** Where ONNX Runtime's own libraries lie. */
export function libraryFolder(): string {
  const entry = require.resolve(isBundled ? BUNDLE : "onnxruntime-node");
  return join(dirname(entry), "..", "bin", "napi-v6", process.platform, process.arch);
}
