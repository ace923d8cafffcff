/**
 * What a program may ask of the libraries behind matrix products and convolutions: precision, determinism. Kept apart from
 * the GPUs, since programs set them before one is used; every run begins with PyTorch's defaults.
 */

const DEFAULTS = {
  /** torch.backends.cuda.matmul: float32 products may round their factors to TF32. */
  matmulTf32: false,
  /** torch.backends.cudnn.conv: the same for convolutions. */
  convolutionTf32: true,
  cudnnEnabled: true,
  cudnnBenchmark: false,
  cudnnDeterministic: false,
};

export type Switch = keyof typeof DEFAULTS;

export const switches: Record<Switch, boolean> = { ...DEFAULTS };

/** Called with each switch that changes; engines that keep a copy register here. */
export const switchListeners: ((name: Switch, on: boolean) => void)[] = [];

export function setSwitch(name: Switch, on: boolean): void {
  if (!(name in switches)) throw new Error(`there is no switch '${name}'`);
  if (switches[name] === on) return;
  switches[name] = on;
  for (const listener of switchListeners) listener(name, on);
}

export function resetSwitches(): void {
  for (const [name, on] of Object.entries(DEFAULTS)) setSwitch(name as Switch, on);
}
