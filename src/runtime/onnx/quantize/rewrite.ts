/**
 * One layer in fewer bits, as nodes of the graph: integer products with scales found on the way (dynamic), with known scales
 * around them (static, QDQ), or codes for the weight alone. Each form leaves its result under a name of its own.
 */
import { float32 } from "../../dtype.ts";
import type { GraphBuilder, Name } from "../export/builder.ts";
import type { AttributeProto, DataType } from "../schema.ts";
import { intOf } from "./graph.ts";
import { groupCodes, int8Codes, roundToEven, type Codes, type Moments } from "./codes.ts";
import { isInside, isProduct, isRecurrent, outputsFirst, readsCodes, turned, type Layer } from "./layers.ts";
import { affineOf, type Range } from "./ranges.ts";

export interface Choices {
  scheme: "dynamic" | "static" | "int8" | "int4";
  perChannel: boolean;
  symmetric: boolean;
  /** Weights of 8 bits take the values of 7, for processors whose products of bytes overflow. */
  reducesRange?: boolean;
  /** Weights of integer products stand around zero points of their own, which not every runtime's kernels know. */
  movesWeights?: boolean;
  /** Columns of one scale; 0: whole rows. */
  group: number;
  /** Of activations, for static. */
  rangeOf(value: Name): Range;
  /** What a product reads, by column, where its scales are to be fitted to it. */
  momentsOf(layer: Layer): Moments | undefined;
  /** The numbers of an initializer; null where it is none of float32. */
  floatsOf(name: Name): Float32Array | null;
}

export interface Rewritten {
  output: Name;
  codes: Codes;
  /** Of codes, scales and zero points. */
  bytes: number;
  became: string;
}

const OWN_DOMAIN = "com.microsoft";
const LEAST_BLOCK = 16;
/** Few numbers that every token meets: 8 bits in small groups, as in classes. */
const TABLE_GROUP = 32;
/** ONNX Runtime may round activations to int8 by block: its products of 4 bits are a fifth faster then. */
const INTEGER_PRODUCTS = 4;

/** Why a layer cannot take this form; null where it can. */
export function refusalOf(layer: Layer, { scheme, group }: Choices): string | null {
  if (layer.values.some((value) => !Number.isFinite(value))) return "its weight holds values that are not finite";
  if (layer.values.length === 0) return "its weight is empty";
  if (scheme === "static" && isInside(layer) && readsCodes(layer))
    return "it stands inside of an If or a Loop, where no ranges can be seen";
  if (scheme === "dynamic" && layer.kind === "Conv") {
    // Five times, measured on small images with version 1.30; its own quantizer's guide advises against it too.
    return "ONNX Runtime's convolutions with scales found on the fly are slower than float ones";
  }
  if ((scheme === "dynamic" || scheme === "static") && layer.kind === "Gather") {
    // Measured on a GPT: 16 us more in each call, 0.2 dB less, for 45 KiB.
    return "rows that are looked up are not computed with: codes would make them slower";
  }
  if (scheme === "dynamic" && layer.kind === "ConvTranspose") return "ONNX Runtime has none of integers";
  if (scheme === "int4" && layer.kind.startsWith("Conv")) return "convolutions take weights of 8 bits at least";
  const isBlocked = scheme === "int4" || (scheme === "int8" && group > 0);
  if (layer.isLeft && (isBlocked || scheme === "dynamic")) {
    return "its weight stands on the left, where ONNX Runtime's products take activations";
  }
  if (layer.kind === "LSTM" && scheme === "dynamic" && intOf(layer.node, "layout", 0) !== 0) {
    return "its batches come first, which ONNX Runtime's LSTM of integers does not know";
  }
  if (isBlocked && isProduct(layer) && group !== 0 && (group < LEAST_BLOCK || !Number.isInteger(Math.log2(group)))) {
    return `groups of ${group} columns: ONNX Runtime takes powers of two from ${LEAST_BLOCK} on`;
  }
  return null;
}

/** What the layers of one graph share: an input that is quantized once serves all of them. */
export class Rewriter {
  readonly builder: GraphBuilder;
  readonly #choices: Choices;
  readonly #onTheFly = new Map<Name, { codes: Name; scale: Name; zero: Name }>();
  readonly #around = new Map<Name, Name>();
  /** Codes of weights, by the names that they were to get. */
  readonly #weights = new Map<string, { dims: readonly number[]; bytes: Uint8Array; name: Name }[]>();

