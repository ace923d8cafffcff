/** The memory view: what was held at the peak, how it grew over time, and the blocks that were largest. */
import { area, bisectRight, curveStepAfter, scaleLinear, stack } from "d3";
import type { MemorySummary } from "../../src/protocol/results.ts";
import type { SourceLocation } from "../../src/protocol/source.ts";
import { MEMORY_KINDS } from "../../src/protocol/views/columns.ts";
import type { MemoryCurve } from "../../src/protocol/views/columns.ts";
import type { MemoryKind } from "../../src/protocol/trace.ts";
import { h, oncePerFrame, svg } from "../kit/dom.ts";
import { formatBytes, formatCount, formatDuration, formatShare } from "../kit/formats.ts";
import { createTable, ROW_HEIGHT } from "../kit/table.ts";
import { hideTip, showTip, tipOver } from "../kit/tooltip.ts";
import { allocationColumns } from "./tables.ts";

const names: Record<MemoryKind, string> = {
  parameter: "Parameters",
  gradient: "Gradients",
  optimizer: "Optimizer",
  activation: "Activations",
  input: "Inputs",
  temporary: "Temporary",
};
const colourOf = (kind: MemoryKind): string => `var(--lw-kind-${kind})`;

function peakBar(memory: MemorySummary): HTMLElement {
  const kinds = MEMORY_KINDS.filter((kind) => memory.atPeak[kind] > 0);
  const sum = kinds.reduce((total, kind) => total + memory.atPeak[kind], 0) || 1;
  const bar = h(
    "div",
    { class: "lw-peak-bar" },
    ...kinds.map((kind) =>
      h("i", { style: { "flex-grow": String(memory.atPeak[kind] / sum), background: colourOf(kind) } }),
    ),
  );
  const legend = h(
    "div",
    { class: "lw-peak-legend" },
    ...kinds
      .sort((a, b) => memory.atPeak[b] - memory.atPeak[a])
      .map((kind) =>
        h(
          "div",
          { class: "lw-peak-kind" },
          h("i", { class: "lw-swatch", style: { background: colourOf(kind) } }),
          h("span", { class: "lw-clip" }, names[kind]),
          h("span", { class: "lw-peak-size" }, formatBytes(memory.atPeak[kind])),
          h("span", { class: "lw-muted lw-peak-share" }, formatShare(memory.atPeak[kind] / sum)),
        ),
      ),
  );
  return h("div", {}, bar, legend);
}

const MARGIN = { top: 6, right: 8, bottom: 20, left: 54 };

/** Axis steps that are round in binary units. */
function byteTicks(most: number): number[] {
  const rough = most / 3;
  const power = 2 ** Math.floor(Math.log2(Math.max(1, rough)));
  const step = rough > power * 1.5 ? power * 2 : power;
  const ticks: number[] = [];
  for (let at = 0; at <= most; at += step) ticks.push(at);
  return ticks;
}

/** The stacked area over time as an SVG of the given size; also what the report prints. */
export function curveSvg(curve: MemoryCurve, width: number, height: number): SVGSVGElement {
  const { timeUs, kinds } = curve;
  const start = timeUs[0] ?? 0;
  const end = timeUs.at(-1) ?? 1;
  const totals = Array.from(timeUs, (_, i) => kinds.reduce((sum, kind) => sum + kind[i]!, 0));
  const most = Math.max(1, ...totals);
  const x = scaleLinear([start, end], [MARGIN.left, width - MARGIN.right]);
  const y = scaleLinear([0, most * 1.06], [height - MARGIN.bottom, MARGIN.top]);
  const picture = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, class: "lw-curve", role: "img" });
  picture.setAttribute("aria-label", `Allocated memory over time, at most ${formatBytes(most)}`);
  for (const tick of byteTicks(most)) {
    picture.append(
      svg("line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: y(tick), y2: y(tick), class: "lw-grid" }),
      svg("text", { x: MARGIN.left - 6, y: y(tick) + 3.5, class: "lw-axis", "text-anchor": "end" }, formatBytes(tick)),
    );
  }
  for (const tick of x.ticks(Math.max(2, Math.floor(width / 110)))) {
    picture.append(
      svg(
        "text",
        { x: x(tick), y: height - 5, class: "lw-axis", "text-anchor": "middle" },
        formatDuration(tick - start),
      ),
    );
  }
  const layers = stack<number, number>()
    .keys(kinds.map((_, kind) => kind))
    .value((i, kind) => kinds[kind]![i]!)(totals.map((_, i) => i));
  const shape = area<(typeof layers)[number][number]>()
    .x((point) => x(timeUs[point.data]!))
    .y0((point) => y(point[0]))
    .y1((point) => y(point[1]))
    .curve(curveStepAfter);
  layers.forEach((layer, kind) => {
    if (kinds[kind]!.every((bytes) => bytes === 0)) return;
    picture.append(svg("path", { d: shape(layer) ?? "", fill: colourOf(MEMORY_KINDS[kind]!), "fill-opacity": 0.88 }));
  });
  return picture;
}

