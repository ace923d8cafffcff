/** Where every slice of a timeline is drawn: lanes, module bands above them, colours by rank. Pure; no canvas here. */
import type { TimelineOutline, TimelineSlices } from "../../src/protocol/views/columns.ts";

export interface Band {
  startUs: number;
  endUs: number;
  /** Index into the outline's modules. */
  module: number;
  depth: number;
}

/** For every module, its ancestors from the first below the root down to itself. */
export function moduleTrails(outline: TimelineOutline): number[][] {
  return outline.modules.map((_, index) => {
    const trail: number[] = [];
    let at = index;
    while (at > 0 && trail.length <= outline.modules.length) {
      trail.unshift(at);
      at = outline.modules[at]!.parent;
    }
    return trail.slice(1);
  });
}

/**
 * Runs of slices that belong to the same module, one row per depth: a flame graph over the kernels. A run ends when
 * another module takes over at that depth or above.
 */
export function moduleBands(slices: TimelineSlices, lane: number, trails: readonly number[][], depths: number): Band[] {
  const bands: Band[] = [];
  const open: (Band | null)[] = new Array<Band | null>(depths).fill(null);
  for (let i = 0; i < slices.lane.length; i++) {
    if (slices.lane[i] !== lane) continue;
    const trail = trails[slices.module[i]!] ?? [];
    let isBroken = false;
    for (let depth = 0; depth < depths; depth++) {
      const module = trail[depth];
      const current = open[depth];
      if (module !== undefined && current && !isBroken && current.module === module) {
        current.endUs = Math.max(current.endUs, slices.endUs[i]!);
        continue;
      }
      isBroken = true;
      const band =
        module === undefined ? null : { startUs: slices.startUs[i]!, endUs: slices.endUs[i]!, module, depth };
      open[depth] = band;
      if (band) bands.push(band);
    }
  }
  return bands;
}

export type ColourBy = "module" | "kernel" | "phase";

/** The eight most time-consuming values get a colour of their own, the rest share the last. */
export function rankColours(values: Iterable<{ key: number; weight: number }>, nColours: number): Map<number, number> {
  const sums = new Map<number, number>();
  for (const { key, weight } of values) sums.set(key, (sums.get(key) ?? 0) + weight);
  const ranked = [...sums].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return new Map(ranked.map(([key], rank) => [key, Math.min(rank, nColours - 1)]));
}
