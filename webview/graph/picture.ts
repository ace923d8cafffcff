/**
 * The drawing of a graph with some boxes open: every box and wire with absolute coordinates. Each open box is laid out
 * by itself, innermost first; wires cross its border at ports. Wires of one source that would cross many ranks to
 * many readers become chips beside the readers. Pure and iterative.
 */
import { formatShape } from "../kit/formats.ts";
import { cardOf, CHIP_SIZE, headerWidth } from "./card.ts";
import { layoutLevel, rankItems } from "./layout.ts";
import type { LevelInput, Ranking } from "./layout.ts";
import { fitText, textWidth } from "./measure.ts";
import { itemKind, itemLabel } from "./model.ts";
import type { GraphModel } from "./model.ts";

/** A source with at least this many readers is cut where a wire would span more than this many ranks. */
const SHARED_READERS = 3;
const LONG_SPAN = 2;
/** More dummies than this per item and level, and the longest wires are cut whoever reads them. */
const DUMMIES_PER_ITEM = 6;
const SPARE_DUMMIES = 6000;

export const HEADER = 30;
export const PADDING = 16;
/** Ports sit in a rank of their own, which needs less room than ranks of boxes. */
const PORT_TOP = 2;
const PORT_BOTTOM = -16;

export interface Box {
  item: number;
  /** Top left corner. */
  x: number;
  y: number;
  width: number;
  height: number;
  isOpen: boolean;
  depth: number;
}

/** A stand-in for a far source, right above its reader. */
export interface Chip {
  /** The source item; a click goes there. */
  item: number;
  output: number;
  reader: number;
  text: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Wire {
  from: number;
  /** Reader, or the open box whose border the wire ends at. */
  to: number;
  output: number;
  /** x, y, x, y, … */
  points: number[];
  /** True where it reaches the reader. */
  isEnd: boolean;
}

export interface WireLabel {
  from: number;
  text: string;
  x: number;
  y: number;
}

export interface Picture {
  width: number;
  height: number;
  /** Outer boxes before the ones inside them. */
  boxes: Box[];
  chips: Chip[];
  wires: Wire[];
  labels: WireLabel[];
}

interface Link {
  source: number;
  from: number;
  to: number;
  output: number;
  /** Node edges it stands for. */
  edges: number[];
  isCut: boolean;
}

/** What stands in one open box: children first, then ports in, ports out, chips. */
interface Level {
  box: number;
  items: LevelItem[];
  indexOf: Map<string, number>;
  pieces: Piece[];
}

interface LevelItem {
  kind: "item" | "in" | "out" | "chip";
  item: number;
  link: Link | null;
}

interface Piece {
  from: number;
  to: number;
  links: Link[];
}

const ANY_OUTPUT = 63;

/** For every item, the box or node that stands for it now. */
function representatives(model: GraphModel, isOpen: Uint8Array): Int32Array {
  const shown = new Int32Array(model.parent.length).fill(-1);
  shown[model.root] = model.root;
  const stack = [model.root];
  for (let box = stack.pop(); box !== undefined; box = stack.pop()) {
    for (const child of model.children[box]!) {
      shown[child] = isOpen[box] ? child : shown[box]!;
      if (child >= model.nNodes) stack.push(child);
    }
  }
  return shown;
}

function collectLinks(model: GraphModel, shown: Int32Array): Link[] {
  const links = new Map<number, Link>();
  const nItems = model.parent.length;
  for (let e = 0; e < model.from.length; e++) {
    const from = shown[model.from[e]!]!;
    const to = shown[model.to[e]!]!;
    if (from < 0 || to < 0 || from === to) continue;
    const output = from < model.nNodes ? Math.min(Math.max(0, model.output[e]!), ANY_OUTPUT - 1) : ANY_OUTPUT;
    const key = (from * nItems + to) * 64 + output;
    const link = links.get(key);
    if (link) link.edges.push(e);
    else links.set(key, { source: from * 64 + output, from, to, output, edges: [e], isCut: false });
  }
  return [...links.values()];
}

/** The boxes that a link leaves and enters, and the one where both ends meet. */
function route(model: GraphModel, depth: Int32Array, link: Link): { up: number[]; down: number[]; meet: number } {
  const up = [link.from];
  const down = [link.to];
  let a = link.from;
  let b = link.to;
  while (model.parent[a] !== model.parent[b]) {
    if (depth[a]! >= depth[b]!) {
      a = model.parent[a]!;
      up.push(a);
    } else {
      b = model.parent[b]!;
      down.push(b);
    }
  }
  return { up, down, meet: model.parent[a]! };
}

class LevelMaker {
  readonly levels = new Map<number, Level>();
  private readonly model: GraphModel;

