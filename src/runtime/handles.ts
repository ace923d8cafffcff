/** The table behind Python's tensors: small integers in, tensors out. Python owns a tensor through its handle. */
import { RuntimeError } from "./errors.ts";
import type { Tensor } from "./tensor.ts";

const table: (Tensor | null)[] = [null];
const unused: number[] = [];
let live = 0;

export function get(handle: number): Tensor {
  const t = table[handle];
  if (!t) throw new RuntimeError(`a tensor of an earlier run is used (handle ${handle})`);
  return t;
}

export const getOrNull = (handle: number): Tensor | null => (handle === 0 ? null : get(handle));

/** A handle for Python to own. Whoever gets one for a tensor that has one already gives it back as often. */
export function put(t: Tensor): number {
  t.handleRefs++;
  if (t.handle === 0) {
    t.retain();
    t.handle = unused.length ? unused.pop()! : table.length;
    table[t.handle] = t;
    live++;
  }
  return t.handle;
}

export function drop(handle: number): void {
  const t = table[handle];
  if (!t || --t.handleRefs > 0) return;
  table[handle] = null;
  unused.push(handle);
  live--;
  t.handle = 0;
  t.release();
}

export const liveHandles = (): number => live;

/** Every tensor that Python holds. */
export function* allTensors(): Iterable<Tensor> {
  for (const t of table) if (t) yield t;
}

/** Forget everything: the interpreter that held the handles is gone. */
export function dropAll(): void {
  for (let h = 1; h < table.length; h++) {
    const t = table[h];
    if (!t) continue;
    t.handleRefs = 0;
    t.handle = 0;
    t.release();
  }
  table.length = 1;
  unused.length = 0;
  live = 0;
}
