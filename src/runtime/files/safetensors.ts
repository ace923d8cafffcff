/**
 * safetensors files: eight bytes of length, a header in JSON, then the tensors without gaps. The header is checked before
 * anything is believed: no name twice, no hole, no overlap, nothing behind the last tensor. Data is not touched here.
 */
import { elementBytes, SAFETENSORS_TYPES } from "./element_types.ts";
import { parseStrictJson, type JsonValue } from "./strict_json.ts";
import { type ByteSource, exactSize, FileFormatError, product, quoted, readPart, text } from "./source.ts";

export interface SafetensorsEntry {
  name: string;
  /** PyTorch's name of the element type. */
  dtype: string;
  shape: number[];
  /** In bytes from the beginning of the file. */
  position: number;
  sizeBytes: number;
}

export interface SafetensorsFile {
  metadata: Record<string, string>;
  /** In the order of their data. */
  tensors: SafetensorsEntry[];
  headerBytes: number;
}

const MOST_HEADER_BYTES = 100_000_000n;
const METADATA = "__metadata__";

const torchNames = new Map([...SAFETENSORS_TYPES].map(([written, name]) => [name, written]));

export function isSafetensors(head: Uint8Array, fileBytes: number): boolean {
  if (head.length < 9) return false;
  const length = new DataView(head.buffer, head.byteOffset).getBigUint64(0, true);
  return head[8] === 0x7b && length > 1n && length + 8n <= BigInt(fileBytes);
}

export function readSafetensors(source: ByteSource): SafetensorsFile {
  if (source.sizeBytes < 8)
    throw new FileFormatError(`a safetensors file has at least 8 bytes, this one ${source.sizeBytes}`);
  const length = new DataView(readPart(source, 0n, 8n, "the header's length").buffer).getBigUint64(0, true);
  if (length > MOST_HEADER_BYTES) {
    throw new FileFormatError(`the header claims ${length} bytes: expected at most ${MOST_HEADER_BYTES}`);
  }
  const bytes = readPart(source, 8n, length, "the header");
  if (bytes[0] !== 0x7b) throw new FileFormatError("the header does not begin with '{'");
  const header = parseStrictJson(text(bytes, "the header"), "the header");
  if (!(header instanceof Map)) throw new FileFormatError("the header is no JSON object");
  let metadata: Record<string, string> = {};
  const tensors: SafetensorsEntry[] = [];
  const start = 8n + length;
  for (const [name, value] of header) {
    if (name === METADATA) metadata = readMetadata(value);
    else tensors.push(readEntry(name, value, start, source.sizeBytes));
  }
  tensors.sort((a, b) => a.position - b.position || a.sizeBytes - b.sizeBytes);
  requireSeamless(tensors, Number(start), source.sizeBytes);
  return { metadata, tensors, headerBytes: Number(length) };
}

function readMetadata(value: JsonValue): Record<string, string> {
  if (!(value instanceof Map)) throw new FileFormatError(`${METADATA} is no JSON object`);
  for (const [key, item] of value) {
    if (typeof item !== "string") throw new FileFormatError(`the metadata ${quoted(key)} is no text`);
  }
  return Object.fromEntries(value as Map<string, string>);
}

function readEntry(name: string, value: JsonValue, start: bigint, fileBytes: number): SafetensorsEntry {
  if (!(value instanceof Map)) throw new FileFormatError(`tensor ${quoted(name)} is no JSON object`);
  for (const key of value.keys()) {
    if (key !== "dtype" && key !== "shape" && key !== "data_offsets") {
      throw new FileFormatError(`tensor ${quoted(name)} has an unknown field ${quoted(key)}`);
    }
  }
  const written = value.get("dtype");
  const dtype = typeof written === "string" ? SAFETENSORS_TYPES.get(written) : undefined;
  if (dtype === undefined)
    throw new FileFormatError(`tensor ${quoted(name)} has the unknown dtype ${quoted(String(written))}`);
  const shape = integers(value.get("shape"), `the shape of ${quoted(name)}`);
  const offsets = integers(value.get("data_offsets"), `the data_offsets of ${quoted(name)}`);
  const [from, to] = offsets;
  if (offsets.length !== 2 || from! > to!) {
    throw new FileFormatError(`tensor ${quoted(name)} has the data_offsets [${offsets.join(", ")}]`);
  }
  const needed = product(shape) * BigInt(elementBytes(dtype));
  if (to! - from! !== needed) {
    throw new FileFormatError(
      `tensor ${quoted(name)} of ${dtype}[${shape.join(", ")}] needs ${needed} bytes, but its data_offsets give ${to! - from!}`,
    );
  }
  if (start + to! > BigInt(fileBytes)) {
    throw new FileFormatError(
      `tensor ${quoted(name)} ends at byte ${start + to!}, but the file has ${fileBytes} bytes`,
      "the file was perhaps cut off while it was copied",
    );
  }
  return {
    name,
    dtype,
    shape: shape.map((size) => exactSize(size, `a size of ${quoted(name)}`)),
    position: Number(start + from!),
    sizeBytes: Number(needed),
  };
}

function integers(value: JsonValue | undefined, what: string): bigint[] {
  if (!Array.isArray(value)) throw new FileFormatError(`${what} is no list`);
  return value.map((item) => {
    if (typeof item !== "bigint" || item < 0n)
      throw new FileFormatError(`${what} holds ${String(item)}: expected whole numbers`);
    return item;
  });
}

function requireSeamless(tensors: readonly SafetensorsEntry[], start: number, fileBytes: number): void {
  let end = start;
  let before = "";
  for (const { name, position, sizeBytes } of tensors) {
    if (position < end) throw new FileFormatError(`tensors ${quoted(before)} and ${quoted(name)} overlap`);
    if (position > end)
      throw new FileFormatError(`${position - end} bytes before tensor ${quoted(name)} belong to no tensor`);
    end = position + sizeBytes;
    before = name;
  }
  if (end !== fileBytes) throw new FileFormatError(`${fileBytes - end} bytes at the end belong to no tensor`);
}

/** The header for tensors that are written in this order, padded so that the data begins at a multiple of 8. */
export function safetensorsHeader(
  tensors: readonly { name: string; dtype: string; shape: readonly number[] }[],
  metadata: Record<string, string> | null,
): string {
  const entries: string[] = [];
  if (metadata !== null) entries.push(`${JSON.stringify(METADATA)}:${JSON.stringify(metadata)}`);
  let offset = 0n;
  for (const { name, dtype, shape } of tensors) {
    const written = torchNames.get(dtype);
    if (written === undefined)
      throw new FileFormatError(`tensor ${quoted(name)}: safetensors has no dtype for ${dtype}`);
    if (name === METADATA) throw new FileFormatError(`a tensor cannot be named ${METADATA}`);
    const end = offset + product(shape) * BigInt(elementBytes(dtype));
    const value = `{"dtype":"${written}","shape":[${shape.join(",")}],"data_offsets":[${offset},${end}]}`;
    entries.push(`${JSON.stringify(name)}:${value}`);
    offset = end;
  }
  const json = `{${entries.join(",")}}`;
  const length = new TextEncoder().encode(json).length;
  return json + " ".repeat((8 - (length % 8)) % 8);
}
