/**
 * The quantize view: schemes side by side, then the layers of the chosen one, then all about one layer. It pulls its
 * state from the host, keeps only what the user did to the view itself, and never compresses anything.
 */
import type { Scheme } from "../../src/protocol/compress.ts";
import type { Failure, SourceLocation } from "../../src/protocol/source.ts";
import type {
  QuantizeChoices,
  QuantizeHost,
  QuantizeNews,
  QuantizeState,
  ReportRows,
  ResultRows,
} from "../../src/protocol/views/quantize.ts";
import { h, keepFocus } from "../kit/dom.ts";
import { formatBytes, formatDuration, formatTarget } from "../kit/formats.ts";
import { icon } from "../kit/icons.ts";
import { shownBy } from "../kit/start.ts";
import type { Mounted } from "../kit/start.ts";
import type { Asked, Memory } from "../kit/port.ts";
import { failureBanner, runningStrip, staleBanner } from "../kit/states.ts";
import type { RunningStrip } from "../kit/states.ts";
import type { TableState } from "../kit/table.ts";
import { button } from "../kit/toolkit.ts";
import { schemeList } from "./compare.ts";
import { reportView } from "./report.ts";
import type { ReportView, TabId } from "./report.ts";
import { savedStrip } from "./saved.ts";
import { scatter } from "./scatter.ts";
import { settingsFields, settingsWords } from "./settings.ts";
import { isSameChoice, isSlower } from "./words.ts";

/** What survives hiding and showing the view. */
export interface QuantizeMemory {
  report: string;
  tab: TabId;
  filter: string;
  isSettingsOpen: boolean;
  tables: Partial<Record<TabId, TableState>>;
}

export interface QuantizeOptions {
  host: Asked<QuantizeHost>;
  memory: Memory<QuantizeMemory>;
  /** False in a report: nothing can be chosen, run, saved or opened from there. */
  hasEditor: boolean;
}

export type QuantizeView = Mounted<QuantizeNews>;

const verbs: Record<ResultRows["verb"], string> = { quantize: "Quantize", prune: "Prune", distill: "Distill" };
const nouns: Record<ResultRows["verb"], string> = { quantize: "Scheme", prune: "Pruning", distill: "Student" };

