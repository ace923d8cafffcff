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
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [right, below] = [width - 1 - x, height - 1 - y];
      const [column, row] = (
        [
          [right, y],
          [x, below],
          [y, right],
          [right, below],
          [below, x],
          [y, x],
          [below, right],
        ] as const
      )[method]!;
      const target = (row * outWidth + column) * pixelBytes;
      const source = (y * width + x) * pixelBytes;
      for (let b = 0; b < pixelBytes; b++) out[target + b] = from[source + b]!;
    }
  }
  return out;
}

/** Where a pixel of the result is in the source. */
type Place = (x: number, y: number) => [number, number];

const places: Record<string, (a: readonly number[]) => Place> = {
  affine: (a) => (x, y) => [
    a[0]! * (x + 0.5) + a[1]! * (y + 0.5) + a[2]!,
    a[3]! * (x + 0.5) + a[4]! * (y + 0.5) + a[5]!,
  ],
  perspective: (a) => (x, y) => {
    const [u, v] = [x + 0.5, y + 0.5];
    const depth = a[6]! * u + a[7]! * v + 1;
    return [(a[0]! * u + a[1]! * v + a[2]!) / depth, (a[3]! * u + a[4]! * v + a[5]!) / depth];
  },
  quad: (a) => (x, y) => {
    const [u, v] = [x + 0.5, y + 0.5];
    return [a[0]! + a[1]! * u + a[2]! * v + a[3]! * u * v, a[4]! + a[5]! * u + a[6]! * v + a[7]! * u * v];
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

/** The value of a channel at a place between pixels. */
type Reader = (from: Picture, x: number, y: number, channel: number) => number;

const bilinear: Reader = ({ data, width, height, channels }, xIn, yIn, channel) => {
  const [x, y] = [Math.floor(xIn - 0.5), Math.floor(yIn - 0.5)];
  const [dx, dy] = [xIn - 0.5 - x, yIn - 0.5 - y];
  const [x0, x1] = [within(x, width), within(x + 1, width)];
  const along = (row: number): number => {
    const a = data[(row * width + x0) * channels + channel]!;
    return a + (data[(row * width + x1) * channels + channel]! - a) * dx;
  };
  const above = along(within(y, height));
  const below = y + 1 >= 0 && y + 1 < height ? along(y + 1) : above;
  return above + (below - above) * dy;
};

const bicubic: Reader = ({ data, width, height, channels }, xIn, yIn, channel) => {
  const [x, y] = [Math.floor(xIn - 0.5), Math.floor(yIn - 0.5)];
  const [dx, dy] = [xIn - 0.5 - x, yIn - 0.5 - y];
  const columns = [-1, 0, 1, 2].map((step) => within(x + step, width) * channels + channel);
  const along = (row: number): number => {
    const [a, b, c, d] = columns.map((column) => data[row * width * channels + column]!) as [
      number,
      number,
      number,
      number,
    ];
    return cubic(a, b, c, d, dx);
  };
  const rows = [along(within(y - 1, height))];
  for (const step of [0, 1, 2]) {
    const row = y + step;
    rows.push(row >= 0 && row < height ? along(row) : rows.at(-1)!);
  }
  return cubic(rows[0]!, rows[1]!, rows[2]!, rows[3]!, dy);
};

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
  const read = filter === 0 ? null : filter === 2 ? bilinear : bicubic;
  const store = storing(data, filter);
  for (let y = 0; y < out.height; y++) {
    for (let x = 0; x < out.width; x++) {
      const [xIn, yIn] = place(x, y);
      if (!(xIn >= 0 && xIn < width && yIn >= 0 && yIn < height)) continue;
      const target = (y * out.width + x) * channels;
      if (read) {
        for (let channel = 0; channel < channels; channel++)
          out.data[target + channel] = store(read(from, xIn, yIn, channel));
        continue;
      }
      const source = (Math.trunc(yIn) * width + Math.trunc(xIn)) * channels;
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
