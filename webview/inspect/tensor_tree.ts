/** Tensors as the tree that their dotted names spell: a module is the sum of what is inside of it. Pure. */
import type { InspectedTensor } from "../../src/protocol/inspect.ts";

export interface TensorRow {
  /** The whole name; of a module with a dot behind it, so that it is nobody else's. */
  key: string;
  /** The last part of the name, as it stands below its module. */
  label: string;
  tensor: InspectedTensor | null;
  /** Tensors inside, 1 for a tensor itself. */
  count: number;
  elements: number;
  sizeBytes: number;
  children: TensorRow[];
}

const elementsOf = ({ shape }: InspectedTensor): number => shape.reduce((product, size) => product * size, 1);

/** Names are hostile input: they only ever become keys of a Map. */
export function tensorTree(tensors: readonly InspectedTensor[]): TensorRow[] {
  const roots: TensorRow[] = [];
  const modules = new Map<string, TensorRow>();

  function moduleAt(parts: string[]): TensorRow[] {
    let rows = roots;
    let key = "";
    for (const part of parts) {
      key += `${part}.`;
      let row = modules.get(key);
      if (!row) {
        row = { key, label: part, tensor: null, count: 0, elements: 0, sizeBytes: 0, children: [] };
        modules.set(key, row);
        rows.push(row);
      }
      rows = row.children;
    }
    return rows;
  }

  tensors.forEach((tensor, index) => {
    const parts = tensor.name.split(".");
    const elements = elementsOf(tensor);
    const { sizeBytes } = tensor;
    const inside = parts.slice(0, -1);
    // Two tensors may have one name in a damaged file: the place in the list keeps them apart.
    const key = `${index}:${tensor.name}`;
    moduleAt(inside).push({ key, label: parts.at(-1)!, tensor, count: 1, elements, sizeBytes, children: [] });
    let trail = "";
    for (const part of inside) {
      trail += `${part}.`;
      const row = modules.get(trail)!;
      row.count += 1;
      row.elements += elements;
      row.sizeBytes += sizeBytes;
    }
  });
  return roots.map(joined);
}

/** A module that holds nothing but one other is written in one row: "model.layers". */
function joined(row: TensorRow): TensorRow {
  let [at, label] = [row, row.label];
  while (at.children.length === 1 && at.children[0]!.tensor === null) {
    at = at.children[0]!;
    label += `.${at.label}`;
  }
  return { ...at, label, children: at.children.map(joined) };
}
