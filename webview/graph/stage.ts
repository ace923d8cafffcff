/**
 * The canvas with its camera: pan, zoom, hit tests, transitions between two pictures, and the small map. It knows
 * where things are and tells what was pointed at; what happens then is the view's business.
 */
import { easeCubicInOut, select, zoom, zoomIdentity } from "d3";
import type { D3ZoomEvent } from "d3";
import { h, oncePerFrame } from "../kit/dom.ts";
import type { BoxStyler, Palette } from "./colour.ts";
import type { GraphModel } from "./model.ts";
import { paintGraph, wireBounds } from "./painter.ts";
import type { Camera } from "./painter.ts";
import { HEADER } from "./picture.ts";
import type { Box, Chip, Picture } from "./picture.ts";

const TRANSITION_MS = 280;
/** More boxes than this are not moved one by one. */
const MOST_MOVING = 1500;
const MARGIN = 28;

export interface Target {
  box: Box | null;
  chip: Chip | null;
  /** True on the title line of an open box. */
  isTitle: boolean;
}

export interface Scene {
  model: GraphModel;
  picture: Picture;
  styler: BoxStyler;
  palette: Palette;
  font: string;
}

export interface StageOptions {
  onClick(target: Target, event: MouseEvent): void;
  onHover(target: Target | null, event: PointerEvent): void;
}

export interface Stage {
  element: HTMLElement;
  /** Show a scene; with an anchor, that item stays where it is on the screen. */
  show(scene: Scene, anchor: number | null): void;
  setStyle(styler: BoxStyler, palette: Palette, font: string): void;
  setMarks(selected: number | null, hovered: number | null): void;
  fit(): void;
  /** Bring an item into sight; nothing moves if it is. */
  reveal(item: number): void;
  zoomBy(factor: number): void;
  box(item: number): Box | undefined;
  /** Where the right end of an item stands in the window, once what moves has come to rest. */
  placeOf(item: number): { x: number; y: number } | null;
}

/** The user wants nothing to move. */
/** The system's wish, or the editor's own setting. */
const isCalm = (): boolean =>
  matchMedia("(prefers-reduced-motion: reduce)").matches || document.body.classList.contains("vscode-reduce-motion");

type Rect = { x: number; y: number; width: number; height: number };

