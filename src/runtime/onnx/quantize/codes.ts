/** Weights as codes of few bits with their scales: for whole tensors, rows, or groups of columns. Pure arithmetic. */

export interface Codes {
  /** [rows, columns], int8 or, below 8 bits, 0 to 2^bits - 1. */
  codes: Int8Array | Uint8Array;
  scales: Float32Array;
  /** One for each scale; null where all are in the middle. */
  zeros: Int8Array | Uint8Array | null;
  /** Columns of one scale. */
  group: number;
  /** What the codes stand for. */
  values: Float32Array;
}

/** int8, -127 to 127 around zero, or -128 to 127 around a zero point; a scale for each row, or one for all. */
export function int8Codes(
  values: Float32Array,
  rows: number,
  columns: number,
  { perChannel, symmetric }: { perChannel: boolean; symmetric: boolean },
): Codes {
  const nScales = perChannel ? rows : 1;
  const part = perChannel ? columns : values.length;
  const codes = new Int8Array(values.length);
  const scales = new Float32Array(nScales);
  const zeros = new Int8Array(nScales);
  const real = new Float32Array(values.length);
  for (let s = 0; s < nScales; s++) {
    const piece = values.subarray(s * part, (s + 1) * part);
    const { low, high } = rangeOf(piece);
    const scale = Math.fround((symmetric ? Math.max(-low, high) / 127 : (high - low) / 255) || 1);
    const zero = symmetric ? 0 : Math.min(127, Math.max(-128, Math.round(-128 - low / scale)));
    scales[s] = scale;
    zeros[s] = zero;
    const least = symmetric ? -127 : -128;
    piece.forEach((value, i) => {
      const code = Math.min(127, Math.max(least, roundToEven(value / scale) + zero));
      codes[s * part + i] = code;
      real[s * part + i] = (code - zero) * scale;
    });
  }
  return { codes, scales, zeros: symmetric ? null : zeros, group: part, values: real };
}

/** Groups along each row in 4 or 8 bits, codes from 0; the middle is zero, or a zero point of each group. */
export function groupCodes(
  values: Float32Array,
  rows: number,
  columns: number,
  { bits, group, symmetric }: { bits: 4 | 8; group: number; symmetric: boolean },
): Codes {
  const most = (1 << bits) - 1;
  const middle = 1 << (bits - 1);
  const groups = Math.ceil(columns / group);
  const codes = new Uint8Array(values.length);
  const scales = new Float32Array(rows * groups);
  const zeros = new Uint8Array(rows * groups);
  const real = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let g = 0; g < groups; g++) {
      const start = row * columns + g * group;
      const piece = values.subarray(start, Math.min(start + group, (row + 1) * columns));
      const { low, high } = rangeOf(piece);
      const { scale, zero } = symmetric ? aroundMiddle(low, high, middle) : overRange(low, high, most);
      scales[row * groups + g] = scale;
      zeros[row * groups + g] = zero;
      piece.forEach((value, i) => {
        const code = Math.min(most, Math.max(0, roundToEven(value / scale) + zero));
        codes[start + i] = code;
        real[start + i] = (code - zero) * scale;
      });
    }
  }
  return { codes, scales, zeros: symmetric ? null : zeros, group, values: real };
}

/** The larger end gets the code that has one step more. */
function aroundMiddle(low: number, high: number, middle: number): { scale: number; zero: number } {
  const end = -low > high ? low : high;
  return { scale: Math.fround(end / -middle || 1), zero: middle };
}

function overRange(low: number, high: number, most: number): { scale: number; zero: number } {
  const scale = Math.fround((high - low) / most || 1);
  return { scale, zero: Math.min(most, Math.max(0, Math.round(-low / scale))) };
}

/** Zero is always among the numbers: paddings and relus give it exactly. */
export function rangeOf(values: Float32Array): { low: number; high: number } {
  let low = 0;
  let high = 0;
  for (const value of values) {
    if (value < low) low = value;
    else if (value > high) high = value;
  }
  return { low, high };
}

/** Halves go to the even neighbour, as in every runtime. */
export function roundToEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
