/**
 * The graph as nested items that can be opened: nodes, module groups, and stacks of identical sibling groups. Built
 * once per graph, in linear time and without recursion; a graph whose indices are wrong is repaired and reported.
 */
import type { Graph, GraphNode } from "../../src/protocol/graph.ts";

/** Fewer repeats than this are shown side by side. */
const LEAST_STACK = 3;

export type ItemKind = "node" | "group" | "stack";

export interface Stack {
  /** Items of the repeated groups, in order of call. */
  members: number[];
  label: string;
  type: string;
}

/**
 * Items share one number space: nodes first, then groups, then stacks. Columns are indexed by item.
 */
export interface GraphModel {
  graph: Graph;
  nNodes: number;
  nGroups: number;
  stacks: Stack[];
  /** The item that holds everything. */
  root: number;
  /** Item of the box around each item; -1 for the root and for hidden items. */
  parent: Int32Array;
  /** Shown children of each box, in order of execution. */
  children: number[][];
  /** Edges between shown nodes. */
  from: Int32Array;
  to: Int32Array;
  output: Int32Array;
  /** Parameters and constants drawn as part of their only consumer. */
  absorbed: Map<number, number[]>;
  /** Sums over everything inside. */
  flops: Float64Array;
  bytes: Float64Array;
  parameters: Float64Array;
  nOps: Int32Array;
  problems: string[];
}

export function itemKind(model: GraphModel, item: number): ItemKind {
  if (item < model.nNodes) return "node";
  return item < model.nNodes + model.nGroups ? "group" : "stack";
}

export function groupItem(model: GraphModel, group: number): number {
  return model.nNodes + group;
}

/** Last part of a path, with the part before it where the last is only a number. */
export function groupLabel(model: GraphModel, item: number): string {
  const group = model.graph.groups[item - model.nNodes]!;
  const parts = group.path.split(".");
  if (/^\d+( \(\d+\))?$/.test(group.label) && parts.length > 1) return `${parts.at(-2)}.${group.label}`;
  return group.label || group.type;
}

export function itemLabel(model: GraphModel, item: number): string {
  switch (itemKind(model, item)) {
    case "node":
      return model.graph.nodes[item]!.label;
    case "group":
      return groupLabel(model, item);
    case "stack":
      return model.stacks[item - model.nNodes - model.nGroups]!.label;
  }
}

export function itemType(model: GraphModel, item: number): string {
  switch (itemKind(model, item)) {
    case "node":
      return model.graph.nodes[item]!.kind;
    case "group":
      return model.graph.groups[item - model.nNodes]!.type;
    case "stack":
      return model.stacks[item - model.nNodes - model.nGroups]!.type;
  }
}

/** The name of a node in a model's file as reports of layers have it: "/h.0/attn/MatMul" is "h.0.attn.MatMul". */
export function dotted(name: string): string {
  return name
    .split("/")
    .filter((part) => part !== "")
    .join(".");
}

/** The boxes around an item, outermost first, without the item itself. */
export function trailOf(model: GraphModel, item: number): number[] {
  const trail: number[] = [];
  for (let at = model.parent[item]!; at >= 0; at = model.parent[at]!) trail.unshift(at);
  return trail;
}

/** Group parents with bad indices and cycles cut: every group ends at the root. */
function groupParents(graph: Graph, problems: string[]): Int32Array {
  const { groups } = graph;
  const parents = new Int32Array(Math.max(1, groups.length));
  parents[0] = -1;
  for (let i = 1; i < groups.length; i++) {
    const { parent } = groups[i]!;
    const isKnown = Number.isInteger(parent) && parent >= 0 && parent < groups.length && parent !== i;
    parents[i] = isKnown ? parent : 0;
    if (!isKnown) problems.push(`group ${i} has no parent ${parent}: put it into the root`);
  }
  const state = new Uint8Array(groups.length);
  for (let i = 1; i < groups.length; i++) {
    const path: number[] = [];
    let at = i;
    while (at > 0 && state[at] === 0) {
      state[at] = 1;
      path.push(at);
      at = parents[at]!;
    }
    if (at > 0 && state[at] === 1) {
      problems.push(`group ${at} is inside itself: put it into the root`);
      parents[at] = 0;
    }
    for (const done of path) state[done] = 2;
  }
  return parents;
}

function checkedEdges(graph: Graph, problems: string[]): { from: number; to: number; output: number }[] {
  const n = graph.nodes.length;
  const isNode = (id: number): boolean => Number.isInteger(id) && id >= 0 && id < n;
  const kept = graph.edges.filter((edge) => isNode(edge.from) && isNode(edge.to) && edge.from !== edge.to);
  if (kept.length < graph.edges.length) {
    problems.push(`left out ${graph.edges.length - kept.length} edges between nodes that do not exist`);
  }
  return kept;
}

