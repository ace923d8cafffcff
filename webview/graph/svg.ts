/**
 * A graph as an SVG text: for "Save SVG", the report's print and the command line. Presentation attributes only, so
 * it obeys any content security policy; every name is escaped. No page needed.
 */
import type { Graph } from "../../src/protocol/graph.ts";
import type { GraphOverlay } from "../../src/protocol/views/graph.ts";
import { formatTarget } from "../kit/formats.ts";
import { cardDetail, cardOf, CHIP_SIZE, DETAIL_SIZE, repeats, TITLE_SIZE } from "./card.ts";
import { boxStyler, darkPalette, lightPalette } from "./colour.ts";
import type { BoxStyler, ColourBy, Palette } from "./colour.ts";
import { buildModel, itemKind, itemLabel, itemType } from "./model.ts";
import type { GraphModel } from "./model.ts";
import { layoutPicture, openToDepth } from "./picture.ts";
import type { Box, Picture, Wire } from "./picture.ts";
import { textWidth } from "./measure.ts";

export interface SvgOptions {
  /** How many levels of modules are opened; default 1. Infinity opens all. */
  depth?: number;
  colourBy?: ColourBy;
  overlay?: GraphOverlay | null;
  theme?: "light" | "dark";
  fontFamily?: string;
}

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Characters that XML 1.0 does not allow: controls, and halves of surrogate pairs. */
const FORBIDDEN = new RegExp(
  "[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\ufffe\\uffff]" +
    "|[\\ud800-\\udbff](?![\\udc00-\\udfff])|(?<![\\ud800-\\udbff])[\\udc00-\\udfff]",
  "g",
);

