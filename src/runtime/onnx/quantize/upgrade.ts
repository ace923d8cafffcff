/**
 * Raises a graph's operators to version 13, from which on scales may stand for each channel: attributes that became inputs
 * are moved there, Upsample becomes Resize. Refuses what changed its meaning in ways that are not known here.
 */
import { FileFormatError, quoted } from "../../files/source.ts";
import { tensorProto } from "../export/builder.ts";
import { ATTRIBUTE, type AttributeProto, type NodeProto, type TensorProto } from "../schema.ts";
import { attribute, intOf, type PlainGraph } from "./graph.ts";

export const LEAST_OPSET = 13;
/** Below this versions differ in more than is known here. */
const OLDEST = 9;

interface Raised {
  nodes: NodeProto[];
  initializers: TensorProto[];
}

/** The version that the result speaks; `graph` itself is changed. */
export function raise(graph: PlainGraph, opset: number): number {
  if (opset >= LEAST_OPSET) return opset;
  if (opset < OLDEST) {
    throw new FileFormatError(
      `the model speaks opset ${opset}: quantizing starts at opset ${OLDEST}`,
      "export it anew with a newer opset",
    );
  }
  const raised: Raised = { nodes: [], initializers: [] };
  for (const node of graph.nodes) raiseNode(node, opset, raised);
  graph.nodes.splice(0, graph.nodes.length, ...raised.nodes);
  for (const tensor of raised.initializers) graph.initializers.set(tensor.name!, tensor);
  return LEAST_OPSET;
}

function raiseNode(node: NodeProto, opset: number, raised: Raised): void {
  if (node.domain) {
    raised.nodes.push(node);
    return;
  }
  if (node.attribute.some(({ g, graphs }) => g ?? graphs.length > 0)) {
    throw new FileFormatError(
      `node ${quoted(node.name ?? "")} holds a graph, and the model speaks opset ${opset}: expected ${LEAST_OPSET} or newer`,
    );
  }
  const raise = RULES[node.opType ?? ""];
  raised.nodes.push(...(raise ? raise(node, opset, raised) : [node]));
}

type Rule = (node: NodeProto, opset: number, raised: Raised) => NodeProto[];

const without = (node: NodeProto, ...names: string[]): AttributeProto[] =>
  node.attribute.filter(({ name = "" }) => !names.includes(name));

function int64(raised: Raised, node: NodeProto, word: string, values: readonly (number | bigint)[]): string {
  const name = `${node.name}/${word}`;
  const bytes = new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);
  raised.initializers.push(tensorProto("int64", [values.length], bytes, name));
  return name;
}

function float(raised: Raised, node: NodeProto, word: string, value: number): string {
  const name = `${node.name}/${word}`;
  raised.initializers.push(tensorProto("float32", [], new Uint8Array(Float32Array.of(value).buffer), name));
  return name;
}

/** An attribute with a list of integers becomes the second input. */
const listToInput =
  (name: string): Rule =>
  (node, _opset, raised) => {
    const list = attribute(node, name)?.ints;
    if (!list || node.input.length > 1) return [node];
    return [{ ...node, input: [node.input[0]!, int64(raised, node, name, list)], attribute: without(node, name) }];
  };

const clip: Rule = (node, opset, raised) => {
  if (opset >= 11) return [node];
  const [low, high] = [attribute(node, "min")?.f, attribute(node, "max")?.f];
  const ends = [
    low === undefined ? "" : float(raised, node, "min", low),
    high === undefined ? "" : float(raised, node, "max", high),
  ];
  while (ends.at(-1) === "") ends.pop();
  return [{ ...node, input: [node.input[0]!, ...ends], attribute: without(node, "min", "max") }];
};

const pad: Rule = (node, opset, raised) => {
  if (opset >= 11) return [node];
  const pads = int64(raised, node, "pads", attribute(node, "pads")?.ints ?? []);
  const value = float(raised, node, "value", attribute(node, "value")?.f ?? 0);
  return [{ ...node, input: [node.input[0]!, pads, value], attribute: without(node, "pads", "value") }];
};

