/**
 * The messages of ONNX (onnx.proto of ONNX 1.23, IR version 14): field numbers, and the types that they become. Python's `onnx` has them
 * too (tools/generate/onnx_messages.ts); what nothing here looks at is in the tables alone, so that files keep it.
 */
import { kept, many, one, type Integer, type Message } from "./wire.ts";

export interface ModelProto {
  irVersion?: Integer;
  producerName?: string;
  producerVersion?: string;
  domain?: string;
  modelVersion?: Integer;
  docString?: string;
  graph?: GraphProto;
  opsetImport: OperatorSet[];
  metadata: Entry[];
  functions: FunctionProto[];
}

export interface OperatorSet {
  domain?: string;
  version?: Integer;
}

export interface Entry {
  key?: string;
  value?: string;
}

export interface GraphProto {
  node: NodeProto[];
  name?: string;
  initializer: TensorProto[];
  sparseInitializer: SparseTensorProto[];
  docString?: string;
  input: ValueInfo[];
  output: ValueInfo[];
  valueInfo: ValueInfo[];
  metadata: Entry[];
}

export interface NodeProto {
  input: string[];
  output: string[];
  name?: string;
  opType?: string;
  domain?: string;
  overload?: string;
  attribute: AttributeProto[];
  docString?: string;
  metadata: Entry[];
}

export interface AttributeProto {
  name?: string;
  refAttrName?: string;
  docString?: string;
  type?: number;
  f?: number;
  i?: Integer;
  s?: Uint8Array;
  t?: TensorProto;
  g?: GraphProto;
  floats: number[];
  ints: Integer[];
  strings: Uint8Array[];
  tensors: TensorProto[];
  graphs: GraphProto[];
}

export interface TensorProto {
  dims: Integer[];
  dataType?: number;
  floatData: number[];
  int32Data: Integer[];
  stringData: Uint8Array[];
  int64Data: Integer[];
  doubleData: number[];
  uint64Data: Integer[];
  name?: string;
  docString?: string;
  rawData?: Uint8Array;
  externalData: Entry[];
  /** 1: the data lies in a file of its own. */
  dataLocation?: number;
}

export interface SparseTensorProto {
  values?: TensorProto;
  indices?: TensorProto;
  dims: Integer[];
}

export interface ValueInfo {
  name?: string;
  type?: TypeProto;
  docString?: string;
}

export interface TypeProto {
  tensorType?: { elemType?: number; shape?: { dim: Dimension[] } };
  sequenceType?: { elemType?: TypeProto };
  optionalType?: { elemType?: TypeProto };
  sparseTensorType?: { elemType?: number; shape?: { dim: Dimension[] } };
  denotation?: string;
}

export interface Dimension {
  value?: Integer;
  parameter?: string;
  denotation?: string;
}

export interface FunctionProto {
  name?: string;
  domain?: string;
  overload?: string;
  input: string[];
  output: string[];
  attribute: string[];
  attributeProto: AttributeProto[];
  node: NodeProto[];
  opsetImport: OperatorSet[];
  docString?: string;
}

/** TensorProto.DataType. */
export const DATA_TYPES = [
  "undefined",
  "float32",
  "uint8",
  "int8",
  "uint16",
  "int16",
  "int32",
  "int64",
  "string",
  "bool",
  "float16",
  "float64",
  "uint32",
  "uint64",
  "complex64",
  "complex128",
  "bfloat16",
  "float8_e4m3fn",
  "float8_e4m3fnuz",
  "float8_e5m2",
  "float8_e5m2fnuz",
  "uint4",
  "int4",
  "float4_e2m1",
  "float8_e8m0",
  "uint2",
  "int2",
  "float6_e2m3",
  "float6_e3m2",
] as const;
export type DataType = (typeof DATA_TYPES)[number];

export const dataTypeNumber = (name: DataType): number => DATA_TYPES.indexOf(name);

