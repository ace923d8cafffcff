/**
 * A table for long lists and trees: sorted by its header, drawn only where it is visible, worked by keyboard. Columns
 * that do not fit are left out, least important first. It knows rows and columns, nothing of what they mean.
 */
import { h, oncePerFrame } from "./dom.ts";
import { icon } from "./icons.ts";
import { shownRows } from "./rows.ts";
import type { ShownRow, Sort } from "./rows.ts";
import type { TextTable } from "./export.ts";
import { tipOver } from "./tooltip.ts";
import type { Tip } from "./tooltip.ts";

export const ROW_HEIGHT = 24;
const HEAD_HEIGHT = 27;
/** The first column names the row: other columns give way until it has this share of the width, up to a limit. */
const FIRST_SHARE = 0.34;
const FIRST_MOST = 320;

export interface Column<Row> {
  id: string;
  label: string;
  /** What the column means, shown over its header. */
  tip?: string;
  align?: "start" | "end";
  /** Pixels; the first column takes what is left and treats it as its least width. */
  width: number;
  /** Columns with the lowest numbers stay longest when space runs out. */
  priority: number;
  /** Takes this much of the room that is left, where the first column takes 1. */
  grow?: number;
  value(row: Row): number | string;
  text(row: Row): string;
  /** Draws more than the text. */
  render?(row: Row): Node;
}

export interface TableState {
  sort: Sort | null;
  open: string[];
}

export interface TableOptions<Row> {
  label: string;
  columns: Column<Row>[];
  key(row: Row): string;
  children?(row: Row): readonly Row[];
  searchText(row: Row): string;
  tip?(row: Row): Tip;
  /** A row was clicked, or Enter pressed on it. */
  onChoose(row: Row): void;
  /** Escape: nothing is chosen any more. */
  onClear(): void;
  state: TableState;
  onState(state: TableState): void;
  empty: string;
}

/** How rows stand to the selection: the chosen key, and the related keys (null: no selection). */
export interface Mark {
  chosen: string | null;
  related: ReadonlySet<string> | null;
}

export interface Table<Row> {
  element: HTMLElement;
  setRows(rows: readonly Row[]): void;
  setFilter(filter: string): void;
  setMark(mark: Mark): void;
  /** Open the row's ancestors and scroll to it. */
  reveal(key: string, ancestors: string[]): void;
  /** All columns of the rows shown now, in their order. */
  text(): TextTable;
}

