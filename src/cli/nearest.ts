/** The known words closest to one that nobody knows. */

/** Edits (insert, remove, replace, swap neighbours) from one word to the other. */
export function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(replace, last[j]! + 1, row[j - 1]! + 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) best = Math.min(best, beforeLast[j - 2]! + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

/** All words, the closest first; words that begin alike come before others at the same distance. */
export function byDistance(word: string, known: readonly string[]): string[] {
  const lower = word.toLowerCase();
  const score = (candidate: string): number => {
    const edits = distance(lower, candidate.toLowerCase());
    return candidate.toLowerCase().startsWith(lower) ? Math.min(edits, 1) : edits;
  };
  return [...known]
    .map((candidate) => ({ candidate, score: score(candidate) }))
    .sort((a, b) => a.score - b.score || a.candidate.localeCompare(b.candidate))
    .map(({ candidate }) => candidate);
}

/** The word that was probably meant, if any is close enough. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const best = byDistance(word, known)[0];
  if (best === undefined) return undefined;
  const isPrefix = word.length >= 2 && best.toLowerCase().startsWith(word.toLowerCase());
  const limit = Math.max(1, Math.floor(Math.max(word.length, best.length) / 3));
  return isPrefix || distance(word.toLowerCase(), best.toLowerCase()) <= limit ? best : undefined;
}
