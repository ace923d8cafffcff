/** Calls of imported models that are repeated without Python: in which steps, when not, and always with the numbers of the nodes. */
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { GraphBuilder, type Name } from "../../src/runtime/onnx/export/builder.ts";
import { dataTypeNumber, modelMessage } from "../../src/runtime/onnx/schema.ts";
import { encode } from "../../src/runtime/onnx/wire.ts";
import { modelOf } from "../../src/runtime/onnx/write.ts";
import { python } from "../models/command.ts";

const folder = mkdtempSync(join(tmpdir(), "layerwise-passes-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const floats = (g: GraphBuilder, ...values: number[]): Name =>
  g.constant("float32", values.length === 1 ? [] : [values.length], new Uint8Array(Float32Array.from(values).buffer));
const zero = (g: GraphBuilder): Name => g.constant("uint8", [], new Uint8Array([3]));

/** Graphs of six numbers. */
const GRAPHS: Record<string, (g: GraphBuilder, x: Name) => Name> = {
  /** How many there are hangs on the numbers. */
  picked: (g, x) => g.add("Pad", [g.add("Compress", [x, g.add("Greater", [x, floats(g, 0.5)])]), g.int64([1, 0])]),
  random: (g, x) => g.add("Mul", [x, g.add("RandomNormalLike", [x], { seed: 3 })]),
  /** Rounded to codes and back twice: as many steps as it takes to read and write once. */
  codes(g, x) {
    const rounded = (y: Name, scale: number): Name => {
      const codes = g.add("QuantizeLinear", [y, floats(g, scale), zero(g)]);
      return g.add("DequantizeLinear", [codes, floats(g, scale), zero(g)]);
    };
    return rounded(g.add("Tanh", [rounded(g.add("Mul", [x, floats(g, 1.7)]), 0.02)]), 0.01);
  },
};

test("calls are repeated where that is the same thing", () => {
  for (const [name, build] of Object.entries(GRAPHS)) {
    const g = new GraphBuilder(18, []);
    g.reserve("x");
    const output = build(g, "x");
    const tensorType = { elemType: dataTypeNumber("float32"), shape: { dim: [{ value: 6 }] } };
    const graph = g.graph(name, [{ name: "x", type: { tensorType } }], [{ name: output, type: { tensorType } }]);
    writeFileSync(join(folder, `${name}.onnx`), encode(modelOf(graph, 18), modelMessage));
  }
  const here = new URL("./", import.meta.url);
  const script = join(folder, "passes.py");
  copyFileSync(new URL("passes.py", here), script);
  const said = python(script, folder).trimEnd().split("\n");
  assert.deepEqual(said, readFileSync(new URL("passes.out", here), "utf8").trimEnd().split("\n"));
});
