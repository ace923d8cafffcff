/**
 * Kernels over time on a canvas: one lane per stream with the modules above it. Wheel zooms, drag pans, a click
 * selects. It asks the host only for what the screen can show.
 */
import { scaleLinear, select, zoom, zoomIdentity } from "d3";
import type { ZoomTransform } from "d3";
import type { TimelineOutline, TimelineQuery, TimelineSlices } from "../../src/protocol/views/columns.ts";
import { PHASES } from "../../src/protocol/views/columns.ts";
import type { Selection } from "../../src/protocol/views/profiler.ts";
import { h, oncePerFrame } from "../kit/dom.ts";
import { baseName, formatBytes, formatDuration, formatFlops } from "../kit/formats.ts";
import { onThemeChange, readColours, readFont } from "../kit/theme.ts";
import type { ColourName, Colours } from "../kit/theme.ts";
import { hideTip, showTip } from "../kit/tooltip.ts";
import type { Tip } from "../kit/tooltip.ts";
import { moduleLabel } from "./module_tree.ts";
import { moduleBands, moduleTrails, rankColours } from "./timeline_rows.ts";
import type { Band, ColourBy } from "./timeline_rows.ts";

const AXIS = 22;
const LABEL = 15;
const BAND = 15;
const SLICE = 26;
const HOST = 12;
const GAP = 12;
const DEPTHS = 3;

export interface TimelineOptions {
  outline(): Promise<TimelineOutline>;
  slices(query: TimelineQuery): Promise<TimelineSlices>;
  onChoose(selection: Selection, source: number, outline: TimelineOutline): void;
  onClear(): void;
}

export interface TimelineView {
  element: HTMLElement;
  setColour(by: ColourBy): void;
  setSelection(selection: Selection | null): void;
  fit(): void;
}

/** Black or white, whichever reads better on a "#rrggbb" that a canvas gave back. */
function inkOn(colour: string): string {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return (0.299 * r! + 0.587 * g! + 0.114 * b!) / 255 > 0.56 ? "#16191d" : "#ffffff";
}

interface Lane {
  index: number;
  label: string;
  top: number;
  sliceTop: number;
  height: number;
  isHost: boolean;
}

