/** `layerwise distill`: a model learns from a larger one, and how near it comes. */
import { resolve } from "node:path";
import type { DistillRequest } from "../protocol/compress.ts";
import { type Arguments, type Command, UsageError } from "./command.ts";
import { TARGET_OPTIONS, targetRequest } from "./options.ts";
import { PROOF_OPTIONS, askForProof, decimal, named, proofRequest } from "./quantize.ts";

export const distill: Command = {
  name: "distill",
  operands: "TARGET",
  nOperands: [1, 1],
  summary: "train a model on what a larger one answers, and measure how near it comes",
  options: [
    { name: "teacher", value: "FILE.py::Class", help: "the model that teaches; it takes the same inputs" },
    { name: "teacher-init", value: "ARGS", help: "constructor arguments of the teacher: 'dim=512, heads=8'" },
    { name: "teacher-weights", value: "FILE", help: "checkpoint that is loaded into the teacher" },
    { name: "steps", value: "N", atLeast: 1, help: "training steps (default 200)" },
    { name: "temperature", value: "T", help: "softens the classes of both (default 2)" },
    { name: "alpha", value: "SHARE", help: "weight of the teacher beside the data's own labels, 0 to 1 (default 0.5)" },
    {
      name: "hidden",
      value: "STUDENT=TEACHER",
      repeatable: true,
      help: "modules whose outputs are matched too: 'blocks.1=blocks.3'",
    },
    { name: "learning-rate", value: "RATE", help: "of AdamW, falling by cosine (default 0.001)" },
    { name: "layers", help: "show every layer" },
    ...PROOF_OPTIONS,
    ...TARGET_OPTIONS,
  ],
  examples: [
    "layerwise distill small.py::Small --teacher large.py::Large --teacher-weights large.pt --data data.py::batches",
    "layerwise distill gpt.py::GPT --init 'layers=2' --teacher gpt.py::GPT --hidden 'blocks.1=blocks.3' --out small.pt",
  ],
  async run(args, terminal) {
    return await askForProof("distill", distillRequest(args), args, terminal);
  },
};

function distillRequest(args: Arguments): DistillRequest {
  const { teacher } = named(args, "teacher");
  if (teacher === undefined || !teacher.includes("::")) {
    throw new UsageError("distill needs --teacher FILE.py::Class", "such as --teacher large.py::Large");
  }
  const weights = args.get("teacher-weights");
  const init = args.get("teacher-init");
  const temperature = decimal(args, "temperature");
  const alpha = decimal(args, "alpha");
  const learningRate = decimal(args, "learning-rate");
  return {
    ...targetRequest(args),
    ...proofRequest(args),
    teacher,
    ...(init === undefined ? {} : { teacherInit: init }),
    ...(weights === undefined ? {} : { teacherWeights: resolve(weights) }),
    ...(args.has("steps") ? { steps: args.number("steps") } : {}),
    ...(temperature === undefined ? {} : { temperature }),
    ...(alpha === undefined ? {} : { alpha }),
    ...(learningRate === undefined ? {} : { learningRate }),
    ...(args.has("hidden") ? { hidden: pairs(args.all("hidden")) } : {}),
  };
}

function pairs(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const [student, teacher, ...more] = text.split("=").map((part) => part.trim());
      if (!student || !teacher || more.length > 0) {
        throw new UsageError(`--hidden '${text}' names no pair of modules`, "such as --hidden 'blocks.1=blocks.3'");
      }
      return [student, teacher];
    }),
  );
}
