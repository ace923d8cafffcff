/**
 * ONNX's messages for Python's `onnx`: read and written by the one codec of this runtime (wire.ts), and handed over as JSON in which fields
 * go by their numbers. Bytes stay where they lie: Python gets places in its own memory. Judges no model.
 */
import * as bridge from "../../bridge.ts";
import { PythonError } from "../../errors.ts";
import { piecesOf, sinkOf } from "../../files/door.ts";
import { FileFormatError } from "../../files/source.ts";
import { messages } from "../schema.ts";
import { decode, encode, type Field, type Message } from "../wire.ts";

type Plain = Record<string, unknown>;

function messageOf(name: string): Message {
  const message = messages[name];
  if (!message) throw new PythonError("ValueError", `ONNX has no message ${name}`);
  return message;
}

/** `[number, value, number, value, ...]`; a message is such a list again, bytes are `[start, length]` from `address` on. */
function read(name: string, address: number, length: number): string {
  const message = messageOf(name);
  const bytes = bridge.python().module.HEAPU8.subarray(address, address + length);
  const parts: string[] = [];
  write(decode<Plain>(bytes, message, name), message, parts, bytes.byteOffset);
  return parts.join("");
}

function write(value: Plain, message: Message, parts: string[], start: number): void {
  parts.push("[");
  let isFirst = true;
  for (const [number, field] of Object.entries(message)) {
    const content = value[field.name];
    if (content === undefined || (field.isRepeated && (content as unknown[]).length === 0)) continue;
    parts.push(isFirst ? "" : ",", number, ",");
    isFirst = false;
    if (!field.isRepeated) writeOne(content, field, parts, start);
    else {
      (content as unknown[]).forEach((item, i) => {
        parts.push(i === 0 ? "[" : ",");
        writeOne(item, field, parts, start);
      });
      parts.push("]");
    }
  }
  parts.push("]");
}

function writeOne(value: unknown, { type }: Field, parts: string[], start: number): void {
  if (typeof type === "function") write(value as Plain, type(), parts, start);
  else if (type === "bytes") {
    const { byteOffset, length } = value as Uint8Array;
    parts.push(`[${byteOffset - start},${length}]`);
  } else if (type === "string") parts.push(JSON.stringify(value));
  // Python's JSON knows numbers of any size, NaN and Infinity; a zero keeps its sign.
  else parts.push(Object.is(value, -0) ? "-0.0" : String(value));
}

/** The same JSON as bytes of a message, into an open file. Bytes are numbers of pieces that Python wrote into another one. */
function writeMessage(name: string, json: string, piecesId: number, fileId: number): number {
  const message = messageOf(name);
  const parsed: unknown = LONG.test(json) ? JSON.parse(json, exact) : JSON.parse(json);
  const bytes = encode(plainOf(parsed as unknown[], message, piecesOf(piecesId)), message);
  sinkOf(fileId)(bytes);
  return bytes.length + 1;
}

/** A number this long may be one that a double cannot hold. */
const LONG = /\d{16}/;

/** Integers that a double cannot hold stay exact. */
function exact(this: unknown, _: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  return /^-?\d+$/.test(context?.source ?? "") ? BigInt(context!.source!) : value;
}

function plainOf(list: readonly unknown[], message: Message, pieces: readonly Uint8Array[]): Plain {
  const found: Plain = {};
  for (let at = 0; at < list.length; at += 2) {
    const field = message[list[at] as number]!;
    const value = list[at + 1];
    found[field.name] = field.isRepeated
      ? (value as unknown[]).map((item) => valueOf(item, field, pieces))
      : valueOf(value, field, pieces);
  }
  return found;
}

/** JSON of JavaScript has no infinities: they come as text. */
const SPECIAL: Record<string, number> = { inf: Infinity, "-inf": -Infinity, nan: NaN };

function valueOf(value: unknown, { type }: Field, pieces: readonly Uint8Array[]): unknown {
  if (typeof type === "function") return plainOf(value as unknown[], type(), pieces);
  if (type === "bytes") return pieces[value as number]!;
  return (type === "float" || type === "double") && typeof value === "string" ? SPECIAL[value]! : value;
}

function guarded<A extends unknown[], R>(body: (...args: A) => R, onError: unknown): (...args: A) => unknown {
  return (...args) => {
    try {
      return body(...args);
    } catch (error) {
      const isFormat = error instanceof FileFormatError;
      bridge.fail(isFormat ? new PythonError("layerwise.FileFormat", error.message) : error);
      return onError;
    }
  };
}

export const messageFunctions: Record<string, (...args: never[]) => unknown> = {
  onnx_read_message: guarded(read, ""),
  onnx_write_message: guarded(writeMessage, 0),
};
