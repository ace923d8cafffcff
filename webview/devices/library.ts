/** One library as a row: is it there, which one, what for; and where it is missing what serves instead and how to get it. */
import type { DeviceInfo } from "../../src/protocol/results.ts";
import { h } from "../kit/dom.ts";
import { icon } from "../kit/icons.ts";
import { waysToGet } from "./get.ts";
import type { Actions } from "./view.ts";

/** Why it is there and does not serve, or cannot be loaded; that it was looked for in vain needs no more words. */
function reasonText({ available, reason, instead }: DeviceInfo): HTMLElement | null {
  if (!reason || reason.startsWith("not found:")) return null;
  const text = available ? `It refused: ${reason}. There, ${instead ?? "Layerwise's own kernels serve"}.` : reason;
  return h("div", { class: "lw-library-reason" }, text);
}

function state({ available, reason }: DeviceInfo): string {
  if (available) return "found";
  return reason?.startsWith("found but") ? "cannot be loaded" : "not found";
}

export function libraryRow(library: DeviceInfo, actions: Actions): HTMLElement {
  const { id, available, libraryVersion, purpose, path } = library;
  // A library of the CPU says all in its description.
  const detail = purpose === undefined ? library.description : null;
  return h(
    "li",
    { class: `lw-library${available ? "" : " lw-library-missing"}`, attributes: { "data-library": id } },
    h("span", { class: "lw-library-mark" }, icon(available ? "check" : "minus")),
    h(
      "div",
      { class: "lw-library-body" },
      h(
        "div",
        { class: "lw-library-head" },
        h("strong", {}, id),
        libraryVersion ? h("span", { class: "lw-muted" }, libraryVersion) : null,
        h("span", { class: "lw-library-state" }, state(library)),
      ),
      h("div", {}, purpose ? `For ${purpose}.` : null, detail),
      !available && library.instead ? h("div", { class: "lw-muted" }, `Without it, ${library.instead}.`) : null,
      path ? h("div", { class: "lw-muted lw-mono lw-library-path", attributes: { title: path } }, path) : null,
      reasonText(library),
      !available && library.get?.length ? waysToGet(id, `How to get ${id}`, library.get, actions) : null,
    ),
  );
}
