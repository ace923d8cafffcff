/**
 * The HTML page that carries a view: one element, one script, one style sheet, and a content security policy that
 * allows nothing else. It holds no data; the view pulls that through its port.
 */
import type { ViewName } from "./port.ts";

export interface PageOptions {
  view: ViewName;
  title: string;
  /** Addresses of the bundled script and style sheet, as the webview must load them. */
  script: string;
  style: string;
  /** Random for every page. */
  nonce: string;
  /** The webview's own source for styles ("vscode-webview:..."), as the editor gives it. */
  styleSource: string;
}

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => escapes[character] ?? character);
}

/** The hash of an empty style element: the toolkit makes one to see whether the browser knows `:focus-visible`. */
export const EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";

export function pagePolicy(nonce: string, styleSource: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${styleSource} ${EMPTY_STYLE}`,
    "worker-src blob:",
    "img-src data:",
  ].join("; ");
}

export function viewPage(options: PageOptions): string {
  const { view, title, script, style, nonce, styleSource } = options;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(pagePolicy(nonce, styleSource))}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="stylesheet" href="${escapeHtml(style)}">
</head>
<body>
<div id="app" data-view="${view}"></div>
<script nonce="${escapeHtml(nonce)}" src="${escapeHtml(script)}"></script>
</body>
</html>
`;
}
