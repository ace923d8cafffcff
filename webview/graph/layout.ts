/**
 * Layered drawing of one level of a graph: ranks, order within ranks, coordinates, routes. Numbers in, numbers out; no
 * names, no page, no recursion, near-linear time. After Sugiyama et al. 1981; positions by isotonic regression.
 */

/** Items by index; edges by index of their ends. Offsets say where on an item an edge ends, from its centre. */
export interface LevelInput {
  width: Float64Array;
  height: Float64Array;
  /** -1: before everything else, 1: after everything else, 0: free. */
  pin: Int8Array;
  from: Int32Array;
  to: Int32Array;
  fromOffset: Float64Array;
  toOffset: Float64Array;
}

export interface LevelOutput {
  /** Centres, from the level's top left corner. */
  x: Float64Array;
  y: Float64Array;
  width: number;
  height: number;
  /** Per edge: x, y, x, y, … from the bottom of `from` to the top of `to` (reversed edges run upwards). */
  routes: number[][];
}

export const ITEM_GAP = 22;
export const RANK_GAP = 36;
const DUMMY_GAP = 10;
const DUMMY_WIDTH = 2;
const SWEEPS = 6;
/** Among wires to one item, ports decide; the factor keeps them from outweighing places. */
const PORT_TIE = 1e-5;
const PLACE_SWEEPS = 9;
const SPINE_WEIGHT = 1000;

/** Edges that have to be turned around to leave no cycle, found by depth-first search. */
export function backEdges(nItems: number, from: Int32Array, to: Int32Array, pin?: ArrayLike<number>): Uint8Array {
  const { start, list } = adjacency(nItems, from);
  const isBack = new Uint8Array(from.length);
  const state = new Uint8Array(nItems);
  const next = start.slice(0, nItems);
  const stack: number[] = [];
  for (const first of firstItems(nItems, to, pin)) {
    if (state[first] !== 0) continue;
    stack.push(first);
    state[first] = 1;
    while (stack.length > 0) {
      const item = stack[stack.length - 1]!;
      if (next[item]! >= start[item + 1]!) {
        state[item] = 2;
        stack.pop();
        continue;
      }
      const edge = list[next[item]!++]!;
      const target = to[edge]!;
      if (state[target] === 1) isBack[edge] = 1;
      else if (state[target] === 0) {
        state[target] = 1;
        stack.push(target);
      }
    }
  }
  return isBack;
}

/** Where data comes in before what needs none, and both before the rest: boxes that wait for each other start where data does. */
function firstItems(nItems: number, to: Int32Array, pin?: ArrayLike<number>): number[] {
  const hasInput = new Uint8Array(nItems);
  for (const target of to) hasInput[target] = 1;
  const turn = (item: number): number => (pin?.[item] === -1 ? 0 : hasInput[item] ? 2 : 1);
  return Array.from({ length: nItems }, (_, item) => item).sort((a, b) => turn(a) - turn(b));
}

/** Edge indices grouped by one of their ends. */
function adjacency(nItems: number, ends: Int32Array): { start: Int32Array; list: Int32Array } {
  const start = new Int32Array(nItems + 1);
  for (let e = 0; e < ends.length; e++) start[ends[e]! + 1]!++;
  for (let i = 0; i < nItems; i++) start[i + 1]! += start[i]!;
  const fill = start.slice(0, nItems);
  const list = new Int32Array(ends.length);
  for (let e = 0; e < ends.length; e++) list[fill[ends[e]!]!++] = e;
  return { start, list };
}

export interface Ranking {
  rank: Int32Array;
  nRanks: number;
  isBack: Uint8Array;
}