  constructor(model: GraphModel, boxes: number[]) {
    this.model = model;
    for (const box of boxes) {
      const level: Level = { box, items: [], indexOf: new Map(), pieces: [] };
      this.levels.set(box, level);
      for (const item of model.children[box]!) this.index(level, "item", item, null);
    }
  }

  index(level: Level, kind: LevelItem["kind"], item: number, link: Link | null): number {
    const key =
      kind === "item" ? `${item}` : kind === "chip" ? `chip ${link!.source} ${item}` : `${kind} ${link!.source}`;
    let at = level.indexOf.get(key);
    if (at === undefined) {
      at = level.items.length;
      level.items.push({ kind, item, link });
      level.indexOf.set(key, at);
    }
    return at;
  }

  private readonly pieceOf = new Map<string, Piece>();

  piece(level: Level, from: number, to: number, link: Link): void {
    const key = `${level.box} ${from} ${to} ${link.source}`;
    const known = this.pieceOf.get(key);
    if (known) {
      known.links.push(link);
      return;
    }
    const piece: Piece = { from, to, links: [link] };
    this.pieceOf.set(key, piece);
    level.pieces.push(piece);
  }

  add(link: Link, depth: Int32Array): void {
    const { up, down, meet } = route(this.model, depth, link);
    for (let k = 0; k + 1 < up.length; k++) {
      const level = this.levels.get(up[k + 1]!)!;
      this.piece(level, this.index(level, "item", up[k]!, null), this.index(level, "out", -1, link), link);
    }
    const level = this.levels.get(meet)!;
    this.piece(level, this.index(level, "item", up.at(-1)!, null), this.index(level, "item", down.at(-1)!, null), link);
    for (let k = 0; k + 1 < down.length; k++) {
      const inner = this.levels.get(down[k + 1]!)!;
      this.piece(inner, this.index(inner, "in", -1, link), this.index(inner, "item", down[k]!, null), link);
    }
  }

