/**
 * The profiler view: head, tabs and one selection shared by all of them. It pulls its state from the host and keeps
 * only what the user did to the view itself; it never computes a profile.
 */
import type { KernelRow, LineRow, ModuleRow } from "../../src/protocol/results.ts";
import type { SourceLocation } from "../../src/protocol/source.ts";
import type {
  ProfilerHost,
  ProfilerNews,
  ProfilerState,
  Related,
  Selection,
} from "../../src/protocol/views/profiler.ts";
import { searchBox, tabBar } from "../kit/controls.ts";
import { h } from "../kit/dom.ts";
import { toCsv, toMarkdown } from "../kit/export.ts";
import { baseName, targetName } from "../kit/formats.ts";
import { icon } from "../kit/icons.ts";
import { shownBy } from "../kit/start.ts";
import type { Mounted } from "../kit/start.ts";
import type { Asked, Memory } from "../kit/port.ts";
import { noticeBoard } from "../kit/notices.ts";
import { emptyState, starter } from "../kit/states.ts";
import { createTable } from "../kit/table.ts";
import type { Mark, Table, TableState } from "../kit/table.ts";
import { button, dropdown } from "../kit/toolkit.ts";
import { memoryView } from "./memory.ts";
import { moduleKey, moduleLabel, moduleTree } from "./module_tree.ts";
import { summary } from "./summary.ts";
import type { ProfileTables } from "./summary.ts";
import {
  kernelColumns,
  kernelKey,
  kernelTip,
  lineColumns,
  lineKey,
  lineTip,
  moduleColumns,
  moduleTip,
} from "./tables.ts";
import type { TableContext } from "./tables.ts";
import { timelineView } from "./timeline.ts";
import type { TimelineView } from "./timeline.ts";
import type { ColourBy } from "./timeline_rows.ts";

type TabId = "modules" | "kernels" | "lines" | "memory" | "timeline";

/** What survives hiding and showing the view. */
export interface ProfilerMemory {
  tab: TabId;
  filter: string;
  colourBy: ColourBy;
  tables: Partial<Record<TabId, TableState>>;
}

export interface ProfilerOptions {
  host: Asked<ProfilerHost>;
  memory: Memory<ProfilerMemory>;
  /** False in the report: no source to open, nothing to run. */
  hasEditor: boolean;
}

export type ProfilerView = Mounted<ProfilerNews>;

const tabs: { id: TabId; label: string; title: string }[] = [
  { id: "modules", label: "Modules", title: "Time, work and memory of every module" },
  { id: "kernels", label: "Kernels", title: "What ran on the device, as in key_averages()" },
  { id: "lines", label: "Lines", title: "Cost of every source line" },
  { id: "memory", label: "Memory", title: "What was held, when and by what" },
  { id: "timeline", label: "Timeline", title: "Kernels over time" },
];

