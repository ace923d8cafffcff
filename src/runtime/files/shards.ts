/** The index of a checkpoint in several files, `*.index.json`: which file holds which tensor. */
import { type ByteSource, FileFormatError, quoted, readPart, text } from "./source.ts";
import { type JsonValue, parseStrictJson } from "./strict_json.ts";

export interface ShardIndex {
  metadata: Record<string, string>;
  /** Names of tensors by the file that should hold them, in the order of first mention. */
  files: Map<string, string[]>;
}

const MOST_BYTES = 64n * 1024n ** 2n;

export function readShardIndex(source: ByteSource): ShardIndex {
  const length = BigInt(source.sizeBytes);
  if (length > MOST_BYTES) throw new FileFormatError(`the index has ${length} bytes: expected at most ${MOST_BYTES}`);
  const index = parseStrictJson(text(readPart(source, 0n, length, "the index"), "the index"), "the index");
  const map = index instanceof Map ? index.get("weight_map") : undefined;
  if (!(map instanceof Map)) throw new FileFormatError("this is no index of a checkpoint: it has no weight_map");
  const files = new Map<string, string[]>();
  for (const [name, file] of map) {
    if (typeof file !== "string") throw new FileFormatError(`the file of tensor ${quoted(name)} is no text`);
    const names = files.get(file);
    if (names) names.push(name);
    else files.set(file, [name]);
  }
  const metadata = (index as Map<string, JsonValue>).get("metadata");
  return { metadata: metadata instanceof Map ? shown(metadata) : {}, files };
}

function shown(metadata: ReadonlyMap<string, JsonValue>): Record<string, string> {
  const entries = [...metadata].map(([key, value]): [string, string] => [
    key,
    value === null || typeof value !== "object" ? String(value) : "…",
  ]);
  return Object.fromEntries(entries);
}
