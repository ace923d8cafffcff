/** Whether ops are recorded on the tape: `torch.no_grad`, `torch.inference_mode`, and while primitives run. */

let enabled = true;

export const gradMode = {
  get enabled(): boolean {
    return enabled;
  },
  set(on: boolean): boolean {
    const before = enabled;
    enabled = on;
    return before;
  },
  without<T>(body: () => T): T {
    const before = enabled;
    enabled = false;
    try {
      return body();
    } finally {
      enabled = before;
    }
  },
};
