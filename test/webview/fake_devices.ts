/** What the test page's editor answers to the device page: machines with and without GPUs, in words that are real. */
import type { DeviceInfo } from "../../src/protocol/results.ts";
import type { Answers } from "../../src/protocol/views/port.ts";
import { automatic, type DevicesHost, type DevicesState } from "../../src/protocol/views/devices.ts";
import type { Failure } from "../../src/protocol/source.ts";
import { servesInstead, waysToGetDriver, waysToGetLibrary } from "../../src/runtime/cuda/advice.ts";

const GIB = 2 ** 30;
const cpu: DeviceInfo = {
  id: "cpu",
  kind: "device",
  available: true,
  description: "AMD EPYC 9654, 16 threads, AVX-512",
  name: "AMD EPYC 9654",
  facts: ["16 threads", "AVX-512"],
  totalBytes: 128 * GIB,
  freeBytes: 127.2 * GIB,
};
const oneDnn: DeviceInfo = { id: "oneDNN", kind: "library", available: true, description: "found 3.5, in the package" };

function gpu(index: number, more: Partial<DeviceInfo> = {}): DeviceInfo {
  return {
    id: `cuda:${index}`,
    kind: "device",
    available: true,
    description: "NVIDIA H200, compute 9.0, 132 multiprocessors, driver for CUDA 13.0",
    name: "NVIDIA H200",
    facts: ["compute 9.0", "132 multiprocessors", "driver 580.65.06, CUDA 13.0"],
    totalBytes: 139.8 * GIB,
    freeBytes: 96 * GIB,
    readings: {
      utilization: 0.93,
      memoryUtilization: 0.41,
      usedBytes: 43.8 * GIB,
      totalBytes: 139.8 * GIB,
      temperatureC: 61,
      powerW: 642,
      powerLimitW: 700,
      clockMhz: 1755,
      maxClockMhz: 1980,
      throttles: ["power limit"],
      processes: [{ pid: 41_277, bytes: 38 * GIB }, { pid: 52_310 }],
    },
    ...more,
  };
}

const PURPOSES: [string, string, string | null, string][] = [
  [
    "cuBLASLt",
    "matrix products",
    "13.0.2",
    "/home/ada/gpt/.venv/lib/python3.12/site-packages/nvidia/cu13/lib/libcublasLt.so.13",
  ],
  ["cuDNN", "convolutions", null, ""],
  ["NVRTC", "elementwise kernels compiled at run time", "13.0", "/usr/local/cuda/lib64/libnvrtc.so.13"],
  ["CUPTI", "kernel times without events around them", null, ""],
  ["NCCL", "several GPUs", null, ""],
  ["NVML", "power, temperature and use of the GPU", "580.65.06", "libnvidia-ml.so.1"],
];

function libraries(): DeviceInfo[] {
  return PURPOSES.map(([id, purpose, version, path]): DeviceInfo => {
    const available = version !== null;
    const reason = id === "CUPTI" ? "found but not loadable: libcupti.so.13: file too short" : `not found: lib${id}.so`;
    return {
      id,
      kind: "library",
      available,
      description: `for ${purpose}`,
      purpose,
      ...(version ? { libraryVersion: version, path } : { reason, get: waysToGetLibrary(id, 13000) }),
      ...(servesInstead(id) ? { instead: servesInstead(id)! } : {}),
    };
  });
}

const machines: Record<string, DeviceInfo[]> = {
  h200: [cpu, oneDnn, gpu(0), ...libraries()],
  two: [
    cpu,
    gpu(0),
    gpu(1, { readings: { throttles: [], processes: [], utilization: 0, temperatureC: 34 } }),
    ...libraries(),
  ],
  emulated: [cpu, gpu(0, { name: "Emulated GPU", isEmulated: true, facts: ["compute 8.0"], readings: undefined })],
  none: [
    cpu,
    oneDnn,
    {
      id: "cuda",
      kind: "device",
      available: false,
      description: "no NVIDIA driver: libcuda.so.1: cannot open shared object file: No such file or directory",
      get: waysToGetDriver(),
    },
  ],
};

export function devicesAnswers(
  query: URLSearchParams,
  parts: {
    noted(method: string): (argument: unknown) => void;
    changed(): void;
    failure: Failure;
  },
): Answers<DevicesHost> {
  const { noted, changed } = parts;
  const machine = machines[query.get("machine") ?? "h200"]!.map((device) => ({
    ...device,
    ...(query.has("name") && device.name ? { name: query.get("name")! } : {}),
  }));
  const kind = query.get("state") ?? "done";
  const state: DevicesState = {
    devices: kind === "looking" || kind === "failed" ? null : machine,
    choice: query.get("choice") ?? "auto",
    auto: automatic(machine),
    live:
      kind === "running"
        ? {
            device: "cuda:0",
            allocatedBytes: 3.2 * GIB,
            reservedBytes: 5.1 * GIB,
            gpu: { usedBytes: 49 * GIB, utilization: 0.99, temperatureC: 66, powerW: 688 },
          }
        : null,
    isRunning: kind === "running",
    isLooking: kind === "looking",
    failure: kind === "failed" ? parts.failure : null,
  };
  return {
    state: () => state,
    look: noted("look"),
    choose(choice) {
      noted("choose")(choice);
      state.choice = choice;
      changed();
    },
    copy: noted("copy"),
    openLink: noted("openLink"),
  };
}
