/**
 * GGUF files: metadata and the table of tensors. Every count is compared with the bytes that are left before anything is
 * kept; long lists, such as vocabularies, are counted and passed over. Data is not touched.
 */
import { Cursor } from "./cursor.ts";
import { GGML_TYPES } from "./element_types.ts";
import { type ByteSource, exactSize, FileFormatError, product, quoted } from "./source.ts";

export interface GgufTensor {
  name: string;
  /** GGML's name: "F32", "Q4_K". */
  type: string;
  /** Outermost first, as PyTorch writes shapes; the file has them the other way round. */
  shape: number[];
  position: number;
  sizeBytes: number;
}

export interface GgufFile {
  version: number;
  /** Values as they are shown; lists by their length. */
  metadata: Record<string, string>;
  tensors: GgufTensor[];
}

const LONGEST_NAME = 65_535;
const LONGEST_VALUE = 1 << 20;
const SHOWN_CHARACTERS = 400;
const SHOWN_ITEMS = 8;
const MOST_DIMS = 4;
const DEFAULT_ALIGNMENT = 32n;

export function isGguf(head: Uint8Array): boolean {
  return head.length >= 4 && String.fromCharCode(...head.subarray(0, 4)) === "GGUF";
}

export function readGguf(source: ByteSource): GgufFile {
  const cursor = new Cursor(source);
  cursor.skip(4n, "the head");
  const version = cursor.u32("the version");
  if (version < 2 || version > 3) throw new FileFormatError(`version ${version} of GGUF is not known: expected 2 or 3`);
  const nTensors = cursor.u64("the number of tensors");
  const nValues = cursor.u64("the number of metadata values");
  // A tensor takes at least 24 bytes here, a value 13.
  if (nTensors * 24n + nValues * 13n > cursor.left) {
    throw new FileFormatError(
      `${nTensors} tensors and ${nValues} values cannot stand in a file of ${source.sizeBytes} bytes`,
    );
  }
  const metadata = new Map<string, string>();
  let alignment = DEFAULT_ALIGNMENT;
  for (let index = 0n; index < nValues; index++) {
    const key = name(cursor, "a key");
    if (metadata.has(key)) throw new FileFormatError(`the metadata has ${quoted(key)} twice`);
    const shown = value(cursor, key, cursor.u32(`the type of ${quoted(key)}`), 0);
    metadata.set(key, shown);
    if (key === "general.alignment") alignment = alignmentOf(shown);
  }
  const infos = readTable(cursor, nTensors);
  const start = ((cursor.position + alignment - 1n) / alignment) * alignment;
  return {
    version,
    metadata: Object.fromEntries(metadata),
    tensors: placed(infos, start, alignment, source.sizeBytes),
  };
}

interface Info {
  name: string;
  type: string;
  shape: number[];
  offset: bigint;
  sizeBytes: bigint;
}

function readTable(cursor: Cursor, count: bigint): Info[] {
  const infos: Info[] = [];
  const names = new Set<string>();
  for (let index = 0n; index < count; index++) {
    const tensor = name(cursor, "the name of a tensor");
    if (names.has(tensor)) throw new FileFormatError(`tensor ${quoted(tensor)} is listed twice`);
    names.add(tensor);
    const nDims = cursor.u32(`the rank of ${quoted(tensor)}`);
    if (nDims > MOST_DIMS)
      throw new FileFormatError(`tensor ${quoted(tensor)} has ${nDims} dimensions: expected at most ${MOST_DIMS}`);
    const dims: bigint[] = [];
    for (let dim = 0; dim < nDims; dim++) dims.push(cursor.u64(`the shape of ${quoted(tensor)}`));
    const number = cursor.u32(`the type of ${quoted(tensor)}`);
    const type = GGML_TYPES.get(number);
    if (!type) throw new FileFormatError(`tensor ${quoted(tensor)} has the unknown type ${number}`);
    const elements = BigInt(type.elements);
    if ((dims[0] ?? 1n) % elements !== 0n) {
      throw new FileFormatError(
        `rows of ${dims[0]} elements do not fit into blocks of ${type.elements} (${type.name}, ${quoted(tensor)})`,
      );
    }
    infos.push({
      name: tensor,
      type: type.name,
      shape: dims.map((size) => exactSize(size, `a size of ${quoted(tensor)}`)).reverse(),
      offset: cursor.u64(`the offset of ${quoted(tensor)}`),
      sizeBytes: (product(dims) / elements) * BigInt(type.bytes),
    });
  }
  return infos;
}

