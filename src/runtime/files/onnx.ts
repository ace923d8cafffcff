/**
 * ONNX models, as far as one looks at them: producer, operator sets, inputs and outputs, how often each operator occurs,
 * and the table of initializers with their places. Attributes and subgraphs are not followed, data is not touched.
 */
import { Cursor } from "./cursor.ts";
import { ELEMENT_BYTES, ONNX_TYPES } from "./element_types.ts";
import { type Field, fields } from "./protobuf.ts";
import { type ByteSource, exactSize, FileFormatError, product, quoted } from "./source.ts";

export interface OnnxValue {
  name: string;
  dtype: string;
  /** Sizes, names of sizes, or "?". */
  shape: string[];
}

export interface OnnxInitializer {
  name: string;
  dtype: string;
  shape: number[];
  sizeBytes: number;
  /** Where the raw bytes stand, -1 where they are not raw. */
  position: number;
  external?: { location: string; offset: bigint; length: bigint };
}

export interface OnnxModel {
  metadata: Record<string, string>;
  graph: string;
  inputs: OnnxValue[];
  outputs: OnnxValue[];
  operators: Map<string, number>;
  initializers: OnnxInitializer[];
}

const LONGEST_TEXT = 65_535;
const MOST_DIMS = 64;
/** Nodes and initializers together; each costs memory of ours. */
const MOST_ENTRIES = 5_000_000;

export function readOnnx(source: ByteSource): OnnxModel {
  const reader = new Reader(source);
  const model: OnnxModel = { metadata: {}, graph: "", inputs: [], outputs: [], operators: new Map(), initializers: [] };
  const metadata = new Map<string, string>();
  let hasGraph = false;
  for (const field of fields(source, 0n, BigInt(source.sizeBytes), "the model")) {
    const known = MODEL_FIELDS[field.number];
    if (known) metadata.set(known, field.wire === 2 ? reader.text(field, known) : String(field.value));
    else if (field.number === 8) {
      const [domain, version] = reader.pair(field, "an operator set");
      metadata.set(`opset ${domain === "" ? "ai.onnx" : domain}`, version);
    } else if (field.number === 14) metadata.set(...reader.pair(field, "a property"));
    else if (field.number === 7) {
      requireMessage(field, "the graph");
      hasGraph = true;
      reader.graph(field, model);
    }
  }
  if (!hasGraph || !metadata.has("ir_version"))
    throw new FileFormatError("this is no ONNX model: it has no graph or no version");
  requireDistinct(model.initializers);
  return { ...model, metadata: Object.fromEntries(metadata) };
}

const MODEL_FIELDS: Readonly<Record<number, string>> = {
  1: "ir_version",
  2: "producer",
  3: "producer_version",
  4: "domain",
  5: "model_version",
};

function requireMessage(field: Field, what: string): void {
  if (field.wire !== 2) throw new FileFormatError(`${what} is no message`);
}

function requireDistinct(initializers: readonly OnnxInitializer[]): void {
  const names = new Set<string>();
  for (const { name } of initializers) {
    if (names.has(name)) throw new FileFormatError(`initializer ${quoted(name)} occurs twice`);
    names.add(name);
  }
}

class Reader {
  private readonly source: ByteSource;
  private nEntries = 0;

  constructor(source: ByteSource) {
    this.source = source;
  }

  graph(graph: Field, model: OnnxModel): void {
    for (const field of this.inside(graph, "the graph")) {
      if (field.number === 1) this.node(field, model.operators);
      else if (field.number === 2) model.graph = this.text(field, "the graph's name");
      else if (field.number === 5) model.initializers.push(this.initializer(field));
      else if (field.number === 11) model.inputs.push(this.valueInfo(field, "an input"));
      else if (field.number === 12) model.outputs.push(this.valueInfo(field, "an output"));
    }
    // Old exporters list initializers among the inputs.
    const owned = new Set(model.initializers.map((initializer) => initializer.name));
    model.inputs = model.inputs.filter((input) => !owned.has(input.name));
  }

  text(field: Field, what: string): string {
    requireMessage(field, what);
    const cursor = new Cursor(this.source, field.position, field.position + field.value);
    return cursor.text(field.value, LONGEST_TEXT, what);
  }

  /** A message of two fields, 1 and 2: texts or numbers. */
  pair(message: Field, what: string): [string, string] {
    const parts: [string, string] = ["", ""];
    for (const field of this.inside(message, what)) {
      if (field.number === 1 || field.number === 2) {
        parts[field.number - 1] = field.wire === 2 ? this.text(field, what) : String(field.value);
      }
    }
    return parts;
  }

  private inside(message: Field, what: string): Generator<Field> {
    requireMessage(message, what);
    if (++this.nEntries > MOST_ENTRIES) throw new FileFormatError(`the model has more than ${MOST_ENTRIES} parts`);
    return fields(this.source, message.position, message.position + message.value, what);
  }

