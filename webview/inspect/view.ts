/**
 * The view of a file of tensors: what it is, what its authors wrote into it, and its tensors as a tree. It pulls its state
 * from the host; nothing in the file was run for it.
 */
import type { InspectResult } from "../../src/protocol/results.ts";
import type { InspectHost, InspectNews, InspectState } from "../../src/protocol/views/inspect.ts";
import { searchBox } from "../kit/controls.ts";
import { h } from "../kit/dom.ts";
import { toCsv, toMarkdown } from "../kit/export.ts";
import { baseName, formatBytes, formatCount } from "../kit/formats.ts";
import { shownBy } from "../kit/start.ts";
import type { Mounted } from "../kit/start.ts";
import type { Asked, Memory } from "../kit/port.ts";
import { note, noticeBoard } from "../kit/notices.ts";
import { createTable } from "../kit/table.ts";
import type { Table, TableState } from "../kit/table.ts";
import { button } from "../kit/toolkit.ts";
import { tensorColumns, tensorTip } from "./columns.ts";
import { tensorTree } from "./tensor_tree.ts";
import type { TensorRow } from "./tensor_tree.ts";

export interface InspectMemory {
  filter: string;
  table: TableState;
}

export interface InspectOptions {
  host: Asked<InspectHost>;
  memory: Memory<InspectMemory>;
}

export type InspectView = Mounted<InspectNews>;

const MOST_METADATA = 200;
const LONGEST_VALUE = 2000;

export function mountInspect(root: HTMLElement, { host, memory }: InspectOptions): InspectView {
  const content = h("div", { class: "lw-inspect-content" });
  let state: InspectState | null = null;
  let shown: InspectResult | null = null;

  const ignore = shownBy((message) => notices.problem(message));
  const copy = (text: string): void => ignore(host.copy(text).then(() => notices.say("Copied")));
  const read = (statistics: boolean): void => ignore(host.read({ statistics }));

  const notices = noticeBoard({
    openSource: null,
    copy,
    again: "Read again",
    retry: () => read(false),
    cancel: () => ignore(host.cancel()),
  });
  root.classList.add("lw-inspect");
  root.replaceChildren(notices.element, content, notices.foot);

  function drawContent(): void {
    if (!state) return;
    if (state.result) {
      if (JSON.stringify(state.result) === JSON.stringify(shown)) return;
      shown = state.result;
      showFile(shown);
      return;
    }
    shown = null;
    if (!state.running) return content.replaceChildren();
    content.replaceChildren(notices.whole(state.running));
  }

  function showFile(result: InspectResult): void {
    const { tensors, totals, description, fileBytes, notes } = result;
    const hasStatistics = tensors.some(({ statistics }) => statistics);
    const rows = tensorTree(tensors);
    const stored = memory.read();
    const table = createTable<TensorRow>({
      label: "Tensors",
      columns: tensorColumns(totals.sizeBytes, hasStatistics),
      key: ({ key }) => key,
      children: ({ children }) => children,
      searchText: ({ tensor, key }) => (tensor ? `${tensor.name} ${tensor.dtype}` : key),
      tip: tensorTip,
      onChoose: () => {},
      onClear: () => {},
      state: stored.table ?? { sort: null, open: firstOpen(rows) },
      onState: (next) => memory.write({ table: next }),
      empty: "The file holds no tensors.",
    });
    table.setRows(rows);
    table.setFilter(stored.filter ?? "");
    const doubts = tensors.filter(({ statistics }) => statistics && statistics.nans + statistics.infs > 0);
    content.replaceChildren(
      h(
        "header",
        { class: "lw-inspect-head" },
        h("h1", { class: "lw-clip", attributes: { title: result.target } }, baseName(result.target)),
        h("div", { class: "lw-muted" }, `${description} · ${formatBytes(fileBytes)}`),
        h(
          "div",
          { class: "lw-inspect-totals" },
          `${formatCount(totals.tensors)} tensor${totals.tensors === 1 ? "" : "s"}`,
          h("span", { class: "lw-muted" }, " · "),
          `${formatCount(totals.elements)} elements`,
          h("span", { class: "lw-muted" }, " · "),
          formatBytes(totals.sizeBytes),
        ),
        ...notes.map((text) => note({ tone: "warning" }, text)),
        doubts.length > 0
          ? note(
              { tone: "error" },
              `NaN or infinite values in ${doubts.length}: ${firstNames(doubts.map((t) => t.name))}`,
            )
          : null,
      ),
      ...metadata(result),
      toolbar(table, hasStatistics, stored.filter ?? ""),
      table.element,
    );
  }

  function toolbar(table: Table<TensorRow>, hasStatistics: boolean, filter: string): HTMLElement {
    const search = searchBox("Filter tensors", (text) => {
      memory.write({ filter: text });
      table.setFilter(text);
    });
    search.input.value = filter;
    return h(
      "div",
      { class: "lw-toolbar" },
      search.element,
      h(
        "div",
        { class: "lw-copies" },
        hasStatistics ? null : button({ label: "Statistics", onClick: () => read(true) }),
        button({
          label: "Copy as Markdown",
          icon: "copy",
          appearance: "icon",
          onClick: () => copy(toMarkdown(table.text())),
        }),
        h(
          "button",
          {
            class: "lw-link lw-csv",
            attributes: { type: "button", title: "Copy as CSV" },
            on: { click: () => copy(toCsv(table.text())) },
          },
          "CSV",
        ),
      ),
    );
  }

  async function refresh(): Promise<void> {
    const now = await host.state();
    state = now;
    notices.redraw(() => {
      notices.draw({ ...now, hasContent: now.result !== null });
      drawContent();
    });
  }

  return {
    refresh,
    showProblem: (message) => notices.problem(message),
    news: {
      changed: () => ignore(refresh()),
      progress: ({ message, fraction }) => notices.progress(message, fraction),
    },
  };
}

/** Few modules at the top are worth opening at once; many are a list of their own. */
function firstOpen(rows: readonly TensorRow[]): string[] {
  const modules = rows.filter(({ tensor }) => tensor === null);
  return modules.length <= 3 ? modules.map(({ key }) => key) : [];
}

function firstNames(names: readonly string[]): string {
  const shown = names.slice(0, 3);
  return names.length > shown.length ? `${shown.join(", ")}, …` : shown.join(", ");
}

function metadata({ metadata: entries }: InspectResult): HTMLElement[] {
  const all = Object.entries(entries);
  if (all.length === 0) return [];
  const rest = all.length - MOST_METADATA;
  return [
    h(
      "details",
      { class: "lw-metadata" },
      h("summary", {}, h("strong", {}, "Metadata"), h("span", { class: "lw-muted" }, ` ${all.length}`)),
      h(
        "dl",
        {},
        ...all
          .slice(0, MOST_METADATA)
          .flatMap(([key, value]) => [
            h("dt", { class: "lw-muted" }, key),
            h("dd", {}, value.length > LONGEST_VALUE ? `${value.slice(0, LONGEST_VALUE)}…` : value),
          ]),
      ),
      rest > 0 ? h("div", { class: "lw-muted" }, `${rest} more`) : null,
    ),
  ];
}
