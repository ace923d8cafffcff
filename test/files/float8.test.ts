/** Checkpoints and safetensors files of eight-bit floats, through the command line. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

test("eight-bit floats are saved and loaded bit for bit", () => {
  const options = { cwd: root, encoding: "utf8", timeout: 60_000 } as const;
  const { stdout, stderr } = spawnSync(`${root}bin/layerwise`, ["python", "test/files/float8.py"], options);
  assert.equal(stdout, "all of it holds\n", stderr);
});
