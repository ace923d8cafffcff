/** The native addon's whole surface, typed, and how it is found. The contract is native/README.md. */
import { createRequire } from "node:module";
import { existsSync } from "node:fs";

export interface CpuAddon {
  info(): { isa: string; cpu: string; threads: number; physicalBytes: number; libraries: Record<string, string> };
  kernels(): string[];
  opcodes(): string[];
  open(ringWords: number): { ring: Float64Array; control: Int32Array };
  close(): void;
  setThreads(n: number): void;
  wake(): void;
  wait(command: number): boolean;
  allocate(bytes: number): number;
  release(pointer: number, bytes: number): void;
  write(pointer: number, source: Uint8Array): void;
  read(pointer: number, target: Uint8Array): void;
  define(program: Float64Array): number;
  events(target: Float64Array): number;
  now(): number;
  takeError(): string | undefined;
  checkIndices(pointer: number, dtype: number, n: number, low: number, high: number): number;
}

export function loadCpuAddon(path: string): CpuAddon {
  if (!existsSync(path)) {
    throw new Error(`the native addon ${path} is missing: build it with \`npm run build:native\``);
  }
  return createRequire(import.meta.url)(path) as CpuAddon;
}
