/**
 * Which texts a result was made from, and whether they still are what they were. Pure: files are read by the caller.
 */
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { readOutline } from "./outline.ts";

/** File to the hash of its text. */
export type Stamps = Record<string, string>;
/** The text of a file as the user sees it: unsaved changes first; null when there is no such file. */
export type ReadText = (file: string) => string | null;

/** A model that is spread over more files than this is watched in part. */
const MOST_FILES = 200;

export function stampOf(text: string): string {
  return createHash("sha1").update(text).digest("base64url");
}

/** The file and what it imports from beside it or from the import root, and so on. */
export function filesBehind(file: string, root: string, read: ReadText): string[] {
  const found = new Set<string>([file]);
  for (const current of found) {
    const text = read(current);
    if (text === null) continue;
    for (const name of readOutline(text).imports) {
      for (const candidate of candidates(name, current, root)) {
        if (found.size >= MOST_FILES) return [...found];
        if (!found.has(candidate) && read(candidate) !== null) found.add(candidate);
      }
    }
  }
  return [...found];
}

/** Where a module could lie: "layers.attn" is layers/attn.py or layers/attn/__init__.py. */
function candidates(name: string, file: string, root: string): string[] {
  const dots = /^\.*/.exec(name)![0].length;
  const path = name
    .slice(dots)
    .split(".")
    .filter((part) => part !== "");
  if (path.length === 0) return [];
  const bases = dots === 0 ? [dirname(file), root] : [join(dirname(file), ...Array<string>(dots - 1).fill(".."))];
  return bases.flatMap((base) => [join(base, ...path) + ".py", join(base, ...path, "__init__.py")]);
}

export function makeStamps(files: readonly string[], read: ReadText): Stamps {
  const stamps: Stamps = {};
  for (const file of files) {
    const text = read(file);
    if (text !== null) stamps[file] = stampOf(text);
  }
  return stamps;
}

/** One sentence when a text has changed, null while all are the same, also after a change was taken back. */
export function staleReason(stamps: Stamps, read: ReadText, noun: string): string | null {
  const changed: string[] = [];
  for (const [file, stamp] of Object.entries(stamps)) {
    const text = read(file);
    if (text === null) return `${basename(file)} was deleted after this ${noun}`;
    if (stampOf(text) !== stamp) changed.push(basename(file));
  }
  if (changed.length === 0) return null;
  const more = changed.length > 1 ? ` and ${changed.length - 1} more` : "";
  return `${changed[0]}${more} was edited after this ${noun}`;
}
