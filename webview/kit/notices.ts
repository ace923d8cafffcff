/**
 * What views say about themselves: strips above a view (running, failed, old) and single lines within one. All of them
 * have one look, four tones and their roles from here; a view gives only the words.
 */
import { failureTitle } from "../../src/protocol/source.ts";
import type { Failure, SourceLocation } from "../../src/protocol/source.ts";
import { announcer } from "./announcer.ts";
import { baseName } from "./formats.ts";
import { h } from "./dom.ts";
import type { Child } from "./dom.ts";
import { icon } from "./icons.ts";
import type { IconName } from "./icons.ts";
import { runningStrip, START } from "./states.ts";
import type { Running } from "./states.ts";

export type Tone = "plain" | "good" | "warning" | "error";

const toneIcons: Record<Tone, IconName> = { plain: "info", good: "check", warning: "warning", error: "error" };

export interface NoticeOptions {
  tone: Tone;
  /** Default: the tone's own. */
  icon?: IconName;
  /** alert interrupts a reader, status waits for a pause; default: neither. */
  role?: "alert" | "status";
  /** Behind the text: links and buttons. */
  actions?: Child[];
}

/** A strip over the whole width. */
export function notice(options: NoticeOptions, ...text: Child[]): HTMLElement {
  return line("lw-notice", options, text);
}

/** A line within a view, without a ground of its own. */
export function note(options: NoticeOptions, ...text: Child[]): HTMLElement {
  return line("lw-note", options, text);
}

function line(kind: string, options: NoticeOptions, text: Child[]): HTMLElement {
  const { tone, role = null, actions = [] } = options;
  return h(
    "div",
    { class: `${kind} lw-tone-${tone}`, attributes: { role } },
    icon(options.icon ?? toneIcons[tone]),
    h("div", { class: "lw-notice-text" }, ...text),
    ...actions,
  );
}

export function link(label: string, onClick: () => void, style = ""): HTMLElement {
  const name = style ? `lw-link ${style}` : "lw-link";
  return h("button", { class: name, attributes: { type: "button" }, on: { click: onClick } }, label);
}

export interface FailureActions {
  /** Null where no editor is at hand. */
  openSource: ((at: SourceLocation) => void) | null;
  copy(text: string): void;
  retry?: (() => void) | undefined;
  /** What `retry` is called; default: "Try again". */
  retryLabel?: string | undefined;
}

/** Cancelled is no error: the user wanted it. */
export function failureNotice(failure: Failure, actions: FailureActions): HTMLElement {
  const { at, traceback } = failure;
  const isCancelled = failure.kind === "cancelled";
  const { openSource, copy, retry, retryLabel = "Try again" } = actions;
  const place = at && `${baseName(at.file)}:${at.line}`;
  const title = isCancelled ? "Cancelled" : failureTitle(failure);
  const links = [
    place && openSource ? link(place, () => openSource(at), "lw-mono") : null,
    place && !openSource ? h("span", { class: "lw-mono" }, place) : null,
    retry ? link(isCancelled ? "Run again" : retryLabel, retry) : null,
    traceback ? link("Copy traceback", () => copy(traceback)) : null,
  ];
  return notice(
    isCancelled ? { tone: "plain", icon: "clock", role: "status" } : { tone: "error", role: "alert" },
    h("div", {}, title ? h("strong", {}, `${title}: `) : null, failure.message),
    failure.hint ? h("div", { class: "lw-muted" }, `Hint: ${failure.hint}`) : null,
    h("div", { class: "lw-notice-links" }, ...links),
    traceback
      ? h("details", {}, h("summary", {}, "Traceback"), h("pre", { class: "lw-traceback lw-mono" }, traceback))
      : null,
  );
}

