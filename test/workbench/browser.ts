/**
 * The headless browser of all tests that look at a page. The one place that imports playwright-core, which lives in
 * this folder's own package; other folders import it from here.
 */
import { chromium, type Browser } from "playwright-core";
import { findBrowser } from "../../tools/setup.mjs";

export { chromium, type Browser, type Frame, type Page } from "playwright-core";

/** No sandbox, because CI runs as root in a container; no GPU and no calls home, because there is neither. */
const flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"];

export async function launchBrowser(extraFlags: string[] = []): Promise<Browser> {
  const executablePath = findBrowser();
  if (!executablePath) throw new Error("no chromium on the path: run 'npm test' once, or install it");
  return chromium.launch({ executablePath, args: [...flags, ...extraFlags] });
}
