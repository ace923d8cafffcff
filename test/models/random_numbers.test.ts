/** PyTorch's random functions, initialisers and data loaders through the public API: the same bits from a seed. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { golden, python } from "./command.ts";

test("random numbers are PyTorch's, bit for bit", () => {
  const text = readFileSync(golden("random_numbers.json"), "utf8");
  const { results } = JSON.parse(text) as { results: Record<string, string> };
  const actual = JSON.parse(python("test/models/random_numbers.py")) as Record<string, string>;
  const failures = Object.entries(actual).filter(([label]) => label.endsWith(" failed"));
  assert.deepEqual(failures, []);
  const different = Object.keys(results).filter((label) => actual[label] !== results[label]);
  assert.deepEqual(different, []);
});
