/** From measured numbers to a Markdown table. Pure: numbers in, text out. */

export interface Row {
  label: string;
  unit: string;
  torch: number[];
  ours: number[];
  torchMiB: number;
  oursMiB: number;
  otherCores: number;
  note: string;
}

export function median(values: number[]): number {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function figure(value: number): string {
  if (!Number.isFinite(value)) return "";
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function spread(values: number[]): string {
  if (values.length === 0) return "";
  const middle = figure(median(values));
  return values.length === 1 ? middle : `${middle} (${figure(Math.min(...values))}-${figure(Math.max(...values))})`;
}

export function table(rows: Row[]): string {
  const lines = [
    "| case | unit | PyTorch | Layerwise | ratio | PyTorch MiB | Layerwise MiB | busy | note |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
  ];
  for (const r of rows) {
    const ratio = figure(median(r.torch) / median(r.ours));
    const rest = [r.torchMiB, r.oursMiB, r.otherCores].map(figure);
    const cells = [r.label, r.unit, spread(r.torch), spread(r.ours), ratio, ...rest, r.note];
    lines.push(`| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`);
  }
  return lines.join("\n");
}
