/** Shapes as you type, in a real VS Code: seen on opening, broken, marked, mended by a fix, in untrusted folders too. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { root } from "../../tools/steps.mjs";
import { openWorkbench, type Workbench } from "./kit.ts";

let workbench: Workbench;
const folder = mkdtempSync(join(tmpdir(), "layerwise-language-"));
/** The first analysis of a version takes a snapshot of Python, on a machine that may be busy. */
const FIRST_MS = 90_000;

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
const FIRST_LAYER = 8;
const SECOND_LAYER = 9;
const ASSIGNMENT = 12;
const RETURN = 13;

before(async () => {
  cpSync(join(root, "examples/attention.py"), join(folder, "attention.py"));
  writeFileSync(join(folder, "net.py"), net);
  workbench = await openWorkbench({ folder, width: 1500, height: 900, settings: { "editor.fontSize": 13 } });
});

after(async () => {
  await workbench?.close();
  rmSync(folder, { recursive: true });
});

test("every line of forward shows its shape, by name", async () => {
  await workbench.openFile("attention.py");
  await workbench.injectedAt(27, "[batch, 4, length, length]", FIRST_MS);
  await workbench.injectedAt(34, "[batch, length, 64]");
  await workbench.screenshot("shapes");
});

test("a clash is red at its expression, its fix mends it, and it is gone", async () => {
  await workbench.openFile("net.py");
  await workbench.injectedAt(RETURN, "[B, 10]");
  await workbench.replaceLine("net.py", SECOND_LAYER, "        self.second = nn.Linear(127, 10)");
  await workbench.until("a red line", undefined, async () =>
    (await workbench.squiggles()).errors > 0 ? true : undefined,
  );
  await workbench.screenshot("shape-clash");
  await workbench.openFile("net.py", RETURN);
  await workbench.quickFix("in_features=128");
  await workbench.until("no red line", undefined, async () =>
    (await workbench.squiggles()).errors === 0 ? true : undefined,
  );
  await workbench.injectedAt(RETURN, "[B, 10]");
  assert.match(await workbench.lineText(SECOND_LAYER), /nn\.Linear\((in_features=)?128, 10\)/);
});

test("shapes can be switched off", async () => {
  await workbench.runCommand("Layerwise: Toggle Shapes");
  await workbench.until("no hints", undefined, async () => {
    const lines = await workbench.drawnLines();
    return lines.some(({ line, injected }) => line === ASSIGNMENT && injected.join("").includes("["))
      ? undefined
      : true;
  });
  await workbench.runCommand("Layerwise: Toggle Shapes");
  await workbench.injectedAt(ASSIGNMENT, "[B, 128]");
  assert.ok(FIRST_LAYER < SECOND_LAYER);
});
