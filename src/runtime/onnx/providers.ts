/**
 * ONNX Runtime's execution providers: which this build and this machine have, what is missing for the others, and the options
 * that choose one. Never takes another one than was asked for.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { InferenceSession } from "onnxruntime-node";
import type { DeviceInfo } from "../../protocol/results.ts";
import type { Failure } from "../../protocol/source.ts";
import { libraryFolder, onnxRuntime } from "./package.ts";
import { isLoadable, missingLibraries } from "./shared_objects.ts";

interface Provider {
  /** What people write after --device. */
  id: string;
  name: string;
  /** What ONNX Runtime calls it. */
  backend: string;
  /** Systems for which there are builds with it. */
  platforms: readonly NodeJS.Platform[];
  /** What the provider of a node is called in a profile. */
  provider: string;
  /** Libraries that have to lie beside ONNX Runtime's own, in the order in which they are loaded. */
  libraries?: readonly string[];
  /** A library of the system that it opens by itself on Linux, and what that is. */
  opens?: { library: string; what: string };
  /** Where what it needs comes from. */
  source?: string;
}

const SHARED = "libonnxruntime_providers_shared.so";
const NVIDIA = { library: "libcuda.so.1", what: "NVIDIA's driver" };
const CUDA_SOURCE = "CUDA 12 and cuDNN 9: NVIDIA's packages, or their folders in LD_LIBRARY_PATH";

/** In the order in which "auto" takes them. */
const PROVIDERS: readonly Provider[] = [
  {
    id: "cuda",
    name: "CUDA",
    backend: "cuda",
    platforms: ["linux"],
    provider: "CUDAExecutionProvider",
    libraries: [SHARED, "libonnxruntime_providers_cuda.so"],
    opens: NVIDIA,
    source: CUDA_SOURCE,
  },
  { id: "directml", name: "DirectML", backend: "dml", platforms: ["win32"], provider: "DmlExecutionProvider" },
  { id: "coreml", name: "Core ML", backend: "coreml", platforms: ["darwin"], provider: "CoreMLExecutionProvider" },
];
/** Only when they are asked for: one builds its engine for minutes, the other needs a driver that few servers have. */
const ON_REQUEST: readonly Provider[] = [
  {
    id: "tensorrt",
    name: "TensorRT",
    backend: "tensorrt",
    platforms: ["linux"],
    provider: "TensorrtExecutionProvider",
    libraries: [SHARED, "libonnxruntime_providers_tensorrt.so"],
    opens: NVIDIA,
    source: `TensorRT 10, ${CUDA_SOURCE}`,
  },
  {
    id: "webgpu",
    name: "WebGPU",
    backend: "webgpu",
    platforms: ["linux", "win32", "darwin"],
    provider: "WebGpuExecutionProvider",
    opens: { library: "libvulkan.so.1", what: "Vulkan's loader" },
    source:
      "the graphics driver's Vulkan part (Debian and Ubuntu: libvulkan1 and mesa-vulkan-drivers or NVIDIA's driver)",
  },
];
const ALL = [...PROVIDERS, ...ON_REQUEST];

export type Choice =
  { device: string; options: Pick<InferenceSession.SessionOptions, "executionProviders"> } | { failure: Failure };

/** null where it can be used, as far as that can be told without starting it; else what is missing. */
function missing(provider: Provider, folder: string): string | null {
  const { name, backend, platforms, libraries = [], opens, source } = provider;
  if (!platforms.includes(process.platform)) {
    return `ONNX Runtime has ${name} on ${platforms.map(systemName).join(" and ")}, not on ${systemName(process.platform)}`;
  }
  let runtime: ReturnType<typeof onnxRuntime>;
  try {
    runtime = onnxRuntime();
  } catch (error) {
    // What it is missing on this machine concerns .onnx files alone.
    return (error as Error).message;
  }
  if (!runtime.listSupportedBackends().some((found) => found.name === backend)) {
    return `this build of ONNX Runtime has no ${name}`;
  }
  const absent = libraries.filter((library) => !existsSync(join(folder, library)));
  if (absent.length > 0) {
    const release = runtime.env.versions.node ?? runtime.env.versions.common;
    return (
      `${list(absent)} ${absent.length > 1 ? "are" : "is"} not beside ONNX Runtime's own library in ${folder}: take ` +
      `${absent.length > 1 ? "them" : "it"} from the NuGet package ${GPU_PACKAGE} ${release} (onnxruntime-node's install script does that)`
    );
  }
  if (process.platform !== "linux") return null;
  if (opens && !isLoadable(opens.library)) return `${opens.library}, ${opens.what}, is not on this system`;
  const unfound = [...new Set(libraries.flatMap((library) => missingLibraries(join(folder, library))))];
  return unfound.length > 0 ? `${list(unfound)} cannot be found, of ${source}` : null;
}

