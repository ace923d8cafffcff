/**
 * Zip archives, read with suspicion: the directory at the end and the head of each member must say the same, members
 * may not overlap, and no name may come twice. Members that are stored are read in place; compressed ones only where
 * the caller allows them and within a limit. No encryption, no archives in several parts.
 */
import { crc32, inflateRawSync } from "node:zlib";
import {
  type ByteSource,
  eachPiece,
  FileFormatError,
  MemorySource,
  PartSource,
  quoted,
  readPart,
  requireRange,
  text,
} from "./source.ts";

export interface ZipMember {
  name: string;
  /** 0 stored, 8 deflated. */
  method: number;
  sizeBytes: number;
  packedBytes: number;
  /** 0 where the writer did not compute one. */
  crc: number;
  /** Where its bytes begin. */
  position: number;
}

const END = 0x06054b50;
const END64 = 0x06064b50;
const END64_LOCATOR = 0x07064b50;
const MEMBER = 0x02014b50;
const LOCAL = 0x04034b50;
const ABSENT_16 = 0xffff;
const ABSENT_32 = 0xffffffff;

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

interface Directory {
  count: bigint;
  sizeBytes: bigint;
  position: bigint;
  /** Where the records that point to the directory begin. */
  end: bigint;
}

export function isZip(head: Uint8Array): boolean {
  return head.length >= 4 && view(head).getUint32(0, true) === LOCAL;
}

export function readZip(source: ByteSource, allowed: { deflate?: boolean } = {}): Map<string, ZipMember> {
  const directory = findDirectory(source);
  const bytes = readPart(source, directory.position, directory.sizeBytes, "the archive's directory");
  const members = new Map<string, ZipMember>();
  const spans: { start: number; end: number; name: string }[] = [];
  let at = 0;
  for (let index = 0n; index < directory.count; index++) {
    const { member, head, next } = readEntry(bytes, at);
    at = next;
    if (members.has(member.name)) throw new FileFormatError(`the archive holds ${quoted(member.name)} twice`);
    if (member.method !== 0 && !(member.method === 8 && allowed.deflate)) {
      throw new FileFormatError(
        `${quoted(member.name)} is compressed with method ${member.method}: expected a stored member`,
      );
    }
    if (member.method === 0 && member.sizeBytes !== member.packedBytes) {
      throw new FileFormatError(`${quoted(member.name)} has two sizes, ${member.sizeBytes} and ${member.packedBytes}`);
    }
    member.position = locate(source, member, head, directory.position);
    spans.push({ start: head, end: member.position + member.packedBytes, name: member.name });
    members.set(member.name, member);
  }
  if (at !== bytes.length) throw new FileFormatError("the archive's directory is longer than its members");
  spans.sort((a, b) => a.start - b.start);
  for (let i = 1; i < spans.length; i++) {
    if (spans[i]!.start < spans[i - 1]!.end) {
      throw new FileFormatError(`${quoted(spans[i - 1]!.name)} and ${quoted(spans[i]!.name)} overlap in the archive`);
    }
  }
  return members;
}

function findDirectory(source: ByteSource): Directory {
  const tailBytes = Math.min(source.sizeBytes, 22 + ABSENT_16);
  const tailStart = source.sizeBytes - tailBytes;
  const tail = readPart(source, BigInt(tailStart), BigInt(tailBytes), "the archive's end");
  const words = view(tail);
  for (let at = tailBytes - 22; at >= 0; at--) {
    if (words.getUint32(at, true) !== END || words.getUint16(at + 20, true) !== tailBytes - at - 22) continue;
    const endAt = BigInt(tailStart + at);
    const found: Directory = {
      count: BigInt(words.getUint16(at + 10, true)),
      sizeBytes: BigInt(words.getUint32(at + 12, true)),
      position: BigInt(words.getUint32(at + 16, true)),
      end: endAt,
    };
    const disks = [words.getUint16(at + 4, true), words.getUint16(at + 6, true)];
    if (disks.some((disk) => disk !== 0 && disk !== ABSENT_16)) {
      throw new FileFormatError("the archive is split into several files");
    }
    return checked(source, directory64(source, endAt) ?? found);
  }
  throw new FileFormatError(
    "failed finding central directory: this is no complete zip archive",
    "the file was perhaps cut off while it was copied",
  );
}

