/** The extension wakes up on a Python file in a real VS Code and answers a command. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { root } from "../../tools/steps.mjs";
import { openWorkbench, type Workbench } from "./kit.ts";

let workbench: Workbench;
const folder = mkdtempSync(join(tmpdir(), "layerwise-folder-"));
const source = "import torch\n\nx = torch.zeros(2, 3)\n";

before(async () => {
  writeFileSync(join(folder, "model.py"), source);
  workbench = await openWorkbench({ folder });
});

after(async () => {
  await workbench?.close();
  rmSync(folder, { recursive: true });
});

test("a Python file shows its lines", async () => {
  await workbench.openFile("model.py");
  const text = await workbench.until("the file's lines", undefined, async () => {
    const lines = await workbench.drawnLines();
    return lines.length > 3 ? lines.map((line) => line.text).join("\n") : undefined;
  });
  assert.equal(text, source);
});

test("opening the Python file woke the extension up", async () => {
  const line = await workbench.until("the extension to wake up", undefined, async () => {
    return workbench.server.logs().match(/_doActivateExtension layerwise\.layerwise.*/)?.[0];
  });
  assert.match(line, /onLanguage:python/);
});

test("a command from the palette answers with the version", async () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  await workbench.runCommand("Layerwise: Show Version");
  const message = await workbench.notification("Layerwise");
  assert.match(message, new RegExp(`^Layerwise ${version}$`));
  await workbench.screenshot("activation");
});
