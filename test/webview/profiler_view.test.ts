/** The profiler view in a real browser: what it shows, how it is worked, and that hostile names stay names. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "../workbench/browser.ts";
import { bundle, launch, openView } from "./harness.ts";
import type { Bundles, OpenedView, OpenOptions } from "./harness.ts";

let browser: Browser;
let bundles: Bundles;
before(async () => {
  bundles = await bundle();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  bundles?.remove();
});

async function withView(options: Partial<OpenOptions>, work: (view: OpenedView) => Promise<void>): Promise<void> {
  const view = await openView(browser, bundles, { view: "profiler", ...options });
  try {
    await view.page.waitForSelector(".lw-summary, .lw-state, .lw-notice");
    await work(view);
    assert.deepEqual(view.incidents, []);
    assert.deepEqual(await view.page.evaluate(() => window.layerwiseTest.problems), []);
  } finally {
    await view.page.close();
  }
}

const cells = (view: OpenedView, column: number): Promise<string[]> =>
  view.page.$$eval(
    ".lw-row",
    (rows, at) =>
      rows
        .toSorted((a, b) => Number(a.getAttribute("data-index")) - Number(b.getAttribute("data-index")))
        .map((row) => (row.children[at]?.textContent ?? "").replace(/\u202f/g, " ")),
    column,
  );

test("the head says what was measured, the table starts open at the root", () =>
  withView({ width: 1000 }, async (view) => {
    const head = (await view.page.textContent(".lw-summary"))!.replace(/\u202f/g, " ");
    for (const part of [
      "model.py::GPT",
      "cpu · forward + backward · 24 repetitions",
      "2.31 s",
      "± 2.1 %",
      "1.51 GiB",
      "49.4M",
    ]) {
      assert.ok(head.includes(part), `${part} in ${head}`);
    }
    assert.deepEqual(await cells(view, 0), [
      "GPT",
      "wte",
      "wpe",
      "h.0",
      "h.1",
      "h.2",
      "h.3",
      "h.4",
      "h.5",
      "ln_f",
      "lm_head",
    ]);
  }));

test("headers sort, arrows move and open, Escape lets go", () =>
  withView({ width: 1000 }, async (view) => {
    await view.page.click("[data-column=total]");
    assert.deepEqual((await cells(view, 0)).slice(0, 3), ["GPT", "lm_head", "h.5"]);
    await view.page.click("[data-column=total]");
    assert.deepEqual((await cells(view, 0)).slice(0, 3), ["GPT", "wpe", "wte"]);
    await view.page.click("[data-column=total]");
    await view.page.focus(".lw-table");
    for (const key of ["ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight"]) await view.page.keyboard.press(key);
    assert.deepEqual((await cells(view, 0)).slice(3, 8), ["h.0", "ln_1", "attn", "ln_2", "mlp"]);
    await view.page.keyboard.press("ArrowRight");
    await view.page.keyboard.press("ArrowDown");
    await view.page.keyboard.press("Enter");
    await view.page.waitForSelector(".lw-chosen-chip:not([hidden])");
    const [select, open] = await view.calls();
    assert.deepEqual(select, { method: "select", argument: { kind: "module", path: "h.0.attn" } });
    assert.deepEqual(open, { method: "openSource", argument: { file: "/home/ada/nanogpt/model.py", line: 14 } });
    await view.page.keyboard.press("Escape");
    assert.equal(await view.page.isVisible(".lw-chosen-chip"), false);
    assert.equal((await view.calls()).at(-1)!.argument, null);
  }));

test("of a GPU it says how kernels were timed and what a repetition took from the supply", () =>
  withView({ query: { state: "gpu" }, width: 1000 }, async (view) => {
    const head = (await view.page.textContent(".lw-summary"))!.replace(/\u202f/g, " ");
    assert.ok(head.includes("cuda:0 · forward + backward · 24 repetitions · kernel times by events"), head);
    assert.ok(head.includes("412 mJ") && head.includes("energy"), head);
    assert.match(
      (await view.page.getAttribute(".lw-fact[title*=supply]", "title"))!,
      /at 640 W, by the GPU's own counter/,
    );
    assert.match((await view.page.getAttribute(".lw-summary-what span", "title"))!, /CUPTI was not found/);
  }));

test("one selection marks modules, kernels and lines alike", () =>
  withView({ width: 1000 }, async (view) => {
    await view.page.click("[data-tab=lines]");
    await view.page.click(".lw-row:has-text('F.gelu')");
    await view.page.waitForSelector(".lw-row.lw-chosen");
    await view.page.click("[data-tab=kernels]");
    await view.page.waitForSelector(".lw-row.lw-related");
    const related = await view.page.$$eval(".lw-row.lw-related", (rows) =>
      rows.map((row) => row.children[0]!.textContent),
    );
    assert.deepEqual(related.sort(), ["pointwise[gelu]", "pointwise_backward[gelu]"]);
    await view.page.click("[data-tab=modules]");
    await view.page.waitForSelector(".lw-row:has-text('lm_head')");
    const unrelated = await view.page.$$eval(".lw-row.lw-unrelated", (rows) =>
      rows.map((row) => row.children[0]!.textContent),
    );
    assert.deepEqual(unrelated.sort(), ["lm_head", "ln_f", "wpe", "wte"]);
  }));

test("the host can select too", () =>
  withView({ width: 700 }, async (view) => {
    await view.page.evaluate(() =>
      window.layerwiseTest.tell({
        type: "selected",
        selection: { kind: "module", path: "h.4.mlp.c_fc" },
      } as { type: string }),
    );
    await view.page.waitForSelector(".lw-row.lw-chosen:has-text('c_fc')");
    assert.deepEqual(
      (await view.calls()).filter((call) => call.method === "openSource"),
      [],
    );
  }));

test("the filter keeps matches with their ancestors; copies hold what is shown", () =>
  withView({ width: 1000 }, async (view) => {
    await view.page.fill(".lw-search input", "c_attn");
    assert.equal((await cells(view, 0)).length, 19);
    await view.page.click("vscode-button[aria-label='Copy as Markdown']");
    await view.page.click(".lw-csv");
    const [markdown, csv] = (await view.calls()).map((call) => String(call.argument));
    assert.match(markdown!, /^\| Module \| Type \| Total \|/);
    assert.equal(markdown!.trim().split("\n").length, 21);
    assert.match(csv!, /c_attn,Linear,/);
    await view.page.fill(".lw-search input", "no such thing");
    assert.match((await view.page.textContent(".lw-table-empty"))!, /Nothing matches/);
  }));

test("memory and timeline draw, and a click on a slice selects", () =>
  withView({ width: 900 }, async (view) => {
    await view.page.click("[data-tab=memory]");
    await view.page.waitForSelector(".lw-curve path");
    const legend = (await view.page.textContent(".lw-peak-legend"))!;
    for (const kind of ["Activations", "Parameters", "Gradients", "Temporary"]) assert.ok(legend.includes(kind));
    await view.page.click("[data-tab=timeline]");
    await view.page.waitForTimeout(300);
    const inks = await view.page.$eval(".lw-timeline-canvas", (canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const { data } = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
      const seen = new Set<number>();
      for (let i = 0; i < data.length; i += 4) seen.add((data[i]! << 16) | (data[i + 1]! << 8) | data[i + 2]!);
      return seen.size;
    });
    assert.ok(inks > 20, `${inks} colours on the canvas`);
    const box = (await (await view.page.$(".lw-timeline-canvas"))!.boundingBox())!;
    await view.page.mouse.click(box.x + box.width * 0.25, box.y + 130);
    await view.page.waitForSelector(".lw-chosen-chip:not([hidden])");
    assert.match((await view.page.textContent(".lw-chosen-chip"))!, /lm_head/);
  }));

for (const [state, wanted, call] of [
  ["empty", "Nothing profiled yet", "profile"],
  ["nothing", "Open a Python file", null],
  ["running", "starting the runtime", "cancel"],
  ["rerunning", "repetition 7 of about 24", "cancel"],
  ["stale", "model.py was edited after this profile", "profile"],
  ["failed", "mat1 and mat2 shapes cannot be multiplied", "openSource"],
  ["failedAgain", "self.c_fc should take 384 features", "openSource"],
] as const) {
  test(`the state "${state}" says so and offers a way on`, () =>
    withView({ query: { state }, width: 300 }, async (view) => {
      assert.ok((await view.page.textContent("#app"))!.includes(wanted));
      if (call) await view.page.click(".lw-state vscode-button, .lw-running vscode-button, .lw-notice .lw-link");
      assert.deepEqual(
        (await view.calls()).map(({ method }) => method),
        call ? [call] : [],
      );
    }));
}

test("progress moves without a redraw", () =>
  withView({ query: { state: "rerunning" } }, async (view) => {
    await view.page.evaluate(() =>
      window.layerwiseTest.tell({ type: "progress", message: "repetition 12", fraction: 0.5 } as { type: string }),
    );
    await view.page.waitForSelector(".lw-running:has-text('repetition 12')");
    assert.equal(await view.page.$eval(".lw-progress i", (bar) => (bar as HTMLElement).style.width), "50%");
  }));

test("nothing is clipped or pushed out at 300 pixels", () =>
  withView({ width: 300, height: 700 }, async (view) => {
    for (const tab of ["modules", "kernels", "lines", "memory", "timeline"]) {
      await view.page.click(`[data-tab=${tab}]`);
      await view.page.waitForTimeout(150);
      const wide = await view.page.$$eval(
        ".lw-summary *, .lw-toolbar > *, .lw-tab, .lw-head-cell, .lw-peak-kind, .lw-memory h2",
        (elements) =>
          elements
            .filter((element) => {
              const { right, width } = element.getBoundingClientRect();
              return width > 0 && right > innerWidth + 0.5 && !element.closest("svg");
            })
            .map((element) => `${element.className} ${element.textContent}`),
      );
      assert.deepEqual(wide, [], tab);
    }
  }));

test("a hostile model name is text everywhere: no dialog, no request, no policy report", () =>
  withView(
    {
      width: 1000,
      query: { name: `<img src=x onerror=alert(1)>]]></script><script>alert(2)</script>"'` },
    },
    async (view) => {
      assert.equal(await view.page.locator("img").count(), 0);
      assert.ok((await view.page.textContent("h1"))!.includes("<img src=x onerror=alert(1)>]]>"));
      for (const tab of ["kernels", "lines", "memory", "timeline", "modules"])
        await view.page.click(`[data-tab=${tab}]`);
      await view.page.hover(".lw-row");
      await view.page.waitForSelector(".lw-tip:not([hidden])");
      await view.page.click(".lw-row");
      await view.page.waitForTimeout(200);
    },
  ));

test("ten thousand rows scroll without drawing more than a screen of them", () =>
  withView({ query: { layers: "1000" } }, async (view) => {
    await view.page.fill(".lw-search input", "h.");
    const state = await view.page.$eval(".lw-table", (table) => {
      table.scrollTop = 5000 * 24;
      return { rows: Number(table.getAttribute("aria-rowcount")) };
    });
    await view.page.waitForTimeout(100);
    assert.ok(state.rows > 9000, `${state.rows} rows`);
    assert.ok((await view.page.$$(".lw-row")).length < 60);
  }));
