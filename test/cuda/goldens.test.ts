/**
 * Every golden case on the emulated GPU, in one process. Beyond what differs on the CPU (known.json) known_cuda.json lists
 * what differs here, by reason; each entry must still differ.
 */
import "./emulation.ts";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const json = (path: string): unknown => JSON.parse(readFileSync(`${root}${path}`, "utf8"));
const addon = process.env.LAYERWISE_CUDA_ADDON ?? `${root}native/bin/linux-x64/cuda.node`;
const skip = existsSync(addon) ? false : "native/bin/linux-x64/cuda.node is not built";
const MOST_SHOWN = 20;

interface Outcome {
  ran: number;
  failures: Record<string, string>;
}

function runCases(...args: string[]): Outcome {
  const command = ["python", "test/ops/run.py", "--json", "--device", "cuda", ...args];
  const options = { cwd: root, encoding: "utf8", maxBuffer: 1 << 28, timeout: 300_000 } as const;
  const child = spawnSync(`${root}bin/layerwise`, command, options);
  const line = child.stdout.trimEnd().split("\n").at(-1) ?? "";
  assert.ok(line.startsWith("{"), `run.py left no result (exit ${child.status ?? child.signal}): ${child.stderr}`);
  return JSON.parse(line) as Outcome;
}

test("every golden case gives on the GPU what it gives on the CPU", { skip }, () => {
  const [onCpu, onGpu] = ["known.json", "known_cuda.json"].map(
    (name) => new Set(Object.values(json(`test/ops/${name}`) as Record<string, string[]>).flat()),
  ) as [Set<string>, Set<string>];
  const { ran, failures } = runCases();
  const unexpected = Object.entries(failures).filter(([key]) => !onCpu.has(key) && !onGpu.has(key));
  const shown = unexpected
    .slice(0, MOST_SHOWN)
    .map(([key, found]) => `bin/layerwise python test/ops/run.py --device cuda --case '${key}'\n  ${found}`);
  assert.equal(unexpected.length, 0, `${unexpected.length} of ${ran} cases differ\n${shown.join("\n")}`);
  const { families } = json("test/ops/goldens/index.json") as { families: Record<string, number> };
  assert.equal(
    ran,
    Object.values(families).reduce((sum, n) => sum + n, 0),
  );
  const repaired = [...onGpu].filter((key) => !(key in failures));
  assert.deepEqual(repaired, [], "these no longer differ: take them out of known_cuda.json");
});

test("a golden that is not of this call is noticed on the GPU", { skip }, () => {
  // Two cases of one op whose goldens differ: run.py compares each with its own.
  const { ran, failures } = runCases("--case", "to/208", "--case", "to/0");
  assert.equal(ran, 2);
  assert.deepEqual(Object.keys(failures), ["to/208"]);
});
