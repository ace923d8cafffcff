/**
 * Batch normalization with fixed statistics goes into the convolution before it, as the float engine does by itself: rounded in
 * between, the two could no longer be one. Changes the numbers by no more than the order of additions.
 */
import { tensorProto } from "../export/builder.ts";
import type { NodeProto } from "../schema.ts";
import { floatOf, intOf, type PlainGraph } from "./graph.ts";

/** Rewrites the graph in place; gives the number of normalizations that are gone. */
export function foldNormalizations(graph: PlainGraph): number {
  const readers = graph.readers();
  const gone = new Set<NodeProto>();
  graph.nodes.forEach((node, at) => {
    if (node.opType !== "Conv" || node.domain) return;
    const [value = ""] = node.output;
    const [only, ...more] = readers.get(value) ?? [];
    const norm = only?.node;
    if (!norm || more.length > 0 || only.position !== 0 || graph.isOutput(value)) return;
    if (norm.opType !== "BatchNormalization" || norm.domain || intOf(norm, "training_mode", 0) !== 0) return;
    // Older ones that train say so by more outputs.
    if (norm.output.slice(1).some((name) => name !== "")) return;
    const folded = foldedInto(graph, node, norm);
    if (!folded) return;
    graph.nodes[at] = folded;
    gone.add(norm);
  });
  if (gone.size > 0) graph.nodes.splice(0, graph.nodes.length, ...graph.nodes.filter((node) => !gone.has(node)));
  return gone.size;
}

/** Null where a number of either is not in the file. */
function foldedInto(graph: PlainGraph, conv: NodeProto, norm: NodeProto): NodeProto | null {
  const [input = "", weightName = "", biasName = ""] = conv.input;
  const weight = graph.floats(weightName);
  const bias = biasName === "" ? null : graph.floats(biasName);
  const [scale, shift, mean, variance] = norm.input.slice(1, 5).map((name) => graph.floats(name));
  if (!weight || (biasName !== "" && !bias) || !scale || !shift || !mean || !variance) return null;
  const { dims } = graph.data(weightName);
  const rows = dims[0] ?? 0;
  if (rows === 0 || [scale, shift, mean, variance].some(({ length }) => length !== rows)) return null;
  const columns = weight.length / rows;
  const epsilon = floatOf(norm, "epsilon", 1e-5);
  const factors = variance.map((value, row) => scale[row]! / Math.sqrt(value + epsilon));
  const scaled = weight.map((value, i) => value * factors[Math.floor(i / columns)]!);
  const moved = mean.map((value, row) => ((bias?.[row] ?? 0) - value) * factors[row]! + shift[row]!);
  // Another layer may read the same weight without this normalization.
  const place = `${conv.name}_normalized`;
  const weights = addFloats(graph, `${weightName}_${place}`, dims, scaled);
  const biases = addFloats(graph, `${biasName || `${weightName}_bias`}_${place}`, [rows], moved);
  return { ...conv, input: [input, weights, biases], output: [norm.output[0]!] };
}

function addFloats(graph: PlainGraph, name: string, dims: readonly number[], values: Float32Array): string {
  const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  graph.initializers.set(name, tensorProto("float32", dims, rawData, name));
  return name;
}
