/** In an untrusted folder nothing of it is run outside of the sandbox: shapes, but no lenses, and commands say why. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openWorkbench, type Workbench } from "./kit.ts";

let workbench: Workbench;
const folder = mkdtempSync(join(tmpdir(), "layerwise-trust-"));

before(async () => {
  writeFileSync(join(folder, "model.py"), "import torch\n\n\nclass A(torch.nn.Linear):\n    pass\n");
  writeFileSync(
    join(folder, "net.py"),
    "import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n" +
      "        super().__init__()\n        self.layer = nn.Linear(8, 16)\n\n    def forward(self, x):\n" +
      "        y = self.layer(x)\n        return y\n",
  );
  writeFileSync(join(folder, "net.onnx"), "");
  workbench = await openWorkbench({ folder, isTrusted: false });
  await workbench.openFile("model.py");
});

after(async () => {
  await workbench?.close();
  rmSync(folder, { recursive: true });
});

test("a command explains instead of running", async () => {
  await workbench.runCommand("Layerwise: Run");
  await workbench.notification("Layerwise: Run runs the code of this folder, and the folder is not trusted");
});

test("there are no lenses, though the extension is awake", async () => {
  assert.match(workbench.server.logs(), /_doActivateExtension layerwise\.layerwise/);
  await workbench.page.waitForTimeout(1000);
  assert.deepEqual(await workbench.lenses(), []);
});

test("the status bar says why there is nothing to click", async () => {
  await workbench.until("the item", undefined, async () => {
    return (await workbench.statusItems()).some((item) => item.includes("Layerwise: shapes only")) || undefined;
  });
});

test("shapes are shown all the same", async () => {
  await workbench.openFile("net.py");
  await workbench.injectedAt(11, "[B, 16]", 90_000);
  assert.deepEqual(await workbench.lenses(), []);
});

test("a model's file is not opened, says why, and opens as soon as the folder is trusted", async () => {
  await workbench.openFile("net.onnx");
  const view = await workbench.webview('#app[data-view="graph"]');
  await view.locator(".lw-state", { hasText: "this folder is not trusted" }).waitFor();
  assert.equal(await view.locator(".lw-notice").count(), 0);
  await workbench.screenshot("untrusted-model");
  await view.locator("vscode-button[aria-label='Manage Workspace Trust']").click();
  await workbench.page.locator(".workspace-trust-buttons-row a.monaco-button", { hasText: "Trust" }).first().click();
  // It is read now: an empty file is no model.
  await view.locator(".lw-notice.lw-tone-error").waitFor({ timeout: 90_000 });
});
