/** Random chains of views and ops against the plain reference of reference.py. The seed is printed; fuzz.py repeats one. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const SECONDS = "10";

function fuzz(...args: string[]): { status: number | null; output: string } {
  const command = ["python", "test/ops/fuzz.py", ...args];
  const child = spawnSync(`${root}bin/layerwise`, command, { cwd: root, encoding: "utf8", timeout: 120_000 });
  return { status: child.status, output: child.stdout + child.stderr };
}

test("random chains of ops agree with the plain reference", (context) => {
  const { status, output } = fuzz("--seconds", SECONDS);
  context.diagnostic(output.split("\n")[0]!);
  assert.equal(status, 0, output);
  assert.match(output, /^[1-9]\d* chains, \d+ steps agree$/m);
});

test("a wrong reference is noticed", () => {
  const { status, output } = fuzz("--seed", "1", "--seconds", "5", "--break", "add");
  assert.equal(status, 1, output);
  assert.match(output, /repeat with: /);
});