  addChip(link: Link): void {
    const level = this.levels.get(this.model.parent[link.to]!)!;
    const chip = this.index(level, "chip", link.to, link);
    this.piece(level, chip, this.index(level, "item", link.to, null), link);
  }
}

function pins(level: Level): Int8Array {
  return Int8Array.from(level.items, ({ kind }) => (kind === "in" ? -1 : kind === "out" ? 1 : 0));
}

function ends(pieces: Piece[]): { from: Int32Array; to: Int32Array } {
  return { from: Int32Array.from(pieces, (p) => p.from), to: Int32Array.from(pieces, (p) => p.to) };
}

/** Mark the links that would cross too many ranks of this level. */
function cutLong(level: Level): void {
  const pieces = level.pieces.filter((piece) => piece.links.some((link) => !link.isCut));
  if (pieces.length === 0) return;
  const { rank } = rankItems({ pin: pins(level), ...ends(pieces) });
  const readers = new Map<number, number>();
  for (const piece of pieces) {
    const { source } = piece.links[0]!;
    readers.set(source, (readers.get(source) ?? 0) + 1);
  }
  const cut = (piece: Piece): void => piece.links.forEach((link) => (link.isCut = true));
  const spanOf = (piece: Piece): number => Math.abs(rank[piece.to]! - rank[piece.from]!);
  const nearest = new Map<number, Piece>();
  for (const piece of pieces) {
    const best = nearest.get(piece.links[0]!.source);
    if (!best || spanOf(piece) < spanOf(best)) nearest.set(piece.links[0]!.source, piece);
  }
  let dummies = 0;
  const kept: Piece[] = [];
  for (const piece of pieces) {
    const { source } = piece.links[0]!;
    const stays = level.items[piece.to]!.kind === "out" || nearest.get(source) === piece;
    if (!stays && spanOf(piece) > LONG_SPAN && readers.get(source)! >= SHARED_READERS) cut(piece);
    else {
      kept.push(piece);
      dummies += spanOf(piece) - 1;
    }
  }
  const most = level.items.length * DUMMIES_PER_ITEM + SPARE_DUMMIES;
  if (dummies <= most) return;
  for (const piece of kept.sort((a, b) => spanOf(b) - spanOf(a))) {
    if (dummies <= most || spanOf(piece) <= LONG_SPAN) break;
    cut(piece);
    dummies -= spanOf(piece) - 1;
  }
}

interface Laid {
  level: Level;
  x: Float64Array;
  y: Float64Array;
  itemWidth: Float64Array;
  itemHeight: Float64Array;
  routes: number[][];
  width: number;
  height: number;
  /** Room above the content. */
  top: number;
}

export function sourceText(model: GraphModel, item: number): string {
  return fitText(itemLabel(model, item), CHIP_SIZE, 110);
}

function laidLevel(model: GraphModel, level: Level, inner: Map<number, Laid>): Laid {
  const n = level.items.length;
  const itemWidth = new Float64Array(n);
  const itemHeight = new Float64Array(n);
  level.items.forEach(({ kind, item, link }, i) => {
    if (kind === "chip") {
      itemWidth[i] = textWidth(sourceText(model, link!.from), CHIP_SIZE) + 14;
      itemHeight[i] = 18;
    } else if (kind === "item") {
      const open = inner.get(item);
      const size = open ?? cardOf(model, item);
      itemWidth[i] = size.width;
      itemHeight[i] = size.height;
    } else itemWidth[i] = 2;
  });
  const portOffset = (at: number, kind: "in" | "out", link: Link): number => {
    const open = inner.get(level.items[at]!.item);
    const port = open?.level.indexOf.get(`${kind} ${link.source}`);
    if (level.items[at]!.kind !== "item" || !open || port === undefined) return 0;
    return open.x[port]! + PADDING - open.width / 2;
  };
  const input: LevelInput = {
    width: itemWidth,
    height: itemHeight,
    pin: pins(level),
    ...ends(level.pieces),
    fromOffset: Float64Array.from(level.pieces, (p) => portOffset(p.from, "out", p.links[0]!)),
    toOffset: Float64Array.from(level.pieces, (p) => portOffset(p.to, "in", p.links[0]!)),
  };
  const ranking: Ranking = rankItems(input);
  const laid = layoutLevel(input, ranking);
  spreadEnds(level, inner, laid.routes, itemWidth);
  const isRoot = level.box === model.root;
  const hasIn = level.items.some((item) => item.kind === "in");
  const top = isRoot ? PADDING : hasIn ? PORT_TOP : HEADER + 6;
  const header = isRoot ? 0 : headerWidth(model, level.box);
  const width = Math.max(laid.width + 2 * PADDING, header);
  const extra = (width - 2 * PADDING - laid.width) / 2;
  if (extra > 0) {
    for (let i = 0; i < n; i++) laid.x[i]! += extra;
    for (const points of laid.routes) for (let k = 0; k < points.length; k += 2) points[k]! += extra;
  }
  const bottom = level.items.some((item) => item.kind === "out") ? PORT_BOTTOM : PADDING;
  return {
    level,
    x: laid.x,
    y: laid.y,
    itemWidth,
    itemHeight,
    routes: laid.routes,
    width,
    height: laid.height + top + bottom,
    top,
  };
}

/** Wires that end at one closed box arrive side by side, in the order they come from. */
function spreadEnds(level: Level, inner: Map<number, Laid>, routes: number[][], itemWidth: Float64Array): void {
  const arriving = new Map<number, number[]>();
  level.pieces.forEach((piece, p) => {
    const target = level.items[piece.to]!;
    if (target.kind !== "item" || inner.has(target.item)) return;
    const list = arriving.get(piece.to);
    if (list) list.push(p);
    else arriving.set(piece.to, [p]);
  });
  for (const [item, list] of arriving) {
    if (list.length < 2) continue;
    list.sort((a, b) => routes[a]!.at(-4)! - routes[b]!.at(-4)!);
    const step = Math.min(16, (itemWidth[item]! * 0.66) / (list.length - 1));
    list.forEach((p, k) => {
      const points = routes[p]!;
      points[points.length - 2]! += (k - (list.length - 1) / 2) * step;
    });
  }
}

function labelText(model: GraphModel, link: Link): string {
  const tensors = new Set(link.edges.map((e) => model.from[e]! * 64 + model.output[e]!));
  if (tensors.size > 1) return `${tensors.size} tensors`;
  const e = link.edges[0]!;
  const tensor = model.graph.nodes[model.from[e]!]!.outputs[model.output[e]!];
  // A tensor without a type is one that the file does not describe.
  return tensor && tensor.dtype !== "" ? formatShape(tensor.shape) : "";
}

/** Lay out the graph with these boxes open; the root always is. */
export function layoutPicture(model: GraphModel, open: ReadonlySet<number>): Picture {
  const isOpen = new Uint8Array(model.parent.length);
  isOpen[model.root] = 1;
  for (const item of open) if (item >= model.nNodes && item < isOpen.length) isOpen[item] = 1;
  const depth = new Int32Array(model.parent.length);
  const boxes: number[] = [];
  const queue = [model.root];
  for (let at = 0; at < queue.length; at++) {
    const box = queue[at]!;
    boxes.push(box);
    for (const child of model.children[box]!) {
      depth[child] = depth[box]! + 1;
      if (isOpen[child]) queue.push(child);
    }
  }
  const links = collectLinks(model, representatives(model, isOpen));
  const draft = new LevelMaker(model, boxes);
  for (const link of links) draft.add(link, depth);
  for (const box of boxes) cutLong(draft.levels.get(box)!);
  const isAnyCut = links.some((link) => link.isCut);
  const maker = isAnyCut ? new LevelMaker(model, boxes) : draft;
  if (isAnyCut) {
    for (const link of links) {
      if (link.isCut) maker.addChip(link);
      else maker.add(link, depth);
    }
  }
  const laid = new Map<number, Laid>();
  for (const box of boxes.toReversed()) laid.set(box, laidLevel(model, maker.levels.get(box)!, laid));
  return assemble(model, boxes, laid, depth);
}

function assemble(model: GraphModel, boxes: number[], laid: Map<number, Laid>, depth: Int32Array): Picture {
  const root = laid.get(model.root)!;
  const picture: Picture = { width: root.width, height: root.height, boxes: [], chips: [], wires: [], labels: [] };
  const corner = new Map<number, { x: number; y: number }>([[model.root, { x: 0, y: 0 }]]);
  const starts = new Map<number, Map<number, { link: Link; points: number[] }>>();
  for (const box of boxes) {
    const own = laid.get(box)!;
    const { x: left, y: top } = corner.get(box)!;
    const contentLeft = left + PADDING;
    const contentTop = top + own.top;
    own.level.items.forEach(({ kind, item, link }, i) => {
      const x = contentLeft + own.x[i]! - own.itemWidth[i]! / 2;
      const y = contentTop + own.y[i]! - own.itemHeight[i]! / 2;
      const size = { width: own.itemWidth[i]!, height: own.itemHeight[i]! };
      if (kind === "item") {
        picture.boxes.push({ item, x, y, ...size, isOpen: laid.has(item), depth: depth[item]! });
        corner.set(item, { x, y });
      } else if (kind === "chip") {
        picture.chips.push({
          item: link!.from,
          output: link!.output,
          reader: item,
          text: sourceText(model, link!.from),
          x,
          y,
          ...size,
        });
      }
    });
    own.level.pieces.forEach((piece, p) => {
      const points = own.routes[p]!.slice();
      for (let k = 0; k < points.length; k += 2) {
        points[k]! += contentLeft;
        points[k + 1]! += contentTop;
      }
      const target = own.level.items[piece.to]!;
      const source = own.level.items[piece.from]!;
      if (source.kind === "in") points[1] = top;
      if (target.kind === "out") points[points.length - 1] = top + own.height;
      const link = piece.links[0]!;
      const isReader = target.kind === "item" && !laid.has(target.item);
      picture.wires.push({
        from: link.from,
        to: target.kind === "item" ? target.item : box,
        output: link.output,
        points,
        isEnd: isReader,
      });
      if (source.kind !== "item" || source.item !== link.from) return;
      const outputs = starts.get(link.from) ?? new Map<number, { link: Link; points: number[] }>();
      if (!outputs.has(link.source)) outputs.set(link.source, { link, points });
      starts.set(link.from, outputs);
    });
  }
  for (const outputs of starts.values()) addLabels(model, picture, [...outputs.values()]);
  return picture;
}

/** Shapes below the source where one label says it all, otherwise at the far end of each output's first wire. */
function addLabels(model: GraphModel, picture: Picture, outputs: { link: Link; points: number[] }[]): void {
  const texts = outputs.map(({ link }) => labelText(model, link));
  if (new Set(texts).size === 1) {
    const { link, points } = outputs[0]!;
    const below = itemKind(model, link.from) === "stack" ? 19 : 14;
    picture.labels.push({ from: link.from, text: texts[0]!, x: points[0]! + 6, y: points[1]! + below });
    return;
  }
  outputs.forEach(({ link, points }, i) => {
    picture.labels.push({ from: link.from, text: texts[i]!, x: points.at(-2)! + 6, y: points.at(-1)! - 10 });
  });
}

/** All boxes down to this depth; 0 opens nothing, Infinity everything. */
export function openToDepth(model: GraphModel, most: number): Set<number> {
  const open = new Set<number>();
  let level = [model.root];
  for (let depth = 0; depth < most && level.length > 0; depth++) {
    const next = level.flatMap((box) => model.children[box]!).filter((child) => itemKind(model, child) !== "node");
    for (const box of next) open.add(box);
    level = next;
  }
  return open;
}
