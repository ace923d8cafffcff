/**
 * Images turned and bent as Pillow does it: flips, and maps from each pixel of the result to a place of the source (affine,
 * perspective, quadrilateral) that is read by the nearest pixel, bilinearly or bicubically. Knows bytes and numbers, no files.
 */
import { nearest, type Picture, type Pixels } from "./resample.ts";

/** Pillow's numbers: 0 left-right, 1 top-bottom, 2 to 4 quarter turns against the clock, 5 transpose, 6 transverse. */
export function transpose(
  from: Uint8Array,
  width: number,
  height: number,
  pixelBytes: number,
  method: number,
): Uint8Array {
  const out = new Uint8Array(from.length);
  const isTurned = method === 2 || method === 4 || method >= 5;
  const outWidth = isTurned ? height : width;
  // The place in the result of the first pixel, and how far it moves by a step to the right and a step down.
  const [right, below] = [width - 1, height - 1];
  const [column, row, xStep, yStep] = (
    [
      [right, 0, -1, outWidth],
      [0, below, 1, -outWidth],
      [0, right, -outWidth, 1],
      [right, below, -1, -outWidth],
      [below, 0, outWidth, -1],
      [0, 0, outWidth, 1],
      [below, right, -outWidth, -1],
    ] as const
  )[method]!;
  let source = 0;
  for (let y = 0; y < height; y++) {
    let target = (row * outWidth + column + y * yStep) * pixelBytes;
    for (let x = 0; x < width; x++, source += pixelBytes, target += xStep * pixelBytes) {
      for (let b = 0; b < pixelBytes; b++) out[target + b] = from[source + b]!;
    }
  }
  return out;
}

/** Where a pixel of the result is in the source. Told in two variables: a pair for each pixel would cost more than the pixel. */
type Place = (x: number, y: number) => void;
let placeX = 0;
let placeY = 0;

const places: Record<string, (a: readonly number[]) => Place> = {
  affine(a) {
    const [a0, a1, a2, a3, a4, a5] = a as [number, number, number, number, number, number];
    return (x, y) => {
      placeX = a0 * (x + 0.5) + a1 * (y + 0.5) + a2;
      placeY = a3 * (x + 0.5) + a4 * (y + 0.5) + a5;
    };
  },
  perspective: (a) => (x, y) => {
    const u = x + 0.5;
    const v = y + 0.5;
    const depth = a[6]! * u + a[7]! * v + 1;
    placeX = (a[0]! * u + a[1]! * v + a[2]!) / depth;
    placeY = (a[3]! * u + a[4]! * v + a[5]!) / depth;
  },
  quad: (a) => (x, y) => {
    const u = x + 0.5;
    const v = y + 0.5;
    placeX = a[0]! + a[1]! * u + a[2]! * v + a[3]! * u * v;
    placeY = a[4]! + a[5]! * u + a[6]! * v + a[7]! * u * v;
  },
};

const within = (i: number, n: number): number => (i < 0 ? 0 : i < n ? i : n - 1);

/** A value between four in a row, `d` past the second: the cubic through the middle two that Pillow uses (a = -1). */
function cubic(v1: number, v2: number, v3: number, v4: number, d: number): number {
  const p2 = v3 - v1;
  const p3 = 2 * (v1 - v2) + v3 - v4;
  const p4 = -v1 + v2 - v3 + v4;
  return v2 + d * (p2 + d * (p3 + d * p4));
}

/** Writes the channels of a place between pixels from `at` on. */
type Reader = (from: Picture, x: number, y: number, out: Pixels, at: number) => void;

function bilinear(store: (value: number) => number): Reader {
  return ({ data, width, height, channels }, xIn, yIn, out, at) => {
    const x = Math.floor(xIn - 0.5);
    const y = Math.floor(yIn - 0.5);
    const dx = xIn - 0.5 - x;
    const dy = yIn - 0.5 - y;
    const x0 = within(x, width) * channels;
    const x1 = within(x + 1, width) * channels;
    const above = within(y, height) * width * channels;
    const isBelow = y + 1 >= 0 && y + 1 < height;
    const below = isBelow ? (y + 1) * width * channels : above;
    for (let c = 0; c < channels; c++) {
      const a = data[above + x0 + c]!;
      const b = data[below + x0 + c]!;
      const upper = a + (data[above + x1 + c]! - a) * dx;
      const lower = b + (data[below + x1 + c]! - b) * dx;
      out[at + c] = store(upper + (lower - upper) * dy);
    }
  };
}

