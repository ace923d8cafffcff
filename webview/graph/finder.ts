/** The search box of the graph with the list of what was found below it. Enter and clicks go there, Escape leaves. */
import { searchBox } from "../kit/controls.ts";
import { h } from "../kit/dom.ts";
import type { Found } from "./navigate.ts";

export interface FinderOptions {
  find(text: string): Found[];
  goTo(item: number): void;
  leave(): void;
}

export interface Finder {
  element: HTMLElement;
  focus(): void;
}

/** A list that vanishes at once would swallow the click that took the focus away. */
const LINGER_MS = 120;

export function createFinder(options: FinderOptions): Finder {
  const results = h("div", { class: "lw-results", attributes: { role: "listbox", hidden: true } });
  const { element, input } = searchBox("Find in graph", show);
  let found: Found[] = [];
  let at = 0;

  function show(text: string): void {
    found = options.find(text);
    at = 0;
    results.hidden = text.trim() === "";
    const rows = found.map(resultRow);
    results.replaceChildren(...(rows.length > 0 ? rows : [h("div", { class: "lw-result lw-muted" }, "Nothing found")]));
    mark();
  }

  function resultRow(entry: Found, index: number): HTMLElement {
    const choose = (event: PointerEvent): void => {
      event.preventDefault();
      at = index;
      mark();
      options.goTo(entry.item);
    };
    return h(
      "div",
      { class: "lw-result", attributes: { role: "option" }, on: { pointerdown: choose } },
      h("span", { class: "lw-clip" }, entry.label),
      h("span", { class: "lw-muted lw-clip lw-result-where" }, entry.where),
    );
  }

  function mark(): void {
    if (found.length === 0) return;
    [...results.children].forEach((row, index) => row.classList.toggle("lw-result-active", index === at));
    results.children[at]?.scrollIntoView({ block: "nearest" });
  }

  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      results.hidden = true;
      options.leave();
      return;
    }
    if (found.length === 0) return;
    if (event.key === "ArrowDown") at = (at + 1) % found.length;
    else if (event.key === "ArrowUp") at = (at + found.length - 1) % found.length;
    else if (event.key === "Enter") options.goTo(found[at]!.item);
    else return;
    mark();
    event.preventDefault();
  });
  input.addEventListener("blur", () => setTimeout(() => (results.hidden = true), LINGER_MS));
  input.addEventListener("focus", () => show(input.value));

  return {
    element: h("div", { class: "lw-search-holder" }, element, results),
    focus: () => input.focus(),
  };
}
