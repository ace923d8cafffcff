/** The HTML report: the views of profiler and graph with their data, in one file. Loaded only when it is asked for. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { reportHtml } from "../../webview/report/html.ts";
import type { Graph } from "../protocol/graph.ts";
import type { ProfileResult } from "../protocol/results.ts";
import { rootFolder } from "../runtime/paths.ts";
import { UsageError } from "./command.ts";

export function makeReport(profile: ProfileResult, graph: Graph | null, root: string): string {
  return reportHtml({
    profile,
    graph,
    root,
    scripts: bundle("report.js"),
    styles: bundle("report.css"),
    date: new Date().toISOString().slice(0, 16).replace("T", " "),
  });
}

function bundle(name: string): string {
  const path = join(rootFolder, "dist", "webview", name);
  try {
    return readFileSync(path, "utf8");
  } catch {
    throw new UsageError(`${path} is missing, so no report can be written`, "run 'npm run build' in the project");
  }
}
