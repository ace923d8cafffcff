/**
 * Checks Layerwise on the GPU of this machine and measures it beside PyTorch; needs no network.
 *
 *   check --out FOLDER [--only device,ops,train,memory,scripts,bench,profile,sanitize] [--python python3] [--minutes 9.5]
 *     --python PYTHON   an interpreter with PyTorch; none: what needs it is skipped
 *     --emulated        on the emulated driver, with sizes cut down: shows that the tool runs, measures nothing
 *     --small           few cases of each section
 *     --cases REGEX     measure only cases whose name matches, for example "matmul bfloat16"
 *
 * Writes gpu-check.json, gpu-check.md and gpu-check.log into the folder; each section is reported even if another fails.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { root, secondsLeft, type Setting } from "./programs.ts";
import { markdown } from "./report.ts";
import { Skipped, type Finding, type Results, type Row, type SectionResult } from "./results.ts";
import { bench } from "./sections/bench.ts";
import { device } from "./sections/device.ts";
import { libraries } from "./sections/libraries.ts";
import { memory } from "./sections/memory.ts";
import { ops } from "./sections/ops.ts";
import { profile } from "./sections/profile.ts";
import { sanitize } from "./sections/sanitize.ts";
import { scripts } from "./sections/scripts.ts";
import { train } from "./sections/train.ts";

type Section = (setting: Setting, rows: Row[], machine: Record<string, string>) => Promise<Finding[]>;

/** In the order in which they run, with the most seconds that each may take; the last one asked for gets all that is left. */
const sections: Record<string, { limitS: number; work: Section }> = {
  device: { limitS: 60, work: (setting, _rows, machine) => device(setting, machine) },
  ops: { limitS: 200, work: ops },
  train: { limitS: 90, work: train },
  memory: { limitS: 60, work: memory },
  libraries: { limitS: 120, work: libraries },
  scripts: { limitS: 90, work: scripts },
  bench: { limitS: 420, work: bench },
  profile: { limitS: 120, work: profile },
  sanitize: { limitS: 240, work: sanitize },
};

const { values: options } = parseArgs({
  options: {
    out: { type: "string" },
    only: { type: "string" },
    python: { type: "string" },
    minutes: { type: "string", default: "9.5" },
    emulated: { type: "boolean", default: false },
    small: { type: "boolean", default: false },
    cases: { type: "string", default: "" },
  },
});

const ABOUT_FOLDERS = `
import glob, sys
print(sys.prefix)
try:
    import nvidia
    print(":".join(sorted(folder for path in nvidia.__path__ for folder in glob.glob(path + "/*/lib"))))
except ImportError:
    print()
`;

/** Our runtime looks for NVIDIA's libraries in the environment that VIRTUAL_ENV names; elsewhere the loader finds them. */
function environmentOf(python: string | null): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = { ...process.env, LAYERWISE_NODE: process.execPath, PYTHONUNBUFFERED: "1" };
  if (options.emulated) {
    environment.LAYERWISE_CUDA_DRIVER = `${root}native/bin/linux-x64/libcuda-emulation.so`;
    environment.LAYERWISE_EMULATION_BYTES = String(256 * 2 ** 20);
  } else if (python) {
    const told = spawnSync(python, ["-c", ABOUT_FOLDERS], { encoding: "utf8" }).stdout ?? "";
    const [prefix = "", folders = ""] = told.split("\n");
    if (prefix) environment.VIRTUAL_ENV = prefix;
    const paths = [folders, process.env.LD_LIBRARY_PATH ?? ""].filter((path) => path !== "");
    if (paths.length > 0) environment.LD_LIBRARY_PATH = paths.join(":");
  }
  return environment;
}

function withTorch(python: string | undefined): string | null {
  if (!python) return null;
  const { status } = spawnSync(python, ["-c", "import torch"], { stdio: "ignore", timeout: 180_000 });
  if (status !== 0) console.error(`${python} has no torch: nothing is compared with PyTorch`);
  return status === 0 ? python : null;
}

async function runSection(
  setting: Setting,
  name: string,
  isLast: boolean,
  machine: Record<string, string>,
): Promise<SectionResult> {
  const { limitS, work } = sections[name]!;
  const start = performance.now();
  const result: SectionResult = { name, status: "passed", reason: "", seconds: 0, findings: [], rows: [] };
  const own = { ...setting, deadline: isLast ? setting.deadline : Math.min(setting.deadline, start + limitS * 1000) };
  try {
    if (secondsLeft(own) < 5) throw new Skipped("no time was left");
    result.findings = await work(own, result.rows, machine);
    const broken = result.findings.filter(({ holds }) => holds === false);
    if (broken.length > 0) result.status = "failed";
    if (broken.length > 0) result.reason = `${broken.length} of ${result.findings.length} do not hold`;
  } catch (error) {
    result.status = error instanceof Skipped ? "skipped" : "failed";
    result.reason = (error as Error).message;
  }
  result.seconds = (performance.now() - start) / 1000;
  return result;
}

async function main(): Promise<boolean> {
  if (!options.out) throw new Error("--out FOLDER is missing: where the results go");
  const names = options.only?.split(",") ?? Object.keys(sections);
  const unknown = names.filter((name) => !(name in sections));
  if (unknown.length > 0)
    throw new Error(`no section ${unknown.join(", ")}: there are ${Object.keys(sections).join(", ")}`);
  const out = resolve(options.out);
  mkdirSync(out, { recursive: true });
  const logFile = join(out, "gpu-check.log");
  writeFileSync(logFile, "");
  const deadline = performance.now() + Number(options.minutes) * 60_000;
  const python = withTorch(options.python);
  const { emulated: isEmulated, small: isSmall } = options;
  const cases = new RegExp(options.cases);
  const setting: Setting = {
    python,
    isEmulated,
    isSmall,
    cases,
    logFile,
    environment: environmentOf(python),
    deadline,
  };
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  const host = `${cpus()[0]?.model ?? "unknown"}, ${cpus().length} logical cores, ${memoryGiB} GiB`;
  const results: Results = { format: 1, date: new Date().toISOString(), isEmulated, machine: { host }, sections: [] };
  const chosen = Object.keys(sections).filter((one) => names.includes(one));
  for (const name of chosen) {
    const section = await runSection(setting, name, name === chosen.at(-1), results.machine);
    results.sections.push(section);
    console.log(
      `${name}: ${section.status}, ${section.seconds.toFixed(1)} s${section.reason ? ` (${section.reason})` : ""}`,
    );
    for (const { what, detail } of section.findings.filter(({ holds }) => holds === false).slice(0, 8)) {
      console.log(`  ${what}: ${detail.slice(0, 160)}`);
    }
    // After every section, so that a run that is ended leaves what it has.
    writeFileSync(join(out, "gpu-check.json"), `${JSON.stringify(results, null, 1)}\n`);
    writeFileSync(join(out, "gpu-check.md"), markdown(results));
  }
  return results.sections.every(({ status }) => status !== "failed");
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 2;
}
