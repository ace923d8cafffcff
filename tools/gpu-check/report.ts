/** The Markdown of a check, from its results alone. */
import { speedAgainst } from "./bars.ts";
import { medianMs, type Finding, type Results, type Row, type SectionResult, type Side } from "./results.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [row(head), row(head.map(() => "---")), ...lines.map(row)].join("\n");
}

const verdict = (holds: boolean | null): string => (holds === null ? "" : holds ? "yes" : "**no**");

/** What a time means in the unit of its row. */
export function inUnit(row: Row, ms: number): number {
  if (row.unit === "TFLOP/s") return row.flops / ms / 1e9;
  if (row.unit === "GB/s") return row.bytes / ms / 1e6;
  if (row.unit === "us") return (ms * 1000) / row.items;
  if (row.unit === "ms") return ms;
  return (row.items * 1000) / ms;
}

const digits = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

function figure(row: Row, side: Side | undefined): string {
  if (!side) return "";
  if (side.error) return `failed: ${side.error.slice(0, 80)}`;
  const values = side.rounds.map((ms) => inUnit(row, ms));
  if (values.length === 0) return "";
  const spread = ((Math.max(...values) - Math.min(...values)) / inUnit(row, medianMs(side))) * 100;
  return `${digits(inUnit(row, medianMs(side)))} (±${(spread / 2).toFixed(0)}%)`;
}

function ratio(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : "";
}

function memory(row: Row): string {
  const mebi = (side: Side | undefined): string => (side?.peakBytes ? (side.peakBytes / 2 ** 20).toFixed(0) : "-");
  return `${mebi(row.sides.torch)} / ${mebi(row.sides.compiled)} / ${mebi(row.sides.ours)}`;
}

function benchTables(rows: readonly Row[]): string[] {
  const groups = [...new Set(rows.map(({ group }) => group))];
  return groups.flatMap((group) => [
    `### ${group}`,
    "",
    table(
      [
        "case",
        "unit",
        "PyTorch",
        "torch.compile",
        "Layerwise",
        "× PyTorch",
        "× compile",
        "peak MiB",
        "bar",
        "holds",
        "note",
      ],
      rows
        .filter((row) => row.group === group)
        .map((row) => [
          row.name,
          row.unit,
          figure(row, row.sides.torch),
          figure(row, row.sides.compiled),
          figure(row, row.sides.ours),
          ratio(speedAgainst(row, "torch")),
          ratio(speedAgainst(row, "compiled")),
          memory(row),
          row.bars.map(({ bar, measured }) => `${bar}: ${measured}`).join("; "),
          row.bars.map(({ holds }) => verdict(holds)).join(" "),
          row.note,
        ]),
    ),
    "",
  ]);
}

function findingTable(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return [];
  return [
    table(
      ["what", "holds", "detail"],
      findings.map((f) => [f.what, verdict(f.holds), f.detail]),
    ),
    "",
  ];
}

function sectionText(section: SectionResult): string[] {
  const head = `${section.status}${section.reason ? `: ${section.reason}` : ""}, ${section.seconds.toFixed(0)} s`;
  return [`## ${section.name}`, "", head, "", ...benchTables(section.rows), ...findingTable(section.findings)];
}

export function markdown(results: Results): string {
  const emulated =
    "The GPU was emulated and sizes were cut down: **its times say nothing**, they show that the tool runs.";
  const hasRows = results.sections.some(({ rows }) => rows.length > 0);
  const legend = [
    "Figures are medians over rounds in which the programs took turns (± half of the spread). × is PyTorch's time by ours:",
    "above 1, ours is faster. Peak MiB: what a step needs beyond what others hold, PyTorch / torch.compile / Layerwise.",
    "",
  ];
  return [
    `# GPU check, ${results.date.slice(0, 10)}`,
    "",
    ...(results.isEmulated ? [emulated, ""] : []),
    table(["machine", ""], Object.entries(results.machine)),
    "",
    table(
      ["section", "status", "seconds", "reason"],
      results.sections.map(({ name, status, seconds, reason }) => [name, status, seconds.toFixed(0), reason]),
    ),
    "",
    ...(hasRows ? legend : []),
    ...results.sections.flatMap(sectionText),
  ].join("\n");
}
