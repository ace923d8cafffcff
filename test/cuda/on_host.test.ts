/** Linear algebra, Fourier transforms, special functions, complex numbers and rejection sampling for tensors on a GPU. */
import "./emulation.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { isBuilt, layerwise, script } from "./command.ts";

const skip = isBuilt ? false : "native/bin/linux-x64/cuda.node is not built";

test("results and gradients are the CPU's and stay on the GPU, with launches as late as may be", { skip }, () => {
  const { status, out } = layerwise(["python", script("on_host.py")], { LAYERWISE_EMULATION_DEFER: "1" });
  assert.equal(out, "all of it holds\n");
  assert.equal(status, 0);
});

test("a profile says which kernels ran on the CPU", { skip }, () => {
  const { status, out } = layerwise(["profile", script("factorize.py"), "--json"]);
  assert.equal(status, 0, out);
  const { kernels } = JSON.parse(out) as { kernels: { name: string; calls: number }[] };
  for (const wanted of ["linalg_cholesky (on the CPU, with copies)", "linalg_cholesky_small"]) {
    const found = kernels.find(({ name }) => name === wanted);
    assert.equal(found?.calls, 1, kernels.map(({ name }) => name).join(", "));
  }
});