function curveChart(fetch: (points: number) => Promise<MemoryCurve>): HTMLElement {
  const box = h("div", { class: "lw-chart" });
  const marker = svg("line", { class: "lw-marker", y1: MARGIN.top });
  let curve: MemoryCurve | null = null;
  const height = 150;
  const draw = (): void => {
    const width = box.clientWidth;
    if (!curve || width < 60) return;
    const picture = curveSvg(curve, width, height);
    marker.setAttribute("visibility", "hidden");
    marker.setAttribute("y2", String(height - MARGIN.bottom));
    picture.append(marker);
    box.replaceChildren(picture);
  };
  box.addEventListener("pointermove", (event) => {
    if (!curve) return;
    const { left, width } = box.getBoundingClientRect();
    const start = curve.timeUs[0]!;
    const x = scaleLinear([start, curve.timeUs.at(-1)!], [MARGIN.left, width - MARGIN.right]).clamp(true);
    const at = x.invert(event.clientX - left);
    const i = Math.max(0, bisectRight(curve.timeUs, at) - 1);
    marker.setAttribute("x1", String(x(at)));
    marker.setAttribute("x2", String(x(at)));
    marker.setAttribute("visibility", "visible");
    const held = MEMORY_KINDS.map((kind, k) => ({ kind, bytes: curve!.kinds[k]![i]! })).filter(
      (entry) => entry.bytes > 0,
    );
    showTip(
      {
        title: formatBytes(held.reduce((sum, entry) => sum + entry.bytes, 0)),
        subtitle: `${formatDuration(at - start)} · ${formatBytes(curve.reservedBytes[i]!)} reserved`,
        lines: held
          .reverse()
          .map(({ kind, bytes }) => ({ label: names[kind], text: formatBytes(bytes), colour: colourOf(kind) })),
      },
      event.clientX,
      event.clientY,
    );
  });
  box.addEventListener("pointerleave", () => {
    marker.setAttribute("visibility", "hidden");
    hideTip();
  });
  const load = async (): Promise<void> => {
    try {
      curve = await fetch(Math.max(200, box.clientWidth));
      draw();
    } catch (error) {
      box.replaceChildren(h("p", { class: "lw-muted" }, error instanceof Error ? error.message : String(error)));
    }
  };
  void load();
  new ResizeObserver(oncePerFrame(draw)).observe(box);
  return box;
}

export interface MemoryViewOptions {
  memory: readonly MemorySummary[];
  root: string;
  /** Null when there are no events to draw from. */
  curve: ((device: number, points: number) => Promise<MemoryCurve>) | null;
  openSource(at: SourceLocation): void;
}

export function memoryView(options: MemoryViewOptions): HTMLElement {
  const { memory, root, curve, openSource } = options;
  const sections = memory.map((summary, device) => {
    const largest = createTable({
      label: "Largest allocations",
      columns: allocationColumns(summary.largest[0]?.sizeBytes ?? 0, root),
      key: (row) => String(summary.largest.indexOf(row)),
      searchText: (row) => `${row.op} ${row.module}`,
      tip: (row) => ({
        title: row.op,
        subtitle: row.module,
        lines: [{ label: "Size", text: formatBytes(row.sizeBytes) }],
        hint: row.source ? "Click opens the line" : undefined,
      }),
      onChoose: (row) => row.source && openSource(row.source),
      onClear: () => {},
      state: { sort: null, open: [] },
      onState: () => {},
      empty: "No allocations were recorded.",
    });
    largest.element.style.height = `${Math.min(12, summary.largest.length) * ROW_HEIGHT + 28}px`;
    largest.element.classList.add("lw-allocations");
    largest.setRows(summary.largest);
    const peak = peakBar(summary);
    tipOver(peak, () => ({
      title: `Peak on ${summary.device}`,
      lines: [
        { label: "Allocated", text: formatBytes(summary.peakAllocatedBytes) },
        { label: "Reserved", text: formatBytes(summary.peakReservedBytes) },
        { label: "Allocations", text: `${formatCount(summary.allocations)} · ${formatBytes(summary.allocatedBytes)}` },
      ],
    }));
    return h(
      "section",
      { class: "lw-memory-device" },
      h(
        "h2",
        {},
        "At the peak ",
        h("span", { class: "lw-muted" }, `${formatBytes(summary.peakAllocatedBytes)} on ${summary.device}`),
      ),
      peak,
      curve ? h("h2", {}, "Over time") : null,
      curve ? curveChart((points) => curve(device, points)) : null,
      h("h2", {}, "Largest blocks at the peak"),
      largest.element,
    );
  });
  if (sections.length === 0) return h("div", { class: "lw-table-empty" }, "No memory was recorded.");
  return h("div", { class: "lw-memory", attributes: { tabindex: 0 } }, ...sections);
}
