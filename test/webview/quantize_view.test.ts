/** The quantize view in a real browser: what it says first, how it is worked, and that hostile names stay names. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
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
  const view = await openView(browser, bundles, { view: "quantize", ...options });
  try {
    await view.page.waitForSelector(".lw-scheme, .lw-state, .lw-notice");
    await work(view);
    assert.deepEqual(view.incidents, []);
    assert.deepEqual(await view.page.evaluate(() => window.layerwiseTest.problems), []);
  } finally {
    await view.page.close();
  }
}

const plain = (text: string | null): string => (text ?? "").replace(/\u202f/g, " ");
const textOf = async (view: OpenedView, selector: string): Promise<string> =>
  plain(await view.page.textContent(selector));
const chosen = (view: OpenedView): Promise<string | null> =>
  view.page.$eval(".lw-scheme[aria-checked='true']", (row) => row.getAttribute("data-scheme"));
const paths = (view: OpenedView): Promise<string[]> =>
  view.page.$$eval(".lw-row", (rows) =>
    rows
      .toSorted((a, b) => Number(a.getAttribute("data-index")) - Number(b.getAttribute("data-index")))
      .map((row) => row.children[0]?.textContent ?? ""),
  );
const methods = async (view: OpenedView): Promise<string[]> =>
  (await view.calls()).map(({ method }) => method).filter((method) => method !== "select");

test("schemes stand side by side with size, time and error; the closest small one is looked at first", () =>
  withView({ width: 1200 }, async (view) => {
    const rows = await view.page.$$eval(".lw-scheme", (all) => all.map((row) => row.textContent ?? ""));
    assert.equal(rows.length, 6);
    const int8 = plain(rows[1]!);
    for (const part of ["int8", "48.3 MiB", "3.9× smaller", "167 ms", "1.1× faster", "39.0 dB", "98.6 % top-1"]) {
      assert.ok(int8.includes(part), `${part} in ${int8}`);
    }
    assert.equal(await chosen(view), "int8");
    assert.match(await textOf(view, ".lw-quantize-head"), /cpu · val\.npy, 64 samples/);
    assert.match(await textOf(view, ".lw-before-line"), /^as it is188 MiB184 ms$/);
    const front = await view.page.$$eval(".lw-point-front", (points) =>
      points.map((p) => p.getAttribute("data-point")),
    );
    assert.deepEqual(front, ["int8", "nf4", "fp8", "fp16"]);
  }));

test("slower or worse: not kept, said before anything else, with saving set back", () =>
  withView({ width: 900, query: { result: "worse" } }, async (view) => {
    assert.match(await textOf(view, ".lw-scheme-title"), /^slower: not kept/);
    assert.match(await textOf(view, ".lw-verdict.lw-tone-warning"), /Slower \(1\.28×\).*not worth keeping/);
    const save = "vscode-button[aria-label='Save as…']";
    assert.equal(await view.page.getAttribute(save, "appearance"), "secondary");
  }));

test("a row judges times as the verdict does, and rests on their spread", () =>
  withView({ width: 1200, query: { result: "jumpy" } }, async (view) => {
    const time = await textOf(view, ".lw-scheme .lw-scheme-time");
    assert.match(time, /^212 ms ?as fast$/);
    await view.page.hover(".lw-scheme");
    await view.page.waitForSelector(".lw-tip:not([hidden])");
    const tip = await textOf(view, ".lw-tip");
    assert.match(tip, /Time before184 ms, 90 ms to .*Time after212 ms, 90 ms to .*Called the samewithin 20 %/);
  }));

test("random inputs are said plainly, and the way to data stands beside", () =>
  withView({ width: 700, query: { random: "1" } }, async (view) => {
    assert.match(await textOf(view, ".lw-quantize-head .lw-tone-warning"), /Random inputs, 8 samples/);
    assert.match(await textOf(view, ".lw-quantize-head .lw-tone-plain"), /share their weights/);
    await view.page.click(".lw-quantize-head .lw-note .lw-link");
    assert.deepEqual(await methods(view), ["pickData"]);
  }));

test("arrows go through the schemes, and the layers follow", () =>
  withView({ width: 1200 }, async (view) => {
    await view.page.focus(".lw-scheme[aria-checked='true']");
    await view.page.keyboard.press("ArrowDown");
    assert.equal(await chosen(view), "int4");
    assert.match(await textOf(view, ".lw-row"), /int4 group 32/);
    const focused = (): Promise<string | null> =>
      view.page.evaluate(() => document.activeElement?.getAttribute("data-scheme") ?? null);
    assert.equal(await focused(), "int4");
    await view.page.keyboard.press("ArrowUp");
    await view.page.keyboard.press("ArrowUp");
    assert.equal(await focused(), "dynamic");
    await view.page.click("[data-point=fp16]");
    assert.equal(await chosen(view), "fp16");
  }));

test("layers sort, filter and open by keyboard; Escape closes", () =>
  withView({ width: 1200 }, async (view) => {
    await view.page.click("[data-column=sqnr]");
    await view.page.click("[data-column=sqnr]");
    const worst = (await paths(view)).filter((path) => path.endsWith("mlp.c_proj"));
    assert.ok(
      (await paths(view)).slice(0, 5).every((path) => path.includes("mlp.c_proj")),
      worst.join(),
    );
    await view.page.fill(".lw-toolbar input", "h.3.attn");
    assert.deepEqual((await paths(view)).sort(), ["h.3.attn.c_attn", "h.3.attn.c_proj"]);
    await view.page.focus(".lw-table");
    await view.page.keyboard.press("Enter");
    await view.page.waitForSelector(".lw-detail .lw-histogram");
    assert.equal((await view.page.$$(".lw-histogram")).length, 2);
    const detail = await textOf(view, ".lw-detail");
    for (const part of ["h.3.attn.c_", "Linear", "int8 per row", "Weights", "Output", "In place", "Alone", "dB"]) {
      assert.ok(detail.includes(part), `${part} in ${detail}`);
    }
    await view.page.click(".lw-detail-type .lw-link");
    assert.deepEqual(await methods(view), ["openSource"]);
    await view.page.focus(".lw-table");
    await view.page.keyboard.press("Escape");
    assert.equal(await view.page.isVisible(".lw-detail"), false);
    assert.equal((await view.calls()).at(-1)!.argument, null);
  }));

test("a layer is kept by one click: that scheme runs again, the others stay as they were", () =>
  withView({ width: 1200 }, async (view) => {
    await view.page.click("[data-scheme=int4]");
    await view.page.click(".lw-row:has-text('h.0.mlp.c_proj')");
    await view.page.click(".lw-keep vscode-button[aria-label='Keep in fp16']");
    await view.page.waitForSelector(".lw-detail:has-text('Kept in fp16')");
    const [choose, quantize] = (await view.calls()).filter(({ method }) => method !== "select");
    assert.deepEqual(choose, { method: "choose", argument: { keep: [{ path: "h.0.mlp.c_proj", as: "fp16" }] } });
    assert.deepEqual(quantize, { method: "quantize", argument: { only: "int4" } });
    assert.match(await textOf(view, ".lw-row:has-text('h.0.mlp.c_proj')"), /float32/);
    assert.equal((await view.page.$$(".lw-scheme")).length, 6);
    assert.equal((await view.page.$$(".lw-other-settings")).length, 5);
    await view.page.click(".lw-keep vscode-button[aria-label='Change it again']");
    await view.page.waitForSelector(".lw-keep vscode-button[aria-label='Keep as it is']");
  }));

test("sensitivity ranks the layers, or offers to", async () => {
  await withView({ width: 1000 }, async (view) => {
    await view.page.click("[data-tab=sensitivity]");
    const shares = await view.page.$$eval(".lw-row .lw-bar i", (bars) =>
      bars.map((bar) => parseFloat((bar as HTMLElement).style.width)),
    );
    assert.equal(shares[0], 100);
    assert.deepEqual(
      shares,
      [...shares].sort((a, b) => b - a),
    );
  });
  await withView({ width: 1000, query: { result: "unranked" } }, async (view) => {
    await view.page.click("[data-tab=sensitivity]");
    await view.page.click("vscode-button[aria-label='Rank the layers']");
    const [call] = await view.calls();
    assert.deepEqual(call, { method: "quantize", argument: { only: "int8", sensitivity: true } });
  });
});

test("settings are asked of the host, and a change makes the button speak", () =>
  withView({ width: 1000 }, async (view) => {
    await view.page.click(".lw-settings summary");
    await view.page.click("[data-toggle=static]");
    await view.page.click("[data-toggle=nf4]");
    const again = "vscode-button[aria-label='Quantize with these settings']";
    await view.page.waitForSelector(again);
    // Ranges matter to static quantization alone.
    await view.page.waitForSelector("vscode-dropdown[aria-label=Ranges]");
    const slider = ".lw-budget input[type=range]";
    assert.equal(await view.page.isDisabled(slider), true);
    await view.page.click(".lw-budget input[type=checkbox]");
    await view.page.waitForSelector(`${slider}:not([disabled])`);
    await view.page.focus(slider);
    await view.page.keyboard.press("ArrowRight");
    // The settings are drawn anew, and the slider keeps the focus.
    await view.page.waitForSelector("input[type=range]:focus");
    await view.page.keyboard.press("ArrowRight");
    await view.page.click(again);
    const choices = (await view.calls()).map(({ argument }) => argument);
    assert.deepEqual(choices.slice(0, 5), [
      { schemes: ["dynamic", "static", "int8", "int4", "nf4", "fp8", "fp16"] },
      { schemes: ["dynamic", "static", "int8", "int4", "fp8", "fp16"] },
      { budgetDb: 30 },
      { budgetDb: 31 },
      { budgetDb: 32 },
    ]);
    assert.deepEqual((await methods(view)).at(-1), "quantize");
  }));

test("a change of settings leaves the tables where they were scrolled to", () =>
  withView({ width: 1000, query: { layers: "30" } }, async (view) => {
    await view.page.$eval(".lw-table", (table) => {
      table.scrollTop = 40 * 24;
    });
    await view.page.click(".lw-settings summary");
    await view.page.click("[data-toggle=static]");
    await view.page.waitForSelector("[data-toggle=static][aria-pressed=true]");
    assert.equal(await view.page.$eval(".lw-table", (table) => table.scrollTop), 40 * 24);
    assert.equal(await view.page.evaluate(() => document.activeElement?.getAttribute("data-toggle")), "static");
  }));

test("nothing is saved while it runs or once the source has changed", async () => {
  for (const [state, words] of [
    ["rerunning", "int4: layer 17 of 26"],
    ["stale", "model.py was edited after this comparison"],
  ] as const) {
    await withView({ query: { state }, width: 900 }, async (view) => {
      assert.ok((await textOf(view, "#app")).includes(words));
      assert.equal(await view.page.getAttribute("vscode-button[aria-label='Save as…']", "disabled"), "");
    });
  }
  await withView({ width: 900 }, async (view) => {
    await view.page.click("vscode-button[aria-label='Save as…']");
    assert.deepEqual((await view.calls()).at(-1), { method: "save", argument: "int8" });
  });
});

test("what could not be written is asked for another place, and is not measured again", () =>
  withView({ query: { state: "unsaved", place: "beta/models" }, width: 900 }, async (view) => {
    assert.match(await textOf(view, ".lw-quantize-what"), /^beta\/models · cpu/);
    await view.page.click(".lw-notice .lw-link:has-text('Save elsewhere…')");
    assert.deepEqual((await view.calls()).at(-1), { method: "save", argument: "int4" });
  }));

test("what was written is named with its contents and its check", () =>
  withView({ query: { state: "saved" }, width: 900 }, async (view) => {
    assert.equal(await view.page.isVisible(".lw-saved"), false);
    await view.page.click("[data-scheme=int4]");
    assert.match(
      await textOf(view, ".lw-saved"),
      /gpt-int4\.onnx · 13\.6 MiB · MatMulNBits.*largest difference 4\.0e-7/,
    );
    await view.page.click(".lw-saved .lw-link");
    assert.deepEqual(await methods(view), ["openSaved"]);
  }));

for (const [state, wanted, call] of [
  ["empty", "Nothing is written until you save", "quantize"],
  ["nothing", "Open a Python file", null],
  ["running", "int4: layer 17 of 26", "cancel"],
  ["rerunning", "int4: layer 17 of 26", "cancel"],
  ["stale", "model.py was edited", "quantize"],
  ["unsaved", "the folder is read-only", "save"],
  ["failed", "mat1 and mat2 shapes cannot be multiplied", "openSource"],
  ["failedAgain", "self.c_fc should take 384 features", "openSource"],
] as const) {
  test(`the state "${state}" says so and offers a way on`, () =>
    withView({ query: { state }, width: 320 }, async (view) => {
      assert.ok((await textOf(view, "#app")).includes(wanted));
      const buttons = ".lw-running vscode-button, .lw-notice .lw-link, .lw-state > vscode-button";
      if (call) await view.page.click(buttons);
      assert.deepEqual(await methods(view), call ? [call] : []);
    }));
}

test("a run is heard in a few words, and who works by keys stays beside it", () =>
  withView({ query: { slow: "1", random: "1" }, width: 900 }, async ({ page }) => {
    const heard = await page.evaluateHandle(() => {
      const said: string[] = [];
      for (const region of document.querySelectorAll("[role=status], [role=alert], [aria-live]")) {
        new MutationObserver(() => said.push(region.textContent)).observe(region, { childList: true, subtree: true });
      }
      return said;
    });
    const focused = (): Promise<string | null> =>
      page.evaluate(() => document.activeElement!.getAttribute("aria-label"));
    const tell = (message: string, fraction: number): Promise<void> =>
      page.evaluate((news) => window.layerwiseTest.tell(news), { type: "progress", message, fraction });
    const ended = (): Promise<unknown> => page.evaluate(() => dispatchEvent(new Event("run-ended")));
    for (const last of ["fp8: measuring", "cancelling"]) {
      await page.focus("vscode-button[aria-label='Quantize again']");
      await page.keyboard.press("Enter");
      await page.waitForSelector(".lw-running");
      assert.equal(await focused(), "Cancel");
      for (let step = 1; step < 40; step++) await tell(`int4: layer ${step}`, step / 40);
      await tell(last, 1);
      await page.waitForSelector(`.lw-running:has-text('${last}')`);
      await ended();
      await page.waitForSelector(".lw-running", { state: "detached" });
      assert.equal(await focused(), "Quantize again");
    }
    const steps = ["Started: model.py::GPT", "25 percent", "50 percent", "75 percent"];
    const [done, ...second] = (await heard.jsonValue()).slice(steps.length);
    assert.deepEqual((await heard.jsonValue()).slice(0, steps.length), steps);
    assert.match(done!, /^Done. int8: .*smaller/);
    assert.deepEqual(second, [...steps, "Cancelled"]);
  }));

test("in a light theme of high contrast colours are those of light themes", () =>
  withView({ theme: "contrastLight" }, async ({ page }) => {
    const scheme = await page.evaluate(() => getComputedStyle(document.body).colorScheme);
    assert.equal(scheme, "light");
  }));

test("prunings and distillations are shown by the same view", async () => {
  await withView({ width: 1000, query: { result: "prune" } }, async (view) => {
    assert.match(await textOf(view, ".lw-row"), /288 of 384 channels/);
    assert.equal(await view.page.locator(".lw-other-settings").count(), 0);
    await view.page.click("[data-tab=losses]");
    assert.match(await textOf(view, ".lw-loss-panel"), /60 steps: loss 3\.7 → 2\.09/);
    await view.page.waitForSelector(".lw-loss-line");
  });
  await withView({ width: 1000, query: { result: "distill" } }, async (view) => {
    assert.match(await textOf(view, ".lw-table-empty"), /names no layers/);
  });
});

test("how a model is pruned is chosen in its view, by keys too, and the button says that it is new", () =>
  withView({ width: 1000, query: { result: "prune" } }, async (view) => {
    assert.match(await textOf(view, ".lw-settings-words"), /^30 % of the channels · val\.npy$/);
    await view.page.click(".lw-settings summary");
    await view.page.focus("[role=radio][aria-checked=true][data-radio]");
    await view.page.keyboard.press("ArrowRight");
    await view.page.waitForSelector("[role=radio][aria-checked=true]:has-text('2:4')");
    const focused = await view.page.evaluate(() => document.activeElement?.textContent);
    assert.equal(focused, "2:4");
    // 2:4 says by itself how many go.
    assert.equal(await view.page.locator(".lw-share").count(), 0);
    await view.page.fill("[aria-label='Training steps afterwards'] input", "50");
    await view.page.keyboard.press("Tab");
    await view.page.click("vscode-button[aria-label='Prune with these settings']");
    assert.deepEqual(
      (await view.calls()).map(({ method, argument }) => [method, argument]),
      [
        ["ask", { pattern: "2:4" }],
        ["ask", { steps: 50 }],
        ["quantize", { only: undefined }],
      ],
    );
    // What came is what is looked at, beside what was there.
    await view.page.waitForSelector(".lw-scheme[aria-checked=true][data-scheme='2:4']");
    assert.equal(await view.page.locator(".lw-scheme").count(), 2);
  }));

test("how a student is taught is chosen in its view", () =>
  withView({ width: 1000, query: { result: "distill" } }, async (view) => {
    assert.match(await textOf(view, ".lw-settings-words"), /^taught by model\.py::GPT · 200 steps of training · val/);
    await view.page.click(".lw-settings summary");
    await view.page.click("[aria-label=Teacher] .lw-link");
    await view.page.click('[aria-label="The teacher\'s weights"] .lw-link');
    await view.page.locator(".lw-share input").fill("80");
    await view.page.waitForSelector(".lw-share:has-text('80')");
    const calls = (await view.calls()).map(({ method, argument }) => [method, argument]);
    assert.deepEqual(
      calls.slice(0, 2).map(([method]) => method),
      ["pickTeacher", "pickTeacherWeights"],
    );
    assert.deepEqual(calls.at(-1), ["ask", { alpha: 0.8 }]);
  }));

test("another view can choose a layer", () =>
  withView({ width: 1000 }, async (view) => {
    await view.page.evaluate(() =>
      window.layerwiseTest.tell({ type: "selected", path: "h.4.mlp.c_fc" } as { type: string }),
    );
    await view.page.waitForSelector(".lw-row.lw-chosen:has-text('h.4.mlp.c_fc')");
    await view.page.waitForSelector(".lw-detail:has-text('h.4.mlp.c_fc')");
    assert.deepEqual(await view.calls(), []);
  }));

test("nothing is clipped or pushed out at 320 pixels", () =>
  withView({ width: 320, height: 700 }, async (view) => {
    await view.page.click(".lw-settings summary");
    await view.page.click(".lw-row:has-text('h.0.attn.c_attn')");
    await view.page.waitForSelector(".lw-detail");
    const wide = await view.page.$$eval(
      ".lw-quantize-head *, .lw-settings *, .lw-scheme *, .lw-verdict *, .lw-toolbar > *, .lw-detail *",
      (elements) =>
        elements
          .filter((element) => {
            const { right, width } = element.getBoundingClientRect();
            return width > 0 && right > innerWidth + 0.5 && !element.closest("svg");
          })
          .map((element) => `${element.className} ${element.textContent}`),
    );
    assert.deepEqual(wide, []);
    assert.equal(await view.page.evaluate(() => document.documentElement.scrollWidth), 320);
  }));

test("a hostile model name is text everywhere", () =>
  withView({ width: 1000, query: { name: `<img src=x onerror=alert(1)>]]></script>"'` } }, async (view) => {
    assert.equal(await view.page.locator("img").count(), 0);
    assert.ok((await view.page.textContent("h1"))!.includes("<img src=x onerror=alert(1)>"));
    await view.page.hover(".lw-scheme");
    await view.page.waitForSelector(".lw-tip:not([hidden])");
  }));

test("two thousand layers draw no more than a screen of rows", () =>
  withView({ width: 1000, query: { layers: "340", result: "one" } }, async (view) => {
    const rows = Number(await view.page.getAttribute(".lw-table", "aria-rowcount"));
    assert.ok(rows > 2000, `${rows} rows`);
    assert.ok((await view.page.$$(".lw-row")).length < 60);
    await view.page.$eval(".lw-table", (table) => {
      table.scrollTop = 1500 * 24;
    });
    await view.page.waitForSelector(".lw-row[data-index='1502']");
  }));

test("pictures in every theme, for people to look at", async () => {
  const pictures: [string, Partial<OpenOptions>][] = [
    ["light", { width: 1200, height: 900 }],
    ["dark", { width: 1200, height: 900, theme: "dark" }],
    ["contrast", { width: 900, height: 800, theme: "contrast" }],
    ["contrast-light", { width: 900, height: 800, theme: "contrastLight" }],
    ["narrow", { width: 320, height: 1400, theme: "dark" }],
    ["worse", { width: 900, height: 700, query: { result: "worse", random: "1" } }],
    ["start", { width: 900, height: 700, query: { state: "empty" } }],
    ["zoomed", { width: 700, height: 420 }],
  ];
  for (const [name, options] of pictures) {
    await withView(options, async (view) => {
      const row = await view.page.$(".lw-row:has-text('h.0.mlp.c_fc')");
      await row?.click();
      await view.page.waitForTimeout(150);
      const taken = await view.page.screenshot({ path: join(screenshots, `quantize-${name}.png`) });
      assert.ok(taken.length > 5000);
    });
  }
});

test("in high contrast every scheme, point and badge has an outline or text of the theme's colours", () =>
  withView({ width: 1000, theme: "contrast" }, async (view) => {
    const outline = await view.page.$eval(
      ".lw-scheme[aria-checked='true']",
      (row) => getComputedStyle(row).outlineColor,
    );
    assert.equal(outline, "rgb(243, 133, 24)");
    const text = await view.page.$eval(".lw-scheme-name strong", (name) => getComputedStyle(name).color);
    assert.equal(text, "rgb(255, 255, 255)");
  }));
