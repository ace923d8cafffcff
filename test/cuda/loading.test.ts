/** cuda.node on a machine without a driver, or with a broken one: one sentence, at once, and nothing else happens. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import type { CudaStatus } from "../../src/runtime/native/addon.ts";

const addon = fileURLToPath(new URL("../../native/bin/linux-x64/cuda.node", import.meta.url));
const skip = existsSync(addon) ? false : "native/bin/linux-x64/cuda.node is not built";

/** In a process of its own: the driver is looked for once. */
function status(driver: string): CudaStatus & { us: number; error?: string; kernels: number } {
  const program = `
    const cuda = require(${JSON.stringify(addon)});
    const began = process.hrtime.bigint();
    const status = cuda.status();
    const us = Number(process.hrtime.bigint() - began) / 1000;
    let error;
    try { cuda.device(0); } catch (e) { error = e.message; }
    console.log(JSON.stringify({ ...status, us, error, kernels: cuda.kernels().length }));`;
  const env = { ...process.env, LAYERWISE_CUDA_DRIVER: driver };
  return JSON.parse(execFileSync(process.execPath, ["-e", program], { env, encoding: "utf8" }));
}

test("without a driver the addon loads and says what is missing", { skip }, () => {
  const found = status("libcuda-that-is-not-there.so.1");
  assert.equal(found.available, false);
  assert.match(found.reason!, /^no NVIDIA driver: libcuda-that-is-not-there/);
  assert.match(found.error!, /no NVIDIA driver/);
  assert.equal(found.devices, 0);
  assert.ok(found.kernels > 5);
  assert.ok(found.us < 20_000, `it took ${found.us} us`);
});

test("a library that is no driver is too old, by the name of what it lacks", { skip }, () => {
  const found = status("libm.so.6");
  assert.equal(found.available, false);
  assert.match(found.reason!, /too old: it has no cuInit/);
});
