/** Moving through a graph without a pointer, and finding things in it by name. Pure. */
import { dotted, itemKind, itemLabel, itemType, trailOf } from "./model.ts";
import type { GraphModel } from "./model.ts";
import type { Box } from "./picture.ts";

export type Direction = "up" | "down" | "left" | "right";

/** The nearest box whose centre lies in that direction; sideways distance counts double. Boxes around are skipped. */
export function neighbour(boxes: readonly Box[], from: Box, direction: Direction): Box | null {
  const x = from.x + from.width / 2;
  const y = from.isOpen ? from.y + 14 : from.y + from.height / 2;
  let best: Box | null = null;
  let least = Infinity;
  for (const box of boxes) {
    if (box.item === from.item) continue;
    const dx = box.x + box.width / 2 - x;
    const dy = (box.isOpen ? box.y + 14 : box.y + box.height / 2) - y;
    const ahead = { up: -dy, down: dy, left: -dx, right: dx }[direction];
    const aside = direction === "up" || direction === "down" ? Math.abs(dx) : Math.abs(dy);
    if (ahead < 4 || (direction === "left" || direction === "right" ? aside > ahead : false)) continue;
    const distance = ahead + 2 * aside;
    if (distance < least) {
      least = distance;
      best = box;
    }
  }
  return best;
}

export interface Found {
  item: number;
  label: string;
  where: string;
}

/** Items whose label, type or path holds the text: exact labels first, boxes before nodes, then in order of call. */
export function searchItems(model: GraphModel, text: string, most: number): Found[] {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [];
  const found: { item: number; score: number }[] = [];
  for (let item = 0; item < model.parent.length; item++) {
    if (model.parent[item]! < 0) continue;
    const label = itemLabel(model, item).toLowerCase();
    const kind = itemKind(model, item);
    const group = kind === "group" ? model.graph.groups[item - model.nNodes]! : null;
    const name = nodeName(model, item)?.toLowerCase() ?? "";
    const at = label.indexOf(wanted);
    const isType = kind !== "node" && itemType(model, item).toLowerCase().includes(wanted);
    const isPath = group !== null && group.path.toLowerCase().includes(wanted);
    if (at < 0 && !isType && !isPath && !name.includes(wanted)) continue;
    const exactness =
      label === wanted || name === wanted || group?.path.toLowerCase() === wanted
        ? 0
        : at === 0
          ? 2
          : at > 0
            ? 4
            : isType
              ? 4
              : 6;
    found.push({ item, score: exactness + (kind === "node" ? 1 : 0) });
  }
  return found
    .sort((a, b) => a.score - b.score || a.item - b.item)
    .slice(0, most)
    .map(({ item }) => ({
      item,
      label: itemLabel(model, item),
      where: nodeName(model, item) ?? pathText(model, item),
    }));
}

function nodeName(model: GraphModel, item: number): string | undefined {
  return itemKind(model, item) === "node" ? model.graph.nodes[item]!.name : undefined;
}

/** "h.0 › attn" for a node inside of them. */
export function pathText(model: GraphModel, item: number): string {
  const trail = trailOf(model, item)
    .slice(1)
    .filter((box) => itemKind(model, box) === "group");
  const names = trail.map((box) => itemLabel(model, box));
  return names.length > 0 ? names.join(" › ") : itemType(model, model.root);
}

/** The module that an item is, or that its op belongs to; "" for the model itself. */
export function modulePath(model: GraphModel, item: number): string {
  const { graph, nNodes } = model;
  switch (itemKind(model, item)) {
    case "node": {
      const { name, group } = graph.nodes[item]!;
      return name ? dotted(name) : (graph.groups[group]?.path ?? "");
    }
    case "group":
      return graph.groups[item - nNodes]!.path;
    case "stack":
      return modulePath(model, model.children[item]![0]!);
  }
}

/** The item at a module path or on a source line. */
export function itemAt(
  model: GraphModel,
  place: { path?: string | undefined; at?: { file: string; line: number } | undefined },
): number | null {
  const wanted = place.path;
  const named = wanted ? model.graph.nodes.findIndex(({ name }) => name && dotted(name) === wanted) : -1;
  if (named >= 0) return named;
  // A layer of a model's file ends with the name of its op: where nodes have no names, its group is shown.
  for (let path = place.path; path; path = path.slice(0, Math.max(0, path.lastIndexOf(".")))) {
    const group = model.graph.groups.findIndex((each) => each.path === path);
    if (group >= 0) return model.nNodes + group;
  }
  const { at } = place;
  if (at) {
    const node = model.graph.nodes.findIndex(({ source }) => source?.file === at.file && source.line === at.line);
    if (node >= 0) return node;
    const group = model.graph.groups.findIndex(({ source }) => source?.file === at.file && source.line === at.line);
    if (group >= 0) return model.nNodes + group;
  }
  return null;
}
