/** Inputs for a model that comes without any: sizes and values from its own names, shapes and uses, or as the user wrote. */
import type { ArgumentChoice } from "../../protocol/results.ts";
import { RuntimeError } from "../errors.ts";
import { quoted } from "../files/source.ts";
import { callerInputs, dimensionText, type OnnxModel } from "./model.ts";
import { isRunnable, type PlainTensor } from "./run.ts";
import { DATA_TYPES, type DataType, type ValueInfo } from "./schema.ts";
import { tensorData } from "./tensor_data.ts";

export interface ChosenInputs {
  tensors: Record<string, PlainTensor>;
  choices: ArgumentChoice[];
}

/** The arguments are refused: one sentence for the caller. */
export class InputRefused extends RuntimeError {}

const BATCH = 1;
const LENGTH = 16;
const IMAGE = 224;

/** Another seed gives other numbers of the same kind; `length` is that of sequences whose size is open. */
export function chooseInputs(
  model: OnnxModel,
  given: Readonly<Record<string, string>>,
  seed = 0,
  length = LENGTH,
): ChosenInputs {
  const inputs = callerInputs(model);
  const names = inputs.map(({ name = "" }) => name);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new InputRefused(`the model has no input ${quoted(unknown)}: it has ${names.join(", ") || "none"}`);
  }
  const tensors: Record<string, PlainTensor> = {};
  const choices: ArgumentChoice[] = [];
  // A dimension of one name has one size in all inputs.
  const named = new Map<string, number>();
  for (const input of inputs) {
    const name = input.name ?? "";
    const written = given[name];
    const { dtype, dims, below, only, why } =
      written === undefined ? guess(model, input, named, length) : { ...parse(written, input), why: "given" };
    tensors[name] = only === undefined ? filled(dtype, dims, below, name, seed) : constant(dtype, dims, only);
    const limit = below === undefined ? "" : `<${below}`;
    const value = only === undefined ? `${dtype}[${dims.join(",")}]${limit}` : constantText(dims, only);
    choices.push({ name, value, from: written === undefined ? "annotation" : "given", why });
  }
  return { tensors, choices };
}

interface Guess {
  dtype: DataType;
  dims: number[];
  /** Whole numbers below this. */
  below?: number;
  /** All of them this number. */
  only?: number;
  why: string;
}

/** Lengths that are tried where a model refuses shorter sequences: a frame, and a second, of sound. */
const LONGER = [512, 16_000];

/** `runs` says whether the model takes these inputs. Where it takes none, those that were chosen first come back. */
export function fittingInputs(
  model: OnnxModel,
  given: Readonly<Record<string, string>>,
  runs: (inputs: ChosenInputs) => boolean,
): { inputs: ChosenInputs; length?: number } {
  const first = chooseInputs(model, given);
  const others = longerInputs(model, given);
  if (others.length === 0 || runs(first)) return { inputs: first };
  for (const { inputs, length } of others) if (runs(inputs)) return { inputs, length };
  return { inputs: first };
}

/** Inputs to try after those of `chooseInputs`, where there is a sequence whose length is open. */
export function longerInputs(
  model: OnnxModel,
  given: Readonly<Record<string, string>>,
): { inputs: ChosenInputs; length: number }[] {
  const isOpen = callerInputs(model).some((input) => given[input.name ?? ""] === undefined && isOpenSequence(input));
  return isOpen ? LONGER.map((length) => ({ inputs: chooseInputs(model, given, 0, length), length })) : [];
}

function isOpenSequence({ type }: ValueInfo): boolean {
  const dims = type?.tensorType?.shape?.dim ?? [];
  const isReal = isFloat(DATA_TYPES[type?.tensorType?.elemType ?? 0] ?? "bool");
  return isReal && dims.length <= 3 && dims.slice(1).some(({ value }) => value === undefined);
}

function guess(model: OnnxModel, input: ValueInfo, named: Map<string, number>, length: number): Guess {
  const name = input.name ?? "";
  const tensor = input.type?.tensorType;
  const dtype = DATA_TYPES[tensor?.elemType ?? 0];
  if (!tensor || !dtype || !isRunnable(dtype)) {
    throw new InputRefused(`input ${quoted(name)} is no tensor of numbers, which is all that can be made here`);
  }
  const declared = tensor.shape?.dim ?? [];
  const isState = declared.length === 3 && /state|hidden|cell|^[hc]\d*$/i.test(name);
  const dims = declared.map((dim, axis) => {
    if (dim.value !== undefined) return Number(dim.value);
    const text = dimensionText(dim);
    const known = named.get(text);
    if (known !== undefined && text !== "?") return known;
    // What a recurrent layer remembers has no length: what is open is the batch.
    const size = isState ? BATCH : sizeOf(text, axis, declared.length, isFloat(dtype), length);
    named.set(text, size);
    return size;
  });
  const isOpen = declared.some(({ value }) => value === undefined);
  const shown = declared.map(dimensionText).join(", ");
  const why = isOpen ? `the model says ${dtype}[${shown}]` : "as the model says";
  const compared = dtype === "int64" && dims.every((size) => size === 1) ? comparedWith(model, name) : null;
  if (compared !== null) return { dtype, dims, only: compared, why: `the model compares it with ${compared}` };
  return isFloat(dtype) || dtype === "bool" ? { dtype, dims, why } : { dtype, dims, why, below: limitOf(model, name) };
}

const isFloat = (dtype: DataType): boolean => dtype.startsWith("float");

