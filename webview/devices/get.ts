/** How to get what is missing: a line to copy per system, folded away until somebody wants it. Runs nothing. */
import type { WayToGet } from "../../src/protocol/results.ts";
import { h } from "../kit/dom.ts";
import { icon } from "../kit/icons.ts";
import type { Actions } from "./view.ts";

export function waysToGet(id: string, title: string, ways: readonly WayToGet[], actions: Actions): HTMLElement {
  const details = h(
    "details",
    { class: "lw-get", attributes: { open: actions.isOpen(id) } },
    h("summary", { attributes: { "data-key": `get ${id}` } }, title),
    h("ul", {}, ...ways.map((way) => oneWay(way, actions))),
  );
  details.addEventListener("toggle", () => actions.setOpen(id, details.open));
  return details;
}

function oneWay({ system, command, url }: WayToGet, actions: Actions): HTMLElement {
  return h(
    "li",
    {},
    h("div", { class: "lw-muted lw-get-system" }, system),
    command ? commandLine(command, actions) : null,
    url
      ? h(
          "button",
          {
            class: "lw-link",
            attributes: { type: "button", "data-key": `${system} ${url}` },
            on: { click: () => actions.openLink(url) },
          },
          url.replace(/^https:\/\/(www\.)?/, ""),
        )
      : null,
  );
}

function commandLine(command: string, actions: Actions): HTMLElement {
  const copy = h(
    "button",
    {
      class: "lw-get-copy",
      attributes: { type: "button", "aria-label": `Copy: ${command}`, title: "Copy", "data-key": command },
      on: {
        click: () => {
          actions.copy(command);
          copy.replaceChildren(icon("check"));
          setTimeout(() => copy.replaceChildren(icon("copy")), 1500);
        },
      },
    },
    icon("copy"),
  );
  return h("div", { class: "lw-get-command" }, h("code", { class: "lw-mono" }, command), copy);
}
