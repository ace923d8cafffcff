/**
 * Other sizes of an image, to the bit as Pillow makes them: filters that widen with the step (so that nothing is skipped when an
 * image shrinks), two passes, weights of 22 bits for bytes and doubles for wider pixels. Knows bytes and numbers, no files.
 */

interface Filter {
  support: number;
  weight(x: number): number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

/** By Pillow's numbers; 0 is the nearest pixel and needs no weights. */
const filters: Record<number, Filter> = {
  1: { support: 3, weight: (x) => (-3 <= x && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
  2: {
    support: 1,
    weight: (x) => (Math.abs(x) < 1 ? 1 - Math.abs(x) : 0),
  },
  3: {
    support: 2,
    // Keys' cubic with a = -0.5.
    weight(signed) {
      const x = Math.abs(signed);
      if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
    },
  },
  4: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  5: {
    support: 1,
    weight(signed) {
      const x = Math.abs(signed);
      if (x === 0) return 1;
      return x >= 1 ? 0 : sinc(x) * (Math.fround(0.54) + Math.fround(0.46) * Math.cos(x * Math.PI));
    },
  },
};

/** For each pixel of the result: where its sources begin, how many they are, and their shares, which sum to 1. */
interface Weights {
  first: Int32Array;
  count: Int32Array;
  shares: Float64Array;
  /** Shares of one pixel lie this far from those of the next. */
  stride: number;
}

function weightsOf(filter: Filter, inSize: number, low: number, high: number, outSize: number): Weights {
  const scale = Math.fround(high - low) / outSize;
  const widening = Math.max(scale, 1);
  const support = filter.support * widening;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(outSize);
  const count = new Int32Array(outSize);
  const shares = new Float64Array(outSize * stride);
  const narrowing = 1 / widening;
  for (let i = 0; i < outSize; i++) {
    const center = low + (i + 0.5) * scale;
    const from = Math.max(0, Math.trunc(center - support + 0.5));
    const n = Math.min(inSize, Math.trunc(center + support + 0.5)) - from;
    let sum = 0;
    for (let k = 0; k < n; k++) {
      const share = filter.weight((k + from - center + 0.5) * narrowing);
      shares[i * stride + k] = share;
      sum += share;
    }
    if (sum !== 0) for (let k = 0; k < n; k++) shares[i * stride + k]! /= sum;
    first[i] = from;
    count[i] = n;
  }
  return { first, count, shares, stride };
}

const BITS = 22;
const HALF = 1 << (BITS - 1);

/** Shares as whole numbers of 2^-22, rounded away from zero at halves. */
function fixed(shares: Float64Array): Int32Array {
  return Int32Array.from(shares, (share) => Math.trunc(share * 2 ** BITS + (share < 0 ? -0.5 : 0.5)));
}

const toByte = (sum: number): number => {
  const value = sum >> BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
};

export type Pixels = Uint8Array | Uint16Array | Int32Array | Float32Array;

/** Rows of interleaved channels. */
export interface Picture<P extends Pixels = Pixels> {
  data: P;
  width: number;
  height: number;
  channels: number;
}

function bytesAcross(
  from: Picture<Uint8Array>,
  weights: Weights,
  width: number,
  top: number,
  bottom: number,
): Uint8Array {
  const { data, channels } = from;
  const { first, count, stride } = weights;
  const out = new Uint8Array(width * channels * (bottom - top));
  const shares = fixed(weights.shares);
  let at = 0;
  for (let y = top; y < bottom; y++) {
    const row = y * from.width;
    for (let x = 0; x < width; x++) {
      const start = (row + first[x]!) * channels;
      const end = start + count[x]! * channels;
      let k = x * stride;
      // The usual counts of channels have loops of their own: this is where the time goes.
      if (channels === 3) {
        let a = HALF;
        let b = HALF;
        let c = HALF;
        for (let i = start; i < end; i += 3, k++) {
          const share = shares[k]!;
          a = (a + Math.imul(data[i]!, share)) | 0;
          b = (b + Math.imul(data[i + 1]!, share)) | 0;
          c = (c + Math.imul(data[i + 2]!, share)) | 0;
        }
        out[at] = toByte(a);
        out[at + 1] = toByte(b);
        out[at + 2] = toByte(c);
        at += 3;
        continue;
      }
      for (let channel = 0; channel < channels; channel++) {
        let sum = HALF;
        k = x * stride;
        for (let i = start + channel; i < end; i += channels, k++) {
          sum = (sum + Math.imul(data[i]!, shares[k]!)) | 0;
        }
        out[at++] = toByte(sum);
      }
    }
  }
  return out;
}

/** `data` begins at row `top` of the source. */
function bytesDown(data: Uint8Array, rowLength: number, top: number, weights: Weights, height: number): Uint8Array {
  const { first, count, stride } = weights;
  const out = new Uint8Array(rowLength * height);
  const shares = fixed(weights.shares);
  const sums = new Int32Array(rowLength);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    const n = count[y]!;
    let row = (first[y]! - top) * rowLength;
    let k = 0;
    // Four rows at a time: each sum is read and written once for them.
    for (; k + 4 <= n; k += 4, row += 4 * rowLength) {
      const at = y * stride + k;
      const [s0, s1, s2, s3] = [shares[at]!, shares[at + 1]!, shares[at + 2]!, shares[at + 3]!];
      const [r1, r2, r3] = [row + rowLength, row + 2 * rowLength, row + 3 * rowLength];
      for (let x = 0; x < rowLength; x++) {
        const two = (Math.imul(data[row + x]!, s0) + Math.imul(data[r1 + x]!, s1)) | 0;
        const others = (Math.imul(data[r2 + x]!, s2) + Math.imul(data[r3 + x]!, s3)) | 0;
        sums[x] = (sums[x]! + ((two + others) | 0)) | 0;
      }
    }
    for (; k < n; k++, row += rowLength) {
      const share = shares[y * stride + k]!;
      for (let x = 0; x < rowLength; x++) sums[x] = (sums[x]! + Math.imul(data[row + x]!, share)) | 0;
    }
    const target = y * rowLength;
    for (let x = 0; x < rowLength; x++) out[target + x] = toByte(sums[x]!);
  }
  return out;
}

const rounded = (sum: number): number => (sum >= 0 ? Math.floor(sum + 0.5) : -Math.floor(0.5 - sum));

/** What a sum becomes in a kind of pixel. */
function storing(kind: Pixels): (sum: number) => number {
  if (kind instanceof Float32Array) return (sum) => sum;
  if (kind instanceof Int32Array) return rounded;
  return (sum) => Math.min(65535, Math.max(0, rounded(sum)));
}

function like<P extends Pixels>(data: P, length: number): P {
  return new (data.constructor as new (length: number) => P)(length);
}

/** The plain way, for one channel of wide pixels: `step` from pixel to pixel of a line, `across` from line to line. */
function wide<P extends Pixels>(
  data: P,
  weights: Weights,
  n: number,
  lines: number,
  [step, across, outStep, outAcross]: [number, number, number, number],
): P {
  const out = like(data, n * lines);
  const store = storing(data);
  for (let line = 0; line < lines; line++) {
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let k = 0; k < weights.count[i]!; k++) {
        sum += data[line * across + (weights.first[i]! + k) * step]! * weights.shares[i * weights.stride + k]!;
      }
      out[line * outAcross + i * outStep] = store(sum);
    }
  }
  return out;
}

