/**
 * Products of eight-bit integers and of weights of few bits, on every instruction set that this machine has and on both
 * ways of multiplying: the cases run in processes of their own, because an addon chooses once.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadAddon, whyMissing } from "./harness.ts";

const files = [
  "./quantized.cases.ts",
  "./quantized_conv.cases.ts",
  "./quantized_maps.cases.ts",
  "./quantized_products.cases.ts",
].map((name) => fileURLToPath(new URL(name, import.meta.url)));

function run(settings: Record<string, string>): void {
  for (const file of files) {
    const { status, stderr } = spawnSync(process.execPath, [file], {
      env: { ...process.env, ...settings },
      encoding: "utf8",
      timeout: 100_000,
    });
    assert.equal(status, 0, stderr);
  }
}

describe("products of integers and weights of few bits", { skip: whyMissing }, () => {
  const best = whyMissing ? 2 : Number(loadAddon().info().isa.slice(1));
  for (let isa = 2; isa <= best; isa++) {
    test(`x86-64-v${isa}`, () => run({ LAYERWISE_ISA: String(isa) }));
  }
  // Where the machine has no dot products of bytes, this is the same once more.
  test("without dot products of bytes", () => run({ LAYERWISE_DOTS: "plain" }));
});
