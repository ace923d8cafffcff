/** What the colours of the graph mean, in one line; only colours that are in sight are named. */
import type { GraphOverlay } from "../../src/protocol/views/graph.ts";
import { h } from "../kit/dom.ts";
import { colourLegend, opFamily, typeFamily } from "./colour.ts";
import type { ColourBy, Palette } from "./colour.ts";
import { itemKind, itemLabel, itemType } from "./model.ts";
import type { GraphModel } from "./model.ts";
import type { Picture } from "./picture.ts";

export interface LegendOptions {
  model: GraphModel;
  picture: Picture;
  colourBy: ColourBy;
  palette: Palette;
  overlay: GraphOverlay | null;
  profile(): void;
}

export const isMeasured = (by: ColourBy): boolean => by === "time" || by === "memory";

export function legendParts(options: LegendOptions): HTMLElement[] {
  const { colourBy, palette, overlay } = options;
  if (colourBy === "type") return typeEntries(options);
  if (isMeasured(colourBy) && !overlay) {
    const link = { class: "lw-link", attributes: { type: "button" }, on: { click: options.profile } };
    return [h("span", { class: "lw-legend-entry" }, "Not measured yet."), h("button", link, "Profile it")];
  }
  const ramp = `linear-gradient(90deg, ${palette.heat.join(", ")})`;
  const parts: HTMLElement[] = [
    h("span", {}, "less"),
    h("i", { class: "lw-legend-ramp", style: { background: ramp } }),
    h("span", {}, "more"),
  ];
  if (isMeasured(colourBy) && overlay) parts.push(h("span", { class: "lw-muted" }, overlay.label));
  return parts;
}

function seriesOf(model: GraphModel, item: number): number | undefined {
  if (itemKind(model, item) !== "node") return typeFamily(itemType(model, item))?.series;
  return itemType(model, item) === "op" ? opFamily(itemLabel(model, item)).series : undefined;
}

function typeEntries({ model, picture, palette }: LegendOptions): HTMLElement[] {
  const used = new Set(picture.boxes.filter((box) => !box.isOpen).map(({ item }) => seriesOf(model, item)));
  return colourLegend()
    .filter(({ series }) => used.has(series))
    .map(({ series, name }) => {
      const swatch = h("i", { class: "lw-swatch", style: { background: palette.series[series]! } });
      return h("span", { class: "lw-legend-entry" }, swatch, name);
    });
}
