/**
 * Which texts a result was made from, and whether they still are what they were. Pure: files are read by the caller.
 */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { ReadText } from "../language/outline/imports.ts";

/** File to the hash of its text. */
export type Stamps = Record<string, string>;

export function stampOf(text: string): string {
  return createHash("sha1").update(text).digest("base64url");
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
    if (text === null) return `${basename(file)} was deleted or renamed after this ${noun}`;
    if (stampOf(text) !== stamp) changed.push(basename(file));
  }
  if (changed.length === 0) return null;
  const more = changed.length > 1 ? ` and ${changed.length - 1} more` : "";
  return `${changed[0]}${more} was edited after this ${noun}`;
}
