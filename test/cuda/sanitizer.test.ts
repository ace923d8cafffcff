/**
 * The emulated kernels under AddressSanitizer: it catches a kernel that reads outside of its memory, by the line, and
 * finds nothing in the engine's tests and the plainest families.
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const addon = process.env.LAYERWISE_CUDA_ADDON ?? path("../../native/bin/linux-x64/cuda.node");
const driver =
  process.env.LAYERWISE_CUDA_DRIVER_ASAN ?? path("../../native/bin/linux-x64/emulation/libcuda-emulation-asan.so");

function libraryPath(): string {
  try {
    return execFileSync("g++", ["-print-file-name=libasan.so"], { encoding: "utf8" }).trim();
  } catch {
    return "";
  }
}

const sanitizer = libraryPath();
const skip = !existsSync(driver)
  ? "the emulated driver was not built with AddressSanitizer"
  : existsSync(sanitizer)
    ? false
    : "there is no libasan here";

function run(words: string[]): { status: number | null; text: string } {
  const env = {
    ...process.env,
    LAYERWISE_CUDA_ADDON: addon,
    LAYERWISE_CUDA_DRIVER: driver,
    LAYERWISE_TEST_DEVICE: "cuda",
    LD_PRELOAD: sanitizer,
    // Node itself keeps memory until it ends, and fibers have stacks that the sanitizer does not know.
    ASAN_OPTIONS: "detect_leaks=0:detect_stack_use_after_return=0",
  };
  // A test runner inside of one would report to the outer one.
  delete (env as Record<string, string | undefined>).NODE_TEST_CONTEXT;
  const done = spawnSync(process.execPath, words, { env, encoding: "utf8", timeout: 120_000 });
  return { status: done.status, text: done.stdout + done.stderr };
}

describe("kernels under AddressSanitizer", { skip }, () => {
  test("a read outside of a block is caught, with the kernel's line", () => {
    const program = `
      const gpu = require(${JSON.stringify(addon)}).device(0);
      const { ring, control } = gpu.open(1 << 10);
      const block = gpu.allocate(512), out = gpu.allocate(1 << 16);
      const negate = [0, 1, 0, 1, 1, 1, gpu.opcodes().indexOf("neg"), 1, 0, 0, 0, 1];
      const words = [gpu.kernels().indexOf("pointwise"), 0, gpu.define(new Float64Array(negate))];
      words.push(1, 2, 0, 4096, block, 6, 1, out, 6, 1);
      words[1] = words.length;
      ring.set(words);
      control[1] = 1;
      control[0] = words.length;
      gpu.wait(1);`;
    const { status, text } = run(["-e", program]);
    assert.notEqual(status, 0);
    assert.match(text, /heap-buffer-overflow/);
    assert.match(text, /numbers\.h:\d+|pointwise\.cu:\d+/);
  });

  for (const file of [
    "engine.test.ts",
    "kernels/index.test.ts",
    "../native/pool.test.ts",
    "../native/softmax.test.ts",
    "../native/pointwise.test.ts",
  ]) {
    test(`nothing is found in ${file}`, () => {
      const { status, text } = run(["--test", path(file)]);
      assert.equal(status, 0, text.slice(-3000));
    });
  }
});
