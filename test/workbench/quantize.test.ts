/**
 * Quantize over a class, in a real VS Code: schemes side by side, a layer kept, the file written and opened. Then a class
 * leaves as .onnx and comes back as a model that runs; broken files say one sentence.
 */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { root } from "../../tools/steps.mjs";
import type { Frame } from "./browser.ts";
import { openWorkbench, type Workbench } from "./kit.ts";

let workbench: Workbench;
const folder = mkdtempSync(join(tmpdir(), "layerwise-quantize-"));
const quantized = join(folder, "attention-int4.onnx");
const exported = join(folder, "MultiHeadAttention.onnx");
/** The first run of a version takes a snapshot of Python, on a machine that may be busy. */
const FIRST_RUN_MS = 120_000;

/** `item()` decides a branch: no one graph can stand for it. */
const refused = `import torch
from torch import nn


class Branch(nn.Module):
    def forward(self, x: torch.Tensor):
        if x.sum().item() > 0:
            return x.relu()
        return x


model = Branch()
model(torch.ones(2, 3))
`;

/** A length, a header, the numbers. */
function safetensors(name: string, shape: number[], values: number[]): Buffer {
  const data = Buffer.from(Float32Array.from(values).buffer);
  const header = Buffer.from(JSON.stringify({ [name]: { dtype: "F32", shape, data_offsets: [0, data.length] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, data]);
}

before(async () => {
  cpSync(join(root, "examples/attention.py"), join(folder, "attention.py"));
  cpSync(join(root, "examples/attention.py"), join(folder, "twin/attention.py"));
  writeFileSync(join(folder, "branch.py"), refused);
  writeFileSync(join(folder, "broken.onnx"), Buffer.from("\u0008\u0008this is no model", "latin1"));
  writeFileSync(join(folder, "weights.safetensors"), safetensors("linear.weight", [2, 3], [1, 2, 3, 4, 5, 6]));
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
  assert.match(await view.locator(".lw-verdict").innerText(), /^int4\s*:\s*\w+/);
  await workbench.screenshot("quantize");
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

test("Prune takes two of four weights out, and shows it in the same view", async () => {
  await workbench.page.locator(".tab", { hasText: "attention.py" }).click();
  await workbench.runCommand("Layerwise: Prune");
  await workbench.page.locator(".quick-input-widget .monaco-list-row", { hasText: "2:4" }).waitFor();
  await workbench.answer("2:4");
  await workbench.page.locator(".tab", { hasText: "Prune: MultiHeadAttention" }).waitFor();
  const view = await workbench.until("the pruning's view", FIRST_RUN_MS, async () => {
    const frame = await panel();
    return (await frame.locator("[data-scheme='2:4']").count()) > 0 ? frame : undefined;
  });
  assert.match(await view.locator(".lw-row", { hasText: "qkv" }).innerText(), /50\s?% zeros/);
});

test("models of one name are told apart, and a file that goes away makes its proof old", async () => {
  await workbench.page.keyboard.press("Control+1");
  await workbench.openFile("twin/attention.py", 9);
  await workbench.runCommand("Layerwise: Prune");
  await workbench.page.locator(".quick-input-widget .monaco-list-row", { hasText: "2:4" }).waitFor();
  await workbench.answer("2:4");
  for (const title of ["Prune: attention.py::MultiHeadAttention", "Prune: twin/attention.py::MultiHeadAttention"]) {
    await workbench.page.locator(".tab", { hasText: title }).waitFor();
  }
  const view = await workbench.until("the twin's view", FIRST_RUN_MS, async () => {
    const frame = await panel();
    return (await frame.locator(".lw-quantize-what", { hasText: "twin · cpu" }).count()) > 0 ? frame : undefined;
  });
  await workbench.screenshot("prune-twins");
  // The editor keeps its text; on the disk there is nothing to run any more.
  renameSync(join(folder, "twin/attention.py"), join(folder, "twin/renamed.py"));
  await view.locator(".lw-notice", { hasText: "attention.py was deleted or renamed after this pruning" }).waitFor();
  renameSync(join(folder, "twin/renamed.py"), join(folder, "twin/attention.py"));
  await workbench.page.keyboard.press("Control+1");
  await workbench.runCommand("View: Close Editor");
});

test("a teacher that is not there is named; a distillation is stopped by keys, which go on where they were", async () => {
  const teacher = async (path: string): Promise<void> => {
    await workbench.page.locator(".quick-input-widget .monaco-list-row", { hasText: "Another…" }).waitFor();
    await workbench.answer("Another…");
    await workbench.page.locator(".quick-input-widget", { hasText: "Class of the model that teaches" }).waitFor();
    await workbench.answer(join(folder, path));
  };
  await workbench.page.keyboard.press("Control+1");
  await workbench.openFile("attention.py", 9);
  await workbench.runCommand("Layerwise: Distill");
  await teacher("attention.py::Nobody");
  await workbench.page.locator(".quick-input-widget", { hasText: "Steps of training" }).waitFor();
  await workbench.answer("1000000");
  const view = await workbench.until("the failure", FIRST_RUN_MS, async () => {
    const frame = await panel();
    return (await frame.locator(".lw-notice", { hasText: "there is no such class" }).count()) > 0 ? frame : undefined;
  });
  const words = (await view.locator(".lw-notice.lw-tone-error").innerText()).replaceAll(/\s+/g, " ");
  assert.match(words, /^Teacher attention\.py::Nobody: there is no such class; the file has MultiHeadAttention/);

  await view.locator(".lw-picked .lw-link", { hasText: "Nobody" }).click();
  await teacher("twin/attention.py::MultiHeadAttention");
  await view.locator(".lw-picked .lw-link", { hasText: "attention.py::MultiHeadAttention" }).waitFor();
  await view.locator(".lw-notice").waitFor({ state: "detached" });
  const focused = (): Promise<string | null> => view.evaluate(() => document.activeElement!.getAttribute("aria-label"));
  await view.locator("[data-start]").focus();
  await workbench.page.keyboard.press("Enter");
  await view.locator(".lw-running-whole", { hasText: "training, loss" }).waitFor({ timeout: FIRST_RUN_MS });
  assert.equal(await focused(), "Cancel");
  await workbench.page.keyboard.press("Enter");
  await view.locator("[data-start]").waitFor();
  assert.equal(await focused(), "Distill MultiHeadAttention");
  assert.equal(await view.locator(".lw-spoken[role=status]").first().textContent(), "Cancelled");
  await workbench.runCommand("View: Close Editor");
});

test("errors lie over the graph", async () => {
  await workbench.page.locator(".tab", { hasText: "Quantize: MultiHeadAttention" }).click();
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
  const isWorth = (await view.locator(".lw-verdict.lw-tone-warning").count()) === 0;
  await view.locator("vscode-button", { hasText: "Save as" }).click();
  if (!isWorth) await workbench.page.locator(".monaco-dialog-box .monaco-button", { hasText: "Save Anyway" }).click();
  await workbench.answerSaveDialog(quantized);
  await view.locator(".lw-saved").waitFor({ timeout: FIRST_RUN_MS });
  assert.match(await view.locator(".lw-saved").innerText(), /attention-int4\.onnx[\s\S]*ONNX Runtime/);
  assert.ok(existsSync(quantized));
  await view.locator(".lw-saved .lw-link").click();
  const editor = await workbench.webview(".lw-model-bar");
  await editor.getByText("float32[").first().waitFor();
});

test("Export over a class asks what may vary and where to write, and the file is checked", async () => {
  await workbench.runCommand("View: Close All Editors");
  await workbench.openFile("attention.py", 9);
  await workbench.lensesWith("Export");
  await workbench.clickLens("Export");
  const batch = workbench.page.locator(".quick-input-widget .monaco-list-row", { hasText: "The batch may vary" });
  await batch.waitFor({ timeout: FIRST_RUN_MS });
  assert.match(await batch.innerText(), /x=batch/);
  await workbench.answer("The batch");
  await workbench.answerSaveDialog(exported);
  const message = await workbench.notification("same numbers in ONNX Runtime", FIRST_RUN_MS);
  assert.match(message, /opset 18, \d+ nodes/);
  assert.ok(existsSync(exported));
  await workbench.page.locator(".notification-list-item a.monaco-button", { hasText: "Open" }).click();
});

test("an .onnx file opens as its graph, with what it takes and gives, and runs", async () => {
  const view = await workbench.webview('#app[data-view="graph"]');
  await view.locator(".lw-model-bar").waitFor();
  await workbench.until("inputs and a graph", undefined, async () => {
    const text = await view.locator("#app").innerText();
    return (/takes\s*x float32\[batch, 16, 64\]/.test(text) && /MultiHeadAttention\.onnx/.test(text)) || undefined;
  });
  await view.locator("vscode-button[aria-label=Run]").click();
  await view.locator(".lw-model-ran").waitFor();
  assert.match(
    await view.locator(".lw-model-ran").innerText(),
    /gave[\s\S]*float32\[\d+, 16, 64\][\s\S]*(µs|ms) on cpu/,
  );
  await workbench.screenshot("onnx-editor");
  // What ONNX Runtime makes of it has fewer nodes.
  const area = view.locator(".lw-graph");
  const boxes = Number(await area.getAttribute("data-boxes"));
  await view.locator(".lw-model-toggle input").check();
  await workbench.until("the optimized graph", undefined, async () => {
    return Number(await area.getAttribute("data-boxes")) !== boxes || undefined;
  });
  await view.locator("vscode-button[aria-label=Profile]").click();
  const profiler = await workbench.webview('#app[data-view="profiler"]');
  await profiler.getByText("MultiHeadAttention.onnx").first().waitFor();
});

test("a model's file is quantized as a class is", async () => {
  const editor = await workbench.webview('#app[data-view="graph"]');
  await editor.locator("vscode-button[aria-label=Quantize]").click();
  const view = await workbench.webview('#app[data-view="quantize"]');
  await view.locator(".lw-scheme").first().waitFor({ timeout: FIRST_RUN_MS });
  const names = await view.locator(".lw-scheme").evaluateAll((rows) => rows.map((row) => row.dataset.scheme));
  assert.deepEqual(names, ["dynamic", "int8", "int4", "fp16"]);
  await view.locator(".lw-row", { hasText: "MatMul" }).first().click();
  await view.locator(".lw-detail .lw-differences").waitFor();
});

test("a file of tensors opens as what is in it", async () => {
  await workbench.openFile("weights.safetensors");
  const view = await workbench.webview('#app[data-view="inspect"]');
  await view.locator(".lw-row", { hasText: "weight" }).waitFor();
  assert.match(await view.locator("#app").innerText(), /1 tensor · 6 elements[\s\S]*linear\s[\s\S]*2×3/);
  await view.locator("vscode-button[aria-label=Statistics]").click();
  await view.locator(".lw-row", { hasText: "weight" }).hover();
  await view.locator(".lw-tip", { hasText: "1 to 6" }).waitFor();
});

test("a file that is no model says so in its editor", async () => {
  await workbench.openFile("broken.onnx");
  const view = await workbench.webview('#app[data-view="graph"]');
  await view.locator(".lw-notice.lw-tone-error").waitFor();
  assert.match(await view.locator(".lw-notice.lw-tone-error").innerText(), /broken\.onnx|ONNX|model/);
  assert.equal(readFileSync(join(folder, "broken.onnx")).length, 18);
});

test("what cannot be exported is a problem at its line", async () => {
  await workbench.openFile("branch.py", 5);
  await workbench.runCommand("Layerwise: Export to ONNX");
  const batch = workbench.page.locator(".quick-input-widget .monaco-list-row", { hasText: "All sizes fixed" });
  await batch.waitFor();
  await workbench.answer("All sizes");
  await workbench.answerSaveDialog(join(folder, "branch.onnx"));
  await workbench.notification("not exported");
  await workbench.until("a red line", undefined, async () => (await workbench.squiggles()).errors === 1 || undefined);
  assert.equal(existsSync(join(folder, "branch.onnx")), false);
});
