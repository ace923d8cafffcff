/** Small controls that the toolkit does too heavily: a search box, a row of tabs, a bar in a cell. */
import { h } from "./dom.ts";
import { icon } from "./icons.ts";

export interface SearchBox {
  element: HTMLElement;
  input: HTMLInputElement;
}

export function searchBox(label: string, onChange: (text: string) => void): SearchBox {
  const input = h("input", {
    attributes: { type: "search", placeholder: label, "aria-label": label, spellcheck: "false" },
    on: {
      input: () => onChange(input.value),
      keydown: (event) => {
        if (event.key !== "Escape" || !input.value) return;
        input.value = "";
        onChange("");
        event.stopPropagation();
      },
    },
  });
  return { element: h("label", { class: "lw-search" }, icon("search"), input), input };
}

export interface Tabs<Id extends string> {
  element: HTMLElement;
  set(id: Id): void;
}

export function tabBar<Id extends string>(
  label: string,
  tabs: { id: Id; label: string; title?: string }[],
  onChange: (id: Id) => void,
): Tabs<Id> {
  const buttons = tabs.map(({ id, label: text, title }) =>
    h(
      "button",
      {
        class: "lw-tab",
        attributes: { type: "button", role: "tab", "data-tab": id, "aria-selected": "false", title: title ?? null },
        on: {
          click: () => choose(id),
          keydown: (event) => {
            const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
            if (!step) return;
            const at = tabs.findIndex((tab) => tab.id === id);
            const next = (at + step + tabs.length) % tabs.length;
            choose(tabs[next]!.id);
            buttons[next]!.focus();
            event.preventDefault();
          },
        },
      },
      text,
    ),
  );
  function set(id: Id): void {
    for (const element of buttons) {
      const isChosen = element.dataset["tab"] === id;
      element.setAttribute("aria-selected", String(isChosen));
      element.tabIndex = isChosen ? 0 : -1;
    }
  }
  function choose(id: Id): void {
    set(id);
    onChange(id);
  }
  return {
    element: h("div", { class: "lw-tabs", attributes: { role: "tablist", "aria-label": label } }, ...buttons),
    set,
  };
}

/** A bar whose parts are shares of 1; what is left stays empty. */
export function shareBar(parts: { share: number; colour: string }[]): HTMLElement {
  return h(
    "div",
    { class: "lw-bar" },
    ...parts
      .filter((part) => part.share > 0)
      .map((part) => h("i", { style: { width: `${Math.min(1, part.share) * 100}%`, background: part.colour } })),
  );
}