export function mountProfiler(root: HTMLElement, options: ProfilerOptions): ProfilerView {
  const { host, memory, hasEditor } = options;
  const content = h("div", { class: "lw-profiler-content" });

  let state: ProfilerState | null = null;
  let shownProfile: string | null = null;
  let selection: Selection | null = null;
  let profileView: ReturnType<typeof showProfile> | null = null;

  const ignore = shownBy((message) => notices.problem(message));
  const openSource = (at: SourceLocation): void => ignore(host.openSource(at));
  const copy = (text: string): void => ignore(host.copy(text).then(() => notices.say("Copied")));
  const notices = noticeBoard({
    openSource: hasEditor ? openSource : null,
    copy,
    again: "Profile again",
    retry: () => ignore(host.profile()),
    cancel: () => ignore(host.cancel()),
  });
  root.classList.add("lw-profiler");
  root.replaceChildren(notices.element, content, notices.foot);

  function drawContent(): void {
    if (!state) return;
    const { profile } = state;
    if (profile) {
      const key = JSON.stringify([profile.target, profile.total, profile.forward, profile.workload, state.hasTrace]);
      if (key === shownProfile) return;
      shownProfile = key;
      profileView = showProfile(profile, state);
      return;
    }
    shownProfile = null;
    profileView = null;
    if (state.running) {
      content.replaceChildren(notices.whole(state.running));
      return;
    }
    const { suggestion } = state;
    content.replaceChildren(
      emptyState({
        icon: "flame",
        title: state.failure ? "No profile yet" : "Nothing profiled yet",
        text: suggestion
          ? "See where time and memory go: per module, per kernel, per line. No changes to your code."
          : "Open a Python file with an nn.Module, then click Profile above a class.",
        action: suggestion ? { label: `Profile ${targetName(suggestion)}`, run: () => ignore(host.profile()) } : null,
      }),
    );
  }

  function showProfile(profile: ProfileTables, shown: ProfilerState) {
    selection = null;
    const stored = memory.read();
    let tab: TabId = stored.tab ?? "modules";
    let filter = stored.filter ?? "";
    const context: TableContext = {
      root: shown.root,
      related: null,
      totalUs: profile.total.medianUs,
      hasFiles: hasFiles(profile),
    };
    const tree = moduleTree(profile.modules);
    const panel = h("div", { class: "lw-tab-panel", attributes: { role: "tabpanel" } });
    const chosenChip = h("div", { class: "lw-chosen-chip", attributes: { hidden: true } });
    const search = searchBox("Filter", (text) => {
      filter = text;
      memory.write({ filter });
      for (const table of Object.values(tables)) table?.setFilter(text);
    });
    search.input.value = filter;
    let mark: Mark = { chosen: null, related: null };
    const built: { timeline?: TimelineView; memory?: HTMLElement } = {};
    const tables: { modules?: Table<never>; kernels?: Table<never>; lines?: Table<never> } = {};

    const tableState = (id: TabId): { state: TableState; onState(state: TableState): void } => ({
      state: stored.tables?.[id] ?? { sort: null, open: id === "modules" ? firstOpen() : [] },
      onState: (next) => memory.write({ tables: { ...memory.read().tables, [id]: next } }),
    });

    /** The model itself is open at first: the row at the top that has most below it. */
    function firstOpen(): string[] {
      const sizes = tree.roots.map((row) => tree.children.get(moduleKey(row))?.length ?? 0);
      const most = Math.max(0, ...sizes);
      return most > 0 ? [moduleKey(tree.roots[sizes.indexOf(most)]!)] : [];
    }

    function table(id: "modules" | "kernels" | "lines"): Table<never> {
      let made = tables[id] as Table<never> | undefined;
      if (made) return made;
      const common = { onClear: () => choose(null), ...tableState(id) };
      if (id === "modules") {
        const modules = createTable<ModuleRow>({
          ...common,
          label: "Modules",
          columns: moduleColumns(context),
          key: moduleKey,
          children: (row) => tree.children.get(moduleKey(row)) ?? [],
          searchText: (row) => `${row.path} ${row.type}`,
          tip: (row) => moduleTip(row, context),
          onChoose: (row) => choose({ kind: "module", path: row.path }, row.source),
          empty: "No module was called.",
        });
        modules.setRows(tree.roots);
        made = modules as unknown as Table<never>;
      } else if (id === "kernels") {
        const kernels = createTable<KernelRow>({
          ...common,
          label: "Kernels",
          columns: kernelColumns(context),
          key: kernelKey,
          searchText: (row) => `${row.name} ${row.ops.join(" ")}`,
          tip: kernelTip,
          onChoose: (row) => choose({ kind: "kernel", name: row.name }),
          empty: "No kernel ran.",
        });
        kernels.setRows(profile.kernels);
        made = kernels as unknown as Table<never>;
      } else {
        const lines = createTable<LineRow>({
          ...common,
          label: "Lines",
          columns: lineColumns(context),
          key: (row) => lineKey(row.source),
          searchText: (row) => `${row.text} ${row.source.file}:${row.source.line} ${row.hottest}`,
          tip: (row) => lineTip(row, context),
          onChoose: (row) => choose({ kind: "line", file: row.source.file, line: row.source.line }, row.source),
          empty: "No line of a source is known for what ran.",
        });
        // One row without a line would only say that none is known, which the empty table does in words.
        lines.setRows(profile.lines.some(({ source }) => source.line > 0) ? profile.lines : []);
        made = lines as unknown as Table<never>;
      }
      tables[id] = made;
      made.setFilter(filter);
      made.setMark(mark);
      return made;
    }

    function copyTable(write: typeof toCsv): void {
      if (tab === "modules" || tab === "kernels" || tab === "lines") copy(write(table(tab).text()));
    }
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
    let colourBy: ColourBy = stored.colourBy ?? "module";
    const colourChoice = dropdown<ColourBy>({
      label: "Colour slices by",
      value: colourBy,
      options: [
        { value: "module", text: "By module type" },
        { value: "kernel", text: "By kernel" },
        { value: "phase", text: "By pass" },
      ],
      onChange: (value) => {
        colourBy = value;
        memory.write({ colourBy });
        built.timeline?.setColour(value);
      },
    });
    const fit = button({ label: "Show all", icon: "fit", appearance: "icon", onClick: () => built.timeline?.fit() });
    const toolbar = h("div", { class: "lw-toolbar" }, search.element, copies, colourChoice.element, fit);

    function timeline(): TimelineView {
      built.timeline ??= timelineView({
        outline: () => host.outline(),
        slices: (query) => host.slices(query),
        onChoose: (next, source, outline) => choose(next, outline.sources[source]),
        onClear: () => choose(null),
      });
      built.timeline.setColour(colourBy);
      return built.timeline;
    }

    function showTab(): void {
      const isTable = tab === "modules" || tab === "kernels" || tab === "lines";
      search.element.hidden = !isTable;
      copies.hidden = !isTable;
      colourChoice.element.hidden = tab !== "timeline";
      fit.hidden = tab !== "timeline";
      toolbar.hidden = tab === "memory" || (tab === "timeline" && !shown.hasTrace);
      if (isTable) panel.replaceChildren(table(tab as "modules").element);
      else if (tab === "memory") {
        built.memory ??= memoryView({
          memory: profile.memory,
          root: shown.root,
          openSource,
          curve: shown.hasTrace
            ? (device, points) =>
                host.outline().then(({ startUs, endUs }) => host.memory({ device, startUs, endUs, points }))
            : null,
        });
        panel.replaceChildren(built.memory);
      } else if (shown.hasTrace) {
        const view = timeline();
        panel.replaceChildren(view.element);
        view.setSelection(selection);
      } else {
        panel.replaceChildren(
          h("div", { class: "lw-table-empty" }, "This profile carries no events, so there is no timeline."),
        );
      }
    }

    function drawMarks(related: Related | null): void {
      const chosen = selection;
      const times =
        related &&
        new Map<string, number>([
          ...related.modules.map((row) => [moduleKey(row), row.timeUs] as const),
          ...related.kernels.map((row) => [kernelKey(row), row.timeUs] as const),
          ...related.lines.map((row) => [lineKey(row), row.timeUs] as const),
        ]);
      context.related = chosen ? times : null;
      mark = { chosen: chosen && keyOf(chosen), related: chosen && times ? new Set(times.keys()) : null };
      for (const each of Object.values(tables)) each?.setMark(mark);
      built.timeline?.setSelection(chosen);
      chosenChip.hidden = !chosen;
      if (!chosen) return;
      chosenChip.replaceChildren(
        h("span", { class: "lw-chosen-kind" }, chosen.kind),
        h("span", { class: "lw-clip lw-mono" }, selectionLabel(chosen, profile)),
        h(
          "button",
          {
            class: "lw-chip-close",
            attributes: { type: "button", "aria-label": "Clear selection", title: "Clear selection (Escape)" },
            on: { click: () => choose(null) },
          },
          icon("close"),
        ),
      );
    }

    function choose(next: Selection | null, source?: SourceLocation, isOwn = true): void {
      selection = next;
      if (isOwn) {
        ignore(host.select(next));
        if (source && hasEditor) openSource(source);
      }
      drawMarks(null);
      if (!next || !shown.hasTrace) return;
      host.related(next).then(
        (related) => {
          if (selection === next) drawMarks(related);
        },
        (error: unknown) => ignore(Promise.reject(error)),
      );
    }

    function reveal(next: Selection): void {
      const id = next.kind === "module" ? "modules" : next.kind === "kernel" ? "kernels" : "lines";
      tab = id;
      bar.set(id);
      showTab();
      const trail = next.kind === "module" ? tree.ancestors(next.path) : [];
      requestAnimationFrame(() => table(id).reveal(keyOf(next), trail));
    }

    const bar = tabBar<TabId>("Profile", tabs, (id) => {
      tab = id;
      memory.write({ tab });
      showTab();
    });
    bar.set(tab);
    const actions = hasEditor
      ? [
          starter({
            label: "Profile again",
            icon: "refresh",
            appearance: "icon",
            onClick: () => ignore(host.profile()),
          }),
          button({
            label: "Open the graph",
            icon: "graph",
            appearance: "icon",
            onClick: () => ignore(host.openGraph()),
          }),
          button({
            label: "Save as a report",
            icon: "save",
            appearance: "icon",
            onClick: () => ignore(host.saveReport()),
          }),
        ]
      : [];
    content.replaceChildren(summary(profile, actions), bar.element, toolbar, chosenChip, panel);
    showTab();
    return { choose, reveal };
  }

  async function refresh(): Promise<void> {
    const now = await host.state();
    state = now;
    notices.redraw(() => {
      notices.draw({ ...now, hasContent: now.profile !== null });
      drawContent();
    });
  }

  return {
    refresh,
    showProblem: (message) => notices.problem(message),
    news: {
      changed: () => ignore(refresh()),
      progress: ({ message, fraction }) => notices.progress(message, fraction),
      selected: ({ selection: next }) => {
        profileView?.choose(next, undefined, false);
        if (next) profileView?.reveal(next);
      },
    },
  };
}

function hasFiles({ lines }: ProfileTables): boolean {
  return lines.some((row) => row.source.file !== lines[0]!.source.file);
}

function keyOf(selection: Selection): string {
  switch (selection.kind) {
    case "module":
      return moduleKey(selection);
    case "kernel":
      return kernelKey(selection);
    case "line":
      return lineKey(selection);
  }
}

function selectionLabel(selection: Selection, profile: ProfileTables): string {
  switch (selection.kind) {
    case "module": {
      const row = profile.modules.find((module) => module.path === selection.path);
      return selection.path || moduleLabel("", row?.type ?? "");
    }
    case "kernel":
      return selection.name;
    case "line":
      return `${baseName(selection.file)}:${selection.line}`;
  }
}
