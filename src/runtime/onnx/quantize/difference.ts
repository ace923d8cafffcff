/** How far numbers are from what they were, over everything that is added; and histograms of them. Pure. */
import type { Difference, Histogram } from "../../../protocol/compress.ts";

/** Decibels of what is nothing but noise beside a signal of zeros. */
const LOWEST_DB = -300;
const BINS = 64;

export class DifferenceSums {
  #signal = 0;
  #noise = 0;
  #product = 0;
  #squares = 0;
  #error = 0;
  #largest = 0;
  #broken = 0;

  /** Numbers that were not finite before (masks are full of infinities) are left out. */
  add(before: ArrayLike<number>, after: ArrayLike<number>): void {
    for (let i = 0; i < before.length; i++) {
      const [was, is] = [before[i]!, after[i]!];
      if (!Number.isFinite(was)) continue;
      if (!Number.isFinite(is)) {
        this.#broken++;
        continue;
      }
      const error = was - is;
      this.#signal += was * was;
      this.#noise += error * error;
      this.#product += was * is;
      this.#squares += is * is;
      this.#error = Math.max(this.#error, Math.abs(error));
      this.#largest = Math.max(this.#largest, Math.abs(was));
    }
  }

  get sqnrDb(): number {
    if (this.#noise === 0) return this.#broken > 0 ? LOWEST_DB : Infinity;
    return this.#signal > 0 ? 10 * Math.log10(this.#signal / this.#noise) : LOWEST_DB;
  }

  plain(): Difference {
    const isSame = this.#noise === 0;
    const length = Math.sqrt(this.#signal) * Math.sqrt(this.#squares);
    return {
      sqnrDb: Number.isFinite(this.sqnrDb) ? this.sqnrDb : null,
      cosine: isSame ? 1 : length > 0 ? Math.min(1, this.#product / length) : 0,
      maxError: this.#error,
      relativeError: this.#largest > 0 ? this.#error / this.#largest : isSame ? 0 : 1,
      ...(this.#broken > 0 ? { broken: this.#broken } : {}),
    };
  }
}

export function differenceOf(before: ArrayLike<number>, after: ArrayLike<number>): Difference {
  const sums = new DifferenceSums();
  sums.add(before, after);
  return sums.plain();
}

/** Both over the range of the first. */
export function histograms(before: Float32Array, after: Float32Array): { before: Histogram; after: Histogram } {
  let low = Infinity;
  let high = -Infinity;
  for (const value of before) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!(low < high)) [low, high] = [Math.min(low, 0) - 0.5, Math.max(high, 0) + 0.5];
  const count = (values: Float32Array): Histogram => {
    const counts = Array<number>(BINS).fill(0);
    for (const value of values) {
      const bin = Math.min(BINS - 1, Math.floor(((value - low) / (high - low)) * BINS));
      if (bin >= 0) counts[bin]!++;
    }
    return { low, high, counts };
  };
  return { before: count(before), after: count(after) };
}
