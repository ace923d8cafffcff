/** Files beside a model that hold some of its tensors: their names, refused wherever ONNX Runtime itself would have to open one. */
import { FileFormatError, quoted } from "../../files/source.ts";
import type { GraphProto, ModelProto, NodeProto, TensorProto } from "../schema.ts";
import { externalPlace } from "../tensor_data.ts";

/** Each name once, in the order of the model. ONNX Runtime takes bytes for initializers, and for no other tensors. */
export function externalFiles({ graph, functions }: ModelProto): string[] {
  const found = new Set<string>();
  if (graph) visit(graph, found);
  for (const { node } of functions) for (const part of node) visitNode(part, found);
  return [...found];
}

function visit(graph: GraphProto, found: Set<string>): void {
  for (const tensor of graph.initializer) {
    if (isApart(tensor)) found.add(externalPlace(tensor, `initializer ${quoted(tensor.name ?? "")}`).location);
  }
  for (const { values, indices } of graph.sparseInitializer) for (const part of [values, indices]) requireInside(part);
  for (const node of graph.node) visitNode(node, found);
}

function visitNode({ attribute }: NodeProto, found: Set<string>): void {
  for (const { t, tensors, g, graphs } of attribute) {
    for (const tensor of t ? [t, ...tensors] : tensors) requireInside(tensor);
    for (const graph of g ? [g, ...graphs] : graphs) visit(graph, found);
  }
}

const isApart = (tensor: TensorProto): boolean => tensor.dataLocation === 1 || tensor.externalData.length > 0;

function requireInside(tensor: TensorProto | undefined): void {
  if (!tensor || !isApart(tensor)) return;
  const what = tensor.name ? `the tensor ${quoted(tensor.name)}` : "a tensor of a node";
  throw new FileFormatError(`${what} lies in another file: expected that of initializers alone`);
}