const slice: Rule = (node, opset, raised) => {
  if (opset >= 10) return [node];
  const starts = attribute(node, "starts")?.ints ?? [];
  const axes = attribute(node, "axes")?.ints ?? starts.map((_, i) => i);
  const lists = {
    starts,
    ends: attribute(node, "ends")?.ints ?? [],
    axes: axes.length > 0 ? axes : starts.map((_, i) => i),
  };
  const inputs = Object.entries(lists).map(([word, list]) => int64(raised, node, word, list));
  return [{ ...node, input: [node.input[0]!, ...inputs], attribute: without(node, "starts", "ends", "axes") }];
};

const dropout: Rule = (node, opset, raised) => {
  if (opset >= 12) return [node];
  const ratio = float(raised, node, "ratio", attribute(node, "ratio")?.f ?? 0.5);
  return [{ ...node, input: [node.input[0]!, ratio], attribute: without(node, "ratio") }];
};

const topK: Rule = (node, opset, raised) => {
  if (opset >= 10) return [node];
  const k = int64(raised, node, "k", [intOf(node, "k", 1)]);
  return [{ ...node, input: [node.input[0]!, k], attribute: without(node, "k") }];
};

/** Positions were divided by the factor and rounded down, in both older operators. */
const resize: Rule = (node, opset, raised) => {
  if (opset >= 11 && node.opType === "Resize") return [node];
  const scales = attribute(node, "scales")?.floats;
  let scaleName = node.input[1] ?? "";
  if (scales && scales.length > 0) {
    scaleName = `${node.name}/scales`;
    const bytes = new Uint8Array(Float32Array.from(scales).buffer);
    raised.initializers.push(tensorProto("float32", [scales.length], bytes, scaleName));
  }
  const more = { coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };
  const texts = Object.entries(more).map(([name, text]) => textAttribute(name, text));
  const found = { ...node, opType: "Resize", input: [node.input[0]!, "", scaleName] };
  return [{ ...found, attribute: [...without(node, "scales", ...Object.keys(more)), ...texts] }];
};

/** Everything behind the axis was one row: the same as the axis itself where it is the last one. */
const softmax: Rule = (node) => {
  const axis = intOf(node, "axis", 1);
  const attributes = [...without(node, "axis"), intAttribute("axis", -1)];
  if (axis === -1) return [{ ...node, attribute: attributes }];
  const [x, y] = [node.input[0]!, node.output[0]!];
  const name = node.name!;
  const part = (opType: string, input: string[], output: string, own: AttributeProto[] = []): NodeProto => ({
    opType,
    name: `${name}/${opType}`,
    input,
    output: [output],
    attribute: own,
    metadata: node.metadata,
  });
  return [
    part("Shape", [x], `${name}/sizes`),
    part("Flatten", [x], `${name}/rows`, [intAttribute("axis", axis)]),
    { ...node, input: [`${name}/rows`], output: [`${name}/soft`], attribute: attributes },
    part("Reshape", [`${name}/soft`, `${name}/sizes`], y),
  ];
};

const scatter: Rule = (node) => [{ ...node, opType: "ScatterElements" }];

function intAttribute(name: string, i: number): AttributeProto {
  return { name, type: ATTRIBUTE.int, i, floats: [], ints: [], strings: [], tensors: [], graphs: [] };
}

function textAttribute(name: string, text: string): AttributeProto {
  const s = new TextEncoder().encode(text);
  return { name, type: ATTRIBUTE.string, s, floats: [], ints: [], strings: [], tensors: [], graphs: [] };
}

const RULES: Record<string, Rule> = {
  Clip: clip,
  Dropout: dropout,
  Hardmax: softmax,
  LogSoftmax: softmax,
  Pad: pad,
  ReduceSum: listToInput("axes"),
  Resize: resize,
  Scatter: scatter,
  Slice: slice,
  Softmax: softmax,
  Split: listToInput("split"),
  Squeeze: listToInput("axes"),
  TopK: topK,
  Unsqueeze: listToInput("axes"),
  Upsample: resize,
};
