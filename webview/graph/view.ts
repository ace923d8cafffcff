/**
 * The graph view: what is open, what is selected, what was searched for. It asks for a layout whenever that changes
 * and shows it on the stage; it computes neither layouts nor graphs.
 */
import type { SourceLocation } from "../../src/protocol/source.ts";
import type { GraphHost, GraphNews, GraphState } from "../../src/protocol/views/graph.ts";
import { h, keepFocus } from "../kit/dom.ts";
import { formatTarget, targetName } from "../kit/formats.ts";
import { shownBy } from "../kit/start.ts";
import type { Mounted } from "../kit/start.ts";
import type { Asked, Memory } from "../kit/port.ts";
import { noticeBoard } from "../kit/notices.ts";
import { emptyState } from "../kit/states.ts";
import { onThemeChange, readColours, readFont } from "../kit/theme.ts";
import { button, dropdown } from "../kit/toolkit.ts";
import type { Dropdown } from "../kit/toolkit.ts";
import { hideTip, showTip } from "../kit/tooltip.ts";
import type { Tip } from "../kit/tooltip.ts";
import { boxStyler, itemValues, layerItems } from "./colour.ts";
import type { ColourBy, Palette } from "./colour.ts";
import { createFinder } from "./finder.ts";
import { legendParts } from "./legend.ts";
import { makeLayouter } from "./layouter.ts";
import type { Layouter } from "./layouter.ts";
import { modelBar } from "./model_bar.ts";
import { buildModel, itemKind, itemLabel, trailOf } from "./model.ts";
import type { GraphModel } from "./model.ts";
import { itemAt, modulePath, neighbour, searchItems } from "./navigate.ts";
import type { Direction } from "./navigate.ts";
import { openToDepth } from "./picture.ts";
import type { Picture } from "./picture.ts";
import { makeStage } from "./stage.ts";
import type { Target } from "./stage.ts";
import { pictureSvg } from "./svg.ts";
import { itemTip, sourceOf } from "./tips.ts";

export interface GraphMemory {
  target: string;
  open: number[];
  colourBy: ColourBy;
}

export interface GraphOptions {
  host: Asked<GraphHost>;
  memory: Memory<GraphMemory>;
  hasEditor: boolean;
}

export interface GraphView extends Mounted<GraphNews> {
  /** The SVG of what is shown now, for printing. */
  svg(): string | null;
}

function paletteNow(): Palette {
  const c = readColours();
  return {
    bg: c.bg,
    fg: c.fg,
    muted: c.muted,
    faint: c.faint,
    border: c.border,
    frame: c.frame,
    surface: c.surface,
    accent: c.accent,
    heat: [c["heat-0"], c["heat-1"], c["heat-2"], c["heat-3"]],
    series: [
      c["series-0"],
      c["series-1"],
      c["series-2"],
      c["series-3"],
      c["series-4"],
      c["series-5"],
      c["series-6"],
      c["series-7"],
    ],
  };
}

const colourNames: Record<ColourBy, string> = {
  type: "Colour by type",
  time: "Colour by time",
  memory: "Colour by memory",
  flops: "Colour by FLOPs",
  parameters: "Colour by parameters",
  error: "Colour by error",
};

const MOST_FOUND = 60;

