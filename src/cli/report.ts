/** The HTML report: the views of profile, graph and proof with their data, in one file. Loaded only when it is asked for. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { reportHtml, type ReportOptions } from "../../webview/report/html.ts";
import { rootFolder } from "../runtime/paths.ts";
import { UsageError } from "./command.ts";

/** What a report shows; file names are written relative to `root`. */
export type Shown = Pick<ReportOptions, "profile" | "graph" | "proof"> & { root: string };

export function makeReport(shown: Shown): string {
  return reportHtml({
    ...shown,
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
