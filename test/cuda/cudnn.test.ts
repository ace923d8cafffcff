/**
 * Convolutions through cuDNN, which a stand-in plays over the emulated driver: the CPU's cases give the same numbers, the
 * switches of torch.backends.cudnn arrive, work stays in stream order, and what cuDNN refuses our own kernels do.
 */
import "./emulation.ts";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { CudaAddon } from "../../src/runtime/native/addon.ts";
import type { Machine } from "../native/harness.ts";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const addonPath = process.env.LAYERWISE_CUDA_ADDON ?? path("../../native/bin/linux-x64/cuda.node");
const folder = mkdtempSync(join(tmpdir(), "layerwise-cudnn-"));
const log = join(folder, "calls");
const standIns = process.env.LAYERWISE_CUDA_LIBRARIES ?? path("../../native/bin/linux-x64/emulation");
process.env.LAYERWISE_CUDA_LIBRARIES = standIns;
process.env.LAYERWISE_EMULATION_CUDNN_LOG = log;
process.env.LAYERWISE_EMULATION_DEFER = "1";
delete process.env.LAYERWISE_CUDA_CONVOLUTION;
const { dtypes, open, whyMissing } = await import("../native/harness.ts");
const { randomTensor } = await import("../native/kernel_cases.ts");
const why = whyMissing || (existsSync(`${standIns}/libcudnn.so.9`) ? false : "the stand-in for cuDNN is not built");

/** What the library was asked since the last call of this function. */
function calls(): string[] {
  const lines = existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];
  rmSync(log, { force: true });
  return lines;
}

if (!why) await import("../native/conv.test.ts");
after(() => rmSync(folder, { recursive: true }));

describe("convolutions by cuDNN", { skip: why }, () => {
  const m = why ? (undefined as unknown as Machine) : open();
  after(() => m?.close());
  /** N C H W O kh kw sh sw ph pw dh dw groups */
  const GEOMETRY = [2, 4, 9, 8, 6, 3, 2, 2, 1, 1, 0, 1, 2, 2];
  const IN = [2, 4, 9, 8];
  const WEIGHT = [6, 2, 3, 2];
  const OUT = [2, 6, 5, 6];

  function options(enabled: number, tf32: number, tries: number, deterministic: number): void {
    m.launch("convolution_options", enabled, tf32, tries, deterministic);
  }
  type Name = "float16" | "bfloat16" | "float32" | "float64";

  function forward(dtype: Name = "float32", geometry = GEOMETRY): number[] {
    const [x] = randomTensor(m, IN, dtype, 1);
    const [weight] = randomTensor(m, WEIGHT, dtype, 2);
    const [bias] = randomTensor(m, [6], dtype, 3);
    const out = m.empty(dtype, OUT);
    m.launch("conv2d", dtypes[dtype], out.pointer, x.pointer, weight.pointer, bias.pointer, geometry);
    const got = m.read(out);
    m.releaseAll();
    return got;
  }
  function backward(kernel: "conv2d_backward_input" | "conv2d_backward_weight", dtype: Name = "float32"): number[] {
    const [dy] = randomTensor(m, OUT, dtype, 4);
    const isInput = kernel === "conv2d_backward_input";
    const [other] = randomTensor(m, isInput ? WEIGHT : IN, dtype, isInput ? 2 : 1);
    const out = m.empty(dtype, isInput ? IN : WEIGHT);
    m.launch(kernel, dtypes[dtype], out.pointer, dy.pointer, other.pointer, GEOMETRY);
    const got = m.read(out);
    m.releaseAll();
    return got;
  }
  const all = (dtype: Name): number[][] => [
    forward(dtype),
    backward("conv2d_backward_input", dtype),
    backward("conv2d_backward_weight", dtype),
  ];
  function close(got: number[], wanted: number[], within: number): void {
    assert.equal(got.length, wanted.length);
    got.forEach((value, i) => {
      assert.ok(
        Math.abs(value - wanted[i]!) <= within * Math.max(1, Math.abs(wanted[i]!)),
        `${i}: ${value}, ${wanted[i]}`,
      );
    });
  }

  test("our own kernels and cuDNN agree in every dtype and direction, bias and groups included", () => {
    calls();
    for (const [dtype, within] of [
      ["float32", 1e-5],
      ["float64", 1e-12],
      ["float16", 4e-3],
      ["bfloat16", 3e-2],
    ] as const) {
      options(0, 1, 0, 0);
      const own = all(dtype);
      assert.deepEqual(calls(), [], "switched off");
      options(1, 1, 0, 0);
      all(dtype).forEach((got, i) => close(got, own[i]!, within));
      const asked = calls().filter((line) => !line.startsWith("guess"));
      assert.deepEqual(
        asked.map((line) => line.split(" ")[0]),
        ["forward", "input", "weight"],
      );
    }
  });

  test("a geometry is looked at once", () => {
    options(1, 1, 0, 0);
    forward();
    calls();
    forward();
    assert.deepEqual(
      calls().map((line) => line.split(" ")[0]),
      ["forward"],
    );
  });

  test("TF32 off is plain arithmetic; deterministic takes the way that is; benchmark tries first", () => {
    const used = (): string =>
      /math \d+ algorithm \d+/.exec(calls().findLast((line) => line.startsWith("forward"))!)![0];
    options(1, 1, 0, 0);
    forward();
    assert.equal(used(), "math 1 algorithm 1");
    options(1, 0, 0, 0);
    forward();
    assert.equal(used(), "math 3 algorithm 1");
    options(1, 1, 0, 1);
    forward();
    backward("conv2d_backward_weight");
    assert.equal(used(), "math 1 algorithm 0");
    options(1, 1, 1, 0);
    const before = forward();
    const [first] = calls();
    assert.match(first!, /^try forward/);
    assert.deepEqual(forward(), before);
    forward("float16");
    assert.equal(used(), "math 1 algorithm 1");
  });

  test("depthwise in single precision is ours, as with PyTorch; halves go to cuDNN", () => {
    options(1, 1, 0, 0);
    calls();
    const geometry = [1, 4, 5, 5, 4, 3, 3, 1, 1, 1, 1, 1, 1, 4];
    for (const [dtype, expected] of [
      ["float32", 0],
      ["float16", 2],
    ] as const) {
      const [x] = randomTensor(m, [1, 4, 5, 5], dtype, 1);
      const [weight] = randomTensor(m, [4, 1, 3, 3], dtype, 2);
      const out = m.empty(dtype, [1, 4, 5, 5]);
      m.launch("conv2d", dtypes[dtype], out.pointer, x.pointer, weight.pointer, 0, geometry);
      m.sync();
      assert.equal(calls().length, expected, dtype);
      m.releaseAll();
    }
  });

  test("what it refuses our kernels do, and it says why", () => {
    options(1, 1, 0, 0);
    m.sync();
    calls();
    const wanted = forward("float64");
    process.env.LAYERWISE_EMULATION_CUDNN = "refusing";
    try {
      // Another switch makes another plan.
      options(1, 0, 0, 1);
      close(forward("float64"), wanted, 1e-12);
    } finally {
      delete process.env.LAYERWISE_EMULATION_CUDNN;
    }
    assert.deepEqual(
      calls().map((line) => line.split(" ")[0]),
      ["forward", "guess"],
    );
    const addon = createRequire(import.meta.url)(addonPath) as CudaAddon;
    const { path: place, reason } = addon.libraries().find(({ name }) => name === "cuDNN")!;
    assert.notEqual(place, "");
    assert.equal(reason, "CUDNN_STATUS_NOT_SUPPORTED (while choosing an algorithm)");
  });
});

