/**
 * Do the tensors of a call live on one device? Asked once per call, and only where a second device is in use: kernels
 * trust the addresses they are given. Knows no op by name.
 */
import { Tensor } from "./tensor.ts";
import { differentDevices } from "./transfer.ts";
import type { OpRecord } from "./op.ts";

export const placement = {
  /** Set by whoever makes a second device usable. */
  matters: false,
};

/** Throws PyTorch's words. Ops that are composed of others leave it to those. */
export function checkPlacement(record: OpRecord, args: readonly unknown[]): void {
  const { spec } = record;
  if (spec.mixesDevices || (!spec.backward && spec.differentiable !== false)) return;
  let first: Tensor | null = null;
  const check = (t: Tensor): void => {
    if (!first) first = t;
    else if (t.device !== first.device && !t.isMeta && !first.isMeta) throw differentDevices(first.device, t.device);
  };
  for (const i of record.tensorPositions) {
    const a = args[i];
    if (a instanceof Tensor) check(a);
    else if (Array.isArray(a)) for (const t of a) if (t instanceof Tensor) check(t);
  }
}