function directory64(source: ByteSource, endAt: bigint): Directory | null {
  if (endAt < 20n) return null;
  const locator = view(readPart(source, endAt - 20n, 20n, "the archive's locator"));
  if (locator.getUint32(0, true) !== END64_LOCATOR) return null;
  const position = locator.getBigUint64(8, true);
  const record = view(readPart(source, position, 56n, "the archive's 64-bit end"));
  if (record.getUint32(0, true) !== END64)
    throw new FileFormatError("the archive's 64-bit end is not where it should be");
  return {
    count: record.getBigUint64(32, true),
    sizeBytes: record.getBigUint64(40, true),
    position: record.getBigUint64(48, true),
    end: position,
  };
}

function checked(source: ByteSource, found: Directory): Directory {
  requireRange(source, found.position, found.sizeBytes, "the archive's directory");
  if (found.position + found.sizeBytes > found.end)
    throw new FileFormatError("the archive's directory overlaps its end");
  if (found.count * 46n > found.sizeBytes) {
    throw new FileFormatError(`the archive's directory of ${found.sizeBytes} bytes cannot hold ${found.count} members`);
  }
  return found;
}

function readEntry(bytes: Uint8Array, at: number): { member: ZipMember; head: number; next: number } {
  if (at + 46 > bytes.length) throw new FileFormatError("the archive's directory ends early");
  const words = view(bytes);
  if (words.getUint32(at, true) !== MEMBER) throw new FileFormatError("the archive's directory is damaged");
  const nameBytes = words.getUint16(at + 28, true);
  const extraBytes = words.getUint16(at + 30, true);
  const next = at + 46 + nameBytes + extraBytes + words.getUint16(at + 32, true);
  if (next > bytes.length) throw new FileFormatError("the archive's directory ends early");
  const name = text(bytes.subarray(at + 46, at + 46 + nameBytes), "a name in the archive");
  if (name === "" || name.includes("\0")) throw new FileFormatError(`a member of the archive is named ${quoted(name)}`);
  if (words.getUint16(at + 8, true) & 1) throw new FileFormatError(`${quoted(name)} is encrypted`);
  const extra = bytes.subarray(at + 46 + nameBytes, at + 46 + nameBytes + extraBytes);
  const [sizeBytes, packedBytes, head] = widen(name, extra, [
    words.getUint32(at + 24, true),
    words.getUint32(at + 20, true),
    words.getUint32(at + 42, true),
  ]);
  const member: ZipMember = {
    name,
    method: words.getUint16(at + 10, true),
    sizeBytes: sizeBytes!,
    packedBytes: packedBytes!,
    crc: words.getUint32(at + 16, true),
    position: 0,
  };
  return { member, head: head!, next };
}

/** Values that do not fit into 32 bits stand in the extra field, in this order. */
function widen(name: string, extra: Uint8Array, values: number[]): number[] {
  if (!values.includes(ABSENT_32)) return values;
  const words = view(extra);
  let at = 0;
  while (at + 4 <= extra.length) {
    const kind = words.getUint16(at, true);
    const end = at + 4 + words.getUint16(at + 2, true);
    if (end > extra.length) break;
    if (kind === 1) {
      let from = at + 4;
      return values.map((value) => {
        if (value !== ABSENT_32) return value;
        if (from + 8 > end) throw new FileFormatError(`the sizes of ${quoted(name)} are incomplete`);
        const wide = words.getBigUint64(from, true);
        from += 8;
        if (wide > BigInt(Number.MAX_SAFE_INTEGER)) throw new FileFormatError(`${quoted(name)} claims ${wide} bytes`);
        return Number(wide);
      });
    }
    at = end;
  }
  return values;
}

