/** What was found to compute with, what was not and why. Runs nothing of the user's. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DeviceInfo } from "../../protocol/results.ts";
import { nativeFolder } from "../paths.ts";
import type { VerbHandler } from "../session.ts";
import type { VerbCore } from "./core.ts";

export const devices: VerbHandler<"devices", VerbCore> = (session) => {
  const found = [...cpuParts(session.core), cuda()];
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

function cuda(): DeviceInfo {
  const head = { id: "cuda", kind: "device", available: false } as const;
  const addon = join(nativeFolder, `${process.platform}-${process.arch}`, "cuda.node");
  if (!existsSync(addon)) return { ...head, description: "this build has no CUDA addon" };
  const hasDriver = process.platform !== "linux" || existsSync("/proc/driver/nvidia/version");
  if (!hasDriver) return { ...head, description: "no NVIDIA driver is loaded: install it, or use the CPU" };
  return { ...head, description: "an NVIDIA driver is loaded, but the runtime did not open it" };
}
