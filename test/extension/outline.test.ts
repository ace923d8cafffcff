/** Targets are found from text alone, as python/layerwise/targets.py finds them, and stay while somebody types. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readOutline, targetAt, type Outline } from "../../src/language/outline/outline.ts";
import { readFunctions } from "../../src/language/outline/functions.ts";
import { root } from "../../tools/steps.mjs";

function check(source: string, expected: string[]): Outline {
  const outline = readOutline(source);
  assert.deepEqual(
    outline.targets.map(({ name, kind, line, endLine }) => `${kind} ${name} ${line + 1}-${endLine + 1}`),
    expected,
  );
  return outline;
}

test("an example gives its class and its script", () => {
  const outline = check(readFileSync(join(root, "examples/attention.py"), "utf8"), [
    "class MultiHeadAttention 9-34",
    "script  37-43",
  ]);
  assert.equal(outline.isBroken, false);
});

test("modules are told from other classes", () => {
  const source = `
import torch.nn as nn
from torch.nn import Module as Base, Parameter
import transformers

class A(nn.Module): pass
class B(A): pass
class C(Base):
    pass
class D(Parameter): pass
class E(transformers.PreTrainedModel): pass
class F(Elsewhere):
    def forward(self, x): return x
class G(Elsewhere):
    def other(self): pass
class H: pass
@decorated(
    1)
class I(Generic[T], nn.Module, metaclass=Meta):
    def forward(self): pass
`;
  check(source, ["class A 6-6", "class B 7-7", "class C 8-9", "class E 11-11", "class F 12-13", "class I 19-20"]);
});

test("functions count when they use torch or a module of the file", () => {
  const source = `
import torch, math
from torch.nn import functional as F

class Net(torch.nn.Module):
    pass

def uses(x): return torch.relu(x)
def alias(x):
    return F.relu(x)
def builds():
    return Net()
def annotated(x: "Tensor"): return x
@torch.no_grad()
def decorated(x): return x
def plain(x): return math.sqrt(x)
def attribute(x): return x.torch
def importing():
    import torch
# torch
def commented(x): return x  # torch
`;
  const expected = ["class Net 5-6", "function uses 8-8", "function alias 9-10", "function builds 11-12"];
  check(source, [...expected, "function annotated 13-13", "function decorated 15-15"]);
});

test("blocks that only choose a definition are looked into", () => {
  const source = `
try:
    import torch
except ImportError:
    torch = None
if torch:
    class Net(torch.nn.Module):
        def forward(self, x):
            return x
else:
    def f(x): return torch.zeros(1)
`;
  check(source, ["class Net 7-9", "function f 11-11"]);
});

test("strings and brackets hide what looks like code", () => {
  const source = `
import torch
text = """
class A(torch.nn.Module): pass
"""
data = [
  "class B(torch.nn.Module):", 'def f(): torch', # class C(torch.nn.Module):
]
raw = r'\\'
class D(
    torch.nn.Module,
):
    """Doc with 'quotes' and "more" """
    def forward(self): return f"{torch}"
`;
  check(source, ["class D 10-14"]);
});

test("a script is a main guard, or else the first call or loop", () => {
  check("import torch\nx = torch.zeros(1)\nprint(\n  x)\nf(2)\n", ["script  3-4"]);
  check("import torch\nprint(1)\nif __name__ == '__main__':\n    f(1)\n    f(2)\n", ["script  3-5"]);
  check("import torch\nfor i in range(3):\n    pass\n", ["script  2-3"]);
  check("import torch\nx = f(1)\nassert f(x)\nfrom a import (b,\n  c)\n", []);
  check("import math\nprint(math.pi)\n", []);
});

test("an unclosed bracket ends where the next definition starts", () => {
  const outline = check("import torch\ndef f(x):\n    return torch.relu(x\n\nclass A(torch.nn.Module):\n    pass\n", [
    "function f 2-3",
    "class A 5-6",
  ]);
  assert.equal(outline.isBroken, true);
});

test("while a string is open, targets stay where their first line stands", () => {
  const before = "import torch\nclass A(torch.nn.Module):\n    pass\nclass B(torch.nn.Module):\n    pass\n";
  const previous = readOutline(before);
  const typed = before.replace("    pass", '\n    """').replace("import torch", "import torch\n");
  const outline = readOutline(typed, previous);
  assert.equal(outline.isBroken, true);
  assert.deepEqual(
    outline.targets.map(({ name, line }) => [name, line]),
    [
      ["A", 2],
      ["B", 5],
    ],
  );
});

test("the cursor's target is the one around it", () => {
  const outline = readOutline("import torch\nclass A(torch.nn.Module):\n    x = 1\n\nprint(A())\n");
  assert.equal(targetAt(outline, 2)?.name, "A");
  assert.equal(targetAt(outline, 4)?.kind, "script");
  assert.equal(targetAt(outline, 0), undefined);
});

test("imports are listed as written", () => {
  const { imports } = readOutline(
    "import a.b, c as d\nfrom .e import f\nfrom .. import g\nfrom h.i import (j,\n  k)\n",
  );
  assert.deepEqual(imports.sort(), ["..", "..g", ".e", ".e.f", "a.b", "c", "h.i", "h.i.j", "h.i.k"].sort());
});

test("functions say what they must be given and whether they give anything", () => {
  const shown = (source: string): string[] =>
    readFunctions(source).map(({ name, required, gives, about }) => `${name} ${required} ${gives} ${about}`.trim());
  assert.deepEqual(shown(readFileSync(join(root, "examples/digits.py"), "utf8")), [
    "load 0 true All images [1797, 1, 8, 8] from 0 to 1, and their digits [1797].",
    "batches 0 true Images and digits to learn from (or to calibrate with), in order.",
    "accuracy 1 true Share of the test images that the model reads rightly.",
    "main 0 false",
  ]);
  const source = `
def one(): return 1
def none(): return
def pairs(a, /, b: dict[str, int] = {}, *rest, c, d=(1, 2), **more):
    for x in a:
        got = yield x
async def outer():
    def inner():
        return 1
    inner()
class A:
    def method(self): return 1
`;
  assert.deepEqual(shown(source), ["one 0 true", "none 0 false", "pairs 2 true", "outer 0 false"]);
});