/** Longest-path ranks; items without inputs sit right above their first consumer. */
export function rankItems(input: Pick<LevelInput, "pin" | "from" | "to">): Ranking {
  const { pin, from, to } = input;
  const n = pin.length;
  const isBack = backEdges(n, from, to, pin);
  const head = Int32Array.from(from, (f, e) => (isBack[e] ? to[e]! : f));
  const tail = Int32Array.from(to, (t, e) => (isBack[e] ? from[e]! : t));
  const out = adjacency(n, head);
  const waiting = new Int32Array(n);
  for (const t of tail) waiting[t]!++;
  const hasInput = waiting.map((count) => (count > 0 ? 1 : 0));
  const order = new Int32Array(n);
  let nOrdered = 0;
  for (let i = 0; i < n; i++) if (waiting[i] === 0) order[nOrdered++] = i;
  const rank = new Int32Array(n);
  const hasTop = pin.includes(-1);
  for (let i = 0; i < n; i++) if (pin[i] !== -1 && hasTop) rank[i] = 1;
  for (let at = 0; at < nOrdered; at++) {
    const item = order[at]!;
    for (let k = out.start[item]!; k < out.start[item + 1]!; k++) {
      const target = tail[out.list[k]!]!;
      rank[target] = Math.max(rank[target]!, rank[item]! + 1);
      if (--waiting[target]! === 0) order[nOrdered++] = target;
    }
  }
  let last = 0;
  for (let i = 0; i < n; i++) if (pin[i] !== 1) last = Math.max(last, rank[i]!);
  for (let at = nOrdered - 1; at >= 0; at--) {
    const item = order[at]!;
    if (hasInput[item] || pin[item] !== 0 || out.start[item] === out.start[item + 1]) continue;
    let nearest = Infinity;
    for (let k = out.start[item]!; k < out.start[item + 1]!; k++) {
      const target = tail[out.list[k]!]!;
      nearest = Math.min(nearest, pin[target] === 1 ? last + 1 : rank[target]!);
    }
    rank[item] = Math.max(rank[item]!, nearest - 1);
  }
  let nRanks = last + 1;
  for (let i = 0; i < n; i++) {
    if (pin[i] !== 1) continue;
    rank[i] = last + 1;
    nRanks = last + 2;
  }
  return { rank, nRanks, isBack };
}

/** Items and the dummies of long edges, with the pieces of edges between neighbouring ranks. */
interface Layers {
  nAll: number;
  rank: Int32Array;
  /** Elements of each rank, in order. */
  layers: Int32Array[];
  /** Place of each element in its rank. */
  place: Int32Array;
  /** Pieces run from an upper to the next lower rank. */
  upper: Int32Array;
  lower: Int32Array;
  upperOffset: Float64Array;
  lowerOffset: Float64Array;
  /** Per edge, its dummies from top to bottom. */
  dummies: Int32Array[];
}

function makeLayers(input: LevelInput, { rank, nRanks, isBack }: Ranking): Layers {
  const n = input.width.length;
  const upper: number[] = [];
  const lower: number[] = [];
  const upperOffset: number[] = [];
  const lowerOffset: number[] = [];
  const dummyRanks: number[] = [];
  const dummies: Int32Array[] = [];
  for (let e = 0; e < input.from.length; e++) {
    const top = isBack[e] ? input.to[e]! : input.from[e]!;
    const bottom = isBack[e] ? input.from[e]! : input.to[e]!;
    const span = rank[bottom]! - rank[top]!;
    const chain = new Int32Array(Math.max(0, span - 1));
    let above = top;
    for (let step = 0; step < chain.length; step++) {
      const dummy = n + dummyRanks.length;
      dummyRanks.push(rank[top]! + step + 1);
      chain[step] = dummy;
      upper.push(above);
      lower.push(dummy);
      upperOffset.push(above === top ? (isBack[e] ? input.toOffset[e]! : input.fromOffset[e]!) : 0);
      lowerOffset.push(0);
      above = dummy;
    }
    upper.push(above);
    lower.push(bottom);
    upperOffset.push(above === top ? (isBack[e] ? input.toOffset[e]! : input.fromOffset[e]!) : 0);
    lowerOffset.push(isBack[e] ? input.fromOffset[e]! : input.toOffset[e]!);
    dummies.push(chain);
  }
  const nAll = n + dummyRanks.length;
  const allRanks = new Int32Array(nAll);
  allRanks.set(rank);
  allRanks.set(dummyRanks, n);
  const byRank: number[][] = Array.from({ length: nRanks }, () => []);
  for (let i = 0; i < nAll; i++) byRank[allRanks[i]!]!.push(i);
  const place = new Int32Array(nAll);
  for (const layer of byRank) layer.forEach((element, at) => (place[element] = at));
  return {
    nAll,
    rank: allRanks,
    layers: byRank.map((layer) => Int32Array.from(layer)),
    place,
    upper: Int32Array.from(upper),
    lower: Int32Array.from(lower),
    upperOffset: Float64Array.from(upperOffset),
    lowerOffset: Float64Array.from(lowerOffset),
    dummies,
  };
}

