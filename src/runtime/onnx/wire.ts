/**
 * Protocol Buffers as a table of fields: reads bytes into plain objects and writes them back. Lengths are checked before
 * they are believed, depth and counts are bounded by the input. Knows no ONNX; fields that no table names are dropped.
 */
import { FileFormatError, text } from "../files/source.ts";

/** 64-bit integers are numbers where that is exact. */
export type Integer = number | bigint;

type Scalar = "int64" | "int32" | "uint64" | "float" | "double" | "string" | "bytes";

export interface Field {
  name: string;
  type: Scalar | (() => Message);
  isRepeated: boolean;
  /** A list that is not there where it is empty: nothing here looks at it. */
  isKept?: boolean;
  /** What the format's own definition calls it, where that is not `name` in small letters. */
  definedAs?: string;
}

/** Fields by their number. */
export type Message = Readonly<Record<number, Field>>;

const field =
  (isRepeated: boolean) =>
  (name: string, type: Field["type"], definedAs?: string): Field => ({
    name,
    type,
    isRepeated,
    ...(definedAs === undefined ? {} : { definedAs }),
  });
export const one = field(false);
export const many = field(true);
export const kept = (...given: Parameters<typeof many>): Field => ({ ...many(...given), isKept: true });

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const MOST_DEPTH = 100;
const MOST_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

type Plain = Record<string, unknown>;

/** Every field that is missing reads as PyTorch's Python would see it: [] where repeated, absent otherwise. */
export function decode<T>(bytes: Uint8Array, message: Message, what: string): T {
  return new Reader(bytes, what).message(message, bytes.length, 0) as T;
}

class Reader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly what: string;
  private at = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.what = what;
  }

  message(message: Message, end: number, depth: number): Plain {
    if (depth > MOST_DEPTH) throw this.wrong(`messages are nested more than ${MOST_DEPTH} deep`);
    const found: Plain = {};
    for (const field of Object.values(message)) if (field.isRepeated && !field.isKept) found[field.name] = [];
    while (this.at < end) {
      const key = this.varint(end);
      const wire = Number(key & 7n);
      const number = Number(key >> 3n);
      if (number < 1 || number > 0x1fffffff) throw this.wrong(`there is no field number ${number}`);
      const field = message[number];
      if (field) this.field(field, wire, found, end, depth);
      else this.skip(wire, end, depth);
    }
    return found;
  }

  private field(field: Field, wire: number, found: Plain, end: number, depth: number): void {
    const { name, type, isRepeated } = field;
    if (field.isKept) found[name] ??= [];
    if (wire === BYTES && isRepeated && isNumber(type)) {
      const stop = this.length(end);
      const values = found[name] as unknown[];
      while (this.at < stop) values.push(this.number(type, wireOf(type), stop));
      return;
    }
    const value = this.value(type, wire, end, depth);
    if (isRepeated) (found[name] as unknown[]).push(value);
    else found[name] = value;
  }

  private value(type: Field["type"], wire: number, end: number, depth: number): unknown {
    if (isNumber(type)) return this.number(type, wire, end);
    if (wire !== BYTES) throw this.wrong(`a field has wire type ${wire}, expected ${BYTES}`);
    const stop = this.length(end);
    if (typeof type === "function") {
      const inner = this.message(type(), stop, depth + 1);
      if (this.at !== stop) throw this.wrong("a message ends in the middle of a field");
      return inner;
    }
    const part = this.bytes.subarray(this.at, stop);
    this.at = stop;
    return type === "string" ? text(part, `a name in ${this.what}`) : part;
  }

  private number(type: Scalar, wire: number, end: number): Integer {
    if (wire !== wireOf(type)) throw this.wrong(`a number has wire type ${wire}, expected ${wireOf(type)}`);
    if (type === "float" || type === "double") {
      const size = type === "float" ? 4 : 8;
      if (this.at + size > end) throw this.wrong("it ends in the middle of a number");
      const value = size === 4 ? this.view.getFloat32(this.at, true) : this.view.getFloat64(this.at, true);
      this.at += size;
      return value;
    }
    const raw = this.varint(end);
    if (type === "uint64") return integer(raw);
    return integer(type === "int32" ? BigInt.asIntN(32, raw) : BigInt.asIntN(64, raw));
  }

  private varint(end: number): bigint {
    // Nearly all are small.
    if (this.at < end && this.bytes[this.at]! < 128) return BigInt(this.bytes[this.at++]!);
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.at >= end) throw this.wrong("it ends in the middle of a number");
      const byte = this.bytes[this.at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw this.wrong("a number has more than 10 bytes");
  }

  /** Where a part ends whose length stands here. */
  private length(end: number): number {
    const length = this.varint(end);
    if (length > BigInt(end - this.at)) {
      throw this.wrong(`a part should take ${length} bytes from ${this.at} on, but ${end - this.at} are left`);
    }
    return this.at + Number(length);
  }

  private skip(wire: number, end: number, depth: number): void {
    if (wire === VARINT) this.varint(end);
    else if (wire === BYTES) this.at = this.length(end);
    else if (wire === FIXED32 || wire === FIXED64) {
      this.at += wire === FIXED32 ? 4 : 8;
      if (this.at > end) throw this.wrong("it ends in the middle of a number");
    } else throw this.wrong(`there is no wire type ${wire} at ${this.at}, ${depth} messages deep`);
  }

  private wrong(sentence: string): FileFormatError {
    return new FileFormatError(`this is no ${this.what}: ${sentence}`);
  }
}