/** AttributeProto.AttributeType. */
export const ATTRIBUTE = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
} as const;

const noteOf = (): Message => entry;
const entry: Message = { 1: one("key", "string"), 2: one("value", "string") };
const operatorSet: Message = { 1: one("domain", "string"), 2: one("version", "int64") };

export const tensorMessage: Message = {
  1: many("dims", "int64"),
  2: one("dataType", "int32"),
  3: one("segment", () => segment),
  4: many("floatData", "float"),
  5: many("int32Data", "int32"),
  6: many("stringData", "bytes"),
  7: many("int64Data", "int64"),
  8: one("name", "string"),
  9: one("rawData", "bytes"),
  10: many("doubleData", "double"),
  11: many("uint64Data", "uint64"),
  12: one("docString", "string"),
  13: many("externalData", () => entry),
  14: one("dataLocation", "int32"),
  16: kept("metadata", noteOf, "metadata_props"),
};

const segment: Message = { 1: one("begin", "int64"), 2: one("end", "int64") };

const sparseTensor: Message = {
  1: one("values", () => tensorMessage),
  2: one("indices", () => tensorMessage),
  3: many("dims", "int64"),
};

const dimension: Message = {
  1: one("value", "int64", "dim_value"),
  2: one("parameter", "string", "dim_param"),
  3: one("denotation", "string"),
};
const shape: Message = { 1: many("dim", () => dimension) };
const tensorType: Message = { 1: one("elemType", "int32"), 2: one("shape", () => shape) };
const elementType: Message = { 1: one("elemType", () => typeMessage) };
// Of the same fields, and names of their own in ONNX.
const optionalType: Message = { ...elementType };
const sparseTensorType: Message = { ...tensorType };
const mapType: Message = { 1: one("keyType", "int32"), 2: one("valueType", () => typeMessage) };
const opaqueType: Message = { 1: one("domain", "string"), 2: one("name", "string") };

const typeMessage: Message = {
  1: one("tensorType", () => tensorType),
  4: one("sequenceType", () => elementType),
  5: one("mapType", () => mapType),
  6: one("denotation", "string"),
  7: one("opaqueType", () => opaqueType),
  8: one("sparseTensorType", () => sparseTensorType),
  9: one("optionalType", () => optionalType),
};

const valueInfo: Message = {
  1: one("name", "string"),
  2: one("type", () => typeMessage),
  3: one("docString", "string"),
  4: kept("metadata", noteOf, "metadata_props"),
};

const attribute: Message = {
  1: one("name", "string"),
  2: one("f", "float"),
  3: one("i", "int64"),
  4: one("s", "bytes"),
  5: one("t", () => tensorMessage),
  6: one("g", () => graphMessage),
  7: many("floats", "float"),
  8: many("ints", "int64"),
  9: many("strings", "bytes"),
  10: many("tensors", () => tensorMessage),
  11: many("graphs", () => graphMessage),
  13: one("docString", "string"),
  14: one("tp", () => typeMessage),
  15: kept("typeProtos", () => typeMessage),
  20: one("type", "int32"),
  21: one("refAttrName", "string"),
  22: one("sparseTensor", () => sparseTensor),
  23: kept("sparseTensors", () => sparseTensor),
};

const node: Message = {
  1: many("input", "string"),
  2: many("output", "string"),
  3: one("name", "string"),
  4: one("opType", "string"),
  5: many("attribute", () => attribute),
  6: one("docString", "string"),
  7: one("domain", "string"),
  8: one("overload", "string"),
  9: many("metadata", noteOf, "metadata_props"),
  10: kept("deviceConfigurations", () => nodeDeviceConfiguration),
};

