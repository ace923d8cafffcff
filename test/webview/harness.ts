/**
 * Headless Chromium for the view tests: pages come from memory under a made-up origin, every other request is refused
 * and counted, and so is every dialog, console error and policy report.
 */
import { build } from "esbuild";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { viewPage } from "../../src/protocol/views/page.ts";
import type { ViewName } from "../../src/protocol/views/port.ts";
import { buildWebviews } from "../../webview/build.ts";
import { launchBrowser } from "../workbench/browser.ts";
import type { Browser, Page } from "../workbench/browser.ts";

const here = dirname(fileURLToPath(import.meta.url));
const ORIGIN = "https://view.test";
export type Theme = "light" | "dark" | "contrast" | "contrastLight";

export interface Bundles {
  folder: string;
  read(name: string): string;
  remove(): void;
}

export async function bundle(minify = false): Promise<Bundles> {
  const folder = mkdtempSync(join(tmpdir(), "layerwise-views-"));
  const nodePaths = process.env["NODE_PATH"]?.split(":") ?? [];
  await buildWebviews({ outdir: folder, minify, nodePaths });
  await build({
    entryPoints: [join(here, "fake_host.ts")],
    bundle: true,
    format: "iife",
    outdir: folder,
    target: "chrome124",
    nodePaths,
  });
  return {
    folder,
    read: (name) => readFileSync(join(folder, name), "utf8"),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** What Visual Studio Code's own themes set, as far as the views read it. */
const themes: Record<Theme, { bodyClass: string; variables: Record<string, string> }> = {
  light: {
    bodyClass: "vscode-light",
    variables: {
      foreground: "#3b3b3b",
      errorForeground: "#f85149",
      "editorWarning-foreground": "#bf8803",
      "testing-iconPassed": "#73c991",
      descriptionForeground: "#3b3b3bb0",
      "editor-background": "#ffffff",
      "sideBar-background": "#f8f8f8",
      "panel-border": "#e5e5e5",
      focusBorder: "#005fb8",
      "button-background": "#005fb8",
      "button-foreground": "#ffffff",
      "button-secondaryBackground": "#e5e5e5",
      "button-secondaryForeground": "#3b3b3b",
      "list-hoverBackground": "#f2f2f2",
      "list-inactiveSelectionBackground": "#e4e6f1",
      "input-background": "#ffffff",
      "input-border": "#cecece",
      "dropdown-background": "#ffffff",
      "dropdown-border": "#cecece",
      "dropdown-foreground": "#3b3b3b",
      "badge-background": "#cccccc",
      "badge-foreground": "#3b3b3b",
      "textLink-foreground": "#005fb8",
      "toolbar-hoverBackground": "#b8b8b850",
      "icon-foreground": "#3b3b3b",
    },
  },
  dark: {
    bodyClass: "vscode-dark",
    variables: {
      foreground: "#cccccc",
      errorForeground: "#f85149",
      "editorWarning-foreground": "#cca700",
      "testing-iconPassed": "#73c991",
      descriptionForeground: "#9d9d9d",
      "editor-background": "#1f1f1f",
      "sideBar-background": "#181818",
      "panel-border": "#2b2b2b",
      focusBorder: "#0078d4",
      "button-background": "#0078d4",
      "button-foreground": "#ffffff",
      "button-secondaryBackground": "#313131",
      "button-secondaryForeground": "#cccccc",
      "list-hoverBackground": "#2a2d2e",
      "list-inactiveSelectionBackground": "#37373d",
      "input-background": "#313131",
      "input-border": "#3c3c3c",
      "dropdown-background": "#313131",
      "dropdown-border": "#3c3c3c",
      "dropdown-foreground": "#cccccc",
      "badge-background": "#616161",
      "badge-foreground": "#f8f8f8",
      "textLink-foreground": "#4daafc",
      "toolbar-hoverBackground": "#5a5d5e50",
      "icon-foreground": "#cccccc",
    },
  },
  contrast: {
    bodyClass: "vscode-high-contrast",
    variables: {
      foreground: "#ffffff",
      errorForeground: "#f48771",
      "editorWarning-foreground": "#ffd370",
      "testing-iconPassed": "#73c991",
      descriptionForeground: "#ffffffd0",
      "editor-background": "#000000",
      "sideBar-background": "#000000",
      contrastBorder: "#6fc3df",
      contrastActiveBorder: "#f38518",
      focusBorder: "#f38518",
      "button-foreground": "#ffffff",
      "button-background": "#000000",
      "button-border": "#6fc3df",
      "button-secondaryForeground": "#ffffff",
      "input-background": "#000000",
      "input-border": "#6fc3df",
      "dropdown-background": "#000000",
      "dropdown-border": "#6fc3df",
      "dropdown-foreground": "#ffffff",
      "badge-background": "#000000",
      "badge-foreground": "#ffffff",
      "textLink-foreground": "#21a6ff",
      "icon-foreground": "#ffffff",
    },
  },
  contrastLight: {
    // The editor gives both classes: older pages know the second one alone.
    bodyClass: "vscode-high-contrast-light vscode-high-contrast",
    variables: {
      foreground: "#292929",
      errorForeground: "#b5200d",
      "editorWarning-foreground": "#895503",
      "testing-iconPassed": "#007100",
      descriptionForeground: "#292929b3",
      "editor-background": "#ffffff",
      "sideBar-background": "#ffffff",
      contrastBorder: "#0f4a85",
      contrastActiveBorder: "#006bbd",
      focusBorder: "#006bbd",
      "button-foreground": "#ffffff",
      "button-background": "#0f4a85",
      "button-border": "#0f4a85",
      "button-secondaryForeground": "#292929",
      "button-secondaryBackground": "#ffffff",
      "input-background": "#ffffff",
      "input-border": "#0f4a85",
      "dropdown-background": "#ffffff",
      "dropdown-border": "#0f4a85",
      "dropdown-foreground": "#292929",
      "badge-background": "#0f4a85",
      "badge-foreground": "#ffffff",
      "textLink-foreground": "#0f4a85",
      "icon-foreground": "#292929",
    },
  },
};

export interface OpenOptions {
  view: ViewName;
  query?: Record<string, string>;
  theme?: Theme;
  width?: number;
  height?: number;
}

export interface OpenedView {
  page: Page;
  /** Dialogs, refused requests, console errors and policy reports; must stay empty. */
  incidents: string[];
  calls(): Promise<{ method: string; argument: unknown }[]>;
}

export const launch = (): Promise<Browser> => launchBrowser(["--disable-component-update", "--disable-sync"]);

export function watch(page: Page, isOurs: (url: string) => boolean): string[] {
  const incidents: string[] = [];
  page.on("dialog", (dialog) => {
    incidents.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("pageerror", (error) => incidents.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") incidents.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (!isOurs(request.url())) incidents.push(`request: ${request.url()}`);
  });
  return incidents;
}

export async function openView(browser: Browser, bundles: Bundles, options: OpenOptions): Promise<OpenedView> {
  const { view, query = {}, theme = "light", width = 900, height = 700 } = options;
  const page = await browser.newPage({ viewport: { width, height } });
  const incidents = watch(page, (url) => url.startsWith(`${ORIGIN}/`) || url.startsWith("blob:"));
  const { bodyClass, variables } = themes[theme];
  const sheet = Object.entries({
    ...variables,
    "font-family": "'DejaVu Sans', sans-serif",
    "font-size": "13px",
    "editor-font-family": "'DejaVu Sans Mono', monospace",
  })
    .map(([name, value]) => `--vscode-${name}: ${value};`)
    .join("\n");
  const html = viewPage({
    view,
    title: view,
    nonce: "n0nce",
    script: `${view}.js`,
    style: `${view}.css`,
    styleSource: ORIGIN,
  });
  const files: Record<string, [string, string]> = {
    "/": [
      "text/html",
      html
        .replace("<body>", `<body class="${bodyClass}">`)
        .replace("</head>", `<link rel="stylesheet" href="theme.css"></head>`)
        .replace(`<script nonce`, `<script nonce="n0nce" src="fake_host.js"></script>\n<script nonce`),
    ],
    "/theme.css": ["text/css", `:root { ${sheet} }`],
    [`/${view}.js`]: ["text/javascript", bundles.read(`${view}.js`)],
    [`/${view}.css`]: ["text/css", bundles.read(`${view}.css`)],
    "/fake_host.js": ["text/javascript", bundles.read("fake_host.js")],
  };
  await page.route("**/*", (route) => {
    const file = files[new URL(route.request().url()).pathname];
    if (file) return route.fulfill({ contentType: `${file[0]}; charset=utf-8`, body: file[1] });
    if (route.request().url().endsWith("/favicon.ico")) return route.fulfill({ status: 204 });
    return route.abort();
  });
  await page.goto(`${ORIGIN}/?${new URLSearchParams(query)}`);
  return { page, incidents, calls: () => page.evaluate(() => window.layerwiseTest.calls) };
}
