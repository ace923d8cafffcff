/** Reads a source from front to back through a small window: for headers that say where they end only as they go. */
import { type ByteSource, FileFormatError, requireRange, text } from "./source.ts";

const WINDOW_BYTES = 1 << 16;

export class Cursor {
  position: bigint;
  readonly end: bigint;
  private readonly source: ByteSource;
  private window = new Uint8Array();
  private windowStart = 0n;

  constructor(source: ByteSource, position = 0n, end = BigInt(source.sizeBytes)) {
    this.source = source;
    this.position = position;
    this.end = end;
  }

  get isAtEnd(): boolean {
    return this.position >= this.end;
  }

  get left(): bigint {
    return this.end - this.position;
  }

  /** A view of the next bytes, good until the next call. */
  take(count: number, what: string): DataView {
    if (BigInt(count) > this.left) throw new FileFormatError(`${what} ends early, at byte ${this.position}`);
    let from = Number(this.position - this.windowStart);
    if (from < 0 || from + count > this.window.length) {
      this.load(count, what);
      from = 0;
    }
    this.position += BigInt(count);
    return new DataView(this.window.buffer, from, count);
  }

  skip(count: bigint, what: string): void {
    if (count > this.left)
      throw new FileFormatError(`${what} ends early: ${count} bytes from ${this.position} on are not there`);
    this.position += count;
  }

  u8(what: string): number {
    return this.take(1, what).getUint8(0);
  }
  u32(what: string): number {
    return this.take(4, what).getUint32(0, true);
  }
  u64(what: string): bigint {
    return this.take(8, what).getBigUint64(0, true);
  }

  text(length: bigint, most: number, what: string): string {
    if (length > BigInt(most)) throw new FileFormatError(`${what} has ${length} bytes: expected at most ${most}`);
    const view = this.take(Number(length), what);
    return text(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), what);
  }

  private load(count: number, what: string): void {
    const length = Math.max(count, Math.min(WINDOW_BYTES, Number(this.left)));
    requireRange(this.source, this.position, BigInt(length), what);
    this.window = new Uint8Array(length);
    this.source.read(Number(this.position), this.window);
    this.windowStart = this.position;
  }
}