export function mountGraph(root: HTMLElement, options: GraphOptions): GraphView {
  const { host, memory, hasEditor } = options;
  let state: GraphState | null = null;
  let model: GraphModel | null = null;
  let layouter: Layouter | null = null;
  let picture: Picture | null = null;
  let open = new Set<number>();
  let selected: number | null = null;
  let hovered: number | null = null;
  let palette = paletteNow();
  let colourBy: ColourBy = memory.read().colourBy ?? "type";
  let shownGraph: unknown = null;
  let times: Float64Array | null = null;
  let memories: Float64Array | null = null;
  let errors: Float64Array | null = null;
  let changedLayers: ReturnType<typeof layerItems> = new Map();

  const ignore = shownBy((message) => notices.problem(message));
  const openSource = (at: SourceLocation | undefined): void => {
    if (at && hasEditor) ignore(host.openSource(at));
  };

  const notices = noticeBoard({
    openSource: hasEditor ? openSource : null,
    copy: (text) => ignore(host.copy(text)),
    again: "Draw again",
    retry: () => ignore(host.graph()),
    cancel: () => ignore(host.cancel()),
  });
  // For those who hear the page; others read the tab and the first of the crumbs.
  const heading = h("h1", { class: "lw-spoken" }, "Graph");
  const crumbs = h("nav", { class: "lw-crumbs", attributes: { "aria-label": "Where the selection is" } });
  const finder = createFinder({
    find: (text) => (model ? searchItems(model, text, MOST_FOUND) : []),
    goTo: (item) => ignore(reveal(item)),
    leave: () => graphArea.focus({ preventScroll: true }),
  });
  const colours: Dropdown<ColourBy> = dropdown<ColourBy>({
    label: "Colour boxes by",
    value: colourBy,
    options: (Object.keys(colourNames) as ColourBy[]).map((value) => ({ value, text: colourNames[value] })),
    onChange: (value) => {
      colourBy = value;
      memory.write({ colourBy });
      restyle();
    },
  });
  const toolbar = h(
    "div",
    { class: "lw-graph-toolbar" },
    finder.element,
    colours.element,
    h(
      "div",
      { class: "lw-graph-buttons" },
      button({ label: "Open one more level", icon: "unfold", appearance: "icon", onClick: () => openLevel(1) }),
      button({
        label: "Fold everything",
        icon: "fold",
        appearance: "icon",
        onClick: () => changeOpen(new Set(), selected),
      }),
      button({ label: "Zoom in", icon: "plus", appearance: "icon", onClick: () => stage.zoomBy(1.4) }),
      button({ label: "Zoom out", icon: "minus", appearance: "icon", onClick: () => stage.zoomBy(1 / 1.4) }),
      button({ label: "Fit to window (0)", icon: "fit", appearance: "icon", onClick: () => stage.fit() }),
      button({ label: "Save SVG", icon: "save", appearance: "icon", onClick: saveSvg }),
    ),
  );
  const legend = h("div", { class: "lw-graph-legend" });
  const live = h("div", { class: "lw-live", attributes: { "aria-live": "polite" } });
  const stage = makeStage({ onClick, onHover });
  const graphArea = h(
    "div",
    {
      class: "lw-graph-area",
      attributes: {
        tabindex: 0,
        role: "application",
        "aria-label": "Graph: arrows move, Enter opens, Escape folds, 0 fits",
      },
      on: { keydown: onKey },
    },
    stage.element,
    legend,
    live,
  );
  const bar = h("div", { class: "lw-model-holder" });
  const content = h("div", { class: "lw-graph-content" });
  root.classList.add("lw-graph");
  root.replaceChildren(bar, notices.element, content, notices.foot);

  function drawNotices(): void {
    if (!state) return;
    notices.draw({ ...state, hasContent: state.graph !== null, problems: model?.problems.slice(0, 3) ?? [] });
  }

  function drawBar({ model: file, graph, failure, isTrusted }: GraphState): void {
    // With a file that is no model, or that may not be opened, nothing can be done.
    if (!file || !isTrusted || (!graph && (failure || file.isOpening))) return bar.replaceChildren();
    const bars = modelBar({
      model: file,
      parameters: graph?.groups[0]?.parameters ?? null,
      run: () => ignore(host.run()),
      editInputs: () => ignore(host.editInputs()),
      profile: () => ignore(host.profile()),
      quantize: () => ignore(host.quantize()),
      optimize: (isOptimized) => ignore(host.optimize(isOptimized)),
    });
    keepFocus(bar, () => bar.replaceChildren(bars));
  }

  async function showGraph(shown: GraphState): Promise<void> {
    const { graph } = shown;
    if (!graph) {
      shownGraph = null;
      model = null;
      const { suggestion, model: file } = shown;
      const reading = file?.isOpening ? { target: suggestion ?? "", message: "reading the file" } : null;
      const running = shown.running ?? reading;
      if (running) {
        content.replaceChildren(notices.whole(running));
        return;
      }
      if (file && !shown.isTrusted) {
        content.replaceChildren(
          emptyState({
            icon: "lock",
            title: "Not opened in Restricted Mode",
            text: "Models are read by native code, and this folder is not trusted. The file opens as soon as it is.",
            action: { label: "Manage Workspace Trust", icon: "lock", run: () => ignore(host.manageTrust()) },
          }),
        );
        return;
      }
      if (file && shown.failure) {
        content.replaceChildren(
          emptyState({ icon: "graph", title: "This file cannot be drawn", text: "It is read again when it changes." }),
        );
        return;
      }
      content.replaceChildren(
        emptyState({
          icon: "graph",
          title: "No graph yet",
          text: suggestion
            ? "See how data flows through the modules, with shapes on every wire."
            : "Open a Python file with an nn.Module, or an .onnx file, then click Graph.",
          action: suggestion ? { label: `Graph of ${targetName(suggestion)}`, run: () => ignore(host.graph()) } : null,
        }),
      );
      return;
    }
    measure(shown);
    const key = JSON.stringify([
      graph.target,
      graph.edges.length,
      graph.nodes.map(({ label, kind, group }) => [label, kind, group]),
    ]);
    if (key === shownGraph && model) {
      model = buildModel(graph);
      restyle();
    } else {
      shownGraph = key;
      layouter?.close();
      model = buildModel(graph);
      layouter = makeLayouter(model);
      selected = null;
      const stored = memory.read();
      open = new Set(stored.target === graph.target ? (stored.open ?? []) : firstOpen(model));
      measure(shown);
      content.replaceChildren(heading, crumbs, toolbar, graphArea);
      drawCrumbs();
      await relayout(null);
      if (picture && document.activeElement === document.body) graphArea.focus({ preventScroll: true });
    }
    drawNotices();
  }

  function measure(measurements: GraphState): void {
    times = model && itemValues(model, "time", measurements);
    memories = model && itemValues(model, "memory", measurements);
    errors = model && itemValues(model, "error", measurements);
    changedLayers = model ? layerItems(model, measurements.errors?.layers ?? []) : new Map();
    colours.set(colourBy);
  }

  /** A graph with a single box at the top starts with that box open. */
  function firstOpen(fresh: GraphModel): number[] {
    const start: number[] = [];
    let level = fresh.children[fresh.root]!;
    for (let boxes = level.filter((item) => item >= fresh.nNodes); boxes.length === 1 && level.length < 6;) {
      if (itemKind(fresh, boxes[0]!) === "stack") break;
      start.push(boxes[0]!);
      level = fresh.children[boxes[0]!]!;
      boxes = level.filter((item) => item >= fresh.nNodes);
    }
    return start;
  }

  async function relayout(anchor: number | null): Promise<void> {
    if (!model || !layouter) return;
    root.classList.add("lw-busy");
    const next = await layouter.layout(open);
    if (!next) return;
    root.classList.remove("lw-busy");
    picture = next;
    root.dataset["boxes"] = String(next.boxes.length);
    stage.show({ model, picture, styler: stylerNow(), palette, font: readFont() }, anchor);
    drawLegend();
  }

  function stylerNow() {
    return boxStyler(model!, picture!.boxes, colourBy, state!, palette);
  }

  function restyle(): void {
    if (!model || !picture) return;
    stage.setStyle(stylerNow(), palette, readFont());
    drawLegend();
  }

  function drawLegend(): void {
    const shown = { model: model!, picture: picture!, colourBy, palette, measurements: state! };
    const profile = (): void => ignore(host.profile());
    const quantize = (): void => ignore(host.quantize());
    legend.replaceChildren(...legendParts({ ...shown, profile, quantize }));
  }

  function changeOpen(next: Set<number>, anchor: number | null): void {
    if (!model) return;
    open = next;
    memory.write({ target: model.graph.target, open: [...open] });
    if (anchor !== null) {
      const hidden = trailOf(model, anchor).find((box) => box !== model!.root && !open.has(box));
      if (hidden !== undefined) select(hidden);
    }
    ignore(relayout(selected ?? anchor));
  }

  function toggle(item: number): void {
    const next = new Set(open);
    if (next.has(item)) next.delete(item);
    else next.add(item);
    changeOpen(next, item);
  }

  /** Open everything one level deeper than the deepest level that is fully open. */
  function openLevel(step: number): void {
    if (!model) return;
    let depth = 0;
    while (depth < 64 && [...openToDepth(model, depth + 1)].every((box) => open.has(box))) {
      if (openToDepth(model, depth + 1).size === openToDepth(model, depth).size) break;
      depth++;
    }
    changeOpen(new Set([...open, ...openToDepth(model, depth + step)]), selected);
  }

  function select(item: number | null): void {
    selected = item;
    stage.setMarks(selected, hovered);
    drawCrumbs();
    if (!model || item === null) return;
    const { title, subtitle, lines = [] } = tipOf(item);
    const words = lines.map(({ label, text }) => `${label ?? ""} ${text}`.trim());
    live.textContent = [title, subtitle, ...words].filter(Boolean).join(", ");
  }

  /** Open what hides the item, select it and bring it into sight. */
  async function reveal(item: number): Promise<void> {
    if (!model) return;
    const hiding = trailOf(model, item).filter((box) => box !== model!.root && !open.has(box));
    select(item);
    if (hiding.length > 0) {
      open = new Set([...open, ...hiding]);
      memory.write({ target: model.graph.target, open: [...open] });
      await relayout(null);
    }
    stage.reveal(item);
  }

  function drawCrumbs(): void {
    if (!model) return;
    const trail = selected === null ? [model.root] : [...trailOf(model, selected), selected];
    crumbs.replaceChildren(
      ...trail
        .flatMap((item, i) => {
          const label = item === model!.root ? formatTarget(model!.graph.target) : itemLabel(model!, item);
          const isLast = i === trail.length - 1;
          return [
            i > 0 ? h("span", { class: "lw-crumb-gap" }, "›") : "",
            h(
              "button",
              {
                class: `lw-crumb${isLast ? " lw-crumb-last" : ""}`,
                attributes: { type: "button", "aria-current": isLast ? "true" : null },
                on: { click: () => (item === model!.root ? stage.fit() : ignore(reveal(item))) },
              },
              label,
            ),
          ];
        })
        .filter((part) => part !== ""),
    );
  }

  function onClick({ box, chip, isTitle }: Target, event: MouseEvent): void {
    hideTip();
    graphArea.focus({ preventScroll: true });
    if (!model) return;
    if (chip) {
      ignore(reveal(chip.item));
      return;
    }
    if (!box) {
      select(null);
      return;
    }
    select(box.item);
    const path = modulePath(model, box.item);
    if (path) ignore(host.select(path));
    if (event.altKey || itemKind(model, box.item) === "node") openSource(sourceOf(model, box.item));
    else if (!box.isOpen || isTitle) toggle(box.item);
  }

  function onHover(target: Target | null, event: PointerEvent): void {
    const item = target?.chip
      ? target.chip.item
      : target?.box && (!target.box.isOpen || target.isTitle)
        ? target.box.item
        : null;
    if (item !== hovered) {
      hovered = item;
      stage.setMarks(selected, hovered);
    }
    if (item === null || !model) {
      hideTip();
      return;
    }
    const tip = tipOf(item);
    if (target?.chip) tip.hint = "Stands for a source that many others read. Click goes there.";
    showTip(hasEditor ? tip : { ...tip, hint: undefined }, event.clientX, event.clientY);
  }

  function tipOf(item: number): Tip {
    const measured = {
      timeUs: times?.[item],
      memoryBytes: memories?.[item],
      errorDb: errors?.[item],
      became: becameOf(item),
    };
    return itemTip(model!, item, measured, open.has(item));
  }

  /** What a pointer would show, for those who move by keys. */
  function showTipBeside(item: number): void {
    const place = stage.placeOf(item);
    if (place) showTip({ ...tipOf(item), hint: undefined }, place.x, place.y);
  }

  function becameOf(item: number): string | undefined {
    return changedLayers.get(item)?.became;
  }

  function onKey(event: KeyboardEvent): void {
    if (!model || !picture || event.target !== graphArea) return;
    const arrows: Record<string, Direction> = {
      ArrowUp: "up",
      ArrowDown: "down",
      ArrowLeft: "left",
      ArrowRight: "right",
    };
    const direction = arrows[event.key];
    const box = selected === null ? undefined : stage.box(selected);
    if (direction) {
      const next = box ? neighbour(picture.boxes, box, direction) : picture.boxes[0];
      if (next) {
        select(next.item);
        stage.reveal(next.item);
        showTipBeside(next.item);
        event.preventDefault();
        return;
      }
    } else if (event.key === "Enter" && box) {
      if (itemKind(model, box.item) === "node") openSource(sourceOf(model, box.item));
      else if (event.altKey) openSource(sourceOf(model, box.item));
      else toggle(box.item);
    } else if (event.key === "Escape") foldOut();
    else if (event.key === "+" || event.key === "=") stage.zoomBy(1.3);
    else if (event.key === "-") stage.zoomBy(1 / 1.3);
    else if (event.key === "0") stage.fit();
    else if (event.key === "/" || (event.key === "f" && (event.ctrlKey || event.metaKey))) finder.focus();
    else return;
    hideTip();
    event.preventDefault();
  }

  /** Fold the selected box, or the one around the selection; with nothing around, let go of the selection. */
  function foldOut(): void {
    if (selected === null || !model) return;
    const around = model.parent[selected]!;
    if (open.has(selected)) toggle(selected);
    else if (around >= 0 && around !== model.root) {
      select(around);
      toggle(around);
    } else select(null);
  }

  function svg(): string | null {
    return model && picture
      ? pictureSvg(model, picture, stylerNow(), palette, "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif")
      : null;
  }

  function saveSvg(): void {
    const text = svg();
    if (text) ignore(host.saveSvg(text));
  }

  onThemeChange(() => {
    palette = paletteNow();
    restyle();
  });

  async function refresh(): Promise<void> {
    state = await host.state();
    const now = state;
    let shown: Promise<void> | null = null;
    drawBar(now);
    notices.redraw(() => {
      drawNotices();
      shown = showGraph(now);
    });
    await shown;
  }

  return {
    refresh,
    showProblem: (message) => notices.problem(message),
    svg,
    news: {
      changed: () => ignore(refresh()),
      progress: ({ message, fraction }) => notices.progress(message, fraction),
      reveal: (place) => {
        const item = model && itemAt(model, place);
        if (item !== null) ignore(reveal(item));
      },
    },
  };
}