  private node(message: Field, operators: Map<string, number>): void {
    let type = "";
    let domain = "";
    for (const field of this.inside(message, "a node")) {
      if (field.number === 4) type = this.text(field, "an operator's name");
      else if (field.number === 7) domain = this.text(field, "an operator's domain");
    }
    const name = domain === "" || domain === "ai.onnx" ? type : `${domain}.${type}`;
    operators.set(name, (operators.get(name) ?? 0) + 1);
  }

  private valueInfo(message: Field, what: string): OnnxValue {
    const value: OnnxValue = { name: "", dtype: "?", shape: [] };
    for (const field of this.inside(message, what)) {
      if (field.number === 1) value.name = this.text(field, what);
      else if (field.number === 2) {
        for (const type of this.inside(field, what)) if (type.number === 1) this.tensorType(type, value);
      }
    }
    return value;
  }

  private tensorType(message: Field, value: OnnxValue): void {
    for (const field of this.inside(message, "a type")) {
      if (field.number === 1) value.dtype = typeName(field.value);
      else if (field.number === 2) {
        for (const dim of this.inside(field, "a shape")) {
          const [part] = [...this.inside(dim, "a size")].filter((size) => size.number === 1 || size.number === 2);
          if (value.shape.length >= MOST_DIMS)
            throw new FileFormatError(`${quoted(value.name)} has too many dimensions`);
          value.shape.push(!part ? "?" : part.wire === 2 ? this.text(part, "a size's name") : String(part.value));
        }
      }
    }
  }

  private initializer(message: Field): OnnxInitializer {
    let name = "";
    let type = 0n;
    const dims: bigint[] = [];
    let raw: Field | undefined;
    const external = new Map<string, string>();
    let isExternal = false;
    for (const field of this.inside(message, "an initializer")) {
      if (field.number === 1) dims.push(...this.dims(field));
      else if (field.number === 2) type = field.value;
      else if (field.number === 8) name = this.text(field, "an initializer's name");
      else if (field.number === 9) raw = field;
      else if (field.number === 13) external.set(...this.pair(field, "external data"));
      else if (field.number === 14) isExternal = field.value === 1n;
      if (dims.length > MOST_DIMS) throw new FileFormatError(`initializer ${quoted(name)} has too many dimensions`);
    }
    const dtype = typeName(type);
    const shape = dims.map((size) => exactSize(size, `a size of ${quoted(name)}`));
    const needed = bytesOf(dtype, product(dims));
    if (raw && !isExternal && raw.value !== needed && dtype !== "string") {
      throw new FileFormatError(
        `initializer ${quoted(name)} of ${dtype}[${shape.join(", ")}] needs ${needed} bytes, but has ${raw.value}`,
      );
    }
    return {
      name,
      dtype,
      shape,
      sizeBytes: exactSize(needed, `the size of ${quoted(name)}`),
      position: raw && !isExternal ? Number(raw.position) : -1,
      ...(isExternal ? { external: externalPlace(name, external, needed) } : {}),
    };
  }

  /** Packed or one by one. */
  private dims(field: Field): bigint[] {
    if (field.wire === 0) return [field.value];
    if (field.value > BigInt(10 * MOST_DIMS)) throw new FileFormatError("an initializer has too many dimensions");
    const cursor = new Cursor(this.source, field.position, field.position + field.value);
    const found: bigint[] = [];
    while (!cursor.isAtEnd) {
      let value = 0n;
      let shift = 0n;
      let byte: number;
      do {
        byte = cursor.u8("a shape");
        value |= BigInt(byte & 127) << shift;
        shift += 7n;
      } while (byte >= 128 && shift < 70n);
      found.push(value);
    }
    return found;
  }
}

function typeName(type: bigint): string {
  const found = type < BigInt(ONNX_TYPES.length) ? ONNX_TYPES[Number(type)] : undefined;
  if (!found) throw new FileFormatError(`a tensor has the unknown element type ${type}`);
  return found;
}

function bytesOf(dtype: string, count: bigint): bigint {
  // Two elements to a byte.
  if (dtype === "int4" || dtype === "uint4" || dtype === "float4_e2m1") return (count + 1n) / 2n;
  return count * BigInt(ELEMENT_BYTES.get(dtype) ?? 0);
}

function externalPlace(
  name: string,
  entries: ReadonlyMap<string, string>,
  needed: bigint,
): NonNullable<OnnxInitializer["external"]> {
  const number = (key: string, otherwise: bigint): bigint => {
    const written = entries.get(key);
    if (written === undefined) return otherwise;
    if (!/^\d{1,19}$/.test(written))
      throw new FileFormatError(`the ${key} of initializer ${quoted(name)} is ${quoted(written)}`);
    return BigInt(written);
  };
  const location = entries.get("location");
  if (!location) throw new FileFormatError(`initializer ${quoted(name)} lies in another file, which is not named`);
  const length = number("length", needed);
  if (length !== needed)
    throw new FileFormatError(`initializer ${quoted(name)} needs ${needed} bytes, but its external data has ${length}`);
  return { location, offset: number("offset", 0n), length };
}
