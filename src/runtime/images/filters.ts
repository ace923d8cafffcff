/**
 * Neighbourhoods, to the bit as Pillow does them: kernels of 3 x 3 and 5 x 5, box blurs (of which three make its Gaussian one),
 * ranks and modes of a square. Goes over interleaved bytes; borders are copied or repeated as there.
 */

const f = Math.fround;
const clip = (value: number): number => (value <= 0 ? 0 : value >= 255 ? 255 : value);

export interface Bytes {
  data: Uint8Array;
  width: number;
  height: number;
  channels: number;
}

/** Weights from the lowest row to the highest, sums in single precision row by row; borders stay as they are. */
export function convolve({ data, width, height, channels }: Bytes, weights: Float32Array, offset: number): Uint8Array {
  const out = data.slice();
  const size = Math.sqrt(weights.length);
  const reach = (size - 1) / 2;
  const start = f(offset + 0.5);
  for (let y = reach; y < height - reach; y++) {
    for (let x = reach; x < width - reach; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = start;
        for (let row = 0; row < size; row++) {
          const at = ((y + reach - row) * width + x - reach) * channels + c;
          let line = f(data[at]! * weights[row * size]!);
          for (let k = 1; k < size; k++) line = f(line + f(data[at + k * channels]! * weights[row * size + k]!));
          sum = f(sum + line);
        }
        out[(y * width + x) * channels + c] = Math.trunc(clip(sum));
      }
    }
  }
  return out;
}

/** A mean over 2 radius + 1 pixels, the outermost by their fraction, along lines that lie `step` apart; ends are repeated. */
function blurLine(line: Uint8Array, out: Uint8Array, n: number, radius: number): void {
  const whole = Math.trunc(radius);
  const weight = Math.trunc(f(2 ** 24 / f(radius * 2 + 1)));
  const edge = Math.trunc((2 ** 24 - (whole * 2 + 1) * weight) / 2);
  const at = (i: number): number => line[i < 0 ? 0 : i < n ? i : n - 1]!;
  let sum = 0;
  for (let k = -whole; k <= whole; k++) sum += at(k);
  for (let i = 0; i < n; i++) {
    const total = sum * weight + (at(i - whole - 1) + at(i + whole + 1)) * edge;
    out[i] = Math.floor((total + 2 ** 23) / 2 ** 24);
    sum += at(i + whole + 1) - at(i - whole);
  }
}

function blurLines(
  data: Uint8Array,
  n: number,
  step: number,
  starts: Iterable<number>,
  radius: number,
  passes: number,
): void {
  let line = new Uint8Array(n);
  let other = new Uint8Array(n);
  for (const start of starts) {
    for (let i = 0; i < n; i++) line[i] = data[start + i * step]!;
    for (let pass = 0; pass < passes; pass++) {
      blurLine(line, other, n, radius);
      [line, other] = [other, line];
    }
    for (let i = 0; i < n; i++) data[start + i * step] = line[i]!;
  }
}

function* range(n: number, from: (i: number) => number): Generator<number> {
  for (let i = 0; i < n; i++) yield from(i);
}

export function boxBlur(image: Bytes, xRadius: number, yRadius: number, passes: number): Uint8Array {
  const { width, height, channels } = image;
  const out = image.data.slice();
  const rowLength = width * channels;
  const ofRow = (i: number): number => Math.floor(i / channels) * rowLength + (i % channels);
  if (xRadius > 0) blurLines(out, width, channels, range(height * channels, ofRow), xRadius, passes);
  if (yRadius > 0)
    blurLines(
      out,
      height,
      rowLength,
      range(rowLength, (i) => i),
      yRadius,
      passes,
    );
  return out;
}

/** The radius of the boxes of which `passes` make a Gaussian blur (Gwosdek and others 2011). */
export function boxRadius(sigma: number, passes: number): number {
  const variance = f(f(sigma * sigma) / passes);
  const length = f(Math.sqrt(12 * variance + 1));
  const whole = f(Math.floor((length - 1) / 2));
  const part = f(
    f((2 * whole + 1) * (whole * (whole + 1) - 3 * variance)) / f(6 * (variance - (whole + 1) * (whole + 1))),
  );
  return f(whole + part);
}

/** What a blur has taken away, added once more in hundredths where it is more than a threshold. */
export function sharpen(
  data: Uint8Array,
  blurred: Uint8Array,
  percent: number,
  threshold: number,
  out: Uint8Array,
): void {
  for (let i = 0; i < data.length; i++) {
    const lost = data[i]! - blurred[i]!;
    out[i] = Math.abs(lost) > threshold ? clip(data[i]! + Math.trunc((lost * percent) / 100)) : data[i]!;
  }
}

/** The value of a rank in each square; outside, the border is repeated. One channel. */
export function rank({ data, width, height }: Bytes, size: number, which: number): Uint8Array {
  const out = new Uint8Array(data.length);
  const reach = Math.floor(size / 2);
  const found = new Uint8Array(size * size);
  const within = (i: number, n: number): number => (i < 0 ? 0 : i < n ? i : n - 1);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let n = 0;
      for (let dy = -reach; dy <= reach; dy++) {
        for (let dx = -reach; dx <= reach; dx++)
          found[n++] = data[within(y + dy, height) * width + within(x + dx, width)]!;
      }
      out[y * width + x] = found.sort()[which]!;
    }
  }
  return out;
}

/** The most frequent value in each square where it occurs more than twice, else the pixel itself. One channel. */
export function mode({ data, width, height }: Bytes, size: number): Uint8Array {
  const out = new Uint8Array(data.length);
  const reach = Math.floor(size / 2);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const counts = new Uint16Array(256);
      for (let row = Math.max(0, y - reach); row <= Math.min(height - 1, y + reach); row++) {
        for (let column = Math.max(0, x - reach); column <= Math.min(width - 1, x + reach); column++) {
          counts[data[row * width + column]!]!++;
        }
      }
      let best = 0;
      for (let value = 1; value < 256; value++) if (counts[value]! > counts[best]!) best = value;
      out[y * width + x] = counts[best]! > 2 ? best : data[y * width + x]!;
    }
  }
  return out;
}
