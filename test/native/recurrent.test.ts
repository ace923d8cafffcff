/** Recurrent layers over sequences, on every instruction set that this machine has, and without dot products of bytes. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadAddon, whyMissing } from "./harness.ts";

const cases = fileURLToPath(new URL("./recurrent.cases.ts", import.meta.url));

function run(settings: Record<string, string>): void {
  const env = { ...process.env, ...settings };
  const { status, stderr } = spawnSync(process.execPath, [cases], { env, encoding: "utf8", timeout: 100_000 });
  assert.equal(status, 0, stderr);
}

describe("recurrent layers", { skip: whyMissing }, () => {
  const best = whyMissing ? 2 : Number(loadAddon().info().isa.slice(1));
  for (let isa = 2; isa <= best; isa++) test(`x86-64-v${isa}`, () => run({ LAYERWISE_ISA: String(isa) }));
  test("without dot products of bytes", () => run({ LAYERWISE_DOTS: "plain" }));
});
