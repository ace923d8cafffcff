/**
 * Writes a zip archive as torch.save does: stored members whose bytes begin at multiples of 64, sizes behind the data,
 * 64-bit records where they are needed. Byte for byte what PyTorch writes, so that its readers find nothing new.
 */
import { crc32 } from "node:zlib";

/** Takes bytes in order; keeps none of them. */
export type ByteSink = (bytes: Uint8Array) => void;

const ALIGNMENT = 64;
const ABSENT_32 = 0xffffffff;
/** Names in UTF-8; sizes behind the data, where there is data. */
const flagsOf = (sizeBytes: number): number => (sizeBytes > 0 ? 0x0808 : 0x0800);

interface Written {
  name: Uint8Array;
  crc: number;
  sizeBytes: number;
  position: number;
}

export class ZipWriter {
  private readonly sink: ByteSink;
  private readonly members: Written[] = [];
  private position = 0;

  constructor(sink: ByteSink) {
    this.sink = sink;
  }

  /** `produce` hands over exactly `sizeBytes` bytes. */
  add(name: string, sizeBytes: number, produce: (body: ByteSink) => void): { crc: number } {
    const member: Written = { name: new TextEncoder().encode(name), crc: 0, sizeBytes, position: this.position };
    this.write(head(member));
    let done = 0;
    produce((piece) => {
      member.crc = crc32(piece, member.crc);
      done += piece.length;
      this.write(piece);
    });
    if (done !== sizeBytes) throw new Error(`[zip] ${name} should have ${sizeBytes} bytes, but ${done} were written`);
    if (sizeBytes > 0) this.write(tail(member));
    this.members.push(member);
    return { crc: member.crc };
  }

  addBytes(name: string, bytes: Uint8Array): { crc: number } {
    return this.add(name, bytes.length, (body) => body(bytes));
  }

  /** The directory; the archive is complete then. Returns its length. */
  finish(): number {
    const start = this.position;
    for (const member of this.members) this.write(directoryEntry(member));
    this.write(end(this.members.length, start, this.position - start));
    return this.position;
  }

  private write(bytes: Uint8Array): void {
    this.sink(bytes);
    this.position += bytes.length;
  }
}

const isWide = (value: number): boolean => value >= ABSENT_32;

class Bytes {
  readonly bytes: Uint8Array;
  private readonly view: DataView;
  private at = 0;
  constructor(length: number) {
    this.bytes = new Uint8Array(length);
    this.view = new DataView(this.bytes.buffer);
  }
  u16(...values: number[]): this {
    for (const value of values) this.view.setUint16((this.at += 2) - 2, value, true);
    return this;
  }
  u32(...values: number[]): this {
    for (const value of values) this.view.setUint32((this.at += 4) - 4, value, true);
    return this;
  }
  u64(...values: number[]): this {
    for (const value of values) this.view.setBigUint64((this.at += 8) - 8, BigInt(value), true);
    return this;
  }
  raw(bytes: Uint8Array): this {
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
    return this;
  }
}

/** What does not fit into 32 bits, as an extra field; empty where everything fits. */
function wideFields({ sizeBytes, position }: Written): Uint8Array {
  const values = [...(isWide(sizeBytes) ? [sizeBytes, sizeBytes] : []), ...(isWide(position) ? [position] : [])];
  if (values.length === 0) return new Uint8Array();
  return new Bytes(4 + 8 * values.length).u16(1, 8 * values.length).u64(...values).bytes;
}

function head(member: Written): Uint8Array {
  const { name, sizeBytes, position } = member;
  const wide = wideFields(member);
  const start = position + 30 + name.length + wide.length + 4;
  const padding = (ALIGNMENT - (start % ALIGNMENT)) % ALIGNMENT;
  const size = isWide(sizeBytes) ? ABSENT_32 : 0;
  return new Bytes(start - position + padding)
    .u32(0x04034b50)
    .u16(0, flagsOf(sizeBytes), 0, 0, 0)
    .u32(0, size, size)
    .u16(name.length, wide.length + 4 + padding)
    .raw(name)
    .raw(wide)
    .u16(0x4246, padding)
    .raw(new Uint8Array(padding).fill(0x5a)).bytes;
}

function tail({ crc, sizeBytes, position }: Written): Uint8Array {
  const isLong = isWide(sizeBytes) || isWide(position);
  const record = new Bytes(isLong ? 24 : 16).u32(0x08074b50, crc);
  return (isLong ? record.u64(sizeBytes, sizeBytes) : record.u32(sizeBytes, sizeBytes)).bytes;
}

function directoryEntry(member: Written): Uint8Array {
  const { name, crc, sizeBytes, position } = member;
  const wide = wideFields(member);
  const size = isWide(sizeBytes) ? ABSENT_32 : sizeBytes;
  return new Bytes(46 + name.length + wide.length)
    .u32(0x02014b50)
    .u16(0, 0, flagsOf(sizeBytes), 0, 0, 0)
    .u32(crc, size, size)
    .u16(name.length, wide.length, 0, 0, 0)
    .u32(0, isWide(position) ? ABSENT_32 : position)
    .raw(name)
    .raw(wide).bytes;
}

function end(count: number, start: number, sizeBytes: number): Uint8Array {
  const short = Math.min(count, 0xffff);
  return new Bytes(56 + 20 + 22)
    .u32(0x06064b50)
    .u64(44)
    .u16(0x031e, 0x2d)
    .u32(0, 0)
    .u64(count, count, sizeBytes, start)
    .u32(0x07064b50, 0)
    .u64(start + sizeBytes)
    .u32(1)
    .u32(0x06054b50)
    .u16(0, 0, short, short)
    .u32(isWide(sizeBytes) ? ABSENT_32 : sizeBytes, isWide(start) ? ABSENT_32 : start)
    .u16(0).bytes;
}
