/** Which kind of checkpoint a file is, by its first bytes, and reading it as such. */
import { type Checkpoint, readCheckpoint } from "./checkpoint.ts";
import { isLegacyCheckpoint, readLegacyCheckpoint } from "./legacy.ts";
import type { RuleOptions } from "./pickle/rules.ts";
import { type ByteSource, FileFormatError, readPart } from "./source.ts";
import { isZip } from "./zip.ts";

export function headOf(source: ByteSource, length = 64): Uint8Array {
  return readPart(source, 0n, BigInt(Math.min(length, source.sizeBytes)), "the head of the file");
}

export function openCheckpoint(source: ByteSource, options: Omit<RuleOptions, "storageBytes"> = {}): Checkpoint {
  if (source.sizeBytes === 0) throw new FileFormatError("the file is empty");
  const head = headOf(source);
  if (isZip(head)) return readCheckpoint(source, options);
  if (isLegacyCheckpoint(head)) return readLegacyCheckpoint(source, options);
  throw new FileFormatError(
    "this is no checkpoint of torch.save: it begins neither as a zip archive nor as its older format",
  );
}
