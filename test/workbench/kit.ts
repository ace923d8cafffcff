/**
 * A user's hands and eyes in a real VS Code: opens files, runs commands, clicks lenses, reads what the editor and the
 * webviews show, takes pictures. Drives the page as a user would; never calls into the extension.
 */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "../../tools/steps.mjs";
import { launchBrowser, type Browser, type Frame, type Page } from "./browser.ts";
import { startServer, type ServerOptions, type WorkbenchServer } from "./server.ts";

const defaultTimeoutMs = 30_000;
const pollMs = 100;
const screenshotFolder = join(dirname(fileURLToPath(import.meta.url)), "screenshots");

export interface WorkbenchOptions extends ServerOptions {
  /** The folder to open; absolute. */
  folder: string;
  width?: number;
  height?: number;
}

/** A line of the editor as it is drawn. Injected text (inlay hints, decorations) stands apart, in order. */
export interface DrawnLine {
  line: number;
  text: string;
  injected: string[];
}

/** Opens a window; close it in `after`, or with `await using`. */
export async function openWorkbench(options: WorkbenchOptions): Promise<Workbench> {
  const server = await startServer(options);
  try {
    const browser = await launchBrowser();
    const viewport = { width: options.width ?? 1400, height: options.height ?? 900 };
    const page = await browser.newPage({ viewport });
    page.setDefaultTimeout(defaultTimeoutMs);
    const workbench = new Workbench(server, browser, page);
    await workbench.openFolder(options.folder);
    return workbench;
  } catch (error) {
    await server.close();
    throw error;
  }
}

export class Workbench {
  readonly server: WorkbenchServer;
  readonly page: Page;
  readonly #browser: Browser;

  constructor(server: WorkbenchServer, browser: Browser, page: Page) {
    this.server = server;
    this.#browser = browser;
    this.page = page;
  }

  async openFolder(folder: string): Promise<void> {
    await this.page.goto(this.server.urlOf(folder));
    await this.page.waitForSelector(".monaco-workbench .part.statusbar .statusbar-item");
    await this.page.waitForSelector(".explorer-folders-view .monaco-list-row, .explorer-folders-view .monaco-list");
  }

  /** Loads the page anew, as a user does who reloads the window. */
  async reload(): Promise<void> {
    await this.page.reload();
    await this.page.waitForSelector(".monaco-workbench .part.statusbar .statusbar-item");
  }

  /** Opens a file of the folder by its relative path, at a line if one is given. */
  async openFile(path: string, line?: number): Promise<void> {
    const name = path.split("/").at(-1)!;
    await this.#pick(line === undefined ? path : `${path}:${line}`, (row) => row.includes(name));
    // Views of a file may have its name in theirs.
    await this.page.locator(`.tab.active[data-resource-name="${name}"]`).first().waitFor();
    const content = ".editor-instance .view-lines, .editor-instance .custom-editor, iframe.webview";
    await this.page.locator(content).first().waitFor();
  }

  /** Runs a command by the title that the palette shows, for example "Layerwise: Profile". */
  async runCommand(title: string): Promise<void> {
    await this.#pick(`>${title}`, (row) => row.startsWith(title));
  }

  /** The titles that the palette offers for some words. */
  async commands(words: string): Promise<string[]> {
    await this.#openQuickInput(`>${words}`);
    const rows = this.page.locator(".quick-input-widget .monaco-list-row .label-name");
    await rows.first().waitFor();
    await this.page.waitForTimeout(300);
    const titles = await rows.allInnerTexts();
    await this.page.keyboard.press("Escape");
    return titles;
  }

  /** Answers the input box or the list that is open now: types, then presses Enter. */
  async answer(text: string): Promise<void> {
    const input = this.page.locator(".quick-input-widget input.input");
    await input.waitFor();
    await input.fill(text);
    await this.page.keyboard.press("Enter");
  }

  /** Answers a dialog that asks where to write with a path. */
  async answerSaveDialog(path: string): Promise<void> {
    const dialog = this.page.locator(".quick-input-widget", { hasText: "Show Local" });
    await dialog.waitFor();
    const input = dialog.locator("input.input");
    await this.until("the path in the dialog", undefined, async () => {
      // What is typed while the folder is still being listed is overwritten.
      if ((await input.inputValue()) !== path) await input.fill(path);
      await this.page.waitForTimeout(300);
      if ((await input.inputValue()) !== path) return undefined;
      // On a busy machine the list may come later still.
      await this.page.waitForTimeout(300);
      return (await input.inputValue()) === path || undefined;
    });
    await this.page.keyboard.press("Enter");
  }

