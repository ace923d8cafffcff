/** Python's way to what the GPU computes as one kernel: cross entropy, Adam, and the precision of float32 products. */
import "./emulation.ts";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { isBuilt, layerwise, script } from "./command.ts";

const skip = isBuilt ? false : "native/bin/linux-x64/cuda.node is not built";

test("cross entropy and Adam on the GPU are the CPU's", { skip }, () => {
  const { status, out } = layerwise(["python", script("fused.py")], {
    LAYERWISE_EMULATION_DEFER: "1",
    LAYERWISE_EMULATION_ORDER: "5",
  });
  assert.equal(out, "all of it holds\n");
  assert.equal(status, 0);
});

test("a training step launches one kernel for all parameters, and none for log-probabilities", { skip }, () => {
  const { status, out } = layerwise(["profile", script("one_step.py"), "--json"]);
  assert.equal(status, 0, out);
  const { kernels } = JSON.parse(out) as { kernels: { name: string; calls: number }[] };
  const calls = (name: string): number => kernels.find((k) => k.name === name)?.calls ?? 0;
  assert.equal(calls("adam_step"), 1);
  assert.equal(calls("cross_entropy"), 1);
  assert.equal(calls("cross_entropy_backward"), 1);
  assert.equal(calls("softmax"), 0);
});

test("the switches of TF32 reach the products", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "layerwise-tf32-"));
  const log = join(folder, "calls");
  const source = fileURLToPath(new URL("kernels/fake_cublaslt.cc", import.meta.url));
  execFileSync("g++", ["-shared", "-fPIC", "-O1", "-o", join(folder, "libcublasLt.so.13"), source]);
  const { status, out } = layerwise(["python", script("precision.py")], {
    LAYERWISE_CUDA_LIBRARIES: folder,
    FAKE_CUBLASLT_LOG: log,
  });
  assert.equal(out, "all of it holds\n");
  assert.equal(status, 0);
  // Lines of compute type and data type; 77 is TF32, 68 float32.
  const computed = readFileSync(log, "utf8").trim().split("\n");
  rmSync(folder, { recursive: true });
  assert.deepEqual(
    computed.map((line) => line.split(" ")[0]),
    ["77", "68", "77", "77", "68", "77"],
  );
});
