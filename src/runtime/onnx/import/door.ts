/**
 * What Python can ask of an ONNX file: its graphs as plain data, its tensors one by one. Reads and checks; runs nothing
 * and knows no operator.
 */
import * as bridge from "../../bridge.ts";
import { deviceById } from "../../device.ts";
import { dtypes, type DType } from "../../dtype.ts";
import { NotImplementedError, PythonError } from "../../errors.ts";
import { sourceOf } from "../../files/door.ts";
import { FileFormatError, quoted, readPart } from "../../files/source.ts";
import { put } from "../../handles.ts";
import { writeBytes } from "../../launch.ts";
import { contiguousStrides } from "../../shape.ts";
import { empty, Scope, Tensor } from "../../tensor.ts";
import { readModel } from "../model.ts";
import {
  ATTRIBUTE,
  DATA_TYPES,
  tensorMessage,
  type AttributeProto,
  type DataType,
  type Entry,
  type FunctionProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type TypeProto,
  type ValueInfo,
} from "../schema.ts";
import { bitsOf, dataTypeOf, dimsOf, externalPlace, tensorData, type TensorData } from "../tensor_data.ts";
import { decode } from "../wire.ts";
import { valueMessage, type ValueProto } from "./value_files.ts";

type Plain = Record<string, unknown>;

/** The tensors of each open model, in the order in which the description numbers them. */
const tensorsOf = new Map<number, TensorProto[]>();
const decoder = new TextDecoder();

export function forgetModels(): void {
  tensorsOf.clear();
}

/** Graph, functions and operator sets as JSON; tensors are numbers to ask for. */
function describeModel(fileId: number): string {
  const source = sourceOf(fileId);
  const { proto } = readModel(readPart(source, 0n, BigInt(source.sizeBytes), "the model"), null);
  const describer = new Describer();
  const found = {
    irVersion: Number(proto.irVersion ?? 0),
    producer: proto.producerName ?? "",
    opsets: Object.fromEntries(proto.opsetImport.map(({ domain = "", version = 1 }) => [domain, Number(version)])),
    metadata: entries(proto.metadata),
    graph: describer.graph(proto.graph!),
    functions: proto.functions.map((item) => describer.function(item)),
  };
  tensorsOf.set(fileId, describer.tensors);
  return JSON.stringify(found);
}

class Describer {
  readonly tensors: TensorProto[] = [];

  graph(graph: GraphProto): Plain {
    return {
      name: graph.name ?? "",
      inputs: graph.input.map(valueInfo),
      outputs: graph.output.map(valueInfo),
      initializers: graph.initializer.map((tensor) => this.tensor(tensor)),
      // Kept apart: nothing reads them, and a model that has some must be refused by name.
      sparse: graph.sparseInitializer.map(({ values }) => values?.name ?? ""),
      nodes: graph.node.map((node) => this.node(node)),
      metadata: entries(graph.metadata),
    };
  }

  function(item: FunctionProto): Plain {
    return {
      name: item.name ?? "",
      domain: item.domain ?? "",
      inputs: item.input,
      outputs: item.output,
      attributes: item.attribute,
      defaults: this.attributes(item.attributeProto),
      nodes: item.node.map((node) => this.node(node)),
      opsets: Object.fromEntries(item.opsetImport.map(({ domain = "", version = 1 }) => [domain, Number(version)])),
    };
  }

  private node(node: NodeProto): Plain {
    return {
      op: node.opType ?? "",
      domain: node.domain ?? "",
      name: node.name ?? "",
      inputs: node.input,
      outputs: node.output,
      attributes: this.attributes(node.attribute),
      source: node.metadata.find(({ key }) => key === "source")?.value ?? "",
    };
  }

  private attributes(list: readonly AttributeProto[]): Plain {
    return Object.fromEntries(list.map((attribute) => [attribute.name ?? "", this.attribute(attribute)]));
  }

