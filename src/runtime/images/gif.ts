/** The codes of a GIF frame as indices into its palette (LZW, CompuServe 1990). Knows no headers: those are the caller's. */

const MOST_CODES = 4096;

/** Fills `out` as far as the codes reach; gives how far. */
export function decodeLzw(packed: Uint8Array, leastBits: number, out: Uint8Array): number {
  const clear = 1 << leastBits;
  const end = clear + 1;
  // Each code is an earlier one and a byte; lengths tell how far it reaches back.
  const prefix = new Int16Array(MOST_CODES);
  const suffix = new Uint8Array(MOST_CODES);
  const lengths = new Uint16Array(MOST_CODES);
  for (let code = 0; code < clear; code++) {
    suffix[code] = code;
    lengths[code] = 1;
  }
  let [next, bits, previous, first] = [end + 1, leastBits + 1, -1, 0];
  let [word, held, position, at] = [0, 0, 0, 0];
  const write = (code: number): void => {
    let place = at + lengths[code]!;
    at = Math.min(place, out.length);
    for (; code >= 0; code = code < clear ? -1 : prefix[code]!) {
      place -= 1;
      first = suffix[code]!;
      if (place < out.length) out[place] = first;
    }
  };
  while (at < out.length) {
    while (held < bits) {
      if (position >= packed.length) return at;
      word |= packed[position++]! << held;
      held += 8;
    }
    const code = word & ((1 << bits) - 1);
    word >>>= bits;
    held -= bits;
    if (code === end) return at;
    if (code === clear) {
      [next, bits, previous] = [end + 1, leastBits + 1, -1];
      continue;
    }
    if (code > next || (code === next && previous < 0)) return at;
    if (previous >= 0 && next < MOST_CODES) {
      // A code that is being made begins with what the previous one begins with.
      const start = at;
      if (code === next) {
        write(previous);
        if (at < out.length) out[at] = first;
        at = Math.min(at + 1, out.length);
        suffix[next] = out[start]!;
      }
      prefix[next] = previous;
      lengths[next] = lengths[previous]! + 1;
      if (code !== next) {
        write(code);
        suffix[next] = first;
      }
      next += 1;
      if (next === 1 << bits && bits < 12) bits += 1;
    } else write(code);
    previous = code;
  }
  return at;
}
