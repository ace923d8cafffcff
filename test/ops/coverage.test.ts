/** docs/ops/coverage.md is what the runtime says of itself, and every op has golden cases or stands in the list of those without. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { registry } from "../../src/runtime/ops/index.ts";
import { goldenIndex } from "../../tools/coverage/goldens.ts";
import { PAGE, checked, coveragePage } from "../../tools/coverage/page.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

test("the coverage page says what the runtime does", () => {
  const fresh = coveragePage(checked()).split("\n");
  const committed = read(PAGE).split("\n");
  const changed = fresh.filter((line) => !committed.includes(line));
  assert.deepEqual(changed, [], "stale: run node tools/coverage/page.ts");
  assert.equal(fresh.length, committed.length, "stale: run node tools/coverage/page.ts");
});

test("goldens call ten cases per op, and every public op but those listed", () => {
  const { nCases, names } = goldenIndex();
  const records = [...registry.values()].map((op) => op.record);
  const isPublic = (places: string): boolean => places.split(" ").some((place) => place !== "_C" && place !== "");
  const publicOps = records.filter(({ spec }) => isPublic(spec.in ?? "torch Tensor"));
  assert.ok(nCases >= 10 * records.length, `${nCases} cases for ${records.length} ops`);
  const callable = (name: string, places: string): string[] =>
    places
      .split(" ")
      .map((place) => (place === "torch" || place === "Tensor" ? `${place}.${name}` : `torch.${place}.${name}`));
  const without = publicOps
    .filter(({ name, spec }) => !callable(name, spec.in ?? "torch Tensor").some((n) => names.has(n)))
    .filter(
      ({ name, spec }) => !(spec.aliases ?? []).some((n) => names.has(n) || names.has(`torch.${n}`) || n === name),
    )
    .map(({ name }) => name)
    .sort();
  const listed = JSON.parse(read("test/ops/without_goldens.json")) as Record<string, string[]>;
  assert.deepEqual(without, Object.values(listed).flat().sort());
});
