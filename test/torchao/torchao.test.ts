/**
 * torchao and bitsandbytes over our kernels: each script's numbers beside those that PyTorch's own operators give by their
 * rules (tools/goldens_torchao.py), and the sentences of what is refused.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { python } from "../models/command.ts";

const folder = new URL("./", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), "utf8");

/** Signal to noise in decibels of what came beside what was expected. */
function likeness(expected: number[], got: number[]): number {
  assert.equal(got.length, expected.length);
  const squares = (values: number[]): number => values.reduce((sum, value) => sum + value * value, 0);
  return 10 * Math.log10(squares(expected) / squares(expected.map((value, i) => value - got[i]!)));
}

// A code that falls on the other side of a rounding costs about this much; another rule costs far more.
const LEAST_DB: Record<string, number> = { configs: 55, whole_model: 50, training: 60, bits_and_bytes: 55 };

for (const [theme, least] of Object.entries(LEAST_DB)) {
  test(`${theme}: the numbers of PyTorch's operators`, () => {
    const expected = JSON.parse(read(`${theme}.json`)) as Record<string, number[]>;
    const lines = python(`test/torchao/${theme}.py`).trim().split("\n");
    const got = new Map(lines.map((line) => JSON.parse(line) as [string, number[]]));
    assert.deepEqual([...got.keys()].sort(), Object.keys(expected).sort());
    for (const [name, values] of Object.entries(expected)) {
      const decibels = likeness(values, got.get(name)!);
      assert.ok(decibels >= least, `${name}: ${decibels.toFixed(1)} dB, expected at least ${least}`);
    }
  });
}

test("what is refused is refused by name", () => {
  assert.equal(python("test/torchao/refusals.py"), read("refusals.out"));
});