export function mountQuantize(root: HTMLElement, options: QuantizeOptions): QuantizeView {
  const { host, memory, hasEditor } = options;
  const notices = h("div", { class: "lw-notices" });
  const content = h("div", { class: "lw-quantize-content" });
  const above = h("div", { class: "lw-above" });
  const below = h("div", { class: "lw-below" });
  root.classList.add("lw-quantize");
  root.replaceChildren(notices, content);

  let state: QuantizeState | null = null;
  let running: RunningStrip | null = null;
  let problem: string | null = null;
  let shown: ReportView | null = null;
  let shownKey = "";
  let drawnState = "";

  const ignore = shownBy(showProblem);
  const openSource = (at: SourceLocation): void => ignore(host.openSource(at));
  const copy = (text: string): void => ignore(host.copy(text));
  const choose = (change: Partial<QuantizeChoices>): void => ignore(host.choose(change));
  const quantize = (how: Parameters<QuantizeHost["quantize"]>[0] = {}): void => ignore(host.quantize(how));

  function showProblem(message: string): void {
    problem = message;
    drawNotices();
  }

  function drawNotices(): void {
    if (!state) return;
    const list: HTMLElement[] = [];
    if (state.running && state.result) {
      running = runningStrip(false, () => ignore(host.cancel()));
      running.update(state.running);
      list.push(running.element);
    }
    if (state.failure && !state.running) {
      list.push(failureBanner(state.failure, { openSource, copy, retry: () => quantize() }));
    }
    if (state.stale && state.result && !state.running) {
      list.push(staleBanner(state.stale, { label: `${verbOf(state)} again`, run: () => quantize() }));
    }
    if (problem) {
      const failure: Failure = { kind: "bug", type: "Layerwise", message: problem };
      list.push(failureBanner(failure, { openSource, copy }));
    }
    notices.replaceChildren(...list);
  }

  function settings(shownState: QuantizeState, isOpen: boolean): HTMLElement {
    const { choices } = shownState;
    const details = h(
      "details",
      { class: "lw-settings", attributes: { open: isOpen } },
      h(
        "summary",
        {},
        h("strong", {}, "Settings"),
        h("span", { class: "lw-muted lw-clip lw-settings-words" }, settingsWords(choices)),
      ),
      settingsFields({
        choices,
        isFile: shownState.isFile,
        choose,
        pickData: () => ignore(host.pickData()),
        pickMetric: () => ignore(host.pickMetric()),
        pickWeights: () => ignore(host.pickWeights()),
      }),
    );
    details.addEventListener("toggle", () => memory.write({ isSettingsOpen: details.open }));
    return details;
  }

  function drawEmpty(empty: QuantizeState): void {
    if (empty.running) {
      running = runningStrip(true, () => ignore(host.cancel()));
      running.update(empty.running);
      content.replaceChildren(running.element);
      return;
    }
    const { suggestion, verb } = empty;
    if (suggestion && verb !== "quantize") {
      const label = `${verbs[verb]} ${formatTarget(suggestion)}`;
      const start = button({ label, icon: "play", appearance: "primary", onClick: () => quantize() });
      const text = "Size, time and error are measured before and after. Nothing is written until you save.";
      content.replaceChildren(startState(`${verbs[verb]}: nothing to show yet`, text, start));
      return;
    }
    if (!suggestion) {
      const text = "Open a Python file with an nn.Module, then click Quantize above a class.";
      content.replaceChildren(startState("Nothing quantized yet", text));
      return;
    }
    const start = button({
      label: `Quantize ${formatTarget(suggestion)}`,
      icon: "play",
      appearance: "primary",
      onClick: () => quantize(),
    });
    if (empty.choices.schemes.length === 0) start.setAttribute("disabled", "");
    const text =
      "See what each scheme costs in accuracy and gives in size and speed, layer by layer. Nothing is written until you save.";
    const title = empty.failure ? "No comparison yet" : "Nothing quantized yet";
    const parts = startState(title, text, settings(empty, true), start);
    keepFocus(content, () => content.replaceChildren(parts));
  }

  function startState(title: string, text: string, ...more: HTMLElement[]): HTMLElement {
    return h(
      "div",
      { class: "lw-state lw-quantize-start" },
      h("div", { class: "lw-state-icon" }, icon("compress")),
      h("h2", {}, title),
      h("p", { class: "lw-muted" }, text),
      ...more,
    );
  }

  function drawContent(): void {
    if (!state) return;
    const { result } = state;
    if (!result || result.reports.length === 0) {
      shown = null;
      shownKey = "";
      drawEmpty(state);
      return;
    }
    const stored = memory.read().report;
    const report = result.reports.find(({ name }) => name === stored) ?? firstReport(result.reports);
    const scrolled = content.scrollTop;
    // The tables keep their place when only the settings have changed.
    const key = JSON.stringify([report, state.choices.keep, state.choices.keepAs, result.verb]);
    if (!shown || key !== shownKey) {
      shown = reportView({
        report,
        previous: shown?.selected() ?? null,
        choices: hasEditor && result.verb === "quantize" ? state.choices : null,
        memory,
        root: state.root,
        ranges: (path) => host.ranges({ report: report.name, path }),
        openSource: hasEditor ? openSource : null,
        copy,
        select: (path) => ignore(host.select(path)),
        rank: () => quantize({ only: report.name as Scheme, sensitivity: true }),
        rerun: (change) => ignore(host.choose(change).then(() => host.quantize({ only: report.name as Scheme }))),
        problem: (error) => ignore(Promise.reject(error)),
      });
      shownKey = key;
      ignore(host.show(report.name));
    }
    const parts = [
      head(state, result, report),
      ...(hasEditor && result.verb === "quantize" ? [settings(state, memory.read().isSettingsOpen ?? false)] : []),
      ...comparison(state, result.reports, report),
      verdict(report),
      ...(state.saved?.report === report.name ? [savedStrip(state.saved.file, () => ignore(host.openSaved()))] : []),
    ];
    if (!above.isConnected) content.replaceChildren(above, below);
    keepFocus(above, () => above.replaceChildren(...parts));
    // What stays in its place keeps its scroll position.
    if (below.firstChild !== shown.element) keepFocus(below, () => below.replaceChildren(shown!.element));
    content.scrollTop = scrolled;
  }

  function head(shownState: QuantizeState, result: ResultRows, report: ReportRows): HTMLElement {
    const { data, device } = result;
    const isDone = !shownState.running && !shownState.stale;
    const save = button({
      label: "Save as…",
      icon: "save",
      appearance: report.worthKeeping ? "primary" : "secondary",
      onClick: () => ignore(host.save(report.name)),
    });
    if (!isDone) {
      save.setAttribute("disabled", "");
      save.title = shownState.stale ?? "Wait for the proof";
    }
    const isChangedSince = !isSameChoice(shownState.choices, shownState.madeWith[report.name]);
    const isMore = shownState.choices.schemes.some((scheme) => result.reports.every(({ name }) => name !== scheme));
    // The other verbs have no settings here but the data.
    const isNew =
      result.verb === "quantize" ? isChangedSince || isMore : data.isRandom && shownState.choices.data !== null;
    const again = button({
      label: isNew ? `${verbOf(shownState)} with these settings` : `${verbOf(shownState)} again`,
      icon: "refresh",
      appearance: isNew ? "primary" : "icon",
      onClick: () => quantize(),
    });
    if (shownState.running || (result.verb === "quantize" && shownState.choices.schemes.length === 0))
      again.setAttribute("disabled", "");
    const { before } = report.latency;
    const whose = result.verb === "distill" ? "of the teacher" : "as it is";
    const now = `${formatBytes(report.beforeBytes)}, ${formatDuration(before.medianUs)} a call ${whose}`;
    const samples = `${data.samples} sample${data.samples === 1 ? "" : "s"}`;
    return h(
      "header",
      { class: "lw-quantize-head" },
      h(
        "div",
        { class: "lw-quantize-title" },
        h("h1", { class: "lw-clip", attributes: { title: result.target } }, formatTarget(result.target)),
        hasEditor
          ? h(
              "div",
              { class: "lw-actions" },
              again,
              button({
                label: "Show in the graph",
                icon: "graph",
                appearance: "icon",
                onClick: () => ignore(host.openGraph()),
              }),
              save,
            )
          : null,
      ),
      h(
        "div",
        { class: "lw-muted" },
        [device, ...(data.isRandom ? [] : [`${formatTarget(data.value)}, ${samples}`]), now].join(" · "),
      ),
      data.isRandom
        ? h(
            "div",
            { class: "lw-random" },
            icon("warning"),
            h("span", {}, `Random inputs, ${samples}: these errors need not be those on your data. `),
            hasEditor
              ? h(
                  "button",
                  { class: "lw-link", attributes: { type: "button" }, on: { click: () => ignore(host.pickData()) } },
                  "Choose data…",
                )
              : null,
          )
        : null,
      ...result.notes.map((note) => h("div", { class: "lw-muted lw-note" }, note)),
    );
  }

  function comparison(shownState: QuantizeState, reports: ReportRows[], report: ReportRows): HTMLElement[] {
    const onChoose = (name: string): void => {
      memory.write({ report: name });
      const hadFocus = document.activeElement?.closest(".lw-schemes") !== null;
      drawContent();
      if (hadFocus) content.querySelector<HTMLElement>(".lw-scheme[aria-checked='true']")?.focus();
    };
    const list = schemeList({
      reports,
      chosen: report.name,
      noun: nouns[shownState.verb],
      choices: hasEditor && shownState.verb === "quantize" ? shownState.choices : null,
      madeWith: shownState.madeWith,
      onChoose,
    });
    const picture = reports.length > 1 ? scatter(reports, () => report.name, onChoose).element : null;
    return [h("section", { class: "lw-compare" }, list, ...(picture ? [picture] : []))];
  }

  function verdict(report: ReportRows): HTMLElement {
    const kept = report.keptForBudget?.length ?? 0;
    const tone = !report.worthKeeping ? "bad" : isSlower(report) ? "mixed" : "good";
    return h(
      "div",
      { class: `lw-verdict lw-verdict-${tone}`, attributes: { role: "status" } },
      icon(tone === "good" ? "check" : tone === "mixed" ? "scales" : "warning"),
      h(
        "span",
        {},
        h("strong", {}, report.name),
        `: ${report.verdict}`,
        kept > 0 ? ` ${kept} layer${kept === 1 ? "" : "s"} kept for the error budget.` : "",
      ),
    );
  }

  async function refresh(): Promise<void> {
    state = await host.state();
    problem = null;
    drawNotices();
    // Jobs of others change nothing here: a list that is open must not close.
    const key = JSON.stringify({ ...state, running: state.running !== null, failure: null });
    if (key === drawnState && state.result) return;
    drawnState = key;
    drawContent();
  }

  return {
    refresh,
    showProblem,
    news: {
      changed: () => ignore(refresh()),
      progress: ({ message, fraction }) => {
        if (state?.running) running?.update({ target: state.running.target, message, fraction });
      },
      selected: ({ path }) => shown?.reveal(path),
    },
  };
}

function verbOf({ verb }: QuantizeState): string {
  return verbs[verb];
}

/** At this ratio of signal to noise in the outputs people seldom notice a difference. */
const CLOSE_DB = 25;

/** The one to look at first: the smallest that is worth keeping and close to the original, else the closest. */
function firstReport(reports: readonly ReportRows[]): ReportRows {
  const db = ({ output }: ReportRows): number => output.sqnrDb ?? Infinity;
  const worth = reports.filter(({ worthKeeping }) => worthKeeping);
  const close = worth.filter((report) => db(report) >= CLOSE_DB).toSorted((a, b) => a.afterBytes - b.afterBytes);
  const closest = worth.toSorted((a, b) => db(b) - db(a));
  return close[0] ?? closest[0] ?? reports[0]!;
}