const command = process.env.LAYERWISE_TEST_COMMAND?.split(" ") ?? ["bin/layerwise"];
function python(script: string, words: string[], environment: Record<string, string>): { status: number; out: string } {
  const [program, ...before] = command as [string, ...string[]];
  const done = spawnSync(program, [...before, "python", path(`scripts/${script}`), ...words], {
    cwd: path("../.."),
    env: { ...process.env, ...environment },
    encoding: "utf8",
    timeout: 120_000,
  });
  return { status: done.status ?? -1, out: done.stdout + done.stderr };
}

test("a network of images trains through cuDNN as on the CPU", { skip: why }, () => {
  calls();
  const { status, out } = python("train.py", ["cuda", "images"], {});
  assert.match(out, /^losses \[/);
  assert.equal(status, 0, out);
  const directions = new Set(calls().map((line) => line.split(" ")[0]));
  assert.deepEqual([...directions].sort(), ["forward", "guess", "input", "weight"]);
});

test("torch.backends.cudnn: version, and its switches reach the convolutions", { skip: why }, () => {
  calls();
  const { status, out } = python("convolutions.py", [], {});
  assert.equal(out, "all of it holds\n");
  assert.equal(status, 0, out);
  const forwards = calls().filter((line) => line.startsWith("forward"));
  assert.deepEqual(
    forwards.map((line) => /math \d+ algorithm \d+/.exec(line)![0]),
    ["math 1 algorithm 1", "math 3 algorithm 1", "math 1 algorithm 0"],
  );
});

for (const [how, environment, expected] of [
  ["by cuDNN", {}, /^(forward|input|weight) .* channels last$/m],
  ["by our own kernels", { LAYERWISE_CUDA_CONVOLUTION: "own" }, /^$/],
] as const) {
  test(`images in channels-last memory stay there and give the CPU's numbers: ${how}`, { skip: why }, () => {
    calls();
    const { status, out } = python("channels_last.py", [], environment);
    assert.equal(out, "all of it holds\n");
    assert.equal(status, 0, out);
    assert.match(calls().join("\n"), expected);
  });
}
