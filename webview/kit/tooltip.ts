/** One tooltip for the whole page, near the pointer and never outside of the window. It shows text, not markup. */
import { h } from "./dom.ts";

export interface TipLine {
  label?: string;
  text: string;
  /** A colour swatch in front. */
  colour?: string;
}

export interface Tip {
  title: string;
  subtitle?: string | undefined;
  lines?: TipLine[];
  /** What a click does: "Click opens model.py:28". */
  hint?: string | undefined;
}

let element: HTMLElement | null = null;

function tipElement(): HTMLElement {
  if (!element) {
    element = h("div", { class: "lw-tip", attributes: { role: "tooltip", hidden: true } });
    document.body.append(element);
    window.addEventListener("scroll", hideTip, { capture: true, passive: true });
    window.addEventListener("blur", hideTip);
  }
  return element;
}

/** Rest this long before the first tooltip; from then on it follows at once. */
const REST_MS = 260;
let timer = 0;

export function showTip(tip: Tip, x: number, y: number): void {
  const box = tipElement();
  clearTimeout(timer);
  if (box.hidden) timer = window.setTimeout(() => drawTip(box, tip, x, y), REST_MS);
  else drawTip(box, tip, x, y);
}

function drawTip(box: HTMLElement, tip: Tip, x: number, y: number): void {
  box.replaceChildren(
    h("div", { class: "lw-tip-title" }, tip.title),
    ...(tip.subtitle ? [h("div", { class: "lw-tip-subtitle" }, tip.subtitle)] : []),
    ...(tip.lines?.length
      ? [
          h(
            "div",
            { class: "lw-tip-lines" },
            ...tip.lines.flatMap((line) => [
              h(
                "span",
                { class: "lw-tip-label" },
                line.colour ? h("i", { class: "lw-swatch", style: { background: line.colour } }) : null,
                line.label ?? "",
              ),
              h("span", { class: "lw-tip-text" }, line.text),
            ]),
          ),
        ]
      : []),
    ...(tip.hint ? [h("div", { class: "lw-tip-hint" }, tip.hint)] : []),
  );
  box.hidden = false;
  const { width, height } = box.getBoundingClientRect();
  const margin = 6;
  const left = x + 14 + width > innerWidth - margin ? x - 14 - width : x + 14;
  const top = y + 16 + height > innerHeight - margin ? y - 12 - height : y + 16;
  box.style.left = `${Math.max(margin, Math.min(left, innerWidth - width - margin))}px`;
  box.style.top = `${Math.max(margin, top)}px`;
}

export function hideTip(): void {
  clearTimeout(timer);
  if (element) element.hidden = true;
}

/** Show what `tipAt` gives while the pointer moves over the target. */
export function tipOver(target: HTMLElement | SVGElement, tipAt: (event: PointerEvent) => Tip | null): void {
  const place: GlobalEventHandlers = target;
  place.addEventListener("pointermove", (event) => {
    const tip = event.buttons ? null : tipAt(event);
    if (tip) showTip(tip, event.clientX, event.clientY);
    else hideTip();
  });
  place.addEventListener("pointerleave", hideTip);
  place.addEventListener("pointerdown", hideTip);
}