  constructor(builder: GraphBuilder, choices: Choices) {
    this.builder = builder;
    this.#choices = choices;
  }

  layer(layer: Layer, input: Name): Rewritten {
    const { scheme, group } = this.#choices;
    this.builder.place = placeOf(layer);
    if (layer.kind === "Gather") return this.#table(layer, input);
    if (layer.kind === "LSTM" && scheme === "dynamic") return this.#lstm(layer, input);
    if (isRecurrent(layer)) return this.#recurrent(layer, input);
    if (!readsCodes(layer)) return this.#rows(layer, input);
    if (scheme === "dynamic") return this.#dynamic(layer, input);
    if (scheme === "static") return this.#static(layer, input);
    const isBlocked = layer.kind !== "Conv" && (scheme === "int4" || group > 0);
    return isBlocked ? this.#blocks(layer, input) : this.#rows(layer, input);
  }

  /** A value through its codes and back: whoever reads the result sees what codes can tell. */
  around(value: Name): Name {
    const known = this.#around.get(value);
    if (known !== undefined) return known;
    const { symmetric } = this.#choices;
    const { scale, zero } = affineOf(this.#choices.rangeOf(value), symmetric);
    const { builder } = this;
    const numbers = [builder.number(float32, scale), this.#numbers(symmetric ? "int8" : "uint8", [zero], false)];
    const codes = builder.add("QuantizeLinear", [value, ...numbers]);
    const found = builder.add("DequantizeLinear", [codes, ...numbers]);
    this.#around.set(value, found);
    return found;
  }

  #codesOf(input: Name): { codes: Name; scale: Name; zero: Name } {
    let known = this.#onTheFly.get(input);
    if (!known) {
      const [codes, scale, zero] = this.builder.addMany("DynamicQuantizeLinear", [input], 3) as [Name, Name, Name];
      known = { codes, scale, zero };
      this.#onTheFly.set(input, known);
    }
    return known;
  }

  #dynamic(layer: Layer, input: Name): Rewritten {
    const { builder } = this;
    const { codes, scale, zero } = this.#codesOf(input);
    // Sums of codes know one zero point for each column, but not every runtime does.
    const found = this.#int8(layer, true);
    const weight = this.#weight(layer, found.codes, [layer.columns, layer.rows], true);
    const around = found.zeros ? [this.#numbers("int8", found.zeros, found.zeros.length > 1)] : [];
    const sums = builder.add("MatMulInteger", [codes, weight, zero, ...around]);
    const factor = builder.add("Mul", [scale, this.#floats(found.scales)]);
    const real = builder.add("Mul", [builder.cast(sums, float32), factor]);
    const output = layer.bias ? builder.add("Add", [real, layer.bias]) : real;
    return this.#made(output, found, "int8, activations on the fly");
  }

  #static(layer: Layer, input: Name): Rewritten {
    const found = this.#int8(layer, false);
    const x = this.around(input);
    const inputScale = affineOf(this.#choices.rangeOf(input), this.#choices.symmetric).scale;
    const bias = layer.bias ? this.#integerBias(layer, found, inputScale) : null;
    const output = this.#likeNode(layer, layer.kind, [x, this.#dequantized(layer, found), ...(bias ? [bias] : [])]);
    return this.#made(output, found, "int8, activations calibrated");
  }

  /** Codes for the weight alone, a scale for each row. */
  #rows(layer: Layer, input: Name): Rewritten {
    const found = this.#int8(layer, false);
    const isSpelledOut = layer.kind === "Conv" || !readsCodes(layer);
    const weight = isSpelledOut ? this.#spelledOut(layer, found) : this.#dequantized(layer, found);
    const inputs = layer.isLeft ? [weight, input] : [input, weight, ...(layer.bias ? [layer.bias] : [])];
    return this.#made(this.#likeNode(layer, layer.kind, inputs), found, "int8 weights");
  }

  /** MatMulNBits: groups of columns, spelled out inside the product. */
  #blocks(layer: Layer, input: Name): Rewritten {
    const { builder } = this;
    const { scheme, symmetric } = this.#choices;
    const bits = scheme === "int4" ? 4 : 8;
    const { rows, columns } = layer;
    const group = this.#choices.group || Math.max(LEAST_BLOCK, 2 ** Math.ceil(Math.log2(columns)));
    const found = groupCodes(layer.values, rows, columns, {
      bits,
      group,
      symmetric,
      inputs: this.#choices.momentsOf(layer),
    });
    const groups = Math.ceil(columns / group);
    const weight = this.#shared(
      "uint8",
      [rows, groups, (group * bits) / 8],
      packed(found.codes, rows, columns, groups * group, bits, 1 << (bits - 1)),
      `${layer.weight}_${bits}bits`,
    );
    const zeros = found.zeros
      ? builder.constant(
          "uint8",
          [rows * Math.ceil((groups * bits) / 8)],
          packed(found.zeros, rows, groups, groups, bits, 0),
        )
      : "";
    const inputs = [input, weight, this.#floats(found.scales), zeros];
    const attributes = { K: columns, N: rows, bits, block_size: group, accuracy_level: INTEGER_PRODUCTS };
    const [product] = builder.addMany("MatMulNBits", inputs, 1, attributes, OWN_DOMAIN);
    const output = layer.bias ? builder.add("Add", [product!, layer.bias]) : product!;
    return this.#made(output, found, `int${bits} group ${group}`);
  }

  /** Rows that are looked up: the operator spells out these alone. */
  #table(layer: Layer, indices: Name): Rewritten {
    const { rows, columns } = layer;
    const bits = 8;
    const group = TABLE_GROUP;
    const groups = Math.ceil(columns / group);
    const found = groupCodes(layer.values, rows, columns, { bits, group, symmetric: false });
    const codes = this.#shared("uint8", [rows, columns], found.codes as Uint8Array, `${layer.weight}_8bits`);
    const scales = this.#spread(found.scales, [rows, groups]);
    const zeros = this.builder.constant("uint8", [rows, groups], found.zeros as Uint8Array);
    const attributes = { bits, block_size: group, gather_axis: 0, quantize_axis: 1 };
    const inputs = [codes, indices, scales, zeros];
    const [output] = this.builder.addMany("GatherBlockQuantized", inputs, 1, attributes, OWN_DOMAIN);
    return this.#made(output!, found, `int8 group ${group}`, bits);
  }

