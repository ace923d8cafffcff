/** The graph view in a real browser: opening, folding, searching, keyboard, export, hostile names, and its speed. */
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
  const view = await openView(browser, bundles, { view: "graph", ...options });
  try {
    await view.page.waitForSelector("#app[data-boxes], .lw-state, .lw-notice");
    await work(view);
    assert.deepEqual(view.incidents, []);
    assert.deepEqual(await view.page.evaluate(() => window.layerwiseTest.problems), []);
  } finally {
    await view.page.close();
  }
}

const boxes = (view: OpenedView): Promise<number> =>
  view.page.$eval("#app", (app) => Number((app as HTMLElement).dataset["boxes"]));
const crumbs = (view: OpenedView): Promise<string[]> =>
  view.page.$$eval(".lw-crumb", (all) => all.map((crumb) => crumb.textContent!));

async function press(view: OpenedView, ...keys: string[]): Promise<void> {
  for (const key of keys) {
    await view.page.keyboard.press(key);
    await view.page.waitForTimeout(40);
  }
}

test("keys move, open and fold; Enter on an op opens its line", () =>
  withView({}, async (view) => {
    assert.equal(await boxes(view), 9);
    await press(view, "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown");
    assert.deepEqual(await crumbs(view), ["model.py::GPT", "h.0–5"]);
    await press(view, "Enter");
    await view.page.waitForFunction(() => document.getElementById("app")!.dataset["boxes"] === "15");
    await press(view, "Escape");
    await view.page.waitForFunction(() => document.getElementById("app")!.dataset["boxes"] === "9");
    await press(view, "ArrowUp");
    assert.deepEqual(await crumbs(view), ["model.py::GPT", "add"]);
    await press(view, "Enter");
    assert.deepEqual(await view.calls(), [
      { method: "openSource", argument: { file: "/home/ada/nanogpt/model.py", line: 88 } },
    ]);
  }));

test("moving by keys shows and says what a pointer would", () =>
  withView({}, async (view) => {
    await press(view, "ArrowDown", "ArrowDown");
    const tip = view.page.locator(".lw-tip:not([hidden])");
    await tip.waitFor();
    const title = await tip.locator(".lw-tip-title").innerText();
    assert.equal((await crumbs(view)).at(-1), title);
    const said = (await view.page.textContent(".lw-live"))!;
    assert.ok(said.startsWith(`${title}, `), said);
    assert.match(said, /Time /);
    await press(view, "Escape");
    await tip.waitFor({ state: "detached" }).catch(() => tip.waitFor({ state: "hidden" }));
  }));

test("a search opens what hides the match and shows where it is", () =>
  withView({}, async (view) => {
    await view.page.fill(".lw-search input", "softmax");
    assert.equal((await view.page.$$(".lw-result")).length, 6);
    await view.page.keyboard.press("Enter");
    await view.page.waitForFunction(() => document.querySelectorAll(".lw-crumb").length === 5);
    assert.deepEqual(await crumbs(view), ["model.py::GPT", "h.0–5", "h.0", "attn", "softmax"]);
  }));

test("the host can reveal a module or a line", () =>
  withView({}, async (view) => {
    await view.page.evaluate(() => window.layerwiseTest.tell({ type: "reveal", path: "h.3.mlp" } as { type: string }));
    await view.page.waitForSelector(".lw-crumb-last:has-text('mlp')");
    await view.page.evaluate(() =>
      window.layerwiseTest.tell({
        type: "reveal",
        at: { file: "/home/ada/nanogpt/model.py", line: 93 },
      } as { type: string }),
    );
    await view.page.waitForSelector(".lw-crumb-last:has-text('linear')");
  }));

