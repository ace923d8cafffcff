/** Models that no textbook has: what is said of them is true, and one that spoils one scheme does not spoil the others. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import type { QuantizeRequest, QuantizeResult } from "../../src/protocol/compress.ts";
import { close, decibels, fixtures, folder, layer, quantize } from "./runtime.ts";

after(close);

async function done(name: string, request: Omit<QuantizeRequest, "target">): Promise<QuantizeResult> {
  const result = await quantize(`${join(fixtures, "odd.py")}::${name}`, { samples: 2, ...request });
  if (!result.ok) throw new Error(`${result.failure?.type}: ${result.failure?.traceback ?? result.failure?.message}`);
  return result;
}

test("a model that writes into its input is given it anew each time", async () => {
  const { reports, notes } = await done("WritesInput", { schemes: ["int8", "static"] });
  assert.deepEqual(notes, []);
  for (const made of reports) assert.ok(decibels(made) > 35, `${made.name} ${decibels(made)}`);
});

test("a model that rolls dice is given the same ones before and after; one that counts its calls is told about", async () => {
  const dice = await done("Dice", { schemes: ["int8", "dynamic"] });
  for (const made of dice.reports) assert.ok(decibels(made) > 35, `${made.name} ${decibels(made)}`);
  assert.deepEqual(dice.notes, [
    "The model draws random numbers in every call: before and after are given the same ones.",
  ]);
  const counting = await done("Counts", { schemes: ["int8"] });
  assert.match(counting.notes.join(), /^The model gives other outputs for the same inputs/);
});

test("complex outputs are compared as a whole", async () => {
  const { reports } = await done("Spectrum", { schemes: ["int8", "static", "qat"], steps: 2 });
  for (const made of reports) {
    assert.ok(decibels(made) > 30 && decibels(made) < 70, `${made.name} ${decibels(made)}`);
    assert.deepEqual(made.metrics, []);
  }
});

test("models in other precisions than float32 take every scheme", async () => {
  for (const name of ["Double", "HalfBehind"]) {
    const { reports } = await done(name, { schemes: ["dynamic", "static", "qat", "int8", "int4", "fp16"], steps: 2 });
    assert.equal(reports.length, 6);
    for (const made of reports) assert.ok(decibels(made) > (made.name === "int4" ? 15 : 30), `${name} ${made.name}`);
  }
});

test("outputs with infinities can be trained on; what cannot be trained costs the other schemes nothing", async () => {
  const masked = await done("MaskedLogits", { schemes: ["qat"], steps: 4 });
  assert.ok(masked.reports[0]!.losses!.every((loss) => Number.isFinite(loss)));
  assert.ok(decibels(masked.reports[0]!) > 30);
  const two = await done("Untrainable", { schemes: ["qat", "int8"] });
  assert.deepEqual(
    two.reports.map(({ name }) => name),
    ["int8"],
  );
  assert.match(two.notes[0]!, /^qat failed: RuntimeError: one of the variables needed for gradient computation/);
  const alone = await quantize(`${join(fixtures, "odd.py")}::Untrainable`, { schemes: ["qat"], samples: 2 });
  assert.equal(alone.failure?.type, "RuntimeError");
});

test("inputs of layers with several widths, of nothing, and of layers that wait for their first input", async () => {
  const other = (await done("OtherWidths", { schemes: ["int8"] })).reports[0]!;
  assert.ok(decibels(layer(other, "attention.k_proj")) > 35);
  const { type, why } = layer(other, "attention");
  assert.deepEqual([type, why], ["MultiheadAttention", "MultiheadAttention has no low-bit form"]);
  const nothing = (await done("NothingIn", { schemes: ["int8"] })).reports[0]!;
  assert.deepEqual([layer(nothing, "empty").why, layer(nothing, "linear").became], ["its weight is empty", "int8"]);
  const lazy = (await done("Lazy", { schemes: ["int8"], inputs: { x: "float32[4,24]" } })).reports[0]!;
  assert.deepEqual(
    lazy.layers.map(({ path }) => path),
    ["up", "down"],
  );
});

test("files of models with infinities and complex numbers in their outputs are compared, too", async () => {
  for (const name of ["MaskedLogits", "Spectrum"]) {
    for (const ending of ["safetensors", "pt"]) {
      const { file } = await done(name, { schemes: ["int8"], file: join(folder, `${name}.${ending}`) });
      assert.deepEqual(
        file!.checks.map(({ ok, outputs }) => [ok, outputs[0]!.absolute]),
        [[true, 0]],
      );
    }
  }
});
