/** The fields of a protobuf message, one after the other, without reading what they hold. Knows no message type. */
import { Cursor } from "./cursor.ts";
import { type ByteSource, FileFormatError } from "./source.ts";

export interface Field {
  number: number;
  /** 0 a number, 1 eight bytes, 2 a range, 5 four bytes. */
  wire: number;
  /** The number; for ranges, their length. */
  value: bigint;
  /** Where the content of a range begins. */
  position: bigint;
}

export function* fields(source: ByteSource, start: bigint, end: bigint, what: string): Generator<Field> {
  const cursor = new Cursor(source, start, end);
  while (!cursor.isAtEnd) {
    const tag = varint(cursor, what);
    const number = Number(tag >> 3n);
    const wire = Number(tag & 7n);
    if (number === 0 || tag >> 3n > 0x1fffffffn) throw new FileFormatError(`${what} has the field number ${tag >> 3n}`);
    if (wire === 0) yield { number, wire, value: varint(cursor, what), position: cursor.position };
    else if (wire === 1) yield { number, wire, value: cursor.u64(what), position: cursor.position - 8n };
    else if (wire === 5) yield { number, wire, value: BigInt(cursor.u32(what)), position: cursor.position - 4n };
    else if (wire === 2) {
      const length = varint(cursor, what);
      const position = cursor.position;
      cursor.skip(length, what);
      yield { number, wire, value: length, position };
    } else throw new FileFormatError(`${what} has a field of wire type ${wire}, which ONNX does not use`);
  }
}

function varint(cursor: Cursor, what: string): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = cursor.u8(what);
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return BigInt.asUintN(64, value);
  }
  throw new FileFormatError(`${what} has a number of more than ten bytes`);
}
