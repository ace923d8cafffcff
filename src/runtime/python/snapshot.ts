/**
 * Snapshots: the interpreter's memory after `import torch`, kept in a file so that the next process starts from it.
 * Only pages with something in them are stored. A file that is damaged or made for something else is never used.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { crc32 } from "node:zlib";
import type { DirectSlots } from "./direct.ts";
import type { EmscriptenModule, ReferenceTable } from "./pyodide.ts";
import { PYODIDE_VERSION } from "./pyodide.ts";

const FORMAT = "layerwise-snapshot-2";
const PAGE_BYTES = 4096;
/** Header length (4 bytes) and the header's checksum (4 bytes) come first. */
const PREFIX_BYTES = 8;
const KEPT_FILES = 4;

interface Header {
  format: string;
  key: string;
  memoryBytes: number;
  references: ReferenceTable;
  slots: DirectSlots | null;
  /** Runs of stored pages: first page, number of pages, one after another. */
  runs: number[];
  dataBytes: number;
  dataChecksum: number;
}

/** The memory of an interpreter, as it is written back: pages that hold something, and where they belong. */
export interface Snapshot {
  references: ReferenceTable;
  /** Where functions that are called directly lay in the program's table. */
  slots: DirectSlots | null;
  memoryBytes: number;
  runs: number[];
  data: Uint8Array;
}

/** What a snapshot depends on: anything that differs makes another file. */
export function snapshotKey(packagesHash: string, functionNames: readonly string[]): string {
  const hash = createHash("sha256");
  const nodeMajor = process.versions.node.split(".")[0];
  hash.update([FORMAT, PYODIDE_VERSION, nodeMajor, packagesHash, ...[...functionNames].sort()].join("\n"));
  return hash.digest("hex").slice(0, 32);
}

export function snapshotFile(folder: string, key: string): string {
  return join(folder, `python-${key}.snapshot`);
}

export function takeSnapshot(
  module: EmscriptenModule,
  references: ReferenceTable,
  slots: DirectSlots | null,
): Snapshot {
  const memory = new Uint8Array(module.HEAPU8.buffer);
  const words = new BigUint64Array(memory.buffer);
  const wordsPerPage = PAGE_BYTES / 8;
  const runs: number[] = [];
  let nPages = 0;
  for (let page = 0; page * PAGE_BYTES < memory.length; page += 1) {
    const start = page * wordsPerPage;
    let isEmpty = true;
    for (let i = start; i < start + wordsPerPage && isEmpty; i += 1) isEmpty = words[i] === 0n;
    if (isEmpty) continue;
    nPages += 1;
    const last = runs.length - 2;
    if (last >= 0 && runs[last] + runs[last + 1] === page) runs[last + 1] += 1;
    else runs.push(page, 1);
  }
  const data = new Uint8Array(nPages * PAGE_BYTES);
  let at = 0;
  for (let i = 0; i < runs.length; i += 2) {
    const bytes = runs[i + 1] * PAGE_BYTES;
    data.set(memory.subarray(runs[i] * PAGE_BYTES, runs[i] * PAGE_BYTES + bytes), at);
    at += bytes;
  }
  return { references, slots, memoryBytes: memory.length, runs, data };
}

/** Makes the interpreter's memory what it was, whatever it is now. `isFresh` memory is known to be zero. */
export function restoreMemory(module: EmscriptenModule, snapshot: Snapshot, isFresh: boolean): void {
  if (module.HEAPU8.length < snapshot.memoryBytes) module.growMemory(snapshot.memoryBytes);
  const memory = module.HEAPU8;
  let at = 0;
  let clearFrom = 0;
  for (let i = 0; i < snapshot.runs.length; i += 2) {
    const start = snapshot.runs[i] * PAGE_BYTES;
    const bytes = snapshot.runs[i + 1] * PAGE_BYTES;
    if (!isFresh) memory.fill(0, clearFrom, start);
    memory.set(snapshot.data.subarray(at, at + bytes), start);
    at += bytes;
    clearFrom = start + bytes;
  }
  if (!isFresh) memory.fill(0, clearFrom);
}

/** Writes the file beside its place and renames it, so that nobody ever reads half of it. */
export function writeSnapshot(folder: string, key: string, snapshot: Snapshot): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const header: Header = {
    format: FORMAT,
    key,
    memoryBytes: snapshot.memoryBytes,
    references: snapshot.references,
    slots: snapshot.slots,
    runs: snapshot.runs,
    dataBytes: snapshot.data.length,
    dataChecksum: crc32(snapshot.data),
  };
  const text = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32LE(text.length, 0);
  prefix.writeUInt32LE(crc32(text), 4);
  const target = snapshotFile(folder, key);
  const temporary = `${target}.${process.pid}.${Date.now()}.tmp`;
  try {
    const descriptor = openSync(temporary, "wx", 0o600);
    try {
      for (const part of [prefix, text, snapshot.data]) writeAll(descriptor, part);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  removeOld(folder, target);
}

/** null when there is no file for this key; throws one sentence when there is one and it cannot be used. */
export function readSnapshot(folder: string, key: string): Snapshot | null {
  const file = snapshotFile(folder, key);
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  try {
    const prefix = Buffer.alloc(PREFIX_BYTES);
    readAll(descriptor, prefix, 0);
    const headerBytes = prefix.readUInt32LE(0);
    const fileBytes = fstatSync(descriptor).size;
    if (headerBytes > fileBytes) throw new Error("its header is cut off");
    const text = Buffer.alloc(headerBytes);
    readAll(descriptor, text, PREFIX_BYTES);
    if (crc32(text) !== prefix.readUInt32LE(4)) throw new Error("its header is damaged");
    const header = JSON.parse(text.toString()) as Header;
    if (header.format !== FORMAT || header.key !== key) throw new Error("it was made for something else");
    if (PREFIX_BYTES + headerBytes + header.dataBytes !== fileBytes) throw new Error("its size is wrong");
    const data = new Uint8Array(header.dataBytes);
    readAll(descriptor, data, PREFIX_BYTES + headerBytes);
    if (crc32(data) !== header.dataChecksum) throw new Error("its content is damaged");
    const { references, slots, memoryBytes, runs } = header;
    return { references, slots, memoryBytes, runs, data };
  } finally {
    closeSync(descriptor);
  }
}

function readAll(descriptor: number, target: Uint8Array, position: number): void {
  for (let done = 0; done < target.length;) {
    const count = readSync(descriptor, target, done, target.length - done, position + done);
    if (count === 0) throw new Error("it is cut off");
    done += count;
  }
}

function writeAll(descriptor: number, source: Uint8Array): void {
  for (let done = 0; done < source.length;) done += writeSync(descriptor, source, done);
}

/** Snapshots of earlier versions are dropped, newest kept: each is some ten megabytes. */
function removeOld(folder: string, current: string): void {
  try {
    const files = readdirSync(folder)
      .filter((name) => /^python-[0-9a-f]+\.snapshot/.test(name))
      .map((name) => join(folder, name))
      .filter((file) => file !== current)
      .map((file) => ({ file, modifiedMs: statSync(file).mtimeMs }))
      .sort((a, b) => b.modifiedMs - a.modifiedMs);
    for (const { file } of files.slice(KEPT_FILES - 1)) rmSync(file, { force: true });
  } catch {
    // Another process may be tidying the same folder.
  }
}