  /** The code lenses in view, from top to bottom, one text per link. */
  async lenses(): Promise<string[]> {
    return (await this.page.locator(".codelens-decoration a").allInnerTexts()).map(normalSpace);
  }

  /** Waits until a lens has this text, and gives all that are in view. */
  async lensesWith(text: string, timeoutMs?: number): Promise<string[]> {
    return this.until(`a lens '${text}'`, timeoutMs, async () => {
      const lenses = await this.lenses();
      return lenses.some((lens) => lens.includes(text)) ? lenses : undefined;
    });
  }

  /** Clicks the lens with this text; `nth` counts those that have it, from 0. */
  async clickLens(text: string, nth = 0): Promise<void> {
    await this.page.locator(".codelens-decoration a", { hasText: text }).nth(nth).click();
  }

  /** The lines in view. Text that decorations draw before or after a line counts as injected, as inlay hints do. */
  async drawnLines(): Promise<DrawnLine[]> {
    const lines = await this.page.evaluate(readDrawnLines);
    const clean = (text: string): string => text.replaceAll("\u00a0", " ").replaceAll(/[\u200b-\u200d]/g, "");
    return lines.map(({ line, text, injected }) => ({
      line,
      text: clean(text),
      injected: injected.map(clean).filter((item) => item.trim() !== ""),
    }));
  }

  /** Waits until a line shows injected text that contains or matches this, and gives all of that line's. */
  async injectedAt(line: number, expected: string | RegExp, timeoutMs?: number): Promise<string> {
    return this.until(`line ${line} to show ${expected}`, timeoutMs, async () => {
      const shown = (await this.drawnLines()).find((drawn) => drawn.line === line)?.injected.join(" ") ?? "";
      const isThere = typeof expected === "string" ? shown.includes(expected) : expected.test(shown);
      return isThere ? shown : undefined;
    });
  }

  /** The inside of the webview that holds an element matching the selector; the newest one when several do. */
  async webview(selector: string, timeoutMs?: number): Promise<Frame> {
    return this.until(`a webview with ${selector}`, timeoutMs, async () => {
      for (const frame of this.page.frames().toReversed()) {
        if (frame.parentFrame()?.parentFrame() !== this.page.mainFrame()) continue;
        const count = await frame
          .locator(selector)
          .count()
          .catch(() => 0);
        if (count > 0) return frame;
      }
      return undefined;
    });
  }

  /** The messages on screen. */
  async notifications(): Promise<string[]> {
    return this.page.locator(".notifications-toasts .notification-list-item-message").allInnerTexts();
  }

  /** Waits for a message that contains this text. */
  async notification(text: string, timeoutMs?: number): Promise<string> {
    return this.until(`the message '${text}'`, timeoutMs, async () => {
      return (await this.notifications()).find((message) => message.includes(text));
    });
  }

  /** The items of the status bar, as a screen reader would read them. */
  async statusItems(): Promise<string[]> {
    const items = this.page.locator(".part.statusbar .statusbar-item a, .part.statusbar .statusbar-item [aria-label]");
    return items.evaluateAll((nodes) => nodes.map((node) => node.getAttribute("aria-label") ?? node.textContent ?? ""));
  }

  /** The counts of squiggles in the active editor. */
  async squiggles(): Promise<{ errors: number; warnings: number }> {
    return {
      errors: await this.page.locator(".editor-instance .squiggly-error").count(),
      warnings: await this.page.locator(".editor-instance .squiggly-warning").count(),
    };
  }

  /** Puts text at the start of a line, as typing does. */
  async typeAt(path: string, line: number, text: string): Promise<void> {
    await this.openFile(path, line);
    await this.page.keyboard.press("Home");
    await this.page.keyboard.insertText(text);
  }

  /** Replaces a whole line by this text, as selecting it and typing does. */
  async replaceLine(path: string, line: number, text: string): Promise<void> {
    await this.openFile(path, line);
    await this.page.keyboard.press("End");
    // The first press stops at the indentation.
    await this.page.keyboard.press("Shift+Home");
    await this.page.keyboard.press("Shift+Home");
    await this.page.keyboard.insertText(text);
  }

