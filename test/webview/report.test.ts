/** The report as a file: self-contained, closed to hostile names, shown and printed by a real browser. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { jsonForScript, reportData, reportHtml } from "../../webview/report/html.ts";
import { sha256Base64 } from "../../webview/report/sha256.ts";
import { gptGraph, gptProfile } from "./fixtures.ts";
import { gptQuantization } from "./quantize_fixtures.ts";
import { bundle, launch, watch } from "./harness.ts";

const hostile = `<img src=x onerror=alert(1)>]]></script><script>alert(2)</script><!--\u2028`;

test("our SHA-256 is everybody's SHA-256", () => {
  for (const text of ["", "abc", "é".repeat(63), "x".repeat(55), "x".repeat(56), "x".repeat(64), "y".repeat(100_000)]) {
    assert.equal(sha256Base64(text), createHash("sha256").update(text, "utf8").digest("base64"));
  }
});

test("data cannot leave its block, scripts cannot end early, paths stay below the root", () => {
  const html = reportHtml({
    profile: gptProfile({ name: hostile }),
    graph: gptGraph({ name: hostile }),
    root: "/home/ada/nanogpt",
    scripts: `const end = "</script><!--";`,
    styles: `a::after { content: "</style>" }`,
  });
  assert.equal(html.match(/<script/g)!.length, 2);
  assert.equal(html.match(/<\/script>/g)!.length, 2);
  assert.equal(html.match(/<\/style>/g)!.length, 1);
  assert.ok(!html.includes("<img") && !html.includes("/home/ada"));
  assert.equal(JSON.parse(jsonForScript({ hostile })).hostile, hostile);
});

test("a proof is a page too: reports, layers, one layer with its ranges, and nothing that runs", async () => {
  const bundles = await bundle(true);
  const folder = mkdtempSync(join(tmpdir(), "layerwise-report-"));
  const file = join(folder, "proof.html");
  const proof = gptQuantization({ schemes: ["int8", "int4"] });
  const [scripts, styles] = [bundles.read("report.js"), bundles.read("report.css")];
  writeFileSync(file, reportHtml({ profile: null, graph: null, proof, scripts, styles }));
  const browser = await launch();
  try {
    const page = await browser.newPage();
    const incidents = watch(page, (url) => url === pathToFileURL(file).href);
    await page.goto(pathToFileURL(file).href);
    await page.waitForSelector(".lw-scheme");
    assert.match(await page.title(), /GPT · Layerwise report$/);
    assert.equal((await page.$$(".lw-scheme")).length, 2);
    assert.equal((await page.$$(".lw-settings, .lw-actions")).length, 0);
    await page.click(".lw-row:not(.lw-row-head)");
    await page.waitForSelector(".lw-detail .lw-layer-facts");
    assert.equal((await page.$$(".lw-keep, .lw-detail .lw-link")).length, 0);
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    const printed = await page.$$eval(".lw-print h2", (all) => all.map((each) => each.textContent));
    assert.deepEqual(printed, [
      "Size, time and error",
      ...proof.reports.map(({ description }) => `Layers: ${description}`),
    ]);
    assert.deepEqual(incidents, []);
  } finally {
    await browser.close();
    bundles.remove();
    rmSync(folder, { recursive: true });
  }
});

test("a trace that is too long is left out with a sentence", () => {
  const data = reportData({ profile: gptProfile(), graph: null, scripts: "", styles: "", maxEvents: 10 });
  assert.equal(data.profile!.trace, undefined);
  assert.match(data.notes[0]!, /timeline was left out: the trace has [\d,]+ events/);
});

test("opened from a file it shows both views, sends nothing, and prints every section", async () => {
  const bundles = await bundle(true);
  const folder = mkdtempSync(join(tmpdir(), "layerwise-report-"));
  const file = join(folder, "report.html");
  writeFileSync(
    file,
    reportHtml({
      profile: gptProfile({ name: hostile }),
      graph: gptGraph({ name: hostile }),
      scripts: bundles.read("report.js"),
      styles: bundles.read("report.css"),
      date: "2026-03-01",
    }),
  );
  const browser = await launch();
  try {
    const page = await browser.newPage();
    const incidents = watch(page, (url) => url === pathToFileURL(file).href || url.startsWith("blob:"));
    await page.goto(pathToFileURL(file).href);
    await page.waitForSelector(".lw-row");
    for (const tab of ["kernels", "lines", "memory", "timeline"]) await page.click(`[data-tab=${tab}]`);
    await page.click(".lw-report-bar [data-tab=graph]");
    await page.waitForSelector("[data-boxes='9']");
    const pdf = await page.pdf({ format: "A4" });
    assert.ok(pdf.length > 20_000);
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    const printed = await page.$$eval(".lw-print h2", (all) => all.map((each) => each.textContent));
    assert.deepEqual(printed, ["Modules", "Kernels", "Lines", "Memory on cpu", "Largest blocks at the peak", "Graph"]);
    assert.equal((await page.$$(".lw-print section:first-of-type tbody tr")).length, 65);
    assert.equal((await page.$$("img")).length, 0);
    assert.deepEqual(incidents, []);
  } finally {
    await browser.close();
    bundles.remove();
    rmSync(folder, { recursive: true });
  }
});
