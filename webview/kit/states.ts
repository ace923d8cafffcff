/** What the views say when there is nothing to show yet, while something runs, when it failed and when it is old. */
import type { Failure, SourceLocation } from "../../src/protocol/source.ts";
import { baseName, formatTarget } from "./formats.ts";
import { h } from "./dom.ts";
import { icon } from "./icons.ts";
import type { IconName } from "./icons.ts";
import { button, progressRing } from "./toolkit.ts";

export function emptyState(options: {
  icon: IconName;
  title: string;
  text: string;
  action?: { label: string; run(): void } | null;
}): HTMLElement {
  return h(
    "div",
    { class: "lw-state" },
    h("div", { class: "lw-state-icon" }, icon(options.icon)),
    h("h2", {}, options.title),
    h("p", { class: "lw-muted" }, options.text),
    options.action
      ? button({ label: options.action.label, icon: "play", appearance: "primary", onClick: options.action.run })
      : null,
  );
}

/** A strip with the message, a bar and a way out; `update` keeps it alive without being made again. */
export interface RunningStrip {
  element: HTMLElement;
  update(running: { target: string; message: string; fraction?: number | undefined }): void;
}

export function runningStrip(isWhole: boolean, onCancel: () => void): RunningStrip {
  const title = h("div", { class: "lw-running-title" });
  const message = h("div", { class: "lw-muted lw-running-message" });
  const bar = h("i");
  const track = h("div", { class: "lw-progress", attributes: { role: "progressbar", "aria-label": "Progress" } }, bar);
  const words = h("div", { class: "lw-running-words" }, title, message);
  const cancel = button({ label: "Cancel", onClick: onCancel });
  const element = isWhole
    ? h("div", { class: "lw-state lw-running-whole" }, progressRing(), words, track, cancel)
    : h("div", { class: "lw-running" }, words, cancel, track);
  element.setAttribute("aria-live", "polite");
  return {
    element,
    update(running) {
      title.textContent = formatTarget(running.target);
      message.textContent = running.message;
      const known = running.fraction !== undefined;
      track.classList.toggle("lw-unknown", !known);
      bar.style.width = known ? `${Math.round(running.fraction! * 100)}%` : "";
      if (known) track.setAttribute("aria-valuenow", String(Math.round(running.fraction! * 100)));
      else track.removeAttribute("aria-valuenow");
    },
  };
}

export function staleBanner(sentence: string, action: { label: string; run(): void } | null): HTMLElement {
  return h(
    "div",
    { class: "lw-banner lw-banner-stale", attributes: { role: "status" } },
    icon("clock"),
    h("span", { class: "lw-banner-text" }, sentence),
    action
      ? h("button", { class: "lw-link", attributes: { type: "button" }, on: { click: action.run } }, action.label)
      : null,
  );
}

export function failureBanner(
  failure: Failure,
  actions: { openSource(at: SourceLocation): void; copy(text: string): void; retry?: (() => void) | undefined },
): HTMLElement {
  const { at, traceback } = failure;
  const isCancelled = failure.kind === "cancelled";
  const links = [
    at
      ? h(
          "button",
          { class: "lw-link lw-mono", attributes: { type: "button" }, on: { click: () => actions.openSource(at) } },
          `${baseName(at.file)}:${at.line}`,
        )
      : null,
    actions.retry
      ? h("button", { class: "lw-link", attributes: { type: "button" }, on: { click: actions.retry } }, "Try again")
      : null,
    traceback
      ? h(
          "button",
          { class: "lw-link", attributes: { type: "button" }, on: { click: () => actions.copy(traceback) } },
          "Copy traceback",
        )
      : null,
  ];
  return h(
    "div",
    { class: `lw-banner ${isCancelled ? "lw-banner-stale" : "lw-banner-failure"}`, attributes: { role: "alert" } },
    icon(isCancelled ? "clock" : "error"),
    h(
      "div",
      { class: "lw-banner-text" },
      h("div", {}, h("strong", {}, `${isCancelled ? "Cancelled" : failure.type}: `), failure.message),
      failure.hint ? h("div", { class: "lw-muted" }, `Hint: ${failure.hint}`) : null,
      h("div", { class: "lw-banner-links" }, ...links),
      traceback
        ? h("details", {}, h("summary", {}, "Traceback"), h("pre", { class: "lw-traceback lw-mono" }, traceback))
        : null,
    ),
  );
}
