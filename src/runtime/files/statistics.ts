/** Smallest, largest, mean, spread and doubtful values of a tensor's elements, in one pass over its bytes. */
import { elementBytes } from "./element_types.ts";
import type { PieceReader } from "./checkpoint.ts";
import { type ByteSource, eachPiece, product } from "./source.ts";

export interface ElementStatistics {
  min: number;
  max: number;
  mean: number;
  std: number;
  nans: number;
  infs: number;
  zeros: number;
}

/** Where elements stand. */
export interface Elements {
  source: ByteSource;
  /** In bytes. */
  position: number;
  dtype: string;
  sizes: readonly number[];
  /** In elements; absent: one after the other. */
  strides?: readonly number[];
}

/** A view with gaps is read with its gaps: beyond this it is too much for figures that few look at. */
const MOST_SPAN_BYTES = 256 * 1024 ** 2;

type Decode = (piece: Uint8Array) => ArrayLike<number>;

/** null: the type has no order, the tensor is empty, or a view too spread out. */
export function statisticsOf(elements: Elements): ElementStatistics | null {
  const decode = DECODERS[elements.dtype];
  const count = Number(product(elements.sizes));
  if (!decode || count === 0) return null;
  const gathered = new Gathered();
  const read = readerOf(elements, count);
  if (!read) return null;
  read((piece) => gathered.add(decode(piece)));
  return gathered.result();
}

function readerOf(elements: Elements, count: number): ((body: PieceReader) => void) | null {
  const { source, position, dtype, sizes, strides } = elements;
  const width = elementBytes(dtype);
  if (!strides || isDense(sizes, strides)) return (body) => eachPiece(source, position, count * width, body);
  const span = 1 + sizes.reduce((last, size, dim) => last + (size - 1) * strides[dim]!, 0);
  if (span * width > MOST_SPAN_BYTES || count > span) return null;
  return (body) => {
    const bytes = new Uint8Array(span * width);
    source.read(position, bytes);
    body(packed(bytes, width, sizes, strides, count), 0);
  };
}

/** Every element of a stretch of memory, once, in whatever order. */
function isDense(sizes: readonly number[], strides: readonly number[]): boolean {
  const dims = sizes.map((size, dim) => ({ size, stride: strides[dim]! })).filter(({ size }) => size !== 1);
  dims.sort((a, b) => a.stride - b.stride);
  let step = 1;
  for (const { size, stride } of dims) {
    if (stride !== step) return false;
    step *= size;
  }
  return true;
}

function packed(
  bytes: Uint8Array,
  width: number,
  sizes: readonly number[],
  strides: readonly number[],
  count: number,
): Uint8Array {
  const result = new Uint8Array(count * width);
  const index = sizes.map(() => 0);
  let from = 0;
  for (let at = 0; at < count; at++) {
    for (let byte = 0; byte < width; byte++) result[at * width + byte] = bytes[from * width + byte]!;
    for (let dim = sizes.length - 1; dim >= 0; dim--) {
      from += strides[dim]!;
      if (++index[dim]! < sizes[dim]!) break;
      from -= strides[dim]! * sizes[dim]!;
      index[dim] = 0;
    }
  }
  return result;
}

/** Means and spreads of pieces, joined as Chan, Golub and LeVeque (1979) do, so that large tensors lose no digits. */
class Gathered {
  private min = Infinity;
  private max = -Infinity;
  private mean = 0;
  private squares = 0;
  private finite = 0;
  private nans = 0;
  private infs = 0;
  private zeros = 0;

  add(values: ArrayLike<number>): void {
    let sum = 0;
    let count = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (Number.isFinite(value)) {
        sum += value;
        count++;
        if (value < this.min) this.min = value;
        if (value > this.max) this.max = value;
        if (value === 0) this.zeros++;
      } else if (Number.isNaN(value)) this.nans++;
      else this.infs++;
    }
    if (count === 0) return;
    const mean = sum / count;
    let squares = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (Number.isFinite(value)) squares += (value - mean) * (value - mean);
    }
    const total = this.finite + count;
    const apart = mean - this.mean;
    this.squares += squares + (apart * apart * this.finite * count) / total;
    this.mean += (apart * count) / total;
    this.finite = total;
  }

  result(): ElementStatistics | null {
    const { min, max, mean, nans, infs, zeros } = this;
    // As torch.std: divided by one less than the count.
    const std = this.finite > 1 ? Math.sqrt(this.squares / (this.finite - 1)) : 0;
    const isKnown = this.finite > 0;
    return { min: isKnown ? min : 0, max: isKnown ? max : 0, mean, std, nans, infs, zeros };
  }
}

