/**
 * `x[rows, :, None, mask]`: index tensors and masks among numbers, slices, None and the ellipsis, split into a view by the
 * plain items and a lookup by the rest. Takes the usual: what must be converted, copied or refused first is left to
 * torch/_indexing.py, by answering null.
 */
import { bool, int64 } from "../dtype.ts";
import { type Tensor } from "../tensor.ts";
import { indexGet } from "./advanced_index.ts";
import { ABSENT, basicIndex, ELLIPSIS, INTEGER, NEW_AXIS, SLICE, TENSOR } from "./basic_index.ts";
import { firstOutside, indexSelect, nonzero } from "./indexing.ts";
import { unbind } from "./view.ts";

const fullSlice = [SLICE, ABSENT, ABSENT, ABSENT];

function consumedBy(kind: number, t: Tensor | undefined): number {
  if (kind === TENSOR) return t!.dtype === bool ? t!.rank : 1;
  return kind === INTEGER || kind === SLICE ? 1 : 0;
}

/** Is it an index that can be looked up as it is? */
function isUsual(input: Tensor, index: Tensor): boolean {
  if (index.rank === 0 || index.device !== input.device || index.device.type === "cuda") return false;
  return index.dtype === int64 || (index.dtype === bool && !index.isMeta);
}

/** `words` as basicIndex takes them, with TENSOR and a position among `tensors` besides. */
export function mixedIndex(input: Tensor, words: readonly number[], tensors: readonly Tensor[]): Tensor | null {
  if (!tensors.every((t) => isUsual(input, t))) return null;
  const n = words.length / 4;
  let consumed = 0;
  for (let i = 0; i < n; i++) consumed += consumedBy(words[4 * i]!, tensors[words[4 * i + 1]!]);
  if (consumed > input.rank) return null;
  const plain: number[] = [];
  /** For each dim of the view an index, or null. */
  const indices: (Tensor | null)[] = [];
  let isView = false;
  let dim = 0;
  for (let i = 0; i < n; i++) {
    const item = words.slice(4 * i, 4 * i + 4);
    const [kind, position] = item as [number, number];
    if (kind !== TENSOR) {
      plain.push(...item);
      if (kind === ELLIPSIS) {
        for (let k = consumed; k < input.rank; k++) indices.push(null);
        dim += input.rank - consumed;
        continue;
      }
      isView ||= kind === INTEGER || kind === NEW_AXIS || item.some((word, k) => word !== fullSlice[k]);
      if (kind !== INTEGER) indices.push(null);
      if (kind !== NEW_AXIS) dim++;
      continue;
    }
    const index = tensors[position]!;
    const columns = index.dtype === bool ? columnsOf(input, index, dim) : [index];
    if (columns === null) return null;
    for (const column of columns) {
      plain.push(...fullSlice);
      indices.push(column);
    }
    dim += columns.length;
  }
  const view = isView ? basicIndex(input, plain, plain.length / 4) : input;
  while (indices.length < view.rank) indices.push(null);
  return lookUp(view, indices);
}

/** Where a mask over the dims from `dim` on is set. */
function columnsOf(input: Tensor, mask: Tensor, dim: number): readonly Tensor[] | null {
  for (let d = 0; d < mask.rank; d++) if (mask.shape[d] !== input.shape[dim + d]) return null;
  return unbind(nonzero(mask), 1) as Tensor[];
}

function lookUp(view: Tensor, indices: readonly (Tensor | null)[]): Tensor | null {
  const dim = indices.findIndex((index) => index !== null);
  const index = indices[dim]!;
  const isOnly = indices.every((other, d) => other === null || d === dim);
  if (!isOnly || index.rank !== 1) return indexGet(view, indices as (Tensor | null)[]);
  return firstOutside(index, 0, view.shape[dim]!) === null ? indexSelect(view, dim, index) : null;
}
