/**
 * JPEG files written: baseline, with the usual tables, to the coefficient as libjpeg-turbo writes them, so that what is read again
 * has Pillow's pixels. Reading is a library's (codecs.ts).
 */

/** The tables of ITU-T T.81, annex K, in the zigzag order of the file: luma, then colour. */
const QUANTA = [
  "100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933383740485c4e404457453738506d51575f626768673e4d71" +
    "797064785c656763",
  "1112121815182f1a1a2f63423842636363636363636363636363636363636363636363636363636363636363636363636363636363636363" +
    "6363636363636363",
].map((text) => Uint8Array.from(Buffer.from(text, "hex")));
/** The same annex: class and number, how many codes there are of each length, the values in their order. */
const CODES = [
  "0000010501010101010100000000000000000102030405060708090a0b",
  "100002010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a" +
    "161718191a25262728292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788" +
    "898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9" +
    "eaf1f2f3f4f5f6f7f8f9fa",
  "0100030101010101010101010000000000000102030405060708090a0b",
  "1100020102040403040705040400010277000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a1624" +
    "34e125f11718191a262728292a35363738393a434445464748494a535455565758595a636465666768696a737475767778797a8283848586" +
    "8788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8" +
    "e9eaf2f3f4f5f6f7f8f9fa",
].map((text) => Uint8Array.from(Buffer.from(text, "hex")));

// prettier-ignore
const ZIGZAG = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/** {value: [code, bits]} */
function codesOf(table: Uint8Array): [code: number, bits: number][] {
  const found: [number, number][] = [];
  let code = 0;
  let at = 17;
  for (let bits = 1; bits <= 16; bits++, code <<= 1) {
    for (let i = 0; i < table[bits]!; i++) found[table[at++]!] = [code++, bits];
  }
  return found;
}

/** Rows, then columns, as Loeffler, Ligtenberg and Moschytz 1989, in whole numbers of 2^-13; eight times as large. */
function transform(block: Int32Array): void {
  for (const [step, across, up, down] of [
    [1, 8, 2, 11],
    [8, 1, 0, 15],
  ] as const) {
    const scaled = (value: number): number => (value + (1 << (down - 1))) >> down;
    for (let line = 0; line < 8; line++) {
      const i = line * across;
      const at = (k: number): number => block[i + k * step]!;
      const [s0, s1, s2, s3] = [at(0) + at(7), at(1) + at(6), at(2) + at(5), at(3) + at(4)];
      const [d0, d1, d2, d3] = [at(0) - at(7), at(1) - at(6), at(2) - at(5), at(3) - at(4)];
      const [even, odd] = [s0 + s3, s1 + s2];
      const [a, b] = [s1 - s2, s0 - s3];
      const sum = even + odd;
      const difference = even - odd;
      block[i] = up > 0 ? sum << up : (sum + 2) >> 2;
      block[i + 4 * step] = up > 0 ? difference << up : (difference + 2) >> 2;
      const shared = (a + b) * 4433;
      block[i + 2 * step] = scaled(shared + b * 6270);
      block[i + 6 * step] = scaled(shared - a * 15137);
      const both = (d3 + d1 + d2 + d0) * 9633;
      const z1 = (d3 + d0) * -7373;
      const z2 = (d2 + d1) * -20995;
      const z3 = (d3 + d1) * -16069 + both;
      const z4 = (d2 + d0) * -3196 + both;
      block[i + 7 * step] = scaled(d3 * 2446 + z1 + z3);
      block[i + 5 * step] = scaled(d2 * 16819 + z2 + z4);
      block[i + 3 * step] = scaled(d1 * 25172 + z2 + z3);
      block[i + step] = scaled(d0 * 12299 + z1 + z4);
    }
  }
}

/** Bits, with a 0 after each byte that a marker would begin with. */
class BitWriter {
  bytes = new Uint8Array(1 << 16);
  length = 0;
  private held = 0;
  private count = 0;

  write(value: number, bits: number): void {
    for (let left = bits - 1; left >= 0; left--) {
      this.held = (this.held << 1) | ((value >> left) & 1);
      if (++this.count === 8) this.flushByte();
    }
  }

  end(): void {
    while (this.count > 0) this.write(1, 1);
  }

