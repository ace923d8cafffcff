/**
 * The few functions of the host that Python itself needs, beside those of the core. They take and give plain values.
 */

const LONGEST_WAIT_MS = 1000;

export function hostFunctions(interrupt: Int32Array | undefined, checkInterrupt: () => void): Record<string, Function> {
  const word = interrupt ?? new Int32Array(new SharedArrayBuffer(4));
  return {
    /** Sleeps until the time is over or the user cancels, which is noticed at once. */
    _sleep(milliseconds: number): number {
      const end = performance.now() + milliseconds;
      for (let left = milliseconds; left > 0; left = end - performance.now()) {
        Atomics.wait(word, 0, 0, Math.min(left, LONGEST_WAIT_MS));
        checkInterrupt();
      }
      return 0;
    },
  };
}
