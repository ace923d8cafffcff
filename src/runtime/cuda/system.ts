/**
 * The GPUs of this machine: found when somebody first asks, opened when first used, and said in one sentence when there
 * are none. Knows no op.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ask } from "../bridge.ts";
import { cpuDevice, CpuDevice, findDevicesBy, registerDevice } from "../device.ts";
import { loadCudaAddon, type CudaAddon, type CudaProperties, type CudaStatus } from "../native/addon.ts";
import { RuntimeError } from "../errors.ts";
import { placement } from "../placement.ts";
import { nativeFolder } from "../paths.ts";
import { Stream } from "../native/stream.ts";
import { parseSettings, type AllocatorSettings } from "./allocator_settings.ts";
import { CudaDevice } from "./device.ts";
import { GAUGE_WORDS } from "./gauges.ts";
import { CudaPinnedMemory } from "./pinned.ts";
import { resetSwitches, switches, switchListeners } from "./switches.ts";

/** Words of shared memory that the engines read, made before any GPU is opened, so that cancelling reaches all of them. */
const MOST_DEVICES = 16;
const CONTROL_WORDS = 16;

const NOT_BUILT: CudaStatus = {
  available: false,
  reason: "this build has no CUDA addon",
  driver: 0,
  path: "",
  devices: 0,
  isEmulated: false,
};

class CudaSystem {
  readonly #controls = new SharedArrayBuffer(MOST_DEVICES * CONTROL_WORDS * 4);
  readonly #opened: (CudaDevice | undefined)[] = [];
  #addon: CudaAddon | null | undefined;
  readonly #folders = new Set<string>();
  #status: CudaStatus | undefined;
  #properties: CudaProperties[] | undefined;
  /** False for cores that compute nothing: they must not touch a GPU. */
  isEnabled = false;
  #allocatorSettings: AllocatorSettings | null = null;
  addonPath: string | null = null;
  /** PYTORCH_CUDA_ALLOC_CONF of the process; that of a program wins. */
  allocatorConfiguration = "";
  cacheFolder: string | null = null;
  /** The GPU that the request at hand runs on. */
  inUse: CudaDevice | null = null;
  /** Told of each GPU that is opened, while a trace is recorded. */
  onOpen: ((device: CudaDevice) => void) | null = null;
  /** By GPU, for threads that watch. */
  readonly gauges = new Float64Array(new SharedArrayBuffer(MOST_DEVICES * GAUGE_WORDS * 8));
  /** `--device cpu`: programs see no GPU. */
  isHidden = false;

  get #loaded(): CudaAddon | null {
    if (this.#addon === undefined) {
      const path = join(nativeFolder, `${process.platform}-${process.arch}`, "cuda.node");
      this.#addon = loadCudaAddon(this.addonPath ?? path);
      for (const folder of this.#folders) this.#addon?.addLibraryFolder(folder);
    }
    return this.#addon;
  }

