/**
 * What PIL can ask for: pixels of files, and arithmetic over pixels. Images live in Python's memory as rows of interleaved
 * channels; each function is told where and how many, and writes where Python has made room. Keeps nothing but the last
 * thing that it encoded.
 */
import * as bridge from "../bridge.ts";
import { blend, boundingBox, channelOperations, histogram, lookUpEach, over, pasteMasked } from "./arithmetic.ts";
import { decodeJpeg, decodeWebp } from "./codecs.ts";
import { conversions, limits, lookUp, spread } from "./colours.ts";
import { boxBlur, boxRadius, convolve, mode, rank, sharpen } from "./filters.ts";
import { affineNearest, transform, transpose } from "./geometry.ts";
import { decodeLzw } from "./gif.ts";
import { encodeJpeg } from "./jpeg.ts";
import { decodePng, encodePng } from "./png.ts";
import { type Box, nearest, type Picture, type Pixels, reduce, resample } from "./resample.ts";

/** Errors become the marker. */
function guarded<A extends unknown[], R>(body: (...args: A) => R): (...args: A) => unknown {
  return (...args) => {
    try {
      return body(...args) ?? 1;
    } catch (error) {
      return bridge.fail(error);
    }
  };
}

const bytes = (address: number, length: number): Uint8Array =>
  bridge.python().module.HEAPU8.subarray(address, address + length);

/** Numbers of a kind, by Python's letter for it. */
function numbers(kind: string, address: number, length: number): Pixels {
  const { buffer } = bridge.python().module.HEAPU8;
  if (kind === "B") return new Uint8Array(buffer, address, length);
  if (kind === "H") return new Uint16Array(buffer, address, length);
  return kind === "i" ? new Int32Array(buffer, address, length) : new Float32Array(buffer, address, length);
}

function doubles(address: number, n: number): number[] {
  return [...new Float64Array(bridge.python().module.HEAPU8.buffer, address, n)];
}

function picture(kind: string, address: number, width: number, height: number, channels: number): Picture {
  return { data: numbers(kind, address, width * height * channels), width, height, channels };
}

const bytePicture = (address: number, width: number, height: number, channels: number): Picture<Uint8Array> =>
  picture("B", address, width, height, channels) as Picture<Uint8Array>;

/** Edges between pixels are told in single precision. */
const single = (box: Box): Box => box.map(Math.fround) as unknown as Box;

const put = (out: number, data: Pixels): void => {
  bytes(out, data.byteLength).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
};

/** What is returned where only a part of the pixels was there; 1 is all of them. */
const CUT_SHORT = 2;
let encoded = new Uint8Array();

const files = {
  image_decode_png: (
    data: number,
    length: number,
    width: number,
    height: number,
    bits: number,
    colour: number,
    isInterlaced: boolean,
    out: number,
    outBytes: number,
  ) => {
    const header = { width, height, bits, colour, isInterlaced };
    return decodePng(bytes(data, length), header, bytes(out, outBytes)).isTruncated ? CUT_SHORT : 1;
  },
  /** The length of what `image_take` then hands over. */
  image_encode_png: (
    data: number,
    length: number,
    rowBytes: number,
    step: number,
    level: number,
    isFiltered: boolean,
  ) => {
    encoded = new Uint8Array(encodePng(bytes(data, length), rowBytes, step, level, isFiltered));
    return encoded.length;
  },
  image_encode_jpeg: (
    data: number,
    width: number,
    height: number,
    channels: number,
    quality: number,
    xFactor: number,
    yFactor: number,
  ) => {
    const pixels = bytes(data, width * height * channels);
    encoded = new Uint8Array(encodeJpeg(pixels, width, height, channels, quality, [xFactor, yFactor]));
    return encoded.length;
  },
  image_take: (out: number) => {
    put(out, encoded);
    encoded = new Uint8Array();
  },
  image_decode_jpeg: (data: number, length: number, width: number, height: number, channels: number, out: number) => {
    const pixels = bytes(out, width * height * channels);
    return decodeJpeg(bytes(data, length), pixels, width, height, channels).isWhole ? 1 : CUT_SHORT;
  },
  image_decode_webp: (data: number, length: number, out: number, outBytes: number) =>
    decodeWebp(bytes(data, length), bytes(out, outBytes)),
  image_decode_gif: (data: number, length: number, leastBits: number, out: number, outBytes: number) =>
    decodeLzw(bytes(data, length), leastBits, bytes(out, outBytes)) === outBytes ? 1 : CUT_SHORT,
};

