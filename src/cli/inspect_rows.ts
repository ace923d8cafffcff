/**
 * Tensors as rows of a table: layers that differ only in their number become one row, and where that is still too many,
 * rows are joined by the beginning of their names. Pure.
 */
import type { InspectedTensor } from "../protocol/inspect.ts";

export interface Row {
  name: string;
  /** How many tensors it stands for. */
  count: number;
  dtype: string;
  shape: string;
  elements: number;
  sizeBytes: number;
  file?: string;
  statistics?: NonNullable<InspectedTensor["statistics"]>;
}

/** As many rows as one reads without scrolling far. */
const MOST_ROWS = 60;

export function folded(tensors: readonly InspectedTensor[], isAll: boolean): Row[] {
  const rows = tensors.map(single);
  if (isAll || rows.length <= MOST_ROWS / 2) return rows;
  const layers = joined(rows, tensors, (tensor) => ({
    key: [pattern(tensor.name), tensor.dtype, tensor.shape.join()].join("\0"),
    name: pattern(tensor.name),
  }));
  if (layers.length <= MOST_ROWS) return layers;
  const deepest = Math.max(...tensors.map((tensor) => parts(tensor.name).length));
  for (let depth = deepest - 1; depth > 1; depth--) {
    const byPrefix = joined(rows, tensors, (tensor) => prefix(tensor.name, depth));
    if (byPrefix.length <= MOST_ROWS) return byPrefix;
  }
  return joined(rows, tensors, (tensor) => prefix(tensor.name, 1));
}

function single(tensor: InspectedTensor): Row {
  const { name, dtype, shape, sizeBytes, file, statistics } = tensor;
  return {
    name,
    count: 1,
    dtype,
    shape: `[${shape.join(", ")}]`,
    elements: shape.reduce((total, size) => total * size, 1),
    sizeBytes,
    ...(file === undefined ? {} : { file }),
    ...(statistics ? { statistics } : {}),
  };
}

const parts = (name: string): string[] => name.split(/[./]/);

/** "h.11.attn.weight" → "h.*.attn.weight". */
const pattern = (name: string): string => name.replace(/(^|[./])\d+(?=[./]|$)/g, "$1*");

function prefix(name: string, depth: number): { key: string; name: string } {
  const pieces = parts(pattern(name));
  const shown = pieces.length > depth ? `${pieces.slice(0, depth).join(".")}.…` : pieces.join(".");
  return { key: shown, name: shown };
}

function joined(
  rows: readonly Row[],
  tensors: readonly InspectedTensor[],
  group: (tensor: InspectedTensor) => { key: string; name: string },
): Row[] {
  const result = new Map<string, Row>();
  rows.forEach((row, index) => {
    const { key, name } = group(tensors[index]!);
    const known = result.get(key);
    if (known) result.set(key, { ...sum(known, row), name });
    else result.set(key, row);
  });
  return [...result.values()];
}

function sum(a: Row, b: Row): Row {
  const { file: _file, statistics: _statistics, ...rest } = a;
  const statistics = a.statistics && b.statistics ? merged(a, b) : undefined;
  return {
    ...rest,
    count: a.count + b.count,
    dtype: a.dtype === b.dtype ? a.dtype : "mixed",
    shape: a.shape === b.shape ? a.shape : "",
    elements: a.elements + b.elements,
    sizeBytes: a.sizeBytes + b.sizeBytes,
    ...(statistics ? { statistics } : {}),
  };
}

function merged(a: Row, b: Row): NonNullable<Row["statistics"]> {
  const [x, y] = [a.statistics!, b.statistics!];
  const nx = a.elements - x.nans - x.infs;
  const ny = b.elements - y.nans - y.infs;
  const n = Math.max(1, nx + ny);
  const apart = y.mean - x.mean;
  const squares = x.std ** 2 * Math.max(0, nx - 1) + y.std ** 2 * Math.max(0, ny - 1) + (apart ** 2 * nx * ny) / n;
  return {
    min: Math.min(x.min, y.min),
    max: Math.max(x.max, y.max),
    mean: x.mean + (apart * ny) / n,
    std: n > 1 ? Math.sqrt(squares / (n - 1)) : 0,
    nans: x.nans + y.nans,
    infs: x.infs + y.infs,
    zeros: x.zeros + y.zeros,
  };
}
