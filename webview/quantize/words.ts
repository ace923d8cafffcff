/** How errors, sizes and verdicts are worded in this view: numbers to text and back to colours. Pure; draws nothing. */
import type { CompressionReport, Difference, Speed } from "../../src/protocol/compress.ts";
import type { LayerRow, QuantizeChoices, ReportRows } from "../../src/protocol/views/quantize.ts";
import { formatBytes } from "../kit/formats.ts";

const TIMES = "×";

/** For sorting: an exact copy stands above all, an unknown one below. */
export function dbValue(difference: Difference | undefined): number {
  if (!difference) return -Infinity;
  return difference.sqnrDb ?? Infinity;
}

/** 0.99998 as "0.99998", not as "1": the nines are what one looks at. */
export function formatCosine(cosine: number): string {
  if (!Number.isFinite(cosine)) return "–";
  if (cosine === 1) return "1";
  return (Math.trunc(cosine * 1e5) / 1e5).toString();
}

export function formatError(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  return size < 1e-3 || size >= 1e4 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}

/** A sentence that is written for terminals too, with the signs of the figures beside it: "1.3x" and "100.0%". */
export function sentence(text: string): string {
  return text
    .replaceAll(/(\d)x(?=[\s,;.)]|$)/g, `$1${TIMES}`)
    .replaceAll(/(\d)%/g, "$1\u202f%")
    .replaceAll(/(?<=[\s(])-(?=\d)/g, "\u2212");
}

/** What a report says about itself beyond its name: "nf4, groups of 64" is "groups of 64" beside "nf4". */
export function furtherWords({ name, description }: Pick<ReportRows, "name" | "description">): string {
  const rest = description.slice(name.length);
  return description.startsWith(name) && /^([,:\s]|$)/.test(rest) ? rest.replace(/^[,:\s]+/, "") : description;
}

/** Sizes that differ by less are the same. */
const SAME_SIZE = 1.05;

/** A factor in words that need no sign: "7× smaller", "1.3× slower"; `same` where they differ by less than `least`. */
export function factor(
  before: number,
  after: number,
  [less, more, same]: readonly [string, string, string],
  least: number,
): string {
  if (!(before > 0) || !(after > 0)) return "–";
  const ratio = before > after ? before / after : after / before;
  if (ratio < least) return same;
  const digits = ratio >= 9.95 ? 0 : ratio >= 1.95 ? 1 : 2;
  return `${Number(ratio.toFixed(digits))}${TIMES} ${before > after ? less : more}`;
}

export function sizeWords({ beforeBytes, afterBytes }: CompressionReport | ReportRows): string {
  return factor(beforeBytes, afterBytes, ["smaller", "larger", "same size"], SAME_SIZE);
}

/** "1.3× faster", "as fast": what the verdict says, whose judgement weighs how much the times jumped about. */
export function speedWords({ change, factor: times }: Speed): string {
  return change === "same" ? "as fast" : `${times.toFixed(times < 1.1 ? 2 : 1)}${TIMES} ${change}`;
}

/** A layer's times come from the same run: they jump about as the model's do. */
export function isSlower({ beforeUs, afterUs }: LayerRow, { noise }: Speed): boolean {
  return beforeUs !== undefined && afterUs !== undefined && afterUs > beforeUs * (1 + noise);
}

export function beforeAfter(before: number, after: number, format: (value: number) => string): string {
  return before === after ? format(after) : `${format(before)} → ${format(after)}`;
}

export const bytesChange = (before: number, after: number): string => beforeAfter(before, after, formatBytes);

/** Do two sets of choices give the same report, whichever schemes were asked for beside it? */
export function isSameChoice(a: QuantizeChoices, b: QuantizeChoices | undefined): boolean {
  if (!b) return false;
  const plain = ({ schemes: _, ...rest }: QuantizeChoices): string => JSON.stringify(rest);
  return plain(a) === plain(b);
}

/** The reports that no other beats in both size and error, smallest first. */
export function bestFront(reports: readonly ReportRows[]): ReportRows[] {
  const error = ({ output }: ReportRows): number => output.sqnrDb ?? Infinity;
  const sorted = reports.toSorted((a, b) => a.afterBytes - b.afterBytes || error(b) - error(a));
  const front: ReportRows[] = [];
  for (const report of sorted) {
    const best = front.at(-1);
    if (!best || error(report) > error(best)) front.push(report);
  }
  return front;
}