const shapes = {
  image_resample: (
    kind: string,
    data: number,
    width: number,
    height: number,
    channels: number,
    out: number,
    outWidth: number,
    outHeight: number,
    filter: number,
    ...box: Box
  ) => put(out, resample(picture(kind, data, width, height, channels), outWidth, outHeight, filter, single(box))),
  image_nearest: (
    data: number,
    width: number,
    height: number,
    pixelBytes: number,
    out: number,
    outWidth: number,
    outHeight: number,
    ...box: Box
  ) => {
    const [left, top, right, bottom] = single(box);
    const steps = [Math.fround(right - left) / outWidth, left, Math.fround(bottom - top) / outHeight, top] as const;
    const target = bytes(out, outWidth * outHeight * pixelBytes);
    const source = bytes(data, width * height * pixelBytes);
    nearest(source, [width, height], pixelBytes, target, [outWidth, outHeight], steps);
  },
  image_reduce: (
    kind: string,
    data: number,
    width: number,
    height: number,
    channels: number,
    out: number,
    xFactor: number,
    yFactor: number,
    ...box: number[]
  ) => put(out, reduce(picture(kind, data, width, height, channels), xFactor, yFactor, box)),
  image_transpose: (data: number, width: number, height: number, pixelBytes: number, method: number, out: number) =>
    put(out, transpose(bytes(data, width * height * pixelBytes), width, height, pixelBytes, method)),
  image_transform: (
    kind: string,
    data: number,
    width: number,
    height: number,
    channels: number,
    out: number,
    outWidth: number,
    outHeight: number,
    method: string,
    coefficients: number,
    n: number,
    filter: number,
  ) => {
    const a = doubles(coefficients, n);
    if (method === "affine" && filter === 0) {
      const pixelBytes = channels * (kind === "B" ? 1 : kind === "H" ? 2 : 4);
      affineNearest(bytePicture(data, width, height, pixelBytes), bytePicture(out, outWidth, outHeight, pixelBytes), a);
      return;
    }
    const target = picture(kind, out, outWidth, outHeight, channels);
    transform(picture(kind, data, width, height, channels), target, method, a, filter);
  },
  /** The source with its corner at (x, y) of the target, as much of it as is inside. */
  image_copy: (
    data: number,
    width: number,
    height: number,
    pixelBytes: number,
    out: number,
    outWidth: number,
    outHeight: number,
    x: number,
    y: number,
  ) => {
    const [left, right] = [Math.max(0, -x), Math.min(width, outWidth - x)];
    if (left >= right) return;
    const heap = bridge.python().module.HEAPU8;
    for (let row = Math.max(0, -y); row < Math.min(height, outHeight - y); row++) {
      const source = data + (row * width + left) * pixelBytes;
      const target = out + ((row + y) * outWidth + left + x) * pixelBytes;
      heap.copyWithin(target, source, source + (right - left) * pixelBytes);
    }
  },
};

