/**
 * What Python prints, on its way from the worker to the main thread: a ring in shared memory, because the worker is
 * busy with Python and can answer nothing. Order across both streams is kept. Knows nothing of requests.
 */
import { TextDecoder } from "node:util";

export type OutputStream = "stdout" | "stderr";

const STREAMS: readonly OutputStream[] = ["stdout", "stderr"];
const HEAD = 0;
const TAIL = 1;
/** 1 while the reader wants to be told about the next bytes. */
const IDLE = 2;
/** 1: whatever is written now is dropped. */
const MUTED = 3;
const WORDS = 4;
const FRAME_BYTES = 5;
const RING_BYTES = 1 << 18;
const WAIT_MS = 50;

/** The memory both ends share. */
export interface OutputChannel {
  control: Int32Array<SharedArrayBuffer>;
  ring: Uint8Array<SharedArrayBuffer>;
}

export function openOutput(): OutputChannel {
  const control = new Int32Array(new SharedArrayBuffer(WORDS * 4));
  Atomics.store(control, IDLE, 1);
  return { control, ring: new Uint8Array(new SharedArrayBuffer(RING_BYTES)) };
}

/** The worker's end. Waits when the reader is behind, so that a flood slows Python down and nothing else. */
export class OutputWriter {
  private readonly channel: OutputChannel;
  private readonly wake: () => void;
  private readonly checkInterrupt: () => void;

  constructor(channel: OutputChannel, wake: () => void, checkInterrupt: () => void) {
    this.channel = channel;
    this.wake = wake;
    this.checkInterrupt = checkInterrupt;
  }

  write(stream: OutputStream, bytes: Uint8Array): void {
    const largest = RING_BYTES / 4;
    for (let at = 0; at < bytes.length; at += largest) this.writeFrame(stream, bytes.subarray(at, at + largest));
  }

  private writeFrame(stream: OutputStream, bytes: Uint8Array): void {
    const { control, ring } = this.channel;
    if (Atomics.load(control, MUTED) === 1) return;
    const needed = FRAME_BYTES + bytes.length;
    const tail = Atomics.load(control, TAIL);
    while (RING_BYTES - used(control) < needed) {
      this.wake();
      const head = Atomics.load(control, HEAD);
      if (RING_BYTES - used(control) >= needed) break;
      Atomics.wait(control, HEAD, head, WAIT_MS);
      this.checkInterrupt();
      if (Atomics.load(control, MUTED) === 1) return;
    }
    const { length } = bytes;
    const frame = [STREAMS.indexOf(stream), length & 255, (length >> 8) & 255, (length >> 16) & 255, 0];
    copyIn(ring, tail, Uint8Array.from(frame));
    copyIn(ring, tail + FRAME_BYTES, bytes);
    Atomics.store(control, TAIL, (tail + needed) | 0);
    const isUrgent = used(control) > RING_BYTES / 2;
    if (Atomics.exchange(control, IDLE, 0) === 1 || isUrgent) this.wake();
  }
}

/** The main thread's end. */
export class OutputReader {
  private readonly channel: OutputChannel;
  private decoders = newDecoders();

  constructor(channel: OutputChannel) {
    this.channel = channel;
  }

  /** Hands over what has arrived, as text that never splits a character, neighbours of one stream joined. */
  drain(deliver: (stream: OutputStream, text: string) => void): void {
    const { control, ring } = this.channel;
    Atomics.store(control, IDLE, 1);
    let pending: { stream: OutputStream; text: string } | null = null;
    let head = Atomics.load(control, HEAD);
    while (head !== Atomics.load(control, TAIL)) {
      const frame = copyOut(ring, head, FRAME_BYTES);
      const stream = STREAMS[frame[0]] ?? "stdout";
      const length = frame[1] | (frame[2] << 8) | (frame[3] << 16);
      const text = this.decoders[stream].decode(copyOut(ring, head + FRAME_BYTES, length), { stream: true });
      head = (head + FRAME_BYTES + length) | 0;
      Atomics.store(control, HEAD, head);
      Atomics.notify(control, HEAD);
      if (pending && pending.stream !== stream) {
        deliver(pending.stream, pending.text);
        pending = null;
      }
      if (pending) pending.text += text;
      else pending = { stream, text };
    }
    if (pending && pending.text !== "") deliver(pending.stream, pending.text);
  }

  mute(isMuted: boolean): void {
    Atomics.store(this.channel.control, MUTED, isMuted ? 1 : 0);
  }

  /** Half a character of an earlier request must not meet the next one. */
  startOver(): void {
    this.decoders = newDecoders();
    this.mute(false);
  }
}

function newDecoders(): Record<OutputStream, TextDecoder> {
  return { stdout: new TextDecoder(), stderr: new TextDecoder() };
}

function used(control: Int32Array): number {
  return (Atomics.load(control, TAIL) - Atomics.load(control, HEAD)) | 0;
}

function copyIn(ring: Uint8Array, at: number, bytes: Uint8Array): void {
  const start = (at >>> 0) % RING_BYTES;
  const first = Math.min(bytes.length, RING_BYTES - start);
  ring.set(bytes.subarray(0, first), start);
  ring.set(bytes.subarray(first), 0);
}

/** A copy in memory of its own: TextDecoder refuses shared memory. */
function copyOut(ring: Uint8Array, at: number, length: number): Uint8Array {
  const start = (at >>> 0) % RING_BYTES;
  const first = Math.min(length, RING_BYTES - start);
  const bytes = new Uint8Array(length);
  bytes.set(ring.subarray(start, start + first));
  bytes.set(ring.subarray(0, length - first), first);
  return bytes;
}
