/** Functions that are called without a proxy, with everything that Python may hand them. The script asserts; here it runs. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

test("plain arguments are read right, others go the other way, nothing leaks", () => {
  const command = ["python", "test/python/fixtures/direct.py"];
  const child = spawnSync(`${root}bin/layerwise`, command, { cwd: root, encoding: "utf8", timeout: 60_000 });
  assert.equal(child.stdout, "as it should be\n", child.stderr);
});