const intIntList: Message = { 1: one("key", "int64"), 2: many("value", "int64") };
const simpleShardedDim: Message = {
  1: one("dimValue", "int64"),
  2: one("dimParam", "string"),
  3: one("numShards", "int64"),
};
const shardedDim: Message = { 1: one("axis", "int64"), 2: kept("simpleSharding", () => simpleShardedDim) };
const shardingSpec: Message = {
  1: one("tensorName", "string"),
  2: kept("device", "int64"),
  3: kept("indexToDeviceGroupMap", () => intIntList),
  4: kept("shardedDim", () => shardedDim),
};
const nodeDeviceConfiguration: Message = {
  1: one("configurationId", "string"),
  2: kept("shardingSpec", () => shardingSpec),
  3: one("pipelineStage", "int32"),
};
const deviceConfiguration: Message = {
  1: one("name", "string"),
  2: one("numDevices", "int32"),
  3: kept("device", "string"),
};

const annotation: Message = {
  1: one("tensorName", "string"),
  2: kept("quantParameterTensorNames", () => entry),
};

export const graphMessage: Message = {
  1: many("node", () => node),
  2: one("name", "string"),
  5: many("initializer", () => tensorMessage),
  10: one("docString", "string"),
  11: many("input", () => valueInfo),
  12: many("output", () => valueInfo),
  13: many("valueInfo", () => valueInfo),
  14: kept("quantizationAnnotation", () => annotation),
  15: many("sparseInitializer", () => sparseTensor),
  16: many("metadata", noteOf, "metadata_props"),
};

const trainingInfo: Message = {
  1: one("initialization", () => graphMessage),
  2: one("algorithm", () => graphMessage),
  3: kept("initializationBinding", () => entry),
  4: kept("updateBinding", () => entry),
};

const functionMessage: Message = {
  1: one("name", "string"),
  4: many("input", "string"),
  5: many("output", "string"),
  6: many("attribute", "string"),
  7: many("node", () => node),
  8: one("docString", "string"),
  9: many("opsetImport", () => operatorSet),
  10: one("domain", "string"),
  11: many("attributeProto", () => attribute),
  12: kept("valueInfo", () => valueInfo),
  13: one("overload", "string"),
  14: kept("metadata", noteOf, "metadata_props"),
};

export const modelMessage: Message = {
  1: one("irVersion", "int64"),
  2: one("producerName", "string"),
  3: one("producerVersion", "string"),
  4: one("domain", "string"),
  5: one("modelVersion", "int64"),
  6: one("docString", "string"),
  7: one("graph", () => graphMessage),
  8: many("opsetImport", () => operatorSet),
  14: many("metadata", noteOf, "metadata_props"),
  20: kept("trainingInfo", () => trainingInfo),
  25: many("functions", () => functionMessage),
  26: kept("configuration", () => deviceConfiguration),
};

/** All of them, by the names that ONNX has for them. */
export const messages: Readonly<Record<string, Message>> = {
  AttributeProto: attribute,
  DeviceConfigurationProto: deviceConfiguration,
  FunctionProto: functionMessage,
  GraphProto: graphMessage,
  IntIntListEntryProto: intIntList,
  ModelProto: modelMessage,
  NodeDeviceConfigurationProto: nodeDeviceConfiguration,
  NodeProto: node,
  OperatorSetIdProto: operatorSet,
  ShardedDimProto: shardedDim,
  ShardingSpecProto: shardingSpec,
  SimpleShardedDimProto: simpleShardedDim,
  SparseTensorProto: sparseTensor,
  StringStringEntryProto: entry,
  TensorAnnotation: annotation,
  TensorProto: tensorMessage,
  "TensorProto.Segment": segment,
  TensorShapeProto: shape,
  "TensorShapeProto.Dimension": dimension,
  TrainingInfoProto: trainingInfo,
  TypeProto: typeMessage,
  "TypeProto.Map": mapType,
  "TypeProto.Opaque": opaqueType,
  "TypeProto.Optional": optionalType,
  "TypeProto.Sequence": elementType,
  "TypeProto.SparseTensor": sparseTensorType,
  "TypeProto.Tensor": tensorType,
  ValueInfoProto: valueInfo,
};
