/** Quantization as PyTorch does it: each script of this folder prints what its .out file says (tools/goldens_quantization.py). */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { python } from "../models/command.ts";

const folder = new URL("./", import.meta.url);
const MOST_SHOWN = 12;

const themes = readdirSync(folder)
  .filter((name) => name.endsWith(".py") && name !== "show.py")
  .map((name) => name.slice(0, -3));

for (const theme of themes) {
  test(`${theme} prints what it prints with PyTorch`, () => {
    const output = python(`test/quantization/${theme}.py`).split("\n");
    const [header, ...expected] = readFileSync(new URL(`${theme}.out`, folder), "utf8").split("\n");
    assert.match(header!, /^# torch \d/);
    const problems: string[] = [];
    for (let i = 0; i < Math.max(output.length, expected.length); i++) {
      if (output[i] === expected[i]) continue;
      problems.push(`line ${i + 2}:\n  expected ${expected[i] ?? "nothing"}\n  got      ${output[i] ?? "nothing"}`);
    }
    assert.equal(problems.length, 0, `${problems.length} differences\n${problems.slice(0, MOST_SHOWN).join("\n")}`);
  });
}
