/** PyTorch's random numbers, bit for bit, on every instruction set that this machine has. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const addon = fileURLToPath(new URL("../../native/bin/linux-x64/cpu.node", import.meta.url));
const replay = fileURLToPath(new URL("random.replay.ts", import.meta.url));
const goldens = fileURLToPath(new URL("../goldens/random.json", import.meta.url));

interface Outcome {
  isa: string;
  compared: number;
  differences: string[];
}

function replayOn(isa: number, goldensFile: string): Outcome {
  const env = { ...process.env, LAYERWISE_ISA: String(isa) };
  return JSON.parse(execFileSync(process.execPath, [replay, addon, goldensFile], { env, encoding: "utf8" }));
}

for (const isa of [2, 3, 4]) {
  test(`random kernels return PyTorch's bits on v${isa}`, (t) => {
    const outcome = replayOn(isa, goldens);
    if (outcome.isa !== `v${isa}`) return t.skip(`this machine has ${outcome.isa} at most`);
    assert.deepEqual(outcome.differences, []);
    const { calls, sequences } = JSON.parse(readFileSync(goldens, "utf8"));
    assert.equal(outcome.compared, calls.length * sequences.length);
    assert.ok(outcome.compared > 1500);
  });
}