type Typed = new (buffer: ArrayBuffer, offset: number, length: number) => ArrayLike<number>;

const typed =
  (Kind: Typed, width: number): Decode =>
  (piece) => {
    const isAligned = piece.byteOffset % width === 0;
    const bytes = isAligned ? piece : piece.slice();
    return new Kind(bytes.buffer as ArrayBuffer, bytes.byteOffset, Math.floor(bytes.length / width));
  };

const wide = (Kind: typeof BigInt64Array | typeof BigUint64Array): Decode => {
  const decode = typed(Kind as unknown as Typed, 8);
  return (piece) => Float64Array.from(decode(piece) as unknown as BigInt64Array, Number);
};

/** Through a table of all the values that fit into so few bits. */
function tabled(bits: 8 | 16, value: (word: number) => number): Decode {
  let table: Float32Array | null = null;
  const words = typed((bits === 8 ? Uint8Array : Uint16Array) as unknown as Typed, bits / 8);
  return (piece) => {
    table ??= Float32Array.from({ length: 1 << bits }, (_, word) => value(word));
    return Float32Array.from(words(piece), (word) => table![word]!);
  };
}

/** A floating number of sign, exponent and fraction; `hasInfinity` as IEEE 754, otherwise all ones are NaN only. */
function small(
  exponentBits: number,
  fractionBits: number,
  bias: number,
  hasInfinity: boolean,
): (word: number) => number {
  const top = (1 << exponentBits) - 1;
  const full = (1 << fractionBits) - 1;
  return (word) => {
    const sign = word >> (exponentBits + fractionBits) ? -1 : 1;
    const exponent = (word >> fractionBits) & top;
    const fraction = word & full;
    if (exponent === top && hasInfinity) return fraction === 0 ? sign * Infinity : NaN;
    if (exponent === top && fraction === full) return NaN;
    if (exponent === 0) return (sign * fraction * 2 ** (1 - bias)) / (full + 1);
    return sign * (1 + fraction / (full + 1)) * 2 ** (exponent - bias);
  };
}

/** The fnuz kinds have one zero, no infinity, and write NaN as a negative zero. */
const unsignedZero =
  (decode: (word: number) => number): ((word: number) => number) =>
  (word) =>
    word === 0x80 ? NaN : decode(word);

/** As `small`, with every exponent a number. */
function saturating(exponentBits: number, fractionBits: number, bias: number): (word: number) => number {
  const full = (1 << fractionBits) - 1;
  return (word) => {
    const sign = word >> (exponentBits + fractionBits) ? -1 : 1;
    const exponent = (word >> fractionBits) & ((1 << exponentBits) - 1);
    const fraction = (word & full) / (full + 1);
    return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
  };
}

const DECODERS: Readonly<Record<string, Decode | undefined>> = {
  bool: typed(Uint8Array as unknown as Typed, 1),
  uint8: typed(Uint8Array as unknown as Typed, 1),
  int8: typed(Int8Array as unknown as Typed, 1),
  int16: typed(Int16Array as unknown as Typed, 2),
  uint16: typed(Uint16Array as unknown as Typed, 2),
  int32: typed(Int32Array as unknown as Typed, 4),
  uint32: typed(Uint32Array as unknown as Typed, 4),
  int64: wide(BigInt64Array),
  uint64: wide(BigUint64Array),
  float16: tabled(16, small(5, 10, 15, true)),
  bfloat16: tabled(16, small(8, 7, 127, true)),
  float32: typed(Float32Array as unknown as Typed, 4),
  float64: typed(Float64Array as unknown as Typed, 8),
  float8_e4m3fn: tabled(8, small(4, 3, 7, false)),
  float8_e5m2: tabled(8, small(5, 2, 15, true)),
  float8_e4m3fnuz: tabled(8, unsignedZero(saturating(4, 3, 8))),
  float8_e5m2fnuz: tabled(8, unsignedZero(saturating(5, 2, 16))),
};
