import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { devicesText } from "../../src/cli/devices.ts";
import { exitCode, failureText } from "../../src/cli/failure.ts";
import { graphText } from "../../src/cli/graph.ts";
import { runText } from "../../src/cli/run.ts";
import { shapesText } from "../../src/cli/shapes.ts";
import { PLAIN } from "../../src/profiler/text/table.ts";
import type { Failure } from "../../src/protocol/source.ts";

const folder = mkdtempSync(join(tmpdir(), "layerwise-cli-"));
const file = join(folder, "model.py");
writeFileSync(file, "import torch\n\ndef f(x):\n    y = x @ x\n    return y\n");
after(() => rmSync(folder, { recursive: true }));

const failure: Failure = {
  kind: "model",
  type: "RuntimeError",
  message: "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)",
  at: { file, line: 4, col: 8, endLine: 4, endCol: 13 },
  frames: [
    { file, line: 9, function: "<module>", isUser: true },
    { file: "/lib/torch.py", line: 1, function: "matmul", isUser: false },
    { file, line: 4, function: "f", isUser: true },
  ],
  hint: "transpose one of them",
};

test("a failure is one sentence with place, line, callers and hint", () => {
  assert.equal(
    failureText(failure, PLAIN, folder),
    [
      "error: model.py:4: RuntimeError: mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)",
      "    y = x @ x",
      "        ^^^^^",
      "  called from model.py:9 in <module>",
      "hint: transpose one of them",
      "",
    ].join("\n"),
  );
});

test("our own codes are not shown as exception classes", () => {
  const text = failureText({ kind: "usage", type: "unknown-target", message: "no class GTP" }, PLAIN);
  assert.equal(text, "error: no class GTP\n");
});

test("exit codes say whose fault it was", () => {
  const code = (kind: Failure["kind"]): number => exitCode({ kind, type: "t", message: "m" });
  assert.deepEqual(
    [exitCode(undefined), code("model"), code("machine"), code("usage"), code("bug"), code("cancelled")],
    [0, 1, 1, 2, 3, 130],
  );
});

test("run: arguments with their reasons, outputs, one line of figures", () => {
  const text = runText(
    {
      version: 1,
      verb: "run",
      target: "m.py::A",
      ok: true,
      device: "cpu",
      timeUs: 1234,
      peakBytes: 2048,
      parameters: 16_640,
      parameterBytes: 66_560,
      stdout: "",
      setup: {
        init: [{ name: "dim", value: "64", from: "call", why: "from the call in line 40" }],
        inputs: [{ name: "x", value: "float32[2,16,64]", from: "given" }],
      },
      outputs: [
        {
          name: "output",
          shape: [2, 16, 64],
          dtype: "float32",
          device: "cpu",
          statistics: { min: -1.5, max: 2, mean: 0.00012345, std: 0.5, nans: 3, infs: 0, zeros: 0 },
        },
      ],
    },
    PLAIN,
  );
  assert.match(text, /^init +dim +64 +from the call in line 40$/m);
  assert.match(text, /^input +x +float32\[2,16,64\] +given$/m);
  assert.match(text, /^output +float32\[2, 16, 64\] +-1\.500 +2 +1\.23[45]e-4 +0\.5000$/m);
  assert.match(text, /output holds 3 NaN and 0 infinite values/);
  assert.match(text, /time 1\.23 ms {3}memory 2\.00 KiB {3}parameters 16\.6 k \(65\.0 KiB\) {3}device cpu\n$/);
});

test("shapes: behind the last line of each statement, loops with their passes", () => {
  const text = shapesText(
    {
      version: 1,
      verb: "shapes",
      target: file,
      ok: true,
      setup: { init: [], inputs: [] },
      hints: [
        {
          source: { file, line: 4 },
          name: "y",
          shape: [2, 2],
          dtype: "float32",
          device: "meta",
          passes: 3,
          first: [1, 2],
        },
        { source: { file, line: 5 }, name: "return", shape: [2, 2], dtype: "int64", device: "meta", passes: 1 },
      ],
    },
    () => "import torch\n\ndef f(x):\n    y = x @ x\n    return y\n",
    PLAIN,
    folder,
  );
  assert.equal(
    text,
    [
      "model.py",
      "1  import torch",
      "2",
      "3  def f(x):",
      "4      y = x @ x  y: [1, 2] … [2, 2] ×3",
      "5      return y   return: [2, 2] int64",
      "6",
      "",
    ].join("\n"),
  );
});

test("devices: what is missing says why", () => {
  const text = devicesText(
    {
      version: 1,
      verb: "devices",
      target: "",
      ok: true,
      devices: [
        {
          id: "cpu",
          kind: "device",
          available: true,
          description: "a processor",
          totalBytes: 2 ** 31,
          freeBytes: 2 ** 30,
        },
        { id: "cuda", kind: "device", available: false, description: "no driver" },
      ],
    },
    PLAIN,
  );
  assert.equal(text, "cpu   yes    1.00 GiB of 2.00 GiB  a processor\ncuda  no                           no driver\n");
});

test("graph: the module tree with ops by kind", () => {
  const text = graphText(
    {
      version: 1,
      target: "m.py::A",
      nodes: [
        {
          id: 0,
          kind: "input",
          label: "x",
          group: 0,
          outputs: [{ shape: [2], dtype: "float32" }],
          attributes: {},
          flops: 0,
          bytes: 0,
        },
        {
          id: 1,
          kind: "op",
          label: "relu",
          group: 1,
          outputs: [{ shape: [2], dtype: "float32" }],
          attributes: {},
          flops: 2,
          bytes: 16,
        },
        {
          id: 2,
          kind: "op",
          label: "relu",
          group: 1,
          outputs: [{ shape: [3], dtype: "float32" }],
          attributes: {},
          flops: 3,
          bytes: 16,
        },
      ],
      edges: [
        { from: 0, output: 0, to: 1 },
        { from: 1, output: 0, to: 2 },
      ],
      groups: [
        { id: 0, parent: -1, label: "", path: "", type: "A", parameters: 7, parameterBytes: 28 },
        { id: 1, parent: 0, label: "act", path: "act", type: "ReLU", parameters: 0, parameterBytes: 0 },
      ],
    },
    PLAIN,
  );
  assert.match(text, /^A +A +float32\[3\] +5 FLOP +7$/m);
  assert.match(text, /^ {2}act +ReLU +float32\[3\] +5 FLOP +0 +relu x2$/m);
  assert.match(text, /2 ops, 2 edges, 1 module calls\n$/);
});
