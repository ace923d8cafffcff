/** The view of data files in a real browser, and the tree that dotted names spell. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { InspectedTensor } from "../../src/protocol/inspect.ts";
import { tensorTree } from "../../webview/inspect/tensor_tree.ts";
import type { Browser } from "../workbench/browser.ts";
import { bundle, launch, openView } from "./harness.ts";
import type { Bundles, OpenedView, OpenOptions } from "./harness.ts";

const screenshots = join(dirname(fileURLToPath(import.meta.url)), "screenshots");
let browser: Browser;
let bundles: Bundles;
before(async () => {
  mkdirSync(screenshots, { recursive: true });
  bundles = await bundle();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  bundles?.remove();
});

async function withView(options: Partial<OpenOptions>, work: (view: OpenedView) => Promise<void>): Promise<void> {
  const view = await openView(browser, bundles, { view: "inspect", ...options });
  try {
    await view.page.waitForSelector(".lw-row, .lw-state, .lw-notice");
    await work(view);
    assert.deepEqual(view.incidents, []);
  } finally {
    await view.page.close();
  }
}

const plain = (text: string | null): string => (text ?? "").replace(/\u202f/g, " ");

const tensor = (name: string, shape: number[] = [2, 3]): InspectedTensor => ({
  name,
  dtype: "float32",
  shape,
  sizeBytes: 4 * shape.reduce((a, b) => a * b, 1),
});

test("dotted names make a tree with sums; single children are joined, equal names kept apart", () => {
  const rows = tensorTree([
    tensor("model.layers.0.weight"),
    tensor("model.layers.0.bias", [2]),
    tensor("model.layers.1.weight"),
    tensor("scale", []),
    tensor("scale", []),
    tensor("__proto__.x"),
  ]);
  assert.deepEqual(
    rows.map(({ label, count, elements, sizeBytes }) => [label, count, elements, sizeBytes]),
    [
      ["model.layers", 3, 14, 56],
      ["scale", 1, 1, 4],
      ["scale", 1, 1, 4],
      ["__proto__", 1, 6, 24],
    ],
  );
  assert.deepEqual(
    rows[0]!.children.map(({ label, children }) => [label, children.map((child) => child.label)]),
    [
      ["0", ["weight", "bias"]],
      ["1", ["weight"]],
    ],
  );
  assert.equal(new Set(rows.map(({ key }) => key)).size, rows.length);
});

test("a file says what it is, its tensors and its metadata; statistics come when asked for", () =>
  withView({ width: 1200 }, async (view) => {
    const head = plain(await view.page.textContent(".lw-inspect-head"));
    for (const part of ["gpt.safetensors", "safetensors", "26 tensors", "2 tensors share memory"]) {
      assert.ok(head.includes(part), `${part} in ${head}`);
    }
    await view.page.click(".lw-metadata summary");
    assert.match(plain(await view.page.textContent(".lw-metadata")), /format\s*pt/);
    await view.page.fill(".lw-toolbar input", "c_fc");
    assert.equal(await view.page.getAttribute(".lw-table", "aria-rowcount"), "25");
    await view.page.click("vscode-button[aria-label=Statistics]");
    await view.page.waitForSelector("[data-column=mean]");
    assert.match(plain(await view.page.textContent(".lw-inspect-head")), /NaN or infinite values in 1: h\.0\.mlp/);
    const methods = (await view.calls()).map(({ method, argument }) => [method, argument]);
    assert.deepEqual(methods, [["read", { statistics: true }]]);
    await view.page.screenshot({ path: join(screenshots, "inspect.png") });
  }));

test("a broken file is one sentence, a changed one says so", async () => {
  await withView({ width: 400, query: { state: "failed" } }, async (view) => {
    assert.match(plain(await view.page.textContent(".lw-notice.lw-tone-error")), /header is cut off/);
  });
  await withView({ width: 400, query: { state: "stale" } }, async (view) => {
    await view.page.click(".lw-notice.lw-tone-warning .lw-link");
    assert.deepEqual((await view.calls()).at(-1), { method: "read", argument: { statistics: false } });
  });
});

test("hostile names stay names", () =>
  withView({ width: 800, query: { name: "<img src=x onerror=alert(1)>" } }, async (view) => {
    assert.equal(await view.page.locator("img").count(), 0);
    assert.ok((await view.page.textContent(".lw-table"))!.includes("<img src=x onerror=alert(1)>"));
  }));