  private attribute(attribute: AttributeProto): unknown {
    const { refAttrName, f, i, s, t, g } = attribute;
    if (refAttrName) return { reference: refAttrName };
    switch (attribute.type ?? kindOf(attribute)) {
      case ATTRIBUTE.float:
        return real(f ?? 0);
      case ATTRIBUTE.int:
        return integer(i ?? 0);
      case ATTRIBUTE.string:
        return decoder.decode(s);
      case ATTRIBUTE.tensor:
        return t ? { tensor: this.tensor(t) } : null;
      case ATTRIBUTE.graph:
        return g ? { graph: this.graph(g) } : null;
      case ATTRIBUTE.floats:
        return attribute.floats.map(real);
      case ATTRIBUTE.ints:
        return attribute.ints.map(integer);
      case ATTRIBUTE.strings:
        return attribute.strings.map((item) => decoder.decode(item));
      case ATTRIBUTE.tensors:
        return attribute.tensors.map((item) => ({ tensor: this.tensor(item) }));
      case ATTRIBUTE.graphs:
        return attribute.graphs.map((item) => ({ graph: this.graph(item) }));
      default:
        return { unknown: attribute.type ?? 0 };
    }
  }

  private tensor(tensor: TensorProto): Plain {
    const what = `initializer ${quoted(tensor.name ?? "")}`;
    const dtype = dataTypeOf(tensor, what);
    const isText = dtype === "string";
    return {
      name: tensor.name ?? "",
      dtype,
      dims: dimsOf(tensor, what),
      index: this.tensors.push(tensor) - 1,
      ...(isText ? { strings: tensor.stringData.map((item) => decoder.decode(item)) } : {}),
      ...(tensor.dataLocation === 1 ? { external: externalPlace(tensor, what) } : {}),
    };
  }
}

/** Models of the first IR versions say no type. */
function kindOf({ f, i, s, t, g, floats, ints, strings }: AttributeProto): number {
  if (f !== undefined) return ATTRIBUTE.float;
  if (i !== undefined) return ATTRIBUTE.int;
  if (s !== undefined) return ATTRIBUTE.string;
  if (t !== undefined) return ATTRIBUTE.tensor;
  if (g !== undefined) return ATTRIBUTE.graph;
  if (floats.length > 0) return ATTRIBUTE.floats;
  return strings.length > 0 ? ATTRIBUTE.strings : ints.length > 0 ? ATTRIBUTE.ints : 0;
}

/** JSON has no infinities; integers beyond 2^53 travel as text. */
const real = (value: number): unknown => (Number.isFinite(value) ? value : { float: String(value) });
const integer = (value: number | bigint): unknown => (typeof value === "bigint" ? { int: String(value) } : value);

function entries(list: readonly Entry[]): Plain {
  return Object.fromEntries(list.map(({ key = "", value = "" }) => [key, value]));
}

function valueInfo({ name = "", type }: ValueInfo): Plain {
  return { name, ...typeOf(type) };
}

function typeOf(type: TypeProto | undefined): Plain {
  if (type?.tensorType) {
    const { elemType = 0, shape } = type.tensorType;
    const dims = shape?.dim.map(({ value, parameter }) => (value === undefined ? (parameter ?? "?") : Number(value)));
    return { kind: "tensor", dtype: DATA_TYPES[elemType] ?? "undefined", dims: dims ?? null };
  }
  if (type?.sequenceType) return { kind: "sequence", element: typeOf(type.sequenceType.elemType) };
  if (type?.optionalType) return { kind: "optional", element: typeOf(type.optionalType.elemType) };
  return { kind: type?.sparseTensorType ? "sparse tensor" : "unknown" };
}

/** A tensor of an open model as a tensor on a device. */
function modelTensor(fileId: number, index: number, device: number): number {
  const tensor = tensorsOf.get(fileId)?.[index];
  if (!tensor) throw new PythonError("ValueError", "I/O operation on closed file.");
  return toTensor(tensorData(tensor, null), device);
}

/** Bytes of a file beside the model, which Python has opened: the same tensor. */
function externalTensor(fileId: number, index: number, dataFileId: number, device: number): number {
  const tensor = tensorsOf.get(fileId)?.[index];
  if (!tensor) throw new PythonError("ValueError", "I/O operation on closed file.");
  const what = `initializer ${quoted(tensor.name ?? "")}`;
  const { offset, length } = externalPlace(tensor, what);
  const bytes = readPart(sourceOf(dataFileId), BigInt(offset), BigInt(length), what);
  return toTensor({ dtype: dataTypeOf(tensor, what), dims: dimsOf(tensor, what), bytes }, device);
}

