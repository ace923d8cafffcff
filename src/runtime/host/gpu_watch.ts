/**
 * What the GPU in use holds and how it is doing, read from the main thread while the worker is busy: tensor memory from
 * words that the worker shares, the rest from NVML, which is asked once a second at most. Opens no GPU.
 */
import { join } from "node:path";
import type { GpuNow } from "../../protocol/rpc.ts";
import { GAUGE_WORDS } from "../cuda/gauges.ts";
import { loadCudaAddon, type CudaAddon } from "../native/addon.ts";
import { nativeFolder } from "../paths.ts";

const READ_EVERY_MS = 1000;

export interface DeviceMemory {
  device: string;
  allocatedBytes: number;
  reservedBytes: number;
}

/** The GPU that holds most, null while none is used. */
export function gpuInUse(words: Float64Array | null): (DeviceMemory & { index: number }) | null {
  let best: (DeviceMemory & { index: number }) | null = null;
  for (let at = 0; words && at + GAUGE_WORDS <= words.length; at += GAUGE_WORDS) {
    const [allocatedBytes, reservedBytes, isOpen] = [words[at]!, words[at + 1]!, words[at + 2]!];
    if (isOpen === 0 || (best && best.reservedBytes >= reservedBytes)) continue;
    const index = at / GAUGE_WORDS;
    best = { device: `cuda:${index}`, index, allocatedBytes, reservedBytes };
  }
  return best;
}

export class GpuWatch {
  #addon: Pick<CudaAddon, "readings"> | null | undefined;
  #last: { index: number; atMs: number; now: GpuNow | undefined } | null = null;

  constructor(addon?: Pick<CudaAddon, "readings"> | null) {
    this.#addon = addon;
  }

  /** What was told within the last second, else what is told now. */
  read(index: number, nowMs = performance.now()): GpuNow | undefined {
    const last = this.#last;
    if (last && last.index === index && nowMs - last.atMs < READ_EVERY_MS) return last.now;
    const readings = this.#loaded?.readings(index);
    const now = readings && {
      ...given("usedBytes", readings.usedBytes),
      ...given("totalBytes", readings.totalBytes),
      ...given("utilization", readings.utilization),
      ...given("temperatureC", readings.temperatureC),
      ...given("powerW", readings.powerW),
    };
    this.#last = { index, atMs: nowMs, now };
    return now;
  }

  get #loaded(): Pick<CudaAddon, "readings"> | null {
    if (this.#addon === undefined) {
      const own = join(nativeFolder, `${process.platform}-${process.arch}`, "cuda.node");
      this.#addon = loadCudaAddon(process.env.LAYERWISE_CUDA_ADDON ?? own);
    }
    return this.#addon;
  }
}

function given<Name extends keyof GpuNow>(name: Name, value: number | undefined): Pick<GpuNow, Name> | object {
  return value === undefined ? {} : { [name]: value };
}
