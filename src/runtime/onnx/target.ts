/** An .onnx file as a target of the verbs: which engine it goes to, and the inputs that it is called with. Runs nothing. */
import { resolve } from "node:path";
import type { TargetRequest } from "../../protocol/rpc.ts";
import type { Failure } from "../../protocol/source.ts";
import { FileFormatError } from "../files/source.ts";
import { chooseInputs, InputRefused, longerInputs, type ChosenInputs } from "./inputs.ts";
import { readModelFile } from "./model.ts";

export function isOnnxTarget(target: string): boolean {
  return /\.onnx$/i.test(target);
}

/** ONNX Runtime, unless the runtime's own engine is asked for. */
export function goesToOnnxRuntime({ target, engine }: TargetRequest): boolean {
  return isOnnxTarget(target) && engine !== "layerwise";
}

type WrittenInputs = Record<string, [text: string, from: string, why: string]>;

/** Inputs as Python's side reads them, "float32[1,3,224,224]": those that were given, and what the model says for the rest. */
export function writtenInputs({ target, inputs = {} }: TargetRequest): WrittenInputs {
  return written(chooseInputs(readModelFile(resolve(target)), inputs));
}

/** Others that are tried in turn where the model does not take these: longer sequences. */
export function otherInputs({ target, inputs = {} }: TargetRequest): WrittenInputs[] {
  return longerInputs(readModelFile(resolve(target)), inputs).map((longer) => written(longer.inputs));
}

const written = ({ choices }: ChosenInputs): WrittenInputs =>
  Object.fromEntries(choices.map(({ name, value, from, why = "" }) => [name, [value, from, why]]));

/** The sentence of a file that is no model, of inputs that do not fit, or of ONNX Runtime itself. */
export function failureOf(error: unknown): Failure {
  if (error instanceof FileFormatError) {
    return { kind: "model", type: "FileFormat", message: error.message, ...(error.hint ? { hint: error.hint } : {}) };
  }
  if (error instanceof InputRefused) return { kind: "usage", type: "arguments", message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  return { kind: "model", type: "OnnxRuntime", message: message.replaceAll(/\s+/g, " ").trim().slice(0, 500) };
}