export type Box = readonly [left: number, top: number, right: number, bottom: number];

/** The part of the image inside `box`, which may cut through pixels, in another size. */
export function resample<P extends Pixels>(
  from: Picture<P>,
  width: number,
  height: number,
  number: number,
  box: Box,
): P {
  const filter = filters[number];
  if (!filter) throw new Error(`[images] there is no filter ${number}`);
  const isAcross = width !== from.width || box[0] !== 0 || box[2] !== width;
  const isDown = height !== from.height || box[1] !== 0 || box[3] !== height;
  const down = weightsOf(filter, from.height, box[1], box[3], height);
  const top = isDown ? down.first[0]! : 0;
  const bottom = isDown ? down.first[height - 1]! + down.count[height - 1]! : from.height;
  let { data } = from;
  if (data instanceof Uint8Array) {
    let bytes: Uint8Array = data;
    const rowLength = width * from.channels;
    if (isAcross) {
      const weights = weightsOf(filter, from.width, box[0], box[2], width);
      bytes = bytesAcross(from as Picture<Uint8Array>, weights, width, top, bottom);
    }
    if (isDown) bytes = bytesDown(bytes, rowLength, isAcross ? top : 0, down, height);
    return bytes as P;
  }
  if (isAcross) {
    const weights = weightsOf(filter, from.width, box[0], box[2], width);
    data = wide(data, weights, width, from.height, [1, from.width, 1, width]);
  }
  return isDown ? wide(data, down, height, width, [width, 1, width, 1]) : data;
}