/**
 * Parameters and constants with one consumer, and constants whose values are known: they would double the number of boxes and
 * say little.
 */
function findAbsorbed(graph: Graph, edges: { from: number; to: number }[]): Map<number, number[]> {
  const consumer = new Int32Array(graph.nodes.length).fill(-1);
  const hasInput = new Uint8Array(graph.nodes.length);
  const readers = new Map<number, Set<number>>();
  for (const { from, to } of edges) {
    hasInput[to] = 1;
    consumer[from] = consumer[from] === -1 || consumer[from] === to ? to : -2;
    if (graph.nodes[from]!.kind === "constant" && graph.nodes[from]!.attributes["value"] !== undefined) {
      readers.set(from, (readers.get(from) ?? new Set()).add(to));
    }
  }
  const absorbed = new Map<number, number[]>();
  graph.nodes.forEach((node, i) => {
    const isData = node.kind === "parameter" || node.kind === "constant";
    if (!isData || consumer[i] === -1 || hasInput[i]) return;
    for (const reader of readers.get(i) ?? (consumer[i]! >= 0 ? [consumer[i]!] : [])) {
      const list = absorbed.get(reader);
      if (list) list.push(i);
      else absorbed.set(reader, [i]);
    }
  });
  return absorbed;
}

export function buildModel(graph: Graph): GraphModel {
  const problems: string[] = [];
  const nNodes = graph.nodes.length;
  const nGroups = Math.max(1, graph.groups.length);
  const parents = groupParents(graph, problems);
  const edges = checkedEdges(graph, problems);
  const absorbed = findAbsorbed(graph, edges);
  const isHidden = new Uint8Array(nNodes);
  for (const list of absorbed.values()) for (const node of list) isHidden[node] = 1;

  const root = nNodes;
  const parent: number[] = new Array<number>(nNodes + nGroups).fill(-1);
  const children: number[][] = Array.from({ length: nNodes + nGroups }, () => []);
  const isPlaced = new Uint8Array(nGroups);
  isPlaced[0] = 1;
  graph.nodes.forEach((node, i) => {
    if (isHidden[i]) return;
    const group = node.group >= 0 && node.group < nGroups && Number.isInteger(node.group) ? node.group : 0;
    for (let at = group; !isPlaced[at]; at = parents[at]!) {
      isPlaced[at] = 1;
      parent[nNodes + at] = nNodes + parents[at]!;
      children[nNodes + parents[at]!]!.push(nNodes + at);
    }
    parent[i] = nNodes + group;
    children[nNodes + group]!.push(i);
  });

  const shown = edges.filter((edge) => !isHidden[edge.from]);
  const model: GraphModel = {
    graph,
    nNodes,
    nGroups,
    stacks: [],
    root,
    children,
    absorbed,
    problems,
    parent: Int32Array.from(parent),
    from: Int32Array.from(shown, (edge) => edge.from),
    to: Int32Array.from(shown, (edge) => edge.to),
    output: Int32Array.from(shown, (edge) => edge.output),
    flops: new Float64Array(0),
    bytes: new Float64Array(0),
    parameters: new Float64Array(0),
    nOps: new Int32Array(0),
  };
  addStacks(model);
  addSums(model);
  return model;
}

/** Boxes from the innermost outwards. */
function boxesInsideOut(model: GraphModel): number[] {
  const order: number[] = [];
  const stack = [model.root];
  for (let box = stack.pop(); box !== undefined; box = stack.pop()) {
    order.push(box);
    for (const child of model.children[box]!) if (child >= model.nNodes) stack.push(child);
  }
  return order.reverse();
}

/** Equal numbers mean equal boxes: same ops with the same shapes, wired the same way among direct children. */
function signatures(model: GraphModel): Int32Array {
  const { graph, nNodes } = model;
  const ids = new Map<string, number>();
  const intern = (text: string): number => {
    let id = ids.get(text);
    if (id === undefined) {
      id = ids.size;
      ids.set(text, id);
    }
    return id;
  };
  const nodeSignature = (node: GraphNode): number =>
    intern(`${node.kind} ${node.label} ${node.outputs.map((o) => `${o.dtype}[${o.shape.join()}]`).join()}`);
  const inner = new Map<number, string[]>();
  const position = new Int32Array(model.parent.length);
  for (const list of model.children) list.forEach((child, at) => (position[child] = at));
  model.from.forEach((from, i) => {
    const to = model.to[i]!;
    const box = model.parent[from]!;
    if (box !== model.parent[to]) return;
    const wire = `${position[from]}>${position[to]}`;
    const list = inner.get(box);
    if (list) list.push(wire);
    else inner.set(box, [wire]);
  });
  const result = new Int32Array(model.parent.length);
  graph.nodes.forEach((node, i) => (result[i] = nodeSignature(node)));
  for (const box of boxesInsideOut(model)) {
    const parts = model.children[box]!.map((child) => result[child]);
    result[box] = intern(`${graph.groups[box - nNodes]?.type ?? ""}(${parts.join()})${inner.get(box)?.join() ?? ""}`);
  }
  return result;
}