  private flushByte(): void {
    if (this.length + 2 > this.bytes.length) {
      const larger = new Uint8Array(2 * this.bytes.length);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.bytes[this.length++] = this.held;
    if (this.held === 255) this.bytes[this.length++] = 0;
    this.held = this.count = 0;
  }
}

/** One component as samples in whole blocks: the last column and row are repeated. */
interface Plane {
  samples: Uint8Array;
  width: number;
  height: number;
  xFactor: number;
  yFactor: number;
}

function toYcc(data: Uint8Array, n: number): Uint8Array[] {
  const planes = [new Uint8Array(n), new Uint8Array(n), new Uint8Array(n)] as const;
  for (let p = 0, i = 0; p < n; p++, i += 3) {
    const [r, g, b] = [data[i]!, data[i + 1]!, data[i + 2]!];
    planes[0][p] = (19595 * r + 38470 * g + 7471 * b + 32768) >> 16;
    planes[1][p] = (-11059 * r - 21709 * g + 32768 * b + (128 << 16) + 32767) >> 16;
    planes[2][p] = (32768 * r - 27439 * g - 5329 * b + (128 << 16) + 32767) >> 16;
  }
  return [...planes];
}

/** Means of neighbours where there are fewer samples than pixels; halves go up and down in turn. */
function planeOf(data: Uint8Array, size: [number, number], factors: [number, number], most: [number, number]): Plane {
  const [width, height] = size;
  const [xFactor, yFactor] = factors;
  const [xStep, yStep] = [most[0] / xFactor, most[1] / yFactor];
  const outWidth = Math.ceil(width / (8 * most[0])) * 8 * xFactor;
  const outHeight = Math.ceil(height / (8 * most[1])) * 8 * yFactor;
  const samples = new Uint8Array(outWidth * outHeight);
  // Below the image the last row of samples is repeated, beside it the last column of pixels.
  const last = Math.ceil(height / yStep) - 1;
  for (let line = 0; line < outHeight; line++) {
    const y = Math.min(line, last);
    for (let x = 0; x < outWidth; x++) {
      let sum = 0;
      for (let row = y * yStep; row < (y + 1) * yStep; row++) {
        for (let column = x * xStep; column < (x + 1) * xStep; column++) {
          sum += data[Math.min(row, height - 1) * width + Math.min(column, width - 1)]!;
        }
      }
      const area = xStep * yStep;
      const bias = area === 1 ? 0 : area === 2 ? x & 1 : 1 + (x & 1);
      samples[line * outWidth + x] = (sum + bias) >> Math.log2(area);
    }
  }
  return { samples, width: outWidth, height: outHeight, xFactor, yFactor };
}

export function quantaOf(quality: number): Uint8Array[] {
  const percent = quality < 50 ? Math.trunc(5000 / Math.max(1, quality)) : 200 - 2 * Math.min(100, quality);
  return QUANTA.map((table) =>
    table.map((value) => Math.min(255, Math.max(1, Math.trunc((value * percent + 50) / 100)))),
  );
}

const marker = (kind: number, body: readonly number[] | Uint8Array): Uint8Array =>
  Uint8Array.from([0xff, kind, (body.length + 2) >> 8, (body.length + 2) & 255, ...body]);

/**
 * From the tables to the end of the file, for grey, RGB and CMYK (as it is). `xFactor` and `yFactor`: so many pixels share a sample
 * of colour.
 */
export function encodeJpeg(
  data: Uint8Array,
  width: number,
  height: number,
  channels: number,
  quality: number,
  [xFactor, yFactor]: readonly [number, number],
): Uint8Array {
  const n = width * height;
  const tables = quantaOf(quality);
  const split = (): Uint8Array[] =>
    Array.from({ length: channels }, (_, c) => Uint8Array.from({ length: n }, (_unused, p) => data[p * channels + c]!));
  const most: [number, number] = channels === 3 ? [xFactor, yFactor] : [1, 1];
  const planes = (channels === 3 ? toYcc(data, n) : split()).map((samples, c) =>
    planeOf(samples, [width, height], c === 0 ? most : [1, 1], most),
  );
  const isColour = (c: number): number => (channels === 3 && c > 0 ? 1 : 0);
  const parts: Uint8Array[] = [];
  for (let t = 0; t <= isColour(1); t++) parts.push(marker(0xdb, [t, ...tables[t]!]));
  const components = planes.flatMap((plane, c) => [c + 1, (plane.xFactor << 4) | plane.yFactor, isColour(c)]);
  parts.push(marker(0xc0, [8, height >> 8, height & 255, width >> 8, width & 255, channels, ...components]));
  for (const table of CODES) if ((table[0]! & 15) <= isColour(1)) parts.push(marker(0xc4, table));
  parts.push(marker(0xda, [channels, ...planes.flatMap((_, c) => [c + 1, isColour(c) * 17]), 0, 63, 0]));

  const codes = CODES.map(codesOf);
  const bits = new BitWriter();
  const before = new Int32Array(channels);
  const block = new Int32Array(64);
  const levels = new Int32Array(64);
  const sizeOf = (value: number): number => 32 - Math.clz32(Math.abs(value));
  const writeValue = (value: number, size: number): void =>
    bits.write(value < 0 ? value + (1 << size) - 1 : value, size);
  const writeBlock = (c: number, plane: Plane, left: number, top: number): void => {
    const kind = isColour(c);
    const table = tables[kind]!;
    for (let y = 0; y < 8; y++) {
      for (let x = 0; x < 8; x++) block[8 * y + x] = plane.samples[(top + y) * plane.width + left + x]! - 128;
    }
    transform(block);
    for (let k = 0; k < 64; k++) {
      const value = block[ZIGZAG[k]!]!;
      const divisor = table[k]! << 3;
      const level = Math.trunc((Math.abs(value) + (divisor >> 1)) / divisor);
      levels[k] = value < 0 ? -level : level;
    }
    const [first, others] = [codes[2 * kind]!, codes[2 * kind + 1]!];
    const change = levels[0]! - before[c]!;
    before[c] = levels[0]!;
    const size = sizeOf(change);
    bits.write(...first[size]!);
    writeValue(change, size);
    let zeros = 0;
    for (let k = 1; k < 64; k++) {
      const level = levels[k]!;
      if (level === 0) {
        zeros++;
        continue;
      }
      for (; zeros > 15; zeros -= 16) bits.write(...others[0xf0]!);
      const length = sizeOf(level);
      bits.write(...others[(zeros << 4) | length]!);
      writeValue(level, length);
      zeros = 0;
    }
    if (zeros > 0) bits.write(...others[0]!);
  };
  const columns = Math.ceil(width / (8 * most[0]));
  const rows = Math.ceil(height / (8 * most[1]));
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      for (const [c, plane] of planes.entries()) {
        for (let y = 0; y < plane.yFactor; y++) {
          for (let x = 0; x < plane.xFactor; x++) {
            writeBlock(c, plane, (column * plane.xFactor + x) * 8, (row * plane.yFactor + y) * 8);
          }
        }
      }
    }
  }
  bits.end();
  parts.push(bits.bytes.subarray(0, bits.length), Uint8Array.of(0xff, 0xd9));
  return Buffer.concat(parts);
}
