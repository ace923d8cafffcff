/** The parts of a graph that have weights: which can be stored in fewer bits, and why the others stay as they are. */
import type { NodeProto } from "../schema.ts";
import { attribute, floatOf, intOf, type PlainGraph } from "./graph.ts";

type Recurrent = "LSTM" | "GRU" | "RNN";
export type LayerKind = "MatMul" | "Gemm" | "Conv" | "ConvTranspose" | "Gather" | Recurrent;

/** A product, a convolution, a table or a recurrent layer with a weight of its own. */
export interface Layer {
  node: NodeProto;
  path: string;
  kind: LayerKind;
  /** The value that it reads besides its weight, and the first that it gives. */
  input: string;
  output: string;
  /** Name of the weight in the file. */
  weight: string;
  /** One row for each output; of a convolution [outputs, inputs of a group * kernel]. */
  rows: number;
  columns: number;
  /** By rows, then those of `second`. */
  values: Float32Array;
  /** As it stands in the file. */
  shape: number[];
  /** Is it stored with the columns first: [columns, rows], or [inputs, outputs, kernel] of a transposed convolution? */
  isTurned: boolean;
  /** A product with its weight on the left. */
  isLeft: boolean;
  /** What a recurrent layer multiplies its state with: as many rows. */
  second: { weight: string; columns: number; shape: number[] } | null;
  /** Name of the bias, "" for none. */
  bias: string;
  /** The graph that it stands in: the model's, or one inside of an If or a Loop, whose values nobody can ask for. */
  graph: PlainGraph;
}

/** Does an integer form of it read activations as codes? Others keep codes for the weight alone. */
export const readsCodes = ({ kind, isLeft }: Layer): boolean =>
  kind === "Conv" || kind === "Gemm" || (kind === "MatMul" && !isLeft);

/** Products as ONNX Runtime's integer and blocked ones are: activations times a weight. */
export const isProduct = (layer: Layer): boolean => readsCodes(layer) && layer.kind !== "Conv";

export const isRecurrent = ({ kind }: Layer): boolean => RECURRENT.has(kind);

/** The names of all its weights. */
export const weightsOf = ({ weight, second }: Layer): string[] => (second ? [weight, second.weight] : [weight]);

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
  const [first = "", weight = "", bias = ""] = input;
  const output = node.output.find((name) => name !== "") ?? "";
  const made = { node, path, input: first, output, weight, bias, isTurned: false, isLeft: false, second: null, graph };
  if (RECURRENT.has(opType)) return recurrentOf(made, opType as Recurrent, left);
  if (opType === "Gather") {
    const isTable = (graph.floats(first)?.length ?? 0) > 0 && graph.data(first).dims.length === 2;
    if (!isTable) return null;
    if (intOf(node, "axis", 0) !== 0) return left("its columns are looked up", [first]);
    if (!isOnlyLookedUp(graph, first)) return left("its table is read by others, too", [first]);
    const { dims } = graph.data(first);
    const [rows, columns] = dims as [number, number];
    const values = graph.floats(first)!;
    return { ...made, kind: opType, input: weight, weight: first, bias: "", rows, columns, values, shape: dims };
  }
  const isProduct = opType === "MatMul" || opType === "Gemm";
  if (!isProduct && opType !== "Conv" && opType !== "ConvTranspose") return null;
  if (opType === "MatMul" && graph.floats(first) && !graph.floats(weight)) {
    const { dims } = graph.data(first);
    if (dims.length !== 2) return left(`its weight has ${dims.length} dimensions`, [first]);
    const [rows, columns] = dims as [number, number];
    const values = graph.floats(first)!;
    return { ...made, kind: opType, input: weight, weight: first, rows, columns, values, shape: dims, isLeft: true };
  }
  if (!graph.holderOf(weight)) return null;
  const values = graph.floats(weight);
  const { dtype, dims } = graph.data(weight);
  if (!values) return left(`its weight is ${dtype}`, [weight]);
  if (opType === "Conv") {
    const rows = dims[0] ?? 0;
    const columns = rows === 0 ? 0 : values.length / rows;
    return { ...made, kind: opType, rows, columns, values, shape: dims };
  }
  if (opType === "ConvTranspose") {
    const rows = dims[1] ?? 0;
    const columns = rows === 0 ? 0 : values.length / rows;
    return { ...made, kind: opType, rows, columns, values: outputsFirst(values, dims), shape: dims, isTurned: true };
  }
  if (dims.length !== 2) return left(`its weight has ${dims.length} dimensions`, [weight]);
  if (opType === "Gemm" && !isPlainGemm(node)) return left("its Gemm scales or turns what comes in", [weight]);
  const isTurned = opType === "MatMul" || intOf(node, "transB", 0) === 0;
  const [rows, columns] = isTurned ? [dims[1]!, dims[0]!] : [dims[0]!, dims[1]!];
  const plain = isTurned ? turned(values, columns, rows) : values;
  return { ...made, kind: opType, rows, columns, values: plain, shape: dims, isTurned };
}

/** [directions, gates * units, inputs] and, for the state, [directions, gates * units, units]. */
function recurrentOf(
  made: Omit<Layer, "kind" | "rows" | "columns" | "values" | "shape">,
  kind: Recurrent,
  left: (why: string, weights: string[]) => Rest,
): Layer | Rest | null {
  const { graph, node, weight } = made;
  const state = node.input[2] ?? "";
  const [own, other] = [graph.floats(weight), graph.floats(state)];
  const known = node.input.slice(1, 4).filter((name) => graph.floats(name));
  if (!own || !other) return known.length > 0 ? left("its weights are not all in the file", known) : null;
  const [shape, second] = [graph.data(weight).dims, graph.data(state).dims];
  if (shape.length !== 3 || second.length !== 3) return left("its weights have not three dimensions", known);
  const values = new Float32Array(own.length + other.length);
  values.set(own);
  values.set(other, own.length);
  const part = { weight: state, columns: second[2]!, shape: second };
  const bias = node.input[3] ?? "";
  return { ...made, kind, bias, rows: shape[0]! * shape[1]!, columns: shape[2]!, values, shape, second: part };
}

/** A table that something else computes with has to be there in float anyway. */
function isOnlyLookedUp(graph: PlainGraph, table: string): boolean {
  const holder = graph.holderOf(table)!;
  if (holder.isOutput(table)) return false;
  return [...holder.all()].every((part) =>
    part.nodes.every((node) =>
      node.input.every((name, i) => name !== table || (node.opType === "Gather" && !node.domain && i === 0)),
    ),
  );
}

/** [inputs, outputs, ...kernel] as [outputs, inputs, ...kernel]; the same function with the first two sizes changed turns it back. */
export function outputsFirst<T extends Float32Array | Int8Array | Uint8Array>(values: T, dims: readonly number[]): T {
  const [first, second] = dims as [number, number];
  const kernel = first * second === 0 ? 0 : values.length / (first * second);
  const result = values.slice() as T;
  for (let i = 0; i < first; i++) {
    for (let k = 0; k < second; k++) {
      const from = (i * second + k) * kernel;
      result.set(values.subarray(from, from + kernel), (k * first + i) * kernel);
    }
  }
  return result;
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
