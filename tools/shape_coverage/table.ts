/** The rows of a coverage run as a table: shares per package, reasons by count. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ClassRow } from "./collect.ts";

const DOCUMENT = join(import.meta.dirname, "../../docs/shape-coverage.md");
const MOST_REASONS = 25;

export function writeTable(rows: readonly ClassRow[], isKept: boolean): void {
  const text = tableOf(rows);
  if (isKept) writeFileSync(DOCUMENT, text);
  console.log(text);
}

function tableOf(rows: readonly ClassRow[]): string {
  const packages = [...new Set(rows.map((row) => row.package))];
  const lines = [
    "# Arguments found without help",
    "",
    "For each `nn.Module` class in the model files of three packages: does Layerwise find constructor arguments and inputs",
    "with which the class runs, with nothing typed in by anybody? Written by `tools/shape_coverage/run.ts`, measured in the",
    "hints process, on shapes alone. Classes without a `forward` of their own or from above are not counted.",
    "",
    "| package | files | classes | run to the end | run until they look at values | share | error diagnostics |",
    "|---|---|---:|---:|---:|---:|---:|",
    ...[...packages, "all"].map((name) => line(name, name === "all" ? rows : rows.filter((r) => r.package === name))),
    "",
    "Code that looks at values (`.item()`, `if x.sum() > 0`) cannot go on from shapes alone. The arguments that were found",
    "carried it that far; whether Run, which computes, gets to the end with them was not measured here.",
    "",
    "## Why the others need help",
    "",
    "| classes | reason |",
    "|---:|---|",
    ...reasons(rows).map(([count, reason]) => `| ${count} | ${reason.replaceAll("|", "\\|")} |`),
    "",
  ];
  return lines.join("\n");
}

function line(name: string, rows: readonly ClassRow[]): string {
  const counted = rows.filter(({ outcome }) => outcome !== "abstract");
  const count = (outcome: string): number => counted.filter((row) => row.outcome === outcome).length;
  const share = (100 * (count("done") + count("values"))) / Math.max(1, counted.length);
  const errors = rows.reduce((n, row) => n + row.errors.length, 0);
  const taken = new Set(rows.map((row) => row.every));
  const [every] = taken;
  const files = name === "all" ? "" : every === 1 ? "all" : `every ${every}th`;
  return `| ${name} | ${files} | ${counted.length} | ${count("done")} | ${count("values")} | ${share.toFixed(1)}% | ${errors} |`;
}

function reasons(rows: readonly ClassRow[]): [number, string][] {
  const counts = new Map<string, number>();
  for (const { outcome, reason } of rows) {
    if (["done", "values", "abstract"].includes(outcome)) continue;
    const short = shorten(reason);
    counts.set(short, (counts.get(short) ?? 0) + 1);
  }
  const sorted = [...counts].map(([reason, count]): [number, string] => [count, reason]).sort((a, b) => b[0] - a[0]);
  const rest = sorted.slice(MOST_REASONS).reduce((n, [count]) => n + count, 0);
  return rest ? [...sorted.slice(0, MOST_REASONS), [rest, "others, fewer of each"]] : sorted;
}

/** The kind of a reason, without the numbers and names of one case. */
export function shorten(reason: string): string {
  return reason
    .split("\n", 1)[0]!
    .replace(/^line \d+: /, "")
    .replace(/ \(with .* taken as .*\)$/, "")
    .replace(/\[[^\]]*\]/g, "[…]")
    .replace(/\b\d+(x\d+)*\b/g, "N")
    .replace(/'[A-Z]\w+' object/g, "'…' object")
    .slice(0, 110);
}
