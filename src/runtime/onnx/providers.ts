/**
 * ONNX Runtime's execution providers: which this build and this machine have, what is missing for the others, and the options
 * that choose one. Never takes another one than was asked for.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import type { InferenceSession } from "onnxruntime-node";
import type { DeviceInfo } from "../../protocol/results.ts";
import type { Failure } from "../../protocol/source.ts";
import { onnxRuntime } from "./run.ts";

interface Provider {
  /** What people write after --device. */
  id: string;
  name: string;
  /** What ONNX Runtime calls it. */
  backend: string;
  /** Systems for which there are builds with it. */
  platforms: readonly NodeJS.Platform[];
  /** A library that has to lie beside ONNX Runtime's own. */
  library?: string;
}

/** In the order in which "auto" takes them. */
const PROVIDERS: readonly Provider[] = [
  { id: "cuda", name: "CUDA", backend: "cuda", platforms: ["linux"], library: "libonnxruntime_providers_cuda.so" },
  { id: "directml", name: "DirectML", backend: "dml", platforms: ["win32"] },
  { id: "coreml", name: "Core ML", backend: "coreml", platforms: ["darwin"] },
];
/** Only when they are asked for: one builds its engine for minutes, the other needs a driver that few servers have. */
const ON_REQUEST: readonly Provider[] = [
  {
    id: "tensorrt",
    name: "TensorRT",
    backend: "tensorrt",
    platforms: ["linux"],
    library: "libonnxruntime_providers_tensorrt.so",
  },
  { id: "webgpu", name: "WebGPU", backend: "webgpu", platforms: ["linux", "win32", "darwin"] },
];
const ALL = [...PROVIDERS, ...ON_REQUEST];

export type Choice =
  { device: string; options: Pick<InferenceSession.SessionOptions, "executionProviders"> } | { failure: Failure };

/** null where it can be used, as far as that can be told without starting it; else what is missing. */
async function missing(provider: Provider): Promise<string | null> {
  const { name, backend, platforms, library } = provider;
  if (!platforms.includes(process.platform)) {
    return `ONNX Runtime has ${name} on ${platforms.map(systemName).join(" and ")}, not on ${systemName(process.platform)}`;
  }
  let runtime: Awaited<ReturnType<typeof onnxRuntime>>;
  try {
    runtime = await onnxRuntime();
  } catch (error) {
    // What it is missing on this machine concerns .onnx files alone.
    return `ONNX Runtime itself cannot be loaded: ${(error as Error).message.split("\n")[0]}`;
  }
  if (!runtime.listSupportedBackends().some((found) => found.name === backend)) {
    return `this build of ONNX Runtime has no ${name}`;
  }
  if (library && !existsSync(join(libraryFolder(), library))) {
    return `${library} is not beside ONNX Runtime's own library; it comes with onnxruntime-node's install script`;
  }
  return null;
}

function systemName(platform: NodeJS.Platform): string {
  return { linux: "Linux", win32: "Windows", darwin: "macOS" }[platform as string] ?? platform;
}

function libraryFolder(): string {
  const entry = createRequire(import.meta.url).resolve("onnxruntime-node");
  return join(dirname(entry), "..", "bin", "napi-v6", process.platform, process.arch);
}

/** "cuda:1" is CUDA's second device. */
export async function chooseProvider(device: string | undefined): Promise<Choice> {
  const [wanted = "cpu", index] = (device ?? "cpu").split(":");
  const onCpu: Choice = { device: "cpu", options: { executionProviders: ["cpu"] } };
  if (wanted === "cpu") return onCpu;
  if (wanted === "auto") {
    for (const provider of PROVIDERS) if ((await missing(provider)) === null) return using(provider);
    return onCpu;
  }
  const provider = ALL.find(({ id }) => id === wanted);
  if (!provider) {
    const known = ["cpu", ...ALL.map(({ id }) => id)].join(", ");
    return refusal(`ONNX Runtime has no device ${device}: expected one of ${known}`);
  }
  const why = await missing(provider);
  return why === null ? using(provider, index) : refusal(`there is no ${provider.name} for .onnx files here: ${why}`);
}

function using({ id, backend }: Provider, index?: string): Choice {
  const deviceId = index === undefined ? {} : { deviceId: Number(index) };
  return { device: id, options: { executionProviders: [{ name: backend, ...deviceId }] } };
}

function refusal(message: string): Choice {
  const hint =
    "'layerwise devices' says what was looked for; --engine layerwise runs the model on Layerwise's own kernels";
  return { failure: { kind: "machine", type: "no-device", message, hint } };
}

/** Rows for `layerwise devices`. */
export async function providerRows(): Promise<DeviceInfo[]> {
  const rows: DeviceInfo[] = [];
  for (const provider of ALL) {
    // What another system would have is nobody's concern here.
    if (!provider.platforms.includes(process.platform)) continue;
    const why = await missing(provider);
    rows.push({
      id: `ONNX Runtime ${provider.name}`,
      kind: "library",
      available: why === null,
      description: `for .onnx files with --device ${provider.id}: ${why ?? "there; its driver is looked for when it starts"}`,
    });
  }
  return rows;
}