export function escapeXml(text: string): string {
  return text.replace(FORBIDDEN, "\ufffd").replace(/[&<>"]/g, (character) => escapes[character]!);
}

const round = (value: number): string => String(Math.round(value * 10) / 10);

interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

function rect(at: Rect, radius: number, more: string): string {
  const size = `width="${round(at.width)}" height="${round(at.height)}"`;
  return `<rect x="${round(at.x)}" y="${round(at.y)}" ${size} rx="${radius}" ${more}/>`;
}

/** Straight where it is vertical, otherwise an S that leaves and arrives vertically. */
export function wirePath(points: readonly number[]): string {
  let path = `M${round(points[0]!)},${round(points[1]!)}`;
  for (let k = 2; k < points.length; k += 2) {
    const [x0, y0, x1, y1] = [points[k - 2]!, points[k - 1]!, points[k]!, points[k + 1]!];
    if (Math.abs(x1 - x0) < 0.5) path += `L${round(x1)},${round(y1)}`;
    else {
      const middle = (y0 + y1) / 2;
      path += `C${round(x0)},${round(middle)} ${round(x1)},${round(middle)} ${round(x1)},${round(y1)}`;
    }
  }
  return path;
}

function wireSvg(wire: Wire, palette: Palette): string {
  const arrow = wire.isEnd ? ' marker-end="url(#arrow)"' : "";
  return `<path d="${wirePath(wire.points)}" fill="none" stroke="${palette.faint}" stroke-width="1.1"${arrow}/>`;
}

function text(x: number, y: number, content: string, size: number, fill: string, more = ""): string {
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" fill="${fill}"${more}>${escapeXml(content)}</text>`;
}

/** Text that stays legible on top of wires. */
function halo(colour: string): string {
  return ` paint-order="stroke" stroke="${colour}" stroke-width="3" stroke-linejoin="round"`;
}

/** Nested boxes alternate between two shades. */
function ground(box: Box, palette: Palette): string {
  return box.depth % 2 === 1 ? palette.surface : palette.bg;
}

function frameSvg(box: Box, palette: Palette): string {
  return rect(box, 7, `fill="${ground(box, palette)}" stroke="${palette.frame}"`);
}

function titleSvg(model: GraphModel, box: Box, styler: BoxStyler, palette: Palette): string {
  const style = styler(box.item);
  const label = itemLabel(model, box.item);
  const titleWidth = textWidth(label, TITLE_SIZE, true);
  const detail = [itemType(model, box.item), style.value].filter(Boolean).join(" · ");
  return [
    rect({ x: box.x + 10, y: box.y + 9, width: 3, height: 12 }, 1.5, `fill="${style.strip || palette.faint}"`),
    text(box.x + 19, box.y + 19, label, TITLE_SIZE, palette.fg, ` font-weight="600"${halo(ground(box, palette))}`),
    text(box.x + 27 + titleWidth, box.y + 19, detail, DETAIL_SIZE, palette.muted, halo(ground(box, palette))),
  ].join("");
}

function closedBoxSvg(model: GraphModel, box: Box, styler: BoxStyler, palette: Palette): string {
  const style = styler(box.item);
  const card = cardOf(model, box.item);
  const kind = itemKind(model, box.item);
  const parts: string[] = [];
  const isTerminal = kind === "node" && itemType(model, box.item) !== "op";
  const radius = isTerminal ? box.height / 2 : 5;
  const sheet = (shift: number, fill: string): string =>
    rect({ ...box, x: box.x + shift, y: box.y + shift }, radius, `fill="${fill}" stroke="${style.stroke}"`);
  if (kind === "stack") parts.push(sheet(6, palette.bg), sheet(3, palette.bg));
  parts.push(sheet(0, style.fill));
  if (style.strip) {
    parts.push(rect({ x: box.x, y: box.y + 6, width: 3, height: box.height - 12 }, 0, `fill="${style.strip}"`));
  }
  const middle = box.x + box.width / 2;
  const anchor = ' text-anchor="middle"';
  const detail = cardDetail(card, style);
  const titleY = detail ? box.y + 18 : box.y + box.height / 2 + 4;
  if (kind === "node") {
    parts.push(text(middle, titleY, card.title, TITLE_SIZE, style.text, `${anchor} font-weight="600"`));
    if (detail) parts.push(text(middle, box.y + 33, detail, DETAIL_SIZE, style.detail, anchor));
  } else {
    parts.push(text(box.x + 12, titleY, card.title, TITLE_SIZE, style.text, ' font-weight="600"'));
    parts.push(text(box.x + 12, box.y + 33, detail, DETAIL_SIZE, style.detail));
    if (kind === "stack") {
      const count = `×${repeats(model, box.item)}`;
      parts.push(
        text(box.x + box.width - 10, titleY, count, TITLE_SIZE, style.text, ' text-anchor="end" font-weight="600"'),
      );
    }
  }
  const name = `${itemLabel(model, box.item)} (${itemType(model, box.item)})`;
  return `<g><title>${escapeXml(name)}</title>${parts.join("")}</g>`;
}

/** A picture that is already laid out, with the styles it is shown in. */
export function pictureSvg(
  model: GraphModel,
  picture: Picture,
  styler: BoxStyler,
  palette: Palette,
  fontFamily: string,
): string {
  const margin = 12;
  const width = Math.ceil(picture.width + 2 * margin);
  const height = Math.ceil(picture.height + 2 * margin);
  const opened = picture.boxes.filter((box) => box.isOpen);
  const closed = picture.boxes.filter((box) => !box.isOpen).map((box) => closedBoxSvg(model, box, styler, palette));
  const chips = picture.chips.map((chip) =>
    [
      rect(chip, 9, `fill="${palette.surface}" stroke="${palette.border}" stroke-dasharray="3 2"`),
      text(chip.x + chip.width / 2, chip.y + 12.5, chip.text, CHIP_SIZE, palette.muted, ' text-anchor="middle"'),
    ].join(""),
  );
  const labels = picture.labels.map((label) =>
    text(label.x, label.y, label.text, DETAIL_SIZE, palette.muted, halo(palette.bg)),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"`,
    ` viewBox="${-margin} ${-margin} ${width} ${height}"`,
    ` font-family="${escapeXml(fontFamily)}">`,
    `<title>${escapeXml(formatTarget(model.graph.target))}</title>`,
    `<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">`,
    `<path d="M0,0.8L7.5,4L0,7.2z" fill="${palette.faint}"/></marker></defs>`,
    `<rect x="${-margin}" y="${-margin}" width="${width}" height="${height}" fill="${palette.bg}"/>`,
    ...opened.map((box) => frameSvg(box, palette)),
    ...picture.wires.map((wire) => wireSvg(wire, palette)),
    ...opened.map((box) => titleSvg(model, box, styler, palette)),
    ...closed,
    ...chips,
    ...labels,
    "</svg>",
  ].join("");
}

/** The whole way from a graph to an SVG. */
export function renderSvg(graph: Graph, options: SvgOptions = {}): string {
  const {
    depth = 1,
    overlay = null,
    theme = "light",
    fontFamily = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif",
  } = options;
  const colourBy = options.colourBy ?? (overlay ? "time" : "type");
  const palette = theme === "dark" ? darkPalette : lightPalette;
  const model = buildModel(graph);
  const picture = layoutPicture(model, openToDepth(model, depth));
  const styler = boxStyler(model, picture.boxes, colourBy, { overlay, errors: null }, palette);
  return pictureSvg(model, picture, styler, palette, fontFamily);
}
