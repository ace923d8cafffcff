/** Our own line icons on a 16-pixel grid; they take the colour of the text around them. */
import { svg } from "./dom.ts";

const paths = {
  chevron: "M6 4l4 4-4 4",
  close: "M4 4l8 8M12 4l-8 8",
  search: "M7 11.5a4.5 4.5 0 1 1 0-9 4.5 4.5 0 0 1 0 9zM10.4 10.4L14 14",
  copy: "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z",
  play: "M5 3.2v9.6L12.5 8z",
  graph: "M5.5 2.5h5v3h-5zM2 10.5h4.5v3H2zM9.5 10.5H14v3H9.5zM8 5.5V8M4.2 10.5V8h7.6v2.5",
  warning: "M8 2.2L14.3 13.5H1.7zM8 6.4v3.4M8 11.4v.6",
  error: "M8 14A6 6 0 1 1 8 2a6 6 0 0 1 0 12zM5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4",
  info: "M8 14A6 6 0 1 1 8 2a6 6 0 0 1 0 12zM8 7.2v3.8M8 5v.3",
  clock: "M8 14A6 6 0 1 1 8 2a6 6 0 0 1 0 12zM8 4.8V8l2.2 1.6",
  save: "M8 2.5v7M5 7l3 3 3-3M2.5 11v2.5h11V11",
  fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  unfold: "M4 6l4-3.5L12 6M4 10l4 3.5L12 10",
  fold: "M4 2.5L8 6l4-3.5M4 13.5L8 10l4 3.5",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  cpu: "M4.5 4.5h7v7h-7zM6.5 1.8v2.7M9.5 1.8v2.7M6.5 11.5v2.7M9.5 11.5v2.7M1.8 6.5h2.7M1.8 9.5h2.7M11.5 6.5h2.7M11.5 9.5h2.7",
  gpu: "M1.8 2.5v11M1.8 4h12.4v7H1.8M4.5 11v2M11 11v2M8 9.3a1.8 1.8 0 1 1 0-3.6 1.8 1.8 0 0 1 0 3.6z",
  flame:
    "M8 14c2.8 0 4.5-1.8 4.5-4.3C12.5 6.6 9.6 5.4 9.2 2 6.8 3.4 6.6 5.6 6.9 7.2 6 6.9 5.5 6.2 5.3 5.3" +
    "C4.2 6.4 3.5 7.9 3.5 9.7 3.5 12.2 5.2 14 8 14z",
  refresh: "M13 8a5 5 0 1 1-1.6-3.7M13 2.2v2.9h-2.9",
  check: "M3 8.5l3.2 3.2L13 4.8",
  compress: "M8 1.5v4M6 3.8L8 5.8l2-2M8 14.5v-4M6 12.2L8 10.2l2 2M2.5 8h11",
  scales: "M8 2.5v11M5 13.5h6M3 4.5h10M3 4.5l-1.5 5a1.9 1.9 0 0 0 3 0zM13 4.5l-1.5 5a1.9 1.9 0 0 0 3 0z",
  filter: "M2.5 3h11L9.5 8.2v3.6l-3 1.7V8.2z",
  teach: "M8 3.2L14.5 6.4 8 9.6 1.5 6.4zM4.5 8v3c1.9 1.7 5.1 1.7 7 0V8M14.5 6.4v4",
  lock: "M3.5 7.5h9v6h-9zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5M8 10v1.2",
  theme: "M8 14A6 6 0 1 1 8 2zM8 2a6 6 0 0 1 0 12",
} as const;

export type IconName = keyof typeof paths;

export function icon(name: IconName): SVGSVGElement {
  return svg(
    "svg",
    { viewBox: "0 0 16 16", class: `lw-icon lw-icon-${name}`, "aria-hidden": "true" },
    svg("path", { d: paths[name] }),
  );
}
