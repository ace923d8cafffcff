/** Random numbers as PyTorch's CPU generator gives them: the state lives in device memory and only kernels touch it. */
import { cpuDevice, META, type Device } from "./device.ts";
import { uint8 } from "./dtype.ts";
import { launch } from "./launch.ts";
import { empty, Scope, type Tensor } from "./tensor.ts";

/** `RandomState` of native/cpu/kernels/random.h. */
const STATE_BYTES = 5008;
/** What torch.get_rng_state() returns. */
export const SAVED_STATE_BYTES = 5056;
/** PyTorch's default seed. */
const DEFAULT_SEED = 67280421310721n;

export class Generator {
  readonly device: Device;
  readonly state: Tensor;
  initialSeed: bigint = DEFAULT_SEED;

  constructor(device: Device) {
    this.device = device;
    const mark = Scope.enter();
    this.state = empty([STATE_BYTES], uint8, device).retain();
    Scope.exit(mark);
    this.seed(DEFAULT_SEED);
  }

  seed(seed: bigint): void {
    this.initialSeed = BigInt.asUintN(64, seed);
    // The twister sees the low 32 bits only.
    launch("random_seed", [this.state], 2000, [this.state.pointer, Number(this.initialSeed & 0xffffffffn)]);
  }
}

let shared: Generator | null = null;

/** The generator that ops use when none is given. On the meta device nothing is drawn. */
export function defaultGenerator(): Generator {
  const device = cpuDevice();
  if (!shared || (shared.device !== device && device !== META)) shared = new Generator(device);
  return shared;
}
export function resetDefaultGenerator(): void {
  shared = null;
}