export function makeStage(options: StageOptions): Stage {
  const canvas = h("canvas", { class: "lw-graph-canvas" });
  const map = h("canvas", { class: "lw-graph-map", attributes: { hidden: true, "aria-hidden": "true" } });
  const element = h("div", { class: "lw-graph-stage" }, canvas, map);
  const context = canvas.getContext("2d", { alpha: false })!;
  let scene: Scene | null = null;
  let bounds: Float32Array = new Float32Array(0);
  let boxOf = new Map<number, Box>();
  let camera: Camera = { x: 0, y: 0, k: 1 };
  let width = 0;
  let height = 0;
  let selected: number | null = null;
  let hovered: number | null = null;
  let moving: { startMs: number; from: Map<number, Rect>; cameraFrom: Camera; cameraTo: Camera } | null = null;
  let wantsFit = false;
  const draw = oncePerFrame(paint);

  const zoomer = zoom<HTMLCanvasElement, unknown>()
    .scaleExtent([0.001, 3])
    .clickDistance(4)
    .on("zoom", (event: D3ZoomEvent<HTMLCanvasElement, unknown>) => {
      camera = { x: event.transform.x, y: event.transform.y, k: event.transform.k };
      if (event.sourceEvent) moving = null;
      draw();
    });
  const zoomed = select(canvas);
  zoomed.call(zoomer).on("dblclick.zoom", null);

  function setCamera(next: Camera): void {
    zoomed.call(zoomer.transform, zoomIdentity.translate(next.x, next.y).scale(next.k));
  }

  function progress(): number {
    if (!moving) return 1;
    const t = (performance.now() - moving.startMs) / TRANSITION_MS;
    if (t < 1) return easeCubicInOut(Math.max(0, t));
    return 1;
  }

  function paint(): void {
    if (!scene || width === 0) return;
    const ratio = devicePixelRatio || 1;
    const [pixelWidth, pixelHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== pixelWidth || canvas.height !== pixelHeight) {
      canvas.width = pixelWidth;
      canvas.height = pixelHeight;
    }
    const t = progress();
    const current = moving;
    if (current) {
      const mix = (a: number, b: number): number => a + (b - a) * t;
      const { cameraFrom: a, cameraTo: b } = current;
      if (t >= 1) moving = null;
      setCamera({ x: mix(a.x, b.x), y: mix(a.y, b.y), k: mix(a.k, b.k) });
    }
    paintGraph(
      context,
      {
        ...scene,
        camera,
        width,
        height,
        ratio,
        selected,
        hovered,
        settled: current ? Math.max(0, t * 2 - 1) : 1,
        boxAt: (box) => {
          const from = current?.from.get(box.item);
          if (!from) return { x: box.x, y: box.y, width: box.width, height: box.height, alpha: current ? t : 1 };
          const mix = (a: number, b: number): number => a + (b - a) * t;
          return {
            x: mix(from.x, box.x),
            y: mix(from.y, box.y),
            width: mix(from.width, box.width),
            height: mix(from.height, box.height),
            alpha: 1,
          };
        },
      },
      bounds,
    );
    paintMap();
    if (moving) draw();
  }

  let mapPicture: { canvas: HTMLCanvasElement; scene: Scene; k: number } | null = null;

  /** The map is drawn once per picture and only overlaid with the window afterwards. */
  function paintMap(): void {
    const { picture, palette } = scene!;
    const isUseful = picture.width * camera.k > width * 1.3 || picture.height * camera.k > height * 1.3;
    map.hidden = !isUseful || width < 380 || height < 300;
    if (map.hidden) return;
    const ratio = devicePixelRatio || 1;
    const k = Math.min(130 / picture.width, Math.min(220, height * 0.45) / picture.height);
    const [mapWidth, mapHeight] = [Math.max(26, picture.width * k), picture.height * k];
    if (mapPicture?.scene !== scene || mapPicture?.k !== k) {
      const made = document.createElement("canvas");
      made.width = Math.ceil(mapWidth * ratio);
      made.height = Math.ceil(mapHeight * ratio);
      const pen = made.getContext("2d")!;
      pen.scale(ratio, ratio);
      for (const box of picture.boxes) {
        if (box.depth > 3) continue;
        const style = scene!.styler(box.item);
        pen.globalAlpha = box.isOpen ? 0.25 : 1;
        pen.fillStyle = box.isOpen ? palette.faint : style.strip || style.fill;
        pen.fillRect(box.x * k, box.y * k, Math.max(2, box.width * k), Math.max(0.7, box.height * k));
      }
      mapPicture = { canvas: made, scene: scene!, k };
      map.width = made.width + 8 * ratio;
      map.height = made.height + 8 * ratio;
      map.style.width = `${map.width / ratio}px`;
      map.style.height = `${map.height / ratio}px`;
    }
    const pen = map.getContext("2d")!;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, map.width, map.height);
    pen.drawImage(mapPicture.canvas, 4 * ratio, 4 * ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.strokeStyle = palette.accent;
    pen.lineWidth = 1.5;
    const [left, top] = [(-camera.x / camera.k) * k + 4, (-camera.y / camera.k) * k + 4];
    const x = Math.max(1, left);
    const y = Math.max(1, top);
    const right = Math.min(mapWidth + 7, left + (width / camera.k) * k);
    const bottom = Math.min(mapHeight + 7, top + Math.max(4, (height / camera.k) * k));
    pen.fillStyle = palette.accent;
    pen.globalAlpha = 0.12;
    pen.fillRect(x, y, Math.max(4, right - x), Math.max(4, bottom - y));
    pen.globalAlpha = 1;
    pen.strokeRect(x, y, Math.max(4, right - x), Math.max(4, bottom - y));
  }

  function moveByMap(event: PointerEvent): void {
    if (!mapPicture || !(event.buttons & 1)) return;
    const box = map.getBoundingClientRect();
    const x = (event.clientX - box.left - 4) / mapPicture.k;
    const y = (event.clientY - box.top - 4) / mapPicture.k;
    moving = null;
    setCamera({ k: camera.k, x: width / 2 - x * camera.k, y: height / 2 - y * camera.k });
  }
  map.addEventListener("pointerdown", moveByMap);
  map.addEventListener("pointermove", moveByMap);

  function targetAt(event: MouseEvent): Target | null {
    if (!scene) return null;
    const rect = canvas.getBoundingClientRect();
    const x = (event.clientX - rect.left - camera.x) / camera.k;
    const y = (event.clientY - rect.top - camera.y) / camera.k;
    const isIn = (r: Rect): boolean => x >= r.x && x <= r.x + r.width && y >= r.y && y <= r.y + r.height;
    const chip = scene.picture.chips.find(isIn) ?? null;
    let box: Box | null = null;
    for (const each of scene.picture.boxes) if (isIn(each)) box = each;
    if (!box && !chip) return null;
    return { box, chip, isTitle: box !== null && box.isOpen && y < box.y + HEADER };
  }

  canvas.addEventListener("click", (event) => {
    if (event.defaultPrevented) return;
    options.onClick(targetAt(event) ?? { box: null, chip: null, isTitle: false }, event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons) return;
    const target = targetAt(event);
    const isActive = target !== null && (target.chip !== null || target.isTitle || target.box?.isOpen === false);
    canvas.style.cursor = isActive ? "pointer" : "grab";
    options.onHover(target, event);
  });
  canvas.addEventListener("pointerleave", (event) => options.onHover(null, event));

  function cameraToFit(picture: Picture): Camera {
    const most = Math.min((width - 2 * MARGIN) / picture.width, (height - 2 * MARGIN) / picture.height, 1.15);
    // A tall graph is shown from its top at a size that can be read.
    const k = Math.max(most, Math.min(0.8, (width - 2 * MARGIN) / picture.width));
    const y = picture.height * k <= height - MARGIN ? (height - picture.height * k) / 2 : MARGIN;
    return { k, x: (width - picture.width * k) / 2, y };
  }

  function glideTo(to: Camera): void {
    if (isCalm()) {
      moving = null;
      return setCamera(to);
    }
    moving = { startMs: performance.now(), from: moving?.from ?? new Map(), cameraFrom: camera, cameraTo: to };
    draw();
  }

  function startRects(next: Scene, old: Map<number, Box>): Map<number, Rect> {
    const from = new Map<number, Rect>();
    for (const box of next.picture.boxes) {
      const before = old.get(box.item);
      if (before) {
        from.set(box.item, before);
        continue;
      }
      const around = old.get(next.model.parent[box.item]!) ?? from.get(next.model.parent[box.item]!);
      if (around) {
        from.set(box.item, {
          x: around.x + around.width / 2 - box.width / 6,
          y: around.y + around.height / 2 - box.height / 6,
          width: box.width / 3,
          height: box.height / 3,
        });
      }
    }
    return from;
  }

  new ResizeObserver(() => {
    width = element.clientWidth;
    height = element.clientHeight;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    if (wantsFit && scene && width > 0) {
      wantsFit = false;
      setCamera(cameraToFit(scene.picture));
    }
    paint();
  }).observe(element);

  return {
    element,
    show(next, anchor) {
      const isSameGraph = scene?.model === next.model;
      const lastWidth = scene?.picture.width ?? 0;
      const old = boxOf;
      scene = next;
      bounds = wireBounds(next.picture.wires);
      boxOf = new Map(next.picture.boxes.map((box) => [box.item, box]));
      if (!isSameGraph) {
        wantsFit = width === 0;
        if (!wantsFit) setCamera(cameraToFit(next.picture));
        draw();
        return;
      }
      const before = anchor === null ? undefined : old.get(anchor);
      const after = anchor === null ? undefined : boxOf.get(anchor);
      const to = { ...camera };
      if (anchor === null) to.x += ((isSameGraph ? lastWidth - next.picture.width : 0) * camera.k) / 2;
      if (before && after) {
        to.x += (before.x + before.width / 2 - after.x - after.width / 2) * camera.k;
        to.y += (before.y - after.y) * camera.k;
      }
      if (isCalm() || next.picture.boxes.length > MOST_MOVING) setCamera(to);
      else moving = { startMs: performance.now(), from: startRects(next, old), cameraFrom: camera, cameraTo: to };
      draw();
    },
    setStyle(styler, palette, font) {
      if (!scene) return;
      scene = { ...scene, styler, palette, font };
      draw();
    },
    setMarks(nextSelected, nextHovered) {
      selected = nextSelected;
      hovered = nextHovered;
      draw();
    },
    fit() {
      if (scene) glideTo(cameraToFit(scene.picture));
    },
    reveal(item) {
      const box = boxOf.get(item);
      if (!box) return;
      const goal = moving?.cameraTo ?? camera;
      const k = Math.max(goal.k, 0.75);
      const left = box.x * goal.k + goal.x;
      const top = box.y * goal.k + goal.y;
      const shownHeight = Math.min(box.height * goal.k, height * 0.5);
      const isSeen =
        left > 8 &&
        top > 8 &&
        left + Math.min(box.width * goal.k, width / 2) < width - 8 &&
        top + shownHeight < height - 8;
      if (isSeen && k === goal.k) return;
      const y = box.height * k > height - 2 * MARGIN ? MARGIN - box.y * k : height / 2 - (box.y + box.height / 2) * k;
      glideTo({ k, x: width / 2 - (box.x + box.width / 2) * k, y });
    },
    zoomBy: (factor) => void zoomed.call(zoomer.scaleBy, factor),
    box: (item) => boxOf.get(item),
    placeOf(item) {
      const box = boxOf.get(item);
      if (!box) return null;
      const { left, top } = canvas.getBoundingClientRect();
      const { x, y, k } = moving?.cameraTo ?? camera;
      return { x: left + (box.x + box.width) * k + x, y: top + box.y * k + y };
    },
  };
}
