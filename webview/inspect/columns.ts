/** The columns of the table of tensors, and what a tooltip says about one. */
import type { InspectedTensor } from "../../src/protocol/inspect.ts";
import { shareBar } from "../kit/controls.ts";
import { h } from "../kit/dom.ts";
import { formatBytes, formatCount, formatShape } from "../kit/formats.ts";
import type { Column } from "../kit/table.ts";
import type { Tip } from "../kit/tooltip.ts";
import type { TensorRow } from "./tensor_tree.ts";

type Statistics = NonNullable<InspectedTensor["statistics"]>;

/** Four significant digits. */
function figure(value: number): string {
  const size = Math.abs(value);
  if (value === 0 || (Number.isInteger(value) && size < 1e5)) return String(value);
  return size >= 1e5 || size < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}

const hasDoubt = ({ tensor }: TensorRow): boolean =>
  tensor?.statistics !== undefined && tensor.statistics.nans + tensor.statistics.infs > 0;

function statistic(id: keyof Statistics, label: string, priority: number): Column<TensorRow> {
  const value = ({ tensor }: TensorRow): number | undefined => tensor?.statistics?.[id];
  return {
    id,
    label,
    priority,
    width: 84,
    align: "end",
    value: (row) => value(row) ?? -Infinity,
    text: (row) => {
      const known = value(row);
      return known === undefined ? "" : figure(known);
    },
  };
}

export function tensorColumns(totalBytes: number, hasStatistics: boolean): Column<TensorRow>[] {
  return [
    {
      id: "name",
      label: "Tensor",
      priority: 0,
      width: 150,
      value: (row) => row.label,
      text: (row) => row.label,
      render: (row) =>
        h(
          "span",
          { class: `lw-clip${hasDoubt(row) ? " lw-doubt" : ""}` },
          row.label,
          row.tensor ? null : h("span", { class: "lw-muted" }, ` ${formatCount(row.count)}`),
        ),
    },
    {
      id: "dtype",
      label: "Type",
      priority: 2,
      width: 92,
      value: ({ tensor }) => tensor?.dtype ?? "",
      text: ({ tensor }) => tensor?.dtype ?? "",
      render: ({ tensor }) => h("span", { class: "lw-muted" }, tensor?.dtype ?? ""),
    },
    {
      id: "shape",
      label: "Shape",
      priority: 1,
      width: 112,
      value: ({ tensor }) => (tensor ? formatShape(tensor.shape) : ""),
      text: ({ tensor }) => (tensor ? formatShape(tensor.shape) : ""),
    },
    {
      id: "elements",
      label: "Elements",
      priority: 5,
      width: 78,
      align: "end",
      value: (row) => row.elements,
      text: (row) => formatCount(row.elements),
    },
    {
      id: "size",
      label: "Size",
      priority: 3,
      width: 80,
      align: "end",
      value: (row) => row.sizeBytes,
      text: (row) => formatBytes(row.sizeBytes),
    },
    {
      id: "share",
      label: "Share",
      tip: "Share of all tensors",
      priority: 4,
      width: 64,
      value: (row) => row.sizeBytes,
      text: (row) => `${((100 * row.sizeBytes) / (totalBytes || 1)).toFixed(1)} %`,
      render: (row) => shareBar([{ share: row.sizeBytes / (totalBytes || 1), colour: "var(--lw-kind-parameter)" }]),
    },
    ...(hasStatistics
      ? [
          statistic("min", "Min", 6),
          statistic("max", "Max", 7),
          statistic("mean", "Mean", 8),
          statistic("std", "Std", 9),
        ]
      : []),
  ];
}

export function tensorTip({ tensor, key, count, sizeBytes, elements }: TensorRow): Tip {
  if (!tensor) {
    return {
      title: key.slice(0, -1),
      lines: [
        { label: "Tensors", text: formatCount(count) },
        { label: "Elements", text: elements.toLocaleString("en-US") },
        { label: "Size", text: formatBytes(sizeBytes) },
      ],
    };
  }
  const { statistics } = tensor;
  return {
    title: tensor.name,
    subtitle: `${tensor.dtype} ${formatShape(tensor.shape)}`,
    lines: [
      { label: "Elements", text: elements.toLocaleString("en-US") },
      { label: "Size", text: formatBytes(sizeBytes) },
      ...(tensor.file ? [{ label: "File", text: tensor.file }] : []),
      ...(statistics
        ? [
            { label: "Range", text: `${figure(statistics.min)} to ${figure(statistics.max)}` },
            { label: "Mean, std", text: `${figure(statistics.mean)}, ${figure(statistics.std)}` },
            { label: "Zeros", text: formatCount(statistics.zeros) },
            { label: "NaN, infinite", text: `${statistics.nans}, ${statistics.infs}` },
          ]
        : []),
    ],
  };
}