/** Crossings between all neighbouring ranks, counted with a Fenwick tree per rank. */
export function countCrossings(layers: Layers, up: ReturnType<typeof adjacency>): number {
  let crossings = 0;
  for (let r = 1; r < layers.layers.length; r++) {
    const width = layers.layers[r - 1]!.length;
    const tree = new Int32Array(width + 1);
    let seen = 0;
    for (const element of layers.layers[r]!) {
      const begin = up.start[element]!;
      const end = up.start[element + 1]!;
      for (let k = begin; k < end; k++) {
        let below = 0;
        for (let at = layers.place[layers.upper[up.list[k]!]!]! + 1; at > 0; at -= at & -at) below += tree[at]!;
        crossings += seen - below;
      }
      for (let k = begin; k < end; k++) {
        seen++;
        for (let at = layers.place[layers.upper[up.list[k]!]!]! + 1; at <= width; at += at & -at) tree[at]!++;
      }
    }
  }
  return crossings;
}

function orderLayers(layers: Layers): { up: ReturnType<typeof adjacency>; down: ReturnType<typeof adjacency> } {
  const up = adjacency(layers.nAll, layers.lower);
  const down = adjacency(layers.nAll, layers.upper);
  let best = countCrossings(layers, up);
  let bestLayers = layers.layers.map((layer) => layer.slice());
  const key = new Float64Array(layers.nAll);
  for (let sweep = 0; sweep < SWEEPS && (best > 0 || sweep < 2); sweep++) {
    const isDown = sweep % 2 === 0;
    const side = isDown ? up : down;
    const ends = isDown ? layers.upper : layers.lower;
    const offset = isDown ? layers.upperOffset : layers.lowerOffset;
    for (let step = 1; step < layers.layers.length; step++) {
      const r = isDown ? step : layers.layers.length - 1 - step;
      const layer = layers.layers[r]!;
      for (const element of layer) {
        const begin = side.start[element]!;
        const end = side.start[element + 1]!;
        let sum = 0;
        for (let k = begin; k < end; k++) {
          const piece = side.list[k]!;
          sum += layers.place[ends[piece]!]! + offset[piece]! * PORT_TIE;
        }
        key[element] = end > begin ? sum / (end - begin) : layers.place[element]!;
      }
      layer.sort((a, b) => key[a]! - key[b]! || layers.place[a]! - layers.place[b]!);
      for (let at = 0; at < layer.length; at++) layers.place[layer[at]!] = at;
    }
    const crossings = countCrossings(layers, up);
    if (crossings <= best) {
      best = crossings;
      bestLayers = layers.layers.map((layer) => layer.slice());
    }
  }
  layers.layers = bestLayers;
  for (const layer of bestLayers) for (let at = 0; at < layer.length; at++) layers.place[layer[at]!] = at;
  return { up, down };
}

