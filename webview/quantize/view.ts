/**
 * The quantize view: schemes side by side, then the layers of the chosen one, then all about one layer. It pulls its
 * state from the host, keeps only what the user did to the view itself, and never compresses anything.
 */
import type { Scheme } from "../../src/protocol/compress.ts";
import type { SourceLocation } from "../../src/protocol/source.ts";
import type {
  DistillAsked,
  PruneAsked,
  QuantizeChoices,
  QuantizeHost,
  QuantizeNews,
  QuantizeState,
  ReportRows,
  ResultRows,
} from "../../src/protocol/views/quantize.ts";
import { h, keepFocus } from "../kit/dom.ts";
import { targetName } from "../kit/formats.ts";
import { icon } from "../kit/icons.ts";
import { noticeBoard } from "../kit/notices.ts";
import type { Now } from "../kit/notices.ts";
import { shownBy } from "../kit/start.ts";
import { starter } from "../kit/states.ts";
import type { Mounted } from "../kit/start.ts";
import type { Asked, Memory } from "../kit/port.ts";
import type { TableState } from "../kit/table.ts";
import { schemeList } from "./compare.ts";
import { distillFields, distillWords, pruneFields, pruneWords } from "./compress_settings.ts";
import { head, verdictCard } from "./head.ts";
import type { VerdictOptions } from "./head.ts";
import { reportView } from "./report.ts";
import type { ReportView, TabId } from "./report.ts";
import { savedStrip } from "./saved.ts";
import { scatter } from "./scatter.ts";
import { settingsFields, settingsWords } from "./settings.ts";
import { isSameChoice, sentence } from "./words.ts";

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
const icons = { quantize: "compress", prune: "filter", distill: "teach" } as const;
const starts: Record<ResultRows["verb"], string> = {
  quantize: "Nothing quantized yet",
  prune: "Nothing pruned yet",
  distill: "Nothing taught yet",
};
const nouns: Record<ResultRows["verb"], string> = { quantize: "Scheme", prune: "Pruning", distill: "Student" };

