/** What a report on a compressed model comes to in one sentence, the bad news first. Pure: figures in, words out. */
import type { CompressionReport, Speed } from "../../protocol/compress.ts";
import { factorText } from "./speed.ts";

const SAME_SIZE = 0.02;
/** Below this the outputs are mostly noise. */
const NOISE_DB = 10;
/** A metric that lost more than this share of itself. */
const LOST_SHARE = 0.05;
/** Twice the time is not made up for by bytes. */
const TOO_SLOW = 2;

export type Figures = Pick<
  CompressionReport,
  "beforeBytes" | "afterBytes" | "speed" | "output" | "metrics" | "keptForBudget" | "losses"
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
  const { change, factor } = figures.speed;
  const time = timeWords(figures.speed);
  if (change === "slower" && !size.isSmaller) return reject(`${capital(time)} and no smaller`);
  if (change !== "faster" && !size.isSmaller) return reject("No faster and no smaller");
  if (change === "slower" && factor > TOO_SLOW) return reject(`${capital(time)} for ${size.words}`);
  const joined = change === "slower" ? `${time}, but ${size.words}` : `${size.words}, ${time}`;
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

function timeWords({ change, factor }: Speed): string {
  return change === "same" ? "as fast" : `${change} (${factorText(factor)})`;
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
  if (output.weakest) found[0] += ` (${output.weakest.name} at ${output.weakest.sqnrDb.toFixed(1)})`;
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
