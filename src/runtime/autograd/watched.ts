/** Switches that the tape looks at, filled in by python_side.ts: the tape itself knows no Python. */
import type { Tensor } from "../tensor.ts";

export const savedHooks = {
  isActive: false,
  /** Hands a tensor to Python; the number stands for what Python keeps of it. */
  pack: (_t: Tensor): number => 0,
  /** The tensor that Python makes of it; the caller releases it. */
  unpack: (_id: number): Tensor => {
    throw new Error("no Python is attached");
  },
  forget: (_id: number): void => {},
};

export const anomaly = {
  isOn: false,
  checksNan: true,
  /** Keep the stack of the running Python line; its number. */
  trace: (): number => 0,
  forget: (_id: number): void => {},
  /** Warn with the stack that made a node which failed. */
  report: (_name: string, _trace: number): void => {},
  /** Throws where a gradient holds a NaN. */
  check: (_name: string, _grads: readonly (Tensor | null)[]): void => {},
};
