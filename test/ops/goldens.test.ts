/**
 * Every golden case on our torch: values, dtypes, strides, gradients and errors against real PyTorch's. One process runs them all.
 * known.json lists what still differs, by reason; each entry must differ, so that a repaired one cannot stay listed.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const here = (name: string): URL => new URL(name, import.meta.url);
const MOST_SHOWN = 20;

interface Outcome {
  ran: number;
  failures: Record<string, string>;
}

function runCases(...args: string[]): Outcome {
  const command = ["python", "test/ops/run.py", "--json", ...args];
  const options = { cwd: root, encoding: "utf8", maxBuffer: 1 << 28, timeout: 300_000 } as const;
  const child = spawnSync(`${root}bin/layerwise`, command, options);
  const line = child.stdout.trimEnd().split("\n").at(-1) ?? "";
  assert.ok(line.startsWith("{"), `run.py left no result (exit ${child.status ?? child.signal}): ${child.stderr}`);
  return JSON.parse(line) as Outcome;
}

const known = JSON.parse(readFileSync(here("known.json"), "utf8")) as Record<string, string[]>;
const knownKeys = new Set(Object.values(known).flat());

test("every golden case gives what PyTorch gives", () => {
  const { families } = JSON.parse(readFileSync(here("goldens/index.json"), "utf8")) as {
    families: Record<string, number>;
  };
  const nCases = Object.values(families).reduce((sum, n) => sum + n, 0);
  const { ran, failures } = runCases();
  const unexpected = Object.entries(failures).filter(([key]) => !knownKeys.has(key));
  const shown = unexpected
    .slice(0, MOST_SHOWN)
    .map(([key, found]) => `bin/layerwise python test/ops/run.py --case '${key}'\n  ${found}`);
  assert.equal(unexpected.length, 0, `${unexpected.length} of ${ran} cases differ\n${shown.join("\n")}`);
  assert.equal(ran, nCases);
  const repaired = [...knownKeys].filter((key) => !(key in failures));
  assert.deepEqual(repaired, [], "these no longer differ: take them out of known.json");
});

test("the meta device gives the same shapes, dtypes and strides", () => {
  const { ran, failures } = runCases("--device", "meta");
  const unexpected = Object.entries(failures).filter(([key]) => !knownKeys.has(key));
  assert.deepEqual(unexpected, []);
  assert.ok(ran > 10_000, `only ${ran} cases ran on meta`);
});

test("a wrong value, dtype, stride and error are noticed", () => {
  const child = spawnSync(`${root}bin/layerwise`, ["python", "test/ops/notices.py"], { cwd: root, encoding: "utf8" });
  assert.equal(child.stdout, "noticed\n", child.stderr);
});