function bicubic(store: (value: number) => number): Reader {
  return ({ data, width, height, channels }, xIn, yIn, out, at) => {
    const x = Math.floor(xIn - 0.5);
    const y = Math.floor(yIn - 0.5);
    const dx = xIn - 0.5 - x;
    const dy = yIn - 0.5 - y;
    const x0 = within(x - 1, width) * channels;
    const x1 = within(x, width) * channels;
    const x2 = within(x + 1, width) * channels;
    const x3 = within(x + 2, width) * channels;
    const rowLength = width * channels;
    // A row that is not there is the one before it.
    const y0 = within(y - 1, height);
    const y1 = y >= 0 && y < height ? y : y0;
    const y2 = y + 1 >= 0 && y + 1 < height ? y + 1 : y1;
    const y3 = y + 2 >= 0 && y + 2 < height ? y + 2 : y2;
    for (let c = 0; c < channels; c++) {
      const along = (row: number): number => {
        const start = row * rowLength + c;
        return cubic(data[start + x0]!, data[start + x1]!, data[start + x2]!, data[start + x3]!, dx);
      };
      out[at + c] = store(cubic(along(y0), along(y1), along(y2), along(y3), dy));
    }
  };
}

function storing(data: Pixels, filter: number): (value: number) => number {
  if (data instanceof Uint8Array) {
    if (filter === 2) return Math.trunc;
    return (value) => (value <= 0 ? 0 : value >= 255 ? 255 : Math.trunc(value));
  }
  return data instanceof Int32Array ? Math.trunc : (value) => value;
}

/** Fills `out`; pixels whose place is outside of the source stay as they are. */
export function transform(from: Picture, out: Picture, method: string, a: readonly number[], filter: number): void {
  const place = places[method]!(a);
  const { data, width, height, channels } = from;
  const read = filter === 0 ? null : (filter === 2 ? bilinear : bicubic)(storing(data, filter));
  let target = 0;
  for (let y = 0; y < out.height; y++) {
    for (let x = 0; x < out.width; x++, target += channels) {
      place(x, y);
      if (!(placeX >= 0 && placeX < width && placeY >= 0 && placeY < height)) continue;
      if (read) {
        read(from, placeX, placeY, out.data, target);
        continue;
      }
      const source = (Math.trunc(placeY) * width + Math.trunc(placeX)) * channels;
      for (let channel = 0; channel < channels; channel++) out.data[target + channel] = data[source + channel]!;
    }
  }
}

/** Affine by the nearest pixel: in steps of 2^-16, as Pillow takes them for images of fewer than 32768 pixels a side. */
export function affineNearest(from: Picture<Uint8Array>, out: Picture<Uint8Array>, a: readonly number[]): void {
  const [a0, a1, a2, a3, a4, a5] = a as [number, number, number, number, number, number];
  if (a1 === 0 && a3 === 0) {
    const sizes = [[from.width, from.height] as const, [out.width, out.height] as const] as const;
    nearest(from.data, sizes[0], from.channels, out.data, sizes[1], [a0, a2, a4, a5]);
    return;
  }
  const isFixed = [from.width, from.height, out.width, out.height].every((n) => n < 32768);
  const unit = isFixed ? 65536 : 1;
  const step = (value: number): number => (isFixed ? Math.floor(value * 65536 + 0.5) : value);
  const start: [number, number] = [step(a2 + a0 * 0.5 + a1 * 0.5), step(a5 + a3 * 0.5 + a4 * 0.5)];
  const { channels } = from;
  for (let y = 0; y < out.height; y++) {
    let [x0, y0] = start;
    for (let x = 0; x < out.width; x++) {
      const [column, row] = [Math.floor(x0 / unit), Math.floor(y0 / unit)];
      if (column >= 0 && column < from.width && row >= 0 && row < from.height) {
        const source = (row * from.width + column) * channels;
        const target = (y * out.width + x) * channels;
        for (let b = 0; b < channels; b++) out.data[target + b] = from.data[source + b]!;
      }
      x0 += step(a0);
      y0 += step(a3);
    }
    start[0] += step(a1);
    start[1] += step(a4);
  }
}
