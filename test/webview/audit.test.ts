/** Every view in every theme, for those who work by keyboard, hear the page or see little of it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ViewName } from "../../src/protocol/views/port.ts";
import type { Browser } from "../workbench/browser.ts";
import { audit } from "./audit.ts";
import { bundle, launch, openView } from "./harness.ts";
import type { Bundles, OpenOptions, Theme } from "./harness.ts";

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

interface State {
  query?: Record<string, string>;
  ready: string;
  /** Opens more than is shown at first. */
  click?: string;
}

const opened: Record<Exclude<ViewName, "run">, State[]> = {
  profiler: [{ ready: ".lw-row" }, { query: { state: "failedAgain" }, ready: ".lw-notice" }],
  graph: [{ ready: "#app[data-boxes]" }],
  quantize: [
    { query: { random: "1" }, ready: ".lw-row", click: ".lw-settings summary" },
    { query: { result: "worse" }, ready: ".lw-row", click: ".lw-row:has-text('h.0.mlp.c_fc')" },
    { query: { state: "empty" }, ready: ".lw-state" },
  ],
  inspect: [{ ready: ".lw-row" }],
  devices: [{ ready: ".lw-device" }],
};

for (const theme of ["light", "dark", "contrast", "contrastLight"] as const satisfies Theme[]) {
  for (const [view, states] of Object.entries(opened) as [keyof typeof opened, State[]][]) {
    test(`${view} can be read and worked by all, ${theme}`, async () => {
      // What a view can show has the same colours in all of its states: one of them tells for the other themes.
      for (const { query = {}, ready, click } of theme === "light" ? states : states.slice(0, 1)) {
        const options: OpenOptions = { view, theme, query, width: 900, height: 900 };
        const { page } = await openView(browser, bundles, options);
        await page.waitForSelector(ready);
        if (click) await page.click(click);
        await page.waitForTimeout(50);
        assert.deepEqual(await page.evaluate(audit), [], JSON.stringify(query));
        await page.close();
      }
    });
  }
}
