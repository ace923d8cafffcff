/**
 * Widths of text without a page to measure it on: rounded advance widths of common sans-serif fonts, a little on the
 * wide side so that boxes sized by them hold the text in any of these fonts.
 */
const classes: [string, number][] = [
  ["ijl.,:;'|!`", 0.3],
  ['ft()[]{}r/\\-" ', 0.4],
  ["mwMW@%", 0.92],
  ["ABCDEFGHKNOPQRSTUVXYZ&", 0.7],
  ["×→…+=<>~", 0.7],
];
const widths = new Map(classes.flatMap(([letters, width]) => [...letters].map((letter) => [letter, width] as const)));
const DEFAULT_WIDTH = 0.58;
const WIDE_WIDTH = 1;

export function textWidth(text: string, size: number, isBold = false): number {
  let sum = 0;
  for (const letter of text) {
    sum += widths.get(letter) ?? (letter.codePointAt(0)! > 0x2e80 ? WIDE_WIDTH : DEFAULT_WIDTH);
  }
  return sum * size * (isBold ? 1.07 : 1);
}

/** The text, or its beginning with "…" when it does not fit. */
export function fitText(text: string, size: number, room: number, isBold = false): string {
  if (textWidth(text, size, isBold) <= room) return text;
  const letters = [...text.slice(0, 400)];
  let used = textWidth("…", size, isBold);
  let kept = 0;
  while (kept < letters.length) {
    used += textWidth(letters[kept]!, size, isBold);
    if (used > room) break;
    kept++;
  }
  return kept === 0 ? "" : `${letters.slice(0, kept).join("").trimEnd()}…`;
}
