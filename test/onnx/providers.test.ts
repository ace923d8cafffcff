/**
 * Execution providers: what is missing is named, what is there runs, and what a device has no kernel for is told. WebGPU runs on
 * the software Vulkan that comes with Chromium; CUDA's libraries are played by files that ask for libraries that nobody has.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { after, test } from "node:test";
import type { ProfileResult, RunResult } from "../../src/protocol/results.ts";
import { placementOf } from "../../src/runtime/onnx/events.ts";
import { GraphBuilder } from "../../src/runtime/onnx/export/builder.ts";
import { chooseProvider, startFailure } from "../../src/runtime/onnx/providers.ts";
import { modelMessage, type ValueInfo } from "../../src/runtime/onnx/schema.ts";
import { isLoadable, missingLibraries, neededLibraries } from "../../src/runtime/onnx/shared_objects.ts";
import { encode } from "../../src/runtime/onnx/wire.ts";
import { modelOf } from "../../src/runtime/onnx/write.ts";
import { root } from "../../tools/steps.mjs";

const folder = mkdtempSync(join(tmpdir(), "layerwise-providers-"));
after(() => rmSync(folder, { recursive: true }));

const isLinux = process.platform === "linux" && process.arch === "x64";
const entry = createRequire(import.meta.url).resolve("onnxruntime-node");
const own = join(dirname(entry), "..", "bin/napi-v6/linux/x64/onnxruntime_binding.node");

test("a shared object says what it needs, and what of that is not there", { skip: !isLinux }, () => {
  const needed = neededLibraries(own);
  assert.ok(needed.includes("libonnxruntime.so.1") && needed.includes("libc.so.6"), needed.join());
  assert.deepEqual(missingLibraries(own), []);
  assert.ok(isLoadable("libc.so.6") && !isLoadable("libnobody.so.1"));
  const text = join(folder, "text.so");
  writeFileSync(text, "no library".repeat(20));
  assert.deepEqual(neededLibraries(text), []);
});

test("CUDA: each thing that is missing is named, and where it comes from", { skip: !isLinux }, async () => {
  const words = async (): Promise<string> => {
    const choice = await chooseProvider("cuda", folder);
    return "failure" in choice ? choice.failure.message : "chosen";
  };
  assert.match(
    await words(),
    /libonnxruntime_providers_shared\.so and libonnxruntime_providers_cuda\.so are not beside .* Microsoft\.ML\.OnnxRuntime\.Gpu\.Linux \d/,
  );
  copyFileSync(own, join(folder, "libonnxruntime_providers_shared.so"));
  assert.match(await words(), /: libonnxruntime_providers_cuda\.so is not beside/);
  // Same length: only the name of one library is another.
  const bytes = readFileSync(own);
  bytes.write("libcublas.so.0", bytes.indexOf("libstdc++.so.6\0"), "latin1");
  writeFileSync(join(folder, "libonnxruntime_providers_cuda.so"), bytes);
  if (!isLoadable("libcuda.so.1")) {
    assert.match(
      await words(),
      /there is no CUDA for \.onnx files here: libcuda\.so\.1, NVIDIA's driver, is not on this system/,
    );
    process.env.LD_LIBRARY_PATH = `${folder}/driver:${process.env.LD_LIBRARY_PATH ?? ""}`;
    symlinkSync(folder, join(folder, "driver"));
    copyFileSync(own, join(folder, "libcuda.so.1"));
  }
  const unfound = await words();
  assert.match(unfound, /libcublas\.so\.0.* cannot be found, of CUDA 12 and cuDNN 9/);
});

test("a provider that does not start is explained in our words, or in its own", () => {
  const adapter =
    "/src/webgpu_context.cc:136 onnxruntime::webgpu::<lambda()> adapter_result.status == wgpu::RequestAdapterStatus::Success was " +
    "false. Failed to get a WebGPU adapter: No supported adapters";
  assert.match(
    startFailure("webgpu", new Error(adapter)).message,
    /^WebGPU did not start: it found no graphics adapter; needed is/,
  );
  const other = startFailure("cuda", new Error("/src/cuda.cc:1 f() x was false. CUDA error 100"));
  assert.equal(other.message, "CUDA did not start: CUDA error 100");
  assert.equal(other.kind, "machine");
});

test("nodes are counted by device in the last run, the asked device first", () => {
  const node = (name: string, ts: number, provider: string) => ({
    cat: "Node",
    name: `${name}_kernel_time`,
    ts,
    dur: 1,
    args: { op_name: name, provider },
  });
  const events = [
    { cat: "Session", name: "model_run", ts: 0, dur: 10 },
    node("Conv", 1, "CUDAExecutionProvider"),
    { cat: "Session", name: "model_run", ts: 20, dur: 10 },
    node("Shape", 21, "CPUExecutionProvider"),
    node("Conv", 22, "CUDAExecutionProvider"),
    node("Conv", 23, "CUDAExecutionProvider"),
  ];
  assert.deepEqual(placementOf(events, "cuda"), [
    { device: "cuda", nodes: 2, operators: ["Conv"] },
    { device: "cpu", nodes: 1, operators: ["Shape"] },
  ]);
});

/** Chromium brings a Vulkan that needs no GPU; it can stand in for the system's loader. */
function softwareVulkan(): string | null {
  const known = ["/usr/lib/chromium", "/usr/lib64/chromium-browser", "/opt/google/chrome", "/usr/lib/chromium-browser"];
  return known.map((place) => join(place, "libvk_swiftshader.so")).find((file) => existsSync(file)) ?? null;
}

