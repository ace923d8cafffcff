/** The native addons' whole surface, typed, and how they are found. The contract is native/README.md. */
import { createRequire } from "node:module";
import { existsSync } from "node:fs";
import type { DeviceReadings } from "../../protocol/results.ts";

/** What a stream needs of the engine behind it: the CPU's, or that of one GPU. */
export interface NativeEngine {
  kernels(): string[];
  opcodes(): string[];
  open(ringWords: number): { ring: Float64Array; control: Int32Array };
  close(): void;
  wake(): void;
  wait(command: number): boolean;
  /** CUDA: hand commands to the driver without waiting for the GPU. */
  issue?(command: number): boolean;
  define(program: Float64Array): number;
  events(target: Float64Array): number;
  now(): number;
  takeError(): string | undefined;
  allocate(bytes: number): number;
  release(pointer: number, bytes: number): void;
}

export interface CpuAddon extends NativeEngine {
  info(): { isa: string; cpu: string; threads: number; physicalBytes: number; libraries: Record<string, string> };
  setThreads(n: number): void;
  /** Part of an open file as memory, writes stay private; 0 when the system refuses. */
  map(descriptor: number, offset: number, bytes: number): number;
  unmap(pointer: number): void;
  write(pointer: number, source: Uint8Array): void;
  read(pointer: number, target: Uint8Array): void;
  checkIndices(pointer: number, dtype: number, n: number, low: number, high: number): number;
}

/** One GPU. Copies are in stream order behind everything submitted; false means that the error is to be taken. */
export interface CudaEngine extends NativeEngine {
  /** With `control` given, its words are used: so that they can be shared before the GPU is first touched. */
  open(ringWords: number, control?: Int32Array): { ring: Float64Array; control: Int32Array };
  issue(command: number): boolean;
  write(pointer: number, source: Uint8Array): boolean;
  read(pointer: number, target: Uint8Array): boolean;
  /** From and to memory of the host; with `isPinned` they happen later, in stream order. */
  upload(to: number, from: number, bytes: number, isPinned: number): boolean;
  download(to: number, from: number, bytes: number, isPinned: number): boolean;
  /** Pointwise programs that were compiled while running, and why the last one that was not was not. */
  compiled(): { ready: number; failure: string };
  /** Pinned memory of the host. */
  allocateHost(bytes: number): number;
  releaseHost(pointer: number, bytes: number): void;
  memoryInfo(): { freeBytes: number; totalBytes: number };
  /** CUPTI records when work runs, from now on; a sentence when it cannot. Ended by `stopActivities`. */
  startActivities(): string | undefined;
  stopActivities(): void;
  /** Records of finished work: [command, startUs, durationUs, bytes, kind, stream, name] each. */
  activities(target: Float64Array): number;
  /** The GPU's own names of kernels, by the last word of `activities`. */
  activityNames(): string[];
  createStream(priority: number): number;
  createEvent(): number;
  destroyEvent(event: number): void;
  queryStream(stream: number): boolean;
  synchronizeStream(stream: number): boolean;
  queryEvent(event: number): boolean;
  synchronizeEvent(event: number): boolean;
  /** Negative when one of the two was not recorded or not reached. */
  elapsedMs(start: number, end: number): number;
}

export interface CudaStatus {
  available: boolean;
  /** Why not, one sentence. */
  reason?: string;
  /** 13000 for CUDA 13.0. */
  driver: number;
  path: string;
  devices: number;
  isEmulated: boolean;
}

export interface CudaProperties {
  name: string;
  totalBytes: number;
  major: number;
  minor: number;
  multiprocessors: number;
  l2Bytes: number;
  maxThreadsPerMultiprocessor: number;
  sharedBytesPerBlock: number;
  sharedBytesPerBlockOptIn: number;
  sharedBytesPerMultiprocessor: number;
  registersPerMultiprocessor: number;
  clockKilohertz: number;
  isIntegrated: boolean;
  uuid: string;
}

/** What NVML tells of a GPU. */
export type GpuReadings = DeviceReadings;

export interface CudaAddon {
  status(): CudaStatus;
  devices(): CudaProperties[];
  kernels(): string[];
  opcodes(): string[];
  now(): number;
  device(index: number): CudaEngine;
  /** NVIDIA's libraries; `path` is empty where one is missing, and `reason` says why. */
  libraries(): { name: string; purpose: string; path: string; reason: string; version: string }[];
  /** Of any GPU, open or not; undefined where NVML is missing or does not know it. */
  readings(index: number): GpuReadings | undefined;
  /** Joules since the driver was loaded and the power at this moment, where the GPU tells them. */
  meter(index: number): { joules?: number; watts?: number } | undefined;
  /** Why there are no readings, "" where there are; the driver's own version. */
  aboutReadings(): { reason: string; driverRelease: string };
  /** site-packages of a Python environment, to look below first. */
  addLibraryFolder(folder: string): void;
  /** Where what is compiled while running is kept from run to run; "" for nowhere. */
  setCompilerCache(folder: string): void;
}

/** null where this build has none. */
export function loadCudaAddon(path: string): CudaAddon | null {
  return existsSync(path) ? (createRequire(import.meta.url)(path) as CudaAddon) : null;
}

export function loadCpuAddon(path: string): CpuAddon {
  if (!existsSync(path)) {
    throw new Error(`the native addon ${path} is missing: build it with \`npm run build:native\``);
  }
  return createRequire(import.meta.url)(path) as CpuAddon;
}