function addStacks(model: GraphModel): void {
  const { nNodes, nGroups } = model;
  const signature = signatures(model);
  const boxes = boxesInsideOut(model);
  const added: { members: number[]; box: number }[] = [];
  for (const box of boxes) {
    const groups = model.children[box]!.filter((child) => child >= nNodes);
    for (let start = 0; start < groups.length;) {
      let end = start + 1;
      while (end < groups.length && signature[groups[end]!] === signature[groups[start]!]) end++;
      const members = groups.slice(start, end);
      if (
        members.length >= LEAST_STACK &&
        members.length < model.children[box]!.length &&
        isConvex(model, members, box)
      ) {
        added.push({ members, box });
      }
      start = end;
    }
  }
  const parent = new Int32Array(model.parent.length + added.length);
  parent.set(model.parent);
  model.parent = parent;
  for (const { members, box } of added) {
    const item = nNodes + nGroups + model.stacks.length;
    const first = groupLabel(model, members[0]!);
    const last = groupLabel(model, members.at(-1)!);
    const prefix = /^(.*\.)(\d+)$/.exec(first);
    const end = /(\d+)$/.exec(last);
    const label = prefix && end ? `${prefix[1]}${prefix[2]}–${end[1]}` : `${first} … ${last}`;
    model.stacks.push({ members, label, type: itemType(model, members[0]!) });
    const inStack = new Set(members);
    const siblings = model.children[box]!;
    const at = siblings.indexOf(members[0]!);
    model.children[box] = [
      ...siblings.slice(0, at),
      item,
      ...siblings.slice(at).filter((child) => !inStack.has(child)),
    ];
    model.children[item] = members;
    model.parent[item] = box;
    for (const member of members) model.parent[member] = item;
  }
}

/** No way leads out of the members and back into them, so drawing them as one box makes no cycle. */
function isConvex(model: GraphModel, members: number[], box: number): boolean {
  const inside = new Set(members);
  const childOf = (node: number): number => {
    let at = node;
    while (at >= 0 && model.parent[at] !== box) at = model.parent[at]!;
    return at;
  };
  const next = new Map<number, number[]>();
  const stack: number[] = [];
  for (let i = 0; i < model.from.length; i++) {
    const from = childOf(model.from[i]!);
    const to = childOf(model.to[i]!);
    if (from < 0 || to < 0 || from === to) continue;
    if (inside.has(from)) {
      if (!inside.has(to)) stack.push(to);
      continue;
    }
    const list = next.get(from);
    if (list) list.push(to);
    else next.set(from, [to]);
  }
  const seen = new Set<number>();
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    for (const to of next.get(at) ?? []) {
      if (inside.has(to)) return false;
      stack.push(to);
    }
  }
  return true;
}

function addSums(model: GraphModel): void {
  const { graph, nNodes, nGroups } = model;
  const n = model.parent.length;
  model.flops = new Float64Array(n);
  model.bytes = new Float64Array(n);
  model.parameters = new Float64Array(n);
  model.nOps = new Int32Array(n);
  graph.nodes.forEach((node, i) => {
    model.flops[i] = node.flops;
    model.bytes[i] = node.bytes;
    model.nOps[i] = node.kind === "op" ? 1 : 0;
    for (const data of model.absorbed.get(i) ?? []) {
      if (graph.nodes[data]!.kind !== "parameter") continue;
      model.parameters[i]! += (graph.nodes[data]!.outputs[0]?.shape ?? []).reduce((a, b) => a * b, 1);
    }
  });
  for (const box of boxesInsideOut(model)) {
    for (const child of model.children[box]!) {
      model.flops[box]! += model.flops[child]!;
      model.bytes[box]! += model.bytes[child]!;
      model.parameters[box]! += model.parameters[child]!;
      model.nOps[box]! += model.nOps[child]!;
    }
    const group = box < nNodes + nGroups ? graph.groups[box - nNodes] : undefined;
    if (group) model.parameters[box] = Math.max(model.parameters[box]!, group.parameters);
  }
}
