/**
 * What the tape asks Python while a graph is built or run: hooks around saved tensors, and the forward traceback and NaN
 * checks of anomaly mode. Nothing is asked unless a script switched it on.
 */
import { python } from "../bridge.ts";
import { get, put, drop } from "../handles.ts";
import { RuntimeError } from "../errors.ts";
import { deadHooks, type Tensor } from "../tensor.ts";
import { anomaly, savedHooks } from "./watched.ts";

const stack: { pack: number; unpack: number }[] = [];

savedHooks.pack = (t) => {
  const { pack, unpack } = stack[stack.length - 1]!;
  return python().callPython("torch._C:_pack_saved", pack, unpack, put(t)) as number;
};

savedHooks.unpack = (id) => {
  const handle = python().callPython("torch._C:_unpack_saved", id) as number;
  const t = get(handle);
  t.retain();
  drop(handle);
  return t;
};

savedHooks.forget = (id) => void deadHooks.push(id);

anomaly.trace = () => python().callPython("torch._C:_forward_traceback") as number;
anomaly.forget = (id) => void deadHooks.push(id);
anomaly.report = (name, trace) => void python().callPython("torch._C:_report_anomaly", name, trace);

/** Set by ops/reduce.ts: does a floating tensor hold a NaN? Waits for it. */
export const nanTest = { any: (_t: Tensor): boolean => false };

anomaly.check = (name, grads) => {
  grads.forEach((grad, i) => {
    if (!grad || grad.dtype.kind !== "float" || grad.isMeta || !nanTest.any(grad)) return;
    throw new RuntimeError(`Function '${name}' returned nan values in its ${i}th output.`);
  });
};

export const watchingFunctions = {
  push_saved_hooks: (pack: number, unpack: number): void => {
    stack.push({ pack, unpack });
    savedHooks.isActive = true;
  },
  pop_saved_hooks: (): void => {
    stack.pop();
    savedHooks.isActive = stack.length > 0;
  },
  set_anomaly: (isOn: boolean, checksNan: boolean): void => {
    anomaly.isOn = isOn;
    anomaly.checksNan = checksNan;
  },
};

/** The interpreter that installed them is gone. */
export function forgetWatching(): void {
  stack.length = 0;
  savedHooks.isActive = false;
  anomaly.isOn = false;
}