  /** The text of a line in view, without what is injected. */
  async lineText(line: number): Promise<string> {
    return (await this.drawnLines()).find((drawn) => drawn.line === line)?.text ?? "";
  }

  /** Opens the quick fixes where the cursor is and takes the one that contains this text. */
  async quickFix(text: string): Promise<void> {
    const item = this.page.locator(".action-widget .monaco-list-row", { hasText: text }).first();
    await this.until(`the fix '${text}'`, undefined, async () => {
      await this.page.keyboard.press("Control+.");
      return item.waitFor({ timeout: 2000 }).then(
        () => true,
        () => undefined,
      );
    });
    await item.click();
  }

  /** Waits until the work gives something; fails with what was waited for and what the page shows. */
  async until<T>(what: string, timeoutMs: number | undefined, work: () => Promise<T | undefined>): Promise<T> {
    const end = performance.now() + (timeoutMs ?? defaultTimeoutMs);
    for (;;) {
      const result = await work();
      if (result !== undefined) return result;
      if (performance.now() > end) break;
      await this.page.waitForTimeout(pollMs);
    }
    const picture = await this.screenshot(`failed-${what.replaceAll(/[^a-z0-9]+/gi, "-").slice(0, 60)}`);
    const messages = await this.notifications();
    throw new Error(`waited in vain for ${what}; messages on screen: [${messages.join(" | ")}]; picture: ${picture}`);
  }

  /** Saves a picture under test/workbench/screenshots, or at a path relative to the root when that ends in .png. */
  async screenshot(name: string): Promise<string> {
    const path = name.endsWith(".png") ? join(root, name) : join(screenshotFolder, `${name}.png`);
    mkdirSync(dirname(path), { recursive: true });
    await this.page.screenshot({ path });
    return path;
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.server.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #openQuickInput(text: string): Promise<void> {
    const input = this.page.locator(".quick-input-widget input.input");
    // The key is lost while the list of the last command is still closing, and what is typed into that one goes with it.
    await this.until("the command palette", undefined, async () => {
      await this.page.keyboard.press("F1");
      return input.fill(text, { timeout: 1000 }).then(
        () => true,
        () => undefined,
      );
    });
  }

  async #pick(text: string, isWanted: (row: string) => boolean): Promise<void> {
    await this.#openQuickInput(text);
    const rows = this.page.locator(".quick-input-widget .monaco-list-row");
    const index = await this.until(`'${text}' in the list`, undefined, async () => {
      const found = (await rows.allInnerTexts()).map(normalSpace).findIndex(isWanted);
      return found < 0 ? undefined : found;
    });
    await rows.nth(index).click();
  }
}

function normalSpace(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

/** Runs in the page: the DOM holds only the lines in view, and joins them to their numbers by position alone. */
function readDrawnLines(): DrawnLine[] {
  const editor = document.querySelector(".editor-instance .monaco-editor.focused, .editor-instance .monaco-editor");
  if (!editor) return [];
  const numbers = new Map<string, number>();
  for (const node of editor.querySelectorAll<HTMLElement>(".margin-view-overlays > div")) {
    const number = Number(node.querySelector(".line-numbers")?.textContent);
    if (number > 0) numbers.set(node.style.top, number);
  }
  const lines: DrawnLine[] = [];
  for (const node of editor.querySelectorAll<HTMLElement>(".view-lines > .view-line")) {
    const line = numbers.get(node.style.top);
    if (line === undefined) continue;
    const drawn: DrawnLine = { line, text: "", injected: [] };
    for (const span of node.querySelectorAll<HTMLElement>(":scope > span > span")) {
      const isHint = /dyn-rule|inlay/i.test(span.className);
      if (isHint) drawn.injected.push(span.textContent ?? "");
      else drawn.text += span.textContent ?? "";
      for (const place of ["::before", "::after"]) {
        const content = getComputedStyle(span, place).content;
        if (content !== "none" && content !== "normal") drawn.injected.push(content.replaceAll(/^"|"$/g, ""));
      }
    }
    lines.push(drawn);
  }
  return lines.sort((a, b) => a.line - b.line);
}