/** The nearest pixel of each: positions are added up step by step, as Pillow does, so that both round alike. */
export function nearest(
  from: Uint8Array,
  [inWidth, inHeight]: readonly [number, number],
  pixelBytes: number,
  out: Uint8Array,
  [width, height]: readonly [number, number],
  [xStep, xStart, yStep, yStart]: readonly [number, number, number, number],
): void {
  const columns = places(width, inWidth, xStep, xStart);
  const rows = places(height, inHeight, yStep, yStart);
  for (let y = 0; y < height; y++) {
    if (rows[y]! < 0) continue;
    for (let x = 0; x < width; x++) {
      if (columns[x]! < 0) continue;
      const source = (rows[y]! * inWidth + columns[x]!) * pixelBytes;
      const target = (y * width + x) * pixelBytes;
      for (let b = 0; b < pixelBytes; b++) out[target + b] = from[source + b]!;
    }
  }
}

/** Where each of `n` pixels is taken from; -1 outside. */
function places(n: number, size: number, step: number, start: number): Int32Array {
  const found = new Int32Array(n);
  let at = start + step * 0.5;
  for (let i = 0; i < n; i++) {
    const place = at < 0 ? -1 : Math.trunc(at);
    found[i] = place < size ? place : -1;
    at += step;
  }
  return found;
}

/** Means of blocks of whole pixels inside a box; those at the far edges may be smaller. */
export function reduce(from: Picture, xFactor: number, yFactor: number, box: readonly number[]): Pixels {
  const [left, top, right, bottom] = box as [number, number, number, number];
  const { data, channels } = from;
  const [width, height] = [Math.ceil((right - left) / xFactor), Math.ceil((bottom - top) / yFactor)];
  const out = like(data, width * height * channels);
  for (let y = 0; y < height; y++) {
    const y0 = top + y * yFactor;
    const y1 = Math.min(y0 + yFactor, bottom);
    for (let x = 0; x < width; x++) {
      const x0 = left + x * xFactor;
      const x1 = Math.min(x0 + xFactor, right);
      const area = (x1 - x0) * (y1 - y0);
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        for (let row = y0; row < y1; row++) {
          for (let column = x0; column < x1; column++) sum += data[(row * from.width + column) * channels + channel]!;
        }
        out[(y * width + x) * channels + channel] =
          data instanceof Uint8Array ? mean(sum, area) : wideMean(data, sum, area);
      }
    }
  }
  return out;
}

/** By a multiplication instead of a division: it rounds down a little sooner. */
function mean(sum: number, area: number): number {
  const half = Math.floor(area / 2);
  if ((area & (area - 1)) === 0) return (sum + half) >> Math.log2(area);
  const factor = Math.floor(2 ** 24 / area);
  return Number((BigInt(sum + half) * BigInt(factor)) >> 24n) & 255;
}

function wideMean(data: Pixels, sum: number, area: number): number {
  return data instanceof Float32Array ? sum * (1 / area) : rounded(sum * (1 / area));
}
