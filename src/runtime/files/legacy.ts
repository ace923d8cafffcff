/**
 * PyTorch's checkpoints from before 1.6 (or with _use_new_zipfile_serialization=False): five pickles in a row, then
 * the storages. Views of storages within storages, a feature of 0.1, are refused.
 */
import { type Checkpoint, ordered } from "./checkpoint.ts";
import { CheckpointRules, type RuleOptions, storageType } from "./pickle/rules.ts";
import { unpickle } from "./pickle/machine.ts";
import { DictValue, GlobalValue, ListValue, StorageValue, TupleValue, type Value } from "./pickle/values.ts";
import {
  type ByteSource,
  eachPiece,
  exactSize,
  FileFormatError,
  PartSource,
  quoted,
  readPart,
  requireRange,
} from "./source.ts";
import { elementBytes } from "./element_types.ts";

const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001n;
/** The head: a pickle of protocol 2 with LONG1 of ten bytes. */
const HEAD = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];
const MOST_PICKLE_BYTES = 64 * 1024 ** 2;

export function isLegacyCheckpoint(head: Uint8Array): boolean {
  return HEAD.every((byte, index) => head[index] === byte);
}

export function readLegacyCheckpoint(source: ByteSource, options: Omit<RuleOptions, "storageBytes"> = {}): Checkpoint {
  // The pickles stand before the data and nothing says how long they are.
  const length = Math.min(source.sizeBytes, MOST_PICKLE_BYTES);
  const bytes = readPart(source, 0n, BigInt(length), "the pickles");
  const rules = new LegacyRules(options);
  const magic = unpickle(bytes, rules);
  if (magic.value !== MAGIC) throw new FileFormatError("Invalid magic number; corrupt file?");
  const protocol = unpickle(bytes, rules, magic.end);
  if (protocol.value !== PROTOCOL) throw new FileFormatError("Invalid protocol version");
  const system = unpickle(bytes, rules, protocol.end);
  const isLittle = isLittleEndian(system.value);
  const content = unpickle(bytes, rules, system.end);
  const keys = unpickle(bytes, rules, content.end);
  const positions = locate(source, keys.value, keys.end, rules.storages);
  const positionOf = (storage: StorageValue): number => {
    const from = positions.get(storage.key);
    if (from === undefined) throw new FileFormatError(`the file has no data for storage ${quoted(storage.key)}`);
    return from;
  };
  return {
    kind: "legacy",
    version: "legacy",
    byteOrder: isLittle ? "little" : "big",
    value: content.value,
    storages: rules.storages,
    strangers: rules.strangers,
    readStorage: (storage, body) => {
      eachPiece(source, positionOf(storage), storage.sizeBytes, ordered(storage, isLittle ? "little" : "big", body));
    },
    openStorage: (storage) =>
      new PartSource(source, BigInt(positionOf(storage)), BigInt(storage.sizeBytes), quoted(storage.key)),
  };
}

class LegacyRules extends CheckpointRules {
  private readonly known = new Map<string, StorageValue>();

  constructor(options: Omit<RuleOptions, "storageBytes">) {
    super({ ...options, storageBytes: () => 0 });
  }

  override persistent(id: Value): Value {
    const parts = id instanceof TupleValue ? id.items : [];
    const [word, type, key, location, count, viewed] = parts;
    // Whole modules carried the source text of their classes along; the class is what matters.
    if (word === "module" && type instanceof GlobalValue) return type;
    const isStorage = word === "storage" && type instanceof GlobalValue;
    if (!isStorage || typeof key !== "string" || typeof location !== "string" || typeof count !== "bigint") {
      throw new FileFormatError("the pickle has a persistent id that names no storage");
    }
    if (viewed !== null && viewed !== undefined) {
      throw new FileFormatError(
        `storage ${quoted(key)} is a view of another storage, which PyTorch wrote until 0.1 only`,
      );
    }
    const found = this.known.get(key);
    if (found) return found;
    const dtype = storageType(type.module, type.name);
    if (dtype === undefined) throw new FileFormatError(`${quoted(type.path)} is no class of storages`);
    const sizeBytes = exactSize(
      count * BigInt(dtype === null ? 1 : elementBytes(dtype)),
      `the size of storage ${quoted(key)}`,
    );
    const storage = this.addStorage(key, dtype, location, sizeBytes);
    this.known.set(key, storage);
    return storage;
  }
}

function isLittleEndian(system: Value): boolean {
  if (!(system instanceof DictValue)) throw new FileFormatError("the description of the writer's machine is no dict");
  const at = system.pairs.findIndex((value, index) => index % 2 === 0 && value === "little_endian");
  return at < 0 || system.pairs[at + 1] !== false;
}

/** Behind the pickles: for each key its number of elements, then the elements. */
function locate(
  source: ByteSource,
  keys: Value,
  start: number,
  storages: readonly StorageValue[],
): ReadonlyMap<string, number> {
  if (!(keys instanceof ListValue)) throw new FileFormatError("the list of storages is no list");
  const byKey = new Map(storages.map((storage) => [storage.key, storage]));
  const positions = new Map<string, number>();
  let at = BigInt(start);
  for (const key of keys.items) {
    const storage = typeof key === "string" ? byKey.get(key) : undefined;
    if (!storage) throw new FileFormatError("the list of storages names one that no tensor uses");
    if (positions.has(storage.key)) throw new FileFormatError(`storage ${quoted(storage.key)} is listed twice`);
    const head = readPart(source, at, 8n, `the length of storage ${quoted(storage.key)}`);
    const count = new DataView(head.buffer).getBigInt64(0, true);
    const width = BigInt(storage.dtype === null ? 1 : elementBytes(storage.dtype));
    if (count * width !== BigInt(storage.sizeBytes)) {
      throw new FileFormatError(
        `storage ${quoted(storage.key)} has ${count} elements, not ${BigInt(storage.sizeBytes) / width}`,
      );
    }
    requireRange(source, at + 8n, count * width, `storage ${quoted(storage.key)}`);
    positions.set(storage.key, Number(at + 8n));
    at += 8n + count * width;
  }
  return positions;
}
