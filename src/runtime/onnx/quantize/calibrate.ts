/**
 * What a scheme has to know of the numbers that go through a model before it can choose its scales: ranges of activations, and
 * what products read. Runs the model as it is; rewrites nothing.
 */
import type { Observer } from "../../../protocol/compress.ts";
import type { Name } from "../export/builder.ts";
import type { ModelProto } from "../schema.ts";
import { calibratedValues, quantizedEdges, sideBySide, withOutputs } from "./assemble.ts";
import type { Moments } from "./codes.ts";
import type { PlainGraph } from "./graph.ts";
import { isInside, isProduct, type Layer } from "./layers.ts";
import { compareLayers, momentsOf, rangesOf, type Trial } from "./prove.ts";
import type { Range } from "./ranges.ts";
import type { Choices } from "./rewrite.ts";

/** Samples on which two ways of rounding a layer are told apart. */
const ENOUGH = 32;

export interface Subject {
  graph: PlainGraph;
  opset: number;
  before: ModelProto;
  trial: Trial;
  tell(message: string, share?: number): void;
}

/** Of everything that is to be rounded to codes when it is known before. */
export function calibrated(
  { graph, before, trial, tell }: Subject,
  layers: readonly Layer[],
  observer: Observer,
): Map<Name, Range> {
  const values = calibratedValues(graph, layers);
  const model = opened(graph, before, values);
  const found = rangesOf(model, values, trial, observer, (share) => tell("calibrating", share));
  const edges = quantizedEdges(graph, layers);
  for (const name of values) {
    const origin = originOf(graph, name);
    if (origin !== name && edges.has(origin)) found.set(name, found.get(origin)!);
  }
  return found;
}

/** Operators that hand their numbers on as they are: with one scale on both sides, integers go through them. */
const HAND_ON = new Set(["MaxPool", "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Identity"]);

function originOf(graph: PlainGraph, name: Name): Name {
  const maker = graph.nodes.find(({ output }) => output[0] === name);
  if (!maker || maker.domain || !HAND_ON.has(maker.opType ?? "")) return name;
  return originOf(graph, maker.input[0]!);
}

/**
 * The inputs of those products of groups whose scales are better fitted to them than taken from the weights' ranges alone. Both
 * are tried on the samples, layer by layer: the fit takes inputs for independent of each other, which they need not be.
 */
export function fittedLayers(subject: Subject, layers: readonly Layer[], choices: Choices): Map<Layer, Moments> {
  const { graph, opset, before, tell } = subject;
  const every = Math.ceil(subject.trial.samples.length / ENOUGH);
  const trial = { ...subject.trial, samples: subject.trial.samples.filter((_, i) => i % every === 0) };
  const products = layers.filter((layer) => isProduct(layer) && !isInside(layer));
  if (products.length === 0) return new Map();
  const values = [...new Set(products.map(({ node }) => node.input[0]!))];
  const model = opened(graph, before, values);
  const seen = momentsOf(model, values, trial, (share) => tell("looking at what layers read", share));
  const found = new Map<Layer, Moments>();
  for (const layer of products) {
    const moments = seen.get(layer.node.input[0]!);
    if (moments?.means.length === layer.columns) found.set(layer, moments);
  }
  tell("fitting scales");
  const errors = (momentsFor: Choices["momentsOf"]): ReturnType<typeof compareLayers> => {
    const { model, pairs } = sideBySide(graph, opset, products, { ...choices, momentsOf: momentsFor });
    return compareLayers(model, pairs, trial);
  };
  const [plain, fitted] = [errors(() => undefined), errors((layer) => found.get(layer))];
  const decibels = (all: typeof plain, { path }: Layer): number => all.get(path)?.sqnrDb ?? Infinity;
  for (const layer of products) if (decibels(fitted, layer) <= decibels(plain, layer)) found.delete(layer);
  return found;
}

/** The model that also gives these values; those that it is given are there anyway. */
function opened(graph: PlainGraph, before: ModelProto, values: readonly Name[]): ModelProto {
  const given = new Set(graph.inputs.map(({ name }) => name));
  return withOutputs(
    before,
    values.filter((name) => !given.has(name)),
  );
}
