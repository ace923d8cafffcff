/** What was found to compute with, what was not and why. Runs nothing of the user's. */
import type { DeviceInfo } from "../../protocol/results.ts";
import { cuda } from "../cuda/system.ts";
import type { VerbHandler } from "../session.ts";
import type { VerbCore } from "./core.ts";

export const devices: VerbHandler<"devices", VerbCore> = (session) => {
  const found = [...cpuParts(session.core), ...gpus()];
  return { version: 1, verb: "devices", target: "", ok: true, devices: found };
};

function cpuParts(core: VerbCore): DeviceInfo[] {
  if (!core.cpu) {
    return [
      {
        id: "cpu",
        kind: "device",
        available: false,
        description: "shapes only: this runtime was started without native code",
      },
    ];
  }
  const info = core.cpu.addon.info();
  const { allocatedBytes } = core.cpu.allocator.statistics;
  const isa = { v2: "SSE4.2", v3: "AVX2", v4: "AVX-512" }[info.isa] ?? info.isa;
  const cpu: DeviceInfo = {
    id: "cpu",
    kind: "device",
    available: true,
    description: `${info.cpu}, ${info.threads} threads, ${isa}`,
    totalBytes: info.physicalBytes,
    freeBytes: Math.max(0, info.physicalBytes - allocatedBytes),
  };
  // The addon says of each library it looked for: "found ..." or why not.
  const libraries = Object.entries(info.libraries).map(([id, description]): DeviceInfo => ({
    id,
    kind: "library",
    available: !/^(not |no |missing|absent)/i.test(description),
    description,
  }));
  return [cpu, ...libraries];
}

function gpus(): DeviceInfo[] {
  const { status } = cuda;
  if (!status.available) {
    return [{ id: "cuda", kind: "device", available: false, description: status.reason ?? "not found" }];
  }
  const version = `${Math.floor(status.driver / 1000)}.${Math.floor((status.driver % 1000) / 10)}`;
  const found = cuda.properties.map((gpu, index): DeviceInfo => ({
    id: `cuda:${index}`,
    kind: "device",
    available: true,
    description: `${gpu.name}, compute ${gpu.major}.${gpu.minor}, ${gpu.multiprocessors} multiprocessors, driver for CUDA ${version}`,
    totalBytes: gpu.totalBytes,
    // What is free is known without opening the GPU only where it is open already.
    ...freeBytes(index),
  }));
  const libraries = cuda.libraries.map(({ name, purpose, path, reason }): DeviceInfo => ({
    id: name,
    kind: "library",
    available: path !== "",
    description: path !== "" ? `for ${purpose}: ${path}` : `for ${purpose}: ${reason}`,
  }));
  return [...found, ...libraries];
}

function freeBytes(index: number): { freeBytes?: number } {
  const device = cuda.opened.find((d) => d.index === index);
  return device ? { freeBytes: device.addon.memoryInfo().freeBytes } : {};
}
