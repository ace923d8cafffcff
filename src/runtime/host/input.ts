/**
 * What the user types, on its way from the main thread to Python: Python asks and waits, the main thread answers.
 * The wait ends at once when the run is cancelled.
 */

const STATE = 0;
const LENGTH = 1;
const ANSWERED = 1;
const CAPACITY = 1 << 16;
const WAIT_MS = 50;

export interface InputChannel {
  control: Int32Array<SharedArrayBuffer>;
  bytes: Uint8Array<SharedArrayBuffer>;
}

export function openInput(): InputChannel {
  return { control: new Int32Array(new SharedArrayBuffer(8)), bytes: new Uint8Array(new SharedArrayBuffer(CAPACITY)) };
}

/** The worker's end. */
export class InputReader {
  private readonly channel: InputChannel;
  private readonly ask: () => void;
  private readonly checkInterrupt: () => void;
  private rest = new Uint8Array(0);

  constructor(channel: InputChannel, ask: () => void, checkInterrupt: () => void) {
    this.channel = channel;
    this.ask = ask;
    this.checkInterrupt = checkInterrupt;
  }

  /** Fills the buffer with at least one byte; 0 at the end of input. */
  read(buffer: Uint8Array): number {
    if (this.rest.length === 0) this.rest = this.fetch();
    const part = this.rest.subarray(0, buffer.length);
    buffer.set(part);
    this.rest = this.rest.subarray(part.length);
    return part.length;
  }

  private fetch(): Uint8Array<ArrayBuffer> {
    const { control, bytes } = this.channel;
    Atomics.store(control, STATE, 0);
    this.ask();
    while (Atomics.load(control, STATE) !== ANSWERED) {
      Atomics.wait(control, STATE, 0, WAIT_MS);
      this.checkInterrupt();
    }
    return bytes.slice(0, Atomics.load(control, LENGTH)) as Uint8Array<ArrayBuffer>;
  }
}

/** The main thread's end: answers one question. Empty means the end of input. Gives back what did not fit. */
export function answerInput(channel: InputChannel, text: Uint8Array): Uint8Array {
  const part = text.subarray(0, CAPACITY);
  channel.bytes.set(part);
  Atomics.store(channel.control, LENGTH, part.length);
  Atomics.store(channel.control, STATE, ANSWERED);
  Atomics.notify(channel.control, STATE);
  return text.subarray(part.length);
}
