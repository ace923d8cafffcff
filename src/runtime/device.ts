/** Devices: where tensors live. A device owns an allocator and a stream; the meta device has neither and computes nothing. */
import { CachingAllocator, type Allocator, type Block } from "./allocator.ts";
import { RuntimeError } from "./errors.ts";
import type { CpuAddon } from "./native/addon.ts";
import { Stream } from "./native/stream.ts";
import { dropAllPacks } from "./packs.ts";

export interface Device {
  /** "cpu", "meta", "cuda". */
  readonly type: string;
  readonly index: number;
  /** What Python passes: 0 cpu, 1 meta, 16 + n for cuda:n. */
  readonly id: number;
  /** null on the meta device: shapes only. */
  readonly stream: Stream | null;
  allocate(bytes: number): Block | null;
  free(block: Block): void;
  /** The stream that work goes to, where there are several; null while a graph is captured, which outlives the call. */
  readonly queue?: number | null;
}

/** A device with memory and kernels. Where a command is named, the call waits for no more than it must. */
export interface ComputeDevice extends Device {
  readonly stream: Stream;
  readonly allocator: Allocator;
  /** Host bytes into memory whose last command is `after`. */
  write(pointer: number, bytes: Uint8Array, after: number): void;
  /** What command `after` left there, to the host. */
  read(pointer: number, target: Uint8Array, after: number): void;
  /**
   * Position of the first index outside of [low, high), -1 when all are inside. A device whose work the host does not
   * wait for answers -1 and reports later.
   */
  firstOutside(pointer: number, dtype: number, n: number, low: number, high: number, after: number): number;
}

export const META: Device = {
  type: "meta",
  index: 0,
  id: 1,
  stream: null,
  allocate: () => null,
  free: () => {},
};

/** The pool of blocks that a GPU can copy from by itself. */
export const PINNED_POOL = 1;
/** Blocks that are parts of files. */
export const MAPPED_POOL = 2;

export interface PinnedMemory {
  allocate(bytes: number): Block;
  free(block: Block): void;
}

export class CpuDevice implements ComputeDevice {
  readonly type = "cpu";
  readonly index = 0;
  readonly id = 0;
  readonly stream: Stream;
  readonly addon: CpuAddon;
  readonly allocator: CachingAllocator;
  /** null until a GPU is used. */
  pinned: PinnedMemory | null = null;

  constructor(addon: CpuAddon) {
    this.addon = addon;
    this.stream = new Stream(addon);
    this.allocator = new CachingAllocator({
      allocate: (bytes) => addon.allocate(bytes),
      release: (pointer, bytes) => addon.release(pointer, bytes),
      drain: () => this.stream.waitAll(),
      describe: () => "cpu",
      position: () => this.stream.submitted,
    });
    this.allocator.onShortage = dropAllPacks;
  }
  allocate(bytes: number): Block {
    return this.allocator.allocate(bytes);
  }
  /** Part of an open file as memory that is read when it is touched; null when the system refuses. */
  map(descriptor: number, offset: number, bytes: number): Block | null {
    const pointer = this.addon.map(descriptor, offset, bytes);
    if (pointer === 0) return null;
    return { pointer, sizeBytes: bytes, requestedBytes: bytes, id: 0, readyAfter: 0, pool: MAPPED_POOL };
  }
  free(block: Block): void {
    if (block.pool === PINNED_POOL) this.pinned!.free(block);
    else if (block.pool === MAPPED_POOL) {
      // Commands under way may still read it.
      this.stream.waitAll();
      this.addon.unmap(block.pointer);
    } else this.allocator.free(block);
  }
  write(pointer: number, bytes: Uint8Array, after: number): void {
    this.stream.wait(after);
    this.addon.write(pointer, bytes);
  }
  read(pointer: number, target: Uint8Array, after: number): void {
    this.stream.wait(after);
    this.addon.read(pointer, target);
  }
  firstOutside(pointer: number, dtype: number, n: number, low: number, high: number, after: number): number {
    this.stream.wait(after);
    return this.addon.checkIndices(pointer, dtype, n, low, high);
  }
}

/** "cpu", "meta", "cuda:1": how messages name a device. */
export const deviceName = (device: Device): string => (device.type === "cuda" ? `cuda:${device.index}` : device.type);

const registry = new Map<number, Device>([[META.id, META]]);
/** While set, tensors that ask for any device are made here: how shapes are traced without computing. */
let override: Device | null = null;
let current: Device = META;

export function registerDevice(device: Device, isDefault = false): void {
  registry.set(device.id, device);
  if (isDefault) current = device;
}

/** Asked for a device that is not registered yet: GPUs are opened when they are first used. */
let finder: ((id: number) => Device | null) | null = null;
export function findDevicesBy(find: (id: number) => Device | null): void {
  finder = find;
}

export const devices = (): Device[] => [...registry.values()];
/** Where the numbers of the CPU's generator live, whatever the default device is. */
export const cpuDevice = (): Device => override ?? registry.get(0) ?? META;
export const defaultDevice = (): Device => override ?? current;
export function overrideDevice(device: Device | null): void {
  override = device;
}

export function deviceById(id: number): Device {
  if (id < 0 || override) return defaultDevice();
  const device = registry.get(id) ?? finder?.(id);
  if (!device) {
    throw new RuntimeError(
      id >= 16
        ? `CUDA device cuda:${id - 16} is not available: \`layerwise devices\` says what was found`
        : `device number ${id} is not available`,
    );
  }
  return device;
}
