/** Reads what the golden suite says of itself: how many calls of each public name, in which dtypes, and which still differ. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../steps.mjs";

export interface GoldenName {
  cases: number;
  dtypes: string[];
}

interface IndexFile {
  torch: string;
  families: Record<string, number>;
  /** "torch.add": [cases, "f32 f64"]. */
  names: Record<string, [number, string]>;
}

export function goldenIndex(): { torch: string; nCases: number; names: Map<string, GoldenName> } {
  const file = JSON.parse(readFileSync(join(root, "test/ops/goldens/index.json"), "utf8")) as IndexFile;
  const nCases = Object.values(file.families).reduce((sum, n) => sum + n, 0);
  const names = Object.entries(file.names).map(
    ([name, [cases, dtypes]]) => [name, { cases, dtypes: dtypes.split(" ").filter(Boolean) }] as const,
  );
  return { torch: file.torch, nCases, names: new Map(names) };
}

/** How many cases of each op (the part of a key before the last slash) are listed as different. */
export function differing(): Map<string, number> {
  const path = join(root, "test/ops/known.json");
  const counts = new Map<string, number>();
  if (!existsSync(path)) return counts;
  const known = JSON.parse(readFileSync(path, "utf8")) as Record<string, string[]>;
  for (const key of Object.values(known).flat()) {
    const op = key.slice(0, key.lastIndexOf("/"));
    counts.set(op, (counts.get(op) ?? 0) + 1);
  }
  return counts;
}
