/** The kit sees what a fixture extension shows: lenses, hints, decorations, problems, questions, webviews, trust. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openWorkbench, type Workbench } from "./kit.ts";

const fixture = join(dirname(fileURLToPath(import.meta.url)), "fixture");
const folder = mkdtempSync(join(tmpdir(), "layerwise-kit-"));
let workbench: Workbench;

before(async () => {
  writeFileSync(join(folder, "model.py"), "alpha\nbeta = 1\ngamma\n");
  workbench = await openWorkbench({ folder, isTrusted: false, otherExtensions: [fixture] });
  await workbench.openFile("model.py");
});

after(async () => {
  await workbench?.close();
  rmSync(folder, { recursive: true });
});

test("injected text is told from the line's own", async () => {
  await workbench.injectedAt(2, "[2, 3]");
  await workbench.injectedAt(3, /drawn after/);
  const texts = (await workbench.drawnLines()).map(({ text }) => text);
  assert.deepEqual(texts, ["alpha", "beta = 1", "gamma", ""]);
});

test("squiggles are counted", async () => {
  const counts = await workbench.until("a squiggle", undefined, async () => {
    const found = await workbench.squiggles();
    return found.errors > 0 ? found : undefined;
  });
  assert.deepEqual(counts, { errors: 1, warnings: 0 });
});

test("a question is answered", async () => {
  await workbench.runCommand("Fixture: Ask");
  await workbench.answer("forty-two");
  await workbench.notification("answer: forty-two");
});

test("an untrusted folder is untrusted", async () => {
  await workbench.runCommand("Fixture: Trust");
  await workbench.notification("trusted: false");
});

test("typing changes the file", async () => {
  await workbench.typeAt("model.py", 3, "delta = ");
  await workbench.until("the typed text", undefined, async () => {
    return (await workbench.drawnLines()).find(({ text }) => text === "delta = gamma");
  });
});

test("a lens opens a webview", async () => {
  assert.deepEqual(await workbench.lensesWith("Show page"), ["First", "Show page"]);
  await workbench.clickLens("Show page");
  const frame = await workbench.webview("#greeting");
  assert.equal(await frame.locator("#greeting").innerText(), "hello from a webview");
});
