/** The parts of a graph that have weights: which can be stored in fewer bits, and why the others stay as they are. */
import type { NodeProto } from "../schema.ts";
import { attribute, floatOf, intOf, type PlainGraph } from "./graph.ts";

export type LayerKind = "MatMul" | "Gemm" | "Conv";

/** A product or a convolution with a weight of its own. */
export interface Layer {
  node: NodeProto;
  path: string;
  kind: LayerKind;
  /** Name of the weight in the file. */
  weight: string;
  /** One row for each output; of a convolution [outputs, inputs of a group * kernel]. */
  rows: number;
  columns: number;
  values: Float32Array;
  /** As it stands in the file. */
  shape: number[];
  /** Is it stored [columns, rows]? */
  isTurned: boolean;
  /** Name of the bias, "" for none. */
  bias: string;
  /** The graph that it stands in: the model's, or one inside of an If or a Loop, whose values nobody can ask for. */
  graph: PlainGraph;
}

export const isInside = ({ graph }: { graph: PlainGraph }): boolean => graph.outer !== null;

/** A part with weights that is left alone. */
export interface Rest {
  node: NodeProto;
  path: string;
  weights: string[];
  why: string;
  graph: PlainGraph;
}

const RECURRENT = new Set(["LSTM", "GRU", "RNN"]);

export function layersOf(graph: PlainGraph): { layers: Layer[]; rest: Rest[] } {
  const layers: Layer[] = [];
  const rest: Rest[] = [];
  for (const part of graph.all()) {
    for (const node of part.nodes) {
      const found = layerOf(part, node);
      if (!found) continue;
      if ("why" in found) rest.push(found);
      else layers.push(found);
    }
  }
  return { layers, rest };
}

function layerOf(graph: PlainGraph, node: NodeProto): Layer | Rest | null {
  const { opType = "", input } = node;
  if (node.domain) return null;
  const path = pathOf(node);
  const left = (why: string, weights: string[]): Rest => ({ node, path, weights, why, graph });
  if (RECURRENT.has(opType)) {
    const weights = input.slice(1, 4).filter((name) => graph.floats(name));
    return weights.length > 0 ? left("recurrent layers stay in float", weights) : null;
  }
  const [first = "", weight = "", bias = ""] = input;
  if (opType === "Gather") {
    const isTable = (graph.floats(first)?.length ?? 0) > 0 && graph.data(first).dims.length === 2;
    return isTable ? left("its rows are looked up, not multiplied", [first]) : null;
  }
  if (opType === "ConvTranspose") {
    return graph.floats(weight) ? left("transposed convolutions stay in float", [weight]) : null;
  }
  if (opType !== "MatMul" && opType !== "Gemm" && opType !== "Conv") return null;
  if (opType === "MatMul" && graph.floats(first) && !graph.floats(weight)) {
    return left("its weight stands on the left", [first]);
  }
  if (!graph.holderOf(weight)) return null;
  const values = graph.floats(weight);
  const { dtype, dims } = graph.data(weight);
  if (!values) return left(`its weight is ${dtype}`, [weight]);
  if (opType === "Conv") {
    const rows = dims[0] ?? 0;
    const columns = rows === 0 ? 0 : values.length / rows;
    return { node, path, kind: opType, weight, rows, columns, values, shape: dims, isTurned: false, bias, graph };
  }
  if (dims.length !== 2) return left(`its weight has ${dims.length} dimensions`, [weight]);
  if (opType === "Gemm" && !isPlainGemm(node)) return left("its Gemm scales or turns what comes in", [weight]);
  const isTurned = opType === "MatMul" || intOf(node, "transB", 0) === 0;
  const [rows, columns] = isTurned ? [dims[1]!, dims[0]!] : [dims[0]!, dims[1]!];
  const plain = isTurned ? turned(values, columns, rows) : values;
  return { node, path, kind: opType, weight, rows, columns, values: plain, shape: dims, isTurned, bias, graph };
}

function isPlainGemm(node: NodeProto): boolean {
  return intOf(node, "transA", 0) === 0 && floatOf(node, "alpha", 1) === 1 && floatOf(node, "beta", 1) === 1;
}

/** [rows, columns] as [columns, rows]. */
export function turned<T extends Float32Array | Int8Array | Uint8Array>(values: T, rows: number, columns: number): T {
  const result = values.slice() as T;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column]!;
  }
  return result;
}

/** "/encoder/layers.0/attn/MatMul" is known as encoder.layers.0.attn.MatMul. */
function pathOf({ name = "" }: NodeProto): string {
  return name
    .split("/")
    .filter((part) => part !== "")
    .join(".");
}

/** The value behind a layer's own activation, where nothing else reads what is before it. */
export function activated(graph: PlainGraph, layer: Layer, readers: ReturnType<PlainGraph["readers"]>): string {
  const output = layer.node.output[0]!;
  const [only, ...more] = readers.get(output) ?? [];
  if (!only || more.length > 0 || graph.isOutput(output)) return output;
  const { node } = only;
  const isFused = node.opType === "Relu" || (node.opType === "Clip" && attribute(node, "min") === undefined);
  return isFused ? node.output[0]! : output;
}