function placed(infos: readonly Info[], start: bigint, alignment: bigint, fileBytes: number): GgufTensor[] {
  let end = 0n;
  let before = "";
  for (const { name: tensor, offset, sizeBytes } of [...infos].sort((a, b) =>
    a.offset < b.offset ? -1 : a.offset > b.offset ? 1 : 0,
  )) {
    if (offset % alignment !== 0n)
      throw new FileFormatError(`tensor ${quoted(tensor)} begins at ${offset}, no multiple of ${alignment}`);
    if (offset < end) throw new FileFormatError(`tensors ${quoted(before)} and ${quoted(tensor)} overlap`);
    end = offset + sizeBytes;
    before = tensor;
    if (start + end > BigInt(fileBytes)) {
      throw new FileFormatError(
        `tensor ${quoted(tensor)} ends at byte ${start + end}, but the file has ${fileBytes} bytes`,
      );
    }
  }
  return infos.map(({ offset, sizeBytes, ...rest }) => ({
    ...rest,
    position: Number(start + offset),
    sizeBytes: Number(sizeBytes),
  }));
}

function alignmentOf(shown: string): bigint {
  const alignment = /^\d+$/.test(shown) ? BigInt(shown) : 0n;
  if (alignment < 8n || alignment > 1n << 20n || (alignment & (alignment - 1n)) !== 0n) {
    throw new FileFormatError(`general.alignment is ${shown}: expected a power of two`);
  }
  return alignment;
}

function name(cursor: Cursor, what: string): string {
  return cursor.text(cursor.u64(what), LONGEST_NAME, what);
}

const STRING = 8;
const ARRAY = 9;
const NUMBERS: Readonly<Record<number, { bytes: number; read(view: DataView): string }>> = {
  0: { bytes: 1, read: (view) => String(view.getUint8(0)) },
  1: { bytes: 1, read: (view) => String(view.getInt8(0)) },
  2: { bytes: 2, read: (view) => String(view.getUint16(0, true)) },
  3: { bytes: 2, read: (view) => String(view.getInt16(0, true)) },
  4: { bytes: 4, read: (view) => String(view.getUint32(0, true)) },
  5: { bytes: 4, read: (view) => String(view.getInt32(0, true)) },
  6: { bytes: 4, read: (view) => String(Number(view.getFloat32(0, true).toPrecision(7))) },
  7: { bytes: 1, read: (view) => (view.getUint8(0) === 0 ? "false" : "true") },
  10: { bytes: 8, read: (view) => String(view.getBigUint64(0, true)) },
  11: { bytes: 8, read: (view) => String(view.getBigInt64(0, true)) },
  12: { bytes: 8, read: (view) => String(view.getFloat64(0, true)) },
};

function value(cursor: Cursor, key: string, type: number, depth: number): string {
  const what = `the value of ${quoted(key)}`;
  const number = NUMBERS[type];
  if (number) return number.read(cursor.take(number.bytes, what));
  if (type === STRING) {
    const full = cursor.text(cursor.u64(what), LONGEST_VALUE, what);
    return full.length > SHOWN_CHARACTERS ? `${full.slice(0, SHOWN_CHARACTERS)}…` : full;
  }
  if (type === ARRAY) return list(cursor, key, depth);
  throw new FileFormatError(`${what} has the unknown type ${type}`);
}

function list(cursor: Cursor, key: string, depth: number): string {
  const what = `the list ${quoted(key)}`;
  if (depth > 3) throw new FileFormatError(`${what} nests too deeply`);
  const type = cursor.u32(what);
  const count = cursor.u64(what);
  const number = NUMBERS[type];
  const least = BigInt(number ? number.bytes : type === ARRAY ? 12 : 8);
  if (count * least > cursor.left)
    throw new FileFormatError(`${what} claims ${count} items, more than the file can hold`);
  if (number && count > SHOWN_ITEMS) {
    cursor.skip(count * least, what);
    return `[${count} numbers]`;
  }
  const shown: string[] = [];
  for (let index = 0n; index < count; index++) {
    if (index < SHOWN_ITEMS || type === ARRAY) shown.push(value(cursor, key, type, depth + 1));
    else cursor.skip(cursor.u64(what), what);
    if (shown.length > SHOWN_ITEMS) shown.length = SHOWN_ITEMS;
  }
  return count > SHOWN_ITEMS ? `[${count} items: ${shown.slice(0, 3).join(", ")}, …]` : `[${shown.join(", ")}]`;
}