test("a click opens a box, a click on its title folds it again", () =>
  withView({ width: 900, height: 700 }, async (view) => {
    const middle = async (): Promise<{ x: number; y: number }> => {
      const box = (await (await view.page.$(".lw-graph-canvas"))!.boundingBox())!;
      return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    };
    const { x, y } = await middle();
    await view.page.mouse.click(x - 10, y + 3);
    await view.page.waitForFunction(() => document.getElementById("app")!.dataset["boxes"] !== "9");
    assert.equal((await crumbs(view)).at(-1), "h.0–5");
    await view.page.waitForTimeout(450);
    await view.page.keyboard.press("Escape");
    await view.page.waitForFunction(() => document.getElementById("app")!.dataset["boxes"] === "9");
  }));

test("what is saved as SVG is what is shown", () =>
  withView({}, async (view) => {
    await view.page.click("vscode-button[aria-label='Save SVG']");
    await view.page.waitForFunction(() => window.layerwiseTest.calls.length === 1);
    const [{ method, argument }] = (await view.calls()) as [{ method: string; argument: string }];
    assert.equal(method, "saveSvg");
    assert.ok(argument.startsWith("<svg") && argument.includes("h.0–5") && argument.includes("×6"));
  }));

for (const [state, wanted, call] of [
  ["empty", "No graph yet", "graph"],
  ["running", "repetition 7 of about 24", "cancel"],
  ["stale", "edited after this graph", "graph"],
  ["failed", "mat1 and mat2 shapes cannot be multiplied", "openSource"],
] as const) {
  test(`the state "${state}" says so and offers a way on`, () =>
    withView({ query: { state } }, async (view) => {
      assert.ok((await view.page.textContent("#app"))!.includes(wanted));
      await view.page.click(".lw-state vscode-button, .lw-running vscode-button, .lw-notice .lw-link");
      assert.deepEqual(
        (await view.calls()).map(({ method }) => method),
        [call],
      );
    }));
}

test("a hostile name is text: no dialog, no request, no policy report", () =>
  withView(
    {
      query: { name: `<img src=x onerror=alert(1)>]]></script><script>alert(2)</script>` },
    },
    async (view) => {
      await view.page.fill(".lw-search input", "h.");
      await view.page.mouse.move(450, 330);
      await view.page.waitForTimeout(150);
      assert.equal(await view.page.locator("img").count(), 0);
      assert.ok((await view.page.textContent(".lw-crumbs"))!.includes("<img src=x"));
    },
  ));

const FRAMES = 120;

/** Milliseconds of the page's thread for a frame while the wheel zooms. */
async function frameMs({ page }: OpenedView): Promise<number> {
  const tools = await page.context().newCDPSession(page);
  // Of the processor's time, not the clock's, which would count whatever else the machine does.
  await tools.send("Performance.enable", { timeDomain: "threadTicks" });
  const spentMs = async (): Promise<number> => {
    const { metrics } = await tools.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration")!.value * 1000;
  };
  const before = await spentMs();
  await page.evaluate(async (frames) => {
    const canvas = document.querySelector(".lw-graph-canvas")!;
    const box = canvas.getBoundingClientRect();
    const at = {
      clientX: box.left + box.width / 2,
      clientY: box.top + box.height / 2,
      bubbles: true,
      cancelable: true,
    };
    for (let i = 0; i < frames; i++) {
      canvas.dispatchEvent(new WheelEvent("wheel", { ...at, deltaY: i < frames / 2 ? 25 : -25 }));
      await new Promise((done) => requestAnimationFrame(done));
    }
  }, FRAMES);
  const spent = (await spentMs()) - before;
  await tools.detach();
  return spent / FRAMES;
}

test("three thousand nodes open in a worker and zoom smoothly", () =>
  withView({ query: { graph: "synthetic3000" } }, async (view) => {
    await view.page.click("vscode-button[aria-label='Open one more level']");
    await view.page.click("vscode-button[aria-label='Open one more level']");
    await view.page.click("vscode-button[aria-label='Open one more level']");
    await view.page.waitForFunction(() => Number(document.getElementById("app")!.dataset["boxes"]) > 3000);
    const spent = await frameMs(view);
    console.log(spent);
    assert.ok(spent < 16, `${spent} ms per frame`);
  }));

