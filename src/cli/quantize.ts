/** `layerwise quantize`: a model with numbers of fewer bits, one scheme or several side by side, with what each costs and gives. */
import { writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type {
  EmbeddingForm,
  KeptAs,
  KeptLayer,
  Method,
  Observer,
  QuantizeRequest,
  Scheme,
} from "../protocol/compress.ts";
import type { Verbs } from "../protocol/rpc.ts";
import { ask } from "./ask.ts";
import { type Arguments, type Command, type OptionSpec, UsageError } from "./command.ts";
import { compressionText } from "./compression_text.ts";
import type { Terminal } from "./terminal.ts";
import { TARGET_OPTIONS, outputFile, targetRequest } from "./options.ts";

const SCHEMES: readonly Scheme[] = [
  "dynamic",
  "static",
  "qat",
  "int8",
  "int4",
  "nf4",
  "fp4",
  "fp8",
  "fp8-e5m2",
  "fp16",
  "bf16",
];
const METHODS: readonly Method[] = ["nearest", "gptq", "awq", "smoothquant"];
const OBSERVERS: readonly Observer[] = ["minmax", "average", "histogram", "entropy", "percentile", "mse"];
const KEPT: readonly KeptAs[] = ["float32", "fp16", "bf16", "int8"];
const EMBEDDINGS: readonly EmbeddingForm[] = ["int8", "int4", "fp16", "bf16", "keep"];
/** "all" leaves training out: it takes minutes where the others take seconds. */
const ALL = SCHEMES.filter((scheme) => scheme !== "qat");
/** Of an .onnx file, those that ONNX Runtime has operators for; float8 only newer files have. */
const ALL_OF_FILES: readonly Scheme[] = ["dynamic", "static", "int8", "int4", "fp16", "bf16"];

const YES_NO = { value: "yes|no", choices: ["yes", "no"] } as const;

/** Data, judgement and output: what pruning and distilling take too. */
export const PROOF_OPTIONS: readonly OptionSpec[] = [
  {
    name: "data",
    value: "FILE|FOLDER",
    help: "samples: pictures, .npy, .npz, .pt, .safetensors, or FILE.py::function that returns or yields them; random inputs when left out",
  },
  {
    name: "prepare",
    value: "HOW",
    help: "how pictures become inputs: imagenet, MEAN/DEVIATION, or FILE.py::fn, called with each as a PIL image; default 0 to 1",
  },
  { name: "samples", value: "N", atLeast: 1, help: "at most this many samples (default 128; 8 random ones)" },
  { name: "metric", value: "FILE.py::fn", help: "function that is called with the model and returns a number" },
  {
    name: "time",
    value: "MS",
    atLeast: 1,
    help: "most time for measuring each result, in milliseconds (default 1500)",
  },
  {
    name: "out",
    value: "FILE",
    help: "where to write the result: .safetensors, .pt or .onnx; nothing is kept without it",
  },
  { name: "html", value: "FILE", help: "write a report, layer by layer, that opens in any browser" },
];

export const quantize: Command = {
  name: "quantize",
  operands: "TARGET",
  nOperands: [1, 1],
  summary: "store a model in fewer bits, and measure what that costs and gives, layer by layer",
  options: [
    {
      name: "scheme",
      value: "NAME[,NAME]",
      help: `one or several of ${SCHEMES.join(", ")}, or all (without qat; of an .onnx file what ONNX Runtime has); default dynamic,int4`,
    },
    { name: "method", value: METHODS.join("|"), choices: METHODS, help: "how weights are rounded; default nearest" },
    {
      name: "observer",
      value: "NAME",
      choices: OBSERVERS,
      help: `how static ranges are found: ${OBSERVERS.join(", ")}; default minmax`,
    },
    {
      name: "group",
      value: "N",
      help: "columns that share a scale: a multiple of 8, or 0 for whole rows; int4 32, nf4 and fp4 64",
    },
    { name: "symmetric", ...YES_NO, help: "no zero points, for int8 and int4 weights and static activations" },
    {
      name: "activations",
      value: "float|rounded",
      choices: ["float", "rounded"],
      help: "inputs of int4 and bf16 products: rounded (the default) to int8 and bf16 on a CPU, or float",
    },
    { name: "per-channel", ...YES_NO, help: "a scale for each row of an integer weight; default yes" },
    {
      name: "keep",
      value: "PATH[=FORM]",
      repeatable: true,
      help: `layer that stays as it is, or in another form (${KEPT.slice(1).join(", ")}); * stands for anything: 'blocks.0.*=fp16'`,
    },
    {
      name: "keep-as",
      value: KEPT.join("|"),
      choices: KEPT,
      help: "what kept layers are stored as, those for the budget too; default float32",
    },
    {
      name: "embeddings",
      value: EMBEDDINGS.join("|"),
      choices: EMBEDDINGS,
      help: "what embeddings and weights tied to them are stored as; default int8, in fp16 and bf16 as the rest",
    },
    { name: "sensitivity", help: "rank layers by what each costs alone" },
    {
      name: "budget",
      value: "DB",
      help: "least signal-to-noise ratio of the outputs in decibels: sensitive layers are kept until it holds",
    },
    { name: "steps", value: "N", atLeast: 1, help: "training steps of qat (default 100)" },
    { name: "layers", help: "show every layer, not only the worst" },
    ...PROOF_OPTIONS,
    ...TARGET_OPTIONS,
  ],
  examples: [
    "layerwise quantize model.py::GPT --scheme all",
    "layerwise quantize model.py::GPT --scheme int4 --method gptq --data tokens.py::batches --out gpt.safetensors",
    "layerwise quantize net.py::Net --scheme static --observer entropy --data images.npy --budget 30 --keep-as fp16",
    "layerwise quantize resnet.onnx --scheme static --data photos/ --prepare imagenet",
  ],
  async run(args, terminal) {
    return await askForProof("quantize", quantizeRequest(args), args, terminal);
  },
};

/** A verb whose answer is a proof: as text, as JSON, and as a page where one is asked for. */
export async function askForProof<V extends "quantize" | "prune" | "distill">(
  verb: V,
  asked: Verbs[V]["request"],
  args: Arguments,
  terminal: Terminal,
): Promise<number> {
  const html = outputFile(args, "html");
  return await ask(verb, asked, args, terminal, async (result) => {
    if (html !== undefined) {
      const { makeReport } = await import("./report.ts");
      const root = dirname(result.target.split("::")[0]!);
      writeFileSync(html, makeReport({ profile: null, graph: null, proof: result, root }));
      terminal.error(`wrote ${html}\n`);
    }
    if (!args.has("json")) terminal.out(compressionText(result, terminal.style, { allLayers: args.has("layers") }));
  });
}

function quantizeRequest(args: Arguments): QuantizeRequest {
  const group = wholeNumber(args, "group");
  const budgetDb = decimal(args, "budget");
  const symmetric = yesNo(args, "symmetric");
  const perChannel = yesNo(args, "per-channel");
  const target = targetRequest(args);
  const isFile = target.target.endsWith(".onnx") && target.engine !== "layerwise";
  return {
    ...target,
    ...proofRequest(args),
    schemes: schemes(args.get("scheme"), isFile ? ALL_OF_FILES : ALL),
    ...word<Method>(args, "method", "method"),
    ...word<Observer>(args, "observer", "observer"),
    ...(group === undefined ? {} : { group }),
    ...(symmetric === undefined ? {} : { symmetric }),
    ...word<"float" | "rounded">(args, "activations", "activations"),
    ...(perChannel === undefined ? {} : { perChannel }),
    ...(args.has("keep") ? { keep: args.all("keep").map(keptLayer) } : {}),
    ...word<KeptAs>(args, "keep-as", "keepAs"),
    ...word<EmbeddingForm>(args, "embeddings", "embeddings"),
    ...(args.has("sensitivity") ? { sensitivity: true } : {}),
    ...(budgetDb === undefined ? {} : { budgetDb }),
    ...(args.has("steps") ? { steps: args.number("steps") } : {}),
  };
}

/** What PROOF_OPTIONS become. */
export function proofRequest(
  args: Arguments,
): Pick<QuantizeRequest, "data" | "prepare" | "samples" | "metric" | "file" | "maxTimeMs"> {
  const file = outputFile(args, "out");
  const samples = args.number("samples");
  const maxTimeMs = args.number("time");
  return {
    ...named(args, "data"),
    ...(args.get("prepare")?.includes("::") ? named(args, "prepare") : word<string>(args, "prepare", "prepare")),
    ...(samples === undefined ? {} : { samples }),
    ...(maxTimeMs === undefined ? {} : { maxTimeMs }),
    ...named(args, "metric"),
    ...(file === undefined ? {} : { file }),
  };
}

/** "FILE" or "FILE.py::function", made absolute. */
export function named(args: Arguments, option: "data" | "metric" | "prepare" | "teacher"): Record<string, string> {
  const given = args.get(option);
  if (given === undefined) return {};
  const cut = given.indexOf("::");
  const file = cut < 0 ? given : given.slice(0, cut);
  if (file === "") throw new UsageError(`--${option} needs the name of a file`);
  return { [option]: `${resolve(file)}${cut < 0 ? "" : given.slice(cut)}` };
}

function schemes(given = "dynamic,int4", all: readonly Scheme[]): Scheme[] {
  const found = given
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "")
    .flatMap((name): readonly string[] => (name === "all" ? all : [name]));
  const wrong = found.find((name) => !(SCHEMES as readonly string[]).includes(name));
  if (wrong !== undefined)
    throw new UsageError(`there is no scheme '${wrong}'`, `the schemes are ${SCHEMES.join(", ")}, all`);
  if (found.length === 0) throw new UsageError("--scheme names none", `the schemes are ${SCHEMES.join(", ")}, all`);
  return [...new Set(found)] as Scheme[];
}

