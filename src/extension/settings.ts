/** Every setting, declared once: package.json and the typed reader come from here. Reads nothing itself. */

export interface SettingDeclaration<Value> {
  type: "boolean" | "integer" | "string";
  default: Value;
  description: string;
  values?: readonly Value[];
  valueDescriptions?: readonly string[];
  /** Of a string, and what is said of one that does not fit. */
  pattern?: string;
  patternMessage?: string;
  minimum?: number;
  maximum?: number;
  scope: "machine-overridable" | "resource" | "window";
  /** In an untrusted folder the folder's own value is ignored. */
  isRestricted?: true;
}

const setting = <Value>(declaration: SettingDeclaration<Value>): SettingDeclaration<Value> => declaration;

export const settings = {
  device: setting<string>({
    type: "string",
    default: "auto",
    description:
      "Where models run: auto (the GPU if there is one, else the CPU), cpu, cuda, or one GPU by its number: cuda:1. " +
      "A GPU that is not there is an error.",
    pattern: "^(auto|cpu|cuda(:\\d+)?)$",
    patternMessage: "auto, cpu, cuda or cuda:N",
    scope: "window",
  }),
  "diagnostics.enabled": setting<boolean>({
    type: "boolean",
    default: true,
    description: "Mark shape, dtype and device clashes and other mistakes in models while you type.",
    scope: "resource",
  }),
  environment: setting<string>({
    type: "string",
    default: "",
    description:
      "A virtual environment whose pure-Python packages models may import, absolute or relative to the folder. " +
      "Empty: the folder's own .venv, if there is one.",
    scope: "machine-overridable",
    isRestricted: true,
  }),
  "export.opset": setting<number>({
    type: "integer",
    default: 18,
    description: "Version of ONNX's operators that models are exported with.",
    minimum: 17,
    maximum: 23,
    scope: "resource",
  }),
  "hints.assignments": setting<boolean>({
    type: "boolean",
    default: true,
    description: "Show the shape of what a line assigns.",
    scope: "resource",
  }),
  "hints.enabled": setting<boolean>({
    type: "boolean",
    default: true,
    description: "Show tensor shapes behind lines, found by running the code on shapes alone, in a sandbox.",
    scope: "resource",
  }),
  "hints.loops": setting<boolean>({
    type: "boolean",
    default: true,
    description: "Show the shape of what a loop or a `with` binds.",
    scope: "resource",
  }),
  "hints.names": setting<boolean>({
    type: "boolean",
    default: true,
    description: "Write dimensions that come from an input by name, [B, T, 64], instead of as numbers, [2, 16, 64].",
    scope: "resource",
  }),
  "hints.returns": setting<boolean>({
    type: "boolean",
    default: true,
    description: "Show the shape of what a function returns.",
    scope: "resource",
  }),
  "hover.enabled": setting<boolean>({
    type: "boolean",
    default: true,
    description: "Show shapes, parameters, FLOPs and memory when the mouse rests on a layer, a call or a class.",
    scope: "resource",
  }),
  inlineLines: setting<boolean>({
    type: "boolean",
    default: true,
    description: "After a profile, show time and memory at the end of each line.",
    scope: "window",
  }),
  inlineResults: setting<boolean>({
    type: "boolean",
    default: true,
    description: "Show the result of a run at the end of the line that defines its class or function.",
    scope: "window",
  }),
  "lenses.export": setting<boolean>({
    type: "boolean",
    default: true,
    description: "Show the Export lens above classes.",
    scope: "window",
  }),
  "lenses.graph": setting<boolean>({
    type: "boolean",
    default: true,
    description: "Show the Graph lens above classes and functions.",
    scope: "window",
  }),
  "lenses.inputs": setting<boolean>({
    type: "boolean",
    default: true,
    description: "Show the arguments of the last run above its class or function; a click edits them.",
    scope: "window",
  }),
  "lenses.profile": setting<boolean>({
    type: "boolean",
    default: true,
    description: "Show the Profile lens above classes, functions and scripts.",
    scope: "window",
  }),
  "lenses.quantize": setting<boolean>({
    type: "boolean",
    default: true,
    description: "Show the Quantize lens above classes.",
    scope: "window",
  }),
  "lenses.run": setting<boolean>({
    type: "boolean",
    default: true,
    description: "Show the Run lens above classes, functions and scripts.",
    scope: "window",
  }),
  memoryLimitMiB: setting<number>({
    type: "integer",
    default: 2048,
    description: "Most memory that Python itself may take, in MiB; tensors are not counted. Restarts the runtime.",
    minimum: 256,
    maximum: 4096,
    scope: "window",
  }),
  "onnx.device": setting<string>({
    type: "string",
    default: "auto",
    description:
      "Where ONNX Runtime runs .onnx files: auto (CUDA, DirectML or Core ML where there is one, else the CPU) or one of its " +
      "devices. One that is not there is an error that says what is missing.",
    values: ["auto", "cpu", "cuda", "tensorrt", "directml", "coreml", "webgpu"],
    scope: "window",
  }),
  "profile.backward": setting<boolean>({
    type: "boolean",
    default: true,
    description: "Profile the backward pass too, where the result has a gradient.",
    scope: "window",
  }),
  "profile.repetitions": setting<number>({
    type: "integer",
    default: 2000,
    description: "Most repetitions of a profile; it ends earlier once the times are steady.",
    minimum: 1,
    maximum: 100_000,
    scope: "window",
  }),
  "profile.timeMs": setting<number>({
    type: "integer",
    default: 2000,
    description: "Most time for the repetitions of a profile, in milliseconds.",
    minimum: 1,
    maximum: 600_000,
    scope: "window",
  }),
  rerunOnChange: setting<boolean>({
    type: "boolean",
    default: false,
    description: "Run again what is shown when its source changes, in the editor or outside.",
    scope: "window",
  }),
  threads: setting<number>({
    type: "integer",
    default: 0,
    description: "Threads of CPU kernels; 0 takes all cores.",
    minimum: 0,
    maximum: 1024,
    scope: "window",
  }),
};

export type Settings = { [Name in keyof typeof settings]: (typeof settings)[Name]["default"] };
