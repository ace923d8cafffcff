/**
 * The word by which the main thread interrupts Python. Python reads it and then writes 0 over it, whatever it read: a
 * signal that arrives in between would be lost. Here reading takes the signal, in one step, and that write does nothing.
 */
export class SignalWord {
  private readonly word: Int32Array;

  constructor(word: Int32Array) {
    this.word = word;
  }

  get 0(): number {
    return Atomics.exchange(this.word, 0, 0);
  }

  set 0(_: number) {}
}
