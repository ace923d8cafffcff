/**
 * The read-only /lib of the interpreter: Python's standard library and our own packages, from a folder or a zip.
 * Refuses every change, so that one run cannot plant code for the next.
 */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { inflateRawSync } from "node:zlib";
import { TreeError, type Entry, type OpenFile, type Tree } from "./tree.ts";

interface LibraryFile {
  sizeBytes: number;
  modifiedMs: number;
  load(): Uint8Array;
}

/** Files by relative path, and what identifies their content. */
export interface FileSet {
  files: Map<string, LibraryFile>;
  hash: string;
}

/** Reads our packages. The content decides what they are, not its date: a copy is the same. */
export function openPackages(path: string): FileSet {
  return path.endsWith(".zip") ? openArchive(path) : openFolder(path);
}

function openFolder(folder: string): FileSet {
  const files = new Map<string, LibraryFile>();
  const hash = createHash("sha256");
  const visit = (relative: string): void => {
    const entries = readdirSync(join(folder, relative), { withFileTypes: true });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (entry.name.startsWith(".") || entry.name === "__pycache__") continue;
      const path = relative === "" ? entry.name : `${relative}/${entry.name}`;
      if (entry.isDirectory()) {
        visit(path);
      } else if (entry.isFile()) {
        const content = readFileSync(join(folder, path));
        hash.update(`${path}\0${content.length}\0`).update(content);
        files.set(path, { sizeBytes: content.length, modifiedMs: 0, load: () => content });
      }
    }
  };
  visit("");
  return { files, hash: hash.digest("hex") };
}

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;

/** Our own build writes the archive, so only what it writes is understood: stored or deflated files, no zip64. */
function openArchive(archive: string): FileSet {
  const bytes = readFileSync(archive);
  const files = new Map<string, LibraryFile>();
  let end = bytes.length - 22;
  while (end >= 0 && bytes.readUInt32LE(end) !== END_OF_DIRECTORY) end -= 1;
  if (end < 0) throw new Error(`[python] ${archive} is no zip archive: build it again`);
  const modifiedMs = statSync(archive).mtimeMs;
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left -= 1) {
    if (bytes.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new Error(`[python] ${archive} is damaged: build it again`);
    const method = bytes.readUInt16LE(at + 10);
    const packedBytes = bytes.readUInt32LE(at + 20);
    const sizeBytes = bytes.readUInt32LE(at + 24);
    const nameBytes = bytes.readUInt16LE(at + 28);
    const header = bytes.readUInt32LE(at + 42);
    const name = bytes.toString("utf8", at + 46, at + 46 + nameBytes);
    at += 46 + nameBytes + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
    if (name.endsWith("/")) continue;
    const load = (): Uint8Array => {
      const start = header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
      const packed = bytes.subarray(start, start + packedBytes);
      return method === 0 ? packed : inflateRawSync(packed);
    };
    files.set(name, { sizeBytes, modifiedMs, load });
  }
  return { files, hash: createHash("sha256").update(bytes).digest("hex") };
}

/** One read-only tree over several file sets, each under a prefix ("" for the top). */
export class LibraryTree implements Tree {
  private readonly files = new Map<string, LibraryFile>();
  private readonly folders = new Map<string, Set<string>>([["", new Set()]]);
  private readonly loaded = new Map<string, Uint8Array>();

  addFile(path: string, load: () => Uint8Array, sizeBytes: number, modifiedMs = 0): void {
    this.files.set(path, { load, sizeBytes, modifiedMs });
    this.addName(path);
  }

  addFolder(path: string): void {
    if (this.folders.has(path)) return;
    this.folders.set(path, new Set());
    this.addName(path);
  }

  addAll(set: FileSet, prefix: string): void {
    for (const [path, file] of set.files) this.addFile(`${prefix}/${path}`, file.load, file.sizeBytes, file.modifiedMs);
  }

  private addName(path: string): void {
    const cut = path.lastIndexOf("/");
    const parent = cut < 0 ? "" : path.slice(0, cut);
    if (!this.folders.has(parent)) this.addFolder(parent);
    this.folders.get(parent)?.add(path.slice(cut + 1));
  }

  stat(path: string): Entry | null {
    const file = this.files.get(path);
    if (file) return { kind: "file", sizeBytes: file.sizeBytes, modifiedMs: file.modifiedMs, writable: false };
    if (this.folders.has(path)) return { kind: "folder", sizeBytes: 0, modifiedMs: 0, writable: false };
    return null;
  }

  list(path: string): string[] {
    return [...(this.folders.get(path) ?? [])];
  }

  open(path: string, write: boolean): OpenFile {
    if (write) throw readOnly(path);
    const file = this.files.get(path);
    if (!file) throw new TreeError("ENOENT", `${path} does not exist`);
    let content = this.loaded.get(path);
    if (!content) {
      content = file.load();
      this.loaded.set(path, content);
    }
    return new BytesFile(content);
  }

  createFile(path: string): never {
    throw readOnly(path);
  }
  createFolder(path: string): never {
    throw readOnly(path);
  }
  removeFile(path: string): never {
    throw readOnly(path);
  }
  removeFolder(path: string): never {
    throw readOnly(path);
  }
  rename(path: string): never {
    throw readOnly(path);
  }
  truncate(path: string): never {
    throw readOnly(path);
  }
  touch(path: string): never {
    throw readOnly(path);
  }
}

/** A file whose content is in memory and stays as it is. */
export class BytesFile implements OpenFile {
  private readonly content: Uint8Array;
  constructor(content: Uint8Array) {
    this.content = content;
  }
  read(target: Uint8Array, position: number): number {
    const part = this.content.subarray(position, position + target.length);
    target.set(part);
    return part.length;
  }
  write(): number {
    throw readOnly("this file");
  }
  sizeBytes(): number {
    return this.content.length;
  }
  close(): void {}
}

function readOnly(path: string): TreeError {
  return new TreeError("EROFS", `${path} is read-only`);
}
