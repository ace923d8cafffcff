/**
 * Writes a zip whose bytes depend on nothing but names and contents: sorted entries, stored without compression (the
 * reader maps them as they are, the extension's own package compresses them), one fixed date. Reads none.
 */
import { crc32 } from "node:zlib";

/** 1 January 1980, the first day that the format knows. */
const dosDate = 0x21;
const utf8Names = 0x800;
const versionNeeded = 20;
const regularFile = 0o100644;

export interface ZipEntry {
  name: string;
  content: Buffer;
}

export function zip(entries: ZipEntry[]): Buffer {
  const sorted = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content } of sorted) {
    const nameBytes = Buffer.from(name);
    const fields = commonFields(nameBytes.length, content);
    const header = Buffer.concat([u32(0x04034b50), u16(versionNeeded), fields, nameBytes]);
    bodies.push(header, content);
    directory.push(u32(0x02014b50), u16((3 << 8) | versionNeeded), u16(versionNeeded), fields);
    directory.push(u16(0), u16(0), u16(0), u32((regularFile << 16) >>> 0), u32(offset), nameBytes);
    offset += header.length + content.length;
  }
  const directoryBytes = Buffer.concat(directory);
  const count = u16(sorted.length);
  const end = [u32(0x06054b50), u16(0), u16(0), count, count, u32(directoryBytes.length), u32(offset), u16(0)];
  return Buffer.concat([...bodies, directoryBytes, ...end]);
}

/** The fields that a file's own header and its line in the directory share. */
function commonFields(nameLength: number, content: Buffer): Buffer {
  const stored = 0;
  const size = u32(content.length);
  return Buffer.concat([
    u16(utf8Names),
    u16(stored),
    u16(0),
    u16(dosDate),
    u32(crc32(content)),
    size,
    size,
    u16(nameLength),
    u16(0),
  ]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
