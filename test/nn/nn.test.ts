/** torch.nn, optim and utils on our runtime against values of the real PyTorch: each kind of case in one Python process. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const folder = dirname(fileURLToPath(import.meta.url));
const launcher = join(folder, "../../bin/layerwise");

function runPython(file: string, ...args: string[]): { status: number | null; output: string } {
  const child = spawnSync(launcher, ["python", join(folder, file), ...args], { encoding: "utf8" });
  return { status: child.status, output: child.stdout + child.stderr };
}

for (const kind of ["layer", "function", "script"]) {
  test(`every ${kind} case gives what PyTorch gives`, () => {
    const { status, output } = runPython("run_cases.py", kind);
    assert.equal(status, 0, output);
  });
}

test("a wrong golden is noticed", () => {
  const { status, output } = runPython("run_cases.py", "no such kind");
  assert.equal(status, 1, output);
});

test("a small model learns", () => {
  const { status, output } = runPython("learning.py");
  assert.equal(status, 0, output);
});
