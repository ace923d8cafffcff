/**
 * An ONNX model, read from a file and checked: every name is made before it is used, sizes make sense, data lies where it
 * may. Runs nothing; knows no operator.
 */
import { dirname } from "node:path";
import { FileFormatError, HostSource, quoted, readPart } from "../files/source.ts";
import {
  modelMessage,
  type Dimension,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type ValueInfo,
} from "./schema.ts";
import { checkBytes, dataTypeOf, dimsOf } from "./tensor_data.ts";
import { decode } from "./wire.ts";

/** Protocol Buffers allow no more in one file. */
const MOST_BYTES = 2 ** 31;
/** Graphs in graphs in graphs. */
const MOST_NESTED = 16;

export interface OnnxModel {
  proto: ModelProto;
  graph: GraphProto;
  /** Version of the standard operators. */
  opset: number;
  /** Where external data is looked for; null for a model that did not come from a file. */
  folder: string | null;
}

export function readModelFile(path: string): OnnxModel {
  const source = new HostSource(path);
  try {
    if (source.sizeBytes >= MOST_BYTES) {
      throw new FileFormatError(`it has ${source.sizeBytes} bytes, and ONNX models end below ${MOST_BYTES}`);
    }
    const bytes = readPart(source, 0n, BigInt(source.sizeBytes), "the model");
    return readModel(bytes, dirname(path));
  } finally {
    source.close();
  }
}

export function readModel(bytes: Uint8Array, folder: string | null): OnnxModel {
  if (bytes.length === 0) throw new FileFormatError("this is no ONNX model: it is empty");
  const proto = decode<ModelProto>(bytes, modelMessage, "ONNX model");
  const { graph } = proto;
  if (!graph || (proto.opsetImport.length === 0 && proto.irVersion === undefined)) {
    throw new FileFormatError("this is no ONNX model: it has no graph");
  }
  const standard = proto.opsetImport.find(({ domain }) => !domain || domain === "ai.onnx");
  const opset = Number(standard?.version ?? 1);
  if (!Number.isInteger(opset) || opset < 1) throw new FileFormatError(`the model asks for opset ${standard?.version}`);
  checkGraph(graph, new Set(), 0);
  return { proto, graph, opset, folder };
}

/** Throws unless every value is defined once, and can be before it is used; brings nodes into such an order. */
function checkGraph(graph: GraphProto, around: ReadonlySet<string>, depth: number): void {
  if (depth > MOST_NESTED) throw new FileFormatError(`graphs are nested more than ${MOST_NESTED} deep`);
  const known = new Set<string>();
  for (const tensor of graph.initializer) {
    const what = `initializer ${quoted(tensor.name ?? "")}`;
    dataTypeOf(tensor, what);
    dimsOf(tensor, what);
    checkBytes(tensor, what);
    known.add(tensor.name ?? "");
  }
  for (const { values } of graph.sparseInitializer) known.add(values?.name ?? "");
  for (const input of graph.input) {
    checkShape(input, "input");
    known.add(input.name ?? "");
  }
  const made = new Set<string>();
  for (const node of graph.node) {
    for (const name of node.output) {
      if (name === "") continue;
      if (made.has(name)) throw new FileFormatError(`two nodes make ${quoted(name)}`);
      made.add(name);
    }
  }
  graph.node = inOrder(graph.node, known, made, around);
  for (const name of made) known.add(name);
  for (const output of graph.output) {
    checkShape(output, "output");
    const name = output.name ?? "";
    if (!known.has(name) && !around.has(name)) throw new FileFormatError(`nothing makes the output ${quoted(name)}`);
  }
  const inner = new Set([...around, ...known]);
  for (const { attribute } of graph.node) {
    for (const { g, graphs } of attribute) {
      for (const part of g ? [g, ...graphs] : graphs) checkGraph(part, inner, depth + 1);
    }
  }
}

/**
 * ONNX asks for nodes in order, but converters to half precision put their Casts last, and ONNX Runtime runs such files. Nodes that
 * wait for each other in a circle can never be run.
 */
function inOrder(
  nodes: readonly NodeProto[],
  known: ReadonlySet<string>,
  made: ReadonlySet<string>,
  around: ReadonlySet<string>,
): NodeProto[] {
  const maker = new Map(nodes.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const where = (node: NodeProto): string =>
    `node ${quoted(node.name || `${node.opType} number ${nodes.indexOf(node)}`)}`;
  for (const node of nodes) {
    for (const name of node.input) {
      if (name === "" || known.has(name) || made.has(name) || around.has(name)) continue;
      throw new FileFormatError(`${where(node)} uses ${quoted(name)}, which nothing makes`);
    }
  }
  const sorted: NodeProto[] = [];
  const states = new Map<NodeProto, "waits" | "done">();
  // Inputs of each node that are known to be there: none is looked at twice.
  const looked = new Map<NodeProto, number>();
  for (const first of nodes) {
    // Not by recursion: a chain may be as long as the model.
    const waiting = states.has(first) ? [] : [first];
    while (waiting.length > 0) {
      const node = waiting.at(-1)!;
      const missing = states.get(node) === "done" ? undefined : missingOf(node, known, maker, states, looked);
      if (missing !== undefined) {
        const next = maker.get(missing)!;
        if (states.get(next) === "waits" || next === node) {
          throw new FileFormatError(
            `${where(node)} uses ${quoted(missing)} before it is made: nodes wait for each other in a circle`,
          );
        }
        states.set(node, "waits");
        waiting.push(next);
        continue;
      }
      if (states.get(node) !== "done") sorted.push(node);
      states.set(node, "done");
      waiting.pop();
    }
  }
  return sorted;
}

/** A value that a node reads, itself or in graphs inside of it, and whose maker is not done. */
function missingOf(
  node: NodeProto,
  known: ReadonlySet<string>,
  maker: ReadonlyMap<string, NodeProto>,
  states: ReadonlyMap<NodeProto, "waits" | "done">,
  looked: Map<NodeProto, number>,
): string | undefined {
  const isMissing = (name: string): boolean => {
    const made = known.has(name) ? undefined : maker.get(name);
    return made !== undefined && states.get(made) !== "done";
  };
  let at = looked.get(node) ?? 0;
  while (at < node.input.length && !isMissing(node.input[at]!)) at++;
  looked.set(node, at);
  if (at < node.input.length) return node.input[at];
  const bodies = node.attribute.flatMap(({ g, graphs }) => (g ? [g, ...graphs] : graphs));
  for (const { node: inner, output } of bodies) {
    const own = new Set(inner.flatMap((part) => part.output));
    const outer = output.map(({ name = "" }) => name).find((name) => !own.has(name) && isMissing(name));
    if (outer !== undefined) return outer;
    for (const part of inner) {
      const found = missingOf(part, own, maker, states, looked);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function checkShape({ name = "", type }: ValueInfo, kind: string): void {
  for (const { value } of type?.tensorType?.shape?.dim ?? []) {
    if (value !== undefined && BigInt(value) < 0n) {
      throw new FileFormatError(`${kind} ${quoted(name)} has a dimension of ${value}`);
    }
  }
}

/** Inputs that a caller gives: older models list their initializers among them. */
export function callerInputs({ graph }: OnnxModel): ValueInfo[] {
  const initializers = new Set(graph.initializer.map(({ name }) => name));
  return graph.input.filter(({ name }) => !initializers.has(name));
}

/** "3", "batch", "?". */
export function dimensionText({ value, parameter }: Dimension): string {
  if (value !== undefined) return String(value);
  return parameter ? parameter : "?";
}
