/**
 * Draws a picture on a canvas through a camera, leaving out what is outside or too small to see. It holds no state of
 * its own and decides nothing.
 */
import { cardDetail, cardOf, CHIP_SIZE, DETAIL_SIZE, repeats, TITLE_SIZE } from "./card.ts";
import type { Card } from "./card.ts";
import type { BoxStyler, Palette } from "./colour.ts";
import { itemKind, itemLabel, itemType } from "./model.ts";
import type { GraphModel } from "./model.ts";
import type { Box, Picture, Wire } from "./picture.ts";

export interface Camera {
  x: number;
  y: number;
  k: number;
}

export interface PaintOptions {
  model: GraphModel;
  picture: Picture;
  styler: BoxStyler;
  palette: Palette;
  font: string;
  camera: Camera;
  width: number;
  height: number;
  ratio: number;
  selected: number | null;
  hovered: number | null;
  /** Where boxes are during a transition. */
  boxAt(box: Box): { x: number; y: number; width: number; height: number; alpha: number };
  /** 0 while everything moves, 1 when wires and labels are where they belong. */
  settled: number;
}

const TEXT_PIXELS = 4.2;
const cards = new WeakMap<GraphModel, Map<number, Card>>();

function cachedCard(model: GraphModel, item: number): Card {
  let known = cards.get(model);
  if (!known) cards.set(model, (known = new Map()));
  let card = known.get(item);
  if (!card) known.set(item, (card = cardOf(model, item)));
  return card;
}

/** Left, top, right, bottom of each wire, four numbers per wire. */
export function wireBounds(wires: readonly Wire[]): Float32Array {
  const bounds = new Float32Array(wires.length * 4);
  wires.forEach(({ points }, i) => {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let k = 0; k < points.length; k += 2) {
      left = Math.min(left, points[k]!);
      right = Math.max(right, points[k]!);
      top = Math.min(top, points[k + 1]!);
      bottom = Math.max(bottom, points[k + 1]!);
    }
    bounds.set([left, top, right, bottom], i * 4);
  });
  return bounds;
}