/** "PATH" or "PATH=FORM". */
function keptLayer(given: string): KeptLayer {
  const cut = given.lastIndexOf("=");
  if (cut < 0) return { path: given };
  const as = given.slice(cut + 1) as KeptAs;
  if (!KEPT.includes(as))
    throw new UsageError(`--keep '${given}': a layer cannot be kept as '${as}'`, `as one of ${KEPT.join(", ")}`);
  return { path: given.slice(0, cut), as };
}

function word<Value extends string>(args: Arguments, option: string, field: string): Record<string, Value> {
  const given = args.get(option);
  return given === undefined ? {} : { [field]: given as Value };
}

function yesNo(args: Arguments, option: string): boolean | undefined {
  const given = args.get(option);
  return given === undefined ? undefined : given === "yes";
}

function wholeNumber(args: Arguments, option: string): number | undefined {
  const given = args.get(option);
  if (given === undefined) return undefined;
  if (!/^\d{1,6}$/.test(given)) throw new UsageError(`--${option} '${given}' is no whole number`);
  return Number(given);
}

export function decimal(args: Arguments, option: string): number | undefined {
  const given = args.get(option);
  if (given === undefined) return undefined;
  const value = Number(given);
  if (given.trim() === "" || !Number.isFinite(value)) throw new UsageError(`--${option} '${given}' is no number`);
  return value;
}
