/**
 * The range of an activation from the numbers that were seen: the whole of it, or less where a few outliers would cost all
 * others their precision. Sees numbers go by, keeps sums and histograms only.
 */
import type { Observer } from "../../../protocol/compress.ts";

export interface Range {
  low: number;
  high: number;
}

const BINS = 2048;
/** Weight of what came before in a moving average, as PyTorch's observer has it. */
const MOMENTUM = 0.99;
/** Share of the numbers that percentile keeps. */
const KEPT = 0.9999;
/** Steps in which smaller ranges are tried. */
const TRIALS = 100;
const LEVELS = 256;

/** Two passes: `see` for all samples, then, where a histogram is needed, `count` for all of them again. */
export class RangeObserver {
  readonly #kind: Observer;
  #low = Infinity;
  #high = -Infinity;
  #average: Range | null = null;
  #counts: Float64Array | null = null;

  constructor(kind: Observer) {
    this.#kind = kind;
  }

  get needsCounts(): boolean {
    return this.#kind !== "minmax" && this.#kind !== "average";
  }

  see(values: ArrayLike<number>): void {
    let low = Infinity;
    let high = -Infinity;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (value < low && value !== -Infinity) low = value;
      if (value > high && value !== Infinity) high = value;
    }
    if (low > high) return;
    this.#low = Math.min(this.#low, low);
    this.#high = Math.max(this.#high, high);
    const before = this.#average;
    this.#average = before
      ? { low: before.low * MOMENTUM + low * (1 - MOMENTUM), high: before.high * MOMENTUM + high * (1 - MOMENTUM) }
      : { low, high };
  }

  count(values: ArrayLike<number>): void {
    this.#counts ??= new Float64Array(BINS);
    const scale = BINS / (this.#high - this.#low || 1);
    // A zero is a code of its own in any range; the half of all numbers that a relu makes zero would hide what the rest needs.
    const isZeroFree = this.#kind === "entropy";
    for (let i = 0; i < values.length; i++) {
      if (isZeroFree && values[i] === 0) continue;
      const bin = Math.min(BINS - 1, Math.floor((values[i]! - this.#low) * scale));
      if (bin >= 0) this.#counts[bin]!++;
    }
  }

  range(): Range {
    return withZero(this.#range());
  }

  #range(): Range {
    if (this.#low > this.#high) return { low: 0, high: 0 };
    const whole = { low: this.#low, high: this.#high };
    if (this.#kind === "average") return this.#average ?? whole;
    if (this.#kind === "minmax" || !this.#counts || whole.low === whole.high) return whole;
    const histogram = new SeenHistogram(this.#counts, whole);
    if (this.#kind === "percentile") return histogram.percentile();
    if (this.#kind === "mse") return histogram.leastError();
    return this.#kind === "entropy" ? histogram.leastDivergence() : histogram.narrowed();
  }
}

/** Zero is always inside: paddings are zero. */
const withZero = ({ low, high }: Range): Range => ({ low: Math.min(0, low), high: Math.max(0, high) });

class SeenHistogram {
  readonly #counts: Float64Array;
  readonly #whole: Range;
  readonly #width: number;

  constructor(counts: Float64Array, whole: Range) {
    this.#counts = counts;
    this.#whole = whole;
    this.#width = (whole.high - whole.low) / counts.length;
  }

  #center(bin: number): number {
    return this.#whole.low + (bin + 0.5) * this.#width;
  }

  /** Half of what is left out goes at either end. */
  percentile(): Range {
    const total = this.#counts.reduce((a, b) => a + b, 0);
    // Of so many at either end none is kept; a fraction of one is none.
    const out = (total * (1 - KEPT)) / 2 + 1e-6;
    let [first, last] = [0, this.#counts.length - 1];
    for (let gone = this.#counts[first]!; gone <= out && first < last; gone += this.#counts[++first]!);
    for (let gone = this.#counts[last]!; gone <= out && first < last; gone += this.#counts[--last]!);
    return { low: this.#whole.low + first * this.#width, high: this.#whole.low + (last + 1) * this.#width };
  }

  /** Mean square error of 256 codes over a range: rounding inside, cutting off outside. */
  #error({ low, high }: Range): number {
    const step = (high - low) / (LEVELS - 1);
    let sum = 0;
    for (let bin = 0; bin < this.#counts.length; bin++) {
      const count = this.#counts[bin]!;
      if (count === 0) continue;
      const value = this.#center(bin);
      const cut = value < low ? low - value : value > high ? value - high : 0;
      sum += count * (cut > 0 ? cut * cut : (step * step) / 12);
    }
    return sum;
  }

  /** Both ends moved in by the same share. */
  leastError(): Range {
    let best = this.#whole;
    let least = this.#error(best);
    for (let trial = 1; trial < TRIALS; trial++) {
      const share = 1 - trial / TRIALS;
      const range = { low: Math.min(0, this.#whole.low * share), high: Math.max(0, this.#whole.high * share) };
      const error = this.#error(range);
      if (error < least) [best, least] = [range, error];
    }
    return best;
  }

  /** Each end by itself, one step after the other, as long as the error falls. */
  narrowed(): Range {
    let best = { low: Math.min(0, this.#whole.low), high: Math.max(0, this.#whole.high) };
    let least = this.#error(best);
    const step = (best.high - best.low) / TRIALS;
    for (let isBetter = true; isBetter;) {
      isBetter = false;
      for (const range of [
        { low: Math.min(0, best.low + step), high: best.high },
        { low: best.low, high: Math.max(0, best.high - step) },
      ]) {
        if (range.low === best.low && range.high === best.high) continue;
        const error = this.#error(range);
        if (error < least) {
          [best, least] = [range, error];
          isBetter = true;
        }
      }
    }
    return best;
  }

  /**
   * The cut at which the distribution that 256 codes can show is closest to the real one, by the Kullback-Leibler divergence
   * (Migacz, 8-bit inference with TensorRT, 2017), over absolute values where numbers have both signs. Cuts whose squared error
   * is larger than that of covering everything are no choice: the divergence counts how many values are cut off, not how far.
   */
  leastDivergence(): Range {
    const reach = Math.max(-this.#whole.low, this.#whole.high);
    const sizes = new Float64Array(this.#counts.length);
    this.#counts.forEach((count, bin) => {
      const at = Math.min(sizes.length - 1, Math.floor((Math.abs(this.#center(bin)) / reach) * sizes.length));
      sizes[at]! += count;
    });
    const levels = this.#whole.low < 0 ? LEVELS / 2 : LEVELS;
    const most = this.#error(withZero(this.#whole));
    let best = this.#whole;
    let least = Infinity;
    for (let bins = levels; bins <= sizes.length; bins += 16) {
      const end = (reach * bins) / sizes.length;
      const range = { low: Math.max(this.#whole.low, -end), high: Math.min(this.#whole.high, end) };
      if (this.#error(withZero(range)) > most) continue;
      const divergence = divergenceOf(sizes, bins, levels);
      if (divergence < least) [best, least] = [range, divergence];
    }
    return best;
  }
}

/** Of the first bins, with everything behind them in the last one, from what so many levels show of them. */
function divergenceOf(counts: Float64Array, bins: number, levels: number): number {
  const real = counts.slice(0, bins);
  const beyond = counts.subarray(bins).reduce((a, b) => a + b, 0);
  real[bins - 1]! += beyond;
  const shown = new Float64Array(bins);
  for (let level = 0; level < levels; level++) {
    const [from, to] = [Math.floor((level * bins) / levels), Math.floor(((level + 1) * bins) / levels)];
    let sum = 0;
    let filled = 0;
    for (let bin = from; bin < to; bin++) {
      sum += counts[bin]!;
      if (counts[bin]! > 0) filled++;
    }
    for (let bin = from; bin < to; bin++) if (counts[bin]! > 0) shown[bin] = sum / filled;
  }
  const [total, totalShown] = [real.reduce((a, b) => a + b, 0), shown.reduce((a, b) => a + b, 0)];
  if (total === 0 || totalShown === 0) return Infinity;
  let sum = 0;
  for (let bin = 0; bin < bins; bin++) {
    if (real[bin] === 0) continue;
    const [p, q] = [real[bin]! / total, Math.max(shown[bin]! / totalShown, 1e-12)];
    sum += p * Math.log(p / q);
  }
  return sum;
}

/** Scale and zero point of uint8 codes (or int8 ones around zero) for a range. */
export function affineOf({ low, high }: Range, isSymmetric: boolean): { scale: number; zero: number } {
  if (isSymmetric) return { scale: Math.fround(Math.max(-low, high) / 127 || 1), zero: 0 };
  const scale = Math.fround((high - low) / 255 || 1);
  return { scale, zero: Math.min(255, Math.max(0, Math.round(-low / scale))) };
}
