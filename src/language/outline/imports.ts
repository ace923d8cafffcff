/** Which files of the user a file is made of: itself, what it imports beside it or from the import root, and so on. Pure. */
import { dirname, join } from "node:path";
import { readOutline } from "./outline.ts";

/** The text of a file as the user sees it: unsaved changes first; null when there is no such file. */
export type ReadText = (file: string) => string | null;

/** A model that is spread over more files than this is followed in part. */
const MOST_FILES = 200;

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
  const bases =
    dots === 0
      ? [dirname(file), root, join(root, "src")]
      : [join(dirname(file), ...Array<string>(dots - 1).fill(".."))];
  return bases.flatMap((base) => [join(base, ...path) + ".py", join(base, ...path, "__init__.py")]);
}
