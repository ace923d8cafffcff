/** Features that need no Python: formulas, memory, layers, folding, and what is shown of an analysis. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LineHint, TargetAnalysis } from "../../src/protocol/analysis.ts";
import { Analyst } from "../../src/language/analyst.ts";
import { OpenFile } from "../../src/language/documents.ts";
import { completion } from "../../src/language/features/completion.ts";
import { definition } from "../../src/language/features/definition.ts";
import { codeActions, diagnostics } from "../../src/language/features/diagnostics.ts";
import { folding } from "../../src/language/features/folding.ts";
import { evaluate } from "../../src/language/features/formula.ts";
import { hover } from "../../src/language/features/hover.ts";
import { inlayHints } from "../../src/language/features/inlay_hints.ts";
import { RECIPES, stepBytes } from "../../src/language/features/memory.ts";
import { DEFAULT_SETTINGS } from "../../src/language/messages.ts";
import { positionOf, withHints } from "./client.ts";

const TEXT = `import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, dim=64):
        super().__init__()
        self.first = nn.Linear(
            dim,
            32,
        )
        self.name = "net"
        self.second: nn.Module = nn.Linear(32, dim)

    def forward(self, x):
        x = self.first(x)
        y = x.relu()
        return self.second(y)
`;

const PATH = "/w/net.py";
const EVERYTHING = { start: { line: 0, character: 0 }, end: { line: 1000, character: 0 } };

function place(marker: string): LineHint["source"] {
  const start = positionOf(TEXT, marker);
  return {
    file: PATH,
    line: start.line + 1,
    endLine: start.line + 1,
    col: start.character,
    endCol: start.character + marker.length,
  };
}

function hint(
  name: string,
  statement: string,
  dims: string[],
  shape: number[],
  more: Partial<LineHint> = {},
): LineHint {
  return {
    kind: "assign",
    name,
    source: place(statement),
    dims,
    shape,
    dtype: "float32",
    device: "meta",
    passes: 1,
    ...more,
  };
}

function analysis(): TargetAnalysis {
  const layer = place("self.first");
  return {
    name: "Net",
    kind: "class",
    setup: { init: [], inputs: [{ name: "x", value: "float32[2,64]", from: "layers", why: "from the first layer" }] },
    symbols: { B: 2 },
    hints: [
      hint("x", "x = self.first(x)", ["B", "32"], [2, 32], { layer }),
      hint("y", "y = x.relu()", ["B", "32"], [2, 32]),
      hint("return", "return self.second(y)", ["B", "64"], [2, 64], { kind: "return" }),
    ],
    calls: [
      {
        source: place("self.first(x)"),
        path: "first",
        type: "Linear",
        layer: "Linear(in_features=64, out_features=32, bias=True)",
        inputs: [{ shape: [2, 64], dims: ["B", "64"], dtype: "float32", device: "meta" }],
        outputs: [{ shape: [2, 32], dims: ["B", "32"], dtype: "float32", device: "meta" }],
        passes: 1,
        parameters: 2080,
        parameterBytes: 8320,
        flops: { value: 8192, formula: "4096·B" },
        activationBytes: { value: 512, formula: "256·B" },
        forwardBytes: { value: 9088 },
        backwardBytes: { value: 18176 },
        construction: layer,
      },
    ],
    problems: [],
    summary: {
      parameters: 4192,
      parameterBytes: 16768,
      flops: { value: 16384, formula: "8192·B" },
      activationBytes: { value: 768, formula: "384·B" },
      peakBytes: { value: 40000 },
    },
    timeMs: 1,
  };
}

function openFile(): OpenFile {
  const file = new OpenFile(`file://${PATH}`, 1, TEXT);
  const ok = { version: 1 as const, verb: "analyse" as const, target: PATH, ok: true };
  file.accept({ ...ok, targets: [analysis()], problems: [] });
  return file;
}

function edit(file: OpenFile, before: string, after: string): void {
  const at = file.text.indexOf(before);
  const range = { start: file.document.positionAt(at), end: file.document.positionAt(at + before.length) };
  file.change([{ range, text: after }], file.version + 1);
}

test("a long file is analysed in as many requests as it takes, what is in view first", async () => {
  const names = Array.from({ length: 9 }, (_, i) => `Block${i}`);
  const text = names.map((name) => `class ${name}(nn.Module):\n    def forward(self, x):\n        return x\n`);
  const file = new OpenFile(`file://${PATH}`, 1, ["import torch\nfrom torch import nn\n", ...text].join("\n\n"));
  file.shown = { from: file.outline.targets[4]!.line, to: file.outline.targets[5]!.line };
  const asked: string[][] = [];
  const analyst = new Analyst({
    // Time for four, whatever is asked for; names are found for nobody.
    analyse: async ({ only, symbols }) => {
      asked.push(only!);
      const targets = only!.map((name, at): TargetAnalysis => {
        const isUntried = at >= (symbols ? 1 : 4);
        const found = { ...analysis(), name, ...(isUntried ? { hints: [], isUntried, incomplete: "no time" } : {}) };
        return found;
      });
      return { version: 1, verb: "analyse", target: PATH, ok: true, targets, problems: [] };
    },
    context: () => ({}),
    changed: () => {},
    state: () => {},
    log: () => {},
  });
  analyst.schedule(file);
  await analyst.whenDone(file.uri);
  assert.deepEqual(asked[0], ["Block4"]);
  assert.deepEqual(asked[1]!.slice(0, 4), ["Block5", "Block4", "Block8", "Block7"]);
  assert.deepEqual(asked[2], asked[1]!.slice(4));
  assert.equal(asked[3]!.length, 1);
  // Nobody loses what an earlier request has found.
  for (const name of names) assert.equal(file.analyses.get(name)?.hints.length, 3, name);
});

test("formulas are sums of products with powers", () => {
  assert.equal(evaluate("24·B·T·64² + 4·B·T²", { B: 2, T: 16 }), 24 * 2 * 16 * 4096 + 4 * 2 * 256);
  assert.equal(evaluate("B¹²", { B: 2 }), 4096);
  assert.equal(evaluate("1.5·B", { B: 4 }), 6);
  assert.equal(evaluate("B·X", { B: 2 }), null);
  assert.equal(evaluate("T//2", { T: 2 }), null);
});

test("a training step counts weights, gradients, optimizer state and activations", () => {
  const target = analysis();
  const [, adam] = RECIPES;
  assert.equal(stepBytes(target.summary!, adam, target, 8), 4192 * 16 + 384 * 8);
  const bf16 = RECIPES.find(({ name }) => name === "AdamW, bf16")!;
  assert.equal(stepBytes(target.summary!, bf16, target, 8), 4192 * 8 + 192 * 8);
  assert.equal(stepBytes(target.summary!, adam, { ...target, symbols: {} }, 8), null);
});

test("hints stand behind their statements, by name or by number", () => {
  const file = openFile();
  const shown = withHints(TEXT, inlayHints(file, EVERYTHING, DEFAULT_SETTINGS));
  assert.match(shown, /x = self\.first\(x\) «\[B, 32\]»/);
  assert.match(shown, /return self\.second\(y\) «\[B, 64\]»/);
  const numbers = { ...DEFAULT_SETTINGS, hints: { ...DEFAULT_SETTINGS.hints, names: false, returns: false } };
  const plain = withHints(TEXT, inlayHints(file, EVERYTHING, numbers));
  assert.match(plain, /x = self\.first\(x\) «\[2, 32\]»/);
  assert.doesNotMatch(plain, /second\(y\) «/);
});

test("a hint links to its layer, and its tooltip says where the input came from", () => {
  const [first] = inlayHints(openFile(), EVERYTHING, DEFAULT_SETTINGS);
  const [part] = first.label as { location?: { range: object }; tooltip?: { value: string } }[];
  assert.deepEqual(part.location?.range, {
    start: positionOf(TEXT, "self.first"),
    end: positionOf(TEXT, "self.first", "self.first".length),
  });
  assert.match(part.tooltip!.value, /`x` float32\[2, 32\]/);
  assert.match(part.tooltip!.value, /`x` is `float32\[2,64\]`, from the first layer/);
});

test("hints follow the text, and keep their names until new ones are found", () => {
  const file = openFile();
  edit(file, "    def forward", "    # a remark\n    def forward");
  edit(file, "y = x.relu()", "y = x.relu().relu()");
  const shown = withHints(file.text, inlayHints(file, EVERYTHING, DEFAULT_SETTINGS));
  assert.match(shown, /x = self\.first\(x\) «\[B, 32\]»/);
  const again = analysis();
  for (const found of again.hints) delete found.dims;
  file.accept({ version: 1, verb: "analyse", target: PATH, ok: true, targets: [again], problems: [] });
  assert.match(withHints(TEXT, inlayHints(file, EVERYTHING, DEFAULT_SETTINGS)), /x = self\.first\(x\) «\[B, 32\]»/);
});

test("a problem is marked at its expression, mended by its fix, and gone with the first letter", () => {
  const file = openFile();
  const wrong = analysis();
  wrong.problems = [
    {
      source: place("self.second(y)"),
      severity: "error",
      code: "shape-clash",
      message: "y is [2, 32], second takes 16",
      related: [{ source: place("self.second: nn.Module"), message: "made here" }],
      fixes: [
        { title: "Set in_features=32", isPreferred: true, edits: [{ source: place("32, dim"), text: "16, dim" }] },
      ],
      target: "Net",
    },
  ];
  file.accept({ version: 1, verb: "analyse", target: PATH, ok: false, targets: [wrong], problems: [] });
  const [found] = diagnostics(file, DEFAULT_SETTINGS);
  assert.deepEqual(found.range.start, positionOf(TEXT, "self.second(y)"));
  assert.equal(found.relatedInformation?.[0].message, "made here");
  const [action] = codeActions(file, found.range, DEFAULT_SETTINGS);
  assert.equal(action.title, "Set in_features=32");
  assert.deepEqual(action.edit!.changes![file.uri], [
    { range: { start: positionOf(TEXT, "32, dim"), end: positionOf(TEXT, "32, dim", 7) }, newText: "16, dim" },
  ]);
  edit(file, "self.second(y)", "self.second(yy)");
  assert.deepEqual(diagnostics(file, DEFAULT_SETTINGS), []);
});

test("a call, a class and a name have hovers", () => {
  const file = openFile();
  const text = (marker: string, offset = 0): string => {
    const shown = hover(file, positionOf(TEXT, marker, offset), DEFAULT_SETTINGS);
    return (shown?.contents as { value: string } | undefined)?.value ?? "";
  };
  assert.match(text("self.first(x)", 6), /Linear\(in_features=64, out_features=32, bias=True\)` · first/);
  assert.match(text("self.first(x)", 6), /4096·B = 8\.19 K/);
  assert.match(text("class Net"), /parameters \| 4,192 \(16\.4 KiB\)/);
  assert.match(text("class Net"), /AdamW, fp32 \| 65\.9 KiB \| 68\.5 KiB/);
  assert.equal(text("import torch"), "");
});

test("self.layer leads to its construction, from anywhere in the class", () => {
  const file = openFile();
  const found = definition(file, positionOf(TEXT, "self.second(y)", 7));
  assert.deepEqual(found?.range, {
    start: positionOf(TEXT, "self.second:"),
    end: positionOf(TEXT, "self.second:", "self.second".length),
  });
  assert.equal(definition(file, positionOf(TEXT, "self.second:", 6)), null);
  assert.equal(definition(file, positionOf(TEXT, "x.relu", 3)), null);
});

test("self. offers layers with their shapes, and nothing else", () => {
  const file = openFile();
  const offered = completion(file, positionOf(TEXT, "self.second(y)", 5));
  assert.deepEqual(
    offered.map(({ label, labelDetails }) => [label, labelDetails?.description]),
    [
      ["first", "[B, 64] → [B, 32]"],
      ["second", "nn.Linear(32, dim)"],
    ],
  );
  assert.deepEqual(completion(file, positionOf(TEXT, "x.relu", 2)), []);
});

test("blocks, statements over several lines, imports, comments and regions fold", () => {
  const text = `import a
import b

# one
# two
class A:
    x = [
        1,
    ]

    def f(self):
        return 1


# region part
y = 1
# endregion
`;
  const file = new OpenFile("file:///w/fold.py", 1, text);
  const found = folding(file).map(({ startLine, endLine, kind }) => `${startLine}-${endLine} ${kind ?? "block"}`);
  assert.deepEqual(found.sort(), [
    "0-1 imports",
    "10-11 block",
    "14-16 region",
    "3-4 comment",
    "5-11 block",
    "6-8 block",
  ]);
});