/** Writes to `result` the non-decreasing sequence nearest to `wanted` in weighted squares (pool adjacent violators). */
export function isotonic(wanted: Float64Array, weight: Float64Array, n: number, result: Float64Array): void {
  const mean = new Float64Array(n);
  const mass = new Float64Array(n);
  const size = new Int32Array(n);
  let blocks = 0;
  for (let i = 0; i < n; i++) {
    mean[blocks] = wanted[i]!;
    mass[blocks] = weight[i]!;
    size[blocks] = 1;
    blocks++;
    while (blocks > 1 && mean[blocks - 2]! > mean[blocks - 1]!) {
      const both = mass[blocks - 2]! + mass[blocks - 1]!;
      mean[blocks - 2] = (mean[blocks - 2]! * mass[blocks - 2]! + mean[blocks - 1]! * mass[blocks - 1]!) / both;
      mass[blocks - 2] = both;
      size[blocks - 2]! += size[blocks - 1]!;
      blocks--;
    }
  }
  let at = 0;
  for (let block = 0; block < blocks; block++) {
    for (let k = 0; k < size[block]!; k++) result[at++] = mean[block]!;
  }
}

type Sides = ReturnType<typeof orderLayers>;

/**
 * Items that every way through the level passes, such as the sums of a residual stream. Put on one line they keep a
 * deep graph from drifting sideways. Sources do not count as ways.
 */
export function spineItems(input: Pick<LevelInput, "from" | "to">, { rank, isBack }: Ranking): Uint8Array {
  const n = rank.length;
  const nIn = new Int32Array(n);
  for (let e = 0; e < input.from.length; e++) nIn[isBack[e] ? input.from[e]! : input.to[e]!]!++;
  const arriving = new Int32Array(n);
  const leaving = new Int32Array(n);
  let isFirst = true;
  const order = Array.from(rank, (_, i) => i).sort((a, b) => rank[a]! - rank[b]! || a - b);
  const counts = new Uint8Array(n);
  for (const item of order) {
    counts[item] = nIn[item]! > 0 || isFirst ? 1 : 0;
    isFirst = false;
  }
  for (let e = 0; e < input.from.length; e++) {
    const above = isBack[e] ? input.to[e]! : input.from[e]!;
    const below = isBack[e] ? input.from[e]! : input.to[e]!;
    if (!counts[above]) continue;
    leaving[above]!++;
    arriving[below]!++;
  }
  const isSpine = new Uint8Array(n);
  let open = 0;
  for (const item of order) {
    if (arriving[item]! > 0 && arriving[item] === open) isSpine[item] = 1;
    open += leaving[item]! - arriving[item]!;
  }
  return isSpine;
}

function placeElements(input: LevelInput, layers: Layers, { up, down }: Sides, isSpine: Uint8Array): Float64Array {
  const n = input.width.length;
  const x = new Float64Array(layers.nAll);
  const widthOf = (element: number): number => (element < n ? input.width[element]! : DUMMY_WIDTH);
  const gapOf = (a: number, b: number): number => (a < n && b < n ? ITEM_GAP : DUMMY_GAP);
  const widest = layers.layers.reduce((most, layer) => Math.max(most, layer.length), 0);
  const shift = layers.layers.map((layer) => {
    const offsets = new Float64Array(layer.length);
    for (let at = 1; at < layer.length; at++) {
      const [a, b] = [layer[at - 1]!, layer[at]!];
      offsets[at] = offsets[at - 1]! + widthOf(a) / 2 + gapOf(a, b) + widthOf(b) / 2;
    }
    const middle = (offsets[layer.length - 1] ?? 0) / 2;
    layer.forEach((element, at) => (x[element] = offsets[at]! - middle));
    return offsets;
  });
  const isLeaf = Uint8Array.from({ length: layers.nAll }, (_, i) =>
    i < n && up.start[i + 1]! - up.start[i]! + down.start[i + 1]! - down.start[i]! === 1 ? 1 : 0,
  );
  /** Long wires are straight in themselves, chains of items are straight, and where both meet the items win. */
  const pullOf = (a: number, b: number): number => {
    if (isLeaf[a] || isLeaf[b]) return 0.02;
    if (a >= n && b >= n) return 8;
    return a >= n || b >= n ? 0.1 : 3;
  };
  const wanted = new Float64Array(widest);
  const weight = new Float64Array(widest);
  const solved = new Float64Array(widest);
  for (let sweep = 0; sweep < PLACE_SWEEPS; sweep++) {
    const isDown = sweep % 2 === 0;
    for (let step = 0; step < layers.layers.length; step++) {
      const r = isDown ? step : layers.layers.length - 1 - step;
      const layer = layers.layers[r]!;
      for (let at = 0; at < layer.length; at++) {
        const element = layer[at]!;
        let sum = 0;
        let mass = 0;
        if (isDown) {
          for (let k = up.start[element]!; k < up.start[element + 1]!; k++) {
            const piece = up.list[k]!;
            const other = layers.upper[piece]!;
            const pull = pullOf(element, other);
            sum += pull * (x[other]! + layers.upperOffset[piece]! - layers.lowerOffset[piece]!);
            mass += pull;
          }
        } else {
          for (let k = down.start[element]!; k < down.start[element + 1]!; k++) {
            const piece = down.list[k]!;
            const other = layers.lower[piece]!;
            const pull = pullOf(element, other);
            sum += pull * (x[other]! + layers.lowerOffset[piece]! - layers.upperOffset[piece]!);
            mass += pull;
          }
        }
        const isFixed = element < n && isSpine[element] === 1;
        wanted[at] = (isFixed ? 0 : mass > 0 ? sum / mass : x[element]!) - shift[r]![at]!;
        weight[at] = isFixed ? SPINE_WEIGHT : mass > 0 ? mass : 0.01;
      }
      isotonic(wanted, weight, layer.length, solved);
      for (let at = 0; at < layer.length; at++) x[layer[at]!] = solved[at]! + shift[r]![at]!;
    }
  }
  return x;
}