export function createTable<Row>(options: TableOptions<Row>): Table<Row> {
  const { columns, key } = options;
  const children = options.children ?? (() => []);
  const open = new Set(options.state.open);
  let sort = options.state.sort;
  let roots: readonly Row[] = [];
  let shown: ShownRow<Row>[] = [];
  let filter = "";
  let mark: Mark = { chosen: null, related: null };
  let active = 0;
  let visible = columns;

  const id = `lw-table-${Math.random().toString(36).slice(2, 8)}`;
  const head = h("div", { class: "lw-table-head", attributes: { role: "row" } });
  const body = h("div", { attributes: { role: "rowgroup" }, style: { position: "relative" } });
  const empty = h("div", { class: "lw-table-empty", attributes: { hidden: true } }, options.empty);
  const element = h(
    "div",
    { class: "lw-table", attributes: { role: "treegrid", tabindex: 0, "aria-label": options.label } },
    head,
    body,
    empty,
  );
  const drawn = new Map<number, HTMLElement>();

  function saveState(): void {
    options.onState({ sort, open: [...open] });
  }

  function update(): void {
    const column = sort && columns.find((c) => c.id === sort!.column);
    shown = shownRows({
      roots,
      key,
      children,
      open,
      filter,
      value: column ? column.value : null,
      descending: sort?.descending ?? false,
      text: options.searchText,
    });
    active = Math.max(0, Math.min(active, shown.length - 1));
    body.style.height = `${shown.length * ROW_HEIGHT}px`;
    empty.hidden = shown.length > 0;
    empty.textContent = filter ? `Nothing matches “${filter}”.` : options.empty;
    element.setAttribute("aria-rowcount", String(shown.length));
    redraw();
  }

  function redraw(): void {
    for (const row of drawn.values()) row.remove();
    drawn.clear();
    draw();
  }

  function draw(): void {
    const first = Math.max(0, Math.floor((element.scrollTop - HEAD_HEIGHT) / ROW_HEIGHT) - 4);
    const last = Math.min(shown.length, Math.ceil((element.scrollTop + element.clientHeight) / ROW_HEIGHT) + 4);
    for (const [index, row] of drawn) {
      if (index >= first && index < last) continue;
      row.remove();
      drawn.delete(index);
    }
    for (let index = first; index < last; index++) {
      if (drawn.has(index)) continue;
      const row = drawRow(shown[index]!, index);
      drawn.set(index, row);
      body.append(row);
    }
    const current = drawn.get(active);
    if (current) element.setAttribute("aria-activedescendant", current.id);
    else element.removeAttribute("aria-activedescendant");
  }

  function drawRow(entry: ShownRow<Row>, index: number): HTMLElement {
    const classes = ["lw-row"];
    const isChosen = entry.key === mark.chosen;
    if (index === active) classes.push("lw-active");
    if (isChosen) classes.push("lw-chosen");
    else if (mark.related) classes.push(mark.related.has(entry.key) ? "lw-related" : "lw-unrelated");
    const row = h("div", {
      class: classes.join(" "),
      attributes: {
        role: "row",
        id: `${id}-${index}`,
        "data-index": index,
        "aria-level": entry.depth + 1,
        "aria-selected": isChosen ? "true" : "false",
        "aria-expanded": entry.hasChildren ? (entry.isOpen ? "true" : "false") : null,
      },
      style: { top: `${index * ROW_HEIGHT}px` },
    });
    visible.forEach((column, i) => {
      const content = column.render ? column.render(entry.row) : column.text(entry.row);
      const cell = h("div", {
        class: `lw-cell${column.align === "end" ? " lw-end" : ""}${i === 0 ? " lw-first" : ""}`,
        attributes: { role: "gridcell" },
      });
      if (i === 0 && options.children) {
        cell.style.paddingLeft = `${entry.depth * 12}px`;
        const twist = h("span", { class: `lw-twist${entry.isOpen ? " lw-open" : ""}` });
        if (entry.hasChildren) twist.append(icon("chevron"));
        cell.append(twist);
      }
      cell.append(content);
      row.append(cell);
    });
    return row;
  }

  function drawHead(): void {
    head.replaceChildren(
      ...visible.map((column) => {
        const state = sort?.column === column.id ? (sort.descending ? "descending" : "ascending") : "none";
        return h(
          "button",
          {
            class: `lw-head-cell${column.align === "end" ? " lw-end" : ""}`,
            attributes: {
              role: "columnheader",
              type: "button",
              tabindex: -1,
              "aria-sort": state,
              "data-column": column.id,
              title: column.tip ?? column.label,
            },
            on: { click: () => sortBy(column) },
          },
          h("span", { class: "lw-head-label" }, column.label),
        );
      }),
    );
  }

  /** Numbers start with the largest, text with A; a third click brings back the given order. */
  function sortBy(column: Column<Row>): void {
    const startsDescending = column.align === "end";
    if (sort?.column !== column.id) sort = { column: column.id, descending: startsDescending };
    else if (sort.descending === startsDescending) sort = { column: column.id, descending: !startsDescending };
    else sort = null;
    saveState();
    drawHead();
    update();
  }

  function fitColumns(): void {
    const room = element.clientWidth - 16;
    if (room <= 0) return;
    const first = columns[0]!;
    let used = Math.max(first.width, Math.min(FIRST_MOST, room * FIRST_SHARE)) - first.width;
    const kept = new Set<string>();
    for (const column of [...columns].sort((a, b) => a.priority - b.priority)) {
      if (used + column.width > room && kept.size > 1) break;
      used += column.width;
      kept.add(column.id);
    }
    visible = columns.filter((column) => kept.has(column.id));
    const widths = visible.map(({ width, grow }, i) =>
      i === 0 ? "minmax(0, 1fr)" : grow ? `minmax(${width}px, ${grow}fr)` : `${width}px`,
    );
    element.style.setProperty("--lw-columns", widths.join(" "));
    drawHead();
    redraw();
  }

  function toggle(entry: ShownRow<Row>): void {
    if (open.has(entry.key)) open.delete(entry.key);
    else open.add(entry.key);
    saveState();
    update();
  }

  function goTo(index: number): void {
    active = Math.max(0, Math.min(index, shown.length - 1));
    const top = active * ROW_HEIGHT;
    const below = top + ROW_HEIGHT + HEAD_HEIGHT - element.clientHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (below > element.scrollTop) element.scrollTop = below;
    redraw();
  }

  function onKey(event: KeyboardEvent): void {
    const entry = shown[active];
    const page = Math.max(1, Math.floor(element.clientHeight / ROW_HEIGHT) - 2);
    const moves: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: shown.length - 1,
    };
    const move = moves[event.key];
    if (move !== undefined) goTo(move);
    else if (!entry) return;
    else if (event.key === "ArrowRight" && entry.hasChildren) entry.isOpen ? goTo(active + 1) : toggle(entry);
    else if (event.key === "ArrowLeft") {
      if (entry.isOpen && open.has(entry.key)) toggle(entry);
      else goTo(parentIndex(active));
    } else if (event.key === "Enter" || event.key === " ") options.onChoose(entry.row);
    else if (event.key === "Escape") options.onClear();
    else return;
    event.preventDefault();
  }

  function parentIndex(index: number): number {
    const depth = shown[index]?.depth ?? 0;
    for (let at = index - 1; at >= 0; at--) if (shown[at]!.depth < depth) return at;
    return index;
  }

  function entryAt(target: EventTarget | null): { entry: ShownRow<Row>; index: number } | null {
    const row = (target as Element | null)?.closest?.("[data-index]");
    const index = Number(row?.getAttribute("data-index") ?? -1);
    const entry = shown[index];
    return entry ? { entry, index } : null;
  }

  body.addEventListener("click", (event) => {
    const hit = entryAt(event.target);
    if (!hit) return;
    active = hit.index;
    if ((event.target as Element).closest(".lw-twist") && hit.entry.hasChildren) toggle(hit.entry);
    else options.onChoose(hit.entry.row);
  });
  element.addEventListener("keydown", onKey);
  element.addEventListener("scroll", oncePerFrame(draw), { passive: true });
  const { tip } = options;
  if (tip)
    tipOver(body, (event) => {
      const hit = entryAt(event.target);
      return hit ? tip(hit.entry.row) : null;
    });
  new ResizeObserver(oncePerFrame(fitColumns)).observe(element);
  drawHead();

  return {
    element,
    setRows(rows) {
      roots = rows;
      update();
    },
    setFilter(text) {
      filter = text.trim().toLowerCase();
      update();
    },
    setMark(next) {
      mark = next;
      redraw();
    },
    reveal(target, ancestors) {
      for (const ancestor of ancestors) open.add(ancestor);
      update();
      const index = shown.findIndex((entry) => entry.key === target);
      if (index >= 0) goTo(index);
    },
    text() {
      return {
        columns: columns.map(({ label, align = "start" }) => ({ label, align })),
        rows: shown.map(({ row, depth }) =>
          columns.map((c, i) => `${i === 0 ? "  ".repeat(depth) : ""}${c.text(row)}`),
        ),
      };
    },
  };
}
