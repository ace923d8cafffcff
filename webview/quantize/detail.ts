/** All about one layer: what became of it, how far off it is, its ranges before and after, and whether to keep it. */
import type { Difference, KeptAs, LayerReport, Speed } from "../../src/protocol/compress.ts";
import type { SourceLocation } from "../../src/protocol/source.ts";
import type { LayerRow, QuantizeChoices } from "../../src/protocol/views/quantize.ts";
import { formatDb, severityColour } from "../kit/decibels.ts";
import { h } from "../kit/dom.ts";
import { baseName, formatBytes, formatCount, formatDuration } from "../kit/formats.ts";
import { icon } from "../kit/icons.ts";
import { button } from "../kit/toolkit.ts";
import { fitted, histogramSvg } from "./charts.ts";
import { isChanged, layerName } from "./layers.ts";
import { factor, formatCosine, formatError, isSlower, sentence } from "./words.ts";

export interface DetailOptions {
  row: LayerRow;
  /** Of the whole model: how far its times can be trusted. */
  speed: Speed;
  /** Null where keeping means nothing: prunings that cannot be run again from here. */
  choices: QuantizeChoices | null;
  ranges: Promise<LayerReport["ranges"] | null>;
  openSource: ((at: SourceLocation) => void) | null;
  keep(as: KeptAs): void;
  release(): void;
  close(): void;
  problem(error: unknown): void;
}

function facts({ row, speed }: DetailOptions): HTMLElement {
  const pairs: [string, string, string?][] = [
    ["Became", sentence(row.became)],
    ["Size", `${formatBytes(row.beforeBytes)} → ${formatBytes(row.afterBytes)}`],
    ["Parameters", formatCount(row.parameters)],
  ];
  if (row.why) pairs.splice(1, 0, ["Why", row.why]);
  if (row.beforeUs !== undefined && row.afterUs !== undefined) {
    const words = factor(row.beforeUs, row.afterUs, ["faster", "slower", "as fast"], 1 + speed.noise);
    pairs.push([
      "One call",
      `${formatDuration(row.beforeUs)} → ${formatDuration(row.afterUs)}, ${words}`,
      isSlower(row, speed) ? "lw-slower" : "",
    ]);
  }
  if (row.zeros !== undefined) pairs.push(["Zeros", `${(100 * row.zeros).toFixed(1)}\u202f%`]);
  return h(
    "dl",
    { class: "lw-layer-facts" },
    ...pairs.flatMap(([label, text, style]) => [
      h("dt", { class: "lw-muted" }, label),
      h("dd", style ? { class: style } : {}, text),
    ]),
  );
}

/** One row per thing compared; what was not measured is left out. */
function differences(row: LayerRow): HTMLElement | null {
  const all: [string, string, Difference | undefined][] = [
    ["Weights", "Its weights, before and after", row.weight],
    ["Output", "Its output, given the same input", row.output],
    ["In place", "Its output with everything before it changed too", row.inPlace],
    ["Alone", "The model's outputs when this layer alone is changed", row.sensitivity],
  ];
  const known = all.filter((entry): entry is [string, string, Difference] => entry[2] !== undefined);
  if (known.length === 0) return null;
  const head = ["", "SQNR", "cosine", "max error", "relative"];
  return h(
    "table",
    { class: "lw-differences" },
    h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { attributes: { scope: "col" } }, text)))),
    h(
      "tbody",
      {},
      ...known.map(([name, meaning, { sqnrDb, cosine, maxError, relativeError }]) =>
        h(
          "tr",
          { attributes: { title: meaning } },
          h("th", { attributes: { scope: "row" } }, name),
          h(
            "td",
            {},
            h("i", { class: "lw-swatch lw-severity", style: { background: severityColour(sqnrDb) } }),
            formatDb(sqnrDb),
          ),
          h("td", {}, formatCosine(cosine)),
          h("td", {}, formatError(maxError)),
          h("td", {}, formatError(relativeError)),
        ),
      ),
    ),
  );
}

function charts(ranges: NonNullable<LayerReport["ranges"]>): HTMLElement[] {
  const parts = [
    ["Weights", ranges.weight],
    ["Output", ranges.output],
  ] as const;
  return parts.flatMap(([name, pair]) =>
    pair
      ? [
          h(
            "figure",
            { class: "lw-range" },
            h(
              "figcaption",
              {},
              h("strong", {}, name),
              h("span", { class: "lw-range-key lw-range-key-before" }, "before"),
              h("span", { class: "lw-range-key lw-range-key-after" }, "after"),
            ),
            fitted((width) => histogramSvg(pair.before, pair.after, width)),
          ),
        ]
      : [],
  );
}

function keepButtons({ row, choices, keep, release }: DetailOptions): HTMLElement | null {
  if (!choices) return null;
  const kept = choices.keep.find(({ path }) => path === row.path);
  if (kept) {
    const as = kept.as === "float32" ? "as it is" : `in ${kept.as}`;
    return h(
      "div",
      { class: "lw-keep" },
      h("span", { class: "lw-muted" }, `Kept ${as}.`),
      button({ label: "Change it again", onClick: release }),
    );
  }
  if (!isChanged(row)) return null;
  return h(
    "div",
    { class: "lw-keep" },
    button({ label: "Keep in fp16", onClick: () => keep("fp16") }),
    button({ label: "Keep as it is", onClick: () => keep("float32") }),
  );
}

export function layerDetail(options: DetailOptions): HTMLElement {
  const { row, ranges, openSource, close, problem } = options;
  const { source } = row;
  const figures = h("div", { class: "lw-ranges" });
  if (row.hasRanges) {
    ranges.then((known) => figures.replaceChildren(...(known ? charts(known) : [])), problem);
  }
  return h(
    "aside",
    { class: "lw-detail", attributes: { "aria-label": `Layer ${layerName(row)}` } },
    h(
      "div",
      { class: "lw-detail-head" },
      h("h2", { class: "lw-path" }, h("bdi", {}, layerName(row))),
      h(
        "button",
        {
          class: "lw-chip-close",
          attributes: { type: "button", "aria-label": "Close this layer", title: "Close (Escape)" },
          on: { click: close },
        },
        icon("close"),
      ),
    ),
    h(
      "div",
      { class: "lw-muted lw-detail-type" },
      row.type,
      source && !openSource ? h("span", { class: "lw-mono" }, `${baseName(source.file)}:${source.line}`) : null,
      source && openSource
        ? h(
            "button",
            { class: "lw-link lw-mono", attributes: { type: "button" }, on: { click: () => openSource(source) } },
            `${baseName(source.file)}:${source.line}`,
          )
        : null,
    ),
    keepButtons(options),
    facts(options),
    differences(row),
    figures,
  );
}