  /** The codes of both weights of a recurrent layer, and together, for the report. */
  #recurrentCodes(layer: Layer, symmetric: boolean): { parts: Codes[]; whole: Codes } {
    const { perChannel, reducesRange: isReduced = false } = this.#choices;
    const { rows, columns, values, second } = layer;
    const cut = rows * columns;
    const parts = [int8Codes(values.subarray(0, cut), rows, columns, { perChannel, symmetric, isReduced })];
    parts.push(int8Codes(values.subarray(cut), rows, second!.columns, { perChannel, symmetric, isReduced }));
    const joined = <T extends Float32Array | Int8Array>(of: (part: Codes) => T, empty: T): T => {
      empty.set(of(parts[0]!));
      empty.set(of(parts[1]!), of(parts[0]!).length);
      return empty;
    };
    const nScales = parts[0]!.scales.length + parts[1]!.scales.length;
    const whole: Codes = {
      codes: joined((part) => part.codes as Int8Array, new Int8Array(values.length)),
      scales: joined((part) => part.scales, new Float32Array(nScales)),
      zeros: parts[0]!.zeros ? joined((part) => part.zeros as Int8Array, new Int8Array(nScales)) : null,
      group: columns,
      values: joined((part) => part.values, new Float32Array(values.length)),
    };
    return { parts, whole };
  }

  /** Codes for the weights alone, spelled out once, when the file is loaded. */
  #recurrent(layer: Layer, input: Name): Rewritten {
    const { parts, whole } = this.#recurrentCodes(layer, false);
    const names = [layer.weight, layer.second!.weight];
    const weights = [layer.shape, layer.second!.shape].map((shape, i) => {
      const { codes, scales, zeros } = parts[i]!;
      const weight = this.#shared("int8", shape, new Uint8Array(codes.buffer), `${names[i]}_int8`);
      return this.#real(weight, scales, zeros, scales.length > 1 ? [shape[0]!, shape[1]!, 1] : [1, 1, 1]);
    });
    const inputs = [input, ...weights, ...layer.node.input.slice(3)];
    return this.#made(this.#likeNode(layer, layer.kind, inputs), whole, "int8 weights", 8);
  }

  /** One scale of each row of both weights; inputs and states get theirs in each call. */
  #lstm(layer: Layer, input: Name): Rewritten {
    const { parts, whole } = this.#recurrentCodes(layer, true);
    const [directions, gates] = layer.shape as [number, number];
    const names = [layer.weight, layer.second!.weight];
    const [own, state] = [layer.columns, layer.second!.columns].map((columns, i) => {
      const { codes, scales } = parts[i]!;
      // [directions, columns, gates], as the operator multiplies.
      const plain = new Int8Array(codes.length);
      for (let d = 0; d < directions; d++) {
        const [from, to] = [d * gates * columns, (d + 1) * gates * columns];
        plain.set(turned((codes as Int8Array).subarray(from, to), gates, columns), from);
      }
      const dims = [directions, columns, gates];
      const weight = this.#shared("int8", dims, new Uint8Array(plain.buffer), `${names[i]}_int8`);
      const isList = scales.length > 1;
      const each = isList ? scales : new Float32Array(directions).fill(scales[0]!);
      const shape = isList ? [directions, gates] : [directions];
      const zeros = this.builder.constant("int8", shape, new Uint8Array(each.length));
      return [weight, this.#spread(each, shape), zeros] as const;
    }) as [readonly [Name, Name, Name], readonly [Name, Name, Name]];
    const [, , , bias = "", lengths = "", hidden = "", cell = "", peepholes = ""] = layer.node.input;
    const inputs = [
      input,
      own[0],
      state[0],
      bias,
      lengths,
      hidden,
      cell,
      peepholes,
      ...own.slice(1),
      ...state.slice(1),
    ];
    const made = this.#likeNode(layer, "DynamicQuantizeLSTM", inputs, OWN_DOMAIN);
    const node = this.builder.nodes.at(-1)!;
    node.attribute = node.attribute.filter(({ name }) => name !== "layout");
    return this.#made(made, whole, "int8, activations on the fly", 8);
  }

  #int8(layer: Layer, isSymmetric: boolean): Codes {
    const { perChannel, movesWeights = false } = this.#choices;
    // Integer kernels take weights around zero; weights that are spelled out may stand anywhere.
    const symmetric = !movesWeights && (isSymmetric || this.#choices.scheme === "static" || this.#choices.symmetric);
    return int8Codes(layer.values, layer.rows, layer.columns, {
      perChannel,
      symmetric,
      isReduced: this.#choices.reducesRange ?? false,
    });
  }

  /** int8 codes as a tensor of the file. */
  #weight(layer: Layer, codes: Codes["codes"], dims: readonly number[], isTurned: boolean): Name {
    const isKernel = layer.kind === "ConvTranspose";
    const plain = isKernel
      ? outputsFirst(codes, [layer.rows, layer.shape[0]!])
      : isTurned
        ? turned(codes, layer.rows, layer.columns)
        : codes;
    return this.#shared("int8", dims, new Uint8Array(plain.buffer), `${layer.weight}_int8`);
  }

  /** Layers that share a weight share its codes where they are the same. */
  #shared(dtype: DataType, dims: readonly number[], bytes: Uint8Array, wish: string): Name {
    const known = this.#weights.get(wish) ?? [];
    const same = known.find((one) => one.dims.join() === dims.join() && Buffer.compare(one.bytes, bytes) === 0);
    if (same) return same.name;
    const name = this.builder.constant(dtype, dims, bytes, wish);
    this.#weights.set(wish, [...known, { dims, bytes, name }]);
    return name;
  }

  /** The weight in float again, in the form in which its node takes it. */
  #dequantized(layer: Layer, found: Codes): Name {
    const isList = found.scales.length > 1;
    const axis = layer.isTurned ? layer.shape.length - 1 : 0;
    const weight = this.#weight(layer, found.codes, layer.shape, layer.isTurned);
    const scale = isList ? this.#floats(found.scales) : this.builder.number(float32, found.scales[0]!);
    const zeros = this.#numbers("int8", found.zeros ?? Array<number>(found.scales.length).fill(0), isList);
    return this.builder.add("DequantizeLinear", [weight, scale, zeros], { axis: isList ? axis : undefined });
  }

  /**
   * The weight in float again, by operators that ONNX Runtime computes once, when it loads the model: DequantizeLinear it computes in
   * every call, which pays only where it has a product that reads codes.
   */
  #spelledOut(layer: Layer, { codes, scales, zeros }: Codes): Name {
    const axis = layer.isTurned ? 1 : 0;
    const dims = layer.shape.map((_, i) => (i === axis ? scales.length : 1));
    const weight = this.#weight(layer, codes, layer.shape, layer.isTurned);
    return this.#real(weight, scales, zeros, dims);
  }

  /** (codes - zeros) * scales, these laid out so. */
  #real(weight: Name, scales: Float32Array, zeros: Codes["zeros"], dims: readonly number[]): Name {
    const { builder } = this;
    const real = builder.cast(weight, float32);
    const around = zeros ? builder.add("Sub", [real, this.#spread(Float32Array.from(zeros), dims)]) : real;
    return builder.add("Mul", [around, this.#spread(scales, dims)]);
  }

  #spread(values: Float32Array, dims: readonly number[]): Name {
    return this.builder.constant("float32", dims, new Uint8Array(values.slice().buffer));
  }

  /** Integer kernels take a bias in the codes of their sums. */
  #integerBias(layer: Layer, found: Codes, inputScale: number): Name {
    const bias = this.#choices.floatsOf(layer.bias);
    if (!bias || bias.length !== layer.rows) return layer.bias;
    const steps = bias.map((_, i) => Math.fround(inputScale * found.scales[i % found.scales.length]!));
    const codes = Array.from(bias, (value, i) => roundToEven(value / steps[i]!));
    if (codes.some((code) => !(Math.abs(code) < 2 ** 31))) return layer.bias;
    const integers = this.#numbers("int32", codes, true);
    return this.builder.add("DequantizeLinear", [integers, this.#floats(steps)], { axis: 0 });
  }

  /** A node with the attributes of the layer's own. */
  #likeNode(layer: Layer, opType: string, inputs: readonly Name[], domain = ""): Name {
    const outputs = this.builder.addMany(opType, inputs, layer.node.output.length, {}, domain);
    const made = this.builder.nodes.at(-1)!;
    made.attribute = [...(layer.node.attribute as AttributeProto[])];
    made.output = outputs.map((name, i) => (layer.node.output[i] === "" ? "" : name));
    return made.output[layer.node.output.indexOf(layer.output)]!;
  }

  #floats(values: ArrayLike<number>): Name {
    const floats = Float32Array.from(values);
    return this.builder.constant("float32", [floats.length], new Uint8Array(floats.buffer));
  }

  #numbers(dtype: DataType, values: ArrayLike<number>, isList: boolean): Name {
    const array =
      dtype === "int32" ? Int32Array.from(values) : dtype === "int8" ? Int8Array.from(values) : Uint8Array.from(values);
    return this.builder.constant(dtype, isList ? [values.length] : [], new Uint8Array(array.buffer));
  }

  #made(output: Name, codes: Codes, became: string, bitsEach = this.#choices.scheme === "int4" ? 4 : 8): Rewritten {
    const bytes = Math.ceil((codes.codes.length * bitsEach) / 8) + codes.scales.length * 4;
    const zeros = codes.zeros ? Math.ceil((codes.zeros.length * bitsEach) / 8) : 0;
    return { output, codes, bytes: bytes + zeros, became };
  }
}

/** Codes in so many bits each, lowest first, every row beginning a byte and filled up to `width` codes. */
function packed(
  codes: Int8Array | Uint8Array,
  rows: number,
  columns: number,
  width: number,
  bits: number,
  filling: number,
): Uint8Array {
  const perByte = 8 / bits;
  const rowBytes = Math.ceil(width / perByte);
  const bytes = new Uint8Array(rows * rowBytes);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < width; column++) {
      const code = column < columns ? codes[row * columns + column]! : filling;
      bytes[row * rowBytes + Math.floor(column / perByte)]! |= code << (bits * (column % perByte));
    }
  }
  return bytes;
}

/** New nodes stand where the layer's own stood: behind its name, so that profiles and graphs show them there. */
function placeOf({ node: { name = "", metadata } }: Layer): { scope: string; source: string } {
  // Dots are no paths in names that have no slashes.
  const scope = name.includes("/") ? name : name.replaceAll(".", "_");
  return { scope, source: metadata.find(({ key }) => key === "source")?.value ?? "" };
}
