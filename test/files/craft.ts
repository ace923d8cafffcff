/** Builds files byte by byte, for tests of readers: right ones, and ones that lie. */
import { crc32, deflateRawSync } from "node:zlib";
import { MemorySource } from "../../src/runtime/files/source.ts";
import { ZipWriter } from "../../src/runtime/files/zip_write.ts";

export const bytesOf = (...parts: (string | number[] | Uint8Array)[]): Uint8Array =>
  new Uint8Array(parts.flatMap((part) => (typeof part === "string" ? [...Buffer.from(part, "latin1")] : [...part])));

export function integer(value: number | bigint, width: 1 | 2 | 4 | 8): Uint8Array {
  const bytes = new Uint8Array(width);
  for (let i = 0; i < width; i++) bytes[i] = Number((BigInt(value) >> BigInt(8 * i)) & 255n);
  return bytes;
}

export const u16 = (value: number): Uint8Array => integer(value, 2);
export const u32 = (value: number): Uint8Array => integer(value, 4);
export const u64 = (value: number | bigint): Uint8Array => integer(value, 8);

export const source = (...parts: Parameters<typeof bytesOf>): MemorySource => new MemorySource(bytesOf(...parts));

/** A safetensors file: the header as text or as an object, then so many bytes of data. */
export function safetensors(header: string | object, dataBytes: number): Uint8Array {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  return bytesOf(u64(json.length), json, new Uint8Array(dataBytes));
}

/** An archive as torch.save lays it out. */
export function archive(members: Record<string, Uint8Array>): Uint8Array {
  const pieces: Uint8Array[] = [];
  const writer = new ZipWriter((bytes) => void pieces.push(bytes.slice()));
  for (const [name, bytes] of Object.entries(members)) writer.addBytes(name, bytes);
  writer.finish();
  return bytesOf(...pieces);
}

/** A checkpoint whose pickle is given as text (one character a byte), with storages of so many bytes. */
export function checkpoint(pickle: string, storages: Record<string, number> = {}): Uint8Array {
  const members: Record<string, Uint8Array> = { "a/data.pkl": bytesOf(pickle) };
  for (const [key, size] of Object.entries(storages)) members[`a/data/${key}`] = new Uint8Array(size);
  return archive(members);
}

export interface Member {
  name: string;
  data: Uint8Array;
  method?: number;
  crc?: number;
  /** What its own head and the directory say; default: the truth. */
  localName?: string;
  claimed?: number;
  flags?: number;
}

/** An archive in which everything can be wrong. `shift` moves the directory's idea of where heads are. */
export function anyZip(
  members: readonly Member[],
  lies: { count?: number; shift?: number; size?: number } = {},
): Uint8Array {
  const pieces: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let position = 0;
  for (const { name, data, method = 0, crc = crc32(data), localName = name, claimed, flags = 0 } of members) {
    const packed = method === 8 ? deflateRawSync(data) : data;
    const sizes = bytesOf(u32(crc), u32(packed.length), u32(claimed ?? data.length));
    const head = bytesOf(
      u32(0x04034b50),
      u16(0),
      u16(flags),
      u16(method),
      u32(0),
      sizes,
      u16(localName.length),
      u16(0),
      localName,
    );
    directory.push(
      bytesOf(
        u32(0x02014b50),
        u16(0),
        u16(0),
        u16(flags),
        u16(method),
        u32(0),
        sizes,
        u16(name.length),
        new Uint8Array(12),
      ),
      bytesOf(u32(position + (lies.shift ?? 0)), name),
    );
    pieces.push(head, packed);
    position += head.length + packed.length;
  }
  const list = bytesOf(...directory);
  const count = lies.count ?? members.length;
  const size = lies.size ?? list.length;
  return bytesOf(...pieces, list, u32(0x06054b50), u32(0), u16(count), u16(count), u32(size), u32(position), u16(0));
}

/** GGUF's texts. */
export const text = (value: string): Uint8Array => bytesOf(u64(value.length), value);

export function gguf(
  values: Uint8Array[],
  tensors: Uint8Array[],
  dataBytes: number,
  lies: { tensors?: bigint; values?: bigint } = {},
): Uint8Array {
  const head = bytesOf(
    "GGUF",
    u32(3),
    u64(lies.tensors ?? tensors.length),
    u64(lies.values ?? values.length),
    ...values,
    ...tensors,
  );
  return bytesOf(head, new Uint8Array((32 - (head.length % 32)) % 32), new Uint8Array(dataBytes));
}

export const ggufTensor = (
  name: string,
  dims: (number | bigint)[],
  type: number,
  offset: number | bigint,
): Uint8Array => bytesOf(text(name), u32(dims.length), ...dims.map((size) => u64(size)), u32(type), u64(offset));

/** A protobuf field that holds bytes. */
export const field = (number: number, content: string | Uint8Array): Uint8Array => {
  const bytes = typeof content === "string" ? bytesOf(content) : content;
  return bytesOf(varint((number << 3) | 2), varint(bytes.length), bytes);
};
export const numberField = (number: number, value: number | bigint): Uint8Array =>
  bytesOf(varint(number << 3), varint(value));

export function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return new Uint8Array(bytes);
}
