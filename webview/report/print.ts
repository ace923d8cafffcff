/** The report as it goes on paper: every table in full up to a limit, the memory curve and the graph as pictures. */
import type { ProfileResult } from "../../src/protocol/results.ts";
import { resultRows } from "../../src/protocol/views/quantize.ts";
import type { CompressionResult, ReportRows } from "../../src/protocol/views/quantize.ts";
import { memoryCurve, traceRange } from "../../src/protocol/views/columns.ts";
import { formatDb } from "../kit/decibels.ts";
import { h } from "../kit/dom.ts";
import { formatBytes, formatDuration } from "../kit/formats.ts";
import type { Column } from "../kit/table.ts";
import { curveSvg } from "../profiler/memory.ts";
import { layerColumns } from "../quantize/layers.ts";
import { sentence } from "../quantize/words.ts";
import { summary } from "../profiler/summary.ts";
import { allocationColumns, kernelColumns, lineColumns, moduleColumns } from "../profiler/tables.ts";

const MOST_ROWS = 150;
const CURVE_WIDTH = 680;
const CURVE_HEIGHT = 170;

function printTable<Row>(
  title: string,
  columns: Column<Row>[],
  rows: readonly Row[],
  indent: (row: Row) => number,
): HTMLElement {
  const shown = columns.filter((column) => column.label !== "" && column.id !== "share").slice(0, 9);
  const more = rows.length - MOST_ROWS;
  return h(
    "section",
    {},
    h("h2", {}, title),
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...shown.map((c) => h("th", { class: c.align === "end" ? "lw-end" : "" }, c.label)))),
      h(
        "tbody",
        {},
        ...rows.slice(0, MOST_ROWS).map((row) =>
          h(
            "tr",
            {},
            ...shown.map((column, i) =>
              h(
                "td",
                {
                  class: column.align === "end" ? "lw-end" : "",
                  style: i === 0 ? { "padding-left": `${indent(row) * 10}px` } : {},
                },
                column.text(row),
              ),
            ),
          ),
        ),
      ),
    ),
    more > 0 ? h("p", { class: "lw-muted" }, `and ${more} more rows`) : null,
  );
}

/** What each report says first, in a line. */
const proofColumns: Column<ReportRows>[] = [
  { id: "name", label: "Scheme", text: ({ name }: ReportRows) => name },
  { id: "size", label: "Size", align: "end" as const, text: (report: ReportRows) => formatBytes(report.afterBytes) },
  {
    id: "time",
    label: "One call",
    align: "end" as const,
    text: ({ latency }: ReportRows) => formatDuration(latency.after.medianUs),
  },
  { id: "db", label: "SQNR", align: "end" as const, text: ({ output }: ReportRows) => formatDb(output.sqnrDb) },
  { id: "verdict", label: "Verdict", text: ({ verdict }: ReportRows) => sentence(verdict) },
].map((column) => ({ ...column, priority: 0, width: 0, value: column.text }));

export function printPage(
  profile: ProfileResult | null,
  graphSvg: string | null,
  proof: CompressionResult | null,
  root: string,
): HTMLElement {
  const page = h("div", { class: "lw-print" });
  if (profile) {
    const context = { root, related: null, totalUs: profile.total.medianUs, hasFiles: true };
    page.append(summary(profile, []));
    page.append(printTable("Modules", moduleColumns(context), profile.modules, (row) => row.depth));
    page.append(printTable("Kernels", kernelColumns(context), profile.kernels, () => 0));
    page.append(printTable("Lines", lineColumns(context), profile.lines, () => 0));
    profile.memory.forEach((memory, device) => {
      if (profile.trace) {
        const range = traceRange(profile.trace);
        const curve = memoryCurve(profile.trace, { device, ...range, points: CURVE_WIDTH });
        page.append(
          h("section", {}, h("h2", {}, `Memory on ${memory.device}`), curveSvg(curve, CURVE_WIDTH, CURVE_HEIGHT)),
        );
      }
      const columns = allocationColumns(memory.largest[0]?.sizeBytes ?? 0, root);
      page.append(printTable("Largest blocks at the peak", columns, memory.largest, () => 0));
    });
  }
  if (proof) {
    const { reports } = resultRows(proof);
    page.append(printTable("Size, time and error", proofColumns, reports, () => 0));
    for (const report of reports)
      page.append(printTable(`Layers: ${report.description}`, layerColumns(report), report.layers, () => 0));
  }
  if (graphSvg) {
    const parsed = new DOMParser().parseFromString(graphSvg, "image/svg+xml").documentElement;
    if (parsed.nodeName === "svg")
      page.append(h("section", { class: "lw-print-graph" }, h("h2", {}, "Graph"), document.importNode(parsed, true)));
  }
  return page;
}
