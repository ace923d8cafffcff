/** `layerwise prune`: a model with fewer weights, and what that costs and gives. */
import type { PruneRequest } from "../protocol/compress.ts";
import { type Arguments, type Command, UsageError } from "./command.ts";
import { TARGET_OPTIONS, targetRequest } from "./options.ts";
import { PROOF_OPTIONS, askForProof, decimal, proofRequest } from "./quantize.ts";

export const prune: Command = {
  name: "prune",
  operands: "TARGET",
  nOperands: [1, 1],
  summary: "take weights or whole channels out of a model, and measure what that costs and gives",
  options: [
    {
      name: "pattern",
      value: "NAME",
      help: "channels (removed for good), unstructured (zeros), or n:m such as 2:4 (n kept of every m); default channels",
    },
    { name: "amount", value: "SHARE", help: "how many go, from 0 to 1; default 0.5" },
    { name: "global", help: "the least of all layers together, instead of the same share of each" },
    { name: "keep", value: "PATH", repeatable: true, help: "layer that stays as it is; * stands for anything" },
    { name: "steps", value: "N", atLeast: 1, help: "training steps afterwards, on the data; default none" },
    { name: "layers", help: "show every layer, not only the worst" },
    ...PROOF_OPTIONS,
    ...TARGET_OPTIONS,
  ],
  examples: [
    "layerwise prune net.py::Net --amount 0.3",
    "layerwise prune net.py::Net --pattern 2:4 --data data.py::batches --steps 200 --out net.safetensors",
  ],
  async run(args, terminal) {
    return await askForProof("prune", pruneRequest(args), args, terminal);
  },
};

function pruneRequest(args: Arguments): PruneRequest {
  const amount = decimal(args, "amount");
  return {
    ...targetRequest(args),
    ...proofRequest(args),
    pattern: pattern(args.get("pattern")),
    ...(amount === undefined ? {} : { amount }),
    ...(args.has("global") ? { global: true } : {}),
    ...(args.has("keep") ? { keep: args.all("keep") } : {}),
    ...(args.has("steps") ? { steps: args.number("steps") } : {}),
  };
}

function pattern(given = "channels"): PruneRequest["pattern"] {
  if (given === "channels" || given === "unstructured" || /^\d+:\d+$/.test(given)) {
    return given as PruneRequest["pattern"];
  }
  throw new UsageError(`there is no pattern '${given}'`, "the patterns are channels, unstructured and n:m such as 2:4");
}
