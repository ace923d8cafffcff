/** `x[1:, None, ..., -1]`: numbers, slices, None and the ellipsis. Each item is four numbers: kind, a, b, c. */
import { IndexError, ValueError } from "../errors.ts";
import type { Tensor } from "../tensor.ts";
import { aliasOf, select, slice, unsqueeze } from "./view.ts";

/** What Python writes for each item. */
export const INTEGER = 0;
export const SLICE = 1;
export const NEW_AXIS = 2;
export const ELLIPSIS = 3;
/** A position among index tensors, see mixed_index.ts; not taken here. */
export const TENSOR = 4;
/** Stands for an absent bound of a slice. */
export const ABSENT = -(2 ** 52);

export function basicIndex(input: Tensor, words: readonly number[], n: number): Tensor {
  let consumed = 0;
  for (let i = 0; i < n; i++) {
    const kind = words[4 * i]!;
    if (kind === INTEGER || kind === SLICE) consumed++;
  }
  if (consumed > input.rank) throw new IndexError(`too many indices for tensor of dimension ${input.rank}`);
  let t = input;
  let dim = 0;
  // How many dims of the input are gone from t: messages name the input's.
  let removed = 0;
  for (let i = 0; i < n; i++) {
    const kind = words[4 * i]!;
    if (kind === INTEGER) {
      const index = words[4 * i + 1]!;
      const size = t.shape[dim]!;
      if (index < -size || index >= size) {
        throw new IndexError(`index ${index} is out of bounds for dimension ${dim + removed} with size ${size}`);
      }
      t = select(t, dim, index);
      removed++;
    } else if (kind === SLICE) {
      t = sliceOf(t, dim, words[4 * i + 1]!, words[4 * i + 2]!, words[4 * i + 3]!);
      dim++;
    } else if (kind === NEW_AXIS) {
      t = unsqueeze(t, dim);
      dim++;
      removed--;
    } else if (kind === ELLIPSIS) {
      let later = 0;
      for (let k = i + 1; k < n; k++) {
        if (words[4 * k] !== NEW_AXIS && words[4 * k] !== ELLIPSIS) later++;
      }
      dim = t.rank - later;
    }
  }
  return t === input ? aliasOf(t) : t;
}

function sliceOf(t: Tensor, dim: number, from: number, to: number, by: number): Tensor {
  const size = t.shape[dim]!;
  const step = by === ABSENT ? 1 : by;
  if (step === 0) throw new ValueError("slice step cannot be zero");
  if (step < 0) throw new ValueError("step must be greater than zero");
  const clamp = (value: number): number => Math.min(Math.max(value < 0 ? value + size : value, 0), size);
  const start = from === ABSENT ? 0 : clamp(from);
  const end = to === ABSENT ? size : clamp(to);
  const length = Math.max(0, Math.ceil((end - start) / step));
  if (start === 0 && length === size && step === 1) return t;
  return slice(t, dim, start, length, step);
}
