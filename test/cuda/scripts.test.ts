/**
 * Unmodified Python on the emulated GPU, from the command line down to the kernels: torch.cuda's surface, training that
 * matches the CPU's, with threads in other orders and launches that happen as late as they may, and a profile of it.
 */
import "./emulation.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { isBuilt, layerwise, script } from "./command.ts";

const skip = isBuilt ? false : "native/bin/linux-x64/cuda.node is not built";

const LATE = { LAYERWISE_EMULATION_DEFER: "1", LAYERWISE_EMULATION_ORDER: "3" };

test("torch.cuda as people use it", { skip }, () => {
  const { status, out } = layerwise(["python", script("surface.py")]);
  assert.equal(out, "all of it holds\n");
  assert.equal(status, 0);
});

for (const [how, environment] of [
  ["at once, in order", {}],
  ["as late as may be, shuffled", LATE],
] as const) {
  for (const model of ["vectors", "words", "images"]) {
    test(`training on ${model} gives the CPU's losses, gradients and parameters: kernels run ${how}`, { skip }, () => {
      const { status, out } = layerwise(["python", script("train.py"), "cuda", model], environment);
      assert.match(out, /^losses \[/);
      assert.equal(status, 0, out);
    });
  }
}

test("random numbers, sorting and indices of the CPU on the GPU", { skip }, () => {
  const { status, out } = layerwise(["python", script("choices.py")], LATE);
  assert.equal(out, "all of it holds\n");
  assert.equal(status, 0);
});

test("products of few bits, fake quantization and eight-bit floats as on the CPU", { skip }, () => {
  const { status, out } = layerwise(["python", script("quantized.py")]);
  assert.equal(out, "all of it holds\n");
  assert.equal(status, 0);
});

test("PYTORCH_CUDA_ALLOC_CONF is read from the process and from the program", { skip }, () => {
  const environment = { PYTORCH_CUDA_ALLOC_CONF: "max_split_size_mb:64" };
  assert.equal(layerwise(["python", script("configured.py")], environment).out, `${64 << 20}\n`);
  const asked = ["python", script("configured.py"), "max_split_size_mb:32,expandable_segments:True"];
  assert.equal(layerwise(asked, environment).out, `${32 << 20}\n`);
  assert.match(layerwise(["python", script("configured.py"), "nonsense:3"]).out, /Unrecognized key 'nonsense'/);
});

test("--device cuda is where tensors go by default, --device cpu hides the GPU", { skip }, () => {
  assert.equal(layerwise(["python", "--device", "cuda", script("where.py")]).out, "True cuda:0\n");
  assert.equal(layerwise(["python", "--device", "cpu", script("where.py")]).out, "False cpu\n");
  assert.equal(layerwise(["python", script("where.py")]).out, "True cpu\n");
  const none = layerwise(["python", "--device", "cuda", script("where.py")], {
    LAYERWISE_CUDA_DRIVER: "libnothing.so",
  });
  assert.equal(none.status, 1);
  assert.match(none.out, /there is no device cuda here/);
});

test("devices lists the GPU and what was looked for; without a driver one sentence", { skip }, () => {
  const { out } = layerwise(["devices"]);
  assert.match(out, /^cuda:0 +yes .*Emulated GPU, compute 8\.0, 2 multiprocessors, driver for CUDA 13\.0$/m);
  assert.match(out, /^cuBLASLt +(yes|no) .*for matrix products/m);
  const none = layerwise(["devices"], { LAYERWISE_CUDA_DRIVER: "libnothing.so" }).out;
  assert.match(none, /^cuda +no +no NVIDIA driver: libnothing\.so: cannot open/m);
});

for (const choice of [["--device", "cuda"], []]) {
  const how = choice.length ? choice.join(" ") : "opened by the script";
  test(`a profile has the GPU's kernels under the lines that launched them: ${how}`, { skip }, () => {
    const { status, out } = layerwise(["profile", script("products.py"), ...choice, "--json"]);
    assert.equal(status, 0, out);
    const { kernels, lines, memory } = JSON.parse(out) as {
      kernels: { name: string; calls: number; selfUs: number; flops: number }[];
      lines: { line?: number; source?: { line: number }; totalUs: number }[];
      memory: { device: string; peakAllocatedBytes: number }[];
    };
    const product = kernels.find(({ name }) => name === "matmul")!;
    assert.equal(product.calls, 3);
    assert.equal(product.flops, 3 * 2 * 64 ** 3);
    assert.ok(product.selfUs > 0);
    assert.equal(kernels.find(({ name }) => name === "pointwise[tanh]")?.calls, 3);
    assert.ok(lines.length >= 2 && lines.every(({ totalUs }) => totalUs > 0));
    assert.ok(
      memory.some(({ device, peakAllocatedBytes }) => device === "cuda:0" && peakAllocatedBytes >= 3 * 64 * 64 * 4),
    );
  });
}
