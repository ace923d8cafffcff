/** The device page in a real browser: what it says of machines with and without GPUs, how it is worked, what it copies. */
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
  const view = await openView(browser, bundles, { view: "devices", width: 900, height: 900, ...options });
  try {
    await view.page.waitForSelector(".lw-device, .lw-looking, .lw-notice");
    await work(view);
    assert.deepEqual(view.incidents, []);
    assert.deepEqual(await view.page.evaluate(() => window.layerwiseTest.problems), []);
  } finally {
    await view.page.close();
  }
}

const text = async (view: OpenedView, selector: string): Promise<string> =>
  ((await view.page.textContent(selector)) ?? "").replace(/\u202f/g, " ");

/** What people look at when they judge the page: LAYERWISE_SCREENSHOTS names a folder for them. */
const folder = process.env["LAYERWISE_SCREENSHOTS"];
for (const theme of ["light", "dark", "contrast"] as const) {
  test(`nothing is cut off or without words in ${theme}`, () =>
    withView({ theme, height: 1320, query: { state: "running" } }, async (view) => {
      await view.page.click("[data-library=cuDNN] summary");
      if (folder) await view.page.screenshot({ path: `${folder}/devices-${theme}.png`, fullPage: true });
      const unnamed = await view.page.$$eval("button, summary, [role=meter], vscode-dropdown", (elements) =>
        elements
          .filter((element) => !(element.getAttribute("aria-label") ?? element.textContent ?? "").trim())
          .map((element) => element.outerHTML),
      );
      assert.deepEqual(unnamed, []);
    }));
}

test("a card says what the GPU is, whose memory is held and how it is doing", () =>
  withView({ query: { state: "running" } }, async (view) => {
    const card = await text(view, "[data-device='cuda:0']");
    for (const part of [
      "NVIDIA H200",
      "compute 9.0",
      "driver 580.65.06, CUDA 13.0",
      "Models run here",
      "49 GiB of 140 GiB",
      "tensors 3.2 GiB",
      "kept for reuse 1.9 GiB",
      "in use besides 43.9 GiB",
      "99 %",
      "66 °C",
      "688 W of 700 W",
      "1755 MHz of 1980 MHz",
      "Clocks are held down: power limit.",
      "2 processes compute on it",
    ]) {
      assert.ok(card.includes(part), `${part} in ${card}`);
    }
    const widths = await view.page.$$eval("[data-device='cuda:0'] .lw-bar i", (bars) =>
      bars.map((bar) => Math.round(parseFloat((bar as HTMLElement).style.width) * 10) / 10),
    );
    assert.deepEqual(widths, [2.3, 1.4, 31.4]);
    const meter = view.page.locator("[data-device='cuda:0'] [role=meter]");
    assert.equal((await meter.getAttribute("aria-valuetext"))!.replace(/\u202f/g, " "), "49 GiB of 140 GiB");
  }));

test("without a GPU the page says why, and how to get a driver", () =>
  withView({ query: { machine: "none" } }, async (view) => {
    const card = await text(view, "[data-device=cuda]");
    assert.ok(card.includes("No GPU"));
    assert.ok(card.includes("No NVIDIA driver: libcuda.so.1: cannot open shared object file"));
    assert.ok(card.includes("Everything runs on the CPU meanwhile."));
    await view.page.click("[data-device=cuda] summary");
    await view.page.click("[data-device=cuda] button.lw-get-copy >> nth=0");
    await view.page.click("[data-device=cuda] button.lw-link >> nth=0");
    assert.deepEqual(await view.calls(), [
      { method: "copy", argument: "sudo ubuntu-drivers install" },
      { method: "openLink", argument: "https://www.nvidia.com/drivers" },
    ]);
    assert.match(await text(view, ".lw-spoken"), /Copied: sudo ubuntu-drivers install/);
    if (folder) await view.page.screenshot({ path: `${folder}/devices-none.png`, fullPage: true });
  }));

