/** Codes handed on between static layers: number by number, through files, in the proof, and where a layer is kept. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { python } from "../models/command.ts";
import { close, decibels, done, folder, layer, report } from "./runtime.ts";

after(close);

test("flows compute what rounding at the same places does, and stop where they have to", () => {
  const lines = python("test/quantizing/flow_checks.py").trimEnd().split("\n");
  assert.deepEqual(
    lines.filter((line) => line.startsWith("FAIL")),
    [],
  );
  assert.match(lines.at(-1)!, /^\d{2,} checked$/);
});

const INPUT = { inputs: { x: "float32[4,3,24,24]" } };

test("a residual net: layers are compared in real numbers, by their paths", async () => {
  const made = await report("Residual", { schemes: ["static"], ...INPUT, samples: 4 });
  assert.equal(made.layers.filter(({ became }) => became === "int8 static").length, 6);
  for (const path of ["stem", "first", "second", "side", "head"]) {
    const row = layer(made, path);
    assert.ok(row.output!.sqnrDb! > 30 && row.inPlace!.sqnrDb! > 22, `${path}: ${JSON.stringify(row)}`);
    assert.ok(row.inPlace!.sqnrDb! <= row.output!.sqnrDb! + 3, `${path} inherits errors`);
    // Outputs before the activation: half of them are below zero.
    assert.ok(row.ranges!.output!.before.low < 0 && row.ranges!.output!.after.low < 0, path);
  }
  assert.ok(made.output.sqnrDb! > 25, `${made.output.sqnrDb}`);
  assert.match(made.description, /, integers handed on$/);
  const other = await report("Unused", { schemes: ["static"], samples: 2 });
  assert.doesNotMatch(other.description, /layer by layer/);
});

test("what is written computes the same when it is read again, and in ONNX Runtime", async () => {
  for (const name of ["flow.safetensors", "flow.pt", "flow.onnx"]) {
    const { file } = await done("Residual", { schemes: ["static"], ...INPUT, file: join(folder, name), samples: 2 });
    assert.ok(file!.checks.length > 0, name);
    for (const check of file!.checks) {
      // ONNX Runtime rounds ties otherwise: a code or two.
      const worst = Math.max(...check.outputs.map(({ relative }) => relative));
      assert.ok(check.ok && worst < (name.endsWith(".onnx") ? 0.03 : 1e-6), `${name} ${JSON.stringify(check)}`);
    }
    if (name.endsWith(".onnx")) assert.match(file!.contents, /[89] QuantizeLinear|1\d QuantizeLinear/);
  }
});

test("a budget keeps layers, and the flow goes on without them", async () => {
  const plain = await report("Residual", { schemes: ["static"], ...INPUT, samples: 4 });
  const wanted = plain.output.sqnrDb! + 3;
  const held = await report("Residual", { schemes: ["static"], ...INPUT, samples: 4, budgetDb: wanted });
  assert.ok(held.output.sqnrDb! >= wanted, `${held.output.sqnrDb} of ${wanted}`);
  assert.ok(held.keptForBudget!.length > 0 && held.keptForBudget!.length < 6, `${held.keptForBudget}`);
  const kept = await report("Residual", { schemes: ["static"], ...INPUT, samples: 4, keep: [{ path: "second" }] });
  assert.equal(layer(kept, "second").became, "float32");
  assert.ok(decibels(layer(kept, "first")) > 30);
});

test("training with rounding ends in a flow, too", async () => {
  const made = await report("Residual", { schemes: ["qat"], steps: 12, ...INPUT, samples: 4 });
  assert.ok(made.output.sqnrDb! > 20, `${made.output.sqnrDb}`);
  assert.equal(made.layers.filter(({ became }) => became === "int8 static").length, 6);
});
