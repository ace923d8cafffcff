/**
 * The pictures in the README, on request alone (LAYERWISE_PICTURES=1): real runs in a real VS Code, both of one size and
 * theme. Times differ in every run; nothing is compared with them.
 */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openly, root } from "../../tools/steps.mjs";
import type { Frame } from "./browser.ts";
import { openWorkbench, type Workbench } from "./kit.ts";

const LONG_MS = 300_000;
/** A profile whose times jump about more than this says more about what else the machine does. */
const STEADY = 15;
const MOST_TRIES = 12;

describe("pictures", { skip: !process.env.LAYERWISE_PICTURES }, () => {
  let workbench: Workbench;
  const place = mkdtempSync(join(tmpdir(), "layerwise-pictures-"));
  const folder = join(place, "examples");

  before(async () => {
    cpSync(join(root, "examples"), folder, { recursive: true });
    await openly(join(root, "bin/layerwise"), [
      "python",
      join(folder, "digits.py"),
      "--out",
      join(folder, "digits.pt"),
    ]);
    const settings = {
      "editor.fontSize": 12,
      "editor.occurrencesHighlight": "off",
      "files.simpleDialog.enable": true,
      // Two threads on a machine that does other things too wait for each other.
      "layerwise.threads": 1,
      "window.commandCenter": false,
      "workbench.colorTheme": "Default Light Modern",
    };
    workbench = await openWorkbench({ folder, width: 1720, height: 960, settings });
  });

  after(async () => {
    await workbench?.close();
    rmSync(place, { recursive: true });
  });

  /** Nothing under the pointer, no message, no cursor that blinks. */
  async function take(path: string): Promise<void> {
    await workbench.runCommand("Notifications: Clear All Notifications");
    await workbench.page.mouse.move(25, 600);
    await workbench.page.waitForTimeout(1500);
    await workbench.screenshot(path);
  }

  async function pick(view: Frame, shown: string, answer: string): Promise<void> {
    await view.locator(".lw-picked .lw-link", { hasText: shown }).click();
    await workbench.answer(answer);
    await view.locator(".lw-picked", { hasText: answer }).waitFor();
  }

  test("shapes, times and memory beside the code, the graph behind", async () => {
    await workbench.openFile("gpt.py", 93);
    await workbench.lensesWith("Graph");
    await workbench.runCommand("Layerwise: Graph");
    const graph = await workbench.webview('#app[data-view="graph"]', LONG_MS);
    await graph.locator(".lw-graph-area").waitFor({ timeout: LONG_MS });
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      await workbench.runCommand("Layerwise: Profile");
      const view = await workbench.webview('#app[data-view="profiler"]');
      await workbench.until("the profile", LONG_MS, async () => {
        const isRunning = (await view.locator(".lw-running").count()) > 0;
        return (!isRunning && (await view.locator(".lw-total-value").count()) > 0) || undefined;
      });
      const spread = /±\s*([\d.]+)/.exec(await view.locator(".lw-total").innerText())?.[1];
      if (Number(spread) <= STEADY) break;
    }
    await workbench.page.locator(".tab", { hasText: "gpt.py" }).click();
    await take("docs/images/workbench.png");
  });

  test("schemes side by side, with the layers of one of them", async () => {
    await workbench.runCommand("View: Close All Editors");
    await workbench.page.keyboard.press("Control+b");
    await workbench.openFile("digits.py", 17);
    await workbench.lensesWith("Quantize");
    await workbench.runCommand("Layerwise: Quantize");
    const view = await workbench.webview('#app[data-view="quantize"]');
    await view.locator(".lw-scheme").first().waitFor({ timeout: LONG_MS });
    await view.locator(".lw-settings summary").click();
    for (const scheme of ["static", "nf4", "fp8"]) await view.locator(`[data-toggle=${scheme}]`).click();
    await pick(view, "Random inputs", "batches");
    await pick(view, "What fits", "accuracy");
    await pick(view, "As the class", "digits.pt");
    await view.locator("vscode-button[aria-label='Quantize with these settings']").click();
    await view.locator("[data-scheme=static]").waitFor({ timeout: LONG_MS });
    await view.locator(".lw-settings summary").click();
    await view.locator("[data-scheme=static]").click();
    await view.locator("[data-tab=layers]").click();
    await view.locator(".lw-row", { hasText: "conv2" }).click();
    await view.locator(".lw-detail .lw-histogram").first().waitFor();
    await view.locator(".lw-quantize-content").evaluate((content) => content.scrollTo(0, 0));
    await take("docs/images/quantize.png");
  });
});
