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

/** Throws unless every value is defined once, and before it is used; nodes may stand in any order that can be sorted. */
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
  checkOrder(graph.node, known, made, around);
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

/** ONNX asks for nodes in order; a file whose nodes wait for each other in a circle can never be run. */
function checkOrder(
  nodes: readonly NodeProto[],
  known: ReadonlySet<string>,
  made: ReadonlySet<string>,
  around: ReadonlySet<string>,
): void {
  const done = new Set(known);
  nodes.forEach((node, index) => {
    for (const name of node.input) {
      if (name === "" || done.has(name)) continue;
      const where = `node ${quoted(node.name || `${node.opType} number ${index}`)}`;
      if (made.has(name)) {
        throw new FileFormatError(
          `${where} uses ${quoted(name)} before it is made: the nodes are out of order or cyclic`,
        );
      }
      if (!around.has(name)) throw new FileFormatError(`${where} uses ${quoted(name)}, which nothing makes`);
    }
    for (const name of node.output) done.add(name);
  });
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
