/** What the colours of the graph mean, in one line; only colours that are in sight are named. */
import { h } from "../kit/dom.ts";
import { colourLegend, opFamily, typeFamily } from "./colour.ts";
import { HARMLESS_DB, RUINED_DB } from "../kit/decibels.ts";
import type { ColourBy, Measurements, Palette } from "./colour.ts";
import { itemKind, itemLabel, itemType } from "./model.ts";
import type { GraphModel } from "./model.ts";
import type { Picture } from "./picture.ts";

export interface LegendOptions {
  model: GraphModel;
  picture: Picture;
  colourBy: ColourBy;
  palette: Palette;
  measurements: Measurements;
  profile(): void;
  quantize(): void;
}

export const isMeasured = (by: ColourBy): boolean => by === "time" || by === "memory";

export function legendParts(options: LegendOptions): HTMLElement[] {
  const { colourBy, palette } = options;
  const { overlay, errors } = options.measurements;
  if (colourBy === "type") return typeEntries(options);
  if (isMeasured(colourBy) && !overlay) return notMeasured("Not measured yet.", "Profile it", options.profile);
  if (colourBy === "error" && !errors) return notMeasured("Not quantized yet.", "Quantize it", options.quantize);
  const ramp = `linear-gradient(90deg, ${palette.heat.join(", ")})`;
  const [low, high] = colourBy === "error" ? [`${HARMLESS_DB} dB`, `${RUINED_DB} dB`] : ["less", "more"];
  const parts: HTMLElement[] = [
    h("span", {}, low),
    h("i", { class: "lw-legend-ramp", style: { background: ramp } }),
    h("span", {}, high),
  ];
  if (colourBy === "error" && errors) parts.push(h("span", { class: "lw-muted" }, errors.label));
  if (isMeasured(colourBy) && overlay) parts.push(h("span", { class: "lw-muted" }, overlay.label));
  return parts;
}

function notMeasured(text: string, action: string, run: () => void): HTMLElement[] {
  const link = { class: "lw-link", attributes: { type: "button" }, on: { click: run } };
  return [h("span", { class: "lw-legend-entry" }, text), h("button", link, action)];
}

function familyOf(model: GraphModel, item: number): string | undefined {
  if (itemKind(model, item) !== "node") return typeFamily(itemType(model, item))?.name;
  return itemType(model, item) === "op" ? opFamily(itemLabel(model, item)).name : undefined;
}

function typeEntries({ model, picture, palette }: LegendOptions): HTMLElement[] {
  const used = new Set(picture.boxes.filter((box) => !box.isOpen).map(({ item }) => familyOf(model, item)));
  return colourLegend()
    .filter(({ name }) => used.has(name))
    .map(({ series, name }) => {
      const swatch = h("i", { class: "lw-swatch", style: { background: palette.series[series]! } });
      return h("span", { class: "lw-legend-entry" }, swatch, name);
    });
}
