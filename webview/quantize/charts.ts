/** Small charts of one layer or one training: two histograms over each other, a curve of losses. Pure SVG from numbers. */
import { line, scaleLinear } from "d3";
import type { Histogram } from "../../src/protocol/compress.ts";
import { h, oncePerFrame, svg } from "../kit/dom.ts";
import { formatCount, formatShare } from "../kit/formats.ts";
import { tipOver } from "../kit/tooltip.ts";
import { formatError } from "./words.ts";

const HEIGHT = 92;
const AXIS = 16;

function steps(histogram: Histogram, x: (value: number) => number, y: (count: number) => number): string {
  const { low, high, counts } = histogram;
  const width = (high - low) / (counts.length || 1);
  const floor = y(0);
  let path = `M${x(low)},${floor}`;
  counts.forEach((count, i) => {
    path += `V${y(count)}H${x(low + (i + 1) * width)}`;
  });
  return `${path}V${floor}Z`;
}

/**
 * Both on one axis of values. Each is scaled to its own tallest bin: after rounding, many values share few bins, and on
 * one scale the shape before it would be a flat line.
 */
export function histogramSvg(before: Histogram, after: Histogram, width: number): SVGSVGElement {
  const low = Math.min(before.low, after.low);
  const high = Math.max(before.high, after.high);
  const x = scaleLinear([low, high === low ? low + 1 : high], [1, width - 1]);
  const heightOf = ({ counts }: Histogram) => scaleLinear([0, Math.max(1, ...counts)], [HEIGHT - AXIS, 4]);
  const picture = svg("svg", {
    width,
    height: HEIGHT,
    viewBox: `0 0 ${width} ${HEIGHT}`,
    class: "lw-histogram",
    role: "img",
    "aria-label": `Values from ${formatError(low)} to ${formatError(high)}, before and after`,
  });
  picture.append(
    svg("path", { d: steps(before, x, heightOf(before)), class: "lw-histogram-before" }),
    svg("path", { d: steps(after, x, heightOf(after)), class: "lw-histogram-after" }),
    svg("line", { x1: 0, x2: width, y1: HEIGHT - AXIS, y2: HEIGHT - AXIS, class: "lw-grid" }),
    svg("text", { x: 0, y: HEIGHT - 4, class: "lw-axis" }, formatError(low)),
    svg("text", { x: width, y: HEIGHT - 4, class: "lw-axis", "text-anchor": "end" }, formatError(high)),
  );
  if (low < 0 && high > 0) {
    picture.append(svg("text", { x: x(0), y: HEIGHT - 4, class: "lw-axis", "text-anchor": "middle" }, "0"));
  }
  tipOver(picture, (event) => {
    const value = x.invert(event.clientX - picture.getBoundingClientRect().left);
    return {
      title: `around ${formatError(value)}`,
      lines: [
        { label: "Before", text: formatShare(shareAt(before, value)), colour: "var(--lw-series-7)" },
        { label: "After", text: formatShare(shareAt(after, value)), colour: "var(--lw-series-0)" },
      ],
      hint: "Shares of all values, by bins. Each curve has its own height: after rounding few bins hold many values.",
    };
  });
  return picture;
}

/** Of all values, those in the bin around this one. */
function shareAt({ low, high, counts }: Histogram, value: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const bin = Math.floor(((value - low) / (high - low || 1)) * counts.length);
  return total > 0 ? (counts[bin] ?? 0) / total : 0;
}

const LOSS_HEIGHT = 190;

export function lossSvg(losses: readonly number[], width: number): SVGSVGElement {
  const finite = losses.filter(Number.isFinite);
  const most = Math.max(...finite, 0);
  const least = Math.min(...finite, most);
  const x = scaleLinear([1, Math.max(2, losses.length)], [48, width - 10]);
  const y = scaleLinear([least - (most - least) * 0.08, most + (most - least || 1) * 0.08], [LOSS_HEIGHT - 24, 8]);
  const picture = svg("svg", {
    width,
    height: LOSS_HEIGHT,
    viewBox: `0 0 ${width} ${LOSS_HEIGHT}`,
    class: "lw-losses",
    role: "img",
    "aria-label": `Loss over ${losses.length} steps, ${formatError(losses[0] ?? NaN)} to ${formatError(losses.at(-1) ?? NaN)}`,
  });
  for (const tick of y.ticks(4)) {
    picture.append(
      svg("line", { x1: 48, x2: width - 10, y1: y(tick), y2: y(tick), class: "lw-grid" }),
      svg("text", { x: 42, y: y(tick) + 3.5, class: "lw-axis", "text-anchor": "end" }, formatError(tick)),
    );
  }
  for (const tick of x.ticks(Math.max(2, Math.floor(width / 120)))) {
    picture.append(
      svg("text", { x: x(tick), y: LOSS_HEIGHT - 6, class: "lw-axis", "text-anchor": "middle" }, formatCount(tick)),
    );
  }
  const shape = line<number>()
    .defined(Number.isFinite)
    .x((_, i) => x(i + 1))
    .y((loss) => y(loss));
  picture.append(
    svg("path", { d: shape([...losses]) ?? "", class: "lw-loss-line" }),
    svg("text", { x: 48, y: LOSS_HEIGHT - 6, class: "lw-axis" }, "step"),
    svg("text", { x: 54, y: 10, class: "lw-axis" }, "loss"),
  );
  tipOver(picture, (event) => {
    const step = Math.round(x.invert(event.clientX - picture.getBoundingClientRect().left));
    const loss = losses[step - 1];
    return loss === undefined ? null : { title: `Step ${step}`, lines: [{ label: "Loss", text: formatError(loss) }] };
  });
  return picture;
}

/** Keeps a chart as wide as its box. */
export function fitted(draw: (width: number) => SVGSVGElement): HTMLElement {
  const box = h("div", { class: "lw-fitted" });
  let shown = 0;
  const redraw = (): void => {
    const width = box.clientWidth;
    if (width < 40 || width === shown) return;
    shown = width;
    box.replaceChildren(draw(width));
  };
  new ResizeObserver(oncePerFrame(redraw)).observe(box);
  return box;
}