/** By the name of the dimension, else by where it stands. */
function sizeOf(name: string, axis: number, rank: number, isReal: boolean, length: number): number {
  if (/batch|^[bn]$/i.test(name) || (axis === 0 && /samples/i.test(name))) return BATCH;
  if (/height|width|^[hw]$|image/i.test(name)) return IMAGE;
  if (/seq|len|time|^[tls]$|token|step/i.test(name)) return length;
  if (axis === 0) return BATCH;
  if (rank === 4 && isReal) return axis === 1 ? 3 : IMAGE;
  return length;
}

/** The number that decides a model's path, such as the sampling rate of sound that it is made for. */
function comparedWith({ graph }: OnnxModel, name: string): number | null {
  for (const { opType, input } of graph.node) {
    if (opType !== "Equal" || !input.includes(name)) continue;
    const other = input.find((one) => one !== name) ?? "";
    const maker = graph.node.find(({ output }) => output.includes(other));
    const tensor =
      graph.initializer.find((one) => one.name === other) ??
      (maker?.opType === "Constant" ? maker.attribute.find((one) => one.name === "value")?.t : undefined);
    if (!tensor || DATA_TYPES[tensor.dataType ?? 0] !== "int64") continue;
    const { bytes } = tensorData(tensor, null);
    if (bytes.length === 8) return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(0, true));
  }
  return null;
}

/** As Python writes it, who reads it too. */
const constantText = (dims: readonly number[], value: number): string =>
  `torch.tensor(${"[".repeat(dims.length)}${value}${"]".repeat(dims.length)})`;

function constant(dtype: DataType, dims: readonly number[], value: number): PlainTensor {
  const bytes = bytesOf(dtype, [value]);
  return { dtype, dims, bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** Whole numbers that pick rows must be below the number of rows; masks are ones. */
function limitOf({ graph }: OnnxModel, name: string): number {
  if (/mask/i.test(name)) return 2;
  const sizes = new Map(graph.initializer.map((tensor) => [tensor.name ?? "", tensor.dims]));
  const values = new Set([name]);
  for (const { opType, input, output } of graph.node) {
    const [data, index] = input;
    if (opType === "Gather" && index !== undefined && values.has(index)) {
      const rows = sizes.get(data ?? "")?.[0];
      if (rows !== undefined) return Number(rows);
    }
    // The same numbers in another dtype or shape.
    if (/^(?:Cast|Identity|Reshape|Squeeze|Unsqueeze)$/.test(opType ?? "") && values.has(data ?? "")) {
      if (output[0] !== undefined) values.add(output[0]);
    }
  }
  return 2;
}

/** "float32[2,3]", "int64[2,16]<100", "torch.tensor(16000)". */
function parse(written: string, input: ValueInfo): Omit<Guess, "why"> {
  const single = /^torch\.tensor\((\[*)(-?\d+)(\]*)\)$/.exec(written.trim());
  if (single && single[1]!.length === single[3]!.length) {
    const dims = Array<number>(single[1]!.length).fill(1);
    return { ...parse(`int64[${dims.join(",")}]`, input), only: Number(single[2]) };
  }
  const match = /^([a-z]\w*)\[([\d,\s]*)\](?:<(\d+))?$/.exec(written.trim());
  const wanted = DATA_TYPES[input.type?.tensorType?.elemType ?? 0];
  if (!match) throw new InputRefused(`${quoted(written)} is no tensor: expected DTYPE[SIZES], such as ${wanted}[2,16]`);
  const [, dtype, sizes, below] = match;
  if (dtype !== wanted) throw new InputRefused(`input ${quoted(input.name ?? "")} is ${wanted}, not ${dtype}`);
  const dims = (sizes ?? "").split(",").flatMap((size) => (size.trim() === "" ? [] : [Number(size)]));
  const declared = input.type?.tensorType?.shape?.dim;
  if (declared && declared.length !== dims.length) {
    const shown = declared.map(dimensionText).join(", ");
    throw new InputRefused(`input ${quoted(input.name ?? "")} is [${shown}], not [${dims.join(", ")}]`);
  }
  return { dtype: wanted, dims, ...(below === undefined ? {} : { below: Number(below) }) };
}

/** Normal numbers, or whole numbers spread over their range; the same for the same name and sizes. */
function filled(
  dtype: DataType,
  dims: readonly number[],
  below: number | undefined,
  name: string,
  seed: number,
): PlainTensor {
  const count = dims.reduce((a, b) => a * b, 1);
  const next = generator(seed === 0 ? name : `${name} ${seed}`);
  const isMask = /mask/i.test(name);
  const value = (): number => {
    if (isFloat(dtype)) return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    if (isMask || dtype === "bool") return 1;
    return Math.floor(next() * Math.max(1, below ?? 2));
  };
  const numbers = Array.from({ length: count }, value);
  const bytes = bytesOf(dtype, numbers);
  return { dtype, dims, bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

function bytesOf(dtype: DataType, numbers: readonly number[]): ArrayBufferView {
  switch (dtype) {
    case "float32":
      return Float32Array.from(numbers);
    case "float64":
      return Float64Array.from(numbers);
    case "float16":
      return Float16Array.from(numbers);
    case "int64":
      return BigInt64Array.from(numbers, BigInt);
    case "uint64":
      return BigUint64Array.from(numbers, BigInt);
    case "int32":
      return Int32Array.from(numbers);
    case "uint32":
      return Uint32Array.from(numbers);
    case "int16":
      return Int16Array.from(numbers);
    case "uint16":
      return Uint16Array.from(numbers);
    case "int8":
      return Int8Array.from(numbers);
    default:
      return Uint8Array.from(numbers);
  }
}

/** A small generator with a seed from a name: runs can be repeated. */
function generator(name: string): () => number {
  let state = [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)!) >>> 0, 0x9e3779b9);
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