const vulkan = isLinux ? softwareVulkan() : null;

test(
  "WebGPU runs a model, times its kernels by its own clock, and tells what went to the CPU",
  {
    skip: vulkan === null && "there is no Chromium with a software Vulkan",
  },
  () => {
    const vulkanFolder = mkdtempSync(join(folder, "vulkan-"));
    symlinkSync(vulkan!, join(vulkanFolder, "libvulkan.so.1"));
    const graph = new GraphBuilder(18, []);
    const weight = graph.constant(
      "float32",
      [64, 32],
      new Uint8Array(Float32Array.from({ length: 2048 }, (_, i) => Math.sin(i)).buffer),
    );
    const hidden = graph.add("Relu", [graph.add("MatMul", ["x", weight])]);
    // There is no kernel for determinants there.
    const square = graph.add("MatMul", [graph.add("Transpose", [hidden], { perm: [1, 0] }), hidden]);
    const y = graph.add("Det", [square]);
    const value = (name: string, sizes: number[]): ValueInfo => ({
      name,
      type: { tensorType: { elemType: 1, shape: { dim: sizes.map((size) => ({ value: size })) } } },
    });
    const model = modelOf(graph.graph("model", [value("x", [4, 64])], [value(hidden, [4, 32]), value(y, [])]), 18);
    const file = join(folder, "model.onnx");
    writeFileSync(file, encode(model, modelMessage));
    const script = join(folder, "ask.mjs");
    // The loader reads its variable when a process starts.
    writeFileSync(
      script,
      `import { profileOnnx, runOnnx } from ${JSON.stringify(pathToFileURL(join(root, "src/runtime/verbs/onnx.ts")))};
const [target, report] = [${JSON.stringify(file)}, { progress() {} }];
const here = await runOnnx({ target }, report);
const there = await runOnnx({ target, device: "webgpu" }, report);
const profile = await profileOnnx({ target, device: "webgpu", maxTimeMs: 200 }, report);
console.log(JSON.stringify({ here, there, profile }));
`,
    );
    const environment = { ...process.env, LD_LIBRARY_PATH: vulkanFolder };
    const done = spawnSync(process.execPath, [script], { env: environment, encoding: "utf8", timeout: 60_000 });
    assert.equal(done.status, 0, done.stderr);
    const { here, there, profile } = JSON.parse(done.stdout) as {
      here: RunResult;
      there: RunResult;
      profile: ProfileResult;
    };
    assert.equal(there.failure, undefined);
    assert.equal(there.device, "webgpu");
    const [mean, expected] = [there.outputs[0]!.statistics!.mean, here.outputs[0]!.statistics!.mean];
    assert.ok(Math.abs(mean - expected) < 1e-4 * Math.abs(expected), `${mean} for ${expected}`);
    const [asked, other] = there.placement!;
    assert.equal(asked!.device, "webgpu");
    assert.ok(asked!.operators.includes("MatMul"), asked!.operators.join());
    assert.equal(other!.device, "cpu");
    assert.ok(other!.operators.includes("Det"), other!.operators.join());
    assert.equal(here.placement, undefined);
    assert.deepEqual(profile.kernelTimes, [{ device: "webgpu", by: "timestamps" }]);
    const { devices, kernels, names } = profile.trace!;
    const by = (device: string): string[] =>
      kernels.filter((kernel) => devices[kernel.device]!.id === device).map(({ name }) => names[name]!);
    assert.ok(by("cpu").includes("Det") && !by("webgpu").includes("Det"));
    assert.ok(
      by("webgpu").some((name) => name.startsWith("MatMul")),
      by("webgpu").join(),
    );
  },
);
