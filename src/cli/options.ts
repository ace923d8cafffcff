/** Options that several verbs share, and how they become a request. */
import { resolve } from "node:path";
import type { TargetRequest } from "../protocol/rpc.ts";
import { aboveItsPackage } from "../runtime/paths.ts";
import { type Arguments, type OptionSpec, UsageError } from "./command.ts";
import { parseInputs, parseTarget } from "./target.ts";

export const DEVICE: OptionSpec = {
  name: "device",
  value: "cpu|cuda|auto",
  choices: ["cpu", "cuda", "auto", "tensorrt", "directml", "coreml", "webgpu"],
  help: "where to run; auto takes the GPU if there is one; .onnx files also tensorrt, directml, coreml, webgpu",
};
export const ENGINE: OptionSpec = {
  name: "engine",
  value: "onnxruntime|layerwise",
  choices: ["onnxruntime", "layerwise"],
  help: "what runs an .onnx file: ONNX Runtime, or the model on Layerwise's own kernels; default: onnxruntime",
};
export const THREADS: OptionSpec = { name: "threads", value: "N", atLeast: 1, help: "threads of CPU kernels" };
export const ENV: OptionSpec = {
  name: "env",
  value: "DIR",
  help: "virtual environment whose pure-Python packages can be imported (default: $VIRTUAL_ENV, else the nearest .venv)",
};
export const JSON_OPTION: OptionSpec = {
  name: "json",
  help: "print one JSON document and nothing else on standard output",
};
export const INIT: OptionSpec = {
  name: "init",
  value: "'dim=64, heads=4'",
  repeatable: true,
  help: "constructor arguments; inferred when left out",
};
export const INPUT: OptionSpec = {
  name: "input",
  value: "'x=float32[2,16,64]'",
  repeatable: true,
  help: "inputs by name; 'int64[2,16]<100' for whole numbers below 100; inferred when left out",
};

export const WEIGHTS: OptionSpec = {
  name: "weights",
  value: "FILE",
  help: "checkpoint that is loaded into the model first: a state_dict, alone or in what a training script saves",
};

/** What every verb with a TARGET takes. */
export const TARGET_OPTIONS: readonly OptionSpec[] = [INIT, INPUT, WEIGHTS, DEVICE, ENGINE, THREADS, ENV, JSON_OPTION];

export function targetRequest(args: Arguments): TargetRequest {
  const target = parseTarget(args.positional[0]!);
  const init = args
    .all("init")
    .map((text) => text.trim().replace(/,$/, ""))
    .filter((text) => text !== "")
    .join(", ");
  const inputs = parseInputs(args.all("input"));
  const weights = args.get("weights");
  if (weights === "") throw new UsageError("--weights needs the name of a file");
  if (weights !== undefined && target.text.endsWith(".onnx"))
    throw new UsageError("--weights is for models in Python: an .onnx file holds its own");
  return {
    target: target.text,
    // Where relative paths and imports begin, as they do for Python; not for a file that lies elsewhere.
    workspace: aboveItsPackage(resolve(".")),
    writable: true,
    ...(init === "" ? {} : { init }),
    ...(Object.keys(inputs).length === 0 ? {} : { inputs }),
    ...(weights === undefined ? {} : { weights: resolve(weights) }),
    ...machine(args),
  };
}

/** Device, threads and environment. */
export function machine(args: Arguments): Pick<TargetRequest, "device" | "engine" | "threads" | "env"> {
  const device = args.get("device");
  // Not every verb has it.
  const engine = args.get("engine") as TargetRequest["engine"];
  const threads = args.number("threads");
  const env = args.get("env") ?? (process.env["VIRTUAL_ENV"] || undefined);
  return {
    ...(device === undefined ? {} : { device }),
    ...(engine === undefined ? {} : { engine }),
    ...(threads === undefined ? {} : { threads }),
    ...(env === undefined ? {} : { env: resolve(env) }),
  };
}

/** Where to write a result; "" is a mistake that would otherwise surface after minutes of work. */
export function outputFile(args: Arguments, option: string): string | undefined {
  const path = args.get(option);
  if (path === "") throw new UsageError(`--${option} needs the name of a file`);
  return path === undefined || path === "-" ? path : resolve(path);
}
