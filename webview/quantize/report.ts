/**
 * One report: its layers as a table, what each alone costs, the losses of its training, and the layer that is chosen.
 * It asks its caller for everything it does not hold.
 */
import type { LayerReport } from "../../src/protocol/compress.ts";
import type { SourceLocation } from "../../src/protocol/source.ts";
import type { LayerRow, QuantizeChoices, ReportRows } from "../../src/protocol/views/quantize.ts";
import { searchBox, tabBar } from "../kit/controls.ts";
import { h } from "../kit/dom.ts";
import { toCsv, toMarkdown } from "../kit/export.ts";
import { formatCount } from "../kit/formats.ts";
import type { Memory } from "../kit/port.ts";
import { createTable } from "../kit/table.ts";
import type { Table } from "../kit/table.ts";
import { button } from "../kit/toolkit.ts";
import { fitted, lossSvg } from "./charts.ts";
import { layerDetail } from "./detail.ts";
import { isChanged, layerColumns, layerKey, layerTip, sensitivityColumns } from "./layers.ts";
import type { QuantizeMemory } from "./view.ts";
import { formatError } from "./words.ts";

export type TabId = "layers" | "sensitivity" | "losses";

export interface ReportOptions {
  report: ReportRows;
  /** The layer that was chosen in the report shown before. */
  previous: string | null;
  /** Null where nothing can be run again from here. */
  choices: QuantizeChoices | null;
  memory: Memory<QuantizeMemory>;
  root: string;
  ranges(path: string): Promise<LayerReport["ranges"] | null>;
  /** Null where no editor is at hand. */
  openSource: ((at: SourceLocation) => void) | null;
  copy(text: string): void;
  select(path: string | null): void;
  /** Measure what each layer alone costs. */
  rank(): void;
  /** Run this report's scheme again with other choices. */
  rerun(change: Partial<QuantizeChoices>): void;
  problem(error: unknown): void;
}

export interface ReportView {
  element: HTMLElement;
  selected(): string | null;
  reveal(path: string): void;
}