export function mountQuantize(root: HTMLElement, options: QuantizeOptions): QuantizeView {
  const { host, memory, hasEditor } = options;
  const content = h("div", { class: "lw-quantize-content" });
  const above = h("div", { class: "lw-above" });
  const below = h("div", { class: "lw-below" });

  let state: QuantizeState | null = null;
  let shown: ReportView | null = null;
  let shownKey = "";
  let drawnState = "";
  let knownReports: ReadonlySet<string> = new Set();

  const ignore = shownBy((message) => notices.problem(message));
  const openSource = (at: SourceLocation): void => ignore(host.openSource(at));
  const copy = (text: string): void => ignore(host.copy(text).then(() => notices.say("Copied")));
  const choose = (change: Partial<QuantizeChoices>): void => ignore(host.choose(change));
  const quantize = (how: Parameters<QuantizeHost["quantize"]>[0] = {}): void => ignore(host.quantize(how));

  const notices = noticeBoard({
    openSource: hasEditor ? openSource : null,
    copy,
    again: () => (state ? `${verbOf(state)} again` : ""),
    retry: () => quantize(),
    cancel: () => ignore(host.cancel()),
  });
  root.classList.add("lw-quantize");
  root.replaceChildren(notices.element, content, notices.foot);

  /** The fields of this verb, and what they say in a line. */
  function fieldsOf({ verb, choices, asked, isFile }: QuantizeState): { fields: HTMLElement; words: string } {
    const proof = {
      choices,
      isFile,
      choose,
      pickData: () => ignore(host.pickData()),
      pickMetric: () => ignore(host.pickMetric()),
      pickWeights: () => ignore(host.pickWeights()),
    };
    const ask = (change: Parameters<QuantizeHost["ask"]>[0]): void => ignore(host.ask(change));
    if (asked && verb === "prune") {
      const own = asked as PruneAsked;
      return { fields: pruneFields(proof, own, ask), words: pruneWords(own, choices.data) };
    }
    if (asked && verb === "distill") {
      const own = asked as DistillAsked;
      const teacher = {
        pickTeacher: () => ignore(host.pickTeacher()),
        pickTeacherWeights: () => ignore(host.pickTeacherWeights()),
      };
      return { fields: distillFields({ ...proof, ...teacher }, own, ask), words: distillWords(own, choices.data) };
    }
    return { fields: settingsFields(proof), words: settingsWords(choices) };
  }

  function settings(shownState: QuantizeState, isOpen: boolean): HTMLElement {
    const { fields, words } = fieldsOf(shownState);
    const details = h(
      "details",
      { class: "lw-settings", attributes: { open: isOpen } },
      h("summary", {}, h("strong", {}, "Settings"), h("span", { class: "lw-muted lw-clip lw-settings-words" }, words)),
      fields,
    );
    // On the start page they are open by themselves, which says nothing about what the user wants later.
    if (shownState.result) details.addEventListener("toggle", () => memory.write({ isSettingsOpen: details.open }));
    return details;
  }

  function drawEmpty(empty: QuantizeState): void {
    if (empty.running) {
      content.replaceChildren(notices.whole(empty.running));
      return;
    }
    const { suggestion, verb } = empty;
    if (suggestion && verb !== "quantize") {
      const label = `${verbs[verb]} ${targetName(suggestion)}`;
      const start = startButton(label);
      const text = "Size, time and error are measured before and after. Nothing is written until you save.";
      const parts = startState(starts[verb], text, ...(empty.asked ? [settings(empty, true)] : []), start);
      keepFocus(content, () => content.replaceChildren(parts));
      return;
    }
    if (!suggestion) {
      const text = "Open a Python file with an nn.Module, then click Quantize above a class.";
      content.replaceChildren(startState("Nothing quantized yet", text));
      return;
    }
    const start = startButton(`Quantize ${targetName(suggestion)}`);
    if (empty.choices.schemes.length === 0) start.setAttribute("disabled", "");
    const text =
      "See what each scheme costs in accuracy and gives in size and speed, layer by layer. Nothing is written until you save.";
    const title = empty.failure ? "No comparison yet" : starts.quantize;
    const parts = startState(title, text, settings(empty, true), start);
    keepFocus(content, () => content.replaceChildren(parts));
  }

  function startButton(label: string): HTMLElement {
    return starter({ label, icon: "play", appearance: "primary", onClick: () => quantize() });
  }

  function startState(title: string, text: string, ...more: HTMLElement[]): HTMLElement {
    return h(
      "div",
      { class: "lw-state lw-quantize-start" },
      h("div", { class: "lw-state-icon" }, icon(icons[state?.verb ?? "quantize"])),
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
    showNewcomer(result.reports);
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
    const { saved } = state;
    const parts = [
      topOf(state, result, report),
      verdictCard({ report, save: hasEditor ? savingOf(state, report) : null }),
      ...(saved?.report === report.name ? [savedStrip(saved.file, () => ignore(host.openSaved()))] : []),
      ...(hasEditor && (result.verb === "quantize" || state.asked)
        ? [settings(state, memory.read().isSettingsOpen ?? false)]
        : []),
      comparison(state, result, report),
    ];
    if (!above.isConnected) content.replaceChildren(above, below);
    keepFocus(above, () => above.replaceChildren(...parts));
    // What stays in its place keeps its scroll position.
    if (below.firstChild !== shown.element) keepFocus(below, () => below.replaceChildren(shown!.element));
    content.scrollTop = scrolled;
  }

  /** A report that was asked for and came is what one wants to see; of several that came none is meant. */
  function showNewcomer(reports: readonly ReportRows[]): void {
    const names = reports.map(({ name }) => name);
    const [came, ...more] = knownReports.size > 0 ? names.filter((name) => !knownReports.has(name)) : [];
    if (came !== undefined && more.length === 0) memory.write({ report: came });
    knownReports = new Set(names);
  }

  function topOf(shownState: QuantizeState, result: ResultRows, report: ReportRows): HTMLElement {
    const { choices, running } = shownState;
    const isQuantize = result.verb === "quantize";
    const isOther = otherwise(shownState, result.reports).has(report.name);
    const isMore = choices.schemes.some((scheme) => result.reports.every(({ name }) => name !== scheme));
    const isNew = isQuantize ? isOther || isMore : shownState.isNew;
    return head({
      result,
      place: shownState.place,
      again: hasEditor
        ? {
            label: isNew ? `${verbOf(shownState)} with these settings` : `${verbOf(shownState)} again`,
            isNew,
            isPossible: !running && !(isQuantize && choices.schemes.length === 0),
            run: () => quantize(),
          }
        : null,
      openGraph: hasEditor ? () => ignore(host.openGraph()) : null,
      pickData: hasEditor ? () => ignore(host.pickData()) : null,
    });
  }

  function savingOf(shownState: QuantizeState, { name }: ReportRows): VerdictOptions["save"] {
    const { running, stale, result } = shownState;
    const why = stale ?? (running ? "Wait for the proof" : null);
    const isOfEarlierSettings = otherwise(shownState, result!.reports).has(name);
    return { why, isOfEarlierSettings, run: () => ignore(host.save(name)) };
  }

  function comparison(shownState: QuantizeState, { reports, verb }: ResultRows, report: ReportRows): HTMLElement {
    const onChoose = (name: string): void => {
      memory.write({ report: name });
      const hadFocus = document.activeElement?.closest(".lw-schemes") !== null;
      drawContent();
      if (hadFocus) content.querySelector<HTMLElement>(".lw-scheme[aria-checked='true']")?.focus();
    };
    const list = schemeList({
      reports,
      chosen: report.name,
      noun: nouns[verb],
      before: verb === "distill" ? "the teacher" : "as it is",
      otherwise: hasEditor ? otherwise(shownState, reports) : new Set(),
      onChoose,
    });
    const picture = reports.length > 1 ? scatter(reports, () => report.name, onChoose).element : null;
    return h("section", { class: "lw-compare" }, list, picture);
  }

  async function refresh(): Promise<void> {
    const now = await host.state();
    state = now;
    notices.redraw(() => {
      notices.draw({ ...now, hasContent: now.result !== null, outcome: outcomeOf(now), wayOn: wayOnOf(now) });
      // Jobs of others change nothing here: a list that is open must not close.
      const key = JSON.stringify({ ...now, running: now.running !== null, failure: null });
      if (key === drawnState && now.result) return;
      drawnState = key;
      drawContent();
    });
  }

  /** What could not be written is asked for another place, and not measured again. */
  function wayOnOf({ unsaved }: QuantizeState): Now["wayOn"] {
    return unsaved === null ? null : { label: "Save elsewhere…", run: () => ignore(host.save(unsaved)) };
  }

  /** Of the one that is looked at, which a newcomer would be. */
  function outcomeOf({ result }: QuantizeState): string | null {
    const reports = result?.reports ?? [];
    const report = reports.find(({ name }) => name === memory.read().report) ?? (reports[0] && firstReport(reports));
    return report ? `Done. ${report.name}: ${sentence(report.verdict)}` : null;
  }

  return {
    refresh,
    showProblem: (message) => notices.problem(message),
    news: {
      changed: () => ignore(refresh()),
      progress: ({ message, fraction }) => notices.progress(message, fraction),
      selected: ({ path }) => shown?.reveal(path),
    },
  };
}

/** Names of the reports that the settings of now would make otherwise. */
function otherwise(state: QuantizeState, reports: readonly ReportRows[]): Set<string> {
  if (state.verb !== "quantize") return new Set(state.otherwise);
  const { choices, madeWith } = state;
  return new Set(reports.flatMap(({ name }) => (isSameChoice(choices, madeWith[name]) ? [] : [name])));
}

function verbOf({ verb }: QuantizeState): string {
  return verbs[verb];
}

/** At this ratio of signal to noise in the outputs people seldom notice a difference. */
const CLOSE_DB = 25;

/** So many times as small by so many times as fast. */
function gain({ beforeBytes, afterBytes, speed }: ReportRows): number {
  return (beforeBytes / afterBytes) * (speed.change === "slower" ? 1 / speed.factor : speed.factor);
}

/** The one to look at first: of those worth keeping and close to the original what gains most in size and speed. */
function firstReport(reports: readonly ReportRows[]): ReportRows {
  const db = ({ output }: ReportRows): number => output.sqnrDb ?? Infinity;
  const worth = reports.filter(({ worthKeeping }) => worthKeeping);
  const close = worth.filter((report) => db(report) >= CLOSE_DB).toSorted((a, b) => gain(b) - gain(a));
  const closest = worth.toSorted((a, b) => db(b) - db(a));
  return close[0] ?? closest[0] ?? reports[0]!;
}
