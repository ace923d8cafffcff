/**
 * Batch normalization with fixed statistics goes into the convolution before it, as the float engine does by itself: rounded in
 * between, the two could no longer be one. Changes the numbers by no more than the order of additions.
 */
import { tensorProto } from "../export/builder.ts";
import type { NodeProto } from "../schema.ts";
import { floatOf, intOf, type Body, type PlainGraph } from "./graph.ts";
import { turned } from "./layers.ts";

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

/**
 * Weights that are turned in each call, as exporters write layers that are called twice, are turned in the file: where nobody
 * reads them as they were.
 */
export function foldTransposes(graph: PlainGraph): void {
  const readers = graph.readers();
  const gone = new Set<NodeProto>();
  const turnedNames = new Map<string, string>();
  const isTurn = ({ opType, domain, attribute }: NodeProto): boolean =>
    opType === "Transpose" && !domain && attribute.every(({ name, ints }) => name !== "perm" || ints.join() === "1,0");
  for (const name of [...graph.initializers.keys()]) {
    const users = readers.get(name) ?? [];
    if (users.length === 0 || graph.isOutput(name) || !users.every(({ node }) => isTurn(node))) continue;
    const values = graph.floats(name);
    const { dims } = graph.data(name);
    if (!values || dims.length !== 2 || users.some(({ node }) => graph.isOutput(node.output[0]!))) continue;
    const [rows, columns] = dims as [number, number];
    const made = addFloats(graph, `${name}_turned`, [columns, rows], turned(values, rows, columns));
    for (const { node } of users) {
      gone.add(node);
      turnedNames.set(node.output[0]!, made);
    }
  }
  if (gone.size === 0) return;
  const reads = (node: NodeProto): boolean => node.input.some((name) => turnedNames.has(name));
  // Nodes that hold graphs are known by what they are.
  const isHeld = ([node, bodies]: [NodeProto, readonly Body[]]): boolean =>
    bodies.length > 0 &&
    (reads(node) || bodies.some(({ graph: body }) => [...body.readers().keys()].some((name) => turnedNames.has(name))));
  if ([...graph.bodies].some(isHeld)) return;
  // The model as it came keeps its nodes.
  const nodes = graph.nodes
    .filter((node) => !gone.has(node))
    .map((node) => (reads(node) ? { ...node, input: node.input.map((name) => turnedNames.get(name) ?? name) } : node));
  graph.nodes.splice(0, graph.nodes.length, ...nodes);
}

function addFloats(graph: PlainGraph, name: string, dims: readonly number[], values: Float32Array): string {
  const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  graph.initializers.set(name, tensorProto("float32", dims, rawData, name));
  return name;
}