/** What a view's state says above its content. */
export interface Now {
  running?: Running | null;
  failure: Failure | null;
  stale?: string | null;
  /** Something is on show: else what runs fills the whole view, and nothing can be old. */
  hasContent: boolean;
  /** What there is to say once a run has gone through; default: that it is done. */
  outcome?: string | null;
  /** What else went wrong, in sentences. */
  problems?: readonly string[];
  /** What mends this failure, where that is not the same once more. */
  wayOn?: { label: string; run(): void } | null;
}

export interface NoticeBoardOptions extends FailureActions {
  /** What `retry` is called where what is shown is old: "Profile again". */
  again?: string | (() => string);
  cancel?: () => void;
}

export interface NoticeBoard {
  element: HTMLElement;
  /** Below the content: what runs, where its coming and going moves nothing that is being read. */
  foot: HTMLElement;
  draw(now: Now): void;
  /** The view itself failed; stands until the next `draw`. */
  problem(message: string): void;
  progress(message: string, fraction: number | undefined): void;
  /** In place of the content, while there is none. */
  whole(running: Running): HTMLElement;
  /** Read out, not shown. */
  say(text: string): void;
  /**
   * Draws the content again. Where what had the focus goes with it, Cancel gets it while something runs, else what starts
   * it: who works by keys goes on from there instead of from the top.
   */
  redraw(draw: () => void): void;
}

/** The place for strips at the top of a view. */
export function noticeBoard(options: NoticeBoardOptions): NoticeBoard {
  const { again, cancel = () => {}, retry } = options;
  const spoken = announcer();
  const strips = h("div");
  const element = h("div", { class: "lw-notices" }, spoken.element, strips);
  const foot = h("div", { class: "lw-notices" });
  let last: Now = { failure: null, hasContent: false };
  let drawn = "";
  const small = runningStrip(false, cancel);
  const large = runningStrip(true, cancel);
  const bug = (message: string): HTMLElement =>
    failureNotice({ kind: "bug", type: "Layerwise", message }, { ...options, retry: undefined });

  function draw(now: Now, own: readonly string[] = []): void {
    last = now;
    const { running, failure, stale, hasContent, problems = [], wayOn } = now;
    if (running) small.update(running);
    spoken.follow(running ?? null, failure ? null : (now.outcome ?? "Done"));
    // What stands keeps its focus and what was opened in it, and is not read out again.
    const key = JSON.stringify([Boolean(running), failure, stale, hasContent, problems, own, wayOn?.label]);
    if (key === drawn) return;
    drawn = key;
    const list: HTMLElement[] = [];
    foot.replaceChildren(...(running && hasContent ? [small.element] : []));
    const ways = wayOn ? { ...options, retry: wayOn.run, retryLabel: wayOn.label } : options;
    if (failure && !running) list.push(failureNotice(failure, ways));
    if (stale && hasContent && !running) {
      const label = typeof again === "function" ? again() : again;
      const actions = retry && label ? [link(label, retry)] : [];
      list.push(notice({ tone: "warning", icon: "clock", role: "status", actions }, stale));
    }
    list.push(...[...own, ...problems].map(bug));
    strips.replaceChildren(...list);
  }

  return {
    element,
    foot,
    draw: (now) => draw(now),
    problem: (message) => draw(last, [message]),
    progress(message, fraction) {
      const { running } = last;
      if (!running) return;
      const now = { target: running.target, message, fraction };
      last = { ...last, running: now };
      for (const strip of [small, large]) strip.update(now);
      spoken.follow(now, null);
    },
    whole(running) {
      large.update(running);
      return large.element;
    },
    say: spoken.say,
    redraw(drawContent) {
      const { activeElement } = document;
      const hadFocus = activeElement !== null && activeElement !== document.body;
      drawContent();
      const isLost = document.activeElement === null || document.activeElement === document.body;
      if (!hadFocus || !isLost) return;
      const cancel = [small, large].map((strip) => strip.cancel).find(({ isConnected }) => isConnected);
      const start = element.parentElement?.querySelector<HTMLElement>(`[${START}]:not([disabled])`);
      (cancel ?? start)?.focus({ preventScroll: true });
    },
  };
}