export function timelineView(options: TimelineOptions): TimelineView {
  const canvas = h("canvas", { class: "lw-timeline-canvas" });
  const message = h("div", { class: "lw-timeline-message lw-muted", attributes: { hidden: true } });
  const element = h(
    "div",
    {
      class: "lw-timeline",
      attributes: {
        tabindex: 0,
        role: "application",
        "aria-label": "Timeline: plus and minus zoom, arrows pan, 0 shows all",
      },
    },
    canvas,
    message,
  );
  const context = canvas.getContext("2d")!;
  let colours: Colours = readColours();
  let font = readFont();
  let outline: TimelineOutline | null = null;
  let slices: TimelineSlices | null = null;
  let bands: Band[][] = [];
  let trails: number[][] = [];
  let lanes: Lane[] = [];
  let inSelection: ((i: number) => boolean) | null = null;
  let bandInSelection: ((module: number) => boolean) | null = null;
  let selection: Selection | null = null;
  let colourBy: ColourBy = "module";
  let colourRank = new Map<number, number>();
  let transform: ZoomTransform = zoomIdentity;
  let width = 0;
  let height = 0;

  const base = () => scaleLinear([outline?.startUs ?? 0, outline?.endUs ?? 1], [8, Math.max(9, width - 8)]);
  const scale = () => transform.rescaleX(base());
  const draw = oncePerFrame(paint);

  function layLanes(): void {
    let top = AXIS;
    lanes = (outline?.lanes ?? []).map((lane, index) => {
      const isHost = lane.stream < 0;
      const nBands = isHost ? 0 : DEPTHS;
      const sliceTop = top + LABEL + nBands * BAND;
      const bottom = sliceTop + (isHost ? HOST : SLICE);
      const label = isHost
        ? "host: recording ops"
        : lane.stream === 0
          ? lane.device
          : `${lane.device} · stream ${lane.stream}`;
      const laid = { index, label, top, sliceTop, height: bottom - sliceTop, isHost };
      top = bottom + GAP;
      return laid;
    });
    element.style.setProperty("--lw-timeline-height", `${top}px`);
  }

  function seriesColour(rank: number | undefined): string {
    return colours[`series-${rank ?? 7}` as ColourName];
  }

  function sliceColour(i: number): string {
    const s = slices!;
    if (colourBy === "phase") return colours[PHASES[s.phase[i]!] as ColourName] ?? colours.other;
    return seriesColour(colourRank.get(colourBy === "kernel" ? s.name[i]! : groupModule(s.module[i]!)));
  }

  /** Colours by the class of the nearest module: all attentions alike, all MLPs alike. */
  function groupModule(module: number): number {
    const type = outline!.modules[module]?.type ?? "";
    return typeIds.get(type) ?? 0;
  }
  let typeIds = new Map<string, number>();

  function rank(): void {
    if (!slices || !outline) return;
    const all = Array.from(slices.lane, (_, i) => i).filter((i) => outline!.lanes[slices!.lane[i]!]!.stream >= 0);
    typeIds = new Map();
    for (const { type } of outline.modules) if (!typeIds.has(type)) typeIds.set(type, typeIds.size);
    if (colourRank.size > 0) return;
    colourRank = rankColours(
      all.map((i) => ({
        key: colourBy === "kernel" ? slices!.name[i]! : groupModule(slices!.module[i]!),
        weight: slices!.endUs[i]! - slices!.startUs[i]!,
      })),
      8,
    );
  }

  function prepareSelection(): void {
    inSelection = null;
    bandInSelection = null;
    if (!selection || !outline || !slices) return;
    const chosen = selection;
    if (chosen.kind === "module") {
      const flags = outline.modules.map(
        (module, i) =>
          i > 0 &&
          (module.path === chosen.path ||
            (trails[i] ?? []).some((at) => outline!.modules[at]!.path === chosen.path) ||
            chosen.path === ""),
      );
      inSelection = (i) => flags[slices!.module[i]!] === true;
      bandInSelection = (module) => flags[module] === true;
    } else if (chosen.kind === "kernel") {
      const name = outline.names.indexOf(chosen.name);
      inSelection = (i) => slices!.name[i] === name;
    } else {
      const flags = outline.sources.map((at) => at.file === chosen.file && at.line === chosen.line);
      inSelection = (i) => slices!.source[i]! >= 0 && flags[slices!.source[i]!] === true;
    }
  }

  function paint(): void {
    if (!outline || width === 0) return;
    const ratio = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const x = scale();
    paintAxis(x);
    for (const lane of lanes) {
      context.font = `11px ${font}`;
      context.fillStyle = colours.muted;
      context.textBaseline = "middle";
      context.fillText(lane.label, 8, lane.top + LABEL / 2);
      paintBands(lane, x);
    }
    paintSlices(x);
  }

  function paintAxis(x: ReturnType<typeof scale>): void {
    context.font = `10.5px ${font}`;
    context.textBaseline = "middle";
    for (const step of outline!.steps) {
      const at = Math.round(x(step.startUs)) + 0.5;
      if (at < 0 || at > width) continue;
      context.fillStyle = colours.border;
      context.fillRect(at, 0, 1, height);
    }
    for (const tick of x.ticks(Math.max(2, Math.floor(width / 90)))) {
      const at = Math.round(x(tick)) + 0.5;
      context.fillStyle = colours.line;
      context.fillRect(at, AXIS - 4, 1, height);
      context.fillStyle = colours.muted;
      context.textAlign = at < 24 ? "left" : at > width - 24 ? "right" : "center";
      context.fillText(formatDuration(tick - outline!.startUs), at, AXIS / 2 - 1);
    }
    context.textAlign = "left";
  }

  function label(text: string, left: number, right: number, middle: number, colour: string): void {
    const from = Math.max(left, 0) + 4;
    const room = Math.min(right, width) - from - 3;
    if (room < 18) return;
    let shown = text;
    if (context.measureText(shown).width > room) {
      const letters = Math.floor((room / context.measureText(shown).width) * shown.length) - 1;
      if (letters < 2) return;
      shown = `${shown.slice(0, letters)}…`;
    }
    context.fillStyle = colour;
    context.fillText(shown, from, middle);
  }

  function paintBands(lane: Lane, x: ReturnType<typeof scale>): void {
    context.font = `10.5px ${font}`;
    for (const band of bands[lane.index] ?? []) {
      const left = x(band.startUs);
      const right = x(band.endUs);
      if (right < 0 || left > width || right - left < 0.6) continue;
      const top = lane.top + LABEL + band.depth * BAND;
      const module = outline!.modules[band.module]!;
      const isFaint = bandInSelection ? !bandInSelection(band.module) : inSelection !== null;
      context.globalAlpha = isFaint ? 0.35 : 1;
      context.fillStyle = colours.surface;
      context.fillRect(left, top, Math.max(0.6, right - left - 1), BAND - 1);
      context.fillStyle = seriesColour(colourBy === "module" ? colourRank.get(typeIds.get(module.type) ?? 0) : 7);
      context.fillRect(left, top, Math.min(2, right - left), BAND - 1);
      label(moduleLabel(module.path, module.type), left, right, top + BAND / 2, colours.fg);
    }
    context.globalAlpha = 1;
  }

  function paintSlices(x: ReturnType<typeof scale>): void {
    const s = slices;
    if (!s) return;
    context.font = `10.5px ${font}`;
    for (let i = 0; i < s.lane.length; i++) {
      const left = x(s.startUs[i]!);
      const right = x(s.endUs[i]!);
      if (right < 0 || left > width) continue;
      const lane = lanes[s.lane[i]!]!;
      const shown = Math.max(1, right - left - (right - left > 3 ? 0.7 : 0));
      context.globalAlpha = inSelection && !inSelection(i) ? 0.16 : 1;
      context.fillStyle = lane.isHost ? colours.faint : sliceColour(i);
      context.fillRect(left, lane.sliceTop, shown, lane.height);
      if (!lane.isHost && right - left > 26) {
        label(
          outline!.names[s.name[i]!] ?? "",
          left,
          right,
          lane.sliceTop + lane.height / 2,
          inkOn(context.fillStyle as string),
        );
      }
    }
    context.globalAlpha = 1;
  }

  let askTimer = 0;
  function askSoon(delayMs: number): void {
    clearTimeout(askTimer);
    askTimer = window.setTimeout(() => void ask(), delayMs);
  }

  async function ask(): Promise<void> {
    if (!outline || width === 0) return;
    const [left, right] = scale().domain() as [number, number];
    const margin = (right - left) * 0.5;
    try {
      slices = await options.slices({ startUs: left - margin, endUs: right + margin, pixels: width * 2 });
    } catch {
      return;
    }
    rank();
    bands = lanes.map((lane) => (lane.isHost ? [] : moduleBands(slices!, lane.index, trails, DEPTHS)));
    prepareSelection();
    draw();
  }

  const zoomer = zoom<HTMLCanvasElement, unknown>()
    .scaleExtent([1, 1e6])
    .on("zoom", (event) => {
      transform = event.transform;
      hideTip();
      draw();
      askSoon(60);
    });
  const zoomed = select(canvas);
  zoomed.call(zoomer).on("dblclick.zoom", null);

  function hit(event: PointerEvent | MouseEvent): { tip: Tip; choose: () => void } | null {
    if (!outline || !slices) return null;
    const box = canvas.getBoundingClientRect();
    const py = event.clientY - box.top;
    const at = scale().invert(event.clientX - box.left);
    const slackUs = scale().invert(1.5) - scale().invert(0);
    for (const lane of lanes) {
      if (py >= lane.sliceTop && py <= lane.sliceTop + lane.height) return hitSlice(lane, at, slackUs);
      const depth = Math.floor((py - lane.top - LABEL) / BAND);
      if (lane.isHost || depth < 0 || depth >= DEPTHS) continue;
      const band = bands[lane.index]?.find((b) => b.depth === depth && at >= b.startUs && at <= b.endUs);
      if (!band) continue;
      const module = outline.modules[band.module]!;
      return {
        tip: {
          title: module.path || module.type,
          subtitle: module.type,
          lines: [{ label: "On this lane", text: formatDuration(band.endUs - band.startUs) }],
          hint: "Click selects the module",
        },
        choose: () => options.onChoose({ kind: "module", path: module.path }, -1, outline!),
      };
    }
    return null;
  }

  function hitSlice(lane: Lane, at: number, slackUs: number): { tip: Tip; choose: () => void } | null {
    const s = slices!;
    for (let i = 0; i < s.lane.length; i++) {
      if (s.lane[i] !== lane.index || at < s.startUs[i]! - slackUs || at > s.endUs[i]! + slackUs) continue;
      const module = outline!.modules[s.module[i]!]!;
      const source = outline!.sources[s.source[i]!];
      const name = outline!.names[s.name[i]!] ?? "";
      return {
        tip: {
          title: s.count[i]! > 1 ? `${name} and ${s.count[i]! - 1} more` : name,
          subtitle: module.path || module.type,
          lines: [
            { label: "Duration", text: formatDuration(s.endUs[i]! - s.startUs[i]!) },
            { label: "Starts at", text: formatDuration(s.startUs[i]! - outline!.startUs) },
            { label: "Op", text: outline!.names[s.op[i]!] ?? "" },
            { label: "Pass", text: PHASES[s.phase[i]!]! },
            ...(s.flops[i]! > 0 ? [{ label: "Work", text: formatFlops(s.flops[i]!) }] : []),
            ...(s.bytes[i]! > 0 ? [{ label: "Memory traffic", text: formatBytes(s.bytes[i]!) }] : []),
          ],
          hint: source ? `Click opens ${baseName(source.file)}:${source.line}` : undefined,
        },
        choose: () =>
          options.onChoose(
            module.path ? { kind: "module", path: module.path } : { kind: "kernel", name },
            s.source[i]!,
            outline!,
          ),
      };
    }
    return null;
  }

  canvas.addEventListener("pointermove", (event) => {
    const found = event.buttons ? null : hit(event);
    canvas.style.cursor = found ? "pointer" : "grab";
    if (found) showTip(found.tip, event.clientX, event.clientY);
    else hideTip();
  });
  canvas.addEventListener("pointerleave", hideTip);
  canvas.addEventListener("click", (event) => {
    if (event.defaultPrevented) return;
    const found = hit(event);
    if (found) found.choose();
    else options.onClear();
  });
  element.addEventListener("keydown", (event) => {
    const step = width / 6;
    if (event.key === "+" || event.key === "=") zoomed.call(zoomer.scaleBy, 1.5);
    else if (event.key === "-") zoomed.call(zoomer.scaleBy, 1 / 1.5);
    else if (event.key === "ArrowRight") zoomed.call(zoomer.translateBy, -step / transform.k, 0);
    else if (event.key === "ArrowLeft") zoomed.call(zoomer.translateBy, step / transform.k, 0);
    else if (event.key === "0") zoomed.call(zoomer.transform, zoomIdentity);
    else if (event.key === "Escape") options.onClear();
    else return;
    event.preventDefault();
  });

  function resize(): void {
    width = element.clientWidth;
    height = Math.max(element.clientHeight, lanes.at(-1) ? lanes.at(-1)!.sliceTop + lanes.at(-1)!.height + GAP : 0);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    zoomer
      .translateExtent([
        [0, 0],
        [width, height],
      ])
      .extent([
        [0, 0],
        [width, height],
      ]);
    draw();
    askSoon(30);
  }

  async function load(): Promise<void> {
    try {
      outline = await options.outline();
    } catch (error) {
      message.textContent = error instanceof Error ? error.message : String(error);
      message.hidden = false;
      return;
    }
    trails = moduleTrails(outline);
    layLanes();
    resize();
    await ask();
  }
  new ResizeObserver(oncePerFrame(resize)).observe(element);
  onThemeChange(() => {
    colours = readColours();
    font = readFont();
    draw();
  });
  void load();

  return {
    element,
    setColour(by) {
      colourBy = by;
      colourRank = new Map();
      rank();
      draw();
    },
    setSelection(next) {
      selection = next;
      prepareSelection();
      draw();
    },
    fit: () => void zoomed.call(zoomer.transform, zoomIdentity),
  };
}