const GPU_PACKAGE = "Microsoft.ML.OnnxRuntime.Gpu.Linux";

const list = (words: readonly string[]): string =>
  words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${words.at(-1)}` : (words[0] ?? "");

function systemName(platform: NodeJS.Platform): string {
  return { linux: "Linux", win32: "Windows", darwin: "macOS" }[platform as string] ?? platform;
}

/** Those that can be used here beside the CPU's, by both of their names. */
export function availableProviders(folder = libraryFolder()): Pick<Provider, "provider" | "backend">[] {
  return ALL.filter((provider) => missing(provider, folder) === null);
}

/** "cuda:1" is CUDA's second device. `folder` is where ONNX Runtime's own library lies. */
export function chooseProvider(device: string | undefined, folder = libraryFolder()): Choice {
  const [wanted = "cpu", index] = (device ?? "cpu").split(":");
  const onCpu: Choice = { device: "cpu", options: { executionProviders: ["cpu"] } };
  if (wanted === "cpu") return onCpu;
  if (wanted === "auto") {
    for (const provider of PROVIDERS) if (missing(provider, folder) === null) return using(provider);
    return onCpu;
  }
  const provider = ALL.find(({ id }) => id === wanted);
  if (!provider) {
    const known = ["cpu", ...ALL.map(({ id }) => id)].join(", ");
    return refusal(`ONNX Runtime has no device ${device}: expected one of ${known}`);
  }
  const why = missing(provider, folder);
  return why === null ? using(provider, index) : refusal(`there is no ${provider.name} for .onnx files here: ${why}`);
}

function using({ id, backend }: Provider, index?: string): Choice {
  const deviceId = index === undefined ? {} : { deviceId: Number(index) };
  return { device: id, options: { executionProviders: [{ name: backend, ...deviceId }] } };
}

function refusal(message: string): Choice {
  return { failure: { kind: "machine", type: "no-device", message, hint: HINT } };
}

const HINT =
  "'layerwise devices' says what was looked for; --engine layerwise runs the model on Layerwise's own kernels";

/** A provider was there and did not start: in our words, where it is known what its own mean. */
export function startFailure(device: string, error: unknown): Failure {
  const provider = ALL.find(({ id }) => id === device);
  const text = error instanceof Error ? error.message : String(error);
  // ONNX Runtime puts the place in its source before the sentence.
  const said = text
    .replace(/^.*? was false\. /, "")
    .replaceAll(/\s+/g, " ")
    .slice(0, 300);
  const found = /No supported adapters|Failed to get a WebGPU adapter/.test(text)
    ? `it found no graphics adapter; needed is ${provider?.source ?? "a graphics driver"}`
    : said;
  return {
    kind: "machine",
    type: "no-device",
    message: `${provider?.name ?? device} did not start: ${found}`,
    hint: HINT,
  };
}

/** "cpu" for the CPU's provider, and so on: what people write after --device. */
export function deviceOf(provider: string): string {
  const known = ALL.find((one) => one.provider === provider)?.id;
  return known ?? provider.replace(/ExecutionProvider$/, "").toLowerCase();
}

/** Rows for `layerwise devices`. */
export function providerRows(): DeviceInfo[] {
  const rows: DeviceInfo[] = [];
  for (const provider of ALL) {
    // What another system would have is nobody's concern here.
    if (!provider.platforms.includes(process.platform)) continue;
    const why = missing(provider, libraryFolder());
    rows.push({
      id: `ONNX Runtime ${provider.name}`,
      kind: "library",
      available: why === null,
      description: `for .onnx files with --device ${provider.id}: ${why ?? "there; its driver is looked for when it starts"}`,
    });
  }
  return rows;
}
