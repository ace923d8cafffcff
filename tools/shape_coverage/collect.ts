/**
 * Analyses every model file of installed packages and keeps, per nn.Module class, whether arguments were found without
 * help. Runs each file in the hints process; writes one JSON line per class.
 */
import { appendFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { AnalysisResult, TargetAnalysis } from "../../src/protocol/analysis.ts";
import { RequestFailed, RuntimeHost } from "../../src/runtime/host/host.ts";

/** Where each package keeps its models. */
export const PACKAGES: Record<string, string> = {
  torchvision: "torchvision/models",
  timm: "timm/models",
  transformers: "transformers/models",
};
const BUDGET_MS = 120_000;
/** A request that does not come to an end by itself. */
const LATE_MS = 180_000;

export interface ClassRow {
  package: string;
  /** Of how many files one was taken. */
  every: number;
  file: string;
  name: string;
  /** "done", "values" (needs real values to go on), "failed", "late", "import", "abstract". */
  outcome: string;
  reason: string;
  errors: string[];
  warnings: string[];
  timeMs: number;
}

export function modelFiles(sitePackages: string, name: string): string[] {
  const found: string[] = [];
  const visit = (folder: string): void => {
    for (const entry of readdirSync(folder).sort()) {
      const path = join(folder, entry);
      if (statSync(path).isDirectory()) visit(path);
      else if (isModelFile(name, entry)) found.push(path);
    }
  };
  visit(join(sitePackages, PACKAGES[name]!));
  return found;
}

/** Configurations, tokenizers and converters hold no models; `modular_` files are the source that others are made from. */
function isModelFile(name: string, file: string): boolean {
  if (!file.endsWith(".py")) return false;
  return name === "transformers" ? /^modeling_/.test(file) && !/_(tf|flax)_/.test(file) : !file.startsWith("__");
}

export interface CollectorOptions {
  environment: string;
  sitePackages: string;
  out: string;
  every: number;
  symbols: boolean;
}

export class Collector {
  private host: RuntimeHost | null = null;
  private readonly options: CollectorOptions;

  constructor(options: CollectorOptions) {
    this.options = options;
    rmSync(options.out, { force: true });
  }

  async file(name: string, path: string): Promise<ClassRow[]> {
    this.host ??= await RuntimeHost.start({ core: { metaOnly: true } });
    const { environment, sitePackages, out, every, symbols } = this.options;
    const request = { target: path, workspace: sitePackages, env: environment, budgetMs: BUDGET_MS, symbols };
    let result: AnalysisResult | null = null;
    let reason = "";
    try {
      result = await this.host.request("analyse", request, { signal: AbortSignal.timeout(LATE_MS) });
      reason = result.failure ? `${result.failure.type}: ${result.failure.message}` : "";
    } catch (error) {
      reason = error instanceof RequestFailed ? error.failure.message : String(error);
      await this.close();
    }
    const file = relative(sitePackages, path);
    const rows = (result?.targets ?? [])
      .filter((target) => target.kind === "class")
      .map((target) => rowOf(name, file, target));
    const said = (result?.problems ?? []).filter((problem) => problem.severity === "error");
    if (rows.length === 0 && reason) {
      rows.push(row(name, file, "", "import", reason));
    } else if (rows[0] && said.length > 0) {
      rows[0].errors.push(...said.map(({ source, message }) => `${source.line}: ${message}`));
    }
    for (const each of rows) {
      each.every = every;
      appendFileSync(out, `${JSON.stringify(each)}\n`);
    }
    return rows;
  }

  async close(): Promise<void> {
    await this.host?.close();
    this.host = null;
  }
}

function rowOf(name: string, file: string, target: TargetAnalysis): ClassRow {
  const said = (severity: string): string[] =>
    target.problems
      .filter((problem) => problem.severity === severity)
      .map(({ source, code, message }) => `${source.line}: ${code}: ${message}`);
  return {
    ...row(name, file, target.name, outcomeOf(target), target.incomplete ?? ""),
    errors: said("error"),
    warnings: said("warning"),
    timeMs: Math.round(target.timeMs),
  };
}

function row(name: string, file: string, cls: string, outcome: string, reason: string): ClassRow {
  return { package: name, every: 1, file, name: cls, outcome, reason, errors: [], warnings: [], timeMs: 0 };
}

function outcomeOf({ incomplete }: TargetAnalysis): string {
  if (incomplete === undefined || incomplete.startsWith("there was no time left to name")) return "done";
  if (incomplete.includes("looks at values")) return "values";
  if (incomplete.includes("still running") || incomplete.includes("no time left")) return "late";
  if (incomplete.includes("cannot be imported") || incomplete.includes("importing the file")) return "import";
  if (/has no forward|missing the required "forward"/.test(incomplete)) return "abstract";
  return "failed";
}
