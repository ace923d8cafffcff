/** Weights in another type than they are computed in: halves and float8 in the file, float32 when they are read. */
import { float32 } from "../../dtype.ts";
import { numberBytes, type GraphBuilder, type Name } from "../export/builder.ts";
import { toFloat8 } from "./float8.ts";
import type { PlainGraph } from "./graph.ts";

export type StorageType = "float16" | "bfloat16" | "float8_e4m3fn";

const FLOAT8_MOST = 448;

export class Stored {
  readonly sizes = new Map<string, { bytes: number; values: Float32Array }>();
  readonly #builder: GraphBuilder;
  readonly #graph: PlainGraph;
  readonly #wanted: ReadonlyMap<string, StorageType>;
  readonly #names = new Map<Name, Name>();

  constructor(builder: GraphBuilder, graph: PlainGraph, wanted: ReadonlyMap<string, StorageType>) {
    this.#builder = builder;
    this.#graph = graph;
    this.#wanted = wanted;
  }

  /** The name under which a stored weight is there in float; null for what stays as it is. */
  inFloat(name: Name): Name | null {
    const type = this.#wanted.get(name);
    if (type === undefined) return null;
    let known = this.#names.get(name);
    if (known === undefined) {
      known = this.#write(name, type);
      this.#names.set(name, known);
    }
    return known;
  }

  #write(name: Name, type: StorageType): Name {
    const builder = this.#builder;
    const values = this.#graph.floats(name)!;
    const { dims } = this.#graph.data(name);
    const { place } = builder;
    builder.place = { scope: name, source: "" };
    const isFloat8 = type === "float8_e4m3fn";
    // One scale for all: the largest value is the largest number that there is.
    const largest = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const scale = isFloat8 ? Math.fround(largest / FLOAT8_MOST || 1) : 1;
    const bytes = isFloat8 ? toFloat8(values, scale) : halves(values, type);
    const stored = builder.constant(type, dims, bytes, `${name}_${type}`);
    let real = builder.cast(stored, float32);
    if (isFloat8) real = builder.add("Mul", [real, builder.number(float32, scale)]);
    builder.place = place;
    this.sizes.set(name, { bytes: bytes.length + (isFloat8 ? 4 : 0), values: fromStored(bytes, type, scale) });
    return real;
  }
}

function halves(values: Float32Array, type: "float16" | "bfloat16"): Uint8Array {
  if (type === "float16") return new Uint8Array(Float16Array.from(values).buffer);
  const bytes = new Uint8Array(2 * values.length);
  values.forEach((value, i) => bytes.set(numberBytes("bfloat16", value), 2 * i));
  return bytes;
}

function fromStored(bytes: Uint8Array, type: StorageType, scale: number): Float32Array {
  const { buffer } = new Uint8Array(bytes);
  if (type === "float16") return Float32Array.from(new Float16Array(buffer));
  if (type === "bfloat16") {
    return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer);
  }
  return Float32Array.from(bytes, (code) => fromFloat8(code) * scale);
}

/** e4m3fn: a sign, four bits of exponent with a bias of 7, three of fraction, and no infinities. */
function fromFloat8(code: number): number {
  const sign = code & 128 ? -1 : 1;
  const exponent = (code >> 3) & 15;
  const fraction = code & 7;
  if (exponent === 15 && fraction === 7) return NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -9 : (8 + fraction) * 2 ** (exponent - 10));
}
