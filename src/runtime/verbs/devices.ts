/** What was found to compute with, what was not, why, and how to get it. Runs nothing of the user's. */
import type { DeviceInfo } from "../../protocol/results.ts";
import { servesInstead, waysToGetDriver, waysToGetLibrary } from "../cuda/advice.ts";
import { cuda } from "../cuda/system.ts";
import { providerRows } from "../onnx/providers.ts";
import { findSitePackages } from "../python/environments.ts";
import type { VerbHandler } from "../session.ts";
import type { VerbCore } from "./core.ts";

export const devices: VerbHandler<"devices", VerbCore> = async (session, { workspace, env }) => {
  const environment = workspace === undefined && env === undefined ? null : findSitePackages(env, workspace ?? "");
  if (environment !== null) cuda.lookIn(environment);
  const found = [...cpuParts(session.core), ...gpus(), ...providerRows()];
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
    name: info.cpu,
    facts: [`${info.threads} threads`, isa],
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
    const description = status.reason ?? "not found";
    return [{ id: "cuda", kind: "device", available: false, description, get: waysToGetDriver() }];
  }
  const cudaVersion = `${Math.floor(status.driver / 1000)}.${Math.floor((status.driver % 1000) / 10)}`;
  const release = cuda.readings?.aboutReadings().driverRelease;
  const found = cuda.properties.map((gpu, index): DeviceInfo => {
    const compute = `compute ${gpu.major}.${gpu.minor}`;
    const cores = `${gpu.multiprocessors} multiprocessors`;
    return {
      id: `cuda:${index}`,
      kind: "device",
      available: true,
      description: `${gpu.name}, ${compute}, ${cores}, driver for CUDA ${cudaVersion}`,
      name: gpu.name,
      facts: [compute, cores, release ? `driver ${release}, CUDA ${cudaVersion}` : `driver for CUDA ${cudaVersion}`],
      totalBytes: gpu.totalBytes,
      ...readings(index),
      ...(status.isEmulated ? { isEmulated: true } : {}),
    };
  });
  const libraries = cuda.libraries.map(({ name, purpose, path, reason, version }): DeviceInfo => {
    const instead = servesInstead(name);
    const isFound = path !== "";
    return {
      id: name,
      kind: "library",
      available: isFound,
      description: isFound
        ? `for ${purpose}: ${path}${version ? ` (${version})` : ""}${reason ? `; it refused: ${reason}` : ""}`
        : `for ${purpose}: ${reason}${instead ? `; ${instead}` : ""}`,
      purpose,
      ...(isFound ? { path } : { get: waysToGetLibrary(name, status.driver) }),
      // Of one that was found: what it refused, and that is then done by ours.
      ...(reason ? { reason } : {}),
      ...(version ? { libraryVersion: version } : {}),
      ...(instead ? { instead } : {}),
    };
  });
  return [...found, ...libraries];
}

/** What is free is the driver's to say where the GPU is open already, else NVML's. */
function readings(index: number): Pick<DeviceInfo, "freeBytes" | "readings"> {
  const told = cuda.readings?.readings(index);
  const device = cuda.opened.find((d) => d.index === index);
  const freeBytes = device
    ? device.addon.memoryInfo().freeBytes
    : told?.totalBytes !== undefined && told.usedBytes !== undefined
      ? told.totalBytes - told.usedBytes
      : undefined;
  return {
    ...(freeBytes === undefined ? {} : { freeBytes }),
    ...(told ? { readings: told } : {}),
  };
}
