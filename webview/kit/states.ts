/** What the views show when there is nothing to show yet, and while something runs. What they say is in `notices.ts`. */
import { formatTarget } from "./formats.ts";
import { h } from "./dom.ts";
import { icon } from "./icons.ts";
import type { IconName } from "./icons.ts";
import { button, progressRing } from "./toolkit.ts";
import type { ButtonOptions } from "./toolkit.ts";

/** Marks the button that starts what the view shows: it gets the focus back once that has ended. */
export const START = "data-start";

export function emptyState(options: {
  icon: IconName;
  title: string;
  text: string;
  /** Its icon is "play" where none is given. */
  action?: { label: string; icon?: IconName; run(): void } | null;
}): HTMLElement {
  return h(
    "div",
    { class: "lw-state" },
    h("div", { class: "lw-state-icon" }, icon(options.icon)),
    h("h2", {}, options.title),
    h("p", { class: "lw-muted" }, options.text),
    options.action
      ? starter({
          label: options.action.label,
          icon: options.action.icon ?? "play",
          appearance: "primary",
          onClick: options.action.run,
        })
      : null,
  );
}

/** A button that starts what the view shows. */
export function starter(options: ButtonOptions): HTMLElement {
  const element = button(options);
  element.setAttribute(START, "");
  return element;
}

/** What runs, and how far it is where that is known. */
export interface Running {
  target: string;
  message: string;
  fraction?: number | undefined;
}

/** A strip with the message, a bar and a way out; `update` keeps it alive without being made again. */
export interface RunningStrip {
  element: HTMLElement;
  /** The way out, for the focus of whoever started it by a key. */
  cancel: HTMLElement;
  update(running: Running): void;
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
  // Not read out by itself: a run tells many steps in a second. What a reader hears is in `announcer.ts`.
  return {
    element,
    cancel,
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
