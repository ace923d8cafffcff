/**
 * Writes a profile, a graph or the proof of a compressed model as one HTML file that needs nothing else: data in a
 * JSON block, script and styles inline and allowed by their hashes alone. Pure text work; names in the data are hostile and never become markup.
 */
import type { Graph } from "../../src/protocol/graph.ts";
import type { ProfileResult } from "../../src/protocol/results.ts";
import type { CompressionResult } from "../../src/protocol/views/quantize.ts";
import { EMPTY_STYLE, escapeHtml } from "../../src/protocol/views/page.ts";
import { sha256Base64 } from "./sha256.ts";

export interface ReportOptions {
  profile: ProfileResult | null;
  graph: Graph | null;
  /** What quantizing, pruning or distilling cost and gained. */
  proof?: CompressionResult | null;
  /** Contents of the bundled report.js and report.css. */
  scripts: string;
  styles: string;
  /** Folder that file names are written relative to; nothing above it appears in the file. */
  root?: string;
  /** When the report was made, as it should be read. */
  date?: string;
  /** A trace with more events is left out, and the report says so. */
  maxEvents?: number;
}

/** What the JSON block holds. */
export interface ReportData {
  profile: ProfileResult | null;
  graph: Graph | null;
  proof: CompressionResult | null;
  date: string;
  notes: string[];
}

const count = (value: number): string => value.toLocaleString("en-US");
const DEFAULT_MAX_EVENTS = 250_000;

/** JSON that cannot end a script element, open a comment in it, or end a line in old parsers. */
export function jsonForScript(value: unknown): string {
  const unsafe: Record<string, string> = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
  };
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => unsafe[character]!);
}

/** A script may not hold its own end tag or the start of a comment, not even inside a string. */
function scriptText(script: string): string {
  return script.replace(/<\/(script)/gi, "<\\/$1").replace(/<!--/g, "<\\!--");
}

function styleText(styles: string): string {
  return styles.replace(/<\/(style)/gi, "<\\/$1");
}

function hash(text: string): string {
  return `'sha256-${sha256Base64(text)}'`;
}

/** Paths below the root become relative, so that a report can be passed on. */
function relativePaths<Value>(value: Value, root: string): Value {
  if (!root) return value;
  const folder = root.endsWith("/") || root.endsWith("\\") ? root : `${root}/`;
  const isPath = new Set(["file", "target", "value"]);
  return JSON.parse(JSON.stringify(value), (key, entry: unknown) =>
    isPath.has(key) && typeof entry === "string" && entry.startsWith(folder) ? entry.slice(folder.length) : entry,
  ) as Value;
}

export function reportData(options: ReportOptions): ReportData {
  const { graph, proof = null, root = "", date = "", maxEvents = DEFAULT_MAX_EVENTS } = options;
  const notes: string[] = [];
  let { profile } = options;
  const nEvents = profile?.trace
    ? profile.trace.kernels.length + profile.trace.ops.length + profile.trace.memory.length
    : 0;
  if (profile && nEvents > maxEvents) {
    const { trace: _, ...tables } = profile;
    profile = tables;
    notes.push(
      `The timeline was left out: the trace has ${count(nEvents)} events, a report holds ${count(maxEvents)}.`,
    );
  }
  return relativePaths({ profile, graph, proof, date, notes }, root);
}

export function reportHtml(options: ReportOptions): string {
  const data = reportData(options);
  const script = scriptText(options.scripts);
  const style = styleText(options.styles);
  const target = data.profile?.target ?? data.graph?.target ?? data.proof?.target ?? "";
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)} ${EMPTY_STYLE}`,
    "worker-src blob:",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(target)} · Layerwise report</title>
<style>${style}</style>
</head>
<body>
<div id="app" data-view="report"></div>
<script type="application/json" id="layerwise-data">${jsonForScript(data)}</script>
<script>${script}</script>
</body>
</html>
`;
}
