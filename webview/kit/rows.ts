/**
 * Which rows of a tree a table shows, and in which order: sorted among siblings, filtered with their ancestors kept.
 * Pure and iterative; the table draws what comes out.
 */
export interface Sort {
  column: string;
  descending: boolean;
}

export interface ShownRow<Row> {
  row: Row;
  key: string;
  depth: number;
  hasChildren: boolean;
  isOpen: boolean;
}

export interface RowsQuery<Row> {
  roots: readonly Row[];
  key(row: Row): string;
  children(row: Row): readonly Row[];
  open: ReadonlySet<string>;
  /** Column value to sort by; null keeps the given order. */
  value: ((row: Row) => number | string) | null;
  descending: boolean;
  /** Lower case; "" shows everything. */
  filter: string;
  text(row: Row): string;
}

function compare(a: number | string, b: number | string): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

function sortedRows<Row>(rows: readonly Row[], query: RowsQuery<Row>): readonly Row[] {
  const { value } = query;
  if (!value) return rows;
  const sign = query.descending ? -1 : 1;
  return rows
    .map((row, i) => ({ row, at: value(row), i }))
    .sort((a, b) => sign * compare(a.at, b.at) || a.i - b.i)
    .map((entry) => entry.row);
}

/** Keys of the rows that match the filter, and of all their ancestors. */
function keptKeys<Row>(query: RowsQuery<Row>): { kept: Set<string>; matched: Set<string> } {
  const kept = new Set<string>();
  const matched = new Set<string>();
  const stack = query.roots.map((row) => ({ row, trail: [] as string[] }));
  for (let entry = stack.pop(); entry; entry = stack.pop()) {
    const key = query.key(entry.row);
    const trail = [...entry.trail, key];
    if (query.text(entry.row).toLowerCase().includes(query.filter)) {
      matched.add(key);
      for (const ancestor of trail) kept.add(ancestor);
    }
    for (const row of query.children(entry.row)) stack.push({ row, trail });
  }
  return { kept, matched };
}

export function shownRows<Row>(query: RowsQuery<Row>): ShownRow<Row>[] {
  const shown: ShownRow<Row>[] = [];
  const isFiltered = query.filter !== "";
  const kept = isFiltered ? keptKeys(query).kept : null;
  const stack: { row: Row; depth: number }[] = [];
  const push = (rows: readonly Row[], depth: number): void => {
    const sorted = sortedRows(rows, query);
    for (let i = sorted.length - 1; i >= 0; i--) stack.push({ row: sorted[i]!, depth });
  };
  push(query.roots, 0);
  for (let entry = stack.pop(); entry; entry = stack.pop()) {
    const { row, depth } = entry;
    const key = query.key(row);
    if (kept && !kept.has(key)) continue;
    const children = query.children(row);
    const keptChildren = kept ? children.some((child) => kept.has(query.key(child))) : false;
    const isOpen = children.length > 0 && (keptChildren || query.open.has(key));
    shown.push({ row, key, depth, hasChildren: children.length > 0, isOpen });
    if (isOpen) push(children, depth + 1);
  }
  return shown;
}
