/** examples/train_gpt.py, unmodified, follows PyTorch's loss curve on a real text. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { golden, python } from "./command.ts";

test("train_gpt.py follows PyTorch's loss curve within 1%", () => {
  const text = readFileSync(golden("train_gpt.json"), "utf8");
  const { args, losses } = JSON.parse(text) as { args: string[]; losses: number[] };
  const output = python("examples/train_gpt.py", ...args);
  const actual = [...output.matchAll(/^step (\d+) loss (\S+)$/gm)].map((match) => Number(match[2]));
  assert.equal(actual.length, losses.length);
  losses.forEach((loss, step) => {
    const difference = Math.abs(actual[step]! - loss);
    assert.ok(difference <= 0.01 * loss, `loss of step ${step} is ${actual[step]}, expected ${loss}`);
  });
  assert.ok(losses.at(-1)! < 0.75 * losses[0]!, "the goldens show that the model learns");
});