test("libraries: versions and places of what is there; what is missing says what serves instead", () =>
  withView({}, async (view) => {
    const found = await text(view, "[data-library=cuBLASLt]");
    assert.ok(
      found.includes("13.0.2") && found.includes("For matrix products.") && found.includes("libcublasLt.so.13"),
    );
    assert.equal(await view.page.locator("[data-library=cuBLASLt] .lw-get").count(), 0);
    const missing = await text(view, "[data-library=cuDNN]");
    assert.ok(missing.includes("not found") && missing.includes("Without it, Layerwise's own kernels convolve."));
    assert.ok(missing.includes("pip install nvidia-cudnn-cu13"));
    assert.ok((await text(view, "[data-library=CUPTI]")).includes("found but not loadable"));
  }));

test("choosing where models run, by card, by list and by keyboard", () =>
  withView({ query: { machine: "two" } }, async (view) => {
    assert.ok((await text(view, "[data-device='cuda:0']")).includes("Models run here"));
    await view.page.click("vscode-button[aria-label='Run models on cuda:1']");
    await view.page.waitForSelector("[data-device='cuda:1'].lw-device-chosen");
    await view.page.focus("vscode-button[aria-label='Run models on cpu']");
    await view.page.keyboard.press("Enter");
    await view.page.waitForSelector("[data-device=cpu].lw-device-chosen");
    await view.page.focus("vscode-dropdown");
    await view.page.keyboard.press("Home");
    await view.page.waitForSelector("[data-device='cuda:0'].lw-device-chosen");
    assert.deepEqual(
      (await view.calls()).map(({ argument }) => argument),
      ["cuda:1", "cpu", "auto"],
    );
    if (folder) await view.page.screenshot({ path: `${folder}/devices-two.png`, fullPage: true });
  }));

test("a choice that is not there stays visible as such", () =>
  withView({ query: { machine: "none", choice: "cuda:3" } }, async (view) => {
    assert.match(await text(view, "vscode-dropdown"), /cuda:3 \(missing\)/);
  }));

test("the emulation is marked", () =>
  withView({ query: { machine: "emulated" } }, async (view) => {
    assert.equal(await text(view, "[data-device='cuda:0'] .lw-device-badge"), "emulated");
  }));

test("looking, and failing to look", async () => {
  await withView({ query: { state: "looking" } }, async (view) => {
    assert.match(await text(view, ".lw-looking"), /Looking for GPUs/);
  });
  await withView({ query: { state: "failed" } }, async (view) => {
    await view.page.click(".lw-notice .lw-link:has-text('Try again')");
    assert.deepEqual(
      (await view.calls()).map(({ method }) => method),
      ["look"],
    );
  });
});

test("new readings keep what is open and focused", () =>
  withView({}, async (view) => {
    await view.page.click("[data-library=NCCL] summary");
    await view.page.focus("[data-library=NCCL] .lw-get-copy");
    await view.page.evaluate(() => window.layerwiseTest.tell({ type: "changed" }));
    await view.page.waitForTimeout(150);
    assert.equal(await view.page.locator("[data-library=NCCL] details[open]").count(), 1);
    const focused = await view.page.evaluate(() => document.activeElement?.getAttribute("data-key"));
    assert.equal(focused, "pip install nvidia-nccl-cu13");
  }));

test("nothing is pushed out at 320 pixels, and a hostile name stays a name", () =>
  withView(
    { width: 320, height: 1900, query: { name: `<img src=x onerror=alert(1)>${"long".repeat(30)}` } },
    async (view) => {
      assert.equal(await view.page.locator("img").count(), 0);
      await view.page.click("[data-library=CUPTI] summary");
      const wide = await view.page.$$eval(".lw-devices-page *", (elements) =>
        elements
          .filter((element) => {
            const { right, width } = element.getBoundingClientRect();
            return width > 0 && right > innerWidth + 0.5 && !element.closest("svg");
          })
          .map((element) => `${element.className} ${element.textContent}`),
      );
      assert.deepEqual(wide, []);
      if (folder) await view.page.screenshot({ path: `${folder}/devices-narrow.png`, fullPage: true });
    },
  ));