function isNumber(type: Field["type"]): type is "int64" | "int32" | "uint64" | "float" | "double" {
  return typeof type === "string" && type !== "string" && type !== "bytes";
}

function wireOf(type: Scalar): number {
  return type === "float" ? FIXED32 : type === "double" ? FIXED64 : VARINT;
}

function integer(value: bigint): Integer {
  return value <= MOST_SAFE && value >= -MOST_SAFE ? Number(value) : value;
}

/** The bytes of a message; fields that are absent or empty lists are left out. */
export function encode(value: object, message: Message): Uint8Array {
  const writer = new Writer();
  writer.message(value as Plain, message);
  return writer.finish();
}

const encoder = new TextEncoder();
/** Longer parts are kept as they are instead of being copied into the buffer of small ones. */
const LARGE_BYTES = 4096;

/** Collects pieces from the outside in: a nested message is written first, so that its length is known. */
class Writer {
  private readonly pieces: Uint8Array[] = [];
  private buffer = new Uint8Array(1024);
  private used = 0;
  private total = 0;

  finish(): Uint8Array {
    this.flush();
    const all = new Uint8Array(this.total);
    let at = 0;
    for (const piece of this.pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }

  message(value: Plain, message: Message): void {
    for (const [number, field] of Object.entries(message)) {
      const content = value[field.name];
      if (content === undefined || content === null) continue;
      if (!field.isRepeated) this.field(Number(number), field.type, content);
      else if (isNumber(field.type)) this.packed(Number(number), field.type, content as ArrayLike<Integer>);
      else for (const item of content as unknown[]) this.field(Number(number), field.type, item);
    }
  }

  private field(number: number, type: Field["type"], value: unknown): void {
    if (isNumber(type)) {
      this.key(number, wireOf(type));
      this.number(type, value as Integer);
      return;
    }
    this.key(number, BYTES);
    if (typeof type === "function") this.part(encode(value as object, type()));
    else this.part(type === "string" ? encoder.encode(value as string) : (value as Uint8Array));
  }

  private packed(number: number, type: Scalar, values: ArrayLike<Integer>): void {
    if (values.length === 0) return;
    const inner = new Writer();
    for (let i = 0; i < values.length; i++) inner.number(type, values[i]!);
    this.key(number, BYTES);
    this.part(inner.finish());
  }

  private key(number: number, wire: number): void {
    this.varint(BigInt(number * 8 + wire));
  }

  private number(type: Scalar, value: Integer): void {
    if (type === "float" || type === "double") {
      const size = type === "float" ? 4 : 8;
      this.reserve(size);
      const view = new DataView(this.buffer.buffer, this.used, size);
      if (size === 4) view.setFloat32(0, Number(value), true);
      else view.setFloat64(0, Number(value), true);
      this.used += size;
    } else this.varint(BigInt.asUintN(64, BigInt(value)));
  }

  private varint(value: bigint): void {
    this.reserve(10);
    let rest = value;
    while (rest > 127n) {
      this.buffer[this.used++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.buffer[this.used++] = Number(rest);
  }

  private part(bytes: Uint8Array): void {
    this.varint(BigInt(bytes.length));
    if (bytes.length > LARGE_BYTES) {
      this.flush();
      this.pieces.push(bytes);
      this.total += bytes.length;
      return;
    }
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.used);
    this.used += bytes.length;
  }

  private reserve(bytes: number): void {
    if (this.used + bytes <= this.buffer.length) return;
    this.flush();
    if (bytes > this.buffer.length) this.buffer = new Uint8Array(2 * bytes);
  }

  private flush(): void {
    this.pieces.push(this.buffer.slice(0, this.used));
    this.total += this.used;
    this.used = 0;
  }
}