const values = {
  image_convert: (name: string, data: number, n: number, inBytes: number, out: number, outBytes: number) =>
    conversions[name]!(bytes(data, n * inBytes), n, bytes(out, n * outBytes)),
  image_cast: (kind: string, data: number, n: number, outKind: string, out: number) => {
    const [source, target, limit] = [numbers(kind, data, n), numbers(outKind, out, n), limits(outKind)];
    for (let i = 0; i < n; i++) target[i] = limit(source[i]!);
  },
  /** value * scale + offset, for pixels that no table can hold. */
  image_scale: (kind: string, data: number, n: number, scale: number, offset: number, out: number) => {
    const [source, target, limit] = [numbers(kind, data, n), numbers(kind, out, n), limits(kind)];
    for (let i = 0; i < n; i++) target[i] = limit(source[i]! * scale + offset);
  },
  /** "least most" */
  image_extremes: (kind: string, data: number, n: number, step: number, from: number) => {
    const source = numbers(kind, data, n * step);
    let [least, most] = [Infinity, -Infinity];
    for (let i = from; i < source.length; i += step) {
      if (source[i]! < least) least = source[i]!;
      if (source[i]! > most) most = source[i]!;
    }
    return `${least} ${most}`;
  },
  /** Bytes of each pixel by their place in the source pixel; `f` stands for 255, `z` for 0. */
  image_pick: (data: number, n: number, inBytes: number, out: number, places: string) => {
    const source = bytes(data, n * inBytes);
    const outBytes = places.length;
    const target = bytes(out, n * outBytes);
    for (let c = 0; c < outBytes; c++) {
      const place = Number(places[c]);
      if (Number.isNaN(place)) {
        const value = places[c] === "f" ? 255 : 0;
        for (let o = c; o < target.length; o += outBytes) target[o] = value;
      } else for (let i = place, o = c; o < target.length; i += inBytes, o += outBytes) target[o] = source[i]!;
    }
  },
  /** One channel of a picture from an image of its own. */
  image_place: (data: number, n: number, out: number, outBytes: number, place: number) => {
    const [source, target] = [bytes(data, n), bytes(out, n * outBytes)];
    for (let i = 0, o = place; i < n; i++, o += outBytes) target[o] = source[i]!;
  },
  image_spread: (data: number, width: number, height: number, out: number) =>
    spread(bytes(data, width * height), width, height, bytes(out, width * height)),
  image_palette: (data: number, n: number, palette: number, paletteBytes: number, channels: number, out: number) =>
    lookUp(bytes(data, n), bytes(palette, paletteBytes), channels, bytes(out, n * channels)),
  image_tables: (data: number, length: number, channels: number, tables: number, out: number) =>
    lookUpEach(bytes(data, length), channels, bytes(tables, 256 * channels), bytes(out, length)),
  image_blend: (a: number, b: number, length: number, alpha: number, out: number) =>
    blend(bytes(a, length), bytes(b, length), alpha, bytes(out, length)),
  image_paste_masked: (out: number, data: number, mask: number, n: number, pixelBytes: number) =>
    pasteMasked(bytes(out, n * pixelBytes), bytes(data, n * pixelBytes), bytes(mask, n), pixelBytes),
  image_over: (below: number, above: number, length: number, channels: number, out: number) =>
    over(bytes(below, length), bytes(above, length), channels, bytes(out, length)),
  image_chop: (name: string, a: number, b: number, length: number, scale: number, offset: number, out: number) => {
    const operation = channelOperations[name]!;
    const [one, other, target] = [bytes(a, length), bytes(b, length), bytes(out, length)];
    for (let i = 0; i < length; i++) target[i] = operation(one[i]!, other[i]!, scale, offset);
  },
  image_histogram: (data: number, length: number, channels: number, mask: number, out: number) => {
    const masked = mask === 0 ? null : bytes(mask, length / channels);
    histogram(bytes(data, length), channels, masked, numbers("i", out, 256 * channels) as Int32Array);
  },
  /** "left top right bottom"; empty where all is 0. `which` names the bytes of a pixel that count. */
  image_box: (data: number, width: number, height: number, pixelBytes: number, which: string) => {
    const pixels = bytes(data, width * height * pixelBytes);
    const box = boundingBox(pixels, width, height, pixelBytes, (byte) => which.includes(String(byte)));
    return box ? box.join(" ") : "";
  },
  image_convolve: (
    data: number,
    width: number,
    height: number,
    channels: number,
    weights: number,
    n: number,
    offset: number,
    out: number,
  ) => put(out, convolve(bytePicture(data, width, height, channels), Float32Array.from(doubles(weights, n)), offset)),
  image_blur: (
    data: number,
    width: number,
    height: number,
    channels: number,
    xRadius: number,
    yRadius: number,
    isGaussian: boolean,
    passes: number,
    out: number,
  ) => {
    const radius = (given: number): number => (isGaussian && given > 0 ? boxRadius(given, passes) : Math.fround(given));
    put(out, boxBlur(bytePicture(data, width, height, channels), radius(xRadius), radius(yRadius), passes));
  },
  image_unsharp: (data: number, blurred: number, length: number, percent: number, threshold: number, out: number) =>
    sharpen(bytes(data, length), bytes(blurred, length), percent, threshold, bytes(out, length)),
  /** `which` below 0: the most frequent. */
  image_rank: (data: number, width: number, height: number, size: number, which: number, out: number) => {
    const from = bytePicture(data, width, height, 1);
    put(out, which < 0 ? mode(from, size) : rank(from, size, which));
  },
};

type Functions = Record<string, (...args: never[]) => unknown>;

export const imageFunctions: Functions = Object.fromEntries(
  Object.entries<(...args: never[]) => unknown>({ ...files, ...shapes, ...values }).map(([name, body]) => [
    name,
    guarded(body),
  ]),
);
