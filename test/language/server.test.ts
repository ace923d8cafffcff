/** The real server with its real sandbox, as an editor sees it: hints, problems, fixes, files that depend on each other. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DEFAULT_SETTINGS } from "../../src/language/messages.ts";
import { TestClient, positionOf, withHints } from "./client.ts";

const folder = mkdtempSync(join(tmpdir(), "layerwise-language-"));
const client = new TestClient();
const EVERYTHING = { start: { line: 0, character: 0 }, end: { line: 1000, character: 0 } };

before(() => client.start(folder));
after(async () => {
  await client.stop();
  rmSync(folder, { recursive: true });
});

async function opened(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  writeFileSync(file, text);
  await client.open(file, text);
  await client.whenDone(file);
  return file;
}

async function shown(file: string): Promise<string> {
  return withHints(client.text(file), await client.hints(file));
}

const net = `import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, dim: int = 64):
        super().__init__()
        self.first = nn.Linear(dim, 128)
        self.second = nn.Linear(128, 10)

    def forward(self, x: torch.Tensor):
        x = self.first(x).relu()
        return self.second(x)
`;

test("a file shows shapes by name, with nothing to set up", async () => {
  const file = await opened("net.py", net);
  assert.match(
    await shown(file),
    /x = self\.first\(x\)\.relu\(\) «\[B, 128\]»\n {8}return self\.second\(x\) «\[B, 10\]»/,
  );
  assert.deepEqual(client.problems(file), []);
  assert.equal((await client.lenses(file)).length, 1);
});

test("a clash is an error at its expression, and its fix mends it", async () => {
  const file = join(folder, "net.py");
  await client.edit(file, "nn.Linear(128, 10)", "nn.Linear(127, 10)");
  await client.whenDone(file);
  const [problem] = client.problems(file);
  assert.equal(problem?.code, "shape-clash");
  assert.match(String(problem!.message), /128 met 127/);
  assert.deepEqual(problem!.range.start, positionOf(client.text(file), "self.second(x)"));
  assert.ok(problem!.relatedInformation!.some(({ message }) => /second is made here/.test(message)));
  const actions = await client.actions(file, problem!.range);
  const preferred = actions.find(({ isPreferred }) => isPreferred);
  assert.equal(preferred?.title, "in_features=128");
  await client.apply(preferred!, file);
  // Gone with the edit itself, and not back after the next analysis.
  await client.whenDone(file);
  assert.deepEqual(client.problems(file), []);
  assert.match(await shown(file), /return self\.second\(x\) «\[B, 10\]»/);
});

test("a syntax error keeps what is known, and what was touched comes back with it mended", async () => {
  const file = join(folder, "net.py");
  await client.edit(file, "return self.second(x)", "return self.second(x");
  await client.whenDone(file);
  assert.match(await shown(file), /x = self\.first\(x\)\.relu\(\) «\[B, 128\]»/);
  assert.equal((await client.lenses(file)).length, 1);
  await client.edit(file, "return self.second(x", "return self.second(x)");
  await client.whenDone(file);
  assert.match(await shown(file), /return self\.second\(x\) «\[B, 10\]»/);
});

test("inputs that the user chose speak first", async () => {
  const file = join(folder, "net.py");
  await client.give({ [`${file}::Net`]: { init: "dim=32", inputs: { x: "float32[7, 3, 32]" } } });
  await client.whenDone(file);
  const numbers = { ...DEFAULT_SETTINGS, hints: { ...DEFAULT_SETTINGS.hints, names: false } };
  await client.configure(numbers);
  assert.match(await shown(file), /«\[7, 3, 128\]»/);
  await client.configure({ ...numbers, hints: { ...numbers.hints, enabled: false } });
  assert.deepEqual(await client.hints(file), []);
  await client.configure(DEFAULT_SETTINGS);
  await client.give({});
});

test("a file follows an unsaved change in what it imports", async () => {
  const layers = await opened(
    "layers.py",
    "from torch import nn\n\n\nclass Wide(nn.Linear):\n" + "    def __init__(self):\n        super().__init__(8, 16)\n",
  );
  const user = await opened(
    "user.py",
    "import torch\nfrom layers import Wide\nfrom torch import nn\n\n\nclass User(nn.Module):\n    def __init__(self):\n" +
      "        super().__init__()\n        self.wide = Wide()\n\n" +
      "    def forward(self, x: torch.Tensor):\n        y = self.wide(x)\n        return y\n",
  );
  assert.match(await shown(user), /y = self\.wide\(x\) «\[B, 16\]»/);
  await client.edit(layers, "(8, 16)", "(8, 24)");
  await client.whenDone(user);
  assert.match(await shown(user), /y = self\.wide\(x\) «\[B, 24\]»/);
});

test("a class follows an unsaved change in the file that uses it", async () => {
  const part = await opened(
    "part.py",
    "from torch import nn\n\n\nclass Part(nn.Module):\n    def __init__(self, gloop):\n        super().__init__()\n" +
      "        self.layer = nn.Linear(gloop, 3)\n        self.gloop = gloop\n\n" +
      "    def forward(self, x):\n        y = x.new_zeros(self.gloop)\n        return self.layer(y)\n",
  );
  const use = await opened("use_it.py", "from part import Part\n\nmade = Part(gloop=11)\n");
  await client.edit(use, "gloop=11", "gloop=12");
  await client.whenDone(part);
  assert.match(await shown(part), /y = x\.new_zeros\(self\.gloop\) «\[12\]»/);
  await client.edit(use, "gloop=12", "gloop=13");
  await client.whenDone(part);
  assert.match(await shown(part), /y = x\.new_zeros\(self\.gloop\) «\[13\]»/);
});

test("an endless loop costs its own hints and nothing else", async () => {
  const file = await opened(
    "endless.py",
    "import torch\nfrom torch import nn\n\n\nclass Endless(nn.Module):\n    def forward(self, x: torch.Tensor):\n" +
      "        while True:\n            x = x + 1\n        return x\n\n\nclass Fine(nn.Module):\n    def __init__(self):\n" +
      "        super().__init__()\n        self.layer = nn.Linear(4, 5)\n\n    def forward(self, x: torch.Tensor):\n        return self.layer(x)\n",
  );
  assert.match(await shown(file), /return self\.layer\(x\) «\[B, 5\]»/);
  assert.deepEqual(client.problems(file), []);
});

test("a memory bomb ends its process, and the next file is analysed as if nothing had been", async () => {
  await opened("bomb.py", "import torch\n\nnumbers = [0] * 10**10\n\n\ndef f(x: torch.Tensor):\n    return x\n");
  const file = await opened("after.py", "import torch\n\n\ndef g(x: torch.Tensor):\n    y = x.relu()\n    return y\n");
  assert.match(await shown(file), /y = x\.relu\(\) «\[/);
});

test("the sandbox reads the workspace alone", async () => {
  const file = await opened(
    "reader.py",
    'import torch\n\ntry:\n    text = open("/etc/hostname").read()\n    n = 3\nexcept OSError:\n    n = 5\n\n\n' +
      "def f(x: torch.Tensor):\n    y = torch.zeros(n, 2)\n    return y\n",
  );
  assert.match(await shown(file), /y = torch\.zeros\(n, 2\) «\[5, 2\]»/);
});

test("hints ask for the range in view only", async () => {
  const file = join(folder, "net.py");
  const line = positionOf(client.text(file), "x = self.first").line;
  const some = await client.hints(file, { start: { line, character: 0 }, end: { line, character: 100 } });
  assert.equal(some.length, 1);
  assert.ok((await client.hints(file, EVERYTHING)).length > 1);
});