/** Types that live in a wider one of ours; the caller knows which it was. */
const WIDER: Partial<Record<DataType, string>> = {
  uint2: "uint8",
  int2: "int8",
  uint4: "uint8",
  int4: "int8",
  uint16: "int32",
  uint32: "int64",
};

export function toTensor(data: TensorData, device: number): number {
  const { dtype, dims } = data;
  const own: DType | undefined = dtypes.find(({ name }) => name === (WIDER[dtype] ?? dtype));
  if (!own) throw new NotImplementedError(`tensors of ${dtype}`);
  const bytes = widened(data);
  const target = empty(dims, own, deviceById(device));
  if (target.isMeta || bytes.length === 0) return put(target);
  writeBytes(new Tensor(target.storage, dims, contiguousStrides(dims), 0, own), bytes);
  return put(target);
}

function widened({ dtype, dims, bytes }: TensorData): Uint8Array {
  const count = dims.reduce((a, b) => a * b, 1);
  const bits = bitsOf(dtype)!;
  if (bits < 8) {
    const perByte = 8 / bits;
    const codes = 1 << bits;
    const wide = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      const code = (bytes[Math.floor(i / perByte)]! >> (bits * (i % perByte))) & (codes - 1);
      wide[i] = dtype.startsWith("int") && code >= codes / 2 ? code - codes : code;
    }
    return wide;
  }
  if (dtype === "uint16") return bytesOf(Int32Array.from(new Uint16Array(bytes.slice().buffer)));
  if (dtype === "uint32") return bytesOf(BigInt64Array.from(new Uint32Array(bytes.slice().buffer), BigInt));
  return bytes;
}

const bytesOf = ({ buffer }: Int32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer>): Uint8Array =>
  new Uint8Array(buffer);

/** A tensor, sequence or optional in a file of its own: data of a test, not a model. */
function readValue(fileId: number, kind: string, device: number): string {
  const source = sourceOf(fileId);
  const bytes = readPart(source, 0n, BigInt(source.sizeBytes), "the value");
  const plain = (tensor: TensorProto): Plain => {
    const dtype = dataTypeOf(tensor, "the tensor");
    if (dtype === "string") {
      return { dims: dimsOf(tensor, "the tensor"), strings: tensor.stringData.map((item) => decoder.decode(item)) };
    }
    return { dtype, handle: toTensor(tensorData(tensor, null), device) };
  };
  const value = (item: ValueProto): unknown => {
    if (item.tensorValue) return plain(item.tensorValue);
    if (item.sequenceValue) return value(item.sequenceValue);
    if (item.optionalValue) return value(item.optionalValue);
    if ((item.sequences?.length ?? 0) > 0) return { list: item.sequences!.map(value) };
    if ((item.optionals?.length ?? 0) > 0) return { list: item.optionals!.map(value) };
    // An optional has no lists at all.
    return item.tensors ? { list: item.tensors.map(plain) } : null;
  };
  if (kind === "tensor") return JSON.stringify(plain(decode<TensorProto>(bytes, tensorMessage, "tensor")));
  return JSON.stringify(value(decode<ValueProto>(bytes, valueMessage(kind), `${kind} of tensors`)));
}

function guarded<A extends unknown[], R>(body: (...args: A) => R, onError: unknown = 0): (...args: A) => unknown {
  return (...args) => {
    const mark = Scope.enter();
    try {
      return body(...args);
    } catch (error) {
      const isFormat = error instanceof FileFormatError;
      bridge.fail(isFormat ? new PythonError("layerwise.FileFormat", error.message) : error);
      return onError;
    } finally {
      Scope.exit(mark);
    }
  };
}

export const importFunctions: Record<string, (...args: never[]) => unknown> = {
  onnx_describe: guarded(describeModel, ""),
  onnx_tensor: guarded(modelTensor),
  onnx_external_tensor: guarded(externalTensor),
  onnx_value: guarded(readValue, ""),
  onnx_close: (fileId: number) => tensorsOf.delete(fileId),
};
