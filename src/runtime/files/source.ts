/**
 * What a reader reads from: bytes at positions, of a length known beforehand. Everything a file says about lengths is
 * compared with that length, in BigInt, before a byte is allocated. Knows no format.
 */
import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync } from "node:fs";
import process from "node:process";

/** A file that is not what it should be: one sentence, without the name of the file. */
export class FileFormatError extends Error {
  readonly hint: string | undefined;
  constructor(message: string, hint?: string) {
    super(message);
    this.name = "FileFormatError";
    this.hint = hint;
  }
}

export interface ByteSource {
  readonly sizeBytes: number;
  /** Fills `target`. The caller has checked that the file is long enough. */
  read(position: number, target: Uint8Array): void;
  /** Where in an open file of the host a position lies, for sources that are one. */
  hostPlace?(position: number): HostPlace | null;
  close?(): void;
}

export interface HostPlace {
  descriptor: number;
  position: number;
}

/** Throws unless `length` bytes stand at `position`. */
export function requireRange(source: ByteSource, position: bigint, length: bigint, what: string): void {
  if (position < 0n || length < 0n || position + length > BigInt(source.sizeBytes)) {
    throw new FileFormatError(
      `${what} should take ${length} bytes from ${position} on, but the file has ${source.sizeBytes} bytes`,
    );
  }
}

/** The bytes of a part that is read as a whole. */
export function readPart(source: ByteSource, position: bigint, length: bigint, what: string): Uint8Array {
  requireRange(source, position, length, what);
  const part = new Uint8Array(Number(length));
  source.read(Number(position), part);
  return part;
}

export class MemorySource implements ByteSource {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  get sizeBytes(): number {
    return this.bytes.length;
  }
  read(position: number, target: Uint8Array): void {
    const part = this.bytes.subarray(position, position + target.length);
    if (part.length < target.length) throw new FileFormatError("the file ends early");
    target.set(part);
  }
}

const NO_WAIT = constants.O_NONBLOCK ?? 0;
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
/** readSync takes lengths below 2^31. */
const MOST_AT_ONCE = 1 << 30;

/** A file of the host, opened for reading only. */
export class HostSource implements ByteSource {
  readonly sizeBytes: number;
  private readonly descriptor: number;

  constructor(path: string, options: { followLinks: boolean } = { followLinks: true }) {
    this.descriptor = openSync(path, constants.O_RDONLY | NO_WAIT | (options.followLinks ? 0 : NO_FOLLOW));
    const status = fstatSync(this.descriptor);
    if (!status.isFile()) {
      closeSync(this.descriptor);
      throw new FileFormatError(status.isDirectory() ? "this is a folder: expected a file" : "this is no regular file");
    }
    this.sizeBytes = status.size;
  }

  read(position: number, target: Uint8Array): void {
    let done = 0;
    while (done < target.length) {
      const wanted = Math.min(target.length - done, MOST_AT_ONCE);
      const got = readSync(this.descriptor, target, done, wanted, position + done);
      if (got === 0) throw new FileFormatError("the file became shorter while it was read");
      done += got;
    }
  }

  /** Where the opened file really lies, where the system can say so. */
  place(): string | null {
    return process.platform === "linux" ? readlinkSync(`/proc/self/fd/${this.descriptor}`) : null;
  }

  hostPlace(position: number): HostPlace {
    return { descriptor: this.descriptor, position };
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** A part of a source as a source of its own, such as one member of an archive. */
export class PartSource implements ByteSource {
  readonly sizeBytes: number;
  private readonly whole: ByteSource;
  private readonly start: number;
  constructor(whole: ByteSource, start: bigint, length: bigint, what: string) {
    requireRange(whole, start, length, what);
    this.whole = whole;
    this.start = Number(start);
    this.sizeBytes = Number(length);
  }
  read(position: number, target: Uint8Array): void {
    if (position + target.length > this.sizeBytes) throw new FileFormatError("this part of the file ends early");
    this.whole.read(this.start + position, target);
  }
  hostPlace(position: number): HostPlace | null {
    return this.whole.hostPlace?.(this.start + position) ?? null;
  }
}

/** Product of sizes, exact. */
export function product(sizes: readonly (number | bigint)[]): bigint {
  let result = 1n;
  for (const size of sizes) result *= BigInt(size);
  return result;
}

/** A size as a number; PyTorch counts in int64, JavaScript exactly up to 2^53. */
export function exactSize(value: bigint, what: string): number {
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) throw new FileFormatError(`${what} is ${value}`);
  return Number(value);
}

/** Runs `body` on pieces of a range, each in a buffer that the next call overwrites. */
export function eachPiece(
  source: ByteSource,
  position: number,
  length: number,
  body: (piece: Uint8Array, offset: number) => void,
): void {
  const buffer = new Uint8Array(Math.min(length, PIECE_BYTES));
  for (let offset = 0; offset < length; offset += PIECE_BYTES) {
    const piece = buffer.subarray(0, Math.min(PIECE_BYTES, length - offset));
    source.read(position + offset, piece);
    body(piece, offset);
  }
}

/** Small enough to stay in the cache between reading, checking and copying. */
export const PIECE_BYTES = 1 << 20;

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8, or an error that says where it stood. */
export function text(bytes: Uint8Array, what: string): string {
  try {
    return strict.decode(bytes);
  } catch {
    throw new FileFormatError(`${what} is not valid UTF-8`);
  }
}

/** A name as it may stand in a message: one line, not endless. */
export const quoted = (name: string): string => `'${printable(name)}'`;

/** The same without quotes. */
export function printable(name: string): string {
  const shown = name.length > 120 ? `${name.slice(0, 120)}…` : name;
  return shown.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "?");
}
