/** Finds lines again after edits by what stood in them, so that a note never hangs on the wrong line. Pure. */

export interface Placed {
  /** 1-based line when the result was made. */
  line: number;
  /** What stood there, trimmed. */
  text: string;
}

/** How far a line may have moved. */
const REACH = 400;

/** The 0-based line of each row in the text of now; undefined where it was edited away. */
export function placeRows<Row extends Placed>(rows: readonly Row[], lines: readonly string[]): (number | undefined)[] {
  let shift = 0;
  return rows.map(({ line, text }) => {
    const expected = line - 1 + shift;
    for (let distance = 0; distance <= REACH; distance++) {
      for (const at of distance === 0 ? [expected] : [expected - distance, expected + distance]) {
        if (at < 0 || at >= lines.length || lines[at].trim() !== text) continue;
        shift = at - (line - 1);
        return at;
      }
    }
    return undefined;
  });
}