/** Where the bytes of a member begin. Its own head must agree with the directory. */
function locate(source: ByteSource, member: ZipMember, head: number, directory: bigint): number {
  const what = `the head of ${quoted(member.name)}`;
  const words = view(readPart(source, BigInt(head), 30n, what));
  const nameBytes = words.getUint16(26, true);
  const isHead = words.getUint32(0, true) === LOCAL && words.getUint16(8, true) === member.method;
  const name = isHead ? readPart(source, BigInt(head + 30), BigInt(nameBytes), what) : new Uint8Array();
  if (!isHead || text(name, what) !== member.name) {
    throw new FileFormatError(`${what} does not agree with the archive's directory`);
  }
  // With a descriptor behind the data (bit 3) the head leaves crc and sizes at 0.
  const hasDescriptor = (words.getUint16(6, true) & 8) !== 0;
  const own = words.getUint32(22, true);
  if (own !== ABSENT_32 && own !== member.sizeBytes && !(hasDescriptor && own === 0)) {
    throw new FileFormatError(`${what} says ${own} bytes, the archive's directory ${member.sizeBytes}`);
  }
  const position = head + 30 + nameBytes + words.getUint16(28, true);
  if (BigInt(position) + BigInt(member.packedBytes) > directory) {
    throw new FileFormatError(`${quoted(member.name)} reaches into the archive's directory`);
  }
  return position;
}

/** A member as a source, unpacked in memory when it is compressed; `mostBytes` bounds what that may take. */
export function openMember(source: ByteSource, member: ZipMember, mostBytes: number): ByteSource {
  if (member.method === 0) {
    return new PartSource(source, BigInt(member.position), BigInt(member.sizeBytes), quoted(member.name));
  }
  if (member.sizeBytes > mostBytes) {
    throw new FileFormatError(
      `${quoted(member.name)} unpacks to ${member.sizeBytes} bytes: at most ${mostBytes} are allowed`,
    );
  }
  const packed = readPart(source, BigInt(member.position), BigInt(member.packedBytes), quoted(member.name));
  let bytes: Uint8Array;
  try {
    bytes = inflateRawSync(packed, { maxOutputLength: Math.max(1, member.sizeBytes) });
  } catch (error) {
    throw new FileFormatError(`${quoted(member.name)} cannot be unpacked: ${(error as Error).message}`);
  }
  if (bytes.length !== member.sizeBytes) {
    throw new FileFormatError(`${quoted(member.name)} unpacks to ${bytes.length} bytes, not ${member.sizeBytes}`);
  }
  checkCrc(member, crc32(bytes));
  return new MemorySource(bytes);
}

/** Throws when the bytes are not those that were written. */
export function checkCrc(member: ZipMember, found: number): void {
  if (member.crc === 0 || member.crc === found) return;
  throw new FileFormatError(
    `${quoted(member.name)} is damaged: its checksum is ${hex(found)}, the archive says ${hex(member.crc)}`,
  );
}

const hex = (value: number): string => value.toString(16).padStart(8, "0");

/** The whole of a small stored member, checked. */
export function readMember(source: ByteSource, member: ZipMember): Uint8Array {
  const bytes = readPart(source, BigInt(member.position), BigInt(member.sizeBytes), quoted(member.name));
  checkCrc(member, crc32(bytes));
  return bytes;
}

/** Hands the bytes of a stored member on in pieces and checks them on the way. */
export function streamMember(
  source: ByteSource,
  member: ZipMember,
  body: (piece: Uint8Array, offset: number) => void,
): void {
  let found = 0;
  eachPiece(source, member.position, member.sizeBytes, (piece, offset) => {
    if (member.crc !== 0) found = crc32(piece, found);
    body(piece, offset);
  });
  if (member.sizeBytes > 0) checkCrc(member, found);
}
