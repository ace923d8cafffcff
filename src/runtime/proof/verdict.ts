/** What a report on a compressed model comes to in one sentence, the bad news first. Pure: figures in, words out. */
import type { CompressionReport } from "../../protocol/compress.ts";

/** Times that differ by less are the same: the spread of a steady measurement. */
const SAME_TIME = 0.05;
const SAME_SIZE = 0.02;
/** Below this the outputs are mostly noise. */
const NOISE_DB = 10;
/** A metric that lost more than this share of itself. */
const LOST_SHARE = 0.05;
/** Twice the time is not made up for by bytes. */
const TOO_SLOW = 2;

export type Figures = Pick<
  CompressionReport,
  "beforeBytes" | "afterBytes" | "latency" | "output" | "metrics" | "keptForBudget" | "losses"
> & {
  /** Layers that were changed. */
  changed: number;
  budgetDb?: number;
};

export type Verdict = Pick<CompressionReport, "verdict" | "worthKeeping">;

export function verdict(figures: Figures): Verdict {
  const reject = (sentence: string): Verdict => ({
    verdict: `${sentence}: not worth keeping.`,
    worthKeeping: false,
  });
  const { changed, keptForBudget, budgetDb } = figures;
  if (changed === 0) {
    const why = keptForBudget?.length
      ? `the budget of ${budgetDb} dB holds only with every layer kept`
      : "no layer could be";
    return { verdict: `Nothing was changed: ${why}.`, worthKeeping: false };
  }
  const spoiled = spoiledBy(figures);
  if (spoiled) return reject(spoiled);
  const quality = qualityOf(figures);
  const size = sizeOf(figures);
  const time = timeOf(figures);
  if (time.isSlower && !size.isSmaller) return reject(`${capital(time.words)} and no smaller`);
  if (!time.isFaster && !size.isSmaller) return reject("No faster and no smaller");
  if (time.ratio > TOO_SLOW) return reject(`${capital(time.words)} for ${size.words}`);
  const joined = time.isSlower ? `${time.words}, but ${size.words}` : `${size.words}, ${time.words}`;
  return { verdict: `${capital(joined)}; ${quality}.`, worthKeeping: true };
}

/** Weights that became zeros and stay where they were: no product here skips them. */
export function zerosVerdict(figures: Figures): Verdict {
  if (figures.changed === 0) return verdict(figures);
  const spoiled = spoiledBy(figures);
  if (spoiled) return { verdict: `${spoiled}: not worth keeping.`, worthKeeping: false };
  const sentence = `${capital(qualityOf(figures))}; zeros alone make it neither smaller nor faster`;
  return { verdict: `${sentence}: worth keeping only for an engine that skips them.`, worthKeeping: false };
}

/** What no size and no time makes up for. */
function spoiledBy(figures: Figures): string | null {
  const { output, metrics } = figures;
  if (output.broken) return `${output.broken} values of the outputs became NaN or infinite`;
  const lost = lostMetric(figures);
  if (lost) return lost;
  // What was trained again answers otherwise and may be as right: the person's metric says more than the noise.
  const isJudged = metrics.some(({ name }) => name !== "top-1 agreement");
  const isNoise = !isJudged && output.sqnrDb !== null && output.sqnrDb < NOISE_DB;
  return isNoise ? `The outputs are mostly noise (${qualityOf(figures)})` : null;
}

function timeOf({ latency }: Figures): { words: string; ratio: number; isSlower: boolean; isFaster: boolean } {
  const { before, after } = latency;
  const ratio = agreed(quotient(after.medianUs, before.medianUs), quotient(after.minUs, before.minUs));
  const noise = Math.max(SAME_TIME, Math.min(0.25, Math.max(before.spread, after.spread) / 2));
  const isSlower = ratio > 1 + noise;
  const isFaster = ratio < 1 / (1 + noise);
  const words = isSlower
    ? `slower (${ratio.toFixed(ratio < 1.1 ? 2 : 1)}x)`
    : isFaster
      ? `faster (${(1 / ratio).toFixed(1 / ratio < 1.1 ? 2 : 1)}x)`
      : "as fast";
  return { words, ratio, isSlower, isFaster };
}

function quotient(after: number, before: number): number {
  return before > 0 ? after / before : 1;
}

/** On a busy machine medians jump about and minima are luck: what both say, in its weaker form. */
function agreed(byMedian: number, byMinimum: number): number {
  if (byMedian > 1 && byMinimum > 1) return Math.min(byMedian, byMinimum);
  if (byMedian < 1 && byMinimum < 1) return Math.max(byMedian, byMinimum);
  return 1;
}

function sizeOf({ beforeBytes, afterBytes }: Figures): { words: string; isSmaller: boolean } {
  const ratio = afterBytes > 0 ? beforeBytes / afterBytes : 1;
  const isSmaller = ratio > 1 + SAME_SIZE;
  return {
    isSmaller,
    words: isSmaller ? `${ratio.toFixed(1)}x smaller` : ratio < 1 - SAME_SIZE ? "larger" : "as large",
  };
}

function qualityOf({ output, metrics, budgetDb }: Figures): string {
  const found = [output.sqnrDb === null ? "outputs are the same" : `outputs at ${output.sqnrDb.toFixed(1)} dB`];
  const agreement = metrics.find(({ name }) => name === "top-1 agreement");
  const other = metrics.find(({ name }) => name !== "top-1 agreement");
  if (other) found.push(`${other.name} ${figure(other.before)} to ${figure(other.after)}`);
  else if (agreement) found.push(`the same answer in ${(100 * agreement.after).toFixed(1)}%`);
  if (budgetDb !== undefined && output.sqnrDb !== null && output.sqnrDb < budgetDb) {
    found.push(`the budget of ${budgetDb} dB does not hold`);
  }
  return found.join(", ");
}

/** A metric of the person's data that became clearly worse. */
function lostMetric({ metrics }: Figures): string | null {
  for (const { name, before, after, better } of metrics) {
    if (name === "top-1 agreement") continue;
    const lost = better === "higher" ? before - after : after - before;
    if (lost > LOST_SHARE * Math.abs(before)) return `${capital(name)} went from ${figure(before)} to ${figure(after)}`;
  }
  return null;
}

function figure(value: number): string {
  return Number.isInteger(value) ? String(value) : Number(value.toPrecision(4)).toString();
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
