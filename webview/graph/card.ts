/** What stands on a closed box and how large it is: two lines of text at most. Pure; the same for screen and SVG. */
import { formatCount, formatShape } from "../kit/formats.ts";
import { fitText, textWidth } from "./measure.ts";
import { itemKind, itemLabel, itemType } from "./model.ts";
import type { GraphModel } from "./model.ts";

export const TITLE_SIZE = 12;
export const DETAIL_SIZE = 10.5;
export const CHIP_SIZE = 10;
const MAX_TEXT = 216;
const PADDING = 12;
const CARD_HEIGHT = 42;

export interface Card {
  title: string;
  detail: string;
  width: number;
  height: number;
}

/** "weight" of "h.0.mlp.c_fc.weight": the boxes around say the rest. */
function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

function nodeDetail(model: GraphModel, item: number): string {
  const node = model.graph.nodes[item]!;
  if (node.kind !== "op") {
    const [tensor] = node.outputs;
    const name = node.kind === "parameter" || node.kind === "constant" ? `${node.kind} ` : "";
    return tensor ? `${name}${tensor.dtype} ${formatShape(tensor.shape)}` : node.kind;
  }
  const data = (model.absorbed.get(item) ?? []).map((each) => model.graph.nodes[each]!);
  const weight = data.find(({ kind }) => kind === "parameter") ?? data[0];
  const shape = weight?.outputs[0]?.shape ?? [];
  const value = weight?.attributes["value"];
  const parts =
    value !== undefined
      ? [value]
      : weight && shape.length > 0
        ? [`${lastPart(weight.label)} ${formatShape(shape)}`]
        : [];
  for (const [name, value] of Object.entries(node.attributes).slice(0, 2)) parts.push(`${name}=${value}`);
  return parts.join(" · ");
}

function boxDetail(model: GraphModel, item: number): string {
  const nOps = model.nOps[item]!;
  const ops = `${formatCount(nOps)} op${nOps === 1 ? "" : "s"}`;
  return [itemType(model, item), ops].filter((part) => part !== "").join(" · ");
}

export function repeats(model: GraphModel, item: number): number {
  return itemKind(model, item) === "stack" ? model.children[item]!.length : 1;
}

export function cardOf(model: GraphModel, item: number): Card {
  const kind = itemKind(model, item);
  const title = fitText(itemLabel(model, item), TITLE_SIZE, MAX_TEXT, true);
  const full = kind === "node" ? nodeDetail(model, item) : boxDetail(model, item);
  const detail = fitText(full, DETAIL_SIZE, MAX_TEXT);
  const badge = kind === "stack" ? textWidth(`×${repeats(model, item)}`, TITLE_SIZE, true) + 16 : 0;
  const titleWidth = textWidth(title, TITLE_SIZE, true) + badge + (kind === "node" ? 0 : 18);
  const text = Math.max(titleWidth, textWidth(detail, DETAIL_SIZE));
  return {
    title,
    detail,
    width: Math.ceil(Math.max(kind === "node" ? 68 : 108, text + 2 * PADDING)),
    height: CARD_HEIGHT,
  };
}

/** The second line: the measured value where boxes are coloured by one, otherwise what the box is made of. */
export function cardDetail(card: Card, style: { value: string }): string {
  return style.value || card.detail;
}

/** Width that the title line of an open box needs, with room for a measured value. */
export function headerWidth(model: GraphModel, item: number): number {
  const title = textWidth(itemLabel(model, item), TITLE_SIZE, true);
  return 19 + title + 8 + textWidth(`${itemType(model, item)} · 000 ms`, DETAIL_SIZE) + 12;
}