export function reportView(options: ReportOptions): ReportView {
  const { report, choices, memory, copy } = options;
  const stored = memory.read();
  const byKey = new Map(report.layers.map((row) => [layerKey(row), row]));
  const isRanked = report.layers.some(({ sensitivity }) => sensitivity !== undefined);
  const nChanged = report.layers.filter(isChanged).length;
  const tabs: { id: TabId; label: string; title?: string }[] = [
    { id: "layers", label: `Layers ${formatCount(report.layers.length)}`, title: `${nChanged} of them changed` },
    ...(isRanked || choices
      ? [{ id: "sensitivity" as const, label: "Sensitivity", title: "What each layer alone costs the model" }]
      : []),
    ...(report.losses?.length ? [{ id: "losses" as const, label: "Losses", title: "Loss by step of training" }] : []),
  ];
  let tab: TabId = tabs.some(({ id }) => id === stored.tab) ? stored.tab! : "layers";
  let filter = stored.filter ?? "";
  let selected: string | null = options.previous !== null && byKey.has(options.previous) ? options.previous : null;
  const tables: Partial<Record<TabId, Table<LayerRow>>> = {};

  const panel = h("div", { class: "lw-tab-panel", attributes: { role: "tabpanel" } });
  const detail = h("div", { class: "lw-detail-holder", attributes: { hidden: true } });
  const search = searchBox("Filter layers", (text) => {
    filter = text;
    memory.write({ filter });
    for (const table of Object.values(tables)) table.setFilter(text);
  });
  search.input.value = filter;
  const copyTable = (write: typeof toCsv): void => copy(write(table(tab).text()));
  const copies = h(
    "div",
    { class: "lw-copies" },
    button({ label: "Copy as Markdown", icon: "copy", appearance: "icon", onClick: () => copyTable(toMarkdown) }),
    h(
      "button",
      {
        class: "lw-link lw-csv",
        attributes: { type: "button", title: "Copy as CSV" },
        on: { click: () => copyTable(toCsv) },
      },
      "CSV",
    ),
  );
  const toolbar = h("div", { class: "lw-toolbar" }, search.element, copies);

  function table(id: TabId): Table<LayerRow> {
    const known = tables[id];
    if (known) return known;
    const isRanking = id === "sensitivity";
    const made = createTable<LayerRow>({
      label: isRanking ? "Layers by sensitivity" : "Layers",
      columns: isRanking ? sensitivityColumns(report) : layerColumns(report),
      key: layerKey,
      searchText: (row) => `${row.path} ${row.type} ${row.became} ${row.why ?? ""}`,
      tip: layerTip,
      onChoose: (row) => choose(row),
      onClear: () => choose(null),
      state: stored.tables?.[id] ?? {
        sort: isRanking ? { column: "noise", descending: true } : null,
        open: [],
      },
      onState: (next) => memory.write({ tables: { ...memory.read().tables, [id]: next } }),
      empty: "This report names no layers.",
    });
    made.setRows(isRanking ? report.layers.filter(({ sensitivity }) => sensitivity) : report.layers);
    made.setFilter(filter);
    made.setMark({ chosen: selected, related: null });
    tables[id] = made;
    return made;
  }

  function showTab(): void {
    const isTable = tab === "layers" || (tab === "sensitivity" && isRanked);
    toolbar.hidden = !isTable;
    if (isTable) panel.replaceChildren(table(tab).element);
    else if (tab === "losses") panel.replaceChildren(losses(report.losses ?? []));
    else panel.replaceChildren(notRanked());
  }

  function notRanked(): HTMLElement {
    const text =
      "Not measured yet: each layer is changed alone, and the model's outputs are compared. Takes a run per layer.";
    return h(
      "div",
      { class: "lw-not-ranked" },
      h("p", { class: "lw-muted" }, text),
      choices ? button({ label: "Rank the layers", icon: "play", appearance: "primary", onClick: options.rank }) : null,
    );
  }

  const keptBeside = (path: string): QuantizeChoices["keep"] =>
    (choices?.keep ?? []).filter((kept) => kept.path !== path);

  function showDetail(): void {
    const row = selected === null ? undefined : byKey.get(selected);
    detail.hidden = !row;
    if (!row) {
      detail.replaceChildren();
      return;
    }
    detail.replaceChildren(
      layerDetail({
        row,
        speed: report.speed,
        choices,
        ranges: row.hasRanges ? options.ranges(row.path) : Promise.resolve(null),
        openSource: options.openSource,
        keep: (as) => options.rerun({ keep: [...keptBeside(row.path), { path: row.path, as }] }),
        release: () => options.rerun({ keep: keptBeside(row.path) }),
        close: () => choose(null),
        problem: options.problem,
      }),
    );
  }

  function choose(row: LayerRow | null, isOwn = true): void {
    selected = row && layerKey(row);
    for (const each of Object.values(tables)) each.setMark({ chosen: selected, related: null });
    showDetail();
    if (!isOwn) return;
    options.select(row && row.path);
    // In a narrow panel the layer stands below its table, where it would open unseen.
    if (row && detail.offsetTop > main.offsetTop) detail.scrollIntoView({ block: "nearest" });
  }

  const bar = tabBar<TabId>("Layers", tabs, (id) => {
    tab = id;
    memory.write({ tab });
    showTab();
  });
  bar.set(tab);
  const main = h("div", { class: "lw-layers-main" }, bar.element, toolbar, panel);
  const element = h("section", { class: "lw-layers" }, main, detail);
  showTab();
  showDetail();
  return {
    element,
    selected: () => selected,
    reveal(path) {
      const inside = report.layers.filter((layer) => layer.path.startsWith(`${path}.`));
      // A module around one layer stands for it: in a model's file the layer is its op.
      const row = report.layers.find((layer) => layer.path === path) ?? (inside.length === 1 ? inside[0] : undefined);
      if (!row || selected === layerKey(row)) return;
      choose(row, false);
      if (tab !== "losses") requestAnimationFrame(() => tables[tab]?.reveal(layerKey(row), []));
    },
  };
}

function losses(values: readonly number[]): HTMLElement {
  const [first, last] = [values[0] ?? NaN, values.at(-1) ?? NaN];
  return h(
    "div",
    { class: "lw-loss-panel" },
    h("p", { class: "lw-muted" }, `${values.length} steps: loss ${formatError(first)} → ${formatError(last)}`),
    fitted((width) => lossSvg(values, width)),
  );
}
