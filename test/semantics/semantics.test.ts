/**
 * Our torch prints what PyTorch prints: each script of this folder runs in one process, line for line against its .out
 * file (tools/goldens_semantics.py). memory.py, every_gradient.py and linear_gradients.py check themselves.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { python } from "../models/command.ts";
import { registry } from "../../src/runtime/ops/index.ts";

const folder = new URL("./", import.meta.url);
const helpers = new Set(["show"]);
const MOST_SHOWN = 12;

const themes = readdirSync(folder)
  .filter((name) => name.endsWith(".py"))
  .map((name) => name.slice(0, -3))
  .filter((name) => !helpers.has(name));

/** No finite difference says anything about these: chance, other devices, integers, a gradient made of gradients. */
const withoutDifference = new Set([
  // Straight through the rounding, as PyTorch's: their goldens are in test/ops.
  "fake_quantize_per_tensor_affine",
  "fake_quantize_per_channel_affine",
  "_fake_quantize_learnable_per_tensor_affine",
  "_fake_quantize_learnable_per_channel_affine",
  "_dropout",
  "_to_device",
  "_cross_entropy_rows",
  "bitwise_and",
  "bitwise_or",
  "bitwise_xor",
  "bitwise_left_shift",
  "bitwise_right_shift",
  "_bitwise_not_int",
  "gcd",
  "lcm",
  "nextafter",
  // Their gradient is an error that says so.
  "heaviside",
  "floor_divide",
  "_rfloordiv",
  "_rremainder",
  "_convolution2d_weight",
  "_standard_gamma",
  "_standard_gamma_grad",
  "_sample_dirichlet",
  "_dirichlet_grad",
  "poisson",
  "binomial",
]);

test("every op with a gradient has a case in every_gradient.py", () => {
  const cases = ["every_gradient.py", "linear_gradients.py"]
    .map((name) => readFileSync(new URL(name, folder), "utf8"))
    .join("\n");
  const missing = [...registry.values()]
    .map((op) => op.record)
    .filter(
      ({ spec, name }) => spec.backward && !spec.mutates && !withoutDifference.has(name) && !/_backward/.test(name),
    )
    .map(({ name }) => name)
    .filter((name) => !new RegExp(`\\b${name}\\b`).test(cases));
  assert.deepEqual(missing, []);
});

/** The lines that differ, in pairs. */
function differences(actual: string[], expected: string[]): string[] {
  const problems: string[] = [];
  if (actual.length !== expected.length) problems.push(`${actual.length} lines, expected ${expected.length}`);
  for (let i = 0; i < Math.max(actual.length, expected.length); i++) {
    if (actual[i] === expected[i]) continue;
    problems.push(`line ${i + 2}:\n  expected ${expected[i] ?? "nothing"}\n  got      ${actual[i] ?? "nothing"}`);
  }
  return problems;
}

for (const theme of themes) {
  test(`${theme} behaves as PyTorch`, () => {
    const output = python(`test/semantics/${theme}.py`).split("\n");
    const golden = new URL(`${theme}.out`, folder);
    if (!existsSync(golden)) {
      assert.deepEqual(
        output.filter((line) => line.startsWith("FAIL")),
        [],
      );
      assert.match(output.at(-2) ?? "", /^\d+ checked$/);
      return;
    }
    const [header, ...expected] = readFileSync(golden, "utf8").split("\n");
    assert.match(header!, /^# torch \d/);
    const problems = differences(output, expected);
    assert.equal(problems.length, 0, `${problems.length} differences\n${problems.slice(0, MOST_SHOWN).join("\n")}`);
  });
}
