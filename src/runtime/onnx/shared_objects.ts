/**
 * Which libraries a shared object of Linux asks for, and whether the loader would find them: read from the files, so that the
 * answer names what is missing. Loads nothing.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";

const DYNAMIC_SEGMENT = 2;
const LOADED_SEGMENT = 1;
const [END, NEEDED, STRINGS] = [0, 1, 5];
const SYSTEM_FOLDERS = ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib", "/usr/local/cuda/lib64"];
const LOADER_CACHE = "/etc/ld.so.cache";

/** Names in the order of the file; empty where it is no 64-bit little-endian ELF. */
export function neededLibraries(file: string): string[] {
  const bytes = readFileSync(file);
  const isElf = bytes.length > 64 && bytes.readUInt32BE(0) === 0x7f454c46 && bytes[4] === 2 && bytes[5] === 1;
  if (!isElf) return [];
  const number = (at: number): number => Number(bytes.readBigUInt64LE(at));
  const [first, size, count] = [number(32), bytes.readUInt16LE(54), bytes.readUInt16LE(56)];
  const segments = Array.from({ length: count }, (_, i) => {
    const at = first + i * size;
    const [offset, address, length] = [number(at + 8), number(at + 16), number(at + 32)];
    return { kind: bytes.readUInt32LE(at), offset, address, length };
  });
  const dynamic = segments.find(({ kind }) => kind === DYNAMIC_SEGMENT);
  if (!dynamic) return [];
  const names: number[] = [];
  let strings = 0;
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.length; at += 16) {
    const [tag, value] = [number(at), number(at + 8)];
    if (tag === END) break;
    if (tag === NEEDED) names.push(value);
    if (tag === STRINGS) strings = value;
  }
  // The table of strings is known by its address, which lies in a segment that is loaded.
  const home = segments.find(
    ({ kind, address, length }) => kind === LOADED_SEGMENT && address <= strings && strings < address + length,
  );
  if (!home) return [];
  const table = strings - home.address + home.offset;
  return names.map((name) => {
    const start = table + name;
    return bytes.toString("latin1", start, bytes.indexOf(0, start));
  });
}

/** Would the loader find a library of this name for one that lies in `folder`? */
export function isLoadable(name: string, folder?: string): boolean {
  const paths = (process.env.LD_LIBRARY_PATH ?? "").split(":").filter((path) => path !== "");
  const folders = [...(folder === undefined ? [] : [folder]), ...paths, ...SYSTEM_FOLDERS];
  if (folders.some((path) => existsSync(join(path, name)))) return true;
  // The cache holds names and paths as plain text, each ended by a zero; a name may be the end of its path.
  const cache = existsSync(LOADER_CACHE) ? readFileSync(LOADER_CACHE) : null;
  return cache !== null && (cache.includes(`\0${name}\0`) || cache.includes(`/${name}\0`));
}

/** What a shared object needs and the loader would not find. */
export function missingLibraries(file: string): string[] {
  return neededLibraries(file).filter((name) => !isLoadable(name, dirname(file)));
}
