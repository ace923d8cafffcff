/**
 * What a screen reader hears of a run: that it began, each quarter of it, and how it ended. It shows nothing, and leaves
 * errors to their strips, which are alerts by themselves.
 */
import { formatTarget } from "./formats.ts";
import { h } from "./dom.ts";
import type { Running } from "./states.ts";

/** As jobs say it once somebody has stopped them. */
const CANCELLING = "cancelling";
const QUARTERS = 4;

export interface Announcer {
  /** To be in the page before anything is said: readers watch only what they know. */
  element: HTMLElement;
  say(text: string): void;
  /** Call with every state of what runs, and what to say once nothing does: null where an error strip says it. */
  follow(running: Running | null, outcome: string | null): void;
}

export function announcer(): Announcer {
  const element = h("div", { class: "lw-spoken", attributes: { role: "status" } });
  let last: Running | null = null;
  let quarter = 0;
  const say = (text: string): void => {
    element.textContent = text;
  };
  return {
    element,
    say,
    follow(running, outcome) {
      if (running && !last) {
        quarter = 0;
        say(`Started: ${formatTarget(running.target)}`);
      }
      if (running) {
        const reached = Math.floor((running.fraction ?? 0) * QUARTERS);
        if (reached > quarter && reached < QUARTERS) say(`${Math.round((100 * reached) / QUARTERS)} percent`);
        quarter = Math.max(quarter, reached);
      }
      if (!running && last) say(last.message === CANCELLING ? "Cancelled" : (outcome ?? ""));
      last = running;
    },
  };
}