  /** site-packages of an environment, whose nvidia folder may hold libraries. */
  lookIn(folder: string): void {
    if (this.#folders.has(folder)) return;
    this.#folders.add(folder);
    this.#addon?.addLibraryFolder(folder);
  }

  get status(): CudaStatus {
    return (this.#status ??= (this.isEnabled && this.#loaded?.status()) || NOT_BUILT);
  }

  get count(): number {
    if (this.isHidden) return 0;
    return this.status.available ? Math.min(this.status.devices, MOST_DEVICES) : 0;
  }

  get properties(): CudaProperties[] {
    return (this.#properties ??= this.count > 0 ? this.#loaded!.devices().slice(0, MOST_DEVICES) : []);
  }

  /** Null where there is no addon that could be asked. */
  get readings(): Pick<CudaAddon, "readings" | "meter" | "aboutReadings"> | null {
    return this.count > 0 ? this.#loaded : null;
  }

  get libraries(): ReturnType<CudaAddon["libraries"]> {
    return this.#loaded?.libraries() ?? [];
  }

  /** null when there is no such GPU; throws when it is there and cannot be opened. */
  open(index: number): CudaDevice | null {
    if (index < 0 || index >= this.count) return null;
    const known = this.#opened[index];
    if (known) return known;
    const settings = (this.#allocatorSettings ??= parseSettings(this.#askedSettings()));
    const device = new CudaDevice(this.#loaded!.device(index), index, this.properties[index]!, this.#control(index));
    this.#opened[index] = device;
    const at = index * GAUGE_WORDS;
    device.allocator.shared = this.gauges.subarray(at, at + 2);
    this.gauges[at + 2] = 1;
    if (switches.matmulTf32) device.allowTf32(true);
    configureConvolutions(device);
    device.allocator.maxSplitBytes = settings.maxSplitBytes;
    if (this.cacheFolder) this.#keepCompiled(join(this.cacheFolder, "kernels"));
    registerDevice(device);
    this.onOpen?.(device);
    placement.matters = true;
    const cpu = cpuDevice();
    if (cpu instanceof CpuDevice) cpu.pinned ??= new CudaPinnedMemory(cpu, device);
    return device;
  }

  #keepCompiled(folder: string): void {
    try {
      mkdirSync(folder, { recursive: true });
      this.#loaded!.setCompilerCache(folder);
    } catch {
      // A folder that cannot be made costs time, nothing else.
    }
  }

  /** The GPUs that have been used. */
  get opened(): CudaDevice[] {
    return this.#opened.filter((device) => device !== undefined);
  }

  #askedSettings(): string {
    return (ask("torch.cuda.memory:_asked_settings") as string | undefined) || this.allocatorConfiguration;
  }

  configureAllocators(settings: AllocatorSettings): void {
    this.#allocatorSettings = settings;
    for (const device of this.opened) device.allocator.maxSplitBytes = settings.maxSplitBytes;
  }

  #control(index: number): Int32Array<SharedArrayBuffer> {
    return new Int32Array(this.#controls, index * CONTROL_WORDS * 4, CONTROL_WORDS);
  }

  get cancelWords(): { words: Int32Array<SharedArrayBuffer>; index: number }[] {
    return Array.from({ length: MOST_DEVICES }, (_, i) => ({ words: this.#control(i), index: Stream.cancelIndex }));
  }

  /** A request begins: "cpu" hides the GPUs from it, "cuda:1" opens one, undefined leaves it to the program. */
  choose(device: string | undefined): void {
    this.isHidden = device === "cpu";
    this.inUse = device?.startsWith("cuda") ? this.open(Number(device.split(":")[1] ?? 0)) : null;
  }

  /** A run has ended: the next one finds nothing of what it set. */
  reset(): void {
    resetSwitches();
    this.#allocatorSettings = null;
    for (const device of this.opened) device.reset();
  }

  clearCancel(): void {
    for (const { words, index } of this.cancelWords) Atomics.store(words, index, 0);
  }

  close(): void {
    for (const device of this.opened) device.addon.close();
    this.gauges.fill(0);
    this.#opened.length = 0;
  }
}

function configureConvolutions(device: CudaDevice): void {
  const { cudnnEnabled, convolutionTf32, cudnnBenchmark, cudnnDeterministic } = switches;
  if (!device.stream.has("convolution_options")) return;
  device.configureConvolutions(cudnnEnabled, convolutionTf32, cudnnBenchmark, cudnnDeterministic);
}

export const cuda = new CudaSystem();
switchListeners.push((name, on) => {
  for (const device of cuda.opened) {
    if (name === "matmulTf32") device.allowTf32(on);
    else configureConvolutions(device);
  }
});
findDevicesBy((id) => {
  if (id < 16) return null;
  const device = cuda.open(id - 16);
  if (device || !cuda.isEnabled) return device;
  const why = cuda.status.available ? `there are ${cuda.count} GPUs for this run` : cuda.status.reason;
  throw new RuntimeError(
    `CUDA device cuda:${id - 16} is not available: ${why}. \`layerwise devices\` says what was looked for`,
  );
});
