/** The rows of the module table as a tree, by their paths; parents that have no row of their own are skipped over. */
import type { ModuleRow } from "../../src/protocol/results.ts";

export interface ModuleTree {
  roots: ModuleRow[];
  children: Map<string, ModuleRow[]>;
  /** Keys of all ancestors, outermost first. */
  ancestors(path: string): string[];
}

/** Key of a row; the root's path is empty. */
export function moduleKey(row: { path: string }): string {
  return `m:${row.path}`;
}

function parentPath(path: string): string {
  const at = path.lastIndexOf(".");
  return at < 0 ? "" : path.slice(0, at);
}

export function moduleTree(rows: readonly ModuleRow[]): ModuleTree {
  const known = new Set(rows.map((row) => row.path));
  const roots: ModuleRow[] = [];
  const children = new Map<string, ModuleRow[]>();
  const tops = new Set(rows.filter((row) => row.depth === 0).map((row) => row.path));
  const parentOf = (path: string): string | null => {
    if (path === "" || tops.has(path)) return null;
    let at = parentPath(path);
    while (at !== "" && !known.has(at)) at = parentPath(at);
    return known.has(at) ? at : null;
  };
  for (const row of rows) {
    const parent = parentOf(row.path);
    if (parent === null) {
      roots.push(row);
      continue;
    }
    const key = moduleKey({ path: parent });
    const siblings = children.get(key);
    if (siblings) siblings.push(row);
    else children.set(key, [row]);
  }
  return {
    roots,
    children,
    ancestors(path) {
      const trail: string[] = [];
      for (let at = parentOf(path); at !== null; at = parentOf(at)) trail.unshift(moduleKey({ path: at }));
      return trail;
    },
  };
}

/** "attn" of "h.0.attn", but "h.0" of "h.0": a number alone says nothing. */
export function moduleLabel(path: string, type: string): string {
  if (path === "") return type || "(root)";
  const parts = path.split(".");
  const last = parts.at(-1)!;
  return /^\d+$/.test(last) && parts.length > 1 ? `${parts.at(-2)}.${last}` : last;
}
