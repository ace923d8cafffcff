/**
 * PyTorch's checkpoints: the zip archive of torch.save since 1.6. The archive's index and pickle are read as a whole;
 * the bytes of a storage only when they are asked for. TorchScript archives are refused by name.
 */
import { CheckpointRules, type RuleOptions } from "./pickle/rules.ts";
import { unpickle } from "./pickle/machine.ts";
import type { StorageValue, Value } from "./pickle/values.ts";
import { type ByteSource, FileFormatError, quoted, text } from "./source.ts";
import { elementBytes } from "./element_types.ts";
import { openMember, readMember, readZip, streamMember, type ZipMember } from "./zip.ts";

export type PieceReader = (piece: Uint8Array, offset: number) => void;

export interface Checkpoint {
  kind: "zip" | "legacy";
  /** "3" for the format of today. */
  version: string;
  byteOrder: "little" | "big";
  value: Value;
  storages: readonly StorageValue[];
  /** Classes that are not data; only collected when looking. */
  strangers: ReadonlySet<string>;
  /** The bytes of a storage in order, little-endian, in pieces that do not outlive the call. */
  readStorage(storage: StorageValue, body: PieceReader): void;
  /** The bytes of a storage as they stand in the file, unchecked. */
  openStorage(storage: StorageValue): ByteSource;
}

const MOST_PICKLE_BYTES = 256 * 1024 ** 2;

export function readCheckpoint(source: ByteSource, options: Omit<RuleOptions, "storageBytes"> = {}): Checkpoint {
  const members = readZip(source);
  const prefix = prefixOf(members);
  const named = (name: string): ZipMember | undefined => members.get(`${prefix}${name}`);
  if (named("constants.pkl")) {
    throw new FileFormatError(
      "this is a TorchScript archive, which holds programs: only checkpoints of torch.save are read",
      "save model.state_dict() with torch.save",
    );
  }
  const pickle = named("data.pkl")!;
  if (pickle.sizeBytes > MOST_PICKLE_BYTES) {
    throw new FileFormatError(`data.pkl has ${pickle.sizeBytes} bytes: expected at most ${MOST_PICKLE_BYTES}`);
  }
  const readText = (name: string): string | undefined => {
    const member = named(name);
    if (member && member.sizeBytes > 64) throw new FileFormatError(`${quoted(name)} has ${member.sizeBytes} bytes`);
    return member ? text(readMember(source, member), quoted(name)).trim() : undefined;
  };
  const byteOrder = readText("byteorder") ?? "little";
  if (byteOrder !== "little" && byteOrder !== "big") {
    throw new FileFormatError(`Unknown endianness type: ${quoted(byteOrder)}`);
  }
  const member = (key: string): ZipMember => {
    const found = named(`data/${key}`);
    if (!found) throw new FileFormatError(`the archive has no data for storage ${quoted(key)}`);
    return found;
  };
  const rules = new CheckpointRules({ ...options, storageBytes: (key) => member(key).sizeBytes });
  const bytes = readMember(source, pickle);
  const { value, end } = unpickle(bytes, rules);
  if (end !== bytes.length) throw new FileFormatError(`data.pkl goes on after its end, at byte ${end}`);
  return {
    kind: "zip",
    version: readText("version") ?? readText(".data/version") ?? "?",
    byteOrder,
    value,
    storages: rules.storages,
    strangers: rules.strangers,
    readStorage: (storage, body) => streamMember(source, member(storage.key), ordered(storage, byteOrder, body)),
    openStorage: (storage) => openMember(source, member(storage.key), 0),
  };
}

function prefixOf(members: ReadonlyMap<string, ZipMember>): string {
  for (const name of members.keys()) {
    const cut = name.indexOf("/");
    if (cut >= 0 && members.has(`${name.slice(0, cut + 1)}data.pkl`)) return name.slice(0, cut + 1);
  }
  throw new FileFormatError("this is a zip archive, but no checkpoint: it holds no data.pkl");
}

/** Big-endian machines write numbers as they have them. */
export function ordered(storage: StorageValue, byteOrder: "little" | "big", body: PieceReader): PieceReader {
  if (byteOrder === "little") return body;
  if (storage.dtype === null) {
    throw new FileFormatError(
      "an untyped storage was written on a big-endian machine: its numbers cannot be told apart",
    );
  }
  const isComplex = storage.dtype.startsWith("complex");
  const width = elementBytes(storage.dtype) / (isComplex ? 2 : 1);
  return (piece, offset) => {
    if (width > 1) for (let at = 0; at + width <= piece.length; at += width) piece.subarray(at, at + width).reverse();
    body(piece, offset);
  };
}
