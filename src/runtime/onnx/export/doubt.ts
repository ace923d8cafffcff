/**
 * Where several formulas fit all sizes that were recorded, the next size to try: one at which they part. Only quotients that are
 * rounded down leave such doubt. Decides nothing: the more is recorded, the fewer formulas fit.
 */
import { Scalar } from "../../dtype.ts";
import type { Recording } from "./record.ts";
import { type DynamicDimension, evaluateAt, fittingFormulas, involvedIn, runsAlone, type Size } from "./sizes.ts";

export interface Doubt {
  /** Which dimension, by position, and how large it should be; the others as in the first recording. */
  dimension: number;
  size: number;
}

/** How far beyond its first size a dimension is tried. */
const REACH = 256;

/** `steps`: of what each dimension's sizes are multiples, counted from its first one. */
export function doubtOf(
  recordings: readonly Recording[],
  dimensions: readonly DynamicDimension[],
  steps: readonly number[],
): Doubt | null {
  for (const values of varyingNumbers(recordings)) {
    for (const dimension of involvedIn(values, dimensions)) {
      const runs = runsAlone(dimensions, dimension);
      const { sizes, ...place } = dimensions[dimension]!;
      const own = { ...place, sizes: runs.map((run) => sizes[run]!) };
      const formulas = fittingFormulas(
        runs.map((run) => values[run]!),
        [own],
        0,
      );
      const size = formulas.length > 1 ? partingSize(formulas, sizes[0]!, steps[dimension]!) : null;
      if (size !== null) return { dimension, size };
    }
  }
  return null;
}

/** The size at which fewest of them agree; null where all of them agree everywhere. */
function partingSize(formulas: readonly Size[], base: number, step: number): number | null {
  let best: number | null = null;
  let fewest = formulas.length;
  for (let size = base + step; size <= base + Math.max(REACH, step); size += step) {
    const groups = new Map<number, number>();
    for (const formula of formulas) {
      const value = evaluateAt(formula, size);
      groups.set(value, (groups.get(value) ?? 0) + 1);
    }
    const largest = Math.max(...groups.values());
    if (largest < fewest) [best, fewest] = [size, largest];
  }
  return best;
}

/** Every number that differs between the recordings, once. */
function* varyingNumbers(recordings: readonly Recording[]): Generator<number[]> {
  const seen = new Set<string>();
  const [first, ...others] = recordings as [Recording, ...Recording[]];
  const isSame = others.every(
    ({ calls, values }) => calls.length === first.calls.length && values.length === first.values.length,
  );
  if (!isSame) return;
  const all = recordings.map(numbersOf);
  for (let i = 0; i < all[0]!.length; i++) {
    const values = all.map((numbers) => numbers[i]!);
    if (values.every((value) => value === values[0]) || values.some((value) => !Number.isInteger(value))) continue;
    const key = values.join();
    if (seen.has(key)) continue;
    seen.add(key);
    yield values;
  }
}

/** Sizes and arguments in one order, the same for all recordings of the same calls. */
function numbersOf({ calls, values }: Recording): number[] {
  const plain = calls.flatMap(({ arguments: given }) => given.flatMap((a) => ("plain" in a ? flat(a.plain) : [])));
  return [...plain, ...values.flatMap(({ shape }) => [...shape])];
}

function flat(value: unknown): number[] {
  if (typeof value === "number") return [value];
  if (value instanceof Scalar) return [value.number];
  return Array.isArray(value) ? value.flatMap(flat) : [];
}
