/**
 * Calls into native code of others, which nobody can interrupt: a thread that is ended inside of one takes the process with it as
 * soon as that code comes back and finds no JavaScript. So whoever ends a worker asks here first, and a worker that is to end
 * stays where it is. Two words of shared memory; without them (no worker) calls are what they are.
 */

const IS_INSIDE = 0;
const IS_ENDING = 1;

export type ForeignWords = Int32Array<SharedArrayBuffer>;

export const newForeignWords = (): ForeignWords => new Int32Array(new SharedArrayBuffer(8));

let words: ForeignWords | null = null;

/** The worker's own. */
export function useForeignWords(own: ForeignWords): void {
  words = own;
}

export function foreign<T>(call: () => T): T {
  if (!words) return call();
  // Either this thread sees that it is to end, or who ends it sees it inside.
  Atomics.store(words, IS_INSIDE, 1);
  stayIfEnding(words);
  try {
    return call();
  } finally {
    Atomics.store(words, IS_INSIDE, 0);
    stayIfEnding(words);
  }
}

/** Until the thread is ended: here that does no harm. */
function stayIfEnding(own: ForeignWords): void {
  if (Atomics.load(own, IS_ENDING) === 0) return;
  Atomics.store(own, IS_INSIDE, 0);
  Atomics.wait(own, IS_ENDING, 1);
}

export const isInside = (of: ForeignWords): boolean => Atomics.load(of, IS_INSIDE) === 1;

/** It is gone, by itself. */
export const markGone = (of: ForeignWords): void => void Atomics.store(of, IS_INSIDE, 0);

/** Its next call will not begin. Can it be ended now? */
export function mayEnd(of: ForeignWords): boolean {
  Atomics.store(of, IS_ENDING, 1);
  return !isInside(of);
}