export function layoutLevel(input: LevelInput, ranking: Ranking = rankItems(input)): LevelOutput {
  const n = input.width.length;
  const layers = makeLayers(input, ranking);
  const sides = orderLayers(layers);
  const allX = placeElements(input, layers, sides, spineItems(input, ranking));
  const rankHeight = new Float64Array(ranking.nRanks);
  for (let i = 0; i < n; i++) rankHeight[ranking.rank[i]!] = Math.max(rankHeight[ranking.rank[i]!]!, input.height[i]!);
  const rankTop = new Float64Array(ranking.nRanks);
  let top = 0;
  for (let r = 0; r < ranking.nRanks; r++) {
    rankTop[r] = top;
    top += rankHeight[r]! + RANK_GAP;
  }
  let left = Infinity;
  let right = -Infinity;
  for (let i = 0; i < layers.nAll; i++) {
    const half = i < n ? input.width[i]! / 2 : 4;
    left = Math.min(left, allX[i]! - half);
    right = Math.max(right, allX[i]! + half);
  }
  if (layers.nAll === 0) left = right = 0;
  const x = Float64Array.from({ length: n }, (_, i) => allX[i]! - left);
  const y = Float64Array.from({ length: n }, (_, i) => rankTop[ranking.rank[i]!]! + rankHeight[ranking.rank[i]!]! / 2);
  const routes = layers.dummies.map((chain, e) => {
    const isBack = ranking.isBack[e] === 1;
    const above = isBack ? input.to[e]! : input.from[e]!;
    const below = isBack ? input.from[e]! : input.to[e]!;
    const aboveOffset = isBack ? input.toOffset[e]! : input.fromOffset[e]!;
    const belowOffset = isBack ? input.fromOffset[e]! : input.toOffset[e]!;
    const points = [x[above]! + aboveOffset, y[above]! + input.height[above]! / 2];
    for (const dummy of chain) {
      const r = layers.rank[dummy]!;
      const at = allX[dummy]! - left;
      points.push(at, rankTop[r]!, at, rankTop[r]! + rankHeight[r]!);
    }
    points.push(x[below]! + belowOffset, y[below]! - input.height[below]! / 2);
    return isBack ? reversed(points) : points;
  });
  return { x, y, width: right - left, height: Math.max(0, top - RANK_GAP), routes };
}

function reversed(points: number[]): number[] {
  const turned: number[] = [];
  for (let i = points.length - 2; i >= 0; i -= 2) turned.push(points[i]!, points[i + 1]!);
  return turned;
}
