/**
 * The colours of the page as values for canvases and exported pictures. They come from the style sheet, which takes
 * them from the editor's theme; a change of theme is announced once per change.
 */
export const COLOUR_NAMES = [
  "bg",
  "fg",
  "muted",
  "faint",
  "border",
  "frame",
  "line",
  "accent",
  "hover",
  "surface",
  "chosen",
  "forward",
  "backward",
  "optimizer",
  "other",
  "kind-parameter",
  "kind-gradient",
  "kind-optimizer",
  "kind-activation",
  "kind-input",
  "kind-temporary",
  "series-0",
  "series-1",
  "series-2",
  "series-3",
  "series-4",
  "series-5",
  "series-6",
  "series-7",
  "heat-0",
  "heat-1",
  "heat-2",
  "heat-3",
] as const;
export type ColourName = (typeof COLOUR_NAMES)[number];
export type Colours = Record<ColourName, string>;

/** Ask the browser what a variable means now: `light-dark()` and fallbacks are only resolved on a real property. */
export function readColours(): Colours {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const colours = {} as Colours;
  for (const name of COLOUR_NAMES) {
    probe.style.color = `var(--lw-${name})`;
    colours[name] = plainColour(getComputedStyle(probe).color);
  }
  probe.remove();
  return colours;
}

/** `color-mix()` comes back as `color(srgb …)`, which older SVG readers and colour libraries do not know. */
export function plainColour(text: string): string {
  const match = /^color\(srgb ([\d.e-]+) ([\d.e-]+) ([\d.e-]+)(?: \/ ([\d.e-]+))?\)$/.exec(text);
  if (!match) return text;
  const [r, g, b] = match.slice(1, 4).map((part) => Math.round(Number(part) * 255));
  return match[4] === undefined ? `rgb(${r}, ${g}, ${b})` : `rgba(${r}, ${g}, ${b}, ${match[4]})`;
}

export function readFont(): string {
  return getComputedStyle(document.body).fontFamily || "sans-serif";
}

export function onThemeChange(handler: () => void): () => void {
  const observer = new MutationObserver(handler);
  const attributeFilter = ["class", "style", "data-theme"];
  observer.observe(document.documentElement, { attributes: true, attributeFilter });
  observer.observe(document.body, { attributes: true, attributeFilter });
  const media = matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", handler);
  return () => {
    observer.disconnect();
    media.removeEventListener("change", handler);
  };
}
