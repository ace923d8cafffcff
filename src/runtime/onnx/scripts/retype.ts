/**
 * Codes of a quantized graph in the other type of 8 bits: int8 codes and their zero points moved up by 128, or the other way. What they
 * stand for stays the same. Knows QuantizeLinear, DequantizeLinear and MatMulInteger, which is what quantizing writes.
 */
import { DATA_TYPES, dataTypeNumber, type GraphProto, type NodeProto, type TensorProto } from "../schema.ts";
import { tensorData } from "../tensor_data.ts";

export interface Types {
  weights: "int8" | "uint8";
  activations: "int8" | "uint8";
}

/** Changes the graph, and those inside of its nodes. Activations that are scaled on the fly are uint8 in ONNX, whatever is asked for. */
export function retype(graph: GraphProto, types: Types): void {
  const held = new Map(graph.initializer.map((tensor) => [tensor.name ?? "", tensor]));
  const moved = new Map<string, string>();
  /** The name of an initializer's codes in this type. */
  const as = (name: string, type: Types["weights"]): string => {
    const tensor = held.get(name);
    const own = tensor && DATA_TYPES[tensor.dataType ?? 0];
    if (!tensor || own === type || (own !== "int8" && own !== "uint8")) return name;
    const known = moved.get(name);
    if (known !== undefined) return known;
    const other = nameFor(name, type, held);
    const made = flipped(tensor, type, other);
    held.set(other, made);
    graph.initializer.push(made);
    moved.set(name, other);
    return other;
  };
  for (const node of graph.node) {
    for (const { g, graphs } of node.attribute) for (const part of g ? [g, ...graphs] : graphs) retype(part, types);
    if (node.domain) continue;
    if (node.opType === "MatMulInteger") onTheFly(node, as, types, graph, held);
    const isWeight = node.opType === "DequantizeLinear" && held.has(node.input[0]!);
    const isEdge = node.opType === "QuantizeLinear" || node.opType === "DequantizeLinear";
    if (!isEdge) continue;
    const type = isWeight ? types.weights : types.activations;
    // A bias is int32, which `as` leaves alone.
    node.input = node.input.map((name, position) => (position === 1 ? name : as(name, type)));
  }
  const read = new Set(graph.node.flatMap((node) => [...node.input, ...readInside(node)]));
  const outputs = new Set(graph.output.map(({ name }) => name));
  graph.initializer = graph.initializer.filter(({ name = "" }) => read.has(name) || outputs.has(name));
}

/** Weights of a product on codes: what was around zero is around 128. */
function onTheFly(
  node: NodeProto,
  as: (name: string, type: Types["weights"]) => string,
  { weights }: Types,
  graph: GraphProto,
  held: Map<string, TensorProto>,
): void {
  const [, weight = "", , zero = ""] = node.input;
  const found = held.get(weight);
  if (!found || DATA_TYPES[found.dataType ?? 0] === weights) return;
  node.input[1] = as(weight, weights);
  if (zero !== "") {
    node.input[3] = as(zero, weights);
    return;
  }
  const name = "weights_around_128";
  if (!held.has(name)) {
    const middle = numbers("uint8", [], Uint8Array.of(128), name);
    held.set(name, middle);
    graph.initializer.push(middle);
  }
  node.input[3] = name;
}

/** Adding 128 to a number of 8 bits turns its highest bit. */
function flipped(tensor: TensorProto, type: Types["weights"], name: string): TensorProto {
  const { dims, bytes } = tensorData(tensor, null);
  return numbers(
    type,
    dims,
    bytes.map((byte) => byte ^ 0x80),
    name,
  );
}

function numbers(type: Types["weights"], dims: number[], rawData: Uint8Array, name: string): TensorProto {
  return {
    name,
    dims,
    dataType: dataTypeNumber(type),
    rawData,
    ...{
      floatData: [],
      int32Data: [],
      stringData: [],
      int64Data: [],
      doubleData: [],
      uint64Data: [],
      externalData: [],
    },
  };
}

function nameFor(name: string, type: string, held: ReadonlyMap<string, unknown>): string {
  const wanted = /_u?int8$/.test(name) ? name.replace(/_u?int8$/, `_${type}`) : `${name}_${type}`;
  let free = wanted;
  for (let n = 1; held.has(free); n++) free = `${wanted}_${n}`;
  return free;
}

function readInside(node: NodeProto): string[] {
  return node.attribute.flatMap(({ g, graphs }) =>
    [...(g ? [g] : []), ...graphs].flatMap((part) => [
      ...part.node.flatMap((inner) => [...inner.input, ...readInside(inner)]),
      ...part.output.map(({ name = "" }) => name),
    ]),
  );
}