test("ten thousand nodes are shown folded at once", () =>
  withView({ query: { graph: "synthetic10000" } }, async (view) => {
    assert.ok((await boxes(view)) < 500);
  }));

test("errors colour the layers that were quantized, on a scale of their own", async () => {
  await withView({ width: 1000 }, async (view) => {
    await view.page.click("vscode-dropdown");
    await view.page.click("vscode-option:has-text('Colour by error')");
    await view.page.waitForSelector(".lw-legend-ramp");
    assert.match((await view.page.textContent(".lw-graph-legend"))!, /60 dB.*5 dB.*int4, groups of 32/);
  });
  await withView({ width: 1000, query: { state: "plain" } }, async (view) => {
    await view.page.click("vscode-dropdown");
    await view.page.click("vscode-option:has-text('Colour by error')");
    await view.page.click(".lw-graph-legend .lw-link");
    assert.deepEqual((await view.calls()).at(-1)?.method, "quantize");
  });
});

test("a model's file has a bar: what it takes, gives and gave, and what can be done with it", () =>
  withView({ width: 1000, query: { model: "1" } }, async (view) => {
    const bar = (await view.page.textContent(".lw-model-bar"))!.replace(/\u202f/g, " ");
    for (const part of ["idx int64[batch, length]", "logits float32[batch, length, 50304]", "8.12 ms on cpu"]) {
      assert.ok(bar.includes(part), `${part} in ${bar}`);
    }
    for (const part of ["1,204 nodes", "12.4 MiB", "opset 20", "by layerwise 0.1"]) assert.ok(bar.includes(part), bar);
    for (const name of ["Run", "Profile", "Quantize"]) {
      await view.page.click(`.lw-model-bar vscode-button[aria-label=${name}]`);
    }
    await view.page.check(".lw-model-toggle input");
    const calls = await view.calls();
    const methods = calls.map(({ method }) => method);
    assert.deepEqual(methods, ["run", "profile", "quantize", "optimize"]);
    assert.equal(calls.at(-1)!.argument, true);
  }));

test("a model's bar keeps the focus when it is drawn again", () =>
  withView({ width: 1000, query: { model: "1" } }, async (view) => {
    await view.page.focus(".lw-model-bar vscode-button[aria-label=Profile]");
    await view.page.evaluate(() => {
      document.querySelector(".lw-model-bar")!.setAttribute("data-old", "");
      window.layerwiseTest.tell({ type: "changed" });
    });
    await view.page.waitForSelector(".lw-model-bar:not([data-old])");
    const focused = await view.page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
    assert.equal(focused, "Profile");
  }));

test("a model's file that is being read says so, and one that cannot be read offers nothing to do with it", async () => {
  await withView({ query: { model: "1", state: "opening" } }, async (view) => {
    assert.match((await view.page.textContent(".lw-running-whole"))!, /reading the file/);
    assert.equal(await view.page.locator(".lw-model-bar").count(), 0);
  });
  await withView({ query: { model: "1", state: "untrusted" } }, async (view) => {
    assert.match((await view.page.textContent(".lw-state"))!, /Restricted Mode[\s\S]*not trusted/);
    assert.equal(await view.page.locator(".lw-model-bar, .lw-notice").count(), 0);
    await view.page.click("vscode-button[aria-label='Manage Workspace Trust']");
    assert.deepEqual((await view.calls()).at(-1)?.method, "manageTrust");
  });
  await withView({ query: { model: "1", state: "unreadable" } }, async (view) => {
    const text = (await view.page.textContent("#app"))!;
    assert.match(text, /this is no ONNX model: it is empty/);
    assert.doesNotMatch(text, /FileFormat|No graph yet/);
    assert.equal(await view.page.locator(".lw-model-bar").count(), 0);
  });
});