interface View {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export function paintGraph(context: CanvasRenderingContext2D, options: PaintOptions, bounds: Float32Array): void {
  const { camera, width, height, ratio, picture, palette } = options;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.globalAlpha = 1;
  context.fillStyle = palette.bg;
  context.fillRect(0, 0, width, height);
  context.setTransform(ratio * camera.k, 0, 0, ratio * camera.k, ratio * camera.x, ratio * camera.y);
  const view: View = {
    left: -camera.x / camera.k,
    top: -camera.y / camera.k,
    right: (width - camera.x) / camera.k,
    bottom: (height - camera.y) / camera.k,
  };
  for (const box of picture.boxes) if (box.isOpen) paintFrame(context, options, box, view);
  paintWires(context, options, bounds, view);
  for (const box of picture.boxes) if (box.isOpen) paintTitle(context, options, box, view);
  for (const box of picture.boxes) if (!box.isOpen) paintCard(context, options, box, view);
  paintChips(context, options, view);
  paintLabels(context, options, view);
  context.globalAlpha = 1;
}

function isOutside(at: { x: number; y: number; width: number; height: number }, view: View): boolean {
  return at.x > view.right || at.y > view.bottom || at.x + at.width < view.left || at.y + at.height < view.top;
}

function roundRect(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
  radius: number,
): void {
  context.beginPath();
  context.roundRect(x, y, width, height, Math.min(radius, width / 2, height / 2));
}

function outline(context: CanvasRenderingContext2D, options: PaintOptions, item: number, colour: string): void {
  const isSelected = options.selected === item;
  const isHovered = options.hovered === item;
  context.strokeStyle = isSelected || isHovered ? options.palette.accent : colour;
  context.lineWidth = (isSelected ? 2.2 : isHovered ? 1.4 : 1) / Math.max(0.35, Math.min(1, options.camera.k));
  context.stroke();
}

function paintFrame(context: CanvasRenderingContext2D, options: PaintOptions, box: Box, view: View): void {
  const at = options.boxAt(box);
  if (isOutside(at, view) || at.height * options.camera.k < 1) return;
  context.globalAlpha = at.alpha;
  roundRect(context, at.x, at.y, at.width, at.height, 7);
  context.fillStyle = box.depth % 2 === 1 ? options.palette.surface : options.palette.bg;
  context.fill();
  outline(context, options, box.item, options.palette.frame);
}

function haloText(
  context: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  fill: string,
  halo: string,
  room?: number,
): void {
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.strokeStyle = halo;
  context.strokeText(text, x, y, room);
  context.fillStyle = fill;
  context.fillText(text, x, y, room);
}

function paintTitle(context: CanvasRenderingContext2D, options: PaintOptions, box: Box, view: View): void {
  const { camera, model, palette, font, styler } = options;
  if (camera.k * TITLE_SIZE < TEXT_PIXELS) return;
  const at = options.boxAt(box);
  if (isOutside(at, view)) return;
  const style = styler(box.item);
  context.globalAlpha = at.alpha;
  const y = at.y + 19;
  const title = itemLabel(model, box.item);
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  context.fillStyle = style.strip || palette.faint;
  context.fillRect(at.x + 10, y - 10, 3, 12);
  context.font = `600 ${TITLE_SIZE}px ${font}`;
  const ground = box.depth % 2 === 1 ? palette.surface : palette.bg;
  haloText(context, title, at.x + 19, y, palette.fg, ground, Math.max(20, at.width - 30));
  const used = 27 + context.measureText(title).width;
  const room = at.width - used - 10;
  if (room < 24) return;
  context.font = `400 ${DETAIL_SIZE}px ${font}`;
  const detail = [itemType(model, box.item), style.value].filter(Boolean).join(" · ");
  haloText(context, detail, at.x + used, y, palette.muted, ground, room);
}

function paintCard(context: CanvasRenderingContext2D, options: PaintOptions, box: Box, view: View): void {
  const { camera, model, palette, font, styler } = options;
  const at = options.boxAt(box);
  if (isOutside(at, view)) return;
  const pixels = at.height * camera.k;
  if (pixels < 0.7) return;
  const style = styler(box.item);
  const kind = itemKind(model, box.item);
  context.globalAlpha = at.alpha;
  if (pixels < 5) {
    context.fillStyle = style.strip || style.fill;
    context.fillRect(at.x, at.y, at.width, at.height);
    return;
  }
  const isTerminal = kind === "node" && itemType(model, box.item) !== "op";
  const radius = isTerminal ? at.height / 2 : 5;
  if (kind === "stack") {
    for (const shift of [6, 3]) {
      roundRect(context, at.x + shift, at.y + shift, at.width, at.height, radius);
      context.fillStyle = palette.bg;
      context.fill();
      outline(context, { ...options, selected: null, hovered: null }, box.item, style.stroke);
    }
  }
  roundRect(context, at.x, at.y, at.width, at.height, radius);
  context.fillStyle = style.fill;
  context.fill();
  if (style.strip) {
    context.fillStyle = style.strip;
    context.fillRect(at.x, at.y + 6, 3, at.height - 12);
    roundRect(context, at.x, at.y, at.width, at.height, radius);
  }
  outline(context, options, box.item, style.stroke);
  if (camera.k * TITLE_SIZE < TEXT_PIXELS) return;
  paintCardText(
    context,
    options,
    box.item,
    at,
    style.text,
    style.detail,
    cardDetail(cachedCard(model, box.item), style),
    font,
  );
}

function paintCardText(
  context: CanvasRenderingContext2D,
  options: PaintOptions,
  item: number,
  at: { x: number; y: number; width: number; height: number },
  colour: string,
  detailColour: string,
  detail: string,
  font: string,
): void {
  const { model } = options;
  const card = cachedCard(model, item);
  const kind = itemKind(model, item);
  const room = Math.max(1, at.width - 12);
  const titleY = detail ? at.y + 18 : at.y + at.height / 2 + 4;
  context.textBaseline = "alphabetic";
  context.fillStyle = colour;
  context.font = `600 ${TITLE_SIZE}px ${font}`;
  const isNode = kind === "node";
  context.textAlign = isNode ? "center" : "left";
  const x = isNode ? at.x + at.width / 2 : at.x + 12;
  const badge = kind === "stack" ? `×${repeats(model, item)}` : "";
  context.fillText(card.title, x, titleY, badge ? room - 30 : room);
  if (badge) {
    context.textAlign = "right";
    context.fillText(badge, at.x + at.width - 10, titleY);
    context.textAlign = "left";
  }
  if (!detail) return;
  context.font = `400 ${DETAIL_SIZE}px ${font}`;
  context.fillStyle = detailColour;
  context.fillText(detail, x, at.y + 33, room);
}

function traceWire(context: CanvasRenderingContext2D, points: readonly number[], isStraight: boolean): void {
  context.moveTo(points[0]!, points[1]!);
  for (let k = 2; k < points.length; k += 2) {
    const [x0, y0, x1, y1] = [points[k - 2]!, points[k - 1]!, points[k]!, points[k + 1]!];
    if (isStraight || Math.abs(x1 - x0) < 0.5) context.lineTo(x1, y1);
    else {
      const middle = (y0 + y1) / 2;
      context.bezierCurveTo(x0, middle, x1, middle, x1, y1);
    }
  }
}

const BATCH = 300;

function paintWires(context: CanvasRenderingContext2D, options: PaintOptions, bounds: Float32Array, view: View): void {
  const { camera, picture, palette, selected, hovered, settled } = options;
  if (settled <= 0) return;
  const isStraight = camera.k < 0.2;
  const leastPixels = camera.k < 0.1 ? 2 : 0;
  const shown: Wire[] = [];
  const marked: Wire[] = [];
  context.globalAlpha = settled;
  context.strokeStyle = palette.faint;
  context.lineWidth = 1.1 / Math.max(0.4, Math.min(1, camera.k));
  let batched = 0;
  context.beginPath();
  for (let i = 0; i < picture.wires.length; i++) {
    const at = i * 4;
    if (
      bounds[at]! > view.right ||
      bounds[at + 1]! > view.bottom ||
      bounds[at + 2]! < view.left ||
      bounds[at + 3]! < view.top
    )
      continue;
    if ((bounds[at + 3]! - bounds[at + 1]!) * camera.k < leastPixels) continue;
    const wire = picture.wires[i]!;
    shown.push(wire);
    const isMarked = wire.from === selected || wire.to === selected || wire.from === hovered || wire.to === hovered;
    if (isMarked) marked.push(wire);
    traceWire(context, wire.points, isStraight);
    if (++batched % BATCH === 0) {
      context.stroke();
      context.beginPath();
    }
  }
  context.stroke();
  if (camera.k > 0.3) paintArrows(context, shown, palette.faint);
  if (marked.length === 0) return;
  context.strokeStyle = palette.accent;
  context.lineWidth = 1.8 / Math.max(0.4, Math.min(1, camera.k));
  context.beginPath();
  for (const wire of marked) traceWire(context, wire.points, isStraight);
  context.stroke();
  if (camera.k > 0.3) paintArrows(context, marked, palette.accent);
}

function paintArrows(context: CanvasRenderingContext2D, wires: readonly Wire[], colour: string): void {
  context.fillStyle = colour;
  context.beginPath();
  for (const { points, isEnd } of wires) {
    if (!isEnd) continue;
    const x = points.at(-2)!;
    const y = points.at(-1)!;
    const back = points.at(-3)! > y ? 6.5 : -6.5;
    context.moveTo(x, y);
    context.lineTo(x - 3.4, y + back);
    context.lineTo(x + 3.4, y + back);
    context.closePath();
  }
  context.fill();
}

function paintChips(context: CanvasRenderingContext2D, options: PaintOptions, view: View): void {
  const { camera, picture, palette, font, settled, selected } = options;
  if (camera.k * CHIP_SIZE < TEXT_PIXELS - 1 || settled <= 0) return;
  context.globalAlpha = settled;
  context.font = `400 ${CHIP_SIZE}px ${font}`;
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  for (const chip of picture.chips) {
    if (isOutside(chip, view)) continue;
    roundRect(context, chip.x, chip.y, chip.width, chip.height, 9);
    context.fillStyle = palette.surface;
    context.fill();
    context.setLineDash([3, 2]);
    context.lineWidth = 1;
    context.strokeStyle = chip.item === selected ? palette.accent : palette.faint;
    context.stroke();
    context.setLineDash([]);
    context.fillStyle = palette.muted;
    context.fillText(chip.text, chip.x + chip.width / 2, chip.y + 12.5, chip.width - 8);
  }
}

function paintLabels(context: CanvasRenderingContext2D, options: PaintOptions, view: View): void {
  const { camera, picture, palette, font, settled } = options;
  if (camera.k * DETAIL_SIZE < 6 || settled <= 0) return;
  context.globalAlpha = settled;
  context.font = `400 ${DETAIL_SIZE}px ${font}`;
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  for (const label of picture.labels) {
    if (label.x > view.right || label.y < view.top || label.y - 12 > view.bottom || label.x + 160 < view.left) continue;
    haloText(context, label.text, label.x, label.y, palette.muted, palette.bg);
  }
}
