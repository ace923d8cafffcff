/** Quantize over a class, in a real VS Code: schemes side by side, a layer kept, the file written and opened. */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { root } from "../../tools/steps.mjs";
import type { Frame } from "./browser.ts";
import { openWorkbench, type Workbench } from "./kit.ts";

let workbench: Workbench;
const folder = mkdtempSync(join(tmpdir(), "layerwise-quantize-"));
const written = join(folder, "attention-int4.onnx");
/** The first run of a version takes a snapshot of Python, on a machine that may be busy. */
const FIRST_RUN_MS = 120_000;

before(async () => {
  cpSync(join(root, "examples/attention.py"), join(folder, "attention.py"));
  const settings = { "editor.fontSize": 12, "files.simpleDialog.enable": true };
  workbench = await openWorkbench({ folder, width: 1720, height: 960, settings });
});

after(async () => {
  await workbench?.close();
  rmSync(folder, { recursive: true });
});

const panel = (): Promise<Frame> => workbench.webview('#app[data-view="quantize"]');

test("Quantize compares schemes, random inputs said plainly", async () => {
  await workbench.openFile("attention.py");
  await workbench.lensesWith("Quantize");
  await workbench.clickLens("Quantize");
  const view = await panel();
  await view.locator(".lw-scheme").first().waitFor({ timeout: FIRST_RUN_MS });
  const names = await view.locator(".lw-scheme").evaluateAll((rows) => rows.map((row) => row.dataset.scheme));
  assert.deepEqual(names, ["dynamic", "int8", "int4", "nf4", "fp8", "fp16"]);
  const text = await view.locator("#app").innerText();
  assert.match(text, /Random inputs, \d+ samples/);
  // Every report has a verdict, good or bad.
  await view.locator("[data-scheme=int4]").click();
  assert.match(await view.locator(".lw-verdict").innerText(), /^int4: \w+/);
  await workbench.screenshot(process.env.LAYERWISE_PICTURES ? "docs/images/quantize.png" : "quantize");
});

test("a layer opens with its numbers and ranges, and is kept by a click", async () => {
  const view = await panel();
  await view.locator(".lw-row", { hasText: "proj" }).click();
  await view.locator(".lw-detail .lw-histogram").first().waitFor();
  assert.match(await view.locator(".lw-detail").innerText(), /proj[\s\S]*Linear[\s\S]*int4/);
  await view.locator("vscode-button", { hasText: "Keep as it is" }).click();
  await workbench.until("the layer to be kept", FIRST_RUN_MS, async () => {
    return (await view.locator(".lw-row", { hasText: "proj" }).innerText()).includes("float32") || undefined;
  });
  assert.match(await view.locator(".lw-detail").innerText(), /Kept as it is/);
  // The other schemes stand as they were measured.
  assert.equal(await view.locator(".lw-scheme").count(), 6);
  assert.equal(await view.locator(".lw-other-settings").count(), 5);
});

test("Prune takes channels out, and shows it in the same view", async () => {
  await workbench.openFile("attention.py", 9);
  await workbench.runCommand("Layerwise: Prune");
  await workbench.answer("2:4");
  await workbench.page.locator(".tab", { hasText: "Prune: MultiHeadAttention" }).waitFor();
  const view = await workbench.until("the pruning's view", FIRST_RUN_MS, async () => {
    const frame = await panel();
    return (await frame.locator("[data-scheme='2:4']").count()) > 0 ? frame : undefined;
  });
  assert.match(await view.locator(".lw-row", { hasText: "qkv" }).innerText(), /50\s?% zeros/);
  await workbench.page.locator(".tab", { hasText: "Quantize: MultiHeadAttention" }).click();
});

test("errors lie over the graph", async () => {
  const view = await panel();
  await view.locator("vscode-button[aria-label='Show in the graph']").click();
  const graph = await workbench.webview('#app[data-view="graph"]');
  await graph.locator("vscode-dropdown").click();
  await graph.locator("vscode-option", { hasText: "Colour by error" }).click();
  await workbench.until("the legend", undefined, async () => {
    return /60 dB[\s\S]*5 dB[\s\S]*int4/.test(await graph.locator(".lw-graph-legend").innerText()) || undefined;
  });
  await workbench.screenshot("quantize-graph");
});

test("the model is written as it was shown, and opens", async () => {
  await workbench.page.locator(".tab", { hasText: "Quantize: MultiHeadAttention" }).click();
  const view = await panel();
  const isWorth = (await view.locator(".lw-verdict-bad").count()) === 0;
  await view.locator("vscode-button", { hasText: "Save as" }).click();
  if (!isWorth) await workbench.page.locator(".monaco-dialog-box .monaco-button", { hasText: "Save Anyway" }).click();
  await workbench.answerSaveDialog(written);
  await view.locator(".lw-saved").waitFor({ timeout: FIRST_RUN_MS });
  assert.match(await view.locator(".lw-saved").innerText(), /attention-int4\.onnx[\s\S]*ONNX Runtime/);
  assert.ok(existsSync(written));
  await view.locator(".lw-saved .lw-link").click();
  const editor = await workbench.webview(".lw-model-bar");
  await editor.getByText("float32[").first().waitFor();
});
