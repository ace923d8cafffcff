/**
 * Builds an ONNX graph: nodes with fresh names, constants shared by content, sizes computed from the inputs' shapes where
 * they are dynamic. Knows ONNX's operators by name only; what an op of ours becomes is the translators' business.
 */
import type { DType } from "../../dtype.ts";
import {
  ATTRIBUTE,
  dataTypeNumber,
  type AttributeProto,
  type DataType,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from "../schema.ts";
import {
  type DynamicDimension,
  isDynamic,
  LARGEST,
  plainDimension,
  type Size,
  type SizedNumber,
  type SizeOrNumber,
} from "./sizes.ts";

/** The name of a value in the graph; "" stands for an input that is left out. */
export type Name = string;

export type AttributeValue =
  number | string | readonly number[] | readonly string[] | TensorProto | { float: number } | { graph: GraphProto };

const NO_LISTS = { floats: [], ints: [], strings: [], tensors: [], graphs: [] };
const encoder = new TextEncoder();

export class GraphBuilder {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[];
  readonly opset: number;
  readonly dimensions: readonly DynamicDimension[];
  /** Put into each new node's name and notes: the module and the line that it comes from. */
  place = { scope: "", source: "" };
  readonly #constants: Map<string, Name>;
  readonly #taken: Set<Name>;
  readonly #sizes: Map<string, Name>;

  constructor(
    opset: number,
    dimensions: readonly DynamicDimension[],
    taken = new Set<Name>(),
    around: GraphBuilder | null = null,
  ) {
    this.opset = opset;
    this.dimensions = dimensions;
    this.#taken = taken;
    this.initializers = around?.initializers ?? [];
    this.#constants = around ? around.#constants : new Map<string, Name>();
    this.#sizes = new Map(around ? around.#sizes : []);
  }

  /** For a graph inside of this one's nodes: no name means two things in the whole model. */
  inside(): GraphBuilder {
    return new GraphBuilder(this.opset, this.dimensions, this.#taken);
  }

  /** The same for one that sees what stands around it: constants are written there. */
  body(): GraphBuilder {
    const inner = new GraphBuilder(this.opset, this.dimensions, this.#taken, this);
    inner.place = this.place;
    return inner;
  }

  /** A name that nothing has yet. */
  fresh(wish: string): Name {
    let name = wish;
    for (let n = 1; this.#taken.has(name); n++) name = `${wish}_${n}`;
    this.#taken.add(name);
    return name;
  }

  /** A name that stands in the graph already. */
  reserve(name: Name): void {
    this.#taken.add(name);
  }

  /** One node with one output; integers are INT attributes, `{ float }` FLOAT ones, absent inputs "". */
  add(opType: string, inputs: readonly Name[], attributes: Record<string, AttributeValue | undefined> = {}): Name {
    return this.addMany(opType, inputs, 1, attributes)[0]!;
  }

  addMany(
    opType: string,
    inputs: readonly Name[],
    nOutputs: number,
    attributes: Record<string, AttributeValue | undefined> = {},
    domain = "",
  ): Name[] {
    const { scope, source } = this.place;
    const name = this.fresh(`${scope === "" ? "" : `${scope}/`}${opType}`);
    const output = Array.from({ length: nOutputs }, (_, i) =>
      this.fresh(nOutputs === 1 ? `${name}_out` : `${name}_${i}`),
    );
    const trimmed = [...inputs];
    while (trimmed.at(-1) === "") trimmed.pop();
    this.nodes.push({
      input: trimmed,
      output,
      name,
      opType,
      ...(domain === "" ? {} : { domain }),
      attribute: Object.entries(attributes).flatMap(([key, value]) =>
        value === undefined ? [] : [attribute(key, value)],
      ),
      metadata: source === "" ? [] : [{ key: "source", value: source }],
    });
    return output;
  }

  /** A weight: of its own, whatever it holds now. Training will make others of equal ones. */
  weight(dtype: DataType, dims: readonly number[], bytes: Uint8Array, wish: string): Name {
    const name = this.fresh(wish);
    this.initializers.push(tensorProto(dtype, dims, bytes, name));
    return name;
  }

  /** An initializer of this content; the same content is kept once. */
  constant(dtype: DataType, dims: readonly number[], bytes: Uint8Array, wish = "constant"): Name {
    const key = bytes.length <= 256 ? `${dtype} ${dims.join()} ${Buffer.from(bytes).toString("base64")}` : null;
    const known = key === null ? undefined : this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.fresh(wish);
    if (key !== null) this.#constants.set(key, name);
    this.initializers.push(tensorProto(dtype, dims, bytes, name));
    return name;
  }

  int64(values: readonly number[], isScalar = false): Name {
    const bytes = new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);
    return this.constant("int64", isScalar ? [] : [values.length], bytes);
  }

  /** A number of a dtype, 0-d. */
  number(dtype: DType, value: number): Name {
    const name = dtype.name as DataType;
    return this.constant(name, [], numberBytes(name, value));
  }

  cast(value: Name, dtype: DType): Name {
    return this.add("Cast", [value], { to: dataTypeNumber(dtype.name as DataType) });
  }

  /** A list of sizes as an int64 tensor of one dimension. */
  sizes(sizes: readonly SizeOrNumber[]): Name {
    if (sizes.every((size) => !isDynamic(size))) return this.int64(sizes as number[]);
    // Runs of known sizes are one constant.
    const parts: Name[] = [];
    let run: number[] = [];
    const finish = (): void => {
      if (run.length > 0) parts.push(this.int64(run));
      run = [];
    };
    for (const size of sizes) {
      if (!isDynamic(size)) run.push(size);
      else {
        finish();
        parts.push(this.add("Reshape", [this.size(size), this.int64([1])]));
      }
    }
    finish();
    return parts.length === 1 ? parts[0]! : this.add("Concat", parts, { axis: 0 });
  }

  /** One size as a 0-d int64 tensor. */
  size(size: SizeOrNumber): Name {
    if (!isDynamic(size)) return this.int64([size], true);
    const key = JSON.stringify(size);
    const known = this.#sizes.get(key);
    if (known !== undefined) return known;
    // Sizes belong to no line: they are shared.
    const { place } = this;
    this.place = { scope: "sizes", source: "" };
    const name = this.#computed(size);
    this.place = place;
    this.#sizes.set(key, name);
    return name;
  }

  /** A number that follows from a size, 0-d and of a dtype. */
  sizedNumber({ size, divisor, form }: SizedNumber, dtype: DType): Name {
    const whole = this.cast(this.size(size), dtype);
    const value = divisor === 1 ? whole : this.add("Div", [whole, this.number(dtype, divisor)]);
    switch (form) {
      case "itself":
        return value;
      case "reciprocal":
        return this.add("Reciprocal", [value]);
      case "root":
        return this.add("Sqrt", [value]);
      case "reciprocal root":
        return this.add("Reciprocal", [this.add("Sqrt", [value])]);
      case "logarithm":
        return this.add("Log", [value]);
    }
  }

  #computed(size: Size): Name {
    const plain = plainDimension(size);
    if (plain !== null) {
      const { input, axis } = this.dimensions[plain]!;
      if (axis === LARGEST) {
        const largest = this.add("ReduceMax", [input], { keepdims: 0 });
        return this.add("Cast", [largest], { to: dataTypeNumber("int64") });
      }
      return this.add("Gather", [this.add("Shape", [input]), this.int64([axis], true)], { axis: 0 });
    }
    let sum: Name | null = null;
    for (const { factor, dims, sizes = [] } of size.terms) {
      const plain = dims.map((d): Size => ({ terms: [{ factor: 1, dims: [d] }], constant: 0, divisor: 1 }));
      let product = [...plain, ...sizes].map((part) => this.size(part)).reduce((a, b) => this.add("Mul", [a, b]));
      if (factor !== 1) product = this.add("Mul", [product, this.int64([factor], true)]);
      sum = sum === null ? product : this.add("Add", [sum, product]);
    }
    if (size.constant !== 0) sum = this.add("Add", [sum!, this.int64([size.constant], true)]);
    // Sizes are not negative: ONNX's division towards zero rounds down.
    return size.divisor === 1 ? sum! : this.add("Div", [sum!, this.int64([size.divisor], true)]);
  }

  graph(
    name: string,
    input: GraphProto["input"],
    output: GraphProto["output"],
    valueInfo: GraphProto["valueInfo"] = [],
  ): GraphProto {
    return {
      node: this.nodes,
      name,
      initializer: this.initializers,
      sparseInitializer: [],
      input,
      output,
      valueInfo,
      metadata: [],
    };
  }
}

export function tensorProto(dtype: DataType, dims: readonly number[], rawData: Uint8Array, name?: string): TensorProto {
  return {
    dims: [...dims],
    dataType: dataTypeNumber(dtype),
    floatData: [],
    int32Data: [],
    stringData: [],
    int64Data: [],
    doubleData: [],
    uint64Data: [],
    ...(name === undefined ? {} : { name }),
    rawData,
    externalData: [],
  };
}

function attribute(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === "number") return { ...NO_LISTS, name, type: ATTRIBUTE.int, i: value };
  if (typeof value === "string") return { ...NO_LISTS, name, type: ATTRIBUTE.string, s: encoder.encode(value) };
  if ("float" in value) return { ...NO_LISTS, name, type: ATTRIBUTE.float, f: value.float };
  if ("graph" in value) return { ...NO_LISTS, name, type: ATTRIBUTE.graph, g: value.graph };
  if ("dims" in value) return { ...NO_LISTS, name, type: ATTRIBUTE.tensor, t: value };
  if (typeof value[0] === "string") {
    const strings = (value as readonly string[]).map((item) => encoder.encode(item));
    return { ...NO_LISTS, name, type: ATTRIBUTE.strings, strings };
  }
  return { ...NO_LISTS, name, type: ATTRIBUTE.ints, ints: [...(value as readonly number[])] };
}

/** The little-endian bytes of one number. */
export function numberBytes(dtype: DataType, value: number): Uint8Array {
  switch (dtype) {
    case "float32":
      return new Uint8Array(Float32Array.of(value).buffer);
    case "float64":
      return new Uint8Array(Float64Array.of(value).buffer);
    case "int64":
      return new Uint8Array(BigInt64Array.of(BigInt(Math.trunc(value))).buffer);
    case "int32":
      return new Uint8Array(Int32Array.of(value).buffer);
    case "int16":
      return new Uint8Array(Int16Array.of(value).buffer);
    case "int8":
      return new Uint8Array(Int8Array.of(value).buffer);
    case "uint8":
      return Uint8Array.of(value);
    case "bool":
      return Uint8Array.of(value ? 1 : 0);
    case "float16":
      return new Uint8Array(new Float16Array([value]).buffer);
    case "bfloat16":
      return new Uint8Array(Uint16Array.of(roundToBfloat16(value)).buffer);
    default:
      throw new Error(`no bytes for a number of ${dtype}`);
  }
}

/** Round to nearest, ties to even. */
export function roundToBfloat16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0]!;
  if (Number.isNaN(value)) return 0x7fc0;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}
