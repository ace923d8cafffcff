/** Size against error: one point per scheme, those that none beats in both joined by a line. Draws what it is given. */
import { scaleLinear, ticks } from "d3";
import type { ReportRows } from "../../src/protocol/views/quantize.ts";
import { formatDb } from "../kit/decibels.ts";
import { h, oncePerFrame, svg } from "../kit/dom.ts";
import { formatBytes, formatDuration } from "../kit/formats.ts";
import { tipOver } from "../kit/tooltip.ts";
import type { Tip } from "../kit/tooltip.ts";
import { bestFront, speedWords } from "./words.ts";

const MARGIN = { top: 22, right: 14, bottom: 32, left: 34 };
const LETTER = 6.4;
const LABEL_HEIGHT = 13;

interface Placed {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const overlaps = (a: Placed, b: Placed): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

interface LabelPlace {
  x: number;
  y: number;
  anchor: "start" | "end" | "middle";
}

/** Beside the point, on the first side where no other label or point stands; null where there is no such side. */
function labelPlace(x: number, y: number, text: string, taken: Placed[], width: number): LabelPlace | null {
  const long = text.length * LETTER;
  const places: (LabelPlace & { left: number })[] = [
    { x: x + 9, y: y + 4, anchor: "start", left: x + 9 },
    { x: x - 9, y: y + 4, anchor: "end", left: x - 9 - long },
    { x, y: y - 10, anchor: "middle", left: x - long / 2 },
    { x, y: y + 19, anchor: "middle", left: x - long / 2 },
    { x: x + 8, y: y - 6, anchor: "start", left: x + 8 },
    { x: x + 8, y: y + 14, anchor: "start", left: x + 8 },
    { x: x - 8, y: y - 6, anchor: "end", left: x - 8 - long },
    { x: x - 8, y: y + 14, anchor: "end", left: x - 8 - long },
  ];
  const box = (place: (typeof places)[number]): Placed => ({
    left: place.left,
    right: place.left + long,
    top: place.y - LABEL_HEIGHT + 3,
    bottom: place.y + 3,
  });
  const free = places.find((place) => {
    const at = box(place);
    return at.left > MARGIN.left - 6 && at.right < width && taken.every((other) => !overlaps(at, other));
  });
  if (!free) return null;
  taken.push(box(free));
  return free;
}

/** Round in the unit that they are written in: 0, 100 KiB, 200 KiB. */
function byteTicks(largest: number, width: number): number[] {
  const unit = 1024 ** Math.max(0, Math.floor(Math.log(largest || 1) / Math.log(1024)));
  return ticks(0, largest / unit, Math.max(2, Math.floor(width / 110))).map((tick) => tick * unit);
}

export function scatterSvg(
  reports: readonly ReportRows[],
  chosen: string,
  width: number,
  height: number,
  onChoose: (name: string) => void,
): SVGSVGElement {
  const front = bestFront(reports);
  const known = reports.map(({ output }) => output.sqnrDb).filter((db) => db !== null);
  const [least, most] = [Math.min(20, ...known), Math.max(40, ...known)];
  const room = (most - least) * 0.12;
  const beforeBytes = Math.max(...reports.map((report) => report.beforeBytes));
  const largest = Math.max(beforeBytes, ...reports.map((report) => report.afterBytes));
  const x = scaleLinear([0, largest * 1.04], [MARGIN.left, width - MARGIN.right]);
  const y = scaleLinear([least - room, most + room], [height - MARGIN.bottom, MARGIN.top]);
  const yOf = ({ output }: ReportRows): number => (output.sqnrDb === null ? MARGIN.top : y(output.sqnrDb));
  const picture = svg("svg", {
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    class: "lw-scatter",
    role: "img",
    "aria-label": `Size against error. Not beaten in both: ${front.map(({ name }) => name).join(", ")}`,
  });
  for (const tick of y.ticks(4)) {
    picture.append(
      svg("line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: y(tick), y2: y(tick), class: "lw-grid" }),
      svg("text", { x: MARGIN.left - 7, y: y(tick) + 3.5, class: "lw-axis", "text-anchor": "end" }, String(tick)),
    );
  }
  picture.append(
    svg("text", { x: MARGIN.left + 2, y: MARGIN.top - 8, class: "lw-axis" }, "dB ↑ closer to the original"),
    svg("line", {
      x1: x(beforeBytes),
      x2: x(beforeBytes),
      y1: MARGIN.top,
      y2: height - MARGIN.bottom,
      class: "lw-now",
    }),
    svg("text", { x: x(beforeBytes) - 4, y: MARGIN.top + 10, class: "lw-axis", "text-anchor": "end" }, "as it is"),
    svg("text", { x: MARGIN.left, y: height - 3, class: "lw-axis" }, "← smaller"),
  );
  for (const tick of byteTicks(largest, width)) {
    picture.append(
      svg("line", {
        x1: x(tick),
        x2: x(tick),
        y1: height - MARGIN.bottom,
        y2: height - MARGIN.bottom + 4,
        class: "lw-grid",
      }),
      svg("text", { x: x(tick), y: height - 17, class: "lw-axis", "text-anchor": "middle" }, formatBytes(tick)),
    );
  }
  if (front.length > 1) {
    const path = front.map((report, i) => `${i === 0 ? "M" : "L"}${x(report.afterBytes)},${yOf(report)}`).join("");
    picture.append(svg("path", { d: path, class: "lw-front" }));
  }
  const taken: Placed[] = reports.map((report) => {
    const [cx, cy] = [x(report.afterBytes), yOf(report)];
    return { left: cx - 6, right: cx + 6, top: cy - 6, bottom: cy + 6 };
  });
  // Those that matter find a place for their names first; where it is too close, the others show theirs to the pointer.
  const rank = (report: ReportRows): number => (report.name === chosen ? 0 : front.includes(report) ? 1 : 2);
  for (const report of reports.toSorted((a, b) => rank(a) - rank(b))) {
    const [cx, cy] = [x(report.afterBytes), yOf(report)];
    const isChosen = report.name === chosen;
    const names = ["lw-point"];
    if (isChosen) names.push("lw-point-chosen");
    if (!report.worthKeeping) names.push("lw-point-refused");
    if (front.includes(report)) names.push("lw-point-front");
    const label = labelPlace(cx, cy, report.name, taken, width);
    const group = svg(
      "g",
      { class: names.join(" "), "data-point": report.name },
      svg("circle", { cx, cy, r: 12, class: "lw-point-reach" }),
      ...(isChosen ? [svg("circle", { cx, cy, r: 8, class: "lw-point-ring" })] : []),
      svg("circle", { cx, cy, r: 4.5, class: "lw-point-dot" }),
      ...(label ? [svg("text", { x: label.x, y: label.y, "text-anchor": label.anchor }, report.name)] : []),
    );
    group.addEventListener("click", () => onChoose(report.name));
    tipOver(group, () => pointTip(report));
    picture.append(group);
  }
  return picture;
}

function pointTip({ name, afterBytes, output, latency, speed }: ReportRows): Tip {
  return {
    title: name,
    lines: [
      { label: "Size", text: formatBytes(afterBytes) },
      { label: "Output SQNR", text: formatDb(output.sqnrDb) },
      { label: "One call", text: `${formatDuration(latency.after.medianUs)}, ${speedWords(speed)}` },
    ],
  };
}

/** Drawn anew whenever its box changes size. */
export function scatter(
  reports: readonly ReportRows[],
  chosen: () => string,
  onChoose: (name: string) => void,
): { element: HTMLElement; redraw(): void } {
  const element = h("div", { class: "lw-scatter-box" });
  const redraw = (): void => {
    const { clientWidth, clientHeight } = element;
    if (clientWidth < 120 || clientHeight < 90) return;
    element.replaceChildren(scatterSvg(reports, chosen(), clientWidth, clientHeight, onChoose));
  };
  new ResizeObserver(oncePerFrame(redraw)).observe(element);
  return { element, redraw };
}
