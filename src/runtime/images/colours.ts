/**
 * What a pixel is in another mode, to the bit as Pillow says it: luma, HSV, CMYK, YCbCr, premultiplied alpha, palettes, one bit
 * with the error spread. Each goes over interleaved bytes; knows no sizes but where the error is spread by rows.
 */

/** 0.299, 0.587, 0.114 in 16 bits. */
const luma = (r: number, g: number, b: number): number => (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;

const clip = (value: number): number => (value < 0 ? 0 : value > 255 ? 255 : value);

/** a * b / 255, rounded. */
export function share255(a: number, b: number): number {
  const t = a * b + 128;
  return ((t >> 8) + t) >> 8;
}

const f = Math.fround;

function hsv(r: number, g: number, b: number, out: Uint8Array, at: number): void {
  const most = Math.max(r, g, b);
  const least = Math.min(r, g, b);
  out[at + 2] = most;
  if (most === least) {
    out[at] = out[at + 1] = 0;
    return;
  }
  // In single precision, and in doubles where a double constant takes part.
  const range = f(most - least);
  const saturation = f(range / f(most));
  const [rc, gc, bc] = [f(f(most - r) / range), f(f(most - g) / range), f(f(most - b) / range)];
  let hue: number;
  if (r === most) hue = f(bc - gc);
  else if (g === most) hue = f(2 + rc - bc);
  else hue = f(4 + gc - rc);
  hue = f((hue / 6 + 1) % 1);
  out[at] = clip(Math.trunc(hue * 255));
  out[at + 1] = clip(Math.trunc(saturation * 255));
}

const roundHalfAway = (x: number): number => Math.floor(x + 0.5);

function fromHsv(h: number, s: number, v: number, out: Uint8Array, at: number): void {
  if (s === 0) {
    out[at] = out[at + 1] = out[at + 2] = v;
    return;
  }
  const sixth = f((h * 6) / 255);
  const i = Math.floor(sixth);
  const rest = f(sixth - i);
  const saturation = f(s / 255);
  const p = clip(roundHalfAway(f(v * (1 - saturation))));
  const q = clip(roundHalfAway(f(v * (1 - saturation * rest))));
  const t = clip(roundHalfAway(f(v * (1 - saturation * (1 - rest)))));
  const [red, green, blue] = (
    [
      [v, t, p],
      [q, v, p],
      [p, v, t],
      [p, q, v],
      [t, p, v],
      [v, p, q],
    ] as const
  )[i % 6]!;
  out[at] = red;
  out[at + 1] = green;
  out[at + 2] = blue;
}

/** Tables of a product in 6 bits, as the conversion between RGB and YCbCr uses them. */
const table = (factor: number, shift = 0): Int16Array =>
  Int16Array.from({ length: 256 }, (_, i) => Math.trunc((i - shift) * factor * 64 + 0.5));

const lazily = <T>(make: () => T): (() => T) => {
  let made: T | undefined;
  return () => (made ??= make());
};

const toYcc = lazily(() => ({
  y: [table(0.299), table(0.587), table(0.114)] as const,
  cb: [table(-0.16874), table(-0.33126), table(0.5)] as const,
  cr: [table(0.5), table(-0.41869), table(-0.08131)] as const,
}));
const fromYcc = lazily(() => ({
  rCr: table(1.402, 128),
  gCb: table(-0.34414, 128),
  gCr: table(-0.71414, 128),
  bCb: table(1.772, 128),
}));

type Tables = readonly [Int16Array, Int16Array, Int16Array];
type Conversion = (from: Uint8Array, n: number, out: Uint8Array) => void;

/** Goes over pixels of `inBytes` and `outBytes`. */
const each =
  (
    inBytes: number,
    outBytes: number,
    one: (from: Uint8Array, i: number, out: Uint8Array, o: number) => void,
  ): Conversion =>
  (from, n, out) => {
    for (let p = 0, i = 0, o = 0; p < n; p++, i += inBytes, o += outBytes) one(from, i, out, o);
  };

function multiplied(channels: number): Conversion {
  return each(channels + 1, channels + 1, (from, i, out, o) => {
    const alpha = from[i + channels]!;
    for (let c = 0; c < channels; c++) out[o + c] = share255(from[i + c]!, alpha);
    out[o + channels] = alpha;
  });
}

function divided(channels: number): Conversion {
  return each(channels + 1, channels + 1, (from, i, out, o) => {
    const alpha = from[i + channels]!;
    for (let c = 0; c < channels; c++) {
      const value = from[i + c]!;
      out[o + c] = alpha === 0 || alpha === 255 ? value : clip(Math.trunc((255 * value) / alpha));
    }
    out[o + channels] = alpha;
  });
}

export const conversions: Record<string, Conversion> = {
  "RGB:L": each(3, 1, (from, i, out, o) => (out[o] = luma(from[i]!, from[i + 1]!, from[i + 2]!))),
  "RGB:F"(from, n, out) {
    const values = new Float32Array(out.buffer, out.byteOffset, n);
    for (let p = 0, i = 0; p < n; p++, i += 3) {
      values[p] = (from[i]! * 299 + from[i + 1]! * 587 + from[i + 2]! * 114) / 1000;
    }
  },
  "RGBA:L": each(4, 1, (from, i, out, o) => (out[o] = luma(from[i]!, from[i + 1]!, from[i + 2]!))),
  "RGBA:LA": each(4, 2, (from, i, out, o) => {
    out[o] = luma(from[i]!, from[i + 1]!, from[i + 2]!);
    out[o + 1] = from[i + 3]!;
  }),
  /** For black and white alone: in thousandths. */
  "RGB:grey": each(3, 1, (from, i, out, o) => {
    out[o] = Math.trunc((from[i]! * 299 + from[i + 1]! * 587 + from[i + 2]! * 114) / 1000);
  }),
  "L:CMYK": each(1, 4, (from, i, out, o) => {
    out[o] = out[o + 1] = out[o + 2] = 0;
    out[o + 3] = 255 - from[i]!;
  }),
  "L:YCbCr": each(1, 3, (from, i, out, o) => {
    out[o] = from[i]!;
    out[o + 1] = out[o + 2] = 128;
  }),
  "RGB:HSV": each(3, 3, (from, i, out, o) => hsv(from[i]!, from[i + 1]!, from[i + 2]!, out, o)),
  "HSV:RGB": each(3, 3, (from, i, out, o) => fromHsv(from[i]!, from[i + 1]!, from[i + 2]!, out, o)),
  "RGB:CMYK": each(3, 4, (from, i, out, o) => {
    for (let c = 0; c < 3; c++) out[o + c] = 255 - from[i + c]!;
    out[o + 3] = 0;
  }),
  "CMYK:RGB": each(4, 3, (from, i, out, o) => {
    const white = 255 - from[i + 3]!;
    for (let c = 0; c < 3; c++) out[o + c] = clip(white - share255(from[i + c]!, white));
  }),
  "RGB:YCbCr": each(3, 3, (from, i, out, o) => {
    const sum = ([r, g, b]: Tables): number => (r[from[i]!]! + g[from[i + 1]!]! + b[from[i + 2]!]!) >> 6;
    const { y, cb, cr } = toYcc();
    out[o] = sum(y);
    out[o + 1] = clip(sum(cb) + 128);
    out[o + 2] = clip(sum(cr) + 128);
  }),
  "YCbCr:RGB": each(3, 3, (from, i, out, o) => {
    const [y, cb, cr] = [from[i]!, from[i + 1]!, from[i + 2]!];
    const { rCr, gCb, gCr, bCb } = fromYcc();
    out[o] = clip(y + (rCr[cr]! >> 6));
    out[o + 1] = clip(y + ((gCb[cb]! + gCr[cr]!) >> 6));
    out[o + 2] = clip(y + (bCb[cb]! >> 6));
  }),
  "RGBA:RGBa": multiplied(3),
  "RGBa:RGBA": divided(3),
  "LA:La": multiplied(1),
  "La:LA": divided(1),
};

/** Black and white, the error of each pixel spread over its neighbours (Floyd and Steinberg 1976), in sixteenths. */
export function spread(from: Uint8Array, width: number, height: number, out: Uint8Array): void {
  const errors = new Int32Array(width + 1);
  for (let y = 0; y < height; y++) {
    let [ahead, below, behind] = [0, 0, 0];
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const value = clip(from[at]! + Math.trunc((ahead + errors[x + 1]!) / 16));
      out[at] = value > 128 ? 255 : 0;
      const error = value - out[at]!;
      errors[x] = 3 * error + behind;
      behind = 5 * error + below;
      below = error;
      ahead = 7 * error;
    }
    errors[width] = behind;
  }
}

/** Colours of a palette, whose entries are `channels` bytes. */
export function lookUp(from: Uint8Array, palette: Uint8Array, channels: number, out: Uint8Array): void {
  for (let p = 0, o = 0; p < from.length; p++) {
    const entry = from[p]! * channels;
    for (let c = 0; c < channels; c++) out[o++] = palette[entry + c] ?? 0;
  }
}

/** Wide pixels as others, limited to what those can hold and without their fraction. Kinds are Python's letters. */
export function limits(kind: string): (value: number) => number {
  if (kind === "f") return (value) => value;
  const most = kind === "B" ? 255 : kind === "H" ? 65535 : 2 ** 31 - 1;
  const least = kind === "i" ? -(2 ** 31) : 0;
  return (value) => (value <= least ? least : value >= most ? most : Math.trunc(value));
}
