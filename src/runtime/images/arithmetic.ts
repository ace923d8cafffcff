/**
 * Two images made one, to the bit as Pillow does it: blends, masks, one over another, sums and differences; and counts of values.
 * Goes over bytes; whether images fit each other is the caller's to know.
 */
import { share255 } from "./colours.ts";

const f = Math.fround;
const clip = (value: number): number => (value < 0 ? 0 : value > 255 ? 255 : value);

/** a + alpha (b - a) in single precision, rounded down; beyond 0 and 1 it goes on and is limited. */
export function blend(a: Uint8Array, b: Uint8Array, alpha: number, out: Uint8Array): void {
  const share = f(alpha);
  const isInside = share >= 0 && share <= 1;
  for (let i = 0; i < a.length; i++) {
    const value = f(a[i]! + f(share * (b[i]! - a[i]!)));
    out[i] = isInside || (value > 0 && value < 255) ? Math.trunc(value) : value <= 0 ? 0 : 255;
  }
}

/** Pixels of `source` over those of `out`, as far as each one's mask says. */
export function pasteMasked(out: Uint8Array, source: Uint8Array, mask: Uint8Array, pixelBytes: number): void {
  for (let p = 0, i = 0; p < mask.length; p++) {
    const share = mask[p]!;
    for (let b = 0; b < pixelBytes; b++, i++) {
      if (share === 255) out[i] = source[i]!;
      else if (share !== 0) {
        const t = out[i]! * (255 - share) + source[i]! * share + 128;
        out[i] = ((t >> 8) + t) >> 8;
      }
    }
  }
}

/** The bits of precision in which shares are kept. */
const BITS = 7;

/** Pixels with alpha (the last channel) over others. */
export function over(below: Uint8Array, above: Uint8Array, channels: number, out: Uint8Array): void {
  const last = channels - 1;
  const by255 = (value: number): number => ((value >> 8) + value) >> 8;
  for (let i = 0; i < out.length; i += channels) {
    const alpha = above[i + last]!;
    if (alpha === 0) {
      for (let c = 0; c < channels; c++) out[i + c] = below[i + c]!;
      continue;
    }
    const total = alpha * 255 + below[i + last]! * (255 - alpha);
    const share = Math.floor((alpha * 255 * 255 * (1 << BITS)) / total);
    const rest = 255 * (1 << BITS) - share;
    for (let c = 0; c < last; c++) {
      out[i + c] = by255(above[i + c]! * share + below[i + c]! * rest + (0x80 << BITS)) >> BITS;
    }
    out[i + last] = by255(total + 0x80);
  }
}

/** PIL.ImageChops, byte by byte. */
export const channelOperations: Record<string, (a: number, b: number, scale: number, offset: number) => number> = {
  add: (a, b, scale, offset) => clip(Math.trunc(f(f(a + b) / f(scale)) + offset)),
  subtract: (a, b, scale, offset) => clip(Math.trunc(f(f(a - b) / f(scale)) + offset)),
  add_modulo: (a, b) => (a + b) & 255,
  subtract_modulo: (a, b) => (a - b) & 255,
  difference: (a, b) => Math.abs(a - b),
  multiply: (a, b) => Math.trunc((a * b) / 255),
  screen: (a, b) => 255 - Math.trunc(((255 - a) * (255 - b)) / 255),
  lighter: (a, b) => Math.max(a, b),
  darker: (a, b) => Math.min(a, b),
  product: share255,
};

/** How often each byte occurs in each channel: `channels` times 256 counts. */
export function histogram(data: Uint8Array, channels: number, mask: Uint8Array | null, out: Int32Array): void {
  for (let i = 0, p = 0; i < data.length; p++) {
    const counts = !mask || mask[p] !== 0;
    for (let c = 0; c < channels; c++, i++) if (counts) out[c * 256 + data[i]!]!++;
  }
}

/** A table of 256 for each channel. */
export function lookUpEach(data: Uint8Array, channels: number, tables: Uint8Array, out: Uint8Array): void {
  for (let i = 0, c = 0; i < data.length; i++) {
    out[i] = tables[c * 256 + data[i]!]!;
    if (++c === channels) c = 0;
  }
}

/** [left, top, right, bottom) of the pixels of which any byte under `bits` is not 0; null where there is none. */
export function boundingBox(
  data: Uint8Array,
  width: number,
  height: number,
  pixelBytes: number,
  isCounted: (byte: number) => boolean,
): [number, number, number, number] | null {
  let [left, top, right, bottom] = [width, -1, -1, 0];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let isThere = false;
      for (let b = 0; b < pixelBytes; b++, i++) isThere ||= data[i] !== 0 && isCounted(b);
      if (!isThere) continue;
      if (top < 0) top = y;
      bottom = y + 1;
      if (x < left) left = x;
      if (x > right) right = x;
    }
  }
  return top < 0 ? null : [left, top, right + 1, bottom];
}
