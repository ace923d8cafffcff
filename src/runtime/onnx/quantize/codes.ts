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

/** int8, -127 to 127 around zero, or -128 to 127 around a zero point, or half of either; a scale for each row, or one for all. */
export function int8Codes(
  values: Float32Array,
  rows: number,
  columns: number,
  { perChannel, symmetric, isReduced = false }: { perChannel: boolean; symmetric: boolean; isReduced?: boolean },
): Codes {
  const nScales = perChannel ? rows : 1;
  const part = perChannel ? columns : values.length;
  const codes = new Int8Array(values.length);
  const scales = new Float32Array(nScales);
  const zeros = new Int8Array(nScales);
  const real = new Float32Array(values.length);
  // 255 * 64 twice is the largest sum of two products that 16 bits hold.
  const most = isReduced ? 64 : 127;
  const lowest = isReduced ? -64 : -128;
  for (let s = 0; s < nScales; s++) {
    const piece = values.subarray(s * part, (s + 1) * part);
    const { low, high } = rangeOf(piece);
    const scale = Math.fround((symmetric ? Math.max(-low, high) / most : (high - low) / (most - lowest)) || 1);
    const zero = symmetric ? 0 : Math.min(most, Math.max(lowest, Math.round(lowest - low / scale)));
    scales[s] = scale;
    zeros[s] = zero;
    const least = symmetric ? -most : lowest;
    piece.forEach((value, i) => {
      const code = Math.min(most, Math.max(least, roundToEven(value / scale) + zero));
      codes[s * part + i] = code;
      real[s * part + i] = (code - zero) * scale;
    });
  }
  return { codes, scales, zeros: symmetric ? null : zeros, group: part, values: real };
}

/**
 * Groups along each row in 4 or 8 bits, codes from 0; the middle is zero, or a zero point of each group. Scales cover the range of
 * a group; where its inputs are known they are fitted, by what rounding costs the product.
 */
export function groupCodes(
  values: Float32Array,
  rows: number,
  columns: number,
  { bits, group, symmetric, inputs }: { bits: 4 | 8; group: number; symmetric: boolean; inputs?: Moments | undefined },
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
      const whole = symmetric ? aroundMiddle(low, high, middle) : overRange(low, high, most);
      const seen = inputs && partOf(inputs, g * group, piece.length);
      const { scale, zero } = seen ? leastError(piece, seen, whole, symmetric, most) : whole;
      scales[row * groups + g] = scale;
      zeros[row * groups + g] = zero;
      piece.forEach((value, i) => {
        const code = codeOf(value, scale, zero, most);
        codes[start + i] = code;
        real[start + i] = (code - zero) * scale;
      });
    }
  }
  return { codes, scales, zeros: symmetric ? null : zeros, group, values: real };
}

/** Added and taken away again it leaves the nearest whole number, the even one of two, of anything below 2^51. */
const NEAREST = 1.5 * 2 ** 52;

/** What a product multiplies its columns with: mean and variance of each. */
export interface Moments {
  means: Float64Array;
  variances: Float64Array;
}

function partOf({ means, variances }: Moments, start: number, length: number): Moments {
  return { means: means.subarray(start, start + length), variances: variances.subarray(start, start + length) };
}

interface Step {
  scale: number;
  zero: number;
}

function codeOf(value: number, scale: number, zero: number, most: number): number {
  const code = roundToEven(value / scale) + zero;
  return code < 0 ? 0 : code > most ? most : code;
}

/**
 * The step whose error costs the group's part of the product least, among zero points beside the first, and for each the scale
 * that fits the codes which it gave. The cost of errors e is the mean of (sum of e x)^2 over inputs x that are independent of each
 * other: the sum of variance e^2, and (sum of mean e)^2, because errors of one sign add up where inputs have one.
 */
function leastError(
  piece: Float32Array,
  { means, variances }: Moments,
  whole: Step,
  symmetric: boolean,
  most: number,
): Step {
  let best = whole;
  let least = Infinity;
  /** Gives the scale that fits these codes best. */
  const trial = (scale: number, zero: number): number => {
    const perStep = 1 / scale;
    let error = 0;
    let shift = 0;
    let along = 0;
    let squares = 0;
    let meanValue = 0;
    let meanCode = 0;
    for (let i = 0; i < piece.length; i++) {
      const value = piece[i]!;
      let code = value * perStep + NEAREST - NEAREST;
      code = code < -zero ? -zero : code > most - zero ? most - zero : code;
      const off = value - code * scale;
      const [mean, variance] = [means[i]!, variances[i]!];
      error += variance * off * off;
      shift += mean * off;
      along += variance * value * code;
      squares += variance * code * code;
      meanValue += mean * value;
      meanCode += mean * code;
    }
    error += shift * shift;
    if (error < least) [best, least] = [{ scale, zero }, error];
    const bottom = squares + meanCode * meanCode;
    return bottom > 0 ? Math.max(0, Math.fround((along + meanValue * meanCode) / bottom)) : 0;
  };
  const fitted = (scale: number, zero: number): void => {
    const better = trial(scale, zero);
    if (better !== 0) trial(better, zero);
  };
  fitted(whole.scale, whole.zero);
  if (symmetric) return best;
  const { scale } = best;
  if (whole.zero > 0) fitted(scale, whole.zero - 1);
  if (whole.zero < most) fitted(scale, whole.zero + 1);
  return best;
}

/** The larger end gets the code that has one step more. */
function aroundMiddle(low: number, high: number, middle: number): Step {
  const end = -low > high ? low : high;
  return { scale: Math.fround(end / -middle || 1), zero: middle };
}

function overRange(low: number, high: number, most: number): Step {
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
export const roundToEven = (value: number): number =>
  Math.abs(value) < 2 ** 51 ? value + NEAREST - NEAREST : Math.round(value);
