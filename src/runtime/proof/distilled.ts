/** What a student's report comes to in one sentence: beside its teacher in size and time, beside its former self in what it knows. */
import { speedWords } from "./speed.ts";
import type { Figures, Verdict } from "./verdict.ts";

/** Below this a student that nothing else judges differs from its teacher by more than what the teacher says. */
const MORE_NOISE_DB = 0;

export function distilledVerdict(figures: Figures): Verdict {
  const { beforeBytes, afterBytes, speed, metrics, losses = [], output } = figures;
  const judged = metrics[0];
  const size = sizeWords(beforeBytes / afterBytes);
  const cost = `${size} and ${speedWords(speed)} beside the teacher`;
  if (judged) {
    const { name, before, after, better } = judged;
    const words = `${name} ${figure(before)} to ${figure(after)}`;
    const isBetter = better === "higher" ? after > before : after < before;
    if (!isBetter) return { verdict: `It learnt nothing (${words}): not worth keeping.`, worthKeeping: false };
    return { verdict: `${capital(words)}; ${cost}.`, worthKeeping: true };
  }
  const [first, last] = [losses[0] ?? NaN, losses.at(-1) ?? NaN];
  if (!(last < first)) return { verdict: "The loss did not fall: not worth keeping.", worthKeeping: false };
  const fall = `Loss ${figure(first)} to ${figure(last)}`;
  if (output.sqnrDb !== null && output.sqnrDb < MORE_NOISE_DB) {
    const far = `the outputs are not yet the teacher's (${output.sqnrDb.toFixed(1)} dB)`;
    return { verdict: `${fall}, but ${far}: not worth keeping.`, worthKeeping: false };
  }
  const near = output.sqnrDb === null ? "the teacher's own outputs" : `outputs at ${output.sqnrDb.toFixed(1)} dB`;
  return { verdict: `${fall}, ${near}; ${cost}.`, worthKeeping: true };
}

function sizeWords(ratio: number): string {
  if (ratio > 1.05) return `${ratio.toFixed(1)}x smaller`;
  return ratio < 0.95 ? `${(1 / ratio).toFixed(1)}x larger` : "as large";
}

const figure = (value: number): string => Number(value.toPrecision(4)).toString();
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
