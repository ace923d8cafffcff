/**
 * The pixels of PNG files, to and from the layout that images have in memory: rows filtered and deflated, whole or interlaced
 * (PNG, 3rd edition, W3C 2025). Chunks are the caller's, who has read the header; what is missing at the end is said.
 */
import { constants, deflateSync, inflateRawSync, inflateSync } from "node:zlib";
import { PythonError } from "../errors.ts";

export interface Header {
  width: number;
  height: number;
  /** Of a sample: 1, 2, 4, 8 or 16. */
  bits: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey with alpha, 6 RGB with alpha. */
  colour: number;
  isInterlaced: boolean;
}

const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** Where the passes of an interlaced image begin, and their steps: x, y, dx, dy. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Enough for the largest image whose size is allowed, and for what some writers leave behind the last row. */
const SPARE_BYTES = 1 << 16;

/** What is read of a stream whose sum at the end does not fit is taken all the same, as Pillow does, which stops at the last row. */
function inflated(packed: Uint8Array, length: number): Uint8Array {
  try {
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: length + SPARE_BYTES };
    if (packed.length < 2) return new Uint8Array();
    const isDeflated = (packed[0]! & 15) === 8 && ((packed[0]! << 8) | packed[1]!) % 31 === 0;
    return isDeflated ? inflateRawSync(packed.subarray(2), options) : inflateSync(packed, options);
  } catch {
    throw new PythonError("OSError", "broken data stream when reading image file");
  }
}

/** The closest of left, above and above left to what they promise together. */
function paeth(left: number, above: number, corner: number): number {
  const guess = left + above - corner;
  const [byLeft, byAbove, byCorner] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)];
  if (byLeft <= byAbove && byLeft <= byCorner) return left;
  return byAbove <= byCorner ? above : corner;
}

/** Undoes the filters of `rows` rows from `at` on, in place. Each row follows the number of its filter. */
function unfilter(data: Uint8Array, at: number, rows: number, rowBytes: number, step: number): void {
  for (let y = 0; y < rows; y++) {
    const filter = data[at]!;
    const row = at + 1;
    const above = y === 0 ? -1 : row - rowBytes - 1;
    at += rowBytes + 1;
    if (filter === 0) continue;
    if (filter > 4)
      throw new PythonError("OSError", `broken data stream when reading image file: row filter ${filter}`);
    for (let i = 0; i < rowBytes; i++) {
      const left = i >= step ? data[row + i - step]! : 0;
      const up = above >= 0 ? data[above + i]! : 0;
      let guess: number;
      if (filter === 1) guess = left;
      else if (filter === 2) guess = up;
      else if (filter === 3) guess = (left + up) >> 1;
      else guess = paeth(left, up, above >= 0 && i >= step ? data[above + i - step]! : 0);
      data[row + i] = data[row + i]! + guess;
    }
  }
}

/** Puts a row of samples where they belong in the image: whole bytes each, grey of few bits over the whole range. */
function place(
  row: Uint8Array,
  n: number,
  { bits, colour, width }: Header,
  out: Uint8Array,
  x0: number,
  dx: number,
  y: number,
): void {
  const channels = CHANNELS[colour]!;
  if (bits === 16 && colour === 0) {
    // Sixteen bits of grey stay, the lower byte first.
    for (let i = 0, o = (y * width + x0) * 2; i < n; i++, o += 2 * dx) {
      out[o] = row[2 * i + 1]!;
      out[o + 1] = row[2 * i]!;
    }
    return;
  }
  const scale = colour === 0 && bits < 8 ? 255 / (2 ** bits - 1) : 1;
  const mask = 2 ** bits - 1;
  for (let i = 0, o = (y * width + x0) * channels; i < n; i++, o += channels * dx) {
    for (let c = 0; c < channels; c++) {
      const sample = i * channels + c;
      if (bits === 8) out[o + c] = row[sample]!;
      else if (bits === 16) out[o + c] = row[2 * sample]!;
      else out[o + c] = ((row[(sample * bits) >> 3]! >> (8 - bits - ((sample * bits) & 7))) & mask) * scale;
    }
  }
}

/** The pixels, and whether the file ended before them. `packed` is what its data chunks hold together. */
export function decodePng(packed: Uint8Array, header: Header, out: Uint8Array): { isTruncated: boolean } {
  const { width, height, bits, colour, isInterlaced } = header;
  const pixelBits = CHANNELS[colour]! * bits;
  const passes = isInterlaced ? PASSES : ([[0, 0, 1, 1]] as const);
  const parts = passes.map(([x, y, dx, dy]) => {
    const columns = Math.max(0, Math.ceil((width - x) / dx));
    const rows = columns === 0 ? 0 : Math.max(0, Math.ceil((height - y) / dy));
    return { x, y, dx, dy, columns, rows, rowBytes: Math.ceil((columns * pixelBits) / 8) };
  });
  const length = parts.reduce((sum, { rows, rowBytes }) => sum + rows * (rowBytes + 1), 0);
  const found = inflated(packed, length);
  let data = found;
  if (found.length < length) {
    data = new Uint8Array(length);
    data.set(found);
  }
  let at = 0;
  for (const { x, y, dx, dy, columns, rows, rowBytes } of parts) {
    unfilter(data, at, rows, rowBytes, Math.max(1, pixelBits >> 3));
    for (let r = 0; r < rows; r++, at += rowBytes + 1) {
      if (at >= found.length) return { isTruncated: true };
      place(data.subarray(at + 1, at + 1 + rowBytes), columns, header, out, x, dx, y + r * dy);
    }
  }
  return { isTruncated: found.length < length };
}

/** Rows of whole bytes, each with the filter that leaves the least, deflated: what the data chunks of a file hold together. */
export function encodePng(
  data: Uint8Array,
  rowBytes: number,
  step: number,
  level: number,
  isFiltered: boolean,
): Uint8Array {
  const rows = rowBytes === 0 ? 0 : data.length / rowBytes;
  const out = new Uint8Array(rows * (rowBytes + 1));
  const tried = new Uint8Array(rowBytes);
  for (let y = 0, at = 0; y < rows; y++, at += rowBytes + 1) {
    const row = y * rowBytes;
    let least = Infinity;
    for (let filter = 0; filter < (isFiltered ? 5 : 1); filter++) {
      let cost = 0;
      for (let i = 0; i < rowBytes; i++) {
        const left = i >= step ? data[row + i - step]! : 0;
        const up = y > 0 ? data[row - rowBytes + i]! : 0;
        const corner = y > 0 && i >= step ? data[row - rowBytes + i - step]! : 0;
        const guesses = [0, left, up, (left + up) >> 1] as const;
        const rest = (data[row + i]! - (filter === 4 ? paeth(left, up, corner) : guesses[filter]!)) & 255;
        tried[i] = rest;
        cost += rest < 128 ? rest : 256 - rest;
      }
      if (cost >= least) continue;
      least = cost;
      out[at] = filter;
      out.set(tried, at + 1);
    }
  }
  return deflateSync(out, { level });
}
