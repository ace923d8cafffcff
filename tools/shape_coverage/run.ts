/**
 * For how many model classes of torchvision, timm and transformers does Layerwise find arguments by itself? Writes the
 * table in docs/shape-coverage.md. Needs an environment that has these packages:
 *
 *   node tools/shape_coverage/run.ts --env DIR [--package NAME] [--every N] [--match TEXT] --rows FILE
 *   node tools/shape_coverage/run.ts --table FILE [--table FILE ...] [--write]
 *
 * The first collects rows, of every Nth file; the second makes the table of what was collected.
 */
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findSitePackages } from "../../src/runtime/python/environments.ts";
import { Collector, PACKAGES, modelFiles, type ClassRow } from "./collect.ts";
import { writeTable } from "./table.ts";

const { values } = parseArgs({
  options: {
    env: { type: "string" },
    package: { type: "string", multiple: true },
    every: { type: "string", default: "1" },
    match: { type: "string" },
    rows: { type: "string", default: join(tmpdir(), "shape-coverage.jsonl") },
    symbols: { type: "boolean", default: false },
    table: { type: "string", multiple: true },
    write: { type: "boolean", default: false },
  },
});
if (values.table) {
  const lines = values.table.flatMap((file) => readFileSync(file, "utf8").trimEnd().split("\n"));
  writeTable(
    lines.map((line) => JSON.parse(line) as ClassRow),
    values.write,
  );
} else {
  writeTable(await collect(), false);
}

async function collect(): Promise<ClassRow[]> {
  const environment = values.env ?? process.env["VIRTUAL_ENV"] ?? "";
  const sitePackages = findSitePackages(environment, process.cwd());
  if (!sitePackages) throw new Error("name an environment with --env: a folder with lib/python3.*/site-packages");
  const every = Number(values.every);
  const collector = new Collector({ environment, sitePackages, out: values.rows, every, symbols: values.symbols });
  const rows: ClassRow[] = [];
  for (const name of values.package ?? Object.keys(PACKAGES)) {
    const files = modelFiles(sitePackages, name)
      .filter((file) => !values.match || file.includes(values.match))
      .filter((_, index) => index % every === 0);
    for (const file of files) {
      const began = performance.now();
      const found = await collector.file(name, file);
      rows.push(...found);
      const good = found.filter(({ outcome }) => outcome === "done" || outcome === "values").length;
      const ms = Math.round(performance.now() - began);
      console.log(`${file.slice(sitePackages.length + 1)}: ${good} of ${found.length} in ${ms} ms`);
    }
  }
  await collector.close();
  return rows;
}
