/**
 * The top of the quantize view: the verdict on the scheme in sight with the way to save it, then what was compared and
 * on which data. It words nothing itself: verdicts come with the report.
 */
import type { ReportRows, ResultRows } from "../../src/protocol/views/quantize.ts";
import { h } from "../kit/dom.ts";
import { formatTarget } from "../kit/formats.ts";
import { icon } from "../kit/icons.ts";
import { link, note } from "../kit/notices.ts";
import type { Tone } from "../kit/notices.ts";
import { starter } from "../kit/states.ts";
import { button } from "../kit/toolkit.ts";
import { sentence } from "./words.ts";

export interface HeadOptions {
  result: ResultRows;
  /** The folder of the model's file, where it says more than its name. */
  place: string | null;
  /** Behind the name: null in a report, where nothing can be run. */
  again: { label: string; isNew: boolean; isPossible: boolean; run(): void } | null;
  openGraph: (() => void) | null;
  pickData: (() => void) | null;
}

export function head({ result, place, again, openGraph, pickData }: HeadOptions): HTMLElement {
  const { data, device, target, notes } = result;
  const samples = `${data.samples} sample${data.samples === 1 ? "" : "s"}`;
  const actions: HTMLElement[] = [];
  if (again) {
    const { label, isNew, isPossible, run } = again;
    const start = starter({ label, icon: "refresh", appearance: isNew ? "primary" : "icon", onClick: run });
    if (!isPossible) start.setAttribute("disabled", "");
    actions.push(start);
  }
  if (openGraph) {
    actions.push(button({ label: "Show in the graph", icon: "graph", appearance: "icon", onClick: openGraph }));
  }
  const what = [place, device, data.isRandom ? null : `${formatTarget(data.value)}, ${samples}`]
    .filter(Boolean)
    .join(" · ");
  return h(
    "header",
    { class: "lw-quantize-head" },
    h(
      "div",
      { class: "lw-quantize-title" },
      h("h1", { class: "lw-clip", attributes: { title: target } }, formatTarget(target)),
      h("span", { class: "lw-muted lw-clip lw-quantize-what" }, what),
      actions.length > 0 ? h("div", { class: "lw-actions" }, ...actions) : null,
    ),
    data.isRandom
      ? note(
          { tone: "warning", actions: pickData ? [link("Choose data…", pickData)] : [] },
          `Random inputs, ${samples}: these errors need not be those on your data.`,
        )
      : null,
    ...notes.map((text) => note({ tone: "plain" }, text)),
  );
}

export interface VerdictOptions {
  report: ReportRows;
  /** Null where nothing can be saved from. `why` says what has to happen first; other settings wait to be tried. */
  save: { why: string | null; isOfEarlierSettings: boolean; run(): void } | null;
}

/** Good to keep, kept at a price, or not worth keeping. */
function toneOf({ worthKeeping, speed }: ReportRows): Tone {
  if (!worthKeeping) return "warning";
  return speed.change === "slower" ? "plain" : "good";
}

const icons = { good: "check", plain: "scales", warning: "warning", error: "error" } as const;

export function verdictCard({ report, save }: VerdictOptions): HTMLElement {
  const kept = report.keptForBudget?.length ?? 0;
  const tone = toneOf(report);
  let saving: HTMLElement | null = null;
  if (save) {
    saving = button({
      label: "Save as…",
      icon: "save",
      appearance: report.worthKeeping && !save.isOfEarlierSettings ? "primary" : "secondary",
      onClick: save.run,
    });
    if (save.why !== null) {
      saving.setAttribute("disabled", "");
      saving.title = save.why;
    } else saving.title = `Write the model as ${report.name}`;
  }
  return h(
    "section",
    { class: `lw-verdict lw-tone-${tone}`, attributes: { "aria-label": "Verdict" } },
    icon(icons[tone]),
    h(
      "div",
      { class: "lw-verdict-words" },
      h("span", { class: "lw-verdict-name" }, report.name, h("span", { class: "lw-spoken" }, ": ")),
      h("span", { class: "lw-verdict-text" }, sentence(report.verdict)),
      kept > 0
        ? h("span", { class: "lw-muted" }, `${kept} layer${kept === 1 ? "" : "s"} kept for the error budget.`)
        : null,
    ),
    saving,
  );
}
